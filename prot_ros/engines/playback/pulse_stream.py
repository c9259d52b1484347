# SPDX-License-Identifier: Apache-2.0
"""One connection to a PulseAudio or PipeWire server, with one stream of S16 mono in it."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prot_ros.engines.playback import libpulse
from prot_ros.engines.playback.libpulse import BufferAttr, SampleSpec, TimingInfo

POLL_S = 0.002
ASK_S = 0.04
"""How often the server is asked where it is; an answer costs it some 30 microseconds."""
STALE_S = 0.25
"""An answer that may have waited this long for us to look is not worth reading."""


class PulseError(Exception):
    """The server refused, went away or is not there; the message is the library's word for it."""


@dataclass(frozen=True)
class Sighting:
    """What the server said about the stream."""

    queued: int
    """Samples that it had not passed to its sink yet."""
    in_sink: int
    """Samples that its sink had not played yet, if it was playing."""
    at: float
    """The second of `time.monotonic` at which that was so."""
    playing: bool
    """If not, it waits to begin, or has run out of samples."""


class PulseStream:
    """Lives from `connect` to `close`, in any state; those two block, all others do not.

    Both are called from one thread, one after the other; the others from any.
    """

    def __init__(self, rate: int, device: str, latency_ms: int) -> None:
        """`latency_ms` is what the server is asked to have buffered, its sink included."""
        self._rate = rate
        self._device = device
        self._latency_ms = latency_ms
        self._given_up = False
        self._pa: ctypes.CDLL | None = None
        self._mainloop: int | None = None
        self._context: int | None = None
        self._stream: int | None = None
        self._question: int | None = None
        self._asked_s = 0.0
        self._looked_s = 0.0
        self._connected = False

    def connect(self, within: float) -> None:
        """Return when it can be heard; raise PulseError when it cannot, or not within seconds."""
        deadline = time.monotonic() + within
        try:
            self._pa = pa = libpulse.load()
        except OSError as err:
            raise PulseError(f'{err}; install it with: apt install libpulse0') from err
        self._mainloop = pa.pa_threaded_mainloop_new()
        pa.pa_threaded_mainloop_start(self._mainloop)
        with self._locked():
            self._context = pa.pa_context_new(
                pa.pa_threaded_mainloop_get_api(self._mainloop), b'prot'
            )
            # Starts a server where the user's configuration says so, as any program does.
            self._must(pa.pa_context_connect(self._context, None, 0, None) >= 0)
            self._wait(lambda: self._context_state() == libpulse.CONTEXT_READY, deadline)
            spec = SampleSpec(libpulse.SAMPLE_S16LE, self._rate, 1)
            self._stream = pa.pa_stream_new(self._context, b'voice', ctypes.byref(spec), None)
            self._must(bool(self._stream))
            self._must(self._connect_stream() >= 0)
            self._wait(lambda: self._stream_state() == libpulse.STREAM_READY, deadline)
        self._connected = True

    def close(self) -> None:
        """Release it; what was not heard is not heard any more."""
        self._connected = False
        if self._pa is None or self._mainloop is None:
            return
        with self._locked():
            self._forget_question()
            if self._stream is not None:
                self._pa.pa_stream_disconnect(self._stream)
                self._pa.pa_stream_unref(self._stream)
            if self._context is not None:
                self._pa.pa_context_disconnect(self._context)
                self._pa.pa_context_unref(self._context)
        self._stream = self._context = None
        self._pa.pa_threaded_mainloop_stop(self._mainloop)
        self._pa.pa_threaded_mainloop_free(self._mainloop)
        self._mainloop = None

    def give_up(self) -> None:
        """Let a `connect` that waits end soon."""
        self._given_up = True

    def usable(self) -> bool:
        """Return whether it is connected and the server has not ended it.

        Only then may `write`, `flush` and `look` be called.
        """
        if not self._connected:
            return False
        with self._locked():
            return not self._has_failed()

    def write(self, pcm: bytes, *, over: bool = False) -> None:
        """Append audio, or write it over the end of what is there.

        What the server cannot take back any more is heard as it was.
        """
        assert self._pa is not None
        with self._locked():
            offset = -len(pcm) if over else 0
            self._pa.pa_stream_write(
                self._stream, pcm, len(pcm), None, offset, libpulse.SEEK_RELATIVE
            )

    def flush(self) -> None:
        """Be silent at once: the server takes back what its sink has not played yet."""
        assert self._pa is not None
        with self._locked():
            operation = self._pa.pa_stream_flush(self._stream, None, None)
            if operation:
                self._pa.pa_operation_unref(operation)

    def look(self, now: float) -> Sighting | None:
        """Ask the server where it is, and return its answer to the last question if that is new.

        `silent_for` tells since when it owes one.
        """
        assert self._pa is not None
        seldom = now - self._looked_s > STALE_S
        self._looked_s = now
        with self._locked():
            if self._question is None:
                if now - self._asked_s >= ASK_S:
                    self._question = self._pa.pa_stream_update_timing_info(
                        self._stream, None, None
                    )
                    self._asked_s = now
                return None
            if self._pa.pa_operation_get_state(self._question) == libpulse.OPERATION_RUNNING:
                return None
            self._forget_question()
            timing = self._pa.pa_stream_get_timing_info(self._stream)
            return self._sighting(timing.contents, now) if timing and not seldom else None

    def silent_for(self, now: float) -> float:
        """Return for how many seconds the server has owed an answer."""
        return now - self._asked_s if self._question is not None else 0.0

    def _sighting(self, timing: TimingInfo, now: float) -> Sighting | None:
        if timing.write_index_corrupt or timing.read_index_corrupt:
            return None  # until the server has answered what was asked after a flush
        age = time.time() - timing.timestamp.tv_sec - timing.timestamp.tv_usec / 1e6
        if not 0 <= age <= STALE_S:
            age = 0.0  # the clock was set meanwhile
        queued = (timing.write_index - timing.read_index) // 2
        in_sink = round(timing.sink_usec * self._rate / 1e6)
        return Sighting(queued, in_sink, now - age, bool(timing.playing))

    def _connect_stream(self) -> int:
        assert self._pa is not None
        attr = BufferAttr(
            maxlength=libpulse.DEFAULT,
            tlength=2 * self._latency_ms * self._rate // 1000,
            # Begin with the first sample. Not 0, which would let time go on without samples, and
            # drop those that come after their time.
            prebuf=2,
            minreq=libpulse.DEFAULT,
            fragsize=libpulse.DEFAULT,
        )
        device = self._device.encode() or None
        result: int = self._pa.pa_stream_connect_playback(
            self._stream, device, ctypes.byref(attr), libpulse.ADJUST_LATENCY, None, None
        )
        return result

    def _wait(self, condition: Callable[[], bool], deadline: float) -> None:
        """Wait, with the lock released in between; raise PulseError when it will never be so."""
        assert self._pa is not None
        while not condition():
            self._must(not self._has_failed())
            if self._given_up:
                raise PulseError('given up')
            if time.monotonic() > deadline:
                raise PulseError('the audio server does not answer')
            self._pa.pa_threaded_mainloop_unlock(self._mainloop)
            time.sleep(POLL_S)
            self._pa.pa_threaded_mainloop_lock(self._mainloop)

    def _must(self, true: bool) -> None:
        assert self._pa is not None
        if not true:
            error = self._pa.pa_strerror(self._pa.pa_context_errno(self._context))
            raise PulseError(error.decode(errors='replace'))

    def _context_state(self) -> int:
        assert self._pa is not None
        state: int = self._pa.pa_context_get_state(self._context)
        return state

    def _stream_state(self) -> int:
        assert self._pa is not None
        state: int = self._pa.pa_stream_get_state(self._stream)
        return state

    def _has_failed(self) -> bool:
        return self._context_state() >= libpulse.CONTEXT_FAILED or (
            self._stream is not None and self._stream_state() >= libpulse.STREAM_FAILED
        )

    def _forget_question(self) -> None:
        assert self._pa is not None
        if self._question is not None:
            self._pa.pa_operation_cancel(self._question)
            self._pa.pa_operation_unref(self._question)
            self._question = None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep the library's thread out; it is held for microseconds by either side."""
        assert self._pa is not None
        self._pa.pa_threaded_mainloop_lock(self._mainloop)
        try:
            yield
        finally:
            self._pa.pa_threaded_mainloop_unlock(self._mainloop)
