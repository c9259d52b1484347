# SPDX-License-Identifier: Apache-2.0
"""A loudspeaker behind PulseAudio or PipeWire.

What is written and not heard yet lies in the server, where a busy machine does not forget to play
it, and is taken back from there: to be silent, to be heard more quietly, or after the server went
away. A server that is restarted in the middle of a reply costs a pause and no word.

Why a stream of our own, and not the program paplay behind a pipe: killing that is as quick (5 ms),
but what is in its pipe and its buffer is played as it is, so a voice is lowered late, or so little
is kept there that there are gaps. And a write into the pipe of one that has just died succeeds and
is lost. To stop it by a signal takes 36 ms. To mute it takes 5 ms, but a server may remember that
for the program's name, and a crash would leave the robot mute.

By `benchmarks/loudspeaker.py`, in milliseconds, median and 95th percentile of 30 rounds, the worse
of an idle and a busy run: silent 8 and 16 after `abort`, 7 and 23 after `hold`; lowered 15 and 19
after `duck`, its glide included; on again 10 and 20 after `resume`, which repeats 7 and 23;
`played()` is off by 0.3 and 3; no gap in a minute. With PipeWire 0.3.65, 20 rounds, the idle run:
silent 5 and 8 after `abort`, lowered 19 and 21, on again 7 and 11, `played()` off by 5 and 6.
"""

from __future__ import annotations

import asyncio
import logging
from time import monotonic

from prot_ros.engines.kinds import EngineError
from prot_ros.engines.own_thread import OwnThread
from prot_ros.engines.playback.paced import LOOK_S, PacedPlayback
from prot_ros.engines.playback.pulse_stream import PulseError, PulseStream

CONNECT_S = 5.0
"""A server that starts on demand takes about a second."""
RECONNECT_S = 8.0
"""For a server that is restarted: systemd starts it again at once, and it finds its devices."""
RETRY_S = 0.2
CLOSE_S = 3.0
SILENT_S = 0.2
"""A server that answers later than this may have stopped playing; what it plays is not counted."""
STALL_S = 4.0
"""Nothing heard for this long is a server that hangs or a device that is asleep. An idle null sink
takes up to 2 s to begin, and Bluetooth as much."""
LEAD_S = 0.3
"""For so long we may be forgotten by a busy machine, and nobody waits for it: it is taken back."""
START_DELAY_S = 0.005
"""Until it is known: from a write into silence to its being heard, as seen with both servers."""
MAX_START_DELAY_S = 1.0

_log = logging.getLogger(__name__)


class PulsePlayback(PacedPlayback):
    """Plays through the audio server's default sink, or a named one."""

    name = 'paplay'
    """As the parameter has always called what plays through an audio server."""

    def __init__(self, rate: int, device: str, latency_ms: int) -> None:
        """`latency_ms` is what the server is asked to have buffered, its sink included."""
        super().__init__(rate, lead_s=LEAD_S, start_delay_s=START_DELAY_S)
        self._device = device
        self._latency_ms = latency_ms
        self._thread: OwnThread | None = None
        self._stream: PulseStream | None = None
        self._reconnecting: asyncio.Task[None] | None = None
        self._seen = False
        """The device has told of this stream, so its beginning is no guess any more."""
        self._moved = 0
        self._moved_s = 0.0

    async def open(self) -> None:
        await self.close()
        self._thread = OwnThread('loudspeaker')
        try:
            await self._connect()
        except BaseException:
            # Also when cancelled: what the thread is still connecting is closed after it.
            await self.close()
            raise

    async def close(self) -> None:
        self._end_stream()
        thread, self._thread = self._thread, None
        stream, self._stream = self._stream, None
        task, self._reconnecting = self._reconnecting, None
        if stream is not None:
            stream.give_up()
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        if thread is None:
            return
        if not await thread.end(CLOSE_S, stream.close if stream is not None else lambda: None):
            _log.error('the loudspeaker did not close within %g s', CLOSE_S)

    async def _connect(self) -> None:
        """Replace the connection by a new one; raise EngineError when there is none to be had."""
        assert self._thread is not None
        old = self._stream
        self._stream = new = PulseStream(self.rate, self._device, self._latency_ms)

        def replace() -> None:
            if old is not None:
                old.close()
            new.connect(CONNECT_S)

        try:
            async with asyncio.timeout(CONNECT_S + CLOSE_S):
                await self._thread.run(replace)
        except (PulseError, TimeoutError) as err:
            raise self._error(str(err) or 'the audio server hangs') from err

    async def _make_ready(self, stopped: asyncio.Event) -> None:
        if self._thread is None:
            raise EngineError('the loudspeaker is not open')
        while not self._is_ready() and not stopped.is_set():
            self._take_back()
            # A task of its own: an abort ends the writing at once, and the next reply finds this
            # done or under way.
            if self._reconnecting is None:
                self._reconnecting = asyncio.create_task(self._reconnect(), name='loudspeaker')
            task = self._reconnecting
            await asyncio.wait({task}, timeout=LOOK_S)
            if task.done():
                if self._reconnecting is task:
                    self._reconnecting = None
                task.result()
        self._check_that_it_moves()

    async def _reconnect(self) -> None:
        _log.warning('the audio server has gone away; connecting again')
        deadline = monotonic() + RECONNECT_S
        while True:
            try:
                await self._connect()
            except EngineError:
                if monotonic() + RETRY_S > deadline:
                    raise
                await asyncio.sleep(RETRY_S)
            else:
                return

    def _check_that_it_moves(self) -> None:
        now = monotonic()
        played = self._clock.played(now)
        if played != self._moved or self._clock.unplayed(now) == 0:
            self._moved, self._moved_s = played, now
        elif now - self._moved_s > STALL_S:
            raise self._error(f'nothing was heard for {STALL_S:g} s, so it hangs or is suspended')

    def _is_ready(self) -> bool:
        return self._stream is not None and self._stream.usable()

    def _observe(self) -> None:
        stream = self._stream
        if stream is None or not stream.usable():
            return
        now = monotonic()
        sighting = stream.look(now)
        if sighting is None:
            if stream.silent_for(now) > SILENT_S:
                self._clock.stand_still(now)
            return
        passed = self._clock.written - max(0, sighting.queued)
        played = max(0, passed - sighting.in_sink)
        if not sighting.playing:
            if sighting.queued > 0:
                self._clock.observe(passed, now, now)
                self._clock.stand_still(now)
            elif not self._clock.moving:
                # It has run out. How much of the end its sink still holds it does not know then,
                # so this is said once, and the clock comes to the end by itself.
                self._clock.observe(played, now, now)
            return
        guessed = self._clock.heard_at(0)
        self._correct(played, sighting.at, now)
        if not self._seen:
            self._seen = True
            delay = self._start_delay_s + self._clock.heard_at(0) - guessed
            self._start_delay_s = min(MAX_START_DELAY_S, max(0.0, delay))

    def _begin_stream(self) -> None:
        super()._begin_stream()
        self._seen = False

    def _play(self, piece: bytes) -> None:
        now = monotonic()
        if self._clock.unplayed(now) == 0:
            self._moved_s = now
        self._write(piece)

    def _replace(self, pcm: bytes) -> None:
        self._write(pcm, over=True)

    def _write(self, pcm: bytes, *, over: bool = False) -> None:
        # What is not written because the server is gone is kept as unheard, and written later.
        if self._stream is not None and self._stream.usable():
            self._stream.write(pcm, over=over)

    def _progressed(self) -> None:
        pass

    def _finish(self) -> None:
        pass  # the connection waits for the next reply

    def _silence(self) -> None:
        self._seen = True  # from here on the beginning cannot be told from what came between
        if self._stream is not None and self._stream.usable():
            self._stream.flush()

    def _error(self, why: str) -> EngineError:
        where = f'sink {self._device!r}' if self._device else 'the default sink'
        return EngineError(
            f'cannot play on {where}: {why}; is an audio server running for this user? '
            '`pactl info` tells',
            retryable=True,
        )
