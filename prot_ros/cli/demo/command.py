# SPDX-License-Identifier: Apache-2.0
"""`prot demo`: the whole graph, a user's voice, a conversation, a recording and a judgement."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from prot_ros.cli.arguments import CommandParser

EXAMPLES = """\
prot demo                    run it twice: the second time she is known
prot demo --online           through simulated online services
prot demo --fresh            with nothing remembered
prot demo --audible          hear the robot, through the loudspeaker
prot demo --wav talk.wav --voice slt"""
WAV = 'prot-demo.wav'
VOICE = 'rms'
TERMINATED = 128 + 15
"""As a shell says it of a process that SIGTERM ended."""


def parser() -> CommandParser:
    """Return the command's arguments."""
    parser = CommandParser(
        'demo',
        "Hold a whole spoken conversation: each node in a process of its own, the user's voice\n"
        'from a synthesiser into the microphone, a real database. Nothing leaves this machine,\n'
        'and no key is used: with --online the services are simulated, as by `prot sim`.\n'
        'The exit code is 0 only if every expectation held.',
        EXAMPLES,
    )
    parser.add_argument(
        '--wav',
        type=Path,
        default=Path(WAV),
        metavar='FILE',
        help=f'the recording, user left and robot right (default: ./{WAV})',
    )
    parser.add_argument(
        '--voice',
        default=VOICE,
        metavar='NAME',
        help=f'the voice of the user, one of `flite -lv` (default: {VOICE}, which is understood '
        'best)',
    )
    parser.add_argument(
        '--online',
        action='store_true',
        help='converse by the online engines, with simulated services that speak their protocols',
    )
    parser.add_argument(
        '--audible', action='store_true', help='let the robot be heard, through paplay'
    )
    parser.add_argument(
        '--data',
        default='',
        metavar='FOLDER',
        help="where the memories of the demo are (default: demo in the user's data folder)",
    )
    parser.add_argument(
        '--fresh', action='store_true', help='forget earlier conversations of the demo first'
    )
    parser.add_argument(
        '--logs', type=Path, metavar='FOLDER', help='keep the logs of the nodes in this folder'
    )
    return parser


def run(args: argparse.Namespace) -> int:
    """Hold the conversation; return 0 if all expectations held."""
    from prot_ros.cli.demo.performance import perform
    from prot_ros.cli.screen import Screen

    screen = Screen(sys.stdout)
    try:
        return asyncio.run(perform(args, screen))
    except KeyboardInterrupt:
        screen.line('Ended by Ctrl-C; nothing is left running.')
        raise
    except asyncio.CancelledError:
        screen.line('Ended by SIGTERM; nothing is left running.')
        return TERMINATED
