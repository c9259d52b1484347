# SPDX-License-Identifier: Apache-2.0
"""Finds names in running text, in any spelling that the robot's ears may have chosen. Pure.

For forgetting, which rather finds too much than too little: `Jisu` is found in `jisoo's`, in
`지수는` and `김지수`, and `지수` in `김지수한테` and `Jisoo`. Only names that are ordinary words
as well, such as `Will`, need their capital letter, or every other turn would speak of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from prot_ros.memory.knowledge.naming import name_key

REDACTED = '…'
"""What stands where something was taken out."""
ORDINARY = frozenset(
    """a an and are art as at be bill bob but by can chance christian dawn do dean faith for forest
    frank from go grace had has have he her him his hope hunter i if in is it jack joy june just
    lance long love mark may me miles my no not of oh ok old on one or our out pat penny ray rich
    rob rose rusty see she so sue summer sunny that the they this to us was we what will with woo
    yes you young your""".split()
)
"""English words that are names, too, or sound like one."""
_SOUND = 4
"""Letters of a sound that tells names of one script apart; in fewer, `Ann` is `an`."""
_MOST_WORDS = 4
_SEAMLESS = '\uac00-\ud7a3\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff'
"""Scripts in which a name has no spaces around it: Hangul, kana, Han."""
_HANGUL = re.compile('[가-힣]+')
_ONE_SEAMLESS = re.compile(f'[{_SEAMLESS}]')
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_POSSESSIVE = re.compile(r"['’]s?$")
_AFTER = frozenset('은는이가을를의에와과랑도만아야여씨님네께한하로으부까처보라였입인양군')
"""First syllables of what may follow a Korean name in the same word."""
_ONE_SYLLABLE = '(?![가-힣])|(?=[은는이가을를의에와과도만아야씨님랑](?![가-힣]))|(?=이[는가를랑])'
_BEGIN = f'(?:(?<![^\\W_])|(?<=[{_SEAMLESS}]))'
_END = f'(?:(?![^\\W_])|(?=[{_SEAMLESS}]))'
_SENTENCE = re.compile(r'[^.!?。！？\n]*(?:[.!?。！？\n]+|$)')


class Names:
    """Names of one whom or which somebody may speak of."""

    def __init__(self, names: Iterable[str]) -> None:
        """Blank ones are left out."""
        self.names = tuple(dict.fromkeys(filter(None, map(_plain, names))))
        self._literal = re.compile(
            '|'.join(map(_pattern, sorted(self.names, key=len, reverse=True))) or '(?!)',
            re.IGNORECASE,
        )
        self._keys = {key: _is_hangul(name) for name in self.names if (key := name_key(name))}
        several = [key.split(' ') for key in self._keys if ' ' in key]
        self._parts = frozenset(part for parts in several for part in parts)
        self._most = min(max(map(len, several), default=0), _MOST_WORDS)

    def found(self, text: str) -> bool:
        """Tell whether one of them is in the text."""
        return next(self._spans(_plain(text)), None) is not None

    def redacted(self, text: str, also: Iterable[str] = ()) -> str:
        """Return the text without the sentences that have one of them in it, or one of `also`."""
        plain = _plain(text)
        others = [each for each in map(_plain, also) if each]
        kept: list[str] = []
        for sentence in _SENTENCE.findall(plain):
            if self.found(sentence) or any(each in sentence for each in others):
                if kept[-1:] != [REDACTED]:
                    kept.append(REDACTED)
            elif sentence.strip():
                kept.append(sentence.strip())
        return ' '.join(kept)

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        for match in self._literal.finditer(text):
            yield match.span()
        if not self._keys:
            return
        words = [(match.span(), match[0]) for match in _WORD.finditer(text)]
        known = [bool(self._parts and _sounds(word) & self._parts) for _, word in words]
        for at, (span, word) in enumerate(words):
            if self._sounds_alike(word):
                yield span
            for end in range(at + 2, min(at + self._most, len(words)) + 1):
                # Most words are part of no name, and need no closer look.
                if any(known[at:end]) and self._is_phrase([each for _, each in words[at:end]]):
                    yield span[0], words[end - 1][0][1]

    def _is_phrase(self, words: list[str]) -> bool:
        """Tell whether these are a name of several words, in any order."""
        *first, last = words
        return any(name_key(' '.join((*first, form))) in self._keys for form in _forms(last))

    def _sounds_alike(self, word: str) -> bool:
        hangul = _is_hangul(word)
        for sound in _sounds(word):
            named_in_hangul = self._keys.get(sound)
            if named_in_hangul is None:
                continue
            if hangul or named_in_hangul:
                if hangul or word.casefold() not in ORDINARY:
                    return True
            elif len(sound) >= _SOUND and word.casefold() not in ORDINARY:
                return True
        return False


def _plain(text: str) -> str:
    return unicodedata.normalize('NFKC', text).strip()


def _is_hangul(text: str) -> bool:
    return _HANGUL.search(text) is not None


def _pattern(name: str) -> str:
    """Return what finds the name as it is written."""
    words = name.split()
    if _ONE_SEAMLESS.search(name):
        text = r'\s*'.join(map(re.escape, words))
        if len(name) == 1:
            return f'(?<![가-힣]){text}(?:{_ONE_SYLLABLE})'
        if len(name) == 3 and _HANGUL.fullmatch(name):
            return rf'{name[0]}\s*{name[1:]}'  # the family name may stand apart
        return text
    text = r'\s+'.join(map(re.escape, words))
    if name.casefold() in ORDINARY:
        text = f'(?-i:{re.escape(name[:1].upper() + name[1:])}|{re.escape(name.upper())})'
    return f'{_BEGIN}{text}{_END}'


@lru_cache(maxsize=65_536)
def _sounds(word: str) -> frozenset[str]:
    """Return what names the word may be, by their sound: the whole, and a part of a Korean one."""
    found: set[str] = set()
    for form in _forms(word):
        key = name_key(form)
        found.add(key)
        if _is_hangul(form):
            found.update(part for part in key.split(' ') if len(part) > 2)
    found.discard('')
    return frozenset(found)


@lru_cache(maxsize=65_536)
def _forms(word: str) -> tuple[str, ...]:
    """Return the word without what may be attached to a name."""
    bare = _POSSESSIVE.sub('', word)
    forms = [bare, *(bare.split("'") if "'" in bare else ())]
    syllables = _HANGUL.match(bare)
    if syllables:
        run = syllables[0]
        forms += [run[:at] for at in range(2, len(run)) if run[at] in _AFTER]
        forms.append(run)
    else:
        attached = _HANGUL.search(bare)
        if attached:
            forms.append(bare[: attached.start()])  # `Jisu는`
    return tuple(dict.fromkeys(form for form in forms if form))
