# SPDX-License-Identifier: Apache-2.0
"""A loudspeaker behind PulseAudio or PipeWire, through the program paplay.

One paplay stays connected, so that a reply waits neither for it nor for a device that was put to
sleep. What it has been given is bounded by our own pacing. To be silent at once it is killed: the
server forgets what it had buffered for a client that is gone, where a drain or a flush would let
it play on.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil

from prot_ros.engines.kinds import EngineError
from prot_ros.engines.paplay_process import PaplayError, PaplayProcess
from prot_ros.engines.playback_paced import PacedPlayback


class PaplayPlayback(PacedPlayback):
    """Plays through the audio server's default sink, or a named one."""

    name = 'paplay'

    def __init__(self, rate: int, device: str, latency_ms: int) -> None:
        """`latency_ms` is what the server is asked to buffer; it is also what it plays late."""
        super().__init__(rate, start_delay_s=latency_ms / 1000)
        self._device = device
        self._options = [
            '--client-name=prot',
            f'--rate={rate}',
            f'--latency-msec={latency_ms}',
            *([f'--device={device}'] if device else []),
        ]
        self._player: PaplayProcess | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._opened = False
        # A write after an abort may come while the aborted one still connects or lets go.
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        if shutil.which('paplay') is None:
            raise EngineError(
                'the program paplay is not on PATH; install it with: apt install pulseaudio-utils'
            )
        self._opened = True
        try:
            async with self._turn:
                await self._connected_player(self._stopped)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        self._opened = False
        await self.abort()
        # A write that was aborted while it started a process lets go by now.
        async with self._turn:
            await self._kill()

    async def _play(self, piece: bytes) -> None:
        stopped = self._stopped
        async with self._turn:
            for last_try in (False, True):
                player = await self._connected_player(stopped)
                if stopped.is_set():
                    return
                try:
                    await player.write(piece)
                except PaplayError as err:
                    ended = player.ended
                    await self._kill()
                    # Between two replies it may have ended unseen; see `_connected_player`.
                    if last_try or not ended or self._clock.written:
                        raise self._error(err) from err
                else:
                    return

    def _progressed(self) -> None:
        pass

    async def _finish(self) -> None:
        pass  # the same paplay waits for the next reply

    async def _cut(self) -> None:
        await self._kill()
        await self._stop_connecting()
        if self._opened:
            # The next one connects while nobody waits for it.
            self._connecting = asyncio.create_task(self._connect(), name='paplay')

    async def _connect(self) -> None:
        # If it cannot, that is for the next write to tell.
        with contextlib.suppress(EngineError):
            async with self._turn:
                await self._connected_player(asyncio.Event())

    async def _stop_connecting(self) -> None:
        task, self._connecting = self._connecting, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _kill(self) -> None:
        player, self._player = self._player, None
        if player is not None:
            await player.kill()

    async def _connected_player(self, stopped: asyncio.Event) -> PaplayProcess:
        """Return a paplay that can be heard, a new one where there is none.

        A server that was restarted between two replies has ended the one there was. That is no
        reason to lose a reply; in the middle of one it is, for nobody heard what it held.
        """
        if not self._opened:
            raise EngineError('paplay is not open')
        if self._player is not None and self._player.ended and not self._clock.written:
            await self._kill()
        try:
            if self._player is None:
                self._player = await PaplayProcess.start(self._options)
            player = self._player
            # An abort finds and kills what waits here, but not what was only being started.
            if not stopped.is_set():
                await player.connect()
        except OSError as err:
            raise EngineError(f'cannot start paplay: {err.strerror}') from err
        except PaplayError as err:
            await self._kill()
            raise self._error(err) from err
        return player

    def _error(self, err: PaplayError) -> EngineError:
        where = f'sink {self._device!r}' if self._device else 'the default sink'
        return EngineError(
            f'paplay cannot play on {where}: {err}; is an audio server running for this user? '
            '`pactl info` tells',
            retryable=True,
        )
