# SPDX-License-Identifier: Apache-2.0
"""A stream of text -> sentences, each as soon as a reader would know that it has ended.

An end mark is judged by what follows it, so a sentence is known one character after its mark where
that is enough (a space after `?`, anything after `。`), and at the next word where it is not
(`Dr. Kim`, `the U.S. It`, `well... maybe`). Text is judged character by character, so how it was
cut into pieces changes nothing.
"""

from __future__ import annotations

import re

LIMIT = 2_000
"""Characters without a sentence end that are spoken all the same: two minutes of speech."""

_MARKS = frozenset('.!?…。！？~～')
_WIDE = frozenset('。！？')
_CLOSERS = frozenset('"\'”’)]}»」』）】*_')
_KOREAN_ENDINGS = frozenset('다요죠까네지야어아해군걸래자')
"""Last syllables of a Korean clause that can stand alone."""

_NEVER_LAST = frozenset(
    """dr mr mrs ms prof st rev gen sen rep capt lt col sgt mt ft vs e.g i.e cf no fig vol pp
    approx dept est tel ext jan feb mar apr jun jul aug sep sept oct nov dec""".split()
)
_SOMETIMES_LAST = frozenset({'etc', 'a.m', 'p.m', 'inc', 'co', 'corp', 'ltd', 'jr', 'sr', 'ph.d'})
_STARTERS = frozenset(
    """the a an it its he she they we i you this that these those there here then but and so or if
    in on at my your his her our their what when where why who how yes no now after before as
    however also please let while although because since""".split()
)
"""Words that begin a sentence far more often than they follow an initial or an abbreviation."""

_INITIALS = re.compile(r'(?:[^\W\d_]\.)+[^\W\d_]')
_QUOTED_ON = ('하고', '하며', '라고', '라며', '라는', '이라')
"""What follows a Korean quotation that goes on."""


class SentenceSplitter:
    """Push pieces, take sentences; `end` gives what is left."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._mark = -1
        """Where the end mark that is being judged begins, -1 when none is."""
        self._after = -1
        """Where it and what closes with it ends."""

    def push(self, piece: str) -> list[str]:
        """Take the next piece and return the sentences that it has completed."""
        out: list[str] = []
        waiting = list(reversed(piece))
        while waiting:
            self._text.append(waiting.pop())
            end = self._boundary()
            if end < 0 and len(self._text) > LIMIT:
                end = self._forced()
            if end >= 0:
                rest = self._text[end:]
                self._emit(self._text[:end], out)
                self._text, self._mark = [], -1
                waiting.extend(reversed(rest))
        return out

    def end(self) -> list[str]:
        """Return the unfinished rest, as at most one sentence."""
        out: list[str] = []
        self._emit(self._text, out)
        self._text, self._mark = [], -1
        return out

    @staticmethod
    def _emit(chars: list[str], out: list[str]) -> None:
        sentence = ''.join(chars).strip()
        if sentence:
            out.append(sentence)

    def _boundary(self) -> int:
        """Return where the sentence ends, -1 when it has not or is not known to have."""
        last = len(self._text) - 1
        char = self._text[last]
        if self._mark >= 0 and self._after == last and (char in _MARKS or char in _CLOSERS):
            self._after += 1
            return -1
        if self._mark >= 0:
            verdict = self._judge()
            if verdict:
                return self._after
            if verdict is False:
                self._mark = -1
        if char == '\n' and self._mark < 0:
            return last + 1
        if self._mark < 0 and char in _MARKS:
            self._mark, self._after = last, last + 1
        return -1

    def _judge(self) -> bool | None:
        """Return whether the mark ends the sentence; None when the next word must be seen."""
        run = ''.join(self._text[self._mark : self._after])
        before = ''.join(self._text[: self._mark])
        following = ''.join(self._text[self._after :])
        if any(mark in run for mark in _WIDE):
            return True
        if '\n' in following[: len(following) - len(following.lstrip())]:
            return True
        if not following[0].isspace():
            return _ends_without_space(run, before[-1:], following[0])
        return _ends_before_space(run, before, following.lstrip())

    def _forced(self) -> int:
        """Return where to cut text that has no end: after a clause, a word, or right here."""
        for marks in (',;:，、；：', ' \t'):
            for at in range(LIMIT - 1, LIMIT // 2, -1):
                if self._text[at] in marks:
                    return at + 1
        return LIMIT


def _ends_without_space(run: str, before: str, following: str) -> bool:
    if '!' in run or '?' in run:
        # Not in a URL's query, nor in a name such as Yahoo!
        return following.isupper() or _is_cjk(following)
    if run[0] == '.' and len(run.rstrip('"\'”’')) == 1:
        return _is_hangul(before) and _is_hangul(following)
    return False


def _ends_before_space(run: str, before: str, following: str) -> bool | None:
    marks = ''.join(char for char in run if char in _MARKS)
    if len(marks) < len(run):
        # A quotation or bracket was closed: the sentence around it may go on.
        if not following:
            return None
        if following[0].islower():
            return False
        if _is_hangul(following[0]) and len(following) < 2:
            return None
        if following.startswith(_QUOTED_ON):
            return False
    if '!' in marks or '?' in marks:
        return True
    if '…' in marks or '..' in marks:
        return _ellipsis_ends(before, following)
    if '.' in marks:
        return _period_ends(before, following)
    return _is_hangul(before[-1:])  # 네~ 좋아요~


def _ellipsis_ends(before: str, following: str) -> bool | None:
    if before[-1:] in _KOREAN_ENDINGS and len(before.strip()) > 1:
        return True
    if not following:
        return None
    return following[0].isupper()


def _period_ends(before: str, following: str) -> bool | None:
    if _is_cjk(before[-1:]):
        return True
    words = before.split()
    word = words[-1].strip('("\'“‘[').lower() if words else ''
    if word in _NEVER_LAST:
        return False
    if word.isdigit() and len(words) == 1:
        return False  # the number of a list's item
    single = len(word) == 1 and word.isalpha() and word != 'i'
    if not (single or word in _SOMETIMES_LAST or _INITIALS.fullmatch(word)):
        return True
    if following and not following[0].isupper():
        return _is_cjk(following[0])
    found = re.match(r'[^\W\d_]+(?=[^\w])', following)
    if found is None:
        # The word may not be whole yet; a very long one is no starter.
        return None if len(following) < 12 else False
    return found.group().lower() in _STARTERS


def _is_hangul(char: str) -> bool:
    return '\uac00' <= char <= '\ud7a3'


def _is_cjk(char: str) -> bool:
    return _is_hangul(char) or '\u3040' <= char <= '\u30ff' or '\u4e00' <= char <= '\u9fff'
