# SPDX-License-Identifier: Apache-2.0
"""Korean questions about what was told: `제가 어디 살아요`, `밥은 뭘 좋아해`, `언니 이름 알아`."""

from __future__ import annotations

from prot_ros.core.facts import NOTE, USER, Fact, Standing
from prot_ros.core.offline.korean.facts import Reading, told
from prot_ros.core.offline.korean.subjects import Subject, person
from prot_ros.core.offline.korean.verbs import interrogative
from prot_ros.core.offline.korean.words import FILLERS, phrases
from prot_ros.core.offline.questions import Intent, Kind

# Parts of words that show which relation is asked for, in the order in which they are tried.
_RELATIONS = (
    ('결혼', 'gets married'), ('몰아', 'drives'), ('운전', 'drives'), ('무슨차', 'drives'),
    ('졸업', 'graduated from'),
    ('생일', 'birthday'), ('태어', 'birthday'), ('몇살', 'age'), ('나이', 'age'), ('연세', 'age'),
    ('고향', 'comes from'), ('출신', 'comes from'), ('어디서왔', 'comes from'),
    ('어디에서왔', 'comes from'), ('어디사', 'lives in'), ('어디에사', 'lives in'),
    ('어디살', 'lives in'), ('어디에살', 'lives in'), ('집이어디', 'lives in'), ('사는곳',
    'lives in'),
    ('사는지', 'lives in'), ('싫어', 'dislikes'), ('안좋아', 'dislikes'), ('좋아', 'likes'),
    ('어디서일', 'works at'), ('어디에서일', 'works at'), ('어디다', 'works at'),
    ('어디에다', 'works at'), ('직업', 'works as'), ('무슨일', 'works as'), ('뭐하는', 'works as'),
    ('이름', 'is called'), ('성함', 'is called'), ('키우', 'has'), ('키워', 'has'),
)  # fmt: skip
_ASKING = (
    '알아',
    '알고',
    '알려',
    '말해',
    '기억',
    '알지',
    '아니',
    '아세요',
    '아십니까',
    '아나요',
    '맞춰',
    '알까',
)
_NOT_NOUNS = (
    '결혼', '몰아', '몰고', '몰지', '운전', '졸업',
    *_ASKING, '살', '사니', '사나', '사는지', '사세', '좋아', '싫어', '키우', '키워', '일하',
    '일해', '다니',
    '태어', '왔', '줘', '주세요', '줄래', '대해', '관해', '했', '불러', '있', '하는', '해', '하',
)  # fmt: skip


def about_facts(words: tuple[str, ...], reading: Reading) -> Intent | None:
    """Return a question about what was told, None when it is something else."""
    said = ''.join(words)
    asking = reading.question or any(map(interrogative, words)) or _any(said, _ASKING)
    if not asking:
        return None
    if '기억해달라' in said or '기억하라' in said:
        return Intent(Kind.ASK_FACT, USER, NOTE)
    who = _asked_person(words)
    if '대해' in said or '관해' in said:
        return Intent(Kind.ASK_ABOUT, who.subject) if who and who.subject else None
    for search in (_who_is_it, _yes_or_no):
        found = search(words, who)
        if found:
            return found
    if who is None or not who.subject:
        return None
    if (
        who.quality == 'is called'
        and who.subject == USER
        and not _any(said, ('내', '제', '나', '저'))
    ):
        return None  # a bare `이름이 뭐예요` asks for the robot's
    if who.quality:
        return Intent(Kind.ASK_FACT, who.subject, _predicate(who.quality, who))
    relation = next((relation for part, relation in _RELATIONS if part in said), '')
    if relation:
        return Intent(Kind.ASK_FACT, who.subject, _predicate(relation, who))
    if '누구' in said or (who.subject == USER and _any(said, ('기억', '알아', '아세요'))):
        if who.subject == USER:
            return Intent(Kind.ASK_FACT, USER, 'name')
        return Intent(Kind.ASK_ABOUT, who.subject)
    return None


def _asked_person(words: tuple[str, ...]) -> Subject | None:
    """Return whom a question is about, from the words that are neither verb nor question word."""
    nouns = [_noun(word) for word in words]
    found = phrases([noun for noun in nouns if noun])
    persons = [person(phrase.words) for phrase in found]
    subjects = [subject for subject in persons if subject]
    return next((each for each in subjects if each.quality), subjects[0] if subjects else None)


def _noun(word: str) -> str:
    """Return a word if it may name someone or something of theirs, '' for the rest."""
    if word in FILLERS or interrogative(word) or word in ('저기', '혹시', '것', '거', '걸'):
        return ''
    if word in ('나에', '나에게', '저에', '저에게', '내', '제', '나의', '저의'):
        return word
    if word.startswith(_NOT_NOUNS) or word == '제일' or word == '가장':
        return '좋아하는' if word == '좋아하는' else ''
    return word


def _who_is_it(words: tuple[str, ...], who: Subject | None) -> Intent | None:
    """`누가 재즈를 좋아해`."""
    if '누가' not in words:
        return None
    stated = _held(' '.join('민지는' if word == '누가' else word for word in words))
    if stated and stated[-1].subject == '민지':
        return Intent(Kind.ASK_WHO, predicate=stated[-1].predicate, object=stated[-1].object)
    return None


def _yes_or_no(words: tuple[str, ...], who: Subject | None) -> Intent | None:
    """`제가 서울에 살아요?`: the statement in it is what is asked."""
    if who is None or not who.subject or any(map(interrogative, words)):
        return None
    stated = _held(' '.join(words))
    if not stated:
        return None
    fact = stated[-1]
    return Intent(Kind.ASK_FACT, fact.subject, fact.predicate, object=fact.object)


def _held(text: str) -> list[Fact]:
    return [fact for fact in told(text) if fact.standing is Standing.HOLDS]


def _predicate(relation: str, who: Subject) -> str:
    return 'name' if relation == 'is called' and who.subject == USER else relation


def _any(said: str, parts: tuple[str, ...]) -> bool:
    return any(part in said for part in parts)
