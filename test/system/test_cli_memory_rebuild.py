# SPDX-License-Identifier: Apache-2.0
"""`prot memory rebuild` with another reader, model or embedder, while the robot talks."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from command_line import command
from database import execute, fetch, memory_on
from embedding_models import static
from installation import ROOT
from memory_processes import eventually
from test_memory_rebuilding import ALL, tell
from waiting import until

from prot_ros.core.stamps import Stamp
from prot_ros.engines.embedders.static import StaticEmbedder
from prot_ros.simulators.behaviour import Behaviour
from prot_ros.simulators.claude import ClaudeSimulator

KEY = 'sk-ant-planted-5ecret'
SETTLE_S = 60.0
TOLD = ('my sister is called Zebulina', 'she lives in Busan', 'I like tea', '나는 커피를 좋아해')
READERS = """
SELECT e.extractor AS reader, count(*) AS turns FROM prot.extraction AS e
WHERE e.extracted_at IS NOT NULL GROUP BY 1 ORDER BY 1
"""


@asynccontextmanager
async def rebuilding(
    url: str, *words: str, key: str = KEY
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start the command, and end it if that has to be."""
    process = await asyncio.create_subprocess_exec(
        *command('memory', 'rebuild', *words),
        env={
            **os.environ,
            'PYTHONPATH': str(ROOT),
            'PROT_DATABASE_URL': url,
            'ANTHROPIC_API_KEY': key,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def rebuilt(url: str, *words: str, key: str = KEY) -> tuple[int, str, str]:
    """Return the exit code, and what was said."""
    async with rebuilding(url, *words, key=key) as process, asyncio.timeout(SETTLE_S):
        out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()


async def readers(url: str) -> dict[str, int]:
    return {row['reader']: row['turns'] for row in await fetch(url, READERS)}


def at(sim: ClaudeSimulator) -> list[str]:
    return ['--reader', 'claude', '-p', f'dialog.base_url={sim.url}']


def test_claude_reads_what_the_rules_had_read_while_the_robot_goes_on_with_them(
    fresh_url: str,
) -> None:
    async def story() -> None:
        async with ClaudeSimulator(key=KEY) as sim, memory_on(fresh_url) as robot:
            await tell(robot, *TOLD)
            before = await fetch(fresh_url, ALL)
            assert await readers(fresh_url) == {'rules-2': len(TOLD)}
            sim.plan.rule = Behaviour(first_s=0.5)
            async with rebuilding(fresh_url, *at(sim)) as process, asyncio.timeout(SETTLE_S):
                # Beside the one that is tried first.
                await until(lambda: len(sim.requests) >= 2, 'it reads', SETTLE_S)
                # What is told meanwhile is known at once, whatever is still to be read again.
                await robot.record_utterance(Stamp(100), 'my dog is called Rex', 'stt')
                assert await robot.settled(SETTLE_S)
                assert (await readers(fresh_url)).get('claude-1', 0) < len(TOLD), 'it still reads'
                assert any(
                    fact.object == 'Rex'
                    for fact in (await robot.recall('what is my dog called?', 20)).facts
                )
                out, err = await process.communicate()
            assert (process.returncode, err) == (0, b'')
            assert b'extractor: claude-1' in out
            assert f'turns read again ({len(TOLD)} by claude-1'.encode() in out
            assert await readers(fresh_url) == {'claude-1': len(TOLD), 'rules-2': 1}
            assert len(sim.requests) == 1 + len(TOLD)
            after = await fetch(fresh_url, ALL)
            assert {row['object'] for row in after} == {row['object'] for row in before} | {'Rex'}
            # And back, which needs no service.
            code, out, err = await rebuilt(fresh_url, '--reader', 'offline', '--other-readers')
            assert (code, err) == (0, '')
            assert await readers(fresh_url) == {'rules-2': len(TOLD) + 1}

    asyncio.run(story())


def test_a_rebuilding_that_is_killed_is_ended_by_the_robot_in_its_own_way(
    fresh_url: str,
) -> None:
    async def story() -> None:
        async with ClaudeSimulator(key=KEY) as sim, memory_on(fresh_url) as robot:
            await tell(robot, *TOLD)
            sim.plan.rule = Behaviour(first_s=0.5)
            async with rebuilding(fresh_url, *at(sim)) as process:
                await until(lambda: len(sim.requests) >= 3, 'it has read one', SETTLE_S)
                process.kill()
                await process.wait()

            async def done() -> bool:
                assert robot._extraction is not None
                robot._extraction.wake()
                return sum((await readers(fresh_url)).values()) == len(TOLD) and not await fetch(
                    fresh_url, 'SELECT FROM prot.rebuilding'
                )

            await eventually(done, SETTLE_S)
            by = await readers(fresh_url)
            assert by['claude-1'] >= 1
            assert by['rules-2'] >= 1

    asyncio.run(story())


def test_a_service_that_cannot_read_changes_nothing(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as robot:
            await tell(robot, *TOLD)
        before = await fetch(fresh_url, 'SELECT * FROM prot.extraction ORDER BY turn')
        async with ClaudeSimulator(key=KEY) as sim:
            code, out, err = await rebuilt(fresh_url, *at(sim), key='sk-ant-another')
        assert code == 1
        assert 'nothing is read again' in err
        assert 'ANTHROPIC_API_KEY' in err
        assert 'sk-ant' not in out + err
        assert await fetch(fresh_url, 'SELECT * FROM prot.extraction ORDER BY turn') == before

    asyncio.run(story())


def test_all_gets_vectors_of_another_embedder_and_keeps_those_it_had(
    fresh_url: str, tmp_path: Path
) -> None:
    pytest.importorskip('safetensors', reason='pip install safetensors')
    pytest.importorskip('tokenizers', reason='pip install tokenizers')
    folder = static(tmp_path / 'model')
    spaces = (
        'SELECT s.name, count(*) AS vectors FROM prot.turn_vector AS v '
        'JOIN prot.space AS s ON s.id = v.space GROUP BY 1'
    )

    async def story() -> None:
        embedder = StaticEmbedder(str(folder))
        await embedder.open()
        try:
            async with memory_on(fresh_url) as robot:
                await tell(
                    robot, 'the dog is called Rex', 'the sister is called Bora', 'I like tea'
                )
                await until(lambda: robot.stats()['memory vectors complete'], within=SETTLE_S)
                read = await fetch(fresh_url, 'SELECT * FROM prot.extraction ORDER BY turn')
                code, out, err = await rebuilt(
                    fresh_url,
                    *('--embedder', 'static', '--keep-facts'),
                    *('-p', f'dialog.embedding.model={folder}'),
                )
                assert (code, err) == (0, '')
                assert f'vectors made by {embedder.name}' in out
                assert (
                    await fetch(fresh_url, 'SELECT * FROM prot.extraction ORDER BY turn') == read
                )
                found = {row['name']: row['vectors'] for row in await fetch(fresh_url, spaces)}
                # Of what has no word that it knows there is no vector.
                assert found == {'local-1/256': 3, f'{embedder.name}/3': 2}
            async with memory_on(fresh_url, embedder=embedder) as robot:
                await until(lambda: robot.stats()['memory vectors complete'], within=SETTLE_S)
                assert robot._vectors is not None
                assert robot._vectors.given == 0, 'all were there'
                assert (await robot.recall('sister', 20)).turns[0].text.endswith('Bora')
        finally:
            await embedder.close()

    asyncio.run(story())


@pytest.mark.parametrize(
    'words',
    [
        ['--keep-facts'],
        ['--keep-facts', '--embedder', 'local', '--afresh'],
        ['--reader', 'gpt'],
        ['-p', 'dialog.extraction.engine=gpt'],
    ],
)
def test_what_makes_no_sense_is_refused(fresh_url: str, words: list[str]) -> None:
    async def story() -> None:
        await execute(fresh_url, 'SELECT 1')
        code, out, err = await rebuilt(fresh_url, *words)
        assert (code, out) == (2, '')
        assert err.startswith('error: ')

    asyncio.run(story())
