# SPDX-License-Identifier: Apache-2.0
"""A stream of text -> sentences, each as soon as a reader would know that it has ended.

An end mark is judged by what follows it, because a reader who has seen no more than `다.`, `?` or
`。` does not know either whether `..`, `!` or a closing quote comes next. So a sentence is known

- one character after its mark where that is enough: a space after `?`, `요.` or an ordinary word,
  anything after `。`, a line's end after anything;
- at the next word where it is not: `Dr. Kim`, `the U.S. It`, `well... maybe`, `3. Oktober`.

Language models send a word together with the space before it, so waiting costs one of their
pieces (20 ms at 50 a second), and nothing at the end of a reply. Text is judged character by
character: how it was cut into pieces changes nothing. Time is linear, memory bounded by LIMIT.
"""

from __future__ import annotations

import re
import unicodedata

LIMIT = 2_000
"""Characters without a sentence end that are spoken all the same: two minutes of speech."""

_ASKING = frozenset('!?؟')
_WIDE = frozenset('。！？｡।॥۔።။។')
"""Marks of scripts that need no space after them, and that are never part of a word."""
_MARKS = _ASKING | _WIDE | frozenset('.…~～〜')
_CLOSERS = frozenset('"\'”’)]}»」』）】*_\u200d\ufe0f')
"""And emoji, with their joiner and selector: what is said is over before the smile."""
_NEWLINES = frozenset('\n\r\u2028\u2029')
_CLAUSE_ENDS = frozenset(',;:，、；：،')
_KOREAN_ENDINGS = frozenset('다요죠까네지야어아해군걸래자')
"""Last syllables of a Korean clause that can stand alone."""

_TITLES = frozenset('dr mr mrs ms prof rev gen sen rep capt lt col sgt mt'.split())
"""With a capital, always followed by a name."""
_NEVER_LAST = frozenset('vs e.g i.e cf approx dept z.b d.h u.a bzw'.split())
_BEFORE_NUMBERS = frozenset(
    """no nos nr fig figs vol p pp ch art tel ext est ca
    jan feb mar apr jun jul aug sep sept oct nov dec""".split()
)
"""Abbreviations before a number, words of their own elsewhere: `No. 5`, but `No. I do not.`"""
_SOMETIMES_LAST = frozenset('etc a.m p.m inc co corp ltd jr sr ph.d st ft usw'.split())
_STARTERS = frozenset(
    """the a an it its he she they we i you this that these those there here then but and so or if
    in on at my your his her our their what when where why who how yes no now after before as
    however also please let while although because since""".split()
)
"""Words that begin a sentence far more often than they follow an initial or an abbreviation."""

_INITIALS = re.compile(r'(?:[^\W\d_]\.)+[^\W\d_]')
_GERMAN_ORDINAL = re.compile(
    r'(?<!\bi )\b(?:am|ab|bis|das|dem|den|der|des|die|im|seit|vom|zum) \d{1,2}$', re.IGNORECASE
)
"""`am 3. Oktober`; but not the age in `I am 30. You are 40.`"""
_QUOTED_ON = ('하고', '하며', '라고', '라며', '라는', '이라')
"""What follows a Korean quotation that goes on."""
_LOOK_BACK = 64
"""Characters before a mark that are looked at: more than any abbreviation has."""


class SentenceSplitter:
    """Push pieces, take sentences; `end` gives what is left."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._text: list[str] = []
        self._has_word = False
        """Marks alone, such as the line `---`, are no sentence but the beginning of one."""
        self._mark = -1
        """Where the end mark that is being judged begins, -1 when none is."""
        self._after = -1
        """Where it and what closes with it ends."""

    def push(self, piece: str) -> list[str]:
        """Take the next piece and return the sentences that it has completed."""
        out: list[str] = []
        waiting = list(reversed(piece))
        while waiting:
            char = waiting.pop()
            self._text.append(char)
            self._has_word = self._has_word or char.isalnum()
            end = self._boundary(char)
            if end < 0 and len(self._text) > LIMIT:
                end = self._forced()
            if end >= 0:
                waiting.extend(reversed(self._text[end:]))
                self._emit(self._text[:end], out)
                self._begin()
        return out

    def end(self) -> list[str]:
        """Return what is left, and be ready for another text."""
        out = self.push('\n')
        self._emit(self._text, out)
        self._begin()
        return out

    @staticmethod
    def _emit(chars: list[str], out: list[str]) -> None:
        sentence = ''.join(chars).strip()
        if sentence:
            out.append(sentence)

    def _boundary(self, char: str) -> int:
        """Return where the sentence ends, -1 when it has not or is not known to have."""
        if not self._has_word:
            return -1
        last = len(self._text) - 1
        if self._mark >= 0:
            if self._after == last and (char in _MARKS or self._closes(char)):
                self._after += 1
                return -1
            if char.isspace() and char not in _NEWLINES and self._text[last - 1].isspace():
                return -1  # tells no more than the space before it
            verdict = self._judge()
            if verdict:
                return self._after
            if verdict is False:
                self._mark = -1
        if self._mark < 0:
            if char in _NEWLINES:
                return last + 1
            if char in _MARKS:
                self._mark, self._after = last, last + 1
        return -1

    def _closes(self, char: str) -> bool:
        """Return whether a character that follows a mark belongs with it."""
        if char == '“':
            return '„' in self._text  # „Halt.“ closes with what “Stop.” opens with
        return char in _CLOSERS or (char > '\u2100' and unicodedata.category(char) in ('So', 'Sk'))

    def _judge(self) -> bool | None:
        """Return whether the mark ends the sentence; None when the next word must be seen."""
        run = ''.join(self._text[self._mark : self._after])
        before = ''.join(self._text[max(0, self._mark - _LOOK_BACK) : self._mark])
        following = ''.join(self._text[self._after :])
        word = following.lstrip()
        if not _NEWLINES.isdisjoint(following[: len(following) - len(word)]):
            return True
        if following[0].isspace():
            return _ends_before_space(run, before, word)
        return _ends_without_space(run, before, following[0])

    def _forced(self) -> int:
        """Return where to cut text that has no end: after a clause, a word, or right here."""
        for at in range(LIMIT - 1, LIMIT // 2, -1):
            # The comma of 1,000 ends no clause.
            if self._text[at] in _CLAUSE_ENDS and not self._text[at + 1].isdigit():
                return at + 1
        for at in range(LIMIT - 1, 0, -1):
            if self._text[at].isspace():
                return at + 1
        return LIMIT


def _ends_without_space(run: str, before: str, following: str) -> bool:
    marks = _only_marks(run)
    if len(marks) < len(run) and (_is_hangul(following) or _is_hiragana(following)):
        return False  # "네."라고 and 「はい。」と: a particle goes on after the quotation
    if not _WIDE.isdisjoint(marks):
        return following not in _CLAUSE_ENDS
    if not _ASKING.isdisjoint(marks):
        # Not in a URL's query, nor in a name such as Yahoo!
        return following.isupper() or _is_cjk(following)
    return marks == '.' and _is_cjk(before[-1:]) and (_is_cjk(following) or following in '“‘「『')


def _ends_before_space(run: str, before: str, following: str) -> bool | None:
    marks = _only_marks(run)
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
    if not (_ASKING | _WIDE).isdisjoint(marks):
        return True
    if '…' in marks or '..' in marks:
        return _ellipsis_ends(before, following)
    if '.' in marks:
        return _period_ends(before, following)
    if not before[-1:].isalpha():
        return False  # 서울 ~ 부산
    return _is_cjk(before[-1]) or (following[0].isupper() if following else None)


def _only_marks(run: str) -> str:
    return ''.join(char for char in run if char in _MARKS)


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
    written = words[-1].strip('("\'“‘[*_') if words else ''
    word = written.lower()
    single = len(word) == 1 and word.isalpha() and word != 'i'
    if len(words) == 1 and (word.isdigit() or single):
        return False  # the number or letter of a list's item
    if word in _NEVER_LAST or (word in _TITLES and written[0].isupper()):
        return False
    if word[-1:].isdigit():
        return _number_ends(before, following)
    if word in _BEFORE_NUMBERS:
        return not (following[0].isdigit() or following[0].islower()) if following else None
    if single or word in _SOMETIMES_LAST or _INITIALS.fullmatch(word):
        return _starts_sentence(following)
    return True


def _number_ends(before: str, following: str) -> bool | None:
    """Tell `It is 7. Then` from the date `2024. 3. 15.` and from `am 3. Oktober`."""
    if not following:
        return None
    if following[0].islower() or following[0].isdigit() or _is_cjk(following[0]):
        return False
    return _GERMAN_ORDINAL.search(before[-12:]) is None or not following[0].isalpha()


def _starts_sentence(following: str) -> bool | None:
    if following and not following[0].isupper():
        return _is_cjk(following[0])
    found = re.match(r'[^\W\d_]+(?=[^\w])', following)
    if found is None:
        # The word may not be whole yet; a very long one is no starter.
        return None if len(following) < 12 else False
    return found.group().lower() in _STARTERS


def _is_hangul(char: str) -> bool:
    return '\uac00' <= char <= '\ud7a3' or '\u3131' <= char <= '\u318e'  # with 'ㅋㅋ'


def _is_hiragana(char: str) -> bool:
    return '\u3041' <= char <= '\u3096'


def _is_cjk(char: str) -> bool:
    return _is_hangul(char) or '\u3040' <= char <= '\u30ff' or '\u4e00' <= char <= '\u9fff'
