# SPDX-License-Identifier: Apache-2.0
"""What every tier needs: no test hears another robot, and the test's own modules are found."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
sys.path.insert(0, str(Path(__file__).resolve().parent))
