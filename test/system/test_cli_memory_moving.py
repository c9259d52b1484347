# SPDX-License-Identifier: Apache-2.0
"""`prot memory forget`, `export`, `import`, `backup` and `rebuild`, as people use them."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from command_line import command
from database import execute, fetch, memory_on
from installation import ROOT
from test_memory_rebuilding import ALL, tell

from prot_ros.cli.main import main

TURNS = 'SELECT stamp, utterance FROM prot.turn ORDER BY id'


@pytest.fixture
def told(fresh_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database in which somebody has told something."""

    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, 'my sister is called Zebulina', 'I like tea', '지수는 부산에 살아')

    asyncio.run(story())
    monkeypatch.setenv('PROT_DATABASE_URL', fresh_url)
    return fresh_url


def test_a_name_is_forgotten_with_proof(told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['memory', 'forget', 'Zebulina', '--dry-run']) == 0
    shown = capsys.readouterr().out
    assert '1 turn with 1 thing told would be forgotten' in shown
    assert 'my sister is called Zebulina' in shown
    assert main(['memory', 'forget', 'Zebulina']) == 2
    assert '--yes' in capsys.readouterr().err
    assert len(asyncio.run(fetch(told, TURNS))) == 3
    assert main(['memory', 'forget', 'Zebulina', '--yes']) == 0
    shown = capsys.readouterr().out
    assert shown.startswith('forgotten: 1 turn, 1 fact, 1 entity; nothing in the database holds')
    assert 'no file of a table holds it' in shown
    assert len(asyncio.run(fetch(told, TURNS))) == 2


def test_what_another_person_told_still_holds_the_name_and_that_is_said(
    told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story() -> None:
        async with memory_on(told, 'bob') as memory:
            await tell(memory, 'Zebulina is here')

    asyncio.run(story())
    assert main(['memory', 'forget', 'Zebulina', '--yes']) == 0
    shown = capsys.readouterr().out
    assert 'the name is still in turn.utterance (1)' in shown
    assert '--person all' in shown
    assert main(['memory', 'forget', 'Zebulina', '--yes', '--person', 'all']) == 0
    assert 'nothing in the database holds the name' in capsys.readouterr().out


def test_the_last_hour_and_everything_can_be_forgotten(
    told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    old = "UPDATE prot.turn SET created_at = now() - interval '3 hours' WHERE stamp = 1"
    asyncio.run(execute(told, old))
    assert main(['memory', 'forget', '--since', '1h', '--yes']) == 0
    assert [row['stamp'] for row in asyncio.run(fetch(told, TURNS))] == [1]
    assert main(['memory', 'forget', '--all', '--yes']) == 0
    assert asyncio.run(fetch(told, TURNS)) == []
    for wrong in ([], ['--all', 'Tom'], ['--since', 'soon'], ['--all', '--keep-shared']):
        assert main(['memory', 'forget', *wrong]) == 2
    assert 'Traceback' not in capsys.readouterr().err


def test_d12_a_memory_goes_through_a_file_and_comes_back(
    told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / 'memory.export'
    facts = asyncio.run(fetch(told, ALL))
    turns = asyncio.run(fetch(told, TURNS))
    assert main(['memory', 'export', str(path), '--derived']) == 0
    assert '3 turns of 1 person' in capsys.readouterr().out
    assert main(['memory', 'export', str(path)]) == 2
    assert main(['memory', 'forget', '--all', '--yes']) == 0
    capsys.readouterr()
    assert main(['memory', 'import', str(path)]) == 0
    assert '0 turns of 1 person imported, 0 were there already, 3 stay forgotten' in (
        capsys.readouterr().out
    )
    assert main(['memory', 'import', str(path), '--again']) == 0
    assert '3 turns of 1 person imported' in capsys.readouterr().out
    assert asyncio.run(fetch(told, TURNS)) == turns
    assert asyncio.run(fetch(told, ALL)) == facts
    path.write_bytes(path.read_bytes()[:-100])
    assert main(['memory', 'import', str(path)]) == 1
    assert 'damaged' in capsys.readouterr().err


def test_backups_are_kept_as_many_as_wanted_and_nothing_else_is_touched(
    told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / 'backups'
    folder.mkdir()
    others = ['prot-memory-20250101T000000Z.export.part', 'notes.txt']
    old = [f'prot-memory-2025010{day}T000000Z.export' for day in (1, 2, 3)]
    for name in (*others, *old):
        (folder / name).write_text('x')
    assert main(['memory', 'backup', str(folder), '--keep', '2']) == 0
    there = sorted(os.listdir(folder))
    assert set(others) <= set(there)
    assert len(there) == len(others) + 2
    assert old[2] in there
    assert main(['memory', 'backup', str(folder), '--keep', '0']) == 2


def test_all_is_made_anew_where_no_robot_runs(
    told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = asyncio.run(fetch(told, ALL))
    asyncio.run(execute(told, "UPDATE prot.extraction SET extractor = 'rules-1'"))
    for options in ([], ['--afresh'], ['--other-readers']):
        assert main(['memory', 'rebuild', *options]) == 0
        assert 'turns read again' in capsys.readouterr().out
        assert asyncio.run(fetch(told, ALL)) == facts
    readers = asyncio.run(fetch(told, 'SELECT DISTINCT extractor FROM prot.extraction'))
    assert [row['extractor'] for row in readers] == ['rules-2']


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_forgetting_that_is_ended_has_forgotten_all_or_nothing(
    told: str, number: signal.Signals
) -> None:
    many = (
        'WITH new AS (INSERT INTO prot.turn (scope, stamp, source, utterance) '
        "SELECT 1, 100 + n, 'stt', 'Zebulina ' || n FROM generate_series(1, 4000) AS n "
        'RETURNING id) INSERT INTO prot.extraction (turn, scope, extracted_at) '
        'SELECT id, 1, now() FROM new'
    )
    asyncio.run(execute(told, many))

    async def locked() -> bool:
        rows = await fetch(
            told,
            "SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = "
            '(SELECT oid FROM pg_database WHERE datname = current_database())',
        )
        return bool(rows)

    async def story() -> None:
        process = await asyncio.create_subprocess_exec(
            *command('memory', 'forget', 'Zebulina', '--yes'),
            env={**os.environ, 'PYTHONPATH': str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(20.0):
                while not await locked() and process.returncode is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
            process.send_signal(number)
            async with asyncio.timeout(20.0):
                _, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert b'Traceback' not in errors
        named = "SELECT FROM prot.turn WHERE utterance LIKE '%Zebulina%'"
        async with asyncio.timeout(20.0):
            while await locked():  # noqa: ASYNC110 - the server takes back what was not committed
                await asyncio.sleep(0.01)
        assert len(await fetch(told, named)) in (0, 4001)

    asyncio.run(story())
    assert main(['memory', 'forget', 'Zebulina', '--yes']) == 0
    assert len(asyncio.run(fetch(told, TURNS))) == 2
