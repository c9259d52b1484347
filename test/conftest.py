# SPDX-License-Identifier: Apache-2.0
"""What every tier needs.

No test hears another robot, none uses the keys of whoever runs it, and the tests' own modules are
found.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
for variable in ('ELEVENLABS', 'ANTHROPIC', 'VOYAGE', 'OPENAI'):
    os.environ.pop(f'{variable}_API_KEY', None)
sys.path.insert(0, str(Path(__file__).resolve().parent))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know what is asked for on the command line."""
    parser.addoption(
        '--faults',
        metavar='FOLDER',
        help='keep there what came of each fault of an online service; docs/faults.md is written '
        'when nothing is missing in it',
    )
