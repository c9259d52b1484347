# SPDX-License-Identifier: Apache-2.0
"""Who yields when somebody speaks over the robot, and what becomes of what it was saying.

A barge-in comes in stages, because falling silent must be quick and giving up a reply must be
right. At the first suspicion the robot lowers its voice; when a voice is likely it is inaudible
for a moment, while its reply goes on beneath; when it is clear that an utterance has begun it is
silent, with its place kept; and only when there are words in the utterance is the reply void. A
cough, a door, a "mm-hm" so costs a dip or a pause, and never the reply.
"""

from __future__ import annotations

from prot_ros.core.backchannel import is_backchannel
from prot_ros.core.stamps import NEVER, Stamp


class Policy:
    """Whether what the robot says yields to somebody who speaks. Values of `policy` fields."""

    INTERRUPTIBLE = 'interruptible'
    """At once."""
    FINISH_SENTENCE = 'finish_sentence'
    """At the end of the sentence that is being heard."""
    NEVER = 'never'
    """For safety: only an interrupt from elsewhere (a person at a terminal, a button) ends it."""

    ALL = (INTERRUPTIBLE, FINISH_SENTENCE, NEVER)


class Overlap:
    """An utterance that began while the robot thought or spoke, until it is known what it was."""

    def __init__(self) -> None:
        self.turn = NEVER
        """The utterance's, NEVER when there is none."""
        self._sustained = False
        self._words = False

    def begin(self, turn: Stamp) -> None:
        """An utterance has begun; it takes the place of the one before."""
        if turn > self.turn:
            self.turn, self._sustained, self._words = turn, False, False

    def sustain(self, turn: Stamp) -> bool:
        """It has lasted longer than listening noises do. Return whether it takes the floor."""
        if turn == self.turn:
            self._sustained = True
        return self._takes_the_floor(turn)

    def partial(self, turn: Stamp, text: str, *, asked: bool) -> bool:
        """Words are being recognised in it. Return whether it takes the floor.

        Words alone do not: a recogniser makes some of a cough as well, and takes them back.
        """
        if turn == self.turn:
            self._words = wants_the_floor(text, asked=asked)
        return self._takes_the_floor(turn)

    def _takes_the_floor(self, turn: Stamp) -> bool:
        return turn == self.turn != NEVER and self._sustained and self._words

    def end(self, turn: Stamp) -> None:
        """It is known what was said in it, or that nothing was."""
        if turn >= self.turn:
            self.turn = NEVER


def wants_the_floor(text: str, *, asked: bool) -> bool:
    """Return whether a transcript is something to fall silent for.

    `asked` says that the robot has just asked something, so that "yes" is an answer.
    """
    return bool(text.strip()) and not is_backchannel(text, asked=asked)
