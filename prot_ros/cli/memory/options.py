# SPDX-License-Identifier: Apache-2.0
"""The options that subcommands have in common. Nothing slow is imported here."""

from __future__ import annotations

import argparse

from prot_ros.cli.arguments import CommandParser

PERSON = 'someone'
"""As the dialog's parameter has it, which cannot be read here without importing rclpy."""
EVERYBODY = 'all'
MOST_WORDS = 2_000
"""Characters of a name or text to look for."""
MOST_SHOWN = 1_000


def words(text: str) -> str:
    """Take a name or a text that can be looked for."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError('it is not valid UTF-8') from None
    if not text.strip() or len(text) > MOST_WORDS:
        raise argparse.ArgumentTypeError(
            f'it has {len(text.strip())} characters, expected 1 to {MOST_WORDS}'
        )
    return text.strip()


def most(text: str) -> int:
    """Take how many of something to show."""
    if text.isdecimal() and 1 <= int(text) <= MOST_SHOWN:
        return int(text)
    raise argparse.ArgumentTypeError(f'{text!r} is no number, expected 1 to {MOST_SHOWN}')


def robot(text: str) -> str:
    """Take the name of a robot; a robot may have none."""
    return words(text) if text else text


def add_place(parser: CommandParser) -> None:
    """Add --data and --robot."""
    parser.add_argument(
        '--data',
        default='',
        metavar='FOLDER',
        help='the data folder of the embedded database, as the parameter dialog.data_folder '
        '(default: the database at PROT_DATABASE_URL where that is set, else PROT_DATA_DIR, else '
        "the user's data folder)",
    )
    parser.add_argument(
        '--robot',
        type=robot,
        default='',
        metavar='NAME',
        help='whose memory it is, where several robots share a database',
    )


def add_person(parser: CommandParser, *, everybody: bool) -> None:
    """Add --person; `everybody` says whether it may be all of them."""
    parser.add_argument(
        '--person',
        type=words,
        default=PERSON,
        metavar='NAME',
        help='who told it, as the parameter dialog.person'
        + (f', or {EVERYBODY}' if everybody else '')
        + f' (default: {PERSON})',
    )


def add_json(parser: CommandParser) -> None:
    """Add --json."""
    parser.add_argument('--json', action='store_true', help='print it as JSON, for programs')
