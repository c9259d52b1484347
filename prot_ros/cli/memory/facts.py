# SPDX-License-Identifier: Apache-2.0
"""Facts in words: seen from one of their ends, since when, how often told. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from prot_ros.cli.memory.table import day
from prot_ros.core.facts import IS_CALLED, OWNED, USER
from prot_ros.memory.inspection.dossiers import Known


def said(fact: Known, seen_from: int) -> str:
    """Return what it says: without the subject where that is the one who is looked at."""
    if fact.subject == seen_from and fact.predicate != IS_CALLED:
        return f'{fact.predicate} {fact.object_told}'
    return sentence(fact)


def sentence(fact: Known) -> str:
    """Return subject, predicate and object."""
    subject = fact.subject_told
    if subject == USER or subject.startswith(OWNED):
        subject = f'the {subject}'
    return f'{subject} {fact.predicate} {fact.object_told}'


def now(facts: Iterable[Known]) -> list[Known]:
    """Return those that are true now, the last told first."""
    return [fact for fact in facts if fact.true_now]


def before(facts: Iterable[Known]) -> list[Known]:
    """Return those that are not, the last that ended first."""
    past = [fact for fact in facts if not fact.true_now]
    past.sort(key=lambda fact: fact.ended_at or fact.valid_to or fact.valid_from, reverse=True)
    return past


def span(fact: Known) -> str:
    """Return from when to when it was so, in days."""
    if fact.denied:
        return f'never so; denied {day(fact.ended_at or fact.valid_from)}'
    if fact.valid_to is None:
        return f'since {day(fact.valid_from)}'
    if fact.valid_to <= fact.valid_from:
        return f'until {day(fact.valid_to)}'
    return f'{day(fact.valid_from)} to {day(fact.valid_to)}'


def told(fact: Known) -> str:
    """Return how often it was told, and when last."""
    times = {1: 'told once', 2: 'told twice'}.get(fact.told, f'told {fact.told:,} times')
    return times if fact.last_at is None else f'{times}, last {day(fact.last_at)}'
