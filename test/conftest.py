# SPDX-License-Identifier: Apache-2.0
"""What every tier needs.

No test hears another robot, none uses the keys of whoever runs it, and the tests' own modules are
found.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
for variable in ('ELEVENLABS', 'ANTHROPIC', 'VOYAGE', 'OPENAI'):
    os.environ.pop(f'{variable}_API_KEY', None)
sys.path.insert(0, str(Path(__file__).resolve().parent))
