# SPDX-License-Identifier: Apache-2.0
"""`prot audio`: the echo canceller of the audio server."""

from __future__ import annotations

import argparse
import asyncio

from prot_ros.cli.arguments import CommandParser, one_of
from prot_ros.cli.failure import CommandError, UsageError

EXAMPLES = """\
prot audio setup
prot audio setup --source alsa_input.usb-MIC --sink alsa_output.usb-SPEAKER
prot audio setup --undo
prot audio show"""
ABOUT = """\
Let the audio server (PulseAudio or PipeWire) take the robot's voice out of its microphone.

prot cancels its own echo without this (mic.echo.mode is reference). Use the server's canceller
where other programs on the robot play sound, too: what they play is echo for prot, and only the
server knows of it. Then run prot with -p mic.echo.mode=system.

setup loads module-echo-cancel between a microphone and a loudspeaker, and makes its two new
devices the defaults. It lasts until the audio server ends; setup says how to keep it."""


def parser() -> CommandParser:
    """Return the command's arguments."""
    parser = CommandParser('audio', ABOUT, EXAMPLES)
    parser.add_argument(
        'action',
        type=one_of('setup', 'show'),
        metavar='ACTION',
        help='setup: load the canceller; show: say whether there is one',
    )
    parser.add_argument(
        '--undo', action='store_true', help='setup: take away what setup has loaded'
    )
    parser.add_argument(
        '--source', default='', metavar='NAME', help='setup: the microphone (default: the default)'
    )
    parser.add_argument(
        '--sink', default='', metavar='NAME', help='setup: the loudspeaker (default: the default)'
    )
    return parser


def run(args: argparse.Namespace) -> int:
    """Do it, and say what was done."""
    if args.undo and (args.source or args.sink):
        raise UsageError('--undo finds the devices by itself; leave --source and --sink out')
    if args.action == 'show' and (args.undo or args.source or args.sink):
        raise UsageError('--undo, --source and --sink go with setup')
    from prot_ros.engines.kinds import EngineError

    try:
        if args.action == 'show':
            return asyncio.run(_show())
        return asyncio.run(_undo() if args.undo else _set_up(args.source, args.sink))
    except EngineError as err:
        raise CommandError(str(err)) from err


async def _show() -> int:
    from prot_ros.engines.echo import system as echo_system

    found = await echo_system.find()
    if found is None:
        print('the audio server cancels no echo; `prot audio setup` makes it')
        return 1
    use = 'and it is' if found.is_default else 'but it is not'
    print(f'the audio server cancels echo: {found.source}, {use} the default microphone')
    return 0


async def _set_up(source: str, sink: str) -> int:
    from prot_ros.engines.echo import system as echo_system

    found = await echo_system.find()
    if found is not None and found.source == echo_system.SOURCE:
        print(f'nothing to do: {found.source} is there already; `prot audio setup --undo` ends it')
        return 0
    made = await echo_system.set_up(source, sink)
    assert made.module is not None
    behind = made.module.arguments
    print(
        f'loaded {echo_system.MODULE} (number {made.module.index}):\n'
        f'  {echo_system.SOURCE:<17}is {behind["source_master"]} without echo, '
        'and the default microphone\n'
        f'  {echo_system.SINK:<17}plays on {behind["sink_master"]}, '
        'and is the default loudspeaker\n'
        'use it:   prot up -p mic.echo.mode=system\n'
        'undo it:  prot audio setup --undo\n'
        'keep it:  it ends with the audio server; run it after each start, as from a systemd '
        'user\n'
        '          unit after pulseaudio.service or pipewire-pulse.service'
    )
    return 0


async def _undo() -> int:
    from prot_ros.engines.echo import system as echo_system

    gone = await echo_system.take_away()
    if gone is None:
        print('nothing to undo: no canceller of prot is loaded')
        return 0
    assert gone.module is not None
    behind = gone.module.arguments
    print(
        f'unloaded {echo_system.MODULE}; the defaults are {behind.get("source_master", "?")} and '
        f'{behind.get("sink_master", "?")} again'
    )
    return 0
