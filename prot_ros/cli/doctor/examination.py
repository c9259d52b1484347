# SPDX-License-Identifier: Apache-2.0
"""All that the doctor looks at, in the order in which it is told."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Sequence
from pathlib import Path

from prot_ros.cli.doctor import audio, installed
from prot_ros.cli.doctor.finding import Findings, Level, bounded

DATABASE_S = 60.0
"""A first initdb on an SD card."""
RUNNING_S = 10.0
AUDIO_S = 20.0
ENGINES_S = 120.0

Examination = dict[str, Findings]
"""Section to findings."""


async def examine(
    namespace: str, files: Sequence[Path], assignments: Sequence[str], *, online: bool = False
) -> Examination:
    """Look at everything, with `online` also at the services, which costs a few words each.

    Raises UsageError for parameters that cannot be used.
    """
    found: Examination = {'python': installed.packages(), 'programs': installed.programs()}
    missing = [name for name in installed.ROS_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        # Without these not even the nodes' parameters can be read.
        return found
    from prot_ros.cli import settings
    from prot_ros.cli.doctor import database, engines, environment, running, services

    settings.check_files(files, namespace)
    parameters = settings.effective(files, settings.overrides(assignments), namespace)
    found['engines'], found['sound'], found['memory'], now = await asyncio.gather(
        bounded('engines', engines.engines(parameters), ENGINES_S),
        bounded('audio', audio.audio(parameters['mic']), AUDIO_S, Level.DEGRADED),
        bounded('database', database.database(parameters['dialog']), DATABASE_S),
        bounded('nodes', running.running(namespace), RUNNING_S, Level.DEGRADED),
    )
    if online:
        found['online'] = await services.services(parameters)
    found['keys'] = environment.secrets()
    found['ros'] = environment.ros()
    found['nodes'] = now
    return found
