# SPDX-License-Identifier: Apache-2.0
"""Korean verb forms as whole words: which verb a word is, and whether its sentence asks or doubts.

The forms are those that state something of the present. Each pattern is a list of alternatives
without repetition, matched against one word of bounded length, so none can run away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from prot_ros.core.offline.korean.words import (
    DOUBT_ENDINGS,
    DOUBTS,
    FOODS_LIKE_DOUBTS,
    INTERROGATIVES,
    KIN,
)

MAX_WORD = 30
"""Characters; a longer `word` is noise or an attack."""

_HADA = (
    '(?:해|해요|합니다|한다|하고|하며|하지만|하는데|하는데요|하거든요|'
    '하세요|하십니다|하시고|하시는데|하셔|하셔요)'
)
_VERBS: Mapping[str, re.Pattern[str]] = {
    'live': re.compile(
        '살(?:아|아요|고|며|지만|거든|거든요)|삽니다|산다|사는데|사는데요|'
        '사세요|사십니다|사시고|사시는데|사셔|사셔요'
    ),
    'work': re.compile(f'(?:일|근무){_HADA}'),
    'like': re.compile(f'(?:좋아|사랑){_HADA}'),
    'hate': re.compile(f'싫어{_HADA}'),
    'is good': re.compile('좋(?:아|아요|습니다|고|은데|은데요)'),
    'is bad': re.compile('싫(?:어|어요|습니다|고|은데|은데요)'),
    'come': re.compile('(?:왔|오셨)(?:어|어요|습니다|고|는데|는데요|다)'),
    'be born': re.compile('태어(?:났어|났어요|났습니다|났고|났는데|났다|나셨어요)'),
    'attend': re.compile('다(?:녀|녀요|닙니다|닌다|니고|니며|니는데|니는데요|니세요|니시고)'),
    'keep': re.compile(
        '키(?:워|워요|웁니다|운다|우고|우는데|우는데요|우세요)|길러|길러요|기릅니다|기르고|기르는데'
    ),
    'be there': re.compile(
        '있(?:어|어요|습니다|다|고|으며|지만|는데|는데요|거든요|으세요)|계세요|계십니다'
    ),
    'study': re.compile(f'(?:공부|전공){_HADA}'),
    'play': re.compile(f'연주{_HADA}|쳐|쳐요|칩니다|치고|치는데'),
    'do': re.compile(_HADA),
    'call': re.compile('불러|불러요|부릅니다|부르세요|불러주세요|불러줘|불러줘요|부르면'),
}
_NEGATED = re.compile('(살|일하|좋아하|싫어하|키우|다니|사랑하|공부하)(?:지|진|지는)')
_NEGATED_VERBS = {
    '살': 'live', '일하': 'work', '좋아하': 'like', '사랑하': 'like', '싫어하': 'hate',
    '키우': 'keep', '다니': 'attend', '공부하': 'study',
}  # fmt: skip
_COPULA_ENDINGS = (
    '이거든요', '이십니다', '이지만', '입니다', '이에요', '이예요', '이시고', '이세요', '인데요',
    '이고요', '예요', '에요', '이야', '인데', '이고', '이며', '거든요', '십니다', '지만', '세요',
    '야', '고', '다',
)  # fmt: skip
CERTAIN_COPULAS = frozenset(_COPULA_ENDINGS) - {
    '야', '고', '다', '지만', '세요', '거든요', '십니다',
}  # fmt: skip
"""Forms that end no other word, so that a clause ends with them also when it says nothing."""
_QUOTING = ('라고', '다고', '냐고', '자고')
_LINKING = ('고', '며', '서')
_QUESTION_ENDINGS = ('까', '나요', '가요', '냐', '래요', '죠', '지요', '던가', '니')


def verb(word: str) -> str:
    """Return which verb a word states, '' for none of the table."""
    if len(word) > MAX_WORD:
        return ''
    return next((name for name, pattern in _VERBS.items() if pattern.fullmatch(word)), '')


def negated_verb(word: str, following: str) -> str:
    """Return which verb `살지` before `않아요` denies, '' for none."""
    match = _NEGATED.fullmatch(word) if len(word) <= MAX_WORD else None
    return _NEGATED_VERBS[match[1]] if match and following.startswith(('않', '못', '안')) else ''


def without_copula(word: str) -> tuple[str, str]:
    """Split `앨리스예요` into the noun and the form of `to be`; the latter is '' for none."""
    if len(word) > MAX_WORD or word.endswith(_QUOTING):
        return word, ''
    for ending in _COPULA_ENDINGS:
        if word.endswith(ending) and len(word) > len(ending):
            return word[: -len(ending)], ending
    return word, ''


def links(word: str) -> bool:
    """Tell whether a form leads on to the end of its sentence, and shares what that end does."""
    return word.endswith(_LINKING)


def asks(words: Sequence[str], question_mark: bool) -> bool:
    """Tell whether a sentence asks, by its mark or the form of its last word."""
    if question_mark or not words:
        return question_mark
    last = words[-1]
    return last.endswith(_QUESTION_ENDINGS) and last not in KIN and len(last) > 1


def interrogative(word: str) -> bool:
    """Tell whether a word asks for something: 어디, 몇, 누구와."""
    return word.startswith(INTERROGATIVES)


def doubts(words: Sequence[str]) -> bool:
    """Tell whether a sentence supposes, wishes or guesses, so that nothing in it is stated."""
    return any(
        word in DOUBTS
        or (word.endswith(DOUBT_ENDINGS) and word not in FOODS_LIKE_DOUBTS)
        or '싶' in word
        or word.startswith(('같아', '같습', '같은데'))
        for word in words
    )
