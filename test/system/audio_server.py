# SPDX-License-Identifier: Apache-2.0
"""A real PulseAudio server of a test's own: a loudspeaker, a room, and nothing of the machine's.

The loudspeaker is a null sink, whose monitor is what would be heard. The room is another; its
monitor is the default source, so what is played into the room is what a microphone hears.

Neither takes anything back that it has begun to play, as many real ones do: its monitor is
exactly what was heard, where another's shows also what was taken back within its last step. And
each works in steps of 50 ms at most, where others take 2 s to notice that they should play: what
is said into the room would be heard so much later.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

RATE = 16000


class AudioServer:
    """Starts in `__enter__`, has ended and left nothing after `__exit__`."""

    def __init__(self) -> None:
        # Not tmp_path: a socket's path has to be shorter than 108 characters.
        self._folder = tempfile.TemporaryDirectory(prefix='prot-audio-')
        self.folder = Path(self._folder.name)
        self.socket = self.folder / 'native'
        self._process: subprocess.Popen[bytes] | None = None
        self._shared_before = self._shared()

    @staticmethod
    def _shared() -> set[str]:
        return {name for name in os.listdir('/dev/shm') if name.startswith('pulse-shm')}

    @property
    def environment(self) -> dict[str, str]:
        """What a client must have in its environment to use this server and no other."""
        alsa = self.folder / 'alsa.conf'
        alsa.write_text(
            '</usr/share/alsa/alsa.conf>\n'
            'pcm.!default { type pulse }\nctl.!default { type pulse }\n'
        )
        return {
            'PULSE_SERVER': f'unix:{self.socket}',
            'PULSE_COOKIE': str(self.folder / 'cookie'),
            'XDG_RUNTIME_DIR': str(self.folder),
            'ALSA_CONFIG_PATH': str(alsa),
        }

    def __enter__(self) -> AudioServer:
        self.start()
        return self

    def start(self) -> None:
        """Start it, again after `stop`; return when it answers."""
        script = self.folder / 'server.pa'
        script.write_text(
            f'load-module module-native-protocol-unix auth-anonymous=1 socket={self.socket}\n'
            'load-module module-null-sink sink_name=loudspeaker rate=24000 channels=1 '
            'norewinds=1\n'
            f'load-module module-null-sink sink_name=room rate={RATE} channels=1 norewinds=1\n'
            'set-default-sink loudspeaker\n'
            'set-default-source room.monitor\n'
        )
        with (self.folder / 'log').open('wb') as log:
            self._process = subprocess.Popen(
                [
                    'pulseaudio', '-n', '--daemonize=no', '--exit-idle-time=-1',
                    '--use-pid-file=no',
                    '--disable-shm=yes', '--log-target=stderr', f'--file={script}',
                ],
                env={**os.environ, **self.environment, 'HOME': str(self.folder)},
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + 10
        while self.run('pactl', 'info').returncode != 0:
            log = (self.folder / 'log').read_text()
            assert self._process.poll() is None, f'pulseaudio ended: {log}'
            assert time.monotonic() < deadline, f'pulseaudio does not answer: {log}'

    def __exit__(self, *exc: object) -> None:
        self.stop()
        self._folder.cleanup()
        left = self._shared() - self._shared_before
        assert left == set(), f'left in shared memory: {left}'

    def stop(self) -> None:
        """End the server, as a crash of it would."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)  # it may be hanging
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def hang(self) -> None:
        """Let the server answer nobody, until `resume`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let the server go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def run(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        """Run a client of this server."""
        environment = {**os.environ, **self.environment}
        return subprocess.run(command, env=environment, capture_output=True, timeout=30)

    @property
    def pid(self) -> int:
        """The server's process, while it runs."""
        assert self._process is not None
        return self._process.pid

    def play(self, pcm: bytes, rate: int = RATE, device: str = 'room') -> subprocess.Popen[bytes]:
        """Let somebody speak in the room, or another sink play; returns at once."""
        sound = self.folder / f'voice-{time.monotonic_ns()}'
        sound.write_bytes(pcm)
        with sound.open('rb') as source:
            return subprocess.Popen(
                ['paplay', '--raw', '--format=s16le', '--channels=1', f'--rate={rate}',
                 f'--device={device}'],
                stdin=source, env={**os.environ, **self.environment},
            )  # fmt: skip

    def record(self, source: str = 'loudspeaker.monitor', rate: int = RATE) -> Recorder:
        """Record what a sink plays."""
        return Recorder(self, source, rate)


class Recorder:
    """Records S16 mono from a source, with the time at which it began."""

    def __init__(self, server: AudioServer, source: str, rate: int) -> None:
        self.rate = rate
        self._path = server.folder / f'recording-{time.monotonic_ns()}'
        with self._path.open('wb') as file:
            self._process = subprocess.Popen(
                ['parec', '--raw', '--format=s16le', '--channels=1', f'--rate={rate}',
                 '--latency-msec=10', f'--device={source}'],
                stdout=file, env={**os.environ, **server.environment},
            )  # fmt: skip
        deadline = time.monotonic() + 10
        while not self._path.stat().st_size:
            assert time.monotonic() < deadline, 'parec records nothing'
        self.began = time.monotonic() - len(self.pcm()) / 2 / rate

    def pcm(self) -> bytes:
        """Return what has been recorded so far."""
        data = self._path.read_bytes()
        return data[: len(data) // 2 * 2]

    def stop(self) -> bytes:
        """End the recording and return it."""
        self._process.terminate()
        self._process.wait(5)
        return self.pcm()
