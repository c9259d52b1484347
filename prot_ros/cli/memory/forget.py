# SPDX-License-Identifier: Apache-2.0
"""`prot memory forget`: a name, the latest time or everything is really gone, with proof."""

from __future__ import annotations

import argparse
import re
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from prot_ros.cli.arguments import CommandParser
from prot_ros.cli.failure import CommandError, UsageError
from prot_ros.cli.memory.options import add_person, add_place, words
from prot_ros.cli.memory.table import clipped, counted, minute

if TYPE_CHECKING:
    from prot_ros.cli.screen import Screen
    from prot_ros.memory.forgetting.erasure import Erased, Preview, Wish
    from prot_ros.memory.forgetting.traces import Traces

EXAMPLES = """\
prot memory forget Bora                  whatever was said of Bora, in any spelling
prot memory forget Bora --keep-shared    but not what was said of others in the same breath
prot memory forget --since 2h            the last two hours
prot memory forget --since 2026-03-01 --yes
prot memory forget --all --person Alice"""
_UNITS = {'m': 'minutes', 'h': 'hours', 'd': 'days', 'w': 'weeks'}
_WIDTH = 72
NOTHING_HALF = 'each memory is as it was, or as it is wanted'


def moment(text: str) -> datetime:
    """Take a date, a date and time, or how long ago: `2026-03-01`, `2026-03-01T18:00`, `2h`."""
    ago = re.fullmatch(r'(\d{1,5})([mhdw])', text)
    if ago:
        return datetime.now().astimezone() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        raise argparse.ArgumentTypeError(
            f'{text!r} is no time, expected a date such as 2026-03-01, or 30m, 2h, 3d or 1w ago'
        ) from None


def parser() -> CommandParser:
    """Return the subcommand's arguments."""
    parser = CommandParser(
        'memory forget',
        'Let what was said be gone: the turns, all that was made of them, and the words in the\n'
        "files. Of a name every turn goes that speaks of it, in anybody's words; what you are\n"
        'shown before is what will go. Copies that were made before are yours to remove.',
        EXAMPLES,
    )
    parser.add_argument('name', nargs='?', type=words, metavar='NAME', help='who or what')
    parser.add_argument(
        '--since', type=moment, metavar='TIME', help='all that was said since a date, or 2h ago'
    )
    parser.add_argument('--all', action='store_true', help='everything that was ever said')
    parser.add_argument(
        '--keep-shared',
        action='store_true',
        help='with NAME: keep what was told of others in the same turn, and the other sentences',
    )
    parser.add_argument('--yes', action='store_true', help='do it without asking')
    parser.add_argument('--dry-run', action='store_true', help='only say what would be forgotten')
    add_person(parser, everybody=True)
    add_place(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Show what would go, ask, forget, and print the proof."""
    from prot_ros.cli.memory.ending import until_ended
    from prot_ros.cli.screen import Screen
    from prot_ros.memory.forgetting.erasure import Wish

    if (args.name is not None) + (args.since is not None) + args.all != 1:
        raise UsageError('expected one of NAME, --since TIME and --all')
    if args.keep_shared and args.name is None:
        raise UsageError('--keep-shared goes with NAME')
    wish = Wish(args.name, args.since, everything=args.all, keep_shared=args.keep_shared)
    screen = Screen(sys.stdout)
    if args.dry_run or not args.yes:
        seen = until_ended(_preview(args, wish), 'nothing was forgotten')
        show(screen, seen)
        if args.dry_run or not seen.turns:
            return 0
        _ask()
    erased, traces, others = until_ended(_forget(args, wish), NOTHING_HALF)
    for words_ in report(wish, erased, traces, others):
        screen.line(words_)
    return 0 if traces.clean or others else 1


def _ask() -> None:
    if not sys.stdin.isatty():
        raise UsageError('there is nobody to ask here; say --yes, or --dry-run to see only')
    try:
        answer = input('Forget this? It cannot be undone. [y/N] ')
    except EOFError:
        answer = ''
    if answer.strip().casefold() not in ('y', 'yes', '네', '예'):
        raise CommandError('nothing was forgotten')


async def _preview(args: argparse.Namespace, wish: Wish) -> Preview:
    from prot_ros.cli.memory.place import opened
    from prot_ros.memory.forgetting.erasure import preview
    from prot_ros.memory.long_work import connected

    async with opened(args) as memory:
        people = await memory.people(args.robot, args.person, everybody=True)
        async with connected(memory.url) as connection:
            return await preview(connection, [each.scope.number for each in people], wish)


async def _forget(args: argparse.Namespace, wish: Wish) -> tuple[Erased, Traces, bool]:
    from prot_ros.cli.memory.place import opened
    from prot_ros.memory.forgetting.erasure import erase, prove
    from prot_ros.memory.in_time import where
    from prot_ros.memory.long_work import connected

    embedded = bool(args.data) or where('auto').url is None
    async with opened(args) as memory:
        people = await memory.people(args.robot, args.person, everybody=True)
        scopes = [each.scope.number for each in people]
        async with connected(memory.url) as connection:
            erased = await erase(connection, scopes, wish)
            traces = await prove(connection, erased.names, own_server=embedded)
            others = await connection.fetchval('SELECT count(*) FROM scope') > len(scopes)
            return erased, traces, bool(others)


def show(screen: Screen, seen: Preview) -> None:
    """Print what would go."""
    if seen.meant:
        screen.line('It means ' + ', '.join(clipped(each, _WIDTH) for each in seen.meant) + '.')
    if len(seen.names) > 1:
        screen.line('Also called ' + ', '.join(clipped(each, _WIDTH) for each in seen.names[1:]))
    would = f'{counted(seen.turns, "turn")} with {counted(seen.tellings, "thing")} told'
    part = f', of {seen.redacted} only a part' if seen.redacted else ''
    screen.line(f'{would} would be forgotten{part}.')
    for example in seen.examples:
        said = clipped(example.utterance or example.heard, _WIDTH)
        screen.line(f'  {minute(example.told_at)}  {said}')
    more = seen.turns - len(seen.examples)
    if more > 0 and seen.examples:
        screen.line(f'  and {more:,} before')


def report(wish: Wish, erased: Erased, traces: Traces, others: bool) -> list[str]:
    """Return what has gone, and the proof of it, in lines."""
    gone = erased.gone
    counts = [
        counted(gone.turns, 'turn'),
        counted(gone.redacted, 'turn in part', 'turns in part') if gone.redacted else '',
        counted(gone.facts, 'fact'),
        counted(gone.entities, 'entity', 'entities'),
        counted(gone.summaries, 'summary', 'summaries') if gone.summaries else '',
        counted(gone.decisions, 'decision') if gone.decisions else '',
    ]
    words_ = 'forgotten: ' + ', '.join(filter(None, counts))
    if wish.name is None:
        lines = [words_]
    elif traces.clean:
        lines = [f'{words_}; nothing in the database holds the name any more']
    else:
        places = ', '.join(f'{trace.place} ({trace.count:,})' for trace in traces.found)
        hint = '; other memories may, see --person all' if others else ''
        lines = [f'{words_}; but the name is still in {places}{hint}']
    looked = f'{traces.rows:,} texts of {counted(traces.columns, "column")} were searched; '
    lines.append(
        (looked if wish.name is not None else '')
        + f'{counted(traces.rewritten, "table")} written anew without what was deleted'
    )
    if traces.not_rewritten:
        lines.append(
            'not written anew, as too large or in use, so that deleted words stay in their files '
            f'until those are used again: {", ".join(traces.not_rewritten)}'
        )
    if wish.name is not None:
        lines.append(_files(traces))
    lines.append(
        'What was taken before stays as it was: exports, backups, and what the robot has in mind '
        'of the conversation that it is in.'
    )
    return lines


def _files(traces: Traces) -> str:
    if not traces.files:
        return (
            'The files and the log of the server may not be looked at from here: they hold the '
            'words until they are used again, and its backups for as long as they are kept.'
        )
    where_ = ', '.join(trace.place for trace in traces.in_files)
    files = f'the files of {where_} still hold it' if where_ else 'no file of a table holds it'
    log = (
        f'{counted(traces.log_left, "file")} of its log still may, until they are used again'
        if traces.log_left
        else 'nor does its log'
    )
    return f'The files of the server were searched: {files}, {log}.'
