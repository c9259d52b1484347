# SPDX-License-Identifier: Apache-2.0
"""How far it is, which backups go, and since when: decisions of `prot memory`."""

from __future__ import annotations

import argparse
import io
from datetime import UTC, datetime, timedelta

import pytest

from prot_ros.cli.memory.backup import name, surplus
from prot_ros.cli.memory.forget import moment
from prot_ros.cli.memory.progress import Bar, line
from prot_ros.cli.screen import Screen


def test_d12_where_no_terminal_is_a_line_comes_every_ten_seconds() -> None:
    out, now = io.StringIO(), 0.0
    bar = Bar(Screen(out), 'exporting', 'turns', clock=lambda: now)
    for step in range(250):
        now = step / 10
        bar(step, 250)
    assert [each.split('  ')[-1] for each in out.getvalue().splitlines()] == [
        '100 of 250 turns', '200 of 250 turns',
    ]  # fmt: skip


def test_d12_a_bar_is_full_at_the_end_and_never_beyond() -> None:
    assert '░' not in line('x', 3, 3, '')
    assert line('x', 9, 3, '') == line('x', 3, 3, '')
    assert line('x', 0, 0, '') == line('x', 3, 3, '')
    assert '█' not in line('x', 0, 3, '')


def test_only_the_oldest_backups_are_surplus() -> None:
    names = [name(datetime(2026, 1, day, tzinfo=UTC)) for day in (3, 1, 2)]
    assert surplus([*names, 'a.export', names[0] + '.part'], 2) == [names[1]]
    assert surplus(names, 3) == []


def test_a_time_is_a_date_or_so_long_ago() -> None:
    assert moment('2026-03-01') == datetime(2026, 3, 1).astimezone()
    then = moment('2h')
    ago = datetime.now(UTC) - then
    assert timedelta(hours=2) <= ago < timedelta(hours=2, minutes=1)
    for wrong in ('soon', '2x', '', '-1h', '99999999d'):
        with pytest.raises(argparse.ArgumentTypeError, match='expected a date'):
            moment(wrong)
