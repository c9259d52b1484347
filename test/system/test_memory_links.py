# SPDX-License-Identifier: Apache-2.0
"""What nothing but links finds: of whom was named, and of what they have to do with."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from database import memory_on
from readers import Reads
from test_memory_rebuilding import tell

from prot_ros.core.facts import USER, Fact, Kind
from prot_ros.engines.embedders import local
from prot_ros.memory import scopes
from prot_ros.memory.database import Database
from prot_ros.memory.retrieval import recollection, vectors
from prot_ros.memory.retrieval.recollection import EVERYWHERE
from prot_ros.memory.retrieval.vector_indexes import Space
from prot_ros.memory.schema import migrate

QUESTION = 'Which city does Tom commute to?'
LATER = 60
"""Things that are told since: more than the latest that are always looked at."""


def told(text: str) -> tuple[Fact, ...]:
    if text == 'one':
        return (
            Fact('Tom', 'works at', 'Hanbit', 'Tom works at Hanbit.', subject_kind=Kind.PERSON,
                 object_kind=Kind.ORGANIZATION),
        )  # fmt: skip
    if text == 'two':
        return (
            Fact('Hanbit', 'lies in', 'Suwon', 'Hanbit lies in Suwon.', object_kind=Kind.PLACE,
                 subject_kind=Kind.ORGANIZATION),
        )  # fmt: skip
    return (Fact(USER, 'likes', text, f'The user likes {text}.'),)


def test_the_second_link_finds_where_somebody_works_whose_firm_is_known(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url, reader=Reads(told)) as memory:
            await tell(memory, 'one', 'two', *(f'song {number}' for number in range(LATER)))
        database = Database(fresh_url)
        await database.open(await migrate(fresh_url))
        try:
            embedder = local.LocalEmbedder()
            scope = await database.run(lambda c: scopes.scope(c, '', 'someone', None), 10)
            number = await database.run(lambda c: vectors.space(c, embedder), 10)
            space = Space(number, embedder.dimensions)
            vector = local.vector(QUESTION)

            async def found(**reach: int) -> dict[str, str]:
                recalled = await database.run(
                    lambda c: recollection.recall(
                        c, scope, QUESTION, vector, space, 20, replace(EVERYWHERE, **reach)
                    ),
                    10,
                )
                texts = [fact.text for fact in recalled.facts]
                return dict(zip(texts, recalled.reasons, strict=True))

            everything = await found()
            assert list(everything)[:2] == ['Tom works at Hanbit.', 'Hanbit lies in Suwon.']
            assert everything['Hanbit lies in Suwon.'] == 'link'
            one_link = await found(further=0)
            assert 'Tom works at Hanbit.' in one_link
            assert 'Hanbit lies in Suwon.' not in one_link
            assert 'Tom works at Hanbit.' in await found(words=0, further=0)
        finally:
            await database.close()

    asyncio.run(story())
