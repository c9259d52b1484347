# SPDX-License-Identifier: Apache-2.0
"""Whole conversations over months, in English and Korean: what is known and recalled then."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

import pytest
from database import execute, fetch, memory_on
from dated_conversations import DatedConversation, dated_conversations

from prot_ros.core.offline.knowledge import same_value
from prot_ros.core.stamps import Stamp
from prot_ros.memory.storable import key
from prot_ros.memory.store import Memory

SETTLE_S = 30.0
WANTED = 0.9
RECALLED = 20

_LIVE = """
SELECT t.subject, t.predicate, t.object, t.text, e.id, array_agg(a.name) AS names
FROM prot.fact AS f JOIN prot.telling AS t ON t.id = f.telling
JOIN prot.entity AS e ON e.id = f.subject
JOIN prot.scope AS s ON s.id = f.scope
LEFT JOIN prot.alias AS a ON a.entity = e.id
WHERE f.live AND s.person = '{person}'
GROUP BY f.id, t.id, e.id
"""


@dataclass
class Judged:
    """How many expectations of a kind were met, and which were not."""

    met: int = 0
    missed: list[str] = field(default_factory=list)

    def note(self, met: bool, what: str) -> None:
        self.met += met
        if not met:
            self.missed.append(what)

    @property
    def share(self) -> float:
        return self.met / (self.met + len(self.missed))


async def told(url: str, person: str, talk: DatedConversation) -> Memory:
    """Return an open memory to which the conversation was told, each turn at its time."""
    memory = memory_on(url, person)
    await memory.open()
    for turn in talk.turns:
        # The database's clock is when a turn was told; here it is when the story says so.
        stamp = Stamp(int(turn.at.timestamp() * 1e9))
        await memory.record_utterance(stamp, turn.text, 'hear')
        await execute(
            url,
            f"UPDATE prot.turn SET created_at = '{turn.at.isoformat()}' WHERE stamp = {stamp}",
        )
    await execute(
        url,
        'UPDATE prot.extraction SET extracted_at = NULL, retry_at = now() WHERE scope = '
        f"(SELECT id FROM prot.scope WHERE person = '{person}')",
    )
    await memory.close()
    await memory.open()
    assert await memory.settled(SETTLE_S)
    return memory


def holds(rows: list, subject: str, predicate: str, object_: str) -> bool:
    """Tell whether a live fact says so, of the subject under any of its names."""
    return any(
        row['predicate'] == predicate
        and same_value(row['object'], object_)
        and (
            key(row['subject']) == key(subject)
            or key(subject) in {key(name) for name in row['names'] if name}
        )
        for row in rows
    )


async def judge(url: str, number: int, talk: DatedConversation, judged: dict) -> None:
    person = f'person {number}'
    memory = await told(url, person, talk)
    try:
        rows = await fetch(url, _LIVE.format(person=person))
        where = f'{talk.theme}, {talk.name}'
        for expected in talk.live:
            said = (expected.subject, expected.predicate, expected.object)
            judged[talk.language, 'live', expected.supported].note(
                holds(rows, *said), f'{where}: {said} is not known'
            )
        for expected in talk.not_live:
            said = (expected.subject, expected.predicate, expected.object)
            judged[talk.language, 'not live', expected.supported].note(
                not holds(rows, *said), f'{where}: {said} is still believed'
            )
        for question in talk.questions:
            found = (await memory.recall(question.text, RECALLED)).facts
            answer = ' '.join(f'{fact.text} {fact.object}' for fact in found).casefold()
            right = all(word.casefold() in answer for word in question.words)
            wrong = [word for word in question.not_words if word.casefold() in answer]
            judged[talk.language, 'recalled', question.supported].note(
                right and not wrong,
                f'{where}: {question.text} wants {question.words}, not {wrong}; {answer}',
            )
    finally:
        await memory.close()


@pytest.mark.parametrize('language', ['en', 'ko'])
def test_what_was_told_over_months_is_known_and_recalled(fresh_url: str, language: str) -> None:
    judged: dict[tuple[str, str, bool], Judged] = defaultdict(Judged)

    async def story() -> None:
        talks = [talk for talk in dated_conversations() if talk.language == language]
        assert len(talks) >= 30
        for number, talk in enumerate(talks):
            await judge(fresh_url, number, talk, judged)

    asyncio.run(story())
    supported = {what: each for (_, what, is_supported), each in judged.items() if is_supported}
    report = '\n'.join(
        f'{what}: {each.share:.1%} of {each.met + len(each.missed)}\n  ' + '\n  '.join(each.missed)
        for what, each in supported.items()
    )
    print(report)
    for what, each in supported.items():
        assert each.share >= WANTED, f'{what}\n{report}'
