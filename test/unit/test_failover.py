# SPDX-License-Identifier: Apache-2.0
"""How an offline engine stands in for an online one, and when the online one comes back."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from random import Random
from typing import Any

import pytest
from scripted_engines import (
    HANG,
    PROMPT,
    RATE,
    ScriptedRecognizer,
    ScriptedResponder,
    ScriptedSynthesizer,
    away,
)

from prot_ros.core.circuit import CircuitLimits
from prot_ros.core.stamps import Stamp
from prot_ros.core.survival import Limits
from prot_ros.engines.failover.recognizer import FailoverRecognizer
from prot_ros.engines.failover.responder import FailoverResponder
from prot_ros.engines.failover.synthesizer import FailoverSynthesizer
from prot_ros.engines.kinds import BrokenOff, EngineError, Mark

LIMITS = Limits(connect_s=0.05, first_response_s=0.1, stall_s=0.1, retries=1)
CIRCUIT = CircuitLimits(failures=2, rest_s=0.04, rest_most_s=0.04, refused_s=60.0)
KEY = EngineError('the key is refused: set SOME_API_KEY to a valid one')
TURN = Stamp(7)


class Diary:
    """A log that is kept."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def info(self, message: str) -> None:
        self.lines.append(('info', message))

    def warning(self, message: str) -> None:
        self.lines.append(('warning', message))

    def error(self, message: str) -> None:
        self.lines.append(('error', message))


def responder(*scripts: Any, offline: Any = ('offline',), **kwargs: Any) -> FailoverResponder:
    stand_in = ScriptedResponder('offline', offline) if offline is not None else None
    online = ScriptedResponder('online', *scripts, opens=kwargs.pop('opens', ()))
    return FailoverResponder(online, stand_in, LIMITS, CIRCUIT, random=Random(1), **kwargs)


async def said(mind: FailoverResponder) -> str:
    return ''.join([piece async for piece in mind.reply(PROMPT)])


async def rested(engine: Any) -> None:
    """Wait until the circuit would let a probe through."""
    circuit = engine._circuit
    await asyncio.sleep(max(0.0, circuit.retry_at - asyncio.get_running_loop().time()) + 0.001)


# --- language model --------------------------------------------------------------------------


def test_an_online_reply_is_passed_on_piece_by_piece():
    async def scenario() -> None:
        mind = responder(['How ', 'are you?'])
        await mind.open()
        assert [piece async for piece in mind.reply(PROMPT)] == ['How ', 'are you?']
        assert mind.status()['engine'] == 'online'
        assert mind.concern() == ''
        await mind.close()
        assert not mind.online.is_open
        assert not mind.offline.is_open

    asyncio.run(scenario())


def test_a_failure_before_the_first_piece_is_tried_again():
    async def scenario() -> None:
        mind = responder([away()], ['online'])
        await mind.open()
        assert await said(mind) == 'online'
        assert mind.online.requests == 2
        assert mind.fallbacks == 0

    asyncio.run(scenario())


def test_when_the_tries_are_used_up_the_offline_engine_answers_the_same_turn():
    async def scenario() -> None:
        mind = responder([away()])
        await mind.open()
        assert await said(mind) == 'offline'
        assert mind.online.requests == 2
        assert mind.fallbacks == 1
        assert mind.online.under_way == 0

    asyncio.run(scenario())


def test_silence_is_waited_for_no_longer_than_the_limits_together_and_not_tried_again():
    async def scenario() -> None:
        mind = responder([HANG])
        await mind.open()
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await said(mind) == 'offline'
        assert 0.14 <= loop.time() - began < 0.5
        assert mind.online.requests == 1
        assert mind.online.under_way == 0
        assert 'gave nothing within 0.15 s' in mind.failure

    asyncio.run(scenario())


def test_an_open_circuit_costs_no_time_and_a_probe_brings_the_service_back():
    async def scenario() -> None:
        diary = Diary()
        mind = responder([away()], log=diary)
        await mind.open()
        for _ in range(2):
            assert await said(mind) == 'offline'
        asked = mind.online.requests
        assert await said(mind) == 'offline'
        assert mind.online.requests == asked
        assert 'offline stands in for online: the service is away' in mind.concern()
        assert mind.status()['engine'] == 'offline'
        assert mind.status()['circuit'] == 'open'
        mind.online.scripts.append(['back'])
        mind.online.scripts.popleft()
        await rested(mind)
        assert mind.status()['online tried again'] == 'with the next request'
        assert await said(mind) == 'back'
        assert mind.concern() == ''
        assert diary.lines == [
            ('warning', 'language model: offline stands in for online: the service is away'),
            ('info', 'language model: online is back'),
        ]

    asyncio.run(scenario())


def test_a_probe_is_a_real_turn_which_is_not_lost():
    async def scenario() -> None:
        mind = responder([away()])
        await mind.open()
        for _ in range(2):
            await said(mind)
        asked = mind.online.requests
        await rested(mind)
        assert await said(mind) == 'offline'
        assert mind.online.requests == asked + 1, 'one try: somebody is waiting'
        assert mind.status()['circuit'] == 'open'

    asyncio.run(scenario())


def test_what_a_person_must_mend_is_said_once_and_rests_the_service_at_once():
    async def scenario() -> None:
        diary = Diary()
        mind = responder([KEY], log=diary)
        await mind.open()
        for _ in range(3):
            assert await said(mind) == 'offline'
        assert mind.online.requests == 1
        assert 'set SOME_API_KEY' in mind.concern()
        assert diary.lines == [
            ('error', f'language model: offline stands in for online: {KEY}'),
        ]
        assert float(str(mind.status()['online tried again']).split()[1]) >= 29

    asyncio.run(scenario())


def test_a_service_that_asks_for_a_long_rest_gets_it():
    async def scenario() -> None:
        busy = EngineError('too many requests', retryable=True, retry_after_s=40.0)
        mind = responder([busy])
        await mind.open()
        assert await said(mind) == 'offline'
        assert mind.online.requests == 1
        assert mind.status()['online tried again'] == 'in 40 s'

    asyncio.run(scenario())


def test_a_service_that_asks_for_a_short_rest_is_tried_again_after_it():
    async def scenario() -> None:
        busy = EngineError('too many requests', retryable=True, retry_after_s=0.02)
        mind = responder([busy], ['online'])
        await mind.open()
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await said(mind) == 'online'
        assert loop.time() - began >= 0.02

    asyncio.run(scenario())


def test_a_reply_whose_service_dies_in_the_middle_is_broken_off_and_not_answered_twice():
    async def scenario() -> None:
        mind = responder(['Once upon ', away()])
        await mind.open()
        pieces = mind.reply(PROMPT)
        assert await anext(pieces) == 'Once upon '
        with pytest.raises(BrokenOff) as caught:
            await anext(pieces)
        assert caught.value.reason == 'failure'
        assert mind.online.requests == 1
        assert mind.offline.requests == 0
        with pytest.raises(BrokenOff):
            await said(mind)
        # Replies that die opened it, though each had begun.
        assert mind.status()['circuit'] == 'open'

    asyncio.run(scenario())


def test_a_model_that_declines_has_not_failed():
    async def scenario() -> None:
        mind = responder(['Well, ', BrokenOff('refusal', 'it declines')])
        await mind.open()
        for _ in range(3):
            with pytest.raises(BrokenOff, match='declines'):
                await said(mind)
        assert mind.status()['circuit'] == 'closed'
        assert mind.fallbacks == 0

    asyncio.run(scenario())


def test_an_interruption_is_no_failure_and_leaves_nothing_under_way():
    async def scenario() -> None:
        mind = responder(['one ', HANG])
        await mind.open()
        for _ in range(3):
            async with aclosing(mind.reply(PROMPT)) as pieces:
                assert await anext(pieces) == 'one '
            assert mind.online.under_way == 0
        mind.online.begun.clear()
        reading = asyncio.ensure_future(said(mind))
        await mind.online.begun.wait()
        reading.cancel()
        await asyncio.wait({reading})
        assert reading.cancelled()
        assert mind.online.under_way == 0
        assert mind.status()['circuit'] == 'closed'

    asyncio.run(scenario())


def test_an_interrupted_probe_lets_the_next_turn_probe():
    async def scenario() -> None:
        mind = responder([KEY], [HANG], ['back'])
        await mind.open()
        await said(mind)
        mind._circuit.retry_at = 0.0
        mind.online.begun.clear()
        reading = asyncio.ensure_future(said(mind))
        await mind.online.begun.wait()
        assert mind.status()['circuit'] == 'half open'
        reading.cancel()
        await asyncio.wait({reading})
        assert await said(mind) == 'back'

    asyncio.run(scenario())


def test_without_a_stand_in_the_error_is_the_services():
    async def scenario() -> None:
        mind = responder([KEY], offline=None)
        await mind.open()
        for _ in range(2):
            with pytest.raises(EngineError, match='set SOME_API_KEY'):
                await said(mind)
        assert 'nothing can stand in' in mind.concern()

    asyncio.run(scenario())


def test_a_service_that_is_away_at_the_start_is_opened_by_a_later_turn():
    async def scenario() -> None:
        mind = responder(['online'], opens=[away()])
        mind.probe_s = 0.05
        await mind.open()
        assert mind.status()['circuit'] == 'open'
        assert await said(mind) == 'offline'
        await rested(mind)
        assert await said(mind) == 'online'

    asyncio.run(scenario())


def test_both_engines_away_at_the_start_is_an_error_that_names_both():
    async def scenario() -> None:
        mind = responder(['online'], opens=[KEY])
        mind.offline.opens.append(EngineError('the program flite is not installed'))
        with pytest.raises(EngineError, match=r'SOME_API_KEY.*flite'):
            await mind.open()

    asyncio.run(scenario())


def test_after_a_person_has_mended_it_the_next_turn_goes_there():
    async def scenario() -> None:
        mind = responder([KEY], ['online'])
        await mind.open()
        assert await said(mind) == 'offline'
        mind.mended()
        assert await said(mind) == 'online'

    asyncio.run(scenario())


# --- voice -----------------------------------------------------------------------------------

SECOND = bytes(2 * RATE)
TEXT = 'Hello there, my friend.'


def voice(*scripts: Any, rate: int = RATE) -> FailoverSynthesizer:
    return FailoverSynthesizer(
        ScriptedSynthesizer('online', *scripts),
        ScriptedSynthesizer('offline', [bytes(2 * rate)], rate=rate),
        LIMITS,
        CIRCUIT,
        random=Random(1),
    )


async def spoken(mouth: FailoverSynthesizer, turn: Stamp = TURN) -> tuple[float, list[Mark]]:
    marks: list[Mark] = []
    pcm = b''
    async for piece in mouth.speak(TEXT, 'en', turn=turn, on_marks=marks.extend):
        pcm += piece
    return len(pcm) / 2 / RATE, marks


def test_a_voice_that_dies_in_the_middle_is_followed_by_another_with_the_rest():
    async def scenario() -> None:
        mouth = voice([Mark(6, 500.0), Mark(13, 1500.0), SECOND, away()])
        await mouth.open()
        seconds, marks = await spoken(mouth)
        assert seconds == 2.0
        assert mouth.offline.spoken == ['there, my friend.']
        assert marks == [Mark(6, 500.0), Mark(13, 1500.0)]

    asyncio.run(scenario())


def test_marks_of_the_stand_in_are_those_of_the_whole_sentence():
    async def scenario() -> None:
        mouth = voice([Mark(6, 900.0), SECOND, away()])
        mouth.offline.scripts[0] = [Mark(5, 300.0), SECOND]
        await mouth.open()
        _, marks = await spoken(mouth)
        assert marks == [Mark(6, 900.0), Mark(11, 1300.0)]

    asyncio.run(scenario())


def test_a_sentence_that_was_given_out_to_its_last_word_is_not_repeated():
    async def scenario() -> None:
        mouth = voice([Mark(len(TEXT), 900.0), SECOND, away()])
        await mouth.open()
        seconds, _ = await spoken(mouth)
        assert seconds == 1.0
        assert mouth.offline.spoken == []

    asyncio.run(scenario())


def test_marks_of_a_try_that_came_to_nothing_are_not_told():
    async def scenario() -> None:
        mouth = voice([Mark(3, 10.0), away()], [Mark(6, 500.0), SECOND])
        await mouth.open()
        assert await spoken(mouth) == (1.0, [Mark(6, 500.0)])

    asyncio.run(scenario())


def test_a_turn_that_has_changed_its_voice_keeps_it():
    async def scenario() -> None:
        mouth = voice([away()], [away()], [SECOND])
        await mouth.open()
        await spoken(mouth)
        await spoken(mouth)
        assert mouth.online.requests == 2
        assert len(mouth.offline.spoken) == 2
        await spoken(mouth, Stamp(8))
        assert mouth.online.requests == 3
        assert len(mouth.offline.spoken) == 2

    asyncio.run(scenario())


def test_a_stand_in_with_another_rate_is_resampled():
    async def scenario() -> None:
        mouth = voice([away()], rate=22_050)
        await mouth.open()
        seconds, _ = await spoken(mouth)
        assert seconds == pytest.approx(1.0, abs=0.001)

    asyncio.run(scenario())


# --- ears ------------------------------------------------------------------------------------

FRAMES = [bytes([number, 0] * 320) for number in range(1, 11)]


def ears(*scripts: Any, offline: Any = ('', 'offline'), rate: int = RATE) -> FailoverRecognizer:
    stand_in = ScriptedRecognizer('offline', offline, rate=rate) if offline is not None else None
    online = ScriptedRecognizer('online', *scripts)
    return FailoverRecognizer(online, stand_in, LIMITS, CIRCUIT, random=Random(1))


async def understood(listener: FailoverRecognizer) -> str:
    recognition = listener.start()
    try:
        for frame in FRAMES:
            await recognition.push(frame)
        return await recognition.finish()
    finally:
        await recognition.close()


@pytest.mark.parametrize(
    'script',
    [[away(), ''], ['a', 'a b', away(), ''], ['a', 'a b', away()]],
    ids=['at the first', 'in the middle', 'at the end'],
)
def test_wherever_a_session_breaks_another_one_gets_all_of_the_utterance(script):
    async def scenario() -> None:
        listener = ears(script, ['a', 'a b c'])
        await listener.open()
        assert await understood(listener) == 'a b c'
        assert listener.online.heard[-1] == b''.join(FRAMES)
        assert listener.online.closed == 2
        assert listener.status()['circuit'] == 'closed'

    asyncio.run(scenario())


@pytest.mark.parametrize(
    'script',
    [[away(), ''], ['a', 'a b', away(), ''], ['a', 'a b', away()], [KEY, ''], ['a', KEY]],
)
def test_a_service_that_goes_on_breaking_costs_no_word(script):
    async def scenario() -> None:
        listener = ears(script)
        await listener.open()
        assert await understood(listener) == 'offline'
        assert listener.offline.heard == [b''.join(FRAMES)]
        assert listener.fallbacks == 1
        assert listener.online.closed == listener.online.requests

    asyncio.run(scenario())


def test_a_transcript_that_never_comes_is_waited_for_no_longer_than_the_limits_together():
    async def scenario() -> None:
        listener = ears(['a', HANG])
        await listener.open()
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await understood(listener) == 'offline'
        assert loop.time() - began < 0.5

    asyncio.run(scenario())


def test_utterances_go_straight_to_the_stand_in_while_the_service_is_left_alone():
    async def scenario() -> None:
        listener = ears([KEY, ''], ['', 'back'])
        await listener.open()
        assert await understood(listener) == 'offline'
        assert await understood(listener) == 'offline'
        assert listener.online.requests == 1
        listener._circuit.retry_at = 0.0
        assert await understood(listener) == 'back'
        assert listener.concern() == ''

    asyncio.run(scenario())


def test_an_utterance_that_is_given_up_tells_nothing_of_the_service():
    async def scenario() -> None:
        listener = ears([KEY, ''], ['', 'back'])
        await listener.open()
        await understood(listener)
        listener._circuit.retry_at = 0.0
        recognition = listener.start()
        await recognition.push(FRAMES[0])
        await recognition.close()
        await recognition.close()
        assert await recognition.push(FRAMES[0]) == ''
        assert await recognition.finish() == ''
        assert await understood(listener) == 'back'

    asyncio.run(scenario())


def test_an_utterance_without_sound_needs_no_session():
    async def scenario() -> None:
        listener = ears(['', 'words'])
        await listener.open()
        recognition = listener.start()
        assert await recognition.finish() == ''
        assert listener.online.requests == 0

    asyncio.run(scenario())


def test_a_stand_in_with_another_rate_hears_all_of_it():
    async def scenario() -> None:
        listener = ears([KEY, ''], rate=8_000)
        await listener.open()
        assert await understood(listener) == 'offline'
        assert len(listener.offline.heard[0]) == len(b''.join(FRAMES)) // 2

    asyncio.run(scenario())


def test_what_is_kept_of_an_utterance_is_bounded(monkeypatch):
    async def scenario() -> None:
        monkeypatch.setattr('prot_ros.engines.failover.recognizer.KEPT_S', 0.1)
        listener = ears(['', away()])
        await listener.open()
        recognition = listener.start()
        for frame in FRAMES:
            await recognition.push(frame)
        assert await recognition.finish() == 'offline'
        assert listener.offline.heard == [b''.join(FRAMES[5:])]
        assert recognition.forgotten == 5 * 640
        await recognition.close()

    asyncio.run(scenario())


def test_without_a_stand_in_a_broken_utterance_is_an_error():
    async def scenario() -> None:
        listener = ears([KEY, ''], offline=None)
        await listener.open()
        with pytest.raises(EngineError, match='set SOME_API_KEY'):
            await understood(listener)

    asyncio.run(scenario())


def test_a_stand_in_that_knows_another_language_invents_no_words():
    async def scenario() -> None:
        listener = ears([KEY, ''])
        await listener.open()
        listener.stands_in = lambda: False
        with pytest.raises(EngineError, match='set SOME_API_KEY'):
            await understood(listener)
        assert listener.offline.requests == 0
        assert 'offline knows another language' in listener.concern()
        listener.stands_in = lambda: True
        assert await understood(listener) == 'offline'

    asyncio.run(scenario())
