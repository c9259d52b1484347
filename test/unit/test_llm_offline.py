# SPDX-License-Identifier: Apache-2.0
"""The offline responder as an engine, and what it tells, counts and repeats."""

import asyncio
import re

import pytest
from conversations import NOW, Conversation, pieces, talk

from prot_ros.engines.kinds import EngineError, Prompt
from prot_ros.engines.llm_offline import OfflineResponder


def test_story_lasts_a_minute_or_more_in_both_languages():
    english = talk('tell me a long story')
    assert 200 <= len(english.split()) <= 400  # 60 to 100 s at an unhurried 200 words a minute
    assert english.count('\n\n') >= 4
    korean = talk('긴 이야기 해 줘')
    assert 400 <= len(re.findall('[가-힣]', korean)) <= 700  # at about six syllables a second
    assert korean.count('\n\n') >= 4


@pytest.mark.parametrize(
    ('begin', 'stop', 'stopped', 'go_on', 'lead'),
    [
        (
            'tell me a long story',
            'stop please i want to ask something else',
            'Of course. What would you like to ask?',
            'go on',
            'I will go on. ',
        ),
        (
            '긴 이야기 하나 해 줘',
            '그만 다른 거 물어볼게요',
            '네, 물론이에요. 무엇을 물어보고 싶으세요?',
            '계속해 줘',
            '이어서 말할게요. ',
        ),
    ],
)
def test_interrupted_story_goes_on_after_other_talk(begin, stop, stopped, go_on, lead):
    conversation = Conversation()
    story = conversation.say(begin, heard=200)
    assert conversation.say(stop) == stopped
    conversation.say('where do i live')
    rest = conversation.say(go_on, heard=120)
    assert rest.startswith(lead)
    told_again = rest.removeprefix(lead)
    assert story.endswith(told_again)
    start = len(story) - len(told_again)
    assert start <= 200  # nothing is skipped
    assert story[start - 1].isspace()  # a sentence begins there
    assert story[:start].rstrip().endswith('.')
    later = conversation.say(go_on).removeprefix(lead)
    assert told_again.endswith(later)
    assert len(later) < len(told_again)
    assert conversation.say(go_on) in ('That was all of it.', '그것이 전부예요.')


def test_interrupted_count_goes_on_with_the_next_number():
    conversation = Conversation()
    assert conversation.say('count to five', heard=10) == 'One, two, three, four, five.'
    conversation.say('stop')
    assert conversation.say('go on') == 'I will go on. Three, four, five.'


@pytest.mark.parametrize(
    ('utterance', 'answer'),
    [
        ('count to two hundred', 'I count from one to one hundred, not further.'),
        ('count to zero', 'I count from one to one hundred, not further.'),
        ('다섯까지 세어 줘', '하나, 둘, 셋, 넷, 다섯.'),
        ('repeat after me the sky is blue', 'The sky is blue.'),
        ('what day is it', 'Today is Saturday, November the twenty-first, twenty twenty-six.'),
        ('지금 몇 시예요', '지금은 오후 세 시 오 분이에요.'),
        ('say that again', 'I have not said anything yet.'),
        ('go on', 'There is nothing to go on with. Say, tell me a story, if you would like one.'),
        ('', 'I did not catch that. Could you say it again?'),
        ('привет', 'I am sorry. Offline I only speak English and Korean.'),
    ],
)
def test_small_requests_are_met(utterance, answer):
    assert talk(utterance) == answer


def test_last_message_is_repeated_as_far_as_it_was_heard():
    conversation = Conversation()
    conversation.say('what time is it', heard=11)
    assert conversation.say('say that again') == 'It is three'


def test_utterance_without_letters_is_answered_in_the_language_spoken_before():
    conversation = Conversation()
    conversation.say('안녕하세요')
    assert re.search('[가-힣]', conversation.say('42'))


def test_robot_says_what_it_is():
    assert talk('who are you').startswith('I am the offline voice of this robot.')
    assert talk('누구세요').startswith('저는 이 로봇의 오프라인 목소리예요.')


def test_reply_comes_in_words_whose_concatenation_is_the_reply():
    found = asyncio.run(pieces('tell me a long story'))
    assert len(found) > 200
    assert all(len(piece.split()) == 1 for piece in found)


def test_other_tasks_run_between_words():
    async def run():
        responder = OfflineResponder()
        await responder.open()
        turns = 0

        async def other():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            task = group.create_task(other())
            words = responder.reply(Prompt('', (), (), 'tell me a long story', NOW))
            before = 0
            async for _ in words:
                before = turns
                break
            async for _ in words:
                assert turns > before
                before = turns
            task.cancel()
        await responder.close()

    asyncio.run(run())


def test_closed_iterator_says_nothing_more_and_engine_closes_twice():
    async def run():
        responder = OfflineResponder()
        await responder.close()
        await responder.open()
        words = responder.reply(Prompt('', (), (), 'tell me a long story', NOW))
        assert (await anext(words)).strip() == 'With'
        await words.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(words)
        await responder.close()
        await responder.close()
        with pytest.raises(EngineError, match='not open'):
            await anext(responder.reply(Prompt('', (), (), 'hello', NOW)))

    asyncio.run(run())


SPOKEN = (
    'hello', 'my name is alice', 'what is two plus two', 'tell me a long story', 'count to fifty',
    'what can you do', 'what day is it', 'how are you', 'thank you', 'bla bla', 'yes', 'goodbye',
    '안녕하세요', '저는 서른 살이에요', '긴 이야기 해 줘', '뭘 할 수 있어', '오늘 며칠이에요',
    '안녕히 계세요',
)  # fmt: skip


@pytest.mark.parametrize('utterance', SPOKEN)
def test_reply_can_be_spoken_as_it_is(utterance):
    said = talk(utterance)
    assert re.fullmatch(r"[A-Za-z가-힣 ,:.?!'\n-]+", said)
    assert said.endswith(('.', '?', '!'))


def test_the_family_is_told_of_and_nobody_else():
    conversation = Conversation()
    for each in ('my sister is called Bora', 'my dog is called Rex', 'my father lives in Busan'):
        conversation.say(each)
    told = conversation.say('what do you know about my family?')
    assert 'Bora' in told
    assert 'Busan' in told
    assert 'Rex' not in told
    told = conversation.say('우리 가족에 대해 뭐 알아?')
    assert '보라' in told or 'Bora' in told
    assert 'Rex' not in told
    assert 'Rex' in conversation.say('tell me about my pets')


@pytest.mark.parametrize(
    ('question', 'answer'),
    [
        ('what do you know about my family?', 'You have not told me anything about your family.'),
        ('who are my friends?', 'You have not told me anything about your friends.'),
        ('우리 가족에 대해 뭐 알아?', '가족에 대해서는 말해 주신 것이 없어요.'),
        ('내 친구들은 누구야?', '친구들에 대해서는 말해 주신 것이 없어요.'),
    ],
)
def test_of_a_circle_of_nobody_nothing_was_told(question, answer):
    assert talk(question) == answer
