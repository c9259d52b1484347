# SPDX-License-Identifier: Apache-2.0
"""What the subcommands' arguments have in common: one-sentence errors, checked types, options."""

from __future__ import annotations

import argparse
import difflib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from prot_ros.cli.failure import UsageError
from prot_ros.core.wire import TEXT_LIMIT

LOG_LEVELS = ('debug', 'info', 'warn', 'error', 'fatal')
NAMESPACE = 'prot'
"""As `graph.NAMESPACE`, which cannot be read here without importing rclpy; a test compares."""


class CommandParser(argparse.ArgumentParser):
    """An argument parser that explains what is wrong in one sentence instead of a usage block."""

    def __init__(self, name: str, description: str, examples: str) -> None:
        super().__init__(
            prog=f'prot {name}',
            description=description,
            epilog='examples:\n' + '\n'.join(f'  {line}' for line in examples.splitlines()),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        raise UsageError(f'{self._sentence(message)} (see `{self.prog} --help`)')

    def _sentence(self, message: str) -> str:
        missing = re.fullmatch(r'the following arguments are required: (.*)', message)
        if missing:
            return f'{missing[1]} is missing'
        unknown = re.fullmatch(r'unrecognized arguments: (.*)', message)
        if unknown:
            word = unknown[1].split(' ')[0]
            options = [option for action in self._actions for option in action.option_strings]
            near = difflib.get_close_matches(word.partition('=')[0], options, n=1)
            if near and word.startswith('--'):
                return f'there is no option {word!r}, did you mean {near[0]!r}?'
            if word.startswith('-'):
                return f'there is no option {word!r}; text that begins with a dash goes after --'
            return f'there is nothing to do with the argument {word!r}'
        glued = re.fullmatch(r"argument (-\w)\S*: ignored explicit argument '(.*)'", message)
        if glued:
            word = glued[1] + glued[2]
            return f'there is no option {word!r}; text that begins with a dash goes after --'
        return message.removeprefix('argument ')


def one_of(*values: str) -> Callable[[str], str]:
    """Return a type for argparse: one of these words."""

    def check(text: str) -> str:
        if text in values:
            return text
        near = difflib.get_close_matches(text, values, n=1)
        hint = f'; did you mean {near[0]!r}?' if near else ''
        raise argparse.ArgumentTypeError(f'{text!r} is not one of {", ".join(values)}{hint}')

    return check


def namespace(text: str) -> str:
    """Take a ROS namespace with or without slashes around it; return it without ('' is root)."""
    inner = text.strip('/')
    if inner and not all(re.fullmatch('[A-Za-z_][A-Za-z0-9_]*', p) for p in inner.split('/')):
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a ROS namespace, expected names of letters, digits and _ joined by /'
        )
    return inner


def seconds(least: float, most: float) -> Callable[[str], float]:
    """Return a type for argparse: a number of seconds in a range."""

    def check(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float('nan')
        if least <= value <= most:
            return value
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a number of seconds, expected {least:g} to {most:g}'
        )

    return check


def existing_file(text: str) -> Path:
    """Take the name of a file that can be read."""
    path = Path(text)
    if not path.is_file():
        what = 'is a folder' if path.is_dir() else 'does not exist'
        raise argparse.ArgumentTypeError(f'the file {text!r} {what}')
    if not os.access(path, os.R_OK):
        raise argparse.ArgumentTypeError(f'the file {text!r} may not be read')
    return path


def spoken_text(words: list[str]) -> str:
    """Join the words of TEXT; raise UsageError when nobody could say them."""
    text = ' '.join(words).strip()
    if not text:
        raise UsageError('TEXT is empty, expected something to say')
    if len(text) > TEXT_LIMIT:
        raise UsageError(f'TEXT has {len(text)} characters, expected at most {TEXT_LIMIT}')
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError('TEXT is not valid UTF-8') from None
    return text


def add_text(parser: CommandParser, meaning: str) -> None:
    """Add the positional TEXT, which needs no quotes."""
    parser.add_argument('text', nargs='+', metavar='TEXT', help=meaning)


def add_namespace(parser: CommandParser) -> None:
    """Add --namespace."""
    parser.add_argument(
        '--namespace',
        type=namespace,
        default=NAMESPACE,
        metavar='NS',
        help=f'namespace of the nodes (default: {NAMESPACE})',
    )


def add_parameters(parser: CommandParser) -> None:
    """Add --params-file and -p."""
    parser.add_argument(
        '--params-file',
        type=existing_file,
        action='append',
        default=[],
        metavar='FILE',
        help='YAML file with parameters of the nodes; may be given many times, the last one wins',
    )
    parser.add_argument(
        '-p',
        '--param',
        action='append',
        default=[],
        metavar='NODE.NAME=VALUE',
        help='one parameter of one node, stronger than any file; may be given many times',
    )


def add_log_level(parser: CommandParser) -> None:
    """Add --log-level."""
    parser.add_argument(
        '--log-level',
        type=one_of(*LOG_LEVELS),
        default='info',
        metavar='LEVEL',
        help=f'least severe messages to log: {", ".join(LOG_LEVELS)} (default: info)',
    )
