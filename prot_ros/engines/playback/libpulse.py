# SPDX-License-Identifier: Apache-2.0
"""The C library of PulseAudio, which PipeWire's server is spoken to with, too: what we use of it.

Every program with sound on such a machine has it loaded, paplay and PortAudio among them. Reached
by ctypes, because no Python package on PyPI that is kept up offers playing with the two things
that barge-in is about: writing over what was written and is not heard yet, and the sample that is
being heard (pulsectl 24.12 has volumes and lists, pasimple 0.0 blocking writes, and libpulse 0.7
cancels the task that opened it when the server goes).

No function of Python is ever called from C here: states and answers are asked for, so the
library's own thread never waits for the interpreter. Reference:
https://freedesktop.org/software/pulseaudio/doxygen/.
"""

from __future__ import annotations

import ctypes
from ctypes import c_char_p, c_int, c_int64, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p
from functools import cache

SAMPLE_S16LE = 3
SEEK_RELATIVE = 0
ADJUST_LATENCY = 0x2000
"""Let the sink's own buffer be part of the latency that is asked for."""
CONTEXT_READY, CONTEXT_FAILED = 4, 5
STREAM_READY, STREAM_FAILED = 2, 3
OPERATION_RUNNING = 0
DEFAULT = 0xFFFFFFFF
"""In buffer metrics: what the server thinks best."""


class SampleSpec(ctypes.Structure):
    """pa_sample_spec."""

    _fields_ = (('format', c_int), ('rate', c_uint32), ('channels', c_uint8))


class BufferAttr(ctypes.Structure):
    """pa_buffer_attr, in bytes."""

    _fields_ = tuple(
        (name, c_uint32) for name in ('maxlength', 'tlength', 'prebuf', 'minreq', 'fragsize')
    )


class TimeVal(ctypes.Structure):
    """struct timeval."""

    _fields_ = (('tv_sec', ctypes.c_long), ('tv_usec', ctypes.c_long))


class TimingInfo(ctypes.Structure):
    """pa_timing_info: indexes are in bytes of the stream."""

    _fields_ = (
        *(('timestamp', TimeVal), ('synchronized_clocks', c_int), ('sink_usec', c_uint64)),
        *(('source_usec', c_uint64), ('transport_usec', c_uint64), ('playing', c_int)),
        *(('write_index_corrupt', c_int), ('write_index', c_int64)),
        *(('read_index_corrupt', c_int), ('read_index', c_int64)),
        *(('configured_sink_usec', c_uint64), ('configured_source_usec', c_uint64)),
        ('since_underrun', c_int64),
    )


_P = c_void_p
_SIGNATURES: dict[str, tuple[object, tuple[object, ...]]] = {
    'pa_strerror': (c_char_p, (c_int,)),
    'pa_threaded_mainloop_new': (_P, ()),
    'pa_threaded_mainloop_start': (c_int, (_P,)),
    'pa_threaded_mainloop_stop': (None, (_P,)),
    'pa_threaded_mainloop_free': (None, (_P,)),
    'pa_threaded_mainloop_lock': (None, (_P,)),
    'pa_threaded_mainloop_unlock': (None, (_P,)),
    'pa_threaded_mainloop_get_api': (_P, (_P,)),
    'pa_context_new': (_P, (_P, c_char_p)),
    'pa_context_connect': (c_int, (_P, c_char_p, c_int, _P)),
    'pa_context_disconnect': (None, (_P,)),
    'pa_context_unref': (None, (_P,)),
    'pa_context_errno': (c_int, (_P,)),
    'pa_context_get_state': (c_int, (_P,)),
    'pa_stream_new': (_P, (_P, c_char_p, ctypes.POINTER(SampleSpec), _P)),
    'pa_stream_connect_playback': (
        c_int,
        (_P, c_char_p, ctypes.POINTER(BufferAttr), c_int, _P, _P),
    ),
    'pa_stream_disconnect': (c_int, (_P,)),
    'pa_stream_unref': (None, (_P,)),
    'pa_stream_get_state': (c_int, (_P,)),
    'pa_stream_write': (c_int, (_P, c_char_p, c_size_t, _P, c_int64, c_int)),
    'pa_stream_flush': (_P, (_P, _P, _P)),
    'pa_stream_update_timing_info': (_P, (_P, _P, _P)),
    'pa_stream_get_timing_info': (ctypes.POINTER(TimingInfo), (_P,)),
    'pa_operation_get_state': (c_int, (_P,)),
    'pa_operation_cancel': (None, (_P,)),
    'pa_operation_unref': (None, (_P,)),
}


@cache
def load() -> ctypes.CDLL:
    """Return the library with its functions declared; raise OSError where it is not installed."""
    library = ctypes.CDLL('libpulse.so.0')
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
