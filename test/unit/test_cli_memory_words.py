# SPDX-License-Identifier: Apache-2.0
"""prot memory: its arguments, columns, and whom a name means. No database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.cli.main import main
from prot_ros.cli.memory import events, facts, search, split
from prot_ros.cli.memory.command import SUBCOMMANDS
from prot_ros.cli.memory.events import Change
from prot_ros.cli.memory.options import PERSON
from prot_ros.cli.memory.place import listed, nobody
from prot_ros.cli.memory.table import clipped, counted, size, table
from prot_ros.cli.memory.whom import ambiguous, near, unknown
from prot_ros.cli.screen import columns
from prot_ros.core.facts import Kind
from prot_ros.engines.selection_embedder import EMBEDDERS
from prot_ros.memory.inspection.dossiers import Entity, Known

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def entity(number: int, name: str, *roles: str, kind: Kind = Kind.PERSON) -> Entity:
    return Entity(number, kind, name, (), roles, (), 2, number, NOON)


def known(number: int, predicate: str, object_: str, **more: object) -> Known:
    given: dict[str, object] = {
        'subject': 1, 'object': None, 'subject_told': 'user', 'text': '', 'valid_from': NOON,
        'valid_to': None, 'learnt_at': NOON, 'ended_at': None, 'true_now': True, 'denied': False,
        'told': 1, 'last_turn': 1, 'last_at': NOON, 'learnt_turn': 1, 'learnt_words': 'first',
        'ended_turn': None, 'ended_words': '',
    }  # fmt: skip
    return Known(number=number, predicate=predicate, object_told=object_, **{**given, **more})


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(['memory', *words]) == 2
    out, err = capsys.readouterr()
    assert out == ''
    return err


@pytest.mark.parametrize('name', SUBCOMMANDS)
def test_every_subcommand_explains_itself_with_examples(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(['memory', name, '--help'])
    assert end.value.code == 0
    out = capsys.readouterr().out
    assert f'usage: prot memory {name}' in out
    assert f'examples:\n  prot memory {name}' in out


def test_the_command_names_every_subcommand(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(['memory', '--help'])
    out = capsys.readouterr().out
    for name, (_, summary) in SUBCOMMANDS.items():
        assert f'  {name} ' in out
        assert summary in out


@pytest.mark.parametrize(
    ('words', 'sentence'),
    [
        ([], 'SUBCOMMAND is missing'),
        (['sohw'], "no subcommand 'sohw', did you mean 'show'?"),
        (['search'], 'TEXT is missing'),
        (['search', '\udcff'], 'TEXT is not valid UTF-8'),
        (['show', '\udcff'], 'it is not valid UTF-8'),
        (['timeline'], 'NAME is missing'),
        (['show', ' '], 'it has 0 characters, expected 1 to 2000'),
        (['show', '--most', '0'], "'0' is no number, expected 1 to 1000"),
        (['show', '--jsno'], "no option '--jsno', did you mean '--json'?"),
        (['graph'], '--out is missing'),
        (['merge', 'Bora'], 'OTHER is missing'),
        (['split', 'Bora', '--turns', '3,x'], "'x' is no turn, expected numbers like 3,7-9"),
        (['split', 'Bora', '--turns', '9-3'], "'9-3' are 0 turns, expected 1 to 100,000"),
        (['split', 'Bora', '--turns', '1-999999999'], 'turns, expected 1 to 100,000'),
        (['search', 'x', '--embedding-engine', 'lokal'], "did you mean 'local'?"),
    ],
)
def test_a_mistake_gets_one_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    err = refused(capsys, *words)
    assert sentence in err
    assert err.count('\n') == 1


def test_names_that_are_said_twice_in_the_code_are_the_same() -> None:
    from prot_ros.nodes.dialog import Params

    assert Params.__dataclass_fields__['person'].default == PERSON
    assert ('auto', *EMBEDDERS) == search.ENGINES


def test_turns_are_numbers_and_spans_of_them() -> None:
    assert [*map(list, split.turns('3, 7-9'))] == [[3], [7, 8, 9]]


def test_columns_stand_below_each_other_also_in_korean() -> None:
    lines = table([('#1', '김민수', 'friend'), ('#12', 'Bora', 'sister'), ('#3', '지수', 'x')])
    begins = {columns(line) - columns(line.split()[-1]) for line in lines}
    assert begins == {2 + 3 + 2 + 6 + 2}, lines


@given(st.text(max_size=50), st.integers(2, 40))
def test_what_is_clipped_fits_and_acts_on_no_terminal(text: str, width: int) -> None:
    shown = clipped(text, width)
    assert columns(shown) <= width
    assert all(char.isprintable() or char in '\u200c\u200d' for char in shown if ord(char) < 256)


def test_numbers_are_told_as_people_read_them() -> None:
    assert [counted(1, 'turn'), counted(2000, 'turn')] == ['1 turn', '2,000 turns']
    assert counted(3, 'person', 'people') == '3 people'
    assert [size(n) for n in (0, 1023, 1024, 10 * 2**20, 300 * 2**30)] == [
        '0 bytes', '1023 bytes', '1.0 KiB', '10.0 MiB', '300 GiB',
    ]  # fmt: skip


def test_a_name_that_is_spelt_nearly_so_is_suggested() -> None:
    there = [entity(1, 'Bora', 'sister'), entity(2, '지수'), entity(3, 'Samsung')]
    assert near('Bpra', there) == ['Bora']
    assert near('Jisou', there) == ['지수']
    assert near('sisster', there) == ['sister']
    assert near('sung', there) == ['Samsung']
    assert near('Xylophone', there) == []
    assert "did you mean 'Bora'?" in unknown('Bpra', 'someone', there)
    assert '`prot memory show` lists' in unknown('Xylophone', 'someone', there)


def test_of_several_it_is_said_what_tells_them_apart_and_how_to_name_one() -> None:
    words = ambiguous('Minsu', [entity(12, 'Minsu', 'friend'), entity(31, '김민수', 'colleague')])
    first, *rest = words.splitlines()
    assert first == "'Minsu' may be one of 2; say which, like 'Minsu#12':"
    assert [line.split()[:2] for line in rest] == [
        ['김민수#31', 'colleague'],
        ['Minsu#12', 'friend'],
    ]
    assert '2 turns, last 2026-05-04 (turn 31)' in rest[0]


def test_nobody_is_explained_by_who_there_is() -> None:
    assert nobody('here', '', [''], 'alcie', ['alice']).endswith("did you mean --person 'alice'?")
    assert nobody('here', '', [''], 'x', ['alice', 'bob']).endswith("there are 'alice', 'bob'")
    assert "of the robot 'r2'" in nobody('here', 'r2', ['r1', 'r2'], 'x', [])
    assert nobody('here', 'r2', ['r1'], 'x', []).endswith("there are memories of --robot 'r1'")
    assert nobody('here', '', [], 'x', []) == 'nothing is remembered in here'
    assert listed([str(n) for n in range(12)]).endswith("'9' and 2 more")


def test_moving_house_is_two_events_at_one_time_the_end_first() -> None:
    later = NOON + timedelta(days=3)
    seoul = known(
        1, 'lives in', 'Seoul', valid_to=later, ended_at=later, true_now=False, ended_turn=7,
        ended_words='now Busan',
    )  # fmt: skip
    busan = known(2, 'lives in', 'Busan', valid_from=later, learnt_at=later, told=2)
    found = events.events([busan, seoul], 1)
    assert [(event.change, event.what) for event in found] == [
        (Change.BEGAN, 'lives in Seoul'),
        (Change.CEASED, 'lives in Seoul'),
        (Change.BEGAN, 'lives in Busan'),
    ]
    assert (found[1].at, found[1].turn, found[1].words) == (later, 7, 'now Busan')
    assert facts.span(seoul) == '2026-05-04 to 2026-05-07'
    assert [fact.number for fact in facts.now([seoul, busan])] == [2]
    assert [fact.number for fact in facts.before([seoul, busan])] == [1]


def test_what_was_denied_was_believed_and_never_so() -> None:
    later = NOON + timedelta(hours=1)
    denied = known(1, 'is called', 'Bora', valid_to=NOON, ended_at=later, denied=True)
    found = events.events([denied], 1)
    assert [(event.change, event.at) for event in found] == [
        (Change.BEGAN, NOON),
        (Change.DENIED, later),
    ]
    assert facts.span(denied) == 'never so; denied 2026-05-04'


def test_what_had_been_and_what_will_end_are_told_as_that() -> None:
    had = known(1, 'lives in', 'Paris', valid_to=NOON, ended_at=NOON, true_now=False)
    assert [event.change for event in events.events([had], 1)] == [Change.HAD_BEEN]
    assert facts.span(had) == 'until 2026-05-04'
    ends = known(2, 'lives in', 'Rome', valid_to=NOON + timedelta(days=9))
    found = events.events([ends], 1)
    assert [event.change for event in found] == [Change.BEGAN, Change.WILL_CEASE]


def test_a_fact_is_told_from_the_end_that_is_looked_at() -> None:
    fact = known(1, 'likes', 'tea', subject=5, object=9, subject_told='Bora')
    assert facts.said(fact, 5) == 'likes tea'
    assert facts.said(fact, 9) == 'Bora likes tea'
    assert facts.said(known(1, 'likes', 'tea', object=9), 9) == 'the user likes tea'
