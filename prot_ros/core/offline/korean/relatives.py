# SPDX-License-Identifier: Apache-2.0
"""Relatives that a Korean sentence names together: `언니 지수랑 오빠 민수`, `보라랑 미나야`."""

from __future__ import annotations

from prot_ros.core.facts import Fact
from prot_ros.core.offline.korean.subjects import Subject, person
from prot_ros.core.offline.korean.values import WITH
from prot_ros.core.offline.korean.words import KIN, Phrase, likely_name, phrases
from prot_ros.core.offline.statements import Told


def links_of(subject: Subject | None, found: list[Phrase]) -> list[Fact]:
    """Return the names of relatives that were said together: `언니 지수랑 오빠 민수는`."""
    others = [person(phrase.words) for phrase in found if phrase.particle in WITH]
    named = [each.link for each in (*others, subject) if each and each.link]
    return list(dict.fromkeys(named))


def unnamed_relatives(told: list[Told]) -> Subject | None:
    """Return the relatives of whom it was just told that there are some, without their names."""
    last = told[-1]
    noun = next((word for word in last.value.split(' ') if word in KIN), '')
    if last.predicate != 'has' or not noun:
        return None
    return Subject(f"{last.who.subject}'s {KIN[noun]}", f'{last.who.label}의 {noun}')


def names_of(relatives: Subject, words: list[str], noun: str) -> list[Told]:
    """`보라랑 미나야` after `여동생이 두 명 있어`: one name each, and nothing else."""
    found = phrases(words)
    names = [phrase.words[0] for phrase in found if phrase.particle in WITH]
    alone = all(len(phrase.words) == 1 and phrase.particle in WITH for phrase in found)
    every = [*names, noun]
    if not alone or not all(map(likely_name, every)):
        return []
    return [Told(relatives, 'is called', name) for name in every]
