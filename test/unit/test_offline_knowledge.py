# SPDX-License-Identifier: Apache-2.0
"""What the offline responder says from what it was told, over one conversation or two."""

import asyncio

import pytest
from conversations import Conversation, pieces, talk

from prot_ros.core.offline.facts_told import facts_told


def test_second_conversation_begins_with_the_name_and_the_place():
    first = Conversation()
    assert first.say('hello').startswith('Hello. I do not know you yet.')
    assert first.say('my name is alice and i live in seoul') == (
        'Nice to meet you, Alice. I will remember that you live in Seoul.'
    )
    assert first.say('goodbye') == 'Goodbye, Alice. It was good to talk with you.'
    second = first.again()
    assert second.say('hello') == (
        'Hello Alice, good to hear you again. You live in Seoul, as I remember.'
    )
    assert second.say('where do i live') == 'You live in Seoul.'
    assert second.say('my name is alice') == 'Yes, Alice, I know you.'


def test_second_conversation_in_korean_begins_with_the_name_and_the_place():
    first = Conversation()
    assert first.say('안녕하세요').startswith('안녕하세요. 처음')
    assert first.say('제 이름은 민수고 서울에 살아요') == (
        '만나서 반가워요, 민수 님. 서울에 사시는군요. 기억할게요.'
    )
    second = first.again()
    assert second.say('안녕') == (
        '안녕하세요, 민수 님. 다시 만나서 반가워요. 제가 기억하기로는 서울에 사세요.'
    )
    assert second.say('제가 어디 살아요') == '서울에 사세요.'


def test_what_was_told_is_known_while_memory_is_still_late():
    conversation = Conversation(remembers=False)
    conversation.say('my name is alice and i live in seoul')
    assert conversation.say('where do i live') == 'You live in Seoul.'
    conversation.say('i live in busan')
    assert conversation.say('where do i live') == 'You live in Busan.'


def test_fact_told_in_one_language_answers_in_the_other():
    conversation = Conversation()
    conversation.say('제 이름은 민수고 서울에 살아요')
    assert conversation.say('where do i live') == 'You live in Seoul.'
    assert conversation.say('what is my name') == 'Your name is Minsu.'
    conversation.say('my birthday is may third')
    assert conversation.say('제 생일이 언제예요') == '생일은 오월 삼일이에요.'


@pytest.mark.parametrize('question', ['where does my sister live', 'where does mina live'])
def test_relatives_are_known_by_relation_and_by_name(question):
    assert talk('my sister mina lives in busan', question) == 'Mina lives in Busan.'


def test_older_sister_answers_to_sister():
    told = 'my older sister lives in busan'
    assert talk(told, 'where does my sister live') == 'Your older sister lives in Busan.'


def test_user_own_word_for_a_relative_is_used():
    assert talk('우리 누나는 부산에 살아요', '누나 어디 살아') == '누나는 부산에 살아요.'
    assert talk('우리 언니는 부산에 살아요', '언니 어디 살아') == '언니는 부산에 살아요.'


@pytest.mark.parametrize(
    ('told', 'question', 'answer'),
    [
        ('i like jazz and tea', 'what do i like', 'You like jazz and tea.'),
        ('i like jazz', 'do i like jazz', 'Yes. You like jazz.'),
        (
            "i don't like tea",
            'do i like tea',
            'No, not as far as I know. You do not like tea.',
        ),
        (
            'i live in seoul',
            'do i live in paris',
            'No, not as far as I know. You live in Seoul.',
        ),
        ('bob likes jazz', 'who likes jazz', 'Bob likes jazz.'),
        ('i like my dog', 'what do i like', 'You like your dog.'),
        ('i am 30 years old', 'how old am i', 'You told me that you are thirty years old.'),
        ('i have a dog called rex', 'what is my dog called', 'Your dog is called Rex.'),
        ('i have a dog called rex', 'do i have a dog', 'Yes. You have a dog called Rex.'),
        (
            'remember that the key is under the mat',
            'where is the key',
            'You asked me to remember this. The key is under the mat.',
        ),
        ('i drive a tesla', 'what do i drive', 'You drive a tesla.'),
        ('my room number is 302', 'what is my room number', 'Your room number is 302.'),
        (
            'bora is getting married in june',
            'when is bora getting married',
            "Bora's wedding was told of for June.",
        ),
        ('내 방 번호는 302호야', '내 방 번호 뭐야', '방 번호는 302호예요.'),
        ('보라는 6월에 결혼해', '보라 언제 결혼해', '보라 결혼은 6월이에요.'),
        ('저는 커피를 좋아해요', '제가 뭘 좋아해요', '커피를 좋아하세요.'),
        ('서른 살이에요', '저 몇 살이에요', '저에게 말해 주신 대로라면 서른 살이세요.'),
        (
            '열쇠가 매트 밑에 있다는 걸 기억해 줘',
            '열쇠 어디 있어',
            '기억해 달라고 하신 것은 이거예요. 열쇠가 매트 밑에 있다.',
        ),
    ],
)
def test_question_is_answered_from_what_was_told(told, question, answer):
    assert talk(told, question) == answer


def test_everything_about_someone_is_told_in_order():
    conversation = Conversation()
    conversation.say('i like jazz and i live in seoul and my name is alice')
    conversation.say('my sister mina works as a doctor')
    assert conversation.say('what do you know about me') == (
        'Your name is Alice. You live in Seoul. You like jazz. Your sister is called Mina.'
    )
    assert conversation.say('tell me about my sister') == (
        'Your sister is called Mina. Mina works as a doctor.'
    )


@pytest.mark.parametrize(
    ('question', 'answer'),
    [
        ('where do i live', 'I do not know where you live. You have not told me.'),
        ('where does bob live', 'I do not know where Bob lives. You have not told me.'),
        ('what is my name', 'I do not know what your name is. You have not told me.'),
        ('do i like tea', 'I do not know what you like. You have not told me.'),
        ('what do you know about bob', 'You have not told me anything about Bob.'),
        ('what do you know about me', 'You have not told me anything about yourself yet.'),
        ('who likes jazz', 'I do not know. Nobody that you have told me about.'),
        ('제가 어디 살아요', '어디에 사는지 몰라요. 아직 말해 주지 않으셨어요.'),
        ('밥에 대해 뭐 알아', '밥에 대해서는 말해 주신 것이 없어요.'),
    ],
)
def test_nothing_is_invented_about_what_was_not_told(question, answer):
    assert talk(question) == answer


def test_what_cannot_be_answered_is_said_in_turning_words():
    conversation = Conversation()
    answers = [conversation.say(f'why is the sky {c}') for c in ('blue', 'red', 'black', 'blue')]
    assert len(set(answers)) == 3
    assert answers[3] == answers[0]
    assert 'without a connection' in answers[0]
    assert '대답할 수 없어요' in talk('하늘은 왜 파래요')


def test_denial_is_not_kept_and_not_contradicted():
    conversation = Conversation()
    said = conversation.say('i do not live in seoul')
    assert 'not so' in said
    assert conversation.say('where do i live').startswith('I do not know')


@pytest.mark.parametrize(
    ('first', 'then', 'question', 'answer'),
    [
        (
            'i like coffee',
            'i no longer like coffee',
            'what do i like',
            'I do not know what you like. You have not told me.',
        ),
        (
            'i live in seoul',
            'i moved from seoul to busan last week',
            'where do i live',
            'You live in Busan.',
        ),
        (
            "my sister's name is bora",
            "no my sister's name is mina not bora",
            "what is my sister's name",
            'Your sister is called Mina.',
        ),
        ('커피를 좋아해요', '이제 커피 안 좋아해요', '제가 뭘 좋아해요', None),
        (
            '저는 서울에 살아요',
            '저는 지난주에 부산으로 이사했어요',
            '제가 어디 살아요',
            '부산에 사세요.',
        ),
    ],
)
def test_what_ceased_or_was_denied_is_not_said_to_be_so(first, then, question, answer):
    conversation = Conversation()
    conversation.say(first)
    conversation.say(then)
    said = conversation.say(question)
    assert said == answer if answer else '커피' not in said


def test_what_was_so_once_is_taken_in_without_saying_that_it_is_so():
    assert talk('i used to live in paris') == 'Thank you for telling me.'
    assert '파리' not in talk('예전에 파리에 살았어요')


def test_greeting_and_question_after_a_statement_are_both_answered():
    said = talk('hello my name is alice what time is it')
    assert said == (
        'Nice to meet you, Alice. I will remember your name. It is three oh five in the afternoon.'
    )


def test_name_is_not_called_known_when_memory_has_it_from_this_very_utterance():
    told = facts_told('my name is alice')
    said = ''.join(asyncio.run(pieces('my name is alice', (), told)))
    assert said == 'Nice to meet you, Alice. I will remember your name.'
