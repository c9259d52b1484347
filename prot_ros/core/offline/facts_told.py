# SPDX-License-Identifier: Apache-2.0
"""What an utterance tells, in whatever languages it is told."""

from __future__ import annotations

from datetime import datetime

from prot_ros.core.facts import Fact
from prot_ros.core.offline.languages import LANGUAGES


def facts_told(text: str, told_at: datetime | None = None) -> tuple[Fact, ...]:
    """Return what the speaker states, in the order of telling, each fact once.

    Questions, hypotheses, hearsay and negated statements tell nothing, except that not to like is
    to dislike. Text in two languages is read in both. Never raises; reads the first
    `plain_text.MAX_TEXT` characters in time linear in their number.
    """
    found: dict[tuple[str, str, str], Fact] = {}
    for language in LANGUAGES.values():
        if language.letters.search(text):
            for fact in language.facts(text):
                found.setdefault((fact.subject, fact.predicate, fact.object), fact)
    return tuple(found.values())
