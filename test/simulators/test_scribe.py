# SPDX-License-Identifier: Apache-2.0
"""ElevenLabs' realtime speech-to-text in a conversation, against the simulated service."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from scribe_checks import RATE, heard, noise, push, run, service
from utterances import spoken
from waiting import until

from prot_ros.core.survival import Limits
from prot_ros.engines.elevenlabs.recognizer import ElevenLabsRecognizer
from prot_ros.engines.elevenlabs.scribe_request import (
    NAMES_LENGTH,
    ScribeRequest,
    expected,
    split_keyterms,
)
from prot_ros.engines.elevenlabs.scribe_sessions import Keeping
from prot_ros.engines.kinds import EngineError
from prot_ros.simulators.behaviour import Behaviour, Fault, Plan
from prot_ros.simulators.scribe import ScribeSimulator
from prot_ros.simulators.scribe_session import Habits


def test_spoken_sentences_are_understood_over_one_socket():
    async def scenario():
        async with ScribeSimulator() as sim:
            recognizer = ElevenLabsRecognizer(
                'key', lambda: ScribeRequest(sim.url), Limits(first_response_s=20.0)
            )
            await recognizer.open()
            for sentence in ('hello robot', 'what time is it'):
                assert await heard(recognizer, spoken(sentence)) == sentence
            assert len(sim.sessions) == 1
            await recognizer.close()

    run(scenario)


@pytest.mark.parametrize('text', ['What time is it?', '지금 몇 시예요?', 'naïve 👋 ok'])
def test_the_answer_to_the_commit_is_the_text(text):
    async def scenario():
        async with service([text]) as (_, recognizer):
            assert await heard(recognizer, noise(1.0)) == text

    run(scenario)


def test_all_audio_arrives_once_and_the_commit_rides_on_the_last_of_it():
    async def scenario():
        async with service(['one two three']) as (sim, recognizer):
            sound = noise(1.23)
            await heard(recognizer, sound)
            (session,) = sim.sessions
            assert bytes(session.audio) == sound
            assert 0 < session.commits[0] <= 2 * RATE // 20

    run(scenario)


def test_the_hypothesis_grows_while_audio_comes():
    async def scenario():
        async with service(['one two three four']) as (_, recognizer):
            recognition = recognizer.start()
            seen: list[str] = []
            while 'one two three' not in seen:
                seen += await push(recognition, noise(0.02))
                await asyncio.sleep(0.001)
            assert list(dict.fromkeys(seen)) == ['', 'one', 'one two', 'one two three']
            assert await recognition.finish() == 'one two three four'

    run(scenario)


@pytest.mark.parametrize('length_s', [0.02, 0.1, 0.29, 0.34])
def test_trap_7_a_short_utterance_is_padded_to_what_can_be_committed(length_s):
    async def scenario():
        async with service(['yes', 'no']) as (sim, recognizer):
            assert await heard(recognizer, noise(length_s)) == 'yes'
            assert await heard(recognizer, noise(length_s)) == 'no'
            assert len(sim.sessions) == 1

    run(scenario)


def test_an_utterance_without_audio_has_no_words_and_costs_no_commit():
    async def scenario():
        async with service(['unheard']) as (sim, recognizer):
            assert await heard(recognizer, b'') == ''
            assert [list(session.commits) for session in sim.sessions] == [[]]

    run(scenario)


@pytest.mark.parametrize('text', ['', '...', ' ', '?!'])
def test_punctuation_alone_is_no_word(text):
    async def scenario():
        async with service([text]) as (_, recognizer):
            assert await heard(recognizer, noise(0.5)) == ''

    run(scenario)


def test_trap_7_stale_hypotheses_never_show_up_in_the_next_utterance():
    async def scenario():
        habits = Habits(repeat_s=0.01)
        async with service(['hello my robot', 'what else'], habits=habits) as (sim, recognizer):
            assert await heard(recognizer, noise(1.0)) == 'hello my robot'
            recognition = recognizer.start()
            said = sim.sessions[0].said
            seen = []
            # Long enough for several copies, too short for a word of its own.
            while sim.sessions[0].said < said + 5:
                seen += await push(recognition, noise(0.02))
                await asyncio.sleep(0.01)
            assert set(seen) == {''}
            while seen[-1] != 'what':
                seen += await push(recognition, noise(0.02))
                await asyncio.sleep(0.001)
            assert set(seen) == {'', 'what'}
            assert await recognition.finish() == 'what else'

    run(scenario)


@pytest.mark.parametrize('fault', [Fault.DUPLICATE, Fault.WRONG_ORDER])
def test_trap_7_duplicates_and_late_hypotheses_change_no_utterance(fault):
    async def scenario():
        texts = ['one two', 'three', 'three', 'four five six', '네', '네', 'seven']
        plan = Plan(Behaviour(fault))
        async with service(texts, plan) as (sim, recognizer):
            assert [await heard(recognizer, noise(0.5)) for _ in texts] == texts
            assert len(sim.sessions) == 1

    run(scenario)


def test_the_same_words_again_are_heard_again():
    async def scenario():
        async with service(['yes', 'yes', 'yes', 'no']) as (_, recognizer):
            said = [await heard(recognizer, noise(0.5)) for _ in range(4)]
            assert said == ['yes', 'yes', 'yes', 'no']

    run(scenario)


def test_trap_7_what_the_service_commits_by_itself_belongs_to_the_utterance():
    async def scenario():
        texts = ['the long beginning', 'and the end', 'next']
        async with service(texts) as (sim, recognizer):
            assert await heard(recognizer, noise(95)) == 'the long beginning and the end'
            assert await heard(recognizer, noise(1)) == 'next'
            assert len(sim.sessions) == 1

    run(scenario)


def test_a_given_up_utterance_leaves_no_words_to_the_next_one():
    async def scenario():
        async with service(['never said']) as (sim, recognizer):
            recognition = recognizer.start()
            await push(recognition, noise(1.0))
            await until(lambda: sim.sessions and sim.sessions[0].audio)
            await recognition.close()
            assert await recognition.push(noise(0.1)) == ''
            assert await recognition.finish() == ''
            sound = noise(0.5, 1)
            await heard(recognizer, sound)
            assert len(sim.sessions) == 2
            assert bytes(sim.sessions[1].audio) == sound

    run(scenario)


def test_a_second_start_gives_up_the_first():
    async def scenario():
        async with service(['hello']) as (_, recognizer):
            first = recognizer.start()
            await push(first, noise(0.5))
            assert await heard(recognizer, noise(0.5)) == 'hello'
            assert await first.push(noise(0.1)) == ''
            assert await first.finish() == ''
            await first.close()
            await first.close()

    run(scenario)


def test_trap_7_an_idle_session_is_kept_alive_by_empty_chunks():
    async def scenario():
        habits = Habits(idle_s=0.6)
        async with service(['one', 'two'], habits=habits, keeping=Keeping(keep_alive_s=0.05)) as (
            sim,
            recognizer,
        ):
            assert await heard(recognizer, noise(0.5)) == 'one'
            await until(lambda: list(sim.sessions[0].chunks)[-14:] == [0] * 14)
            assert await heard(recognizer, noise(0.5)) == 'two'
            assert len(sim.sessions) == 1

    run(scenario)


def test_a_session_is_closed_when_the_conversation_rests():
    async def scenario():
        async with service(['one', 'two'], keeping=Keeping(rest_s=0.05)) as (sim, recognizer):
            assert await heard(recognizer, noise(0.5)) == 'one'
            await until(lambda: not sim.sessions[0].open)
            assert sim.sessions[0].close_code == 1000
            assert await heard(recognizer, noise(0.5)) == 'two'

    run(scenario)


def test_no_session_is_kept_where_that_is_not_wanted():
    async def scenario():
        async with service(['one', 'two'], keeping=Keeping(warm=False)) as (sim, recognizer):
            assert await heard(recognizer, noise(0.5)) == 'one'
            await until(lambda: not sim.sessions[0].open)
            assert await heard(recognizer, noise(0.5)) == 'two'
            assert len(sim.sessions) == 2

    run(scenario)


def test_an_old_session_is_replaced_between_utterances_before_the_next_one():
    async def scenario():
        keeping = Keeping(rotate_s=0.2)
        async with service(['one', 'two'], keeping=keeping) as (sim, recognizer):
            recognition = recognizer.start()
            await push(recognition, noise(0.5))
            await until(lambda: sim.sessions)
            born = asyncio.get_running_loop().time()
            await until(lambda: asyncio.get_running_loop().time() > born + 0.2)
            assert await recognition.finish() == 'one'
            await until(lambda: len(sim.sessions) == 2 and not sim.sessions[0].open)
            assert await heard(recognizer, noise(0.5)) == 'two'
            assert list(sim.sessions[1].texts) == ['two']

    run(scenario)


def test_the_language_can_be_changed_from_one_utterance_to_the_next():
    async def scenario():
        wishes = [ScribeRequest()]
        async with service(['one', '둘', 'three'], wishes=wishes) as (sim, recognizer):
            await heard(recognizer, noise(0.5))
            wishes.append(ScribeRequest(language='ko', keyterms=('로봇', 'Anna')))
            assert await heard(recognizer, noise(0.5)) == '둘'
            wishes.append(ScribeRequest())
            await heard(recognizer, noise(0.5))
            asked = [dict(handshake.query) for handshake in sim.handshakes]
            assert 'language_code' not in asked[0]
            assert asked[1]['language_code'] == ['ko']
            assert asked[1]['keyterms'] == ['로봇', 'Anna']
            assert 'language_code' not in asked[2]
            await until(lambda: [s.open for s in sim.sessions] == [False, False, True])

    run(scenario)


@pytest.mark.parametrize(
    ('wish', 'complaint'),
    [
        ({'language': 'ko-KR'}, "language is 'ko-KR', expected auto or a code of ISO 639"),
        ({'language': 'Korean'}, 'language is'),
        ({'keyterms': ('x' * 21,)}, 'of 21 characters, expected at most 20'),
        (
            {'keyterms': tuple(f'term{i}' for i in range(51))},
            'keyterms has 51 terms, expected at most',
        ),
        ({'model': ''}, 'elevenlabs.model is empty'),
    ],
)
def test_a_wish_that_the_service_would_refuse_is_refused_at_once(wish, complaint):
    with pytest.raises(EngineError, match=complaint):
        ScribeRequest(**wish)


@pytest.mark.parametrize('url', ['', 'api.elevenlabs.io', 'ftp://x', 'wss://'])
def test_a_url_that_is_none_is_refused(url):
    with pytest.raises(EngineError, match=r'elevenlabs\.url is'):
        ScribeRequest(url)


@pytest.mark.parametrize('url', ['https://one.example/', 'wss://one.example'])
def test_the_url_of_a_session_is_that_of_the_protocol(url):
    assert ScribeRequest(url, language='ko', keyterms=('a b', '김')).socket_url == (
        'wss://one.example/v1/speech-to-text/realtime?model_id=scribe_v2_realtime'
        '&audio_format=pcm_16000&commit_strategy=manual&language_code=ko'
        '&keyterms=a+b&keyterms=%EA%B9%80'
    )


def test_names_are_expected_after_ones_own_words_as_far_as_the_service_takes_them():
    assert expected(('Prot',), ('Jisu', 'prot', 'a' * 21, ' ', 'Min  Kim', 'jisu')) == (
        'Jisu', 'Min Kim'
    )  # fmt: skip
    many = expected(('prot',), (f'name{number}' for number in range(80)))
    assert (len(many), many[-1]) == (49, 'name48')


@pytest.mark.parametrize('name', ['\ud800', 'a\x00b', 'a\u200bb', '\x1b[2J', '...', '🤖', '&=#'])
def test_what_is_no_name_is_not_expected_whoever_said_it(name):
    assert expected((), (name, 'Jisu')) == ('Jisu',)


def test_what_looks_like_a_part_of_the_url_is_a_name_like_others():
    request = ScribeRequest(names=expected((), ('a&model_id=x', '%00', 'b#c')))
    query = parse_qs(urlsplit(request.socket_url).query)
    assert query['model_id'] == ['scribe_v2_realtime']
    assert query['keyterms'] == ['a&model_id=x', '%00', 'b#c']


def test_names_in_any_script_leave_the_request_line_as_short_as_servers_want_it():
    async def scenario():
        names = expected((), (f'{number:02} {chr(0xAC00 + number) * 17}' for number in range(50)))
        request = ScribeRequest('ws://127.0.0.1:1', names=names)
        assert 15 < len(names) < 50
        assert len(request.socket_url) < NAMES_LENGTH + 500
        async with ScribeSimulator(texts=['one']) as sim:
            recognizer = ElevenLabsRecognizer('key', lambda: replace(request, url=sim.url))
            await recognizer.open()
            assert await heard(recognizer, noise(1.0)) == 'one'
            assert sim.handshakes[-1].query['keyterms'] == list(names)
            await recognizer.close()

    run(scenario)


def test_names_that_the_service_refuses_cost_nobody_their_hearing():
    async def scenario():
        habits = Habits(refused_terms=('Rude',))
        wish = ScribeRequest(keyterms=('prot',), names=('Rude', 'Jisu'))
        async with ScribeSimulator(texts=['one', 'two', 'three'], habits=habits) as sim:
            recognizer = ElevenLabsRecognizer('key', lambda: replace(wish, url=sim.url))
            await recognizer.open()
            assert await heard(recognizer, noise(1.0)) == 'one'
            assert await heard(recognizer, noise(1.0)) == 'two'
            asked = [handshake.query['keyterms'] for handshake in sim.handshakes]
            assert asked == [['prot', 'Rude', 'Jisu'], ['prot']], 'and are not tried again'
            assert recognizer.status()['names refused'] is True
            wish = replace(wish, names=('Jisu',))
            assert await heard(recognizer, noise(1.0)) == 'three'
            assert sim.handshakes[-1].query['keyterms'] == ['prot', 'Jisu']
            assert recognizer.status()['names refused'] is False
            await recognizer.close()

    run(scenario)


def test_what_is_refused_without_names_too_is_not_their_fault():
    async def scenario():
        async with ScribeSimulator(texts=['one'], key='another') as sim:
            wish = ScribeRequest(sim.url, names=('Jisu',))
            recognizer = ElevenLabsRecognizer('key', lambda: wish)
            await recognizer.open()
            with pytest.raises(EngineError, match='set ELEVENLABS_API_KEY'):
                await heard(recognizer, noise(1.0))
            assert recognizer.status()['names refused'] is False
            await recognizer.close()

    run(scenario)


def test_keyterms_are_separated_by_commas():
    assert split_keyterms(' prot,  Mina  Kim ,, 로봇,prot') == ('prot', 'Mina Kim', '로봇')
    assert split_keyterms('') == ()
