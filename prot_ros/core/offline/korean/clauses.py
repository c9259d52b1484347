# SPDX-License-Identifier: Apache-2.0
"""Facts as Korean clauses: for the record, said to the user, and said about someone else."""

from __future__ import annotations

from collections.abc import Mapping

from prot_ros.core.facts import NOTE, OWNED, USER, Fact, Standing
from prot_ros.core.offline.korean.numbers import say_birthday, say_native
from prot_ros.core.offline.korean.words import FAVOURITES, KIN
from prot_ros.core.offline.romanization import has_final, has_final_rieul


class Noun(str):
    """A word that takes the right form of a particle: `f'{Noun("서울"):은|는}'` is `서울은`."""

    __slots__ = ()

    def __format__(self, forms: str) -> str:
        after_final, _, after_vowel = forms.partition('|')
        # 로 follows ㄹ as it follows a vowel.
        final = has_final(self) and not (after_vowel == '로' and has_final_rieul(self))
        return f'{self!s}{after_final if final else after_vowel}'


# predicate: for the record, said to the user, acknowledged to the user, said of someone else.
_CLAUSES: Mapping[str, tuple[str, str, str, str]] = {
    'name': ('{s}의 이름은 {o:이다|다}', '이름은 {o:이에요|예요}', '이름이 {o:이군요|군요}',
             '{s} 이름은 {o:이에요|예요}'),
    'is called': ('{s}의 이름은 {o:이다|다}', '이름은 {o:이에요|예요}', '이름이 {o:이군요|군요}',
                  '{s} 이름은 {o:이에요|예요}'),
    'lives in': ('{s:은|는} {o}에 산다', '{o}에 사세요', '{o}에 사시는군요',
    '{s:은|는} {o}에 살아요'),
    'comes from': ('{s:은|는} {o}에서 왔다', '{o}에서 오셨어요', '{o}에서 오셨군요',
                   '{s:은|는} {o}에서 왔어요'),
    'works as': ('{s}의 직업은 {o:이다|다}', '직업은 {o:이에요|예요}', '직업이 {o:이군요|군요}',
                 '{s} 직업은 {o:이에요|예요}'),
    'works at': ('{s:은|는} {o}에서 일한다', '{o}에서 일하세요', '{o}에서 일하시는군요',
                 '{s:은|는} {o}에서 일해요'),
    'studies at': ('{s:은|는} {o}에서 공부한다', '{o}에서 공부하세요', '{o}에서 공부하시는군요',
                   '{s:은|는} {o}에서 공부해요'),
    'age': ('{s:은|는} {o} 살이다', '{o} 살이세요', '{o} 살이시군요', '{s:은|는} {o} 살이에요'),
    'birthday': ('{s}의 생일은 {o:이다|다}', '생일은 {o:이에요|예요}', '생일이 {o:이군요|군요}',
                 '{s} 생일은 {o:이에요|예요}'),
    'likes': ('{s:은|는} {o:을|를} 좋아한다', '{o:을|를} 좋아하세요', '{o:을|를} 좋아하시는군요',
              '{s:은|는} {o:을|를} 좋아해요'),
    'dislikes': ('{s:은|는} {o:을|를} 싫어한다', '{o:을|를} 싫어하세요',
    '{o:을|를} 싫어하시는군요',
                 '{s:은|는} {o:을|를} 싫어해요'),
    'has': ('{s}에게 {o:이|가} 있다', '{o:이|가} 있으세요', '{o:이|가} 있으시군요',
            '{s}에게 {o:이|가} 있어요'),
    'is': ('{s:은|는} {o:이다|다}', '{o:이세요|세요}', '{o:이시군요|시군요}',
           '{s:은|는} {o:이에요|예요}'),
    'speaks': ('{s:은|는} {o:을|를} 한다', '{o:을|를} 하세요', '{o:을|를} 하시는군요',
               '{s:은|는} {o:을|를} 해요'),
    'plays': ('{s:은|는} {o:을|를} 연주한다', '{o:을|를} 연주하세요', '{o:을|를} 연주하시는군요',
              '{s:은|는} {o:을|를} 연주해요'),
    'studies': ('{s:은|는} {o:을|를} 공부한다', '{o:을|를} 공부하세요', '{o:을|를} 공부하시는군요',
                '{s:은|는} {o:을|를} 공부해요'),
    'owns': ('{s:은|는} {o:을|를} 가지고 있다', '{o:을|를} 가지고 계세요',
             '{o:을|를} 가지고 계시는군요', '{s:은|는} {o:을|를} 가지고 있어요'),
    'drives': ('{s:은|는} {o:을|를} 운전한다', '{o:을|를} 운전하세요', '{o:을|를} 운전하시는군요',
               '{s:은|는} {o:을|를} 운전해요'),
    'gets married': ('{s}의 결혼은 {o:이다|다}', '결혼은 {o:이에요|예요}',
                     '결혼이 {o:이군요|군요}', '{s} 결혼은 {o:이에요|예요}'),
    'was born': ('{s:은|는} {o}에 태어났다', '{o}에 태어나셨어요', '{o}에 태어나셨군요',
                 '{s:은|는} {o}에 태어났어요'),
    'died': ('{s:은|는} {o}에 세상을 떠났다', '{o}에 떠나셨어요', '{o}에 떠나셨군요',
             '{s:은|는} {o}에 세상을 떠났어요'),
    'graduated from': ('{s:은|는} {o:을|를} 졸업했다', '{o:을|를} 졸업하셨어요',
                       '{o:을|를} 졸업하셨군요', '{s:은|는} {o:을|를} 졸업했어요'),
    'travels to': ('{s:은|는} {o:으로|로} 여행을 간다', '{o:으로|로} 여행을 가세요',
                   '{o:으로|로} 여행을 가시는군요', '{s:은|는} {o:으로|로} 여행을 가요'),
    'moves to': ('{s:은|는} {o:으로|로} 이사한다', '{o:으로|로} 이사하세요',
                 '{o:으로|로} 이사하시는군요', '{s:은|는} {o:으로|로} 이사해요'),
    'phone number': ('{s}의 전화번호는 {o:이다|다}', '전화번호는 {o:이에요|예요}',
                     '전화번호가 {o:이군요|군요}', '{s} 전화번호는 {o:이에요|예요}'),
    'room number': ('{s}의 방 번호는 {o:이다|다}', '방 번호는 {o:이에요|예요}',
                    '방 번호가 {o:이군요|군요}', '{s} 방 번호는 {o:이에요|예요}'),
    'address': ('{s}의 주소는 {o:이다|다}', '주소는 {o:이에요|예요}', '주소가 {o:이군요|군요}',
                '{s} 주소는 {o:이에요|예요}'),
    NOTE: ('{s:은|는} 이것을 기억해 달라고 했다. {o}', '기억해 달라고 하신 것은 이거예요. {o}',
           '이것을 기억해 달라고 하셨군요. {o}', '{s:은|는} 이것을 기억해 달라고 했어요. {o}'),
}  # fmt: skip
_ALIASES = {'works in': 'works at'}
_FAVOURITE = (
    '{s:이|가} 제일 좋아하는 {t:은|는} {o:이다|다}', '제일 좋아하시는 {t:은|는} {o:이에요|예요}',
    '제일 좋아하시는 {t:이|가} {o:이군요|군요}',
    '{s:이|가} 제일 좋아하는 {t:은|는} {o:이에요|예요}',
)  # fmt: skip
_OTHER = ('{s}: {p} {o}', '{p} {o}', '{p} {o}', '{s}: {p} {o}')
_KIN_WORDS = {'sister': '자매', 'brother': '형제', 'dog': '강아지', 'mother': '어머니',
              'father': '아버지', 'older sister': '누나', 'older brother': '형',
              'best friend': '제일 친한 친구', 'wife': '아내', 'family': '가족',
              'friends': '친구들', 'work': '직장 동료', 'school': '학교 친구',
              'neighbors': '이웃', 'pets': '반려동물'}  # fmt: skip
_RECORD, _TO_USER, _ACKNOWLEDGED, _OF_OTHERS = range(4)


def written_down(
    label: str, predicate: str, value: str, standing: Standing = Standing.HOLDS
) -> str:
    """Return the fact as a sentence in the plain style, for the record."""
    clause = _clause(_RECORD, label, predicate, value)
    if standing is Standing.DENIED:
        return f'사실이 아닌 것: {clause}.'
    if standing is Standing.CEASED:
        return f'이제는 아닌 것: {clause}.'
    return f'{clause}.'


def told_to_user(fact: Fact) -> str:
    """Say a fact to the user in the polite style, without a full stop."""
    form = _TO_USER if fact.subject == USER else _OF_OTHERS
    return _clause(form, named(fact.subject, fact.text), fact.predicate, fact.object)


def acknowledged(fact: Fact) -> str:
    """Say that one has taken a fact in, without a full stop."""
    form = _ACKNOWLEDGED if fact.subject == USER else _OF_OTHERS
    return _clause(form, named(fact.subject, fact.text), fact.predicate, fact.object)


def named(subject: str, hint: str = '') -> str:
    """Name whom a fact is about, to the user; `hint` may hold the user's own word for them."""
    owner = OWNED
    if not subject.startswith(owner):
        return subject
    relations = subject.removeprefix(owner).split("'s ")
    return '의 '.join(_kin_word(relation, hint) for relation in relations)


def _kin_word(relation: str, hint: str) -> str:
    own = (word for word, english in KIN.items() if english == relation)
    default = _KIN_WORDS.get(relation) or next(
        (word for word, english in KIN.items() if english == relation), relation
    )
    # The user's own word for her is the right one: 언니 and 누나 differ by who is speaking.
    return next((word for word in own if word in hint), default)


def _clause(form: int, who: str, predicate: str, value: str) -> str:
    thing = ''
    if predicate.startswith('favorite '):
        template = _FAVOURITE[form]
        english = predicate.removeprefix('favorite ')
        thing = next((word for word, name in FAVOURITES.items() if name == english), english)
    else:
        template = _CLAUSES.get(_ALIASES.get(predicate, predicate), _OTHER)[form]
    if predicate == 'age' and value.isdecimal():
        value = say_native(int(value[:3]), before_noun=True)
    elif predicate == 'birthday' and form != _RECORD:
        value = say_birthday(value)
    return template.format(s=Noun(who), o=Noun(value), t=Noun(thing), p=predicate)
