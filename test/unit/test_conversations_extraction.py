# SPDX-License-Identifier: Apache-2.0
"""How much of what people tell over months the offline extractor reads, and that it reads nothing
that was not told.

The memory proper folds what was told in the database; here plain Python does, as simply as can be.
"""

import pytest
from dated_conversations import Expected, dated_conversations

from prot_ros.core.facts import IS_CALLED, Standing
from prot_ros.core.offline.facts_told import facts_told
from prot_ros.core.offline.knowledge import has_one_value, opposite, same_value
from prot_ros.core.offline.romanization import romanised

CONVERSATIONS = dated_conversations()
SUPPORTED_SHARE = 0.9
"""Of what the extractor claims to read, so much it has to."""


class Fold:
    """The live facts after some turns."""

    def __init__(self):
        self.live = []
        self._names = {}  # what someone is called: who it is

    def tell(self, facts):
        # `my boss Mina` names a Mina of her own; later `Mina` is whoever was named so last.
        # Of two sisters each is who her name says.
        named = [each for each in facts if each.predicate == IS_CALLED]
        named = [each for each in named if each.standing is Standing.HOLDS]
        bearers = [key(each.subject) for each in named]
        for fact in named:
            if bearers.count(key(fact.subject)) == 1:
                self._names[key(fact.object)] = self.who(fact.subject)
        for fact in facts:
            self._fold(self.who(fact.subject), fact)

    def who(self, subject):
        return self._names.get(key(subject), key(subject))

    def _fold(self, who, fact):
        def ends(other):
            if other[0] != who:
                return False
            same = key(other[1].object) == key(fact.object)
            alike = same_value(other[1].object, fact.object)
            if fact.standing is not Standing.HOLDS:
                return other[1].predicate == fact.predicate and alike
            if other[1].predicate == opposite(fact.predicate) and same:
                return True
            single = has_one_value(fact.predicate) or same
            return other[1].predicate == fact.predicate and single

        self.live = [other for other in self.live if not ends(other)]
        if fact.standing is Standing.HOLDS:
            self.live.append((who, fact))

    def find(self, expected):
        whom = self.who(expected.subject)
        return [
            fact
            for who, fact in self.live
            if who == whom
            and fact.predicate == expected.predicate
            and same_value(fact.object, expected.object)
        ]


def key(text):
    return ' '.join(romanised(text).casefold().split())


def folded(conversation):
    fold = Fold()
    for turn in conversation.turns:
        fold.tell(facts_told(turn.text, turn.at))
    return fold


def outcomes():
    """Yield each expectation with its conversation, and whether it was met."""
    for conversation in CONVERSATIONS:
        fold = folded(conversation)
        for expected in conversation.live:
            yield conversation, expected, bool(fold.find(expected))
        for expected in conversation.not_live:
            yield conversation, expected, not fold.find(expected)
        for question in conversation.questions:
            said = [f'{fact.text} {fact.object}'.casefold() for _, fact in fold.live]
            found = any(all(word.casefold() in each for word in question.words) for each in said)
            wrong = any(word.casefold() in each for word in question.not_words for each in said)
            yield conversation, question, found and not wrong


def test_there_are_sixty_or_more_and_as_many_in_one_language_as_in_the_other():
    languages = [conversation.language for conversation in CONVERSATIONS]
    assert languages.count('en') == languages.count('ko') >= 30
    assert len({each.name for each in CONVERSATIONS}) == len(CONVERSATIONS)
    assert all(turn.at.tzinfo for each in CONVERSATIONS for turn in each.turns)


@pytest.mark.parametrize('language', ['en', 'ko'])
def test_extractor_reads_what_it_claims_to(language):
    results = [
        (conversation.name, expected, met)
        for conversation, expected, met in outcomes()
        if conversation.language == language and expected.supported
    ]
    missed = [(name, expected) for name, expected, met in results if not met]
    assert 1 - len(missed) / len(results) >= SUPPORTED_SHARE, missed


@pytest.mark.parametrize('conversation', CONVERSATIONS, ids=lambda each: each.name)
def test_nothing_is_live_that_must_not_be(conversation):
    fold = folded(conversation)
    wrong = [each for each in conversation.not_live if each.supported and fold.find(each)]
    assert not wrong


@pytest.mark.parametrize(
    'conversation', [each for each in CONVERSATIONS if each.since], ids=lambda each: each.name
)
def test_it_is_known_since_when_something_is_so(conversation):
    fold = folded(conversation)
    for subject, predicate, value, since in conversation.since:
        (fact,) = fold.find(Expected(subject, predicate, value, supported=True))
        assert fact.since is not None
        assert fact.since.isoformat().startswith(since)
