# SPDX-License-Identifier: Apache-2.0
import pytest

from prot_ros.core.facts import NOTE
from prot_ros.core.offline.english import questions as questions_english
from prot_ros.core.offline.korean import questions as questions_korean
from prot_ros.core.offline.questions import Intent, Kind

SISTER, OLDER = "user's sister", "user's older sister"


def fact(subject, predicate, value=''):
    return Intent(Kind.ASK_FACT, subject, predicate, value)


def about(subject):
    return Intent(Kind.ASK_ABOUT, subject)


ENGLISH = {
    'hello': Kind.GREETING,
    'hello robot': Kind.GREETING,
    'good morning': Kind.GREETING,
    'hello how are you': Kind.WELLBEING,
    'goodbye': Kind.GOODBYE,
    'see you later': Kind.GOODBYE,
    'thank you goodbye': Kind.GOODBYE,
    'thanks a lot': Kind.THANKS,
    'who are you': Kind.IDENTITY,
    'what is your name': Kind.IDENTITY,
    'what can you do': Kind.ABILITIES,
    'what time is it': Kind.TIME,
    'can you tell me the time please': Kind.TIME,
    'what is the date today': Kind.DATE,
    "what is today's date": Kind.DATE,
    'what day is it': Kind.DATE,
    'tell me a long story': Kind.STORY,
    'i want to hear a story': Kind.STORY,
    'go on': Kind.CONTINUE,
    'go on with the story': Kind.CONTINUE,
    'continue': Kind.CONTINUE,
    'say that again': Kind.REPEAT,
    'please repeat that': Kind.REPEAT,
    'what did you say': Kind.REPEAT,
    'stop': Kind.STOP,
    'wait a moment': Kind.STOP,
    'stop please i want to ask something else': Kind.STOP,
    'tell me a story stop please i want to ask something else': Kind.STOP,
    'stop what time is it': Kind.TIME,
    'yes': Kind.AGREE,
    'i do not live in seoul': Kind.DENY,
    'that is wrong': Kind.DENY,
    'hello my name is alice': Kind.TELL,
    'my name is alice and i live in seoul': Kind.TELL,
    'my name is alice what time is it': Kind.TIME,
    'Hello. What time is it? Thanks.': Kind.TIME,
    '': Kind.NOTHING,
    '...': Kind.NOTHING,
    'count to ten': Intent(Kind.COUNT, end=10),
    'can you count for me': Intent(Kind.COUNT, end=10),
    'count to twenty five': Intent(Kind.COUNT, end=25),
    'count from three to nine': Intent(Kind.COUNT, start=3, end=9),
    'count down from five': Intent(Kind.COUNT, start=5, end=1),
    'count to a thousand': Intent(Kind.COUNT, end=1000),
    'repeat after me my name is Bob': Intent(Kind.SAY, text='my name is Bob'),
    'what is my name': fact('user', 'name'),
    'do you know my name': fact('user', 'name'),
    'who am i': fact('user', 'name'),
    'do you remember me': fact('user', 'name'),
    'where do i live': fact('user', 'lives in'),
    'do you know where i live': fact('user', 'lives in'),
    'where am i from': fact('user', 'comes from'),
    'how old am i': fact('user', 'age'),
    'when is my birthday': fact('user', 'birthday'),
    'what do i like': fact('user', 'likes'),
    'what do i do for a living': fact('user', 'works as'),
    'what is my favorite color': fact('user', 'favorite color'),
    'what did i ask you to remember': fact('user', NOTE),
    'where does my sister live': fact(SISTER, 'lives in'),
    'can you tell me where my sister lives': fact(SISTER, 'lives in'),
    "what is my sister's name": fact(SISTER, 'is called'),
    "what's the name of my dog": fact("user's dog", 'is called'),
    'what does bob like': fact('Bob', 'likes'),
    "when is bob's birthday": fact('Bob', 'birthday'),
    'do i live in seoul': fact('user', 'lives in', 'Seoul'),
    'does bob like jazz': fact('Bob', 'likes', 'jazz'),
    'am i a teacher': fact('user', 'works as', 'teacher'),
    'is my name alice': fact('user', 'name', 'Alice'),
    'do i have a dog': fact('user', 'has', 'a dog'),
    'what do you know about me': about('user'),
    'what do you know about bob': about('Bob'),
    'tell me about my sister': about(SISTER),
    'who is bob': about('Bob'),
    'do you know bob': about('Bob'),
    'what have i told you': about('user'),
    "what don't i like": fact('user', 'dislikes'),
    'is bob my brother': fact("user's brother", 'is called', 'Bob'),
    'who lives in busan': Intent(Kind.ASK_WHO, predicate='lives in', object='Busan'),
    # What PocketSphinx made of spoken questions.
    'where do i leave': fact('user', 'lives in'),
    'where does my sister lives': fact(SISTER, 'lives in'),
    'one is my birthday': fact('user', 'birthday'),
    'our old and i': fact('user', 'age'),
    'what is the day to day': Kind.DATE,
    'down to twenty five': Intent(Kind.COUNT, end=25),
    'sam que': Kind.THANKS,
    'when is my birtday': fact('user', 'birthday'),
    'contnue': Kind.CONTINUE,
}
KOREAN = {
    '안녕하세요': Kind.GREETING,
    '안녕하세요 저는 앨리스예요': Kind.TELL,
    '감사합니다 안녕히 계세요': Kind.GOODBYE,
    '잘 가': Kind.GOODBYE,
    '고마워': Kind.THANKS,
    '잘 지내요': Kind.WELLBEING,
    '누구세요': Kind.IDENTITY,
    '네 이름은 뭐니': Kind.IDENTITY,
    '이름이 뭐예요': Kind.IDENTITY,
    '뭘 할 수 있어': Kind.ABILITIES,
    '지금 몇 시예요': Kind.TIME,
    '몇시야': Kind.TIME,
    '오늘 며칠이에요': Kind.DATE,
    '오늘 무슨 요일이야': Kind.DATE,
    '긴 이야기 하나 들려줘': Kind.STORY,
    '이야기해줘': Kind.STORY,
    '이야기 계속해 줘': Kind.CONTINUE,
    '계속': Kind.CONTINUE,
    '다시 말해 줘': Kind.REPEAT,
    '뭐라고요': Kind.REPEAT,
    '그만': Kind.STOP,
    '잠깐만요 다른 걸 물어보고 싶어요': Kind.STOP,
    '잠깐 지금 몇 시야': Kind.TIME,
    '네': Kind.AGREE,
    '저는 서울에 안 살아요': Kind.DENY,
    '제 이름은 앨리스예요 지금 몇 시예요': Kind.TIME,
    '열까지 세어 줘': Intent(Kind.COUNT, end=10),
    '하나부터 스물까지 세 봐': Intent(Kind.COUNT, end=20),
    '천까지 세어 줘': Intent(Kind.COUNT, end=1000),
    '따라 해 봐 하늘은 파랗다': Intent(Kind.SAY, text='하늘은 파랗다'),
    '안녕이라고 말해 봐': Intent(Kind.SAY, text='안녕'),
    '내 이름이 뭐야': fact('user', 'name'),
    '제 이름 알아요?': fact('user', 'name'),
    '저 기억하세요?': fact('user', 'name'),
    '제가 어디 살아요?': fact('user', 'lives in'),
    '내가 어디 사는지 알아': fact('user', 'lives in'),
    '나 몇 살이야': fact('user', 'age'),
    '제가 뭘 좋아해요': fact('user', 'likes'),
    '제 생일이 언제예요': fact('user', 'birthday'),
    '제가 제일 좋아하는 음식이 뭐예요': fact('user', 'favorite food'),
    '제가 서울에 살아요?': fact('user', 'lives in', '서울'),
    '우리 언니 어디 살아요': fact(OLDER, 'lives in'),
    '제 강아지 이름이 뭐야': fact("user's dog", 'is called'),
    '밥은 뭘 좋아해': fact('밥', 'likes'),
    '저에 대해 뭘 알아요': about('user'),
    '밥에 대해 뭐 알아': about('밥'),
    '우리 언니가 누구야': about(OLDER),
    '누가 재즈를 좋아해요': Intent(Kind.ASK_WHO, predicate='likes', object='재즈'),
}
BEYOND_ENGLISH = """what is the capital of france|why is the sky blue|what is two plus two
what time is it in tokyo|who is the president of france|what does photosynthesis mean
do you like jazz
can you hear me|tell me a joke|what is a story|how do you say goodbye in french
what is the weather like tomorrow""".replace('\n', '|').split('|')  # fmt: skip
BEYOND_KOREAN = '프랑스의 수도는 어디예요|내일 날씨 어때|도쿄는 지금 몇 시야|농담 해 줘'.split('|')


@pytest.mark.parametrize(('text', 'expected'), ENGLISH.items())
def test_english_utterance_asks_for(text, expected):
    found = questions_english.intent(text)
    assert (found.kind if isinstance(expected, Kind) else found) == expected


@pytest.mark.parametrize(('text', 'expected'), KOREAN.items())
def test_korean_utterance_asks_for(text, expected):
    found = questions_korean.intent(text)
    assert (found.kind if isinstance(expected, Kind) else found) == expected


@pytest.mark.parametrize('text', BEYOND_ENGLISH)
def test_english_question_beyond_the_robot_is_known_to_be_one(text):
    assert questions_english.intent(text).kind is Kind.QUESTION


@pytest.mark.parametrize('text', BEYOND_KOREAN)
def test_korean_question_beyond_the_robot_is_known_to_be_one(text):
    assert questions_korean.intent(text).kind is Kind.QUESTION
