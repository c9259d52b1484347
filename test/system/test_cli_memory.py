# SPDX-License-Identifier: Apache-2.0
"""prot memory on a real database that was filled by a real conversation."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
from command_line import command
from database import execute, fetch, memory_on
from readers import Reads

from prot_ros.core.facts import USER, Fact, Kind
from prot_ros.core.stamps import Stamp
from prot_ros.memory.store import Memory

SETTLE_S = 20.0
TALK = (
    'my name is Alice',
    'I live in Seoul',
    'My sister Bora lives in Busan',
    '내 여동생 지수는 부산에 살아',
    'my friend Minsu plays the guitar',
    'my colleague Minsu lives in Incheon',
    'I like coffee',
    '나는 김치찌개를 좋아해',
    'I have a dog named Rex',
    'I live in Daejeon now',
    "I don't like coffee",
    'I live in Daejeon',
)
SECRET = 'very-secret'
SVG = '{http://www.w3.org/2000/svg}'


def told(memory: Memory, talk: Sequence[str]) -> None:
    async def story() -> None:
        async with memory:
            for number, text in enumerate(talk, 1):
                await memory.record_utterance(Stamp(number), text, 'stt')
                await memory.record_reply(Stamp(number), 'I see.', 'I see.', False)
            assert await memory.settled(SETTLE_S)

    asyncio.run(story())


@pytest.fixture
def told_url(fresh_url: str) -> str:
    told(memory_on(fresh_url), TALK)
    return fresh_url


def run(url: str | None, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, 'COLUMNS': '120', 'TZ': 'UTC', **more}
    environment.pop('PROT_DATABASE_URL', None)
    if url is not None:
        environment['PROT_DATABASE_URL'] = url
    return subprocess.run(
        command('memory', *words),
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def printed(url: str | None, *words: str) -> str:
    done = run(url, *words)
    assert (done.returncode, done.stderr) == (0, ''), done.stdout + done.stderr
    return done.stdout


def refused(url: str | None, code: int, *words: str) -> str:
    done = run(url, *words)
    assert (done.returncode, done.stdout) == (code, ''), done.stdout + done.stderr
    assert done.stderr.startswith('error: ')
    return done.stderr


def numbered(url: str, *words: str) -> dict[str, int]:
    """Return the numbers of entities by name and role."""
    (overview,) = json.loads(printed(url, 'show', '--json'))
    return {
        ' '.join([each['name'], *each['roles']]).strip(): each['number']
        for each in overview['entities']
    }


def test_show_lists_whom_and_what_it_knows_by_kind(told_url: str) -> None:
    out = printed(told_url, 'show')
    titles = [line for line in out.splitlines() if line and not line.startswith(' ')]
    assert titles[1:5] == ['People', 'Animals', 'Places', 'Things']
    for name in ('Alice', 'Bora', '지수', 'Rex', 'Busan', '김치찌개', 'Minsu'):
        assert name in out
    assert 'lives in Daejeon' in out
    assert 'lives in Seoul' not in out
    assert 'and 1 more' in printed(told_url, 'show', '--most', '3')
    (overview,) = json.loads(printed(told_url, 'show', '--json'))
    assert overview['total']['person'] == 4


def test_show_tells_all_of_one_under_any_name(told_url: str) -> None:
    for name in ('Bora', 'bora', '보라'):
        out = printed(told_url, 'show', name)
        assert out.startswith('Bora #')
        assert 'lives in Busan' in out
        assert 'told once, last 20' in out
        assert 'family' in out
    assert printed(told_url, 'show', 'Jisu').startswith('지수 #')
    me = printed(told_url, 'show', 'me')
    now, before = me.split('True before')
    assert 'lives in Daejeon' in now
    assert 'told twice' in now
    assert 'dislikes coffee' in now
    assert 'lives in Seoul' in before
    assert 'likes coffee' in before


def test_a_name_of_several_is_asked_for_and_a_number_answers(told_url: str) -> None:
    err = refused(told_url, 2, 'show', 'Minsu')
    assert "'Minsu' may be one of 2" in err
    assert 'colleague' in err
    assert 'friend' in err
    numbers = numbered(told_url)
    out = printed(told_url, 'show', f'Minsu#{numbers["Minsu colleague"]}')
    assert 'lives in Incheon' in out
    assert 'guitar' not in out
    err = refused(told_url, 2, 'show', f'Bora#{numbers["Minsu colleague"]}')
    assert "which is not called 'Bora'" in err
    assert 'with the number #999999' in refused(told_url, 2, 'show', '#999999')


def test_an_unknown_name_gets_those_that_are_near(told_url: str) -> None:
    assert "did you mean 'Bora'?" in refused(told_url, 2, 'show', 'Boea')
    assert '`prot memory show` lists' in refused(told_url, 2, 'timeline', 'Zzyzx')
    hostile = "'; DROP TABLE prot.turn; -- %s {0} \x1b[31m"
    err = refused(told_url, 2, 'show', hostile)
    assert '\x1b[31m' not in err
    assert printed(told_url, 'stats')


def test_timeline_tells_what_began_and_ended_with_the_words_of_the_turn(told_url: str) -> None:
    out = printed(told_url, 'timeline', 'me')
    lines = [' '.join(line.split()[1:]) for line in out.splitlines()]
    began = lines.index('+ lives in Seoul (became true)')
    ended = lines.index('- lives in Seoul (ceased)')
    moved = lines.index('+ lives in Daejeon (became true, told 2 times)')
    assert began < ended < moved
    for at in (ended, moved):
        assert lines[at + 1].endswith('“I live in Daejeon now”')
    found = json.loads(printed(told_url, 'timeline', 'coffee', '--json'))
    changes = [(event['change'], event['what']) for event in found['events']]
    assert changes == [
        ('became true', 'the user likes coffee'),
        ('ceased', 'the user likes coffee'),
        ('became true', 'the user dislikes coffee'),
    ]


def test_search_tells_what_would_be_remembered_and_why(told_url: str) -> None:
    (found,) = json.loads(printed(told_url, 'search', 'where', 'does', 'Bora', 'live?', '--json'))
    first = found['facts'][0]
    assert (first['fact']['subject'], first['fact']['object']) == ('Bora', 'Busan')
    assert first['reason'] in ('words', 'name')
    assert found['turns'][0]['text'] == 'My sister Bora lives in Busan'
    out = printed(told_url, 'search', '지수는 어디에 살아?')
    assert '내 여동생 지수는 부산에 살아' in out
    nothing = printed(told_url, 'search', '%')
    assert nothing.rstrip().endswith('none')


def test_search_needs_no_service_and_says_so(told_url: str) -> None:
    done = run(told_url, 'search', 'Bora', '--embedding-engine', 'voyage')
    assert done.returncode == 0
    assert 'Found by words alone' in done.stdout
    assert 'My sister Bora lives in Busan' in done.stdout


def test_stats_count_and_tell_failures_with_their_reason(told_url: str) -> None:
    failure = (
        'UPDATE prot.extraction SET extracted_at = NULL, attempts = 3, '
        "failure = 'ValueError: \x1b[31mno' WHERE turn = (SELECT min(turn) FROM prot.extraction)"
    )
    asyncio.run(execute(told_url, failure))
    out = printed(told_url, 'stats')
    assert '0 waiting, 1 failed' in out
    assert '1 turn could not be read, tried 3 times' in out
    assert '\x1b' not in out
    found = json.loads(printed(told_url, 'stats', '--person', 'all', '--json'))
    counts = found['people']['someone']
    assert counts['turns'] == len(TALK)
    assert counts['entities']['person'] == 4
    assert counts['failures'][0]['attempts'] == 3
    assert found['server']['bytes'] > 0
    assert found['server']['schema_version'] >= 3
    assert re.search('vector indexes +none: so few vectors are compared one by one', out)
    assert found['server']['vector_indexes']['indexes'] == 0


def test_a_merge_makes_one_and_undo_makes_two_again(told_url: str) -> None:
    query = (
        'SELECT subject, object, valid_from, valid_to, live, told FROM prot.fact '
        'ORDER BY slot, valid_from'
    )
    before = asyncio.run(fetch(told_url, query))
    numbers = numbered(told_url)
    friend, colleague = (f'Minsu#{numbers[f"Minsu {role}"]}' for role in ('friend', 'colleague'))
    assert 'are one' in printed(told_url, 'merge', friend, colleague)
    out = printed(told_url, 'show', 'Minsu')
    assert 'lives in Incheon' in out
    assert 'plays the guitar' in out
    assert 'friends, work' in out
    assert 'with the number' in refused(told_url, 2, 'show', colleague)
    assert 'The merge of' in printed(told_url, 'undo')
    assert asyncio.run(fetch(told_url, query)) == before
    assert "'Minsu' may be one of 2" in refused(told_url, 2, 'show', 'Minsu')
    assert 'nothing was merged or split' in refused(told_url, 1, 'undo')


def test_what_cannot_be_one_is_not_made_one(told_url: str) -> None:
    assert 'the user cannot be merged' in refused(told_url, 2, 'merge', 'me', 'Bora')
    assert 'only two of one kind' in refused(told_url, 2, 'merge', 'Bora', 'coffee')
    assert 'are both Bora#' in refused(told_url, 2, 'merge', 'Bora', '보라')
    assert 'the user cannot be split' in refused(told_url, 2, 'split', 'me')


def test_a_split_takes_turns_and_undo_gives_them_back(told_url: str) -> None:
    listed = printed(told_url, 'split', 'Busan').splitlines()
    turns = [line.split()[0] for line in listed[1:]]
    assert len(turns) == 2
    assert 'lives in Busan' in listed[-1]
    out = printed(told_url, 'split', 'Busan', '--turns', turns[0])
    assert out.startswith('Busan#')
    assert 'is two' in out
    names = [line.split()[0] for line in out.splitlines()[1:3]]
    assert sorted(name.split('#')[0] for name in names) == ['Busan', '부산']
    assert 'would become the other' in refused(told_url, 1, 'split', names[0], '--turns', '1')
    printed(told_url, 'undo')
    assert printed(told_url, 'split', 'Busan').splitlines()[1:] == listed[1:]


def test_graph_draws_everybody_and_replaces_the_file(told_url: str, tmp_path: Path) -> None:
    hostile = '<script>alert(1)</script> & "co"'
    fact = Fact(USER, 'works at', hostile, 'x', object_kind=Kind.ORGANIZATION)
    told(memory_on(told_url, 'bob', reader=Reads(lambda _: (fact,))), ['anything'])
    out = tmp_path / 'memory.svg'
    out.write_text('old')
    printed(told_url, 'graph', '--out', str(out))
    text = out.read_text(encoding='utf-8')
    root = ElementTree.fromstring(text)
    shown = [element.text for element in root.iter(f'{SVG}text')]
    for name in ('Alice', 'Bora', '지수', '김치찌개', 'Rex', 'younger sister', 'lives in'):
        assert name in shown
    assert 'Seoul' in shown
    assert 'true before' not in shown
    printed(told_url, 'graph', '--past', '--most', '3', '--out', str(out))
    text = out.read_text(encoding='utf-8')
    assert 'who were spoken of less, are not shown' in text
    printed(told_url, 'graph', '--person', 'bob', '--out', str(out))
    root = ElementTree.fromstring(out.read_text(encoding='utf-8'))
    assert f'{hostile} (organization)' in [element.text for element in root.iter(f'{SVG}title')]
    assert not list(root.iter(f'{SVG}script'))
    assert list(tmp_path.iterdir()) == [out]
    nowhere = str(tmp_path / 'no' / 'memory.svg')
    assert 'cannot be written' in refused(told_url, 1, 'graph', '--out', nowhere)


def test_each_person_has_a_memory_and_all_may_be_looked_at(told_url: str) -> None:
    told(memory_on(told_url, 'bob'), ['my name is Bob', 'my sister Bora lives in Jeju'])
    told(memory_on(told_url, 'carol', robot='r2'), ['my name is Carol'])
    assert 'Busan' not in printed(told_url, 'show', 'Bora', '--person', 'bob')
    both = printed(told_url, 'show', 'Bora', '--person', 'all')
    assert 'lives in Jeju' in both
    assert 'lives in Busan' in both
    assert "'Minsu' may be one of 2" in refused(told_url, 2, 'show', 'Minsu', '--person', 'all')
    assert 'called' in refused(told_url, 2, 'show', 'Zzyzx', '--person', 'all')
    assert 'Carol' not in printed(told_url, 'show', '--person', 'all')
    assert 'Carol' in printed(told_url, 'show', '--person', 'carol', '--robot', 'r2')
    assert "did you mean --person 'bob'?" in refused(told_url, 1, 'show', '--person', 'bobb')
    assert "--robot '', 'r2'" in refused(told_url, 1, 'show', '--robot', 'r3')


def test_looking_at_somebody_of_whom_nothing_is_known_makes_nobody(told_url: str) -> None:
    refused(told_url, 1, 'show', '--person', 'nobody')
    people = asyncio.run(fetch(told_url, 'SELECT person FROM prot.scope'))
    assert [row['person'] for row in people] == ['someone']


def test_an_empty_memory_and_a_dead_server_are_said_in_one_sentence(fresh_url: str) -> None:
    err = refused(fresh_url, 1, 'show')
    assert err.startswith('error: nothing is remembered in the database')
    dead = f'postgresql://me:{SECRET}@127.0.0.1:1/memories'
    err = refused(dead, 1, 'stats')
    assert 'cannot be reached' in err
    assert SECRET not in err
    assert err.count('\n') == 1


def test_a_folder_without_memory_stays_without(tmp_path: Path) -> None:
    folder = tmp_path / 'data'
    err = refused(None, 1, 'show', '--data', str(folder))
    assert f'there is no memory in {folder} yet' in err
    assert not folder.exists()


def test_the_server_of_a_robot_that_runs_is_shared_and_left_running(data_folder: Path) -> None:
    async def story() -> None:
        async with Memory(None, data_folder) as memory:
            await memory.record_utterance(Stamp(1), 'My sister Bora lives in Busan', 'stt')
            assert await memory.settled(SETTLE_S)
            shown = await asyncio.to_thread(printed, None, 'show', 'Bora', '--data', data_folder)
            assert 'lives in Busan' in shown
            counted = await asyncio.to_thread(printed, None, 'stats', '--data', data_folder)
            assert 'of the robot that runs' in counted
            await memory.record_utterance(Stamp(2), 'My sister Bora likes tea', 'stt')
            assert await memory.settled(SETTLE_S)
        # The robot has left; now the command has a server of its own.
        alone = await asyncio.to_thread(printed, None, 'stats', '--data', data_folder)
        assert 'started for this command' in alone

    asyncio.run(story())
