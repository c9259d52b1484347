# SPDX-License-Identifier: Apache-2.0
"""Korean names and places in Latin letters, so that an English voice can say them.

Revised Romanization of Korean (Ministry of Culture notice 2000-8), with the linking of a final
consonant to a following vowel and the assimilations of n, l and nasals, which are what names and
places need. Syllables are taken apart by the arithmetic of the Unicode Standard, 3.12.
"""

from __future__ import annotations

from prot_ros.core.offline.plain_text import listed

_FIRST, _LAST = '가', '힣'
# `_` stands for no sound.
_INITIALS = listed('g kk n d tt r m b pp s ss _ j jj ch k t p h')
_VOWELS = listed('a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i')
_SILENT = 11  # the initial that is only a place for the vowel
_FINALS = listed('_ k k k n n n t l k m l l l p l m p p t t ng t t k t p t')
# How a final sounds when a vowel follows: its own letter, or the second of two moves over.
_LINKED = listed('_ g kk ks n nj n d r lg lm lb ls lt lp r m b bs s ss ng j ch k t p _')
_NIEUN, _LIQUID, _MIEUM = 2, 5, 6  # as initials
_FINAL_N, _RIEUL, _FINAL_M, _FINAL_NG = 4, 8, 16, 21  # as finals
_NASALISED = {'k': 'ng', 't': 'n', 'p': 'm'}


LOANED_NAMES = {
    '앨리스': 'Alice', '밥': 'Bob', '톰': 'Tom', '존': 'John', '제인': 'Jane', '마이클': 'Michael',
    '사라': 'Sarah', '메리': 'Mary', '에밀리': 'Emily', '데이비드': 'David', '제임스': 'James',
    '안나': 'Anna', '엠마': 'Emma', '루카스': 'Lucas', '마리아': 'Maria', '피터': 'Peter',
    '폴': 'Paul', '수잔': 'Susan', '다니엘': 'Daniel', '크리스': 'Chris', '케빈': 'Kevin',
    '제니': 'Jenny', '제니퍼': 'Jennifer', '레오': 'Leo', '샘': 'Sam', '벤': 'Ben',
    '케이트': 'Kate', '루시': 'Lucy', '올리버': 'Oliver', '줄리아': 'Julia', '마크': 'Mark',
    '렉스': 'Rex', '맥스': 'Max', '앨': 'Al', '런던': 'London', '파리': 'Paris',
    '뉴욕': 'New York', '도쿄': 'Tokyo', '베를린': 'Berlin', '한국': 'Korea',
    '미국': 'the United States', '영국': 'Britain', '독일': 'Germany', '일본': 'Japan',
    '중국': 'China', '프랑스': 'France', '캐나다': 'Canada', '호주': 'Australia',
}  # fmt: skip
"""Names that came into Korean from elsewhere, as they are written there."""
LOANED_WORDS = {
    '커피': 'coffee', '재즈': 'jazz', '피자': 'pizza', '피아노': 'piano', '기타': 'guitar',
    '바이올린': 'violin', '테니스': 'tennis', '컴퓨터': 'computers', '로봇': 'robots',
    '케이크': 'cake', '초콜릿': 'chocolate', '아이스크림': 'ice cream', '와인': 'wine',
    '삼성': 'Samsung', '구글': 'Google', '영어': 'English', '한국어': 'Korean',
}  # fmt: skip
"""Other words that are the same in both."""


def romanised(text: str) -> str:
    """Return `text` with every Hangul word in Latin letters, capitalised as a name is.

    Text without Hangul comes back as it is: `서울` becomes `Seoul`, `Alice` stays `Alice`.
    """
    if not any(_FIRST <= character <= _LAST for character in text):
        return text
    return ' '.join(_word(word) for word in text.split(' '))


def has_final(word: str) -> bool:
    """Tell whether a word ends in a consonant, on which the form of Korean particles depends.

    Latin letters go by their usual ending, digits by their Korean names.
    """
    if not word:
        return False
    last = word[-1]
    if _FIRST <= last <= _LAST:
        return (ord(last) - ord(_FIRST)) % 28 > 0
    if last.isdecimal():
        return last in '013678'
    if word.isascii() and word.isupper() and len(word) > 1:
        return last in 'LMNR'  # spelt out: `엘`, `엠`, `엔`, `알`
    return last.lower() not in 'aeiouyrw'


def has_final_rieul(word: str) -> bool:
    """Tell whether a word ends in ㄹ or l, after which `로` is used and not `으로`."""
    if not word:
        return False
    last = word[-1]
    return last in 'lL' or (_FIRST <= last <= _LAST and (ord(last) - ord(_FIRST)) % 28 == _RIEUL)


def _word(word: str) -> str:
    if not any(_FIRST <= character <= _LAST for character in word):
        return word
    loaned = LOANED_NAMES.get(word) or LOANED_WORDS.get(word)
    if loaned:
        return loaned
    pieces: list[str] = []
    final_before = 0
    for place, character in enumerate(word):
        if not _FIRST <= character <= _LAST:
            pieces.append(character)
            final_before = 0
            continue
        initial, vowel, final = _taken_apart(character)
        sound = _INITIALS[initial]
        if (final_before == _RIEUL and initial in (_NIEUN, _LIQUID)) or (
            final_before == _FINAL_N and initial == _LIQUID
        ):
            sound = 'l'
        elif initial == _LIQUID and (
            final_before in (_FINAL_M, _FINAL_NG) or _FINALS[final_before] in _NASALISED
        ):
            sound = 'n'
        following = word[place + 1 : place + 2]
        pieces += [sound, _VOWELS[vowel], _final_sound(final, following)]
        final_before = final
    joined = ''.join(piece for piece in pieces if piece != '_')
    return joined[:1].upper() + joined[1:]


def _final_sound(final: int, following: str) -> str:
    if not final or not following or not _FIRST <= following <= _LAST:
        return _FINALS[final]
    initial, _, _ = _taken_apart(following)
    if initial == _SILENT:
        return _LINKED[final]
    if final == _FINAL_N and initial == _LIQUID:
        return 'l'
    if initial in (_NIEUN, _MIEUM, _LIQUID):
        return _NASALISED.get(_FINALS[final], _FINALS[final])
    return _FINALS[final]


def _taken_apart(syllable: str) -> tuple[int, int, int]:
    code = ord(syllable) - ord(_FIRST)
    return code // 588, code % 588 // 28, code % 28
