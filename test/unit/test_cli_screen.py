# SPDX-License-Identifier: Apache-2.0
"""What the terminal gets: whole lines, nothing that acts on it, colours where wanted."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from prot_ros.cli.screen import Screen, columns, printable, shortened


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@given(st.text())
def test_no_text_can_act_on_the_terminal(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in shown)
    shown.encode()


def test_an_escape_sequence_is_defused_and_words_are_not() -> None:
    assert printable('\x1b]0;owned\x07 안녕 👩‍🚀') == ' ]0;owned  안녕 👩‍🚀'
    assert printable('\u202egnp.exe') == ' gnp.exe'


@given(st.text(alphabet='a한é', max_size=40), st.integers(1, 20))
def test_what_is_shortened_fits(text: str, width: int) -> None:
    assert columns(shortened(text, width)) <= width
    if columns(text) <= width:
        assert shortened(text, width) == text


def test_a_hangul_syllable_takes_two_columns() -> None:
    assert columns('안녕') == 4
    assert columns('e\u0301') == 1


def test_a_pipe_gets_plain_lines_only() -> None:
    out = io.StringIO()
    screen = Screen(out, environment={})
    screen.status('soon gone')
    screen.line(screen.style('bad', 'here'))
    assert out.getvalue() == 'here\n'


def test_a_terminal_gets_colours_unless_they_are_unwanted() -> None:
    assert Screen(Terminal(), environment={}).style('good', 'x') == '\x1b[32mx\x1b[0m'
    assert Screen(Terminal(), environment={'NO_COLOR': '1'}).style('good', 'x') == 'x'
    assert Screen(Terminal(), environment={'NO_COLOR': ''}).style('good', 'x') != 'x'
    assert Screen(Terminal(), environment={'TERM': 'dumb'}).style('good', 'x') == 'x'


def test_a_line_goes_above_what_is_being_typed() -> None:
    out = Terminal()
    screen = Screen(out, environment={'NO_COLOR': '1'}, typing=lambda: '> hel')
    screen.line('Robot: hello')
    assert out.getvalue() == '\r\x1b[2KRobot: hello\n> hel'


def test_the_status_leaves_the_typed_line_at_the_cursor() -> None:
    out = Terminal()
    screen = Screen(out, environment={'NO_COLOR': '1'}, typing=lambda: '> hel')
    screen.status('… what ti')
    screen.status('')
    assert out.getvalue() == '\r\x1b[2K… what ti  > hel\r\x1b[2K> hel'


def test_the_status_stays_below_the_lines() -> None:
    out = Terminal()
    screen = Screen(out, environment={'NO_COLOR': '1'})
    screen.status('… hel')
    screen.line('You: hello')
    screen.status('')
    assert out.getvalue() == '\r\x1b[2K… hel\r\x1b[2KYou: hello\n… hel\r\x1b[2K'
