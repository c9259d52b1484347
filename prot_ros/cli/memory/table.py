# SPDX-License-Identifier: Apache-2.0
"""Columns, numbers and times as a terminal shows them. Pure."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from prot_ros.cli.screen import columns, printable

INDENT = '  '
_UNITS = ('bytes', 'KiB', 'MiB', 'GiB', 'TiB')


def padded(text: str, width: int) -> str:
    """Return a text with spaces up to `width` columns; a Hangul syllable takes two."""
    return text + ' ' * max(0, width - columns(text))


def table(rows: Sequence[Sequence[str]], indent: str = INDENT) -> list[str]:
    """Return rows as lines with their cells below each other, two spaces apart.

    Nothing in a cell acts on the terminal. Rows may end early.
    """
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [
        max(columns(row[at]) for row in shown if at < len(row))
        for at in range(max(map(len, shown), default=0))
    ]
    return [
        (
            indent
            + '  '.join(padded(cell, width) for cell, width in zip(row, widths, strict=False))
        ).rstrip()
        for row in shown
    ]


def clipped(text: str, width: int) -> str:
    """Return the beginning of a text that fits into `width` columns, marked where it was cut."""
    text = ' '.join(printable(text).split())
    if columns(text) <= width:
        return text
    kept = ''
    for char in text:
        if columns(kept + char) > width - 1:
            break
        kept += char
    return kept.rstrip() + '…'


def counted(number: int, thing: str, things: str = '') -> str:
    """Return a number of things: `1 turn`, `2 turns`, `3 people`."""
    return f'{number:,} {thing if number == 1 else things or thing + "s"}'


def size(number: int) -> str:
    """Return a number of bytes in the unit that suits it."""
    amount, unit = float(number), 0
    while amount >= 1024 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f'{amount:.{0 if unit == 0 or amount >= 100 else 1}f} {_UNITS[unit]}'


def day(moment: datetime) -> str:
    """Return the date, as it is where the command runs."""
    return moment.astimezone().strftime('%Y-%m-%d')


def minute(moment: datetime) -> str:
    """Return date and time, as they are where the command runs."""
    return moment.astimezone().strftime('%Y-%m-%d %H:%M')


def as_json(content: Any) -> str:
    """Return dataclasses, times and what is made of them as JSON, for programs."""
    return json.dumps(content, ensure_ascii=False, indent=2, default=_plain)


def _plain(content: Any) -> Any:
    if dataclasses.is_dataclass(content) and not isinstance(content, type):
        fields = dataclasses.fields(content)
        return {field.name: getattr(content, field.name) for field in fields}
    if isinstance(content, datetime):
        return content.isoformat()
    raise TypeError(f'{type(content).__name__} has no form in JSON')
