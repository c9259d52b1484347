# SPDX-License-Identifier: Apache-2.0
"""To which utterance belongs what a recognition service says on one connection.

A service that transcribes a stream repeats itself: the last hypothesis comes again every second,
what was committed comes again as a hypothesis, a commit comes twice. None of that may be taken for
words of the utterance that follows. And it also commits by itself what nobody asked it to commit:
a long utterance's beginning, which is to be kept, and residue after a commit, which is not.
"""

from __future__ import annotations

import enum
import unicodedata
from collections import deque

RESIDUE_S = 10.0
"""A commit that nobody asked for, with less new audio than this, is residue: the service commits
by itself after 90 s, and what is left over from the last commit comes right after it."""
COPY_S = 3.0
"""So much audio after a commit no copy of it comes any more."""
REMEMBERED = 32
"""Hypotheses of the utterance before that are known again."""


class Verdict(enum.Enum):
    """What a commit is."""

    ANSWER = 'answer'
    """To the commit that was asked for."""
    ANSWER_OR_COPY = 'answer_or_copy'
    """It says what the one before said, on a connection that says things twice: unless another one
    follows at once, it is the answer."""
    OWN = 'own'
    """The service's own, of a part of this utterance."""
    STALE = 'stale'
    """A copy, or residue."""


def plain(text: str) -> str:
    """Return the letters and digits of a text, in which copies of it are alike; '' for none."""
    folded = unicodedata.normalize('NFKC', text).casefold()
    return ''.join(char for char in folded if unicodedata.category(char)[0] not in 'PSZC')


class Attribution:
    """Judges what one connection says, from one utterance to the next."""

    def __init__(self) -> None:
        self.asked = False
        """Whether a commit was asked for that has not been answered."""
        self._under_way = False
        self._sent_s = 0.0
        """Since the utterance began or was last committed by the service itself."""
        self._shown = ''
        """The hypothesis that was last taken for this utterance's."""
        self._now: deque[str] = deque(maxlen=REMEMBERED)
        """Hypotheses since the last commit."""
        self._stale: frozenset[str] = frozenset()
        self._committed = ''
        self._copies = False
        """Whether commits come twice on this connection, as far as has been seen."""
        self._copied = False
        """Whether the last commit has."""

    def begin(self) -> None:
        """Begin an utterance."""
        self._under_way, self.asked = True, False
        self._sent_s = 0.0
        self._shown = ''
        self._stale |= frozenset(self._now)
        self._now.clear()

    def sent(self, seconds: float) -> None:
        """Count audio that was sent."""
        self._sent_s += seconds

    def ask(self) -> None:
        """Note that a commit is being asked for."""
        self.asked = True

    def end(self) -> None:
        """End the utterance, whether it was committed or not."""
        self._under_way = self.asked = False

    def partial(self, text: str) -> bool:
        """Tell whether a hypothesis is new and of this utterance."""
        said = plain(text)
        if not said or said == self._shown:
            return False
        if not self._under_way:
            self._now.append(said)
            return False
        grows = bool(self._shown) and said.startswith(self._shown)
        if not grows and (said in self._stale or self._committed.startswith(said)):
            return False
        self._shown = said
        self._now.append(said)
        return True

    def commit(self, text: str) -> Verdict:
        """Tell what a commit is; an answer ends the utterance."""
        said = plain(text)
        same = bool(said) and said == self._committed
        if self.asked:
            # Only where copies are usual: to wait for one costs those who say yes twice.
            if same and self._copies and not self._copied and self._sent_s < COPY_S:
                self._copied = True
                return Verdict.ANSWER_OR_COPY
            self._settle(said)
            self._under_way = self.asked = False
            return Verdict.ANSWER
        if same:
            self._copies = self._copied = True
        elif self._under_way and said and self._sent_s >= RESIDUE_S:
            self._settle(said)
            return Verdict.OWN
        return Verdict.STALE

    def _settle(self, said: str) -> None:
        self._stale = frozenset(self._now)
        self._now.clear()
        self._committed, self._copied = said, False
        self._shown = ''
        self._sent_s = 0.0
