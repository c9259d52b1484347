# SPDX-License-Identifier: Apache-2.0
"""Keeps what PortAudio's libraries print on stderr away from it while devices are looked for.

On every healthy machine PortAudio tries dozens of ALSA names that no device has and a JACK server
that does not run, and each library prints a line about each: 80 lines that look like errors. Both
let a program take their messages. Redirecting stderr itself would do as well, but would swallow
what other threads have to say at that moment.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

# Kept for the life of the process: a library may still hold them when it is unloaded. What they
# are called with beyond these arguments (ALSA's has a format and its values) is left unread.
_IGNORE_ALSA = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)(lambda *_: None)
_IGNORE_JACK = ctypes.CFUNCTYPE(None, ctypes.c_char_p)(lambda _: None)

_SETTERS: tuple[tuple[str, str, Any], ...] = (
    ('libasound.so.2', 'snd_lib_error_set_handler', _IGNORE_ALSA),
    ('libjack.so.0', 'jack_set_error_function', _IGNORE_JACK),
    ('libjack.so.0', 'jack_set_info_function', _IGNORE_JACK),
)


@contextmanager
def silenced() -> Iterator[None]:
    """Silence ALSA and JACK within; afterwards they print again, for then it is news."""
    with ExitStack() as restore:
        for library, name, ignore in _SETTERS:
            setter = _setter(library, name)
            if setter is not None:
                setter(ignore)
                restore.callback(setter, None)
        yield


def _setter(library: str, name: str) -> Callable[[Any], object] | None:
    """Return the function, or None where PortAudio was built without that library."""
    try:
        # RTLD_NOLOAD: only what PortAudio has loaded already can print.
        function = getattr(ctypes.CDLL(library, mode=os.RTLD_NOLOAD | os.RTLD_LAZY), name)
    except (OSError, AttributeError):
        return None
    function.argtypes = [ctypes.c_void_p]
    function.restype = ctypes.c_int if name.startswith('snd_') else None
    return lambda handler: function(ctypes.cast(handler, ctypes.c_void_p) if handler else None)
