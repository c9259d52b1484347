# SPDX-License-Identifier: Apache-2.0
"""The short form of the campaign of interruptions; `make campaign` runs a thousand."""

from __future__ import annotations

import sys
from pathlib import Path

from running_graph import RunningGraph

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'campaign'))
from interruptions import Campaign, report

ROUNDS = 6


def test_a05_a23_interruptions_at_every_boundary_leave_nothing_stale_and_lose_nothing(tmp_path):
    with RunningGraph(tmp_path) as robot:
        rounds = Campaign(robot, seed=24).run(ROUNDS, restarts=False)
    assert not any(each.problems for each in rounds), report(rounds)
