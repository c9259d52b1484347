# SPDX-License-Identifier: Apache-2.0
"""The turns themselves: what was said and answered, word by word, and the latest of it.

Everything else follows from them. Recording is safe to repeat: what is there is kept.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from asyncpg import Connection

from prot_ros.core.stamps import Stamp
from prot_ros.engines.kinds import Message
from prot_ros.memory.storable import MOST, storable

_log = logging.getLogger(__name__)

RECENT_S = 3600.0
"""Talk older than this is no longer the same conversation; its facts are remembered."""
_MOST_SOURCE = 200

# A turn whose reply came first has no words yet.
_UTTERANCE = """
WITH told AS (
    INSERT INTO turn (scope, stamp, source, utterance, speaker) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (scope, stamp) DO UPDATE
        SET source = excluded.source, utterance = excluded.utterance,
            speaker = excluded.speaker
        WHERE turn.utterance = ''
    RETURNING id
)
INSERT INTO extraction (turn, scope) SELECT id, $1 FROM told
ON CONFLICT DO NOTHING
RETURNING turn
"""
_SAME = 'SELECT utterance = $3 FROM turn WHERE scope = $1 AND stamp = $2'
_REPLY = """
INSERT INTO turn (scope, stamp, source, utterance, said, heard, cut, replied_at)
VALUES ($1, $2, '', '', $3, $4, $5, now())
ON CONFLICT (scope, stamp) DO UPDATE
    SET said = excluded.said, heard = excluded.heard, cut = excluded.cut,
        replied_at = coalesce(turn.replied_at, excluded.replied_at)
"""
# What was cut before anything was heard has been asked again, as part of a later turn.
_RECENT = """
SELECT stamp, utterance, heard, cut
FROM (SELECT * FROM turn WHERE scope = $1 ORDER BY id DESC LIMIT $2) AS latest
WHERE created_at > now() - make_interval(secs => $3) AND NOT (cut AND heard = '')
ORDER BY id
"""


def utterance(
    scope: int, turn: Stamp, text: str, source: str, speaker: str
) -> Callable[[Connection], Awaitable[bool]]:
    """Return the work of recording what the person said, which returns whether it was new.

    Raises ValueError for a turn that is no time.
    """
    words = _kept(text, turn)
    arguments = (scope, _checked(turn), storable(source, _MOST_SOURCE), words, speaker)

    async def record(connection: Connection) -> bool:
        if await connection.fetchval(_UTTERANCE, *arguments) is not None:
            return True
        if not await connection.fetchval(_SAME, scope, turn, words):
            _log.warning('turn %d was recorded with other words before; the first are kept', turn)
        return False

    return record


def reply(
    scope: int, turn: Stamp, said: str, heard: str, cut: bool
) -> Callable[[Connection], Awaitable[object]]:
    """Return the work of recording what the robot answered; raises ValueError as `utterance`."""
    arguments = (scope, _checked(turn), _kept(said, turn), _kept(heard, turn), cut)
    return lambda connection: connection.execute(_REPLY, *arguments)


async def recent(
    connection: Connection, scope: int, limit: int, most_age_s: float
) -> tuple[Message, ...]:
    """Return the latest messages exchanged, at most `limit`, oldest first."""
    messages = []
    for row in await connection.fetch(_RECENT, scope, limit, most_age_s):
        turn = Stamp(row['stamp'])
        if row['utterance']:
            messages.append(Message('user', row['utterance'], turn=turn))
        if row['heard']:
            messages.append(Message('robot', row['heard'], cut=row['cut'], turn=turn))
    latest = messages[-limit:] if limit else []
    # An answer without its question, where the limit fell between the two.
    if len(latest) < len(messages) and latest and latest[0].speaker == 'robot':
        del latest[0]
    return tuple(latest)


def _kept(text: str, turn: Stamp) -> str:
    kept = storable(text)
    if kept != text:
        _log.warning(
            'turn %d: characters that cannot be stored were taken out (%d of %d are kept, '
            'at most %d)',
            turn,
            len(kept),
            len(text),
            MOST,
        )
    return kept


def _checked(turn: Stamp) -> Stamp:
    if not 0 <= turn < 2**63:
        raise ValueError(f'a turn is {turn}, expected nanoseconds of 0 to {2**63 - 1}')
    return turn
