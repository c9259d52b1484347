# SPDX-License-Identifier: Apache-2.0
"""What an utterance tells, in whatever languages it is told."""

from __future__ import annotations

from datetime import datetime

from prot_ros.core.facts import Fact, Standing
from prot_ros.core.offline.kinds import with_kinds
from prot_ros.core.offline.languages import LANGUAGES


def facts_told(text: str, told_at: datetime | None = None) -> tuple[Fact, ...]:
    """Return what the speaker states, in the order of telling, each fact once.

    Questions, hypotheses and hearsay tell nothing. What is said not to be so is told as denied,
    what is no longer so as ceased, except that not to like is to dislike. `told_at`, with its time
    zone, is when it was said, and dates `last week`; without it nothing is dated. Text in two
    languages is read in both. Never raises; reads the first
    `plain_text.MAX_TEXT` characters in time linear in their number.
    """
    found: dict[tuple[str, str, str, Standing], Fact] = {}
    for language in LANGUAGES.values():
        if language.letters.search(text):
            for fact in language.facts(text, told_at):
                found.setdefault((fact.subject, fact.predicate, fact.object, fact.standing), fact)
    return tuple(with_kinds(tuple(found.values())))
