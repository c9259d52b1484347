# SPDX-License-Identifier: Apache-2.0
"""A process that has released everything ends, also where Fast DDS does not let go of it.

The interpreter destroys ROS's nodes last, and with the last one Fast DDS's participant. If that
is hearing at this very moment that somebody else leaves, as when all nodes of a robot are ended at
once, it waits for ever, at 100 % of a core: `DomainParticipant::set_listener` holds the lock that
its own callback waits for (Fast DDS issue 6513, open; seen with 3.2 in the wheels of rclpy 9.1.2).
It happens inside a call that holds the interpreter, so no Python thread and no signal handler of
Python's could end it. A timer of the C library can.
"""

from __future__ import annotations

import ctypes

SECONDS = 3.0
"""Destroying takes 0.1 s, 1 s on a machine that does much else. All has to be over in 5 s."""

_MONOTONIC = 1
"""CLOCK_MONOTONIC."""
_THREAD = 2
"""SIGEV_THREAD: the timer calls a function, in a thread of its own."""


class _Event(ctypes.Structure):
    """`struct sigevent`, 64 bytes on every 64-bit Linux."""

    _fields_ = (
        ('value', ctypes.c_void_p),
        ('signal', ctypes.c_int),
        ('notify', ctypes.c_int),
        ('function', ctypes.c_void_p),
        ('attributes', ctypes.c_void_p),
        ('rest', ctypes.c_byte * 32),
    )


class _Times(ctypes.Structure):
    """`struct itimerspec`."""

    _fields_ = (
        ('interval_s', ctypes.c_long),
        ('interval_ns', ctypes.c_long),
        ('first_s', ctypes.c_long),
        ('first_ns', ctypes.c_long),
    )


def end_within(seconds: float, code: int) -> None:
    """Let this process end with `code` after so many seconds, whatever it is doing then.

    To be called when nothing is left to be released or written. Cannot be taken back. Raises
    OSError where the system has no timer left.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    # `_exit` runs no handlers: those of C++ would wait for the same lock.
    exit_now = ctypes.cast(libc._exit, ctypes.c_void_p)
    event = _Event(value=code, notify=_THREAD, function=exit_now)
    timer = ctypes.c_void_p()
    whole, rest = divmod(seconds, 1)
    times = _Times(first_s=int(whole), first_ns=int(rest * 1e9))
    if libc.timer_create(_MONOTONIC, ctypes.byref(event), ctypes.byref(timer)) or (
        libc.timer_settime(timer, 0, ctypes.byref(times), None)
    ):
        number = ctypes.get_errno()
        raise OSError(number, 'a timer for the end of the process cannot be set')
