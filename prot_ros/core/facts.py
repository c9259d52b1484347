# SPDX-License-Identifier: Apache-2.0
"""Facts: what people tell about themselves and others, as plain subject, predicate and object."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

USER = 'user'
"""The subject of a fact about the person who is speaking."""

OWNED = f"{USER}'s "
"""Begins what somebody is to the user: `user's sister`."""

NOTE = 'asked to remember'
"""The predicate of what the user wants kept where no other fits; its object is the text."""

IS_CALLED = 'is called'
"""The predicate that gives a name: `user's sister | is called | Bora`."""


class Kind(StrEnum):
    """What an entity is, as far as talk goes."""

    USER = 'user'
    PERSON = 'person'
    ANIMAL = 'animal'
    PLACE = 'place'
    ORGANIZATION = 'organization'
    THING = 'thing'
    TOPIC = 'topic'


class Standing(StrEnum):
    """Whether what is told is so."""

    HOLDS = 'holds'
    CEASED = 'ceased'
    """It was so and is no longer: `I used to live in Paris`, `I no longer like coffee`."""
    DENIED = 'denied'
    """It never was: `no, her name is not Bora`."""


@dataclass(frozen=True)
class Fact:
    """One thing told, such as `user | lives in | Seoul`."""

    subject: str
    """Whom or what it is about: `USER`, a name, or `user's sister` for a relative."""
    predicate: str
    """A relation in plain lower-case English words, whatever language it was told in: `name`,
    `lives in`, `likes`, so that a fact told in one language answers a question in another."""
    object: str
    """The value, in the words it was told in."""
    text: str
    """The fact as a sentence in the language in which it was told."""
    since: datetime | None = None
    """When it became true, with a time zone; None where that was not said."""
    until: datetime | None = None
    """When it ceased to be true, or will; None where that was not said."""
    standing: Standing = Standing.HOLDS
    subject_kind: Kind | None = None
    """None where it was not said, and is judged by the predicate."""
    object_kind: Kind | None = None
    """None for a value that is no entity, such as an age, or where the predicate decides."""
