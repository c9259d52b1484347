# SPDX-License-Identifier: Apache-2.0
"""Which engine runs of the kinds that are had online and offline.

`auto` takes the online one where its key is in the environment, with the offline one behind it;
else the offline one alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic

from prot_ros.engines import keys
from prot_ros.engines.elevenlabs.scribe_request import ScribeRequest
from prot_ros.engines.elevenlabs.voice_settings import VoiceSetting
from prot_ros.engines.failover.recognizer import FailoverRecognizer
from prot_ros.engines.failover.responder import FailoverResponder
from prot_ros.engines.failover.synthesizer import FailoverSynthesizer
from prot_ros.engines.kinds import EngineError, Log, Recognizer, Responder, Summarizer, Synthesizer
from prot_ros.engines.phrase_cache import PhraseCache
from prot_ros.engines.selection import AS_ASKED, BEST, Choice, E, made
from prot_ros.engines.selection_settings import (
    OnlineSettings,
    RecognizerSettings,
    ResponderSettings,
    SynthesizerSettings,
)
from prot_ros.engines.tools import Tool

RECOGNIZERS = ('elevenlabs', 'pocketsphinx')
RESPONDERS = ('claude', 'offline')
VOICES_ONLINE = ('elevenlabs', 'elevenlabs_http')
SYNTHESIZERS = (*VOICES_ONLINE, 'offline')
OFFLINE_KNOWS = ('auto', 'en', 'eng')
"""What may be spoken where PocketSphinx listens. In another language it would hear English words
that nobody has said."""


async def recognizer(
    settings: RecognizerSettings,
    log: Log | None = None,
    wish: Callable[[], ScribeRequest] | None = None,
) -> Choice[Recognizer]:
    """Choose a speech recogniser; it is returned open. `wish` is asked at each utterance."""

    def offline() -> Recognizer:
        from prot_ros.engines.pocketsphinx.recognizer import PocketSphinxRecognizer

        return PocketSphinxRecognizer()

    def online(name: str, key: str) -> Recognizer:
        from prot_ros.engines.elevenlabs.recognizer import ElevenLabsRecognizer, Keeping

        keeping = Keeping(warm=settings.keep_warm, rest_s=settings.rest_s)
        return ElevenLabsRecognizer(
            key, wish or (lambda: settings.scribe), settings.limits, keeping
        )

    def failover(online: Recognizer, offline: Recognizer | None) -> Recognizer:
        ears = FailoverRecognizer(online, offline, settings.limits, settings.circuit, log=log)
        ears.stands_in = lambda: (wish() if wish else settings.scribe).language in OFFLINE_KNOWS
        return ears

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
        from prot_ros.engines.claude import selection as selection_claude

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
        from prot_ros.engines.claude import selection as selection_claude

        return selection_claude.summarizer(settings, key)

    try:
        engine = made('claude', make)
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
        from prot_ros.engines.voices.offline import OfflineSynthesizer

        return OfflineSynthesizer(settings.rate, settings.voice)

    def online(name: str, key: str) -> Synthesizer:
        from prot_ros.engines.elevenlabs.voice_choice import elevenlabs_voice

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
    engine = made(kind.offline, lambda name: kind.make_offline())
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
    online = await asyncio.to_thread(made, name, lambda name: make_online(name, key))
    offline = None
    if settings.online_stand_in:
        offline = made(kind.offline, lambda name: kind.make_offline())
    engine = kind.failover(online, offline)
    await engine.open()
    why = AS_ASKED if asked else f'{kind.key_variable} is set'
    then = f'{kind.offline} stands in' if offline is not None else 'nothing stands in'
    return Choice(engine, f'{why}; {then} while it fails')
