# SPDX-License-Identifier: Apache-2.0
"""When a fact ends another. Pure.

Facts that cannot be true at the same time share a slot, and a slot has one live fact: the one that
was told last. Which was told last is decided by the order of the turns, not by when a turn came to
be extracted, so extracting late or in another order gives the same live facts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from prot_ros.core.facts import Fact
from prot_ros.core.offline.knowledge import has_one_value, opposite
from prot_ros.memory.storable import key

_SEPARATOR = '\x1f'
"""White space to `key`, so no key has it in it."""


class Outcome(Enum):
    """What a newly told fact means for the live one of its slot."""

    OPENS = 'opens'
    """There is none: it becomes the live one."""
    CONFIRMS = 'confirms'
    """It says the same: the live one stays."""
    REPLACES = 'replaces'
    """It was told later and says otherwise: the live one ends, it becomes the live one."""
    IS_PAST = 'is past'
    """It was told before the live one and says otherwise: it is kept as ended."""


@dataclass(frozen=True)
class Live:
    """The live fact of a slot."""

    predicate_key: str
    object_key: str
    confirmed_by: int
    """The latest turn that told it."""


def slot(fact: Fact) -> str:
    """Return the name that all facts share that exclude this one."""
    subject, predicate = key(fact.subject), key(fact.predicate)
    if has_one_value(predicate):
        return _SEPARATOR.join((subject, predicate))
    if opposite(predicate):
        # Of the same thing only one of the two is true.
        predicate = '/'.join(sorted((predicate, opposite(predicate))))
    return _SEPARATOR.join((subject, predicate, key(fact.object)))


def settle(fact: Fact, turn: int, live: Live | None) -> Outcome:
    """Decide what `fact`, told in `turn`, means for the live fact of its slot."""
    if live is None:
        return Outcome.OPENS
    if (key(fact.predicate), key(fact.object)) == (live.predicate_key, live.object_key):
        return Outcome.CONFIRMS
    return Outcome.IS_PAST if turn < live.confirmed_by else Outcome.REPLACES
