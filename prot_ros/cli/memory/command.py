# SPDX-License-Identifier: Apache-2.0
"""`prot memory`: finds the subcommand, and lets its own file do the rest."""

from __future__ import annotations

import argparse
import difflib
import importlib

from prot_ros.cli.arguments import CommandParser
from prot_ros.cli.failure import CommandError, UsageError

SUBCOMMANDS: dict[str, tuple[str, str]] = {
    'show': ('prot_ros.cli.memory.show', 'say whom and what the robot knows, or all of one'),
    'search': ('prot_ros.cli.memory.search', 'say what it would remember if somebody said this'),
    'timeline': ('prot_ros.cli.memory.timeline', 'tell what was so of one, in order of time'),
    'graph': ('prot_ros.cli.memory.graph', 'draw a picture of it'),
    'merge': ('prot_ros.cli.memory.merge', 'make two one that are the same'),
    'split': ('prot_ros.cli.memory.split', 'make one two that are not the same'),
    'undo': ('prot_ros.cli.memory.undo', 'take back the latest merge or split'),
    'forget': ('prot_ros.cli.memory.forget', 'let somebody, some time or everything be gone'),
    'export': ('prot_ros.cli.memory.export', 'write what was said into one file'),
    'import': ('prot_ros.cli.memory.import_', 'read such a file, into any database'),
    'backup': ('prot_ros.cli.memory.backup', 'export into a folder, and keep the latest ones'),
    'rebuild': ('prot_ros.cli.memory.rebuild', 'make what is known anew from what was said'),
    'stats': ('prot_ros.cli.memory.stats', 'count what there is, and what is still to be done'),
}
"""Name to module and summary, in the order in which people need them."""

EXAMPLES = """\
prot memory show
prot memory show Bora
prot memory timeline Bora
prot memory show --help"""


def parser() -> CommandParser:
    """Return the command's arguments; those of a subcommand are read by its own file."""
    parser = CommandParser('memory', about(), EXAMPLES)
    parser.add_argument(
        'subcommand', metavar='SUBCOMMAND', help=f'one of {", ".join(SUBCOMMANDS)}'
    )
    its = parser.add_argument(
        'arguments', nargs=argparse.REMAINDER, metavar='...', help='its arguments'
    )
    its.required = False  # argparse asks for at least none of them
    return parser


def about() -> str:
    """Return what the command is, with a line for each subcommand."""
    width = max(map(len, SUBCOMMANDS)) + 2
    lines = [f'  {name:<{width}}{summary}' for name, (_, summary) in SUBCOMMANDS.items()]
    return (
        'See and correct what the robot remembers, while it talks or while it does not.\n'
        '\n' + '\n'.join(lines) + '\n\n'
        '`prot memory SUBCOMMAND --help` explains each, with examples.'
    )


def run(args: argparse.Namespace) -> int:
    """Run the subcommand; return its exit code."""
    from prot_ros.engines.kinds import EngineError

    module = importlib.import_module(SUBCOMMANDS[_known(args.subcommand)][0])
    subparser: CommandParser = module.parser()
    try:
        return int(module.run(subparser.parse_args(args.arguments)))
    except EngineError as err:
        raise CommandError(str(err)) from err


def _known(word: str) -> str:
    if word in SUBCOMMANDS:
        return word
    near = difflib.get_close_matches(word, SUBCOMMANDS, n=1)
    hint = f'did you mean {near[0]!r}?' if near else f'expected one of {", ".join(SUBCOMMANDS)}'
    raise UsageError(f'prot memory has no subcommand {word!r}, {hint}')
