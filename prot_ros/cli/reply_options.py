# SPDX-License-Identifier: Apache-2.0
"""The options of `say` and `hear` that are about what comes back."""

from __future__ import annotations

from prot_ros.cli.arguments import CommandParser, seconds

WAIT_S = 60.0


def add_wait(parser: CommandParser, meaning: str) -> None:
    """Add --wait and --timeout."""
    parser.add_argument('--wait', action='store_true', help=meaning)
    parser.add_argument(
        '--timeout',
        type=seconds(0.1, 3600),
        default=WAIT_S,
        metavar='S',
        help=f'with --wait: give up after so many seconds (default: {WAIT_S:g})',
    )
