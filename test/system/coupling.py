# SPDX-License-Identifier: Apache-2.0
"""The way from the loudspeaker into the room: later, quieter, and with reflections.

The audio server does it itself, in its own clock. A program between them that comes too late once,
as programs do on a busy machine, would make the echo later from then on, which no room does.
"""

from __future__ import annotations

import json

from audio_server import AudioServer

PATHS = ((60, 0.0), (75, -9.0), (96, -12.0), (131, -15.0))
"""ms that the server is asked for, and dB: the direct sound, and what comes from the walls. The
buffers of writing and reading add some 30 ms."""


def couple(server: AudioServer, gain_db: float) -> None:
    """Let the microphone hear the loudspeaker, louder by `gain_db`, until the server ends."""
    for latency_ms, level_db in PATHS:
        module = _pactl(
            server, 'load-module', 'module-loopback', 'source=loudspeaker.monitor', 'sink=room',
            f'latency_msec={latency_ms}', 'adjust_time=0',
        )  # fmt: skip
        streams = json.loads(_pactl(server, '--format=json', 'list', 'sink-inputs'))
        (stream,) = (one['index'] for one in streams if one['owner_module'] == module.strip())
        _pactl(server, 'set-sink-input-volume', str(stream), f'{gain_db + level_db:+.1f}dB')


def _pactl(server: AudioServer, *words: str) -> str:
    done = server.run('pactl', *words)
    assert done.returncode == 0, f'pactl {" ".join(words)}: {done.stderr.decode()}'
    return done.stdout.decode()
