# SPDX-License-Identifier: Apache-2.0
"""The database that the dialog would use: reachable, which version, and with pgvector?"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import asyncpg

from prot_ros.cli.doctor.finding import Finding, Findings, Level
from prot_ros.engines.kinds import EngineError
from prot_ros.memory.database import CONNECT_S, describe, refusal
from prot_ros.memory.in_time import where
from prot_ros.memory.server.cluster import Cluster
from prot_ros.memory.server.folders import data_folder
from prot_ros.memory.server.postgres import EmbeddedPostgres

NAME = 'database'
OLDEST = 15
_EXTENSION = """
SELECT default_version FROM pg_available_extensions WHERE name = 'vector'
"""
VECTOR_FIX = 'install pgvector on the server, or unset PROT_DATABASE_URL'


async def database(dialog: Any) -> Findings:
    """Connect as the dialog would; an embedded server is started for it, and stopped again."""
    try:
        place = where(dialog.database)
        if place.kind == 'none':
            lack = 'none, as the parameter says: nothing is remembered'
            return [Finding(NAME, Level.DEGRADED, lack, 'set dialog.database to auto')]
        if place.url is not None:
            return [await _look(place.url, f'{describe(place.url)} ({place.why})')]
        return [await _embedded(data_folder(dialog.data_folder), place.why)]
    except EngineError as err:
        return [Finding(NAME, Level.FAILED, str(err), 'mend that, or set dialog.database: none')]


async def _embedded(folder: Path, why: str) -> Finding:
    if Cluster(folder).data.exists():
        async with EmbeddedPostgres(folder) as server:
            return await _look(server.url, f'embedded in {folder} ({why})')
    # The doctor changes nothing: what would be made there is tried elsewhere.
    with tempfile.TemporaryDirectory(prefix='prot-doctor-') as name:
        os.chmod(name, 0o711)  # noqa: S103 - PostgreSQL may run as another user in it
        async with EmbeddedPostgres(Path(name)) as server:
            return await _look(
                server.url, f'embedded ({why}), tried in an empty folder; will be made in {folder}'
            )


async def _look(url: str, words: str) -> Finding:
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_S)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as e:
        raise refusal(e, url) from None
    try:
        major = connection.get_server_version().major
        version = await connection.fetchval('SHOW server_version', timeout=CONNECT_S)
        vector = await connection.fetchval(_EXTENSION, timeout=CONNECT_S)
    finally:
        await connection.close(timeout=CONNECT_S)
    detail = f'{words}: PostgreSQL {version}'
    if vector is None:
        return Finding(NAME, Level.FAILED, f'{detail}, without pgvector', VECTOR_FIX)
    if major < OLDEST:
        fix = f'upgrade the server to PostgreSQL {OLDEST} or later'
        return Finding(NAME, Level.FAILED, f'{detail} is too old', fix)
    return Finding(NAME, Level.OK, f'{detail}, pgvector {vector}')
