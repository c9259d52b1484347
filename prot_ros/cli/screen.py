# SPDX-License-Identifier: Apache-2.0
"""The terminal: whole lines above one line that changes, colours only where they are wanted."""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Callable, Mapping
from typing import TextIO

STYLES = {
    'dim': '2',
    'bold': '1',
    'user': '1;36',
    'robot': '1;32',
    'cut': '33',
    'good': '32',
    'bad': '1;31',
}
"""Name to the parameters of SGR (ECMA-48)."""


def printable(text: str) -> str:
    """Return text that does nothing to a terminal: control characters become spaces.

    What a model or a microphone yields may hold escape sequences, or characters that turn the
    direction of writing.
    """
    return ''.join(' ' if _acts(char) else char for char in text)


def _acts(char: str) -> bool:
    kind = unicodedata.category(char)
    # Cf holds the direction marks, but also the joiners that emoji and some scripts need.
    return kind in ('Cc', 'Cs', 'Zl', 'Zp') or (kind == 'Cf' and char not in '\u200c\u200d')


def columns(text: str) -> int:
    """Return how many columns a text takes; a Hangul syllable takes two."""
    width = 0
    for char in text:
        if not unicodedata.combining(char):
            width += 2 if unicodedata.east_asian_width(char) in 'WF' else 1
    return width


def shortened(text: str, width: int) -> str:
    """Return the end of a text that fits into `width` columns, marked where it was cut."""
    if columns(text) <= width:
        return text
    while text and columns(text) > width - 1:
        text = text[1:]
    return '…' + text


class Screen:
    """Prints lines; on a terminal also one line below them that is replaced as things change."""

    def __init__(
        self,
        stream: TextIO,
        *,
        environment: Mapping[str, str] | None = None,
        typing: Callable[[], str] | None = None,
    ) -> None:
        """`typing` returns the prompt and what is being typed, where somebody types."""
        environment = os.environ if environment is None else environment
        self._stream = stream
        self.terminal = stream.isatty() and environment.get('TERM') != 'dumb'
        self.colours = self.terminal and not environment.get('NO_COLOR')
        self._typing = typing
        self._status = ''

    def style(self, name: str, text: str) -> str:
        """Return a text in a style of STYLES, as it is where there are no colours."""
        return f'\x1b[{STYLES[name]}m{text}\x1b[0m' if self.colours and text else text

    def line(self, text: str = '') -> None:
        """Print a line above whatever is at the bottom."""
        if self.terminal:
            self._stream.write(f'\r\x1b[2K{text}\n{self._bottom()}')
        else:
            self._stream.write(f'{text}\n')
        self._stream.flush()

    def status(self, text: str) -> None:
        """Show something that soon is out of date; nothing where lines cannot be replaced."""
        if not self.terminal or text == self._status:
            return
        self._status = text
        self._stream.write(f'\r\x1b[2K{self._bottom()}')
        self._stream.flush()

    def _bottom(self) -> str:
        typed = self._typing() if self._typing is not None else ''
        if not self._status:
            return typed
        # Before the prompt: what is typed then still goes where the cursor is.
        width = max(8, shutil.get_terminal_size().columns - columns(typed) - 3)
        status = self.style('dim', shortened(self._status, width))
        return f'{status}  {typed}' if typed else status
