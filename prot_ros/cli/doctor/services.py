# SPDX-License-Identifier: Apache-2.0
"""The online services, each asked for the smallest thing that shows key, account and settings.

This is the one part of the doctor that costs anything: a few words of speech and of text.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from time import monotonic
from typing import Any

from prot_ros.cli.doctor.finding import Finding, Findings, Level, bounded
from prot_ros.engines import selection, selection_embedder, selection_online
from prot_ros.engines.failover.failover import Failover
from prot_ros.engines.kinds import EngineError

ASK_S = 30.0
WORDS = {'ko': '안녕하세요.'}
GREETING = 'Hello.'
OTHERWISE = 'mend that, or choose the offline engine'

Select = Callable[[Any], Awaitable[selection.Choice[Any]]]
Ask = Callable[[Any, Any], Awaitable[str]]
"""Takes an engine and its node's parameters; returns what it has shown."""


async def services(parameters: Mapping[str, Any]) -> Findings:
    """Ask each service that the nodes would use, one after the other."""
    asked: list[tuple[str, str, Select, Ask]] = [
        ('stt', 'stt', selection_online.recognizer, _recognizer),
        ('dialog', 'dialog', selection_online.responder, _responder),
        ('embeddings', 'dialog', selection_embedder.embedder, _embedder),
        ('tts', 'tts', selection_online.synthesizer, _synthesizer),
    ]
    found: Findings = []
    for name, node, select, ask in asked:
        look = _look(name, parameters[node], select, ask)
        found += await bounded(name, look, ASK_S, Level.DEGRADED)
    return found


async def _look(name: str, settings: Any, select: Select, ask: Ask) -> Findings:
    try:
        async with _opened(settings, select) as choice:
            engine = choice.engine
            if not isinstance(engine, Failover):
                detail = f'{engine.name} is no online service ({choice.why})'
                return [Finding(name, Level.NOTE, detail)]
            return [await _asked(name, engine, settings, ask)]
    except EngineError as err:
        return [Finding(name, Level.FAILED, str(err), OTHERWISE)]


@asynccontextmanager
async def _opened(settings: Any, select: Select) -> AsyncIterator[selection.Choice[Any]]:
    choice = await select(settings)
    try:
        yield choice
    finally:
        await choice.engine.close()


async def _asked(name: str, engine: Failover[Any], settings: Any, ask: Ask) -> Finding:
    began = monotonic()
    try:
        if engine.degraded:  # it could not even be opened
            raise EngineError(engine.failure)
        shown = await ask(engine.online, settings)
    except EngineError as err:
        # Without a stand-in the node has nothing; embeddings are done without.
        nothing_left = engine.offline is None and name != 'embeddings'
        level = Level.FAILED if nothing_left else Level.DEGRADED
        return Finding(name, level, f'{engine.name}: {err}', OTHERWISE)
    took_ms = 1000 * (monotonic() - began)
    return Finding(name, Level.OK, f'{engine.name} {shown} ({took_ms:.0f} ms)')


async def _recognizer(engine: Any, settings: Any) -> str:
    await engine.probe()
    return 'takes the key and listens'


async def _responder(engine: Any, settings: Any) -> str:
    await engine.check()
    return f'takes the key and answers, with the model {settings.model}'


async def _embedder(engine: Any, settings: Any) -> str:
    await engine.embed([GREETING])
    return f'takes the key and gives vectors of {engine.dimensions} dimensions'


async def _synthesizer(engine: Any, settings: Any) -> str:
    language = settings.elevenlabs_language or 'en'
    samples = 0
    async with aclosing(engine.speak(WORDS.get(language, GREETING), language)) as pieces:
        async for pcm in pieces:
            samples += len(pcm) // 2
    if not samples:
        raise EngineError('it takes the key and gives no sound: try another elevenlabs.voice')
    return f'takes the key and speaks, {samples / engine.rate:.1f} s for {GREETING!r}'
