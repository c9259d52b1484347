# SPDX-License-Identifier: Apache-2.0
"""What Korean utterances ask for.

Recognisers and people disagree about spaces (`이야기해 줘`, `이야기 해줘`), so requests are looked
for in the text without any. Statements are taken out first, as in English.
"""

from __future__ import annotations

from prot_ros.core.offline.korean.facts import Reading, readings
from prot_ros.core.offline.korean.numbers import read
from prot_ros.core.offline.korean.questions_about import about_facts
from prot_ros.core.offline.korean.verbs import interrogative
from prot_ros.core.offline.questions import Intent, Kind, weightiest
from prot_ros.core.offline.statements import tells

_STOPS = (
    '그만', '멈춰', '멈추', '잠깐', '잠시만', '조용', '스톱', '스탑', '다른거물어', '다른것을물어',
    '다른걸물어', '다른것물어', '다른질문', '질문이있', '질문있', '물어볼게', '물어보고싶', '됐어',
    '기다려',
)  # fmt: skip
_REPEATS = (
    '다시말', '다시한번', '한번더', '뭐라고했', '뭐라고하셨', '뭐라고요', '뭐라고', '못들었',
    '못알아들',
    '반복해', '다시얘기', '방금뭐', '다시들려',
)  # fmt: skip
_STORIES = ('이야기', '얘기', '동화', '옛날이야기')
_TELLING = ('해줘', '해주', '들려', '해봐', '해줄', '듣고싶', '하나만', '시작해', '있어')
_CONTINUES = ('계속', '이어서', '마저', '그래서어떻게', '그다음', '다음이야기', '더들려', '더해줘')
_TIMES = ('몇시', '시간알려', '시각')
_DATES = ('며칠', '몇일', '무슨요일', '날짜', '몇월', '무슨날', '요일', '올해가몇', '몇년')
_WELLBEING = (
    '잘지내',
    '어떻게지내',
    '기분어때',
    '기분이어때',
    '잘있었',
    '컨디션',
    '안녕하셨',
    '별일없',
)
_IDENTITIES = (
    '누구세요', '누구십니까', '누구니', '누구야', '누구예요', '누구냐', '이름이뭐', '이름은뭐',
    '이름이무엇',
    '성함이', '자기소개', '로봇이야', '로봇이에요', '사람이야', '사람이에요', '네이름', '너의이름',
    '너에대해',
    '니이름',
)  # fmt: skip
_ABILITIES = (
    '할수있', '할줄아', '할줄알', '도와줘', '도와주', '도움', '무슨기능', '뭐해줄', '뭘알아',
    '뭘도와',
)  # fmt: skip
_GOODBYES = (
    '잘가', '잘있어', '안녕히', '다음에봐', '또봐', '또만나', '나중에봐', '바이바이', '굿나잇',
    '잘자', '바이',
    '다음에또', '가볼게', '이만갈', '들어가세요',
)  # fmt: skip
_THANKS = ('고마', '감사', '땡큐')
_GREETINGS = ('안녕', '반가', '반갑', '좋은아침', '여보세요', '하이', '헬로', '오랜만')
_ASKED = ((Kind.CONTINUE, _CONTINUES), (Kind.IDENTITY, _IDENTITIES), (Kind.ABILITIES, _ABILITIES))
_COURTESIES = ((Kind.GOODBYE, _GOODBYES), (Kind.THANKS, _THANKS), (Kind.GREETING, _GREETINGS))
_AGREEMENTS = frozenset(
    '네 예 응 어 아니 아니요 아뇨 좋아 좋아요 알겠어 알겠어요 알겠습니다 그래 그래요 맞아 맞아요 '
    '오케이 그럼 물론 물론이죠 물론이지 괜찮아 괜찮아요 좋습니다 그렇군요 그렇구나'.split(' ')
)
_WRONG = ('틀렸', '틀려', '그게아니', '사실이아니', '아닌데', '잘못')
_REQUESTS = ('줘', '주세요', '줄래', '알려', '말해')
_POLITENESS = frozenset({Kind.GREETING, Kind.AGREE, Kind.THANKS, Kind.UNKNOWN})


def intent(text: str) -> Intent:
    """Return what a Korean utterance asks for."""
    return weightiest([_of_sentence(reading) for reading in readings(text)])


def _of_sentence(reading: Reading) -> Intent:
    words = tuple(reading.rest)
    said = ''.join(words)
    told = Intent(Kind.TELL) if tells(reading.facts, denied=reading.denied) else None
    if not words:
        return told or Intent(Kind.DENY if reading.denied else Kind.NOTHING)
    say = _words_to_say(words)
    if say:
        return say
    if _any(said, _STOPS):
        rest = tuple(word for word in words if not _any(word, _STOPS))
        found = _request(rest, reading) if rest else None
        return found or Intent(Kind.STOP)
    found = _request(words, reading) or _courtesy(words, said)
    if told and (found is None or found.kind in _POLITENESS):
        return told
    if found:
        return found
    if reading.denied or _any(said, _WRONG):
        return Intent(Kind.DENY)
    asked = reading.question or any(map(interrogative, words)) or said.endswith(_REQUESTS)
    return Intent(Kind.QUESTION if asked else Kind.UNKNOWN, text=' '.join(words))


def _request(words: tuple[str, ...], reading: Reading) -> Intent | None:
    """Try every rule that asks for something; the first that knows the words decides."""
    said = ''.join(words)
    count = _count(words, said)
    if count:
        return count
    if _any(said, _STORIES) and _any(said, _TELLING) and not _any(said, ('계속', '이어', '마저')):
        return Intent(Kind.STORY)
    if _any(said, _REPEATS):
        return Intent(Kind.REPEAT)
    if _any(said, _WELLBEING):
        return Intent(Kind.WELLBEING)
    found = about_facts(words, reading) or _first(said, _ASKED)
    if not found and not _elsewhere(words):
        found = _first(said, ((Kind.TIME, _TIMES), (Kind.DATE, _DATES)))
    return found


def _first(said: str, table: tuple[tuple[Kind, tuple[str, ...]], ...]) -> Intent | None:
    return next((Intent(kind) for kind, phrases in table if _any(said, phrases)), None)


def _courtesy(words: tuple[str, ...], said: str) -> Intent | None:
    if any(map(interrogative, words)):
        return None
    found = _first(said, _COURTESIES)
    if found:
        return found
    return Intent(Kind.AGREE) if all(word in _AGREEMENTS for word in words) else None


def _any(said: str, phrases: tuple[str, ...]) -> bool:
    return any(phrase in said for phrase in phrases)


def _count(words: tuple[str, ...], said: str) -> Intent | None:
    """`열까지 세어 줘`, `하나부터 스물까지 세 봐`."""
    if not _any(said, ('까지세', '세어', '숫자세', '숫자를세', '카운트', '거꾸로세', '수를세')):
        return None
    start, end = None, None
    for at, word in enumerate(words):
        for ending in ('까지', '부터'):
            if not word.endswith(ending):
                continue
            number = read(word.removesuffix(ending) or words[max(0, at - 1)])
            if ending == '까지':
                end = number
            else:
                start = number
    if '거꾸로' in said:
        return Intent(Kind.COUNT, start=start or end or 10, end=end if start and end else 1)
    return Intent(Kind.COUNT, start=start or 1, end=end or (10 if '까지' not in said else 0))


def _elsewhere(words: tuple[str, ...]) -> bool:
    """`도쿄는 지금 몇 시야`: not what a clock here tells."""
    here = ('오늘', '지금', '현재', '시간', '여기', '올해', '이번')
    return any(
        word.endswith(('는', '은', '에서'))
        and not word.startswith(here)
        and not interrogative(word)
        for word in words
    )


def _words_to_say(words: tuple[str, ...]) -> Intent | None:
    """`따라 해 봐 하늘은 파랗다`, `안녕이라고 말해 봐`."""
    for end in range(1, min(len(words), 3) + 1):
        if ''.join(words[:end]) in ('따라해', '따라해봐', '따라말해', '따라말해봐', '따라해줘'):
            rest = words[end:]
            while rest and rest[0] in ('봐', '줘', '주세요', '보세요', '봐요'):
                rest = rest[1:]
            return Intent(Kind.SAY, text=' '.join(rest)) if rest else Intent(Kind.REPEAT)
    for at, word in enumerate(words):
        following = ''.join(words[at + 1 :])
        if word.endswith('라고') and following.startswith(('말해', '해봐', '얘기해')):
            last = word.removesuffix('이라고') if word.endswith('이라고') else word[:-2]
            text = ' '.join((*words[:at], last)).strip()
            return Intent(Kind.SAY, text=text) if text and not interrogative(text) else None
    return None
