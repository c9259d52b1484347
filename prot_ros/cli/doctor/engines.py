# SPDX-License-Identifier: Apache-2.0
"""Which engine each node would use with these parameters, found out by opening it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

from prot_ros.cli.doctor.finding import Finding, Findings, Level, bounded
from prot_ros.engines import selection, selection_online
from prot_ros.engines.failover import failover
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.selection_embedder import embedder

OPEN_S = 30.0
"""A speech model from an SD card."""
NO_MICROPHONE = (
    'connect one and see `arecord -l`, or start an audio server (pulseaudio --start); until then '
    'type with `prot talk`'
)
NO_LOUDSPEAKER = 'start an audio server: pulseaudio --start, or PipeWire; `pactl info` shows it'

SENTENCE = 'My sister lives in Busan and has a small dog.'


async def engines(parameters: Mapping[str, Any]) -> Findings:
    """Open what each node would open, one after the other, and close it again."""
    looks: list[tuple[str, Callable[[Any], Awaitable[Finding]]]] = [
        ('mic', _microphone),
        ('vad', _voice_activity),
        ('stt', _recognizer),
        ('dialog', _responder),
        ('embeddings', _embedder),
        ('tts', _synthesizer),
        ('speaker', _playback),
    ]
    found: Findings = []
    for node, look in looks:
        settings = parameters['dialog' if node == 'embeddings' else node]
        found += await bounded(node, _guarded(node, look, settings), OPEN_S)
    return found


async def _guarded(
    node: str, look: Callable[[Any], Awaitable[Finding]], settings: Any
) -> Findings:
    try:
        return [await look(settings)]
    except EngineError as err:
        return [Finding(node, Level.FAILED, str(err), 'mend that, or choose another engine')]
    except ImportError as err:
        return [Finding(node, Level.FAILED, str(err), 'install what is missing, see above')]


async def _microphone(settings: Any) -> Finding:
    choice = await selection.microphone(settings)
    if choice.engine.name == 'none' and settings.engine == 'auto':
        return Finding('mic', Level.DEGRADED, _words('microphone', choice), NO_MICROPHONE)
    return Finding('mic', Level.OK, _words('microphone', choice))


async def _voice_activity(settings: Any) -> Finding:
    choice = selection.voice_activity(settings, 16000)
    choice.engine.probability(bytes(640))
    return Finding('vad', Level.OK, _words('voice activity', choice))


async def _recognizer(settings: Any) -> Finding:
    return await _released('stt', 'speech recogniser', await selection_online.recognizer(settings))


async def _responder(settings: Any) -> Finding:
    return await _released('dialog', 'language model', await selection_online.responder(settings))


async def _synthesizer(settings: Any) -> Finding:
    return await _released('tts', 'voice', await selection_online.synthesizer(settings))


async def _embedder(settings: Any) -> Finding:
    choice = await embedder(settings)
    if isinstance(choice.engine, failover.Failover):  # to ask it costs, which `--online` does
        return await _released('embeddings', 'embeddings', choice)
    try:
        began = monotonic()
        await choice.engine.embed([SENTENCE])
        took_ms = 1000 * (monotonic() - began)
    finally:
        await choice.engine.close()
    work = f'{choice.engine.dimensions} dimensions, {took_ms:.1f} ms for a sentence'
    return Finding('embeddings', Level.OK, f'{_words("embeddings", choice)}, {work}')


async def _released(name: str, kind: str, choice: selection.Choice[Any]) -> Finding:
    """Close what was opened; what only its stand-in can do is degraded."""
    trouble = failover.concern(choice.engine)
    await choice.engine.close()
    if trouble:
        return Finding(name, Level.DEGRADED, trouble, 'mend that, or choose another engine')
    return Finding(name, Level.OK, _words(kind, choice))


async def _playback(settings: Any) -> Finding:
    if settings.engine == 'wav':
        # Opening it would begin the file anew.
        return _file(settings.file)
    choice = await selection.playback(settings)
    if choice.engine.name == 'null' and settings.engine == 'auto':
        return Finding('speaker', Level.DEGRADED, _words('loudspeaker', choice), NO_LOUDSPEAKER)
    return Finding('speaker', Level.OK, _words('loudspeaker', choice))


def _file(name: str) -> Finding:
    if name and Path(name).expanduser().absolute().parent.is_dir():
        return Finding('speaker', Level.OK, f'loudspeaker: the file {name}')
    raise EngineError(f'the file {name!r} of the loudspeaker cannot be made')


def _words(kind: str, choice: selection.Choice[Any]) -> str:
    return choice.sentence(kind)
