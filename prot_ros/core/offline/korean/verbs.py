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
    WHOLE_WORDS,
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
_PAST_END = (
    '(?:어|어요|습니다|고|는데|는데요|지만|지|다|다가|거든|거든요|네|네요|음|어서|'
    '었어|었어요|었습니다|었는데|었고|었지|었지만)'
)
_PAST: Mapping[str, re.Pattern[str]] = {
    'live': re.compile(f'(?:살았|사셨){_PAST_END}|살다가'),
    'work': re.compile(f'(?:일|근무)(?:했|하셨){_PAST_END}|일하다가'),
    'attend': re.compile(f'(?:다녔|다니셨){_PAST_END}|다니다가'),
    'like': re.compile(f'좋아(?:했|하셨){_PAST_END}'),
    'hate': re.compile(f'싫어(?:했|하셨){_PAST_END}'),
    'keep': re.compile(f'(?:키웠|길렀|키우셨){_PAST_END}'),
    'play': re.compile(f'(?:연주했|쳤){_PAST_END}'),
}
"""Past forms of what lasts."""
SURE_WHEN_PAST = frozenset({'live', 'work', 'attend'})
"""What is over when it is told in the past; one liked a film yesterday and still does."""
_HAPPENED: Mapping[str, re.Pattern[str]] = {
    'move': re.compile(f'(?:이사|이민)(?:했|왔|갔|하셨|오셨|가셨){_PAST_END}|이사한'),
    'moves': re.compile('이사(?:해|해요|합니다|한다|할|가|가요|갑니다|간다|갈|하기로)'),
    'quit': re.compile(f'(?:그만뒀|그만두었|그만두셨|퇴사했|퇴사하셨){_PAST_END}'),
    'join': re.compile(f'(?:입사|취직|취업)(?:했|하셨){_PAST_END}'),
    'graduate': re.compile(f'졸업(?:했|하셨){_PAST_END}'),
    'married': re.compile(f'결혼(?:했|하셨){_PAST_END}'),
    'marries': re.compile('결혼(?:해|해요|합니다|한다|할|하기로|하는데|하세요|하고)'),
    'die': re.compile(f'(?:돌아가셨|죽었){_PAST_END}'),
    'leave': re.compile(f'(?:떠났|떠나셨){_PAST_END}'),
    'retire': re.compile(f'(?:은퇴|퇴직)(?:했|하셨){_PAST_END}'),
    'travel': re.compile('(?:여행|출장)(?:가|가요|갑니다|간다|갈|가기로)'),
    'drive': re.compile('몰아|몰아요|몹니다|몬다|몰고|모세요|몰고다녀|몰고다녀요'),
    'own': re.compile('(?:가지고|갖고)있(?:어|어요|습니다|다|고|는데|지)'),
    'sell': re.compile(f'팔았{_PAST_END}'),
}
"""Changes and events, written without a space."""
_NOUNS_OF_VERBS = {
    '이사': '이사', '이사를': '이사', '이민': '이민', '이민을': '이민', '여행': '여행',
    '여행을': '여행', '출장': '출장', '출장을': '출장', '가지고': '가지고', '갖고': '갖고',
    '몰고': '몰고', '결혼을': '결혼', '졸업을': '졸업',
}  # fmt: skip
_EVER = {
    '산': 'live', '살아본': 'live', '살았던': 'live', '살던': 'live', '일한': 'work',
    '일해본': 'work', '다닌': 'attend', '다녀본': 'attend', '키운': 'keep', '키워본': 'keep',
    '좋아한': 'like',
}  # fmt: skip
_HEARSAY = re.compile(
    '.*(?:[산간한온본난든인된는]|했|었|았|였|갔|왔|셨)대요?|.*(?:다|라|래|대|자)(?:던데|더라|더라고)(?:요)?|'
    '.*(?:이래|이래요)'
)
_NEGATED = re.compile('(살|일하|좋아하|싫어하|키우|다니|사랑하|공부하)(?:지|진|지는)')
_NEGATED_VERBS = {
    '살': 'live', '일하': 'work', '좋아하': 'like', '사랑하': 'like', '싫어하': 'hate',
    '키우': 'keep', '다니': 'attend', '공부하': 'study',
}  # fmt: skip
_COPULA_ENDINGS = (
    '이거든요', '이신데요', '이십니다', '신데요', '이신데', '신데', '이지만', '입니다', '이에요',
    '이예요', '이시고', '이세요', '인데요', '이고요', '예요', '에요', '이야', '인데',
    '이고', '이며', '거든요', '십니다', '지만', '세요', '야', '고', '다',
)  # fmt: skip
CERTAIN_COPULAS = frozenset(_COPULA_ENDINGS) - {
    '야', '고', '다', '지만', '세요', '거든요', '십니다', '신데', '신데요',
}  # fmt: skip
"""Forms that end no other word, so that a clause ends with them also when it says nothing."""
_HONORIFIC = re.compile('(?:[사하니키우으계]|이)(?:셔|세요|십니다|시고|시는데|셨)')
_HONORIFIC_LENGTH = 6
_QUOTING = ('라고', '다고', '냐고', '자고')
_LINKING = ('고', '며', '서')
_QUESTION_ENDINGS = ('까', '나요', '가요', '냐', '래요', '죠', '지요', '던가', '니')


def verb(word: str) -> str:
    """Return which verb a word states, '' for none of the table."""
    if len(word) > MAX_WORD:
        return ''
    return next((name for name, pattern in _VERBS.items() if pattern.fullmatch(word)), '')


def past_verb(word: str) -> str:
    """Return which lasting thing a past form such as `살았어` tells of, '' for none."""
    if len(word) > MAX_WORD:
        return ''
    return next((name for name, pattern in _PAST.items() if pattern.fullmatch(word)), '')


def happened(word: str, following: str) -> tuple[str, int]:
    """Return which change or event one word or two tell of, and how many; '' and 0 for none."""
    noun = _NOUNS_OF_VERBS.get(word, '')
    forms = ((noun + following, 2),) if noun else ()
    for form, count in (*forms, (word, 1)):
        if len(form) <= MAX_WORD:
            for name, pattern in _HAPPENED.items():
                if pattern.fullmatch(form):
                    return name, count
    return '', 0


def never_verb(words: Sequence[str], at: int) -> tuple[str, int]:
    """Return which verb `산 적이 없어` denies from here on, and its words; '' and 0 for none."""
    word = words[at]
    start = at + 1
    if word in ('살아', '일해', '다녀', '키워') and words[start : start + 1] in (['본'], ('본',)):
        word, start = word + '본', start + 1
    name = _EVER.get(word, '')
    rest = list(words[start : start + 2])
    ever = len(rest) == 2 and rest[0] in ('적', '적이', '적은', '적도')
    return (name, start + 2 - at) if name and ever and rest[1].startswith('없') else ('', 0)


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
            if ending.startswith('이') and word[: 1 - len(ending)] in WHOLE_WORDS:
                continue  # `왼손잡이예요`
            return word[: -len(ending)], ending
    return word, ''


def honours(form: Sequence[str]) -> bool:
    """Tell whether a form honours whom it is about, which nobody does to themselves: 사세요."""
    return any(_HONORIFIC.search(word[-_HONORIFIC_LENGTH:]) for word in form)


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
        or word.startswith(('같아', '같습', '같은데', '뻔'))
        for word in words
    ) or any(
        len(word) <= MAX_WORD
        and (word in ('들었어', '들었어요') or bool(_HEARSAY.fullmatch(word)))
        for word in words[-1:]
    )
