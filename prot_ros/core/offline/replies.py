# SPDX-License-Identifier: Apache-2.0
"""What the robot says without a language model: decided here, worded by its phrasebook.

It answers from the facts it is given, the conversation so far, the clock, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import groupby

from prot_ros.core.circles import circle_asked_about, circle_of
from prot_ros.core.facts import NOTE, OWNED, USER, Fact, Standing
from prot_ros.core.language import detect
from prot_ros.core.offline.facts_told import facts_told
from prot_ros.core.offline.knowledge import (
    Knowledge,
    has_one_value,
    in_order,
    opposite,
    same_value,
    without_echoes,
)
from prot_ros.core.offline.languages import DEFAULT, LANGUAGES, Language
from prot_ros.core.offline.phrasebook import Line, Phrasebook
from prot_ros.core.offline.plain_text import plain
from prot_ros.core.offline.questions import COUNT_LIMIT, Intent, Kind
from prot_ros.core.offline.situation import Situation
from prot_ros.core.offline.telling import story_script, unheard

_MAX_ABOUT = 8
"""Facts about one person in one answer; more is no conversation."""
_MAX_ACKNOWLEDGED = 5
_MAX_REPEATED = 600
"""Characters that are said again or said after the user."""
_HISTORY = 40
"""Messages that are read for facts; what is older reaches the reply through memory."""


_ALWAYS = {
    Kind.NOTHING: Line.NOT_HEARD,
    Kind.STOP: Line.STOPPED,
    Kind.WELLBEING: Line.WELLBEING,
    Kind.IDENTITY: Line.IDENTITY,
    Kind.ABILITIES: Line.ABILITIES,
    Kind.AGREE: Line.AGREED,
    Kind.DENY: Line.DENIED,
    Kind.TELL: Line.NOT_UNDERSTOOD,
    Kind.UNKNOWN: Line.NOT_UNDERSTOOD,
}
"""Where there is only one thing to say."""
_MAY_BE_OF_A_CIRCLE = frozenset({
    Kind.QUESTION, Kind.UNKNOWN, Kind.ABILITIES, Kind.IDENTITY, Kind.ASK_ABOUT, Kind.ASK_WHO,
})  # fmt: skip


def reply(situation: Situation) -> str:
    """Return what to say: plain sentences, in the language of the utterance."""
    return _Reply(situation).text()


class _Reply:
    """One reply; its parts are computed when they are needed."""

    def __init__(self, situation: Situation) -> None:
        self._s = situation
        code = _language(situation)
        self._code = code if code in LANGUAGES else DEFAULT
        self._foreign = code not in LANGUAGES
        self._language: Language = LANGUAGES[self._code]
        self._book: Phrasebook = self._language.phrases
        self._told = () if self._foreign else facts_told(situation.utterance, situation.now)

    def text(self) -> str:
        if self._foreign:
            names = self._book.joined([each.name for each in LANGUAGES.values()])
            return self._say(Line.FOREIGN, languages=names)
        intent = self._language.intent(self._s.utterance)
        circle = self._circle() if intent.kind in _MAY_BE_OF_A_CIRCLE and not self._told else ''
        if circle:
            return circle
        if not self._told or intent.kind is Kind.DENY:
            return self._answer(intent)
        acknowledged = self._acknowledge()
        if intent.kind in (Kind.TELL, Kind.NOTHING, Kind.UNKNOWN):
            return acknowledged
        return f'{acknowledged} {self._answer(intent)}'

    @cached_property
    def _known(self) -> Knowledge:
        return Knowledge((*self._told, *self._history_facts, *self._s.memory))

    @cached_property
    def _history_facts(self) -> list[Fact]:
        """What the user told earlier, the latest first; memory may not have it yet."""
        recent = [each.text for each in self._s.history[-_HISTORY:] if each.speaker == 'user']
        return [fact for text in reversed(recent) for fact in facts_told(text, self._s.now)]

    @cached_property
    def _answers(self) -> Mapping[Kind, Callable[[Intent], str]]:
        return {
            Kind.GREETING: self._greet,
            Kind.GOODBYE: self._part,
            Kind.THANKS: self._part,
            Kind.COUNT: self._count,
            Kind.STORY: self._tell_story,
            Kind.CONTINUE: self._go_on,
            Kind.REPEAT: self._repeat,
            Kind.ASK_FACT: self._one_fact,
            Kind.ASK_ABOUT: self._everything,
            Kind.ASK_WHO: self._who,
            Kind.QUESTION: self._question,
        }

    def _answer(self, intent: Intent) -> str:
        if intent.kind is Kind.TIME:
            return self._book.time(self._s.now)
        if intent.kind is Kind.DATE:
            return self._book.date(self._s.now)
        if intent.kind is Kind.SAY:
            return _sentence(plain(intent.text)[:_MAX_REPEATED])
        if intent.kind in _ALWAYS:
            return self._say(_ALWAYS[intent.kind])
        return self._answers[intent.kind](intent)

    # --- people ---------------------------------------------------------------------------------

    def _part(self, intent: Intent) -> str:
        line = Line.GOODBYE if intent.kind is Kind.GOODBYE else Line.WELCOME
        return self._say(line, name=self._book.appended(self._known.name))

    def _greet(self, intent: Intent) -> str:
        known = self._known
        home = known.values(USER, 'lives in')
        if not known.name and not home:
            return self._say(Line.HELLO_STRANGER)
        hello = (
            self._say(Line.HELLO_KNOWN, name=self._book.addressed(known.name))
            if known.name
            else self._say(Line.HELLO_AGAIN)
        )
        if not home:
            return hello
        return f'{hello} {self._say(Line.AS_REMEMBERED, what=self._book.clause(home[0]))}'

    def _acknowledge(self) -> str:
        """Say what was understood. Whether it is kept is up to memory, which reads the same."""
        held = [fact for fact in self._told if fact.standing is Standing.HOLDS]
        name = next((f.object for f in held if f.subject == USER and f.predicate == 'name'), '')
        others = without_echoes([f for f in held if f.subject != USER or f.predicate != 'name'])
        kept = self._book.acknowledge(others[:_MAX_ACKNOWLEDGED]) if others else ''
        if not name:
            return f'{self._say(Line.THANKS_FOR_TELLING)} {kept}'.rstrip()
        called = self._book.addressed(name)
        if self._met_before(name):
            return f'{self._say(Line.I_KNOW_YOU, name=called)} {kept}'.rstrip()
        return f'{self._say(Line.NICE_TO_MEET, name=called)} {kept or self._say(Line.NAME_KEPT)}'

    def _met_before(self, name: str) -> bool:
        """Tell whether the name was known before this utterance.

        Memory alone cannot say: it may have taken the name from the utterance a moment ago. The
        conversation can, and so can anything else that memory knows about the user.
        """
        earlier = Knowledge(self._history_facts)
        if earlier.name:
            return same_value(earlier.name, name)
        remembered = Knowledge(self._s.memory)
        now = Knowledge(self._told)
        more = any(fact.subject == USER and not now.holds(fact) for fact in remembered.facts)
        return more and same_value(remembered.name, name)

    # --- what was told --------------------------------------------------------------------------

    def _one_fact(self, intent: Intent) -> str:
        found = self._known.values(intent.subject, intent.predicate)
        if intent.object:
            return self._yes_or_no(intent, found)
        if found:
            return self._state(found)
        return self._book.missing(intent)

    def _yes_or_no(self, intent: Intent, found: list[Fact]) -> str:
        same = [fact for fact in found if same_value(fact.object, intent.object)]
        if same:
            return self._say(Line.YES, what=self._state(same[:1]))
        excluded = opposite(intent.predicate)
        against = [
            fact
            for fact in (self._known.values(intent.subject, excluded) if excluded else ())
            if same_value(fact.object, intent.object)
        ]
        if against:
            return self._say(Line.NO, what=self._state(against[:1]))
        if found:
            line = Line.NO if has_one_value(intent.predicate) else Line.ONLY_THIS
            return self._say(line, what=self._state(found))
        return self._book.missing(intent)

    def _everything(self, intent: Intent) -> str:
        found = self._known.about(intent.subject)
        if intent.subject == USER:
            found = [*found, *(f for f in self._known.facts if f.subject.startswith(OWNED))]
        if found:
            return self._state(in_order(without_echoes(found))[:_MAX_ABOUT])
        if intent.subject == USER:
            return self._say(Line.NOTHING_ABOUT_YOU)
        return self._say(Line.NOTHING_ABOUT, who=self._book.named(intent.subject))

    def _circle(self) -> str:
        """Tell of those in the family, at work, or elsewhere; '' where none of these is meant."""
        asked = circle_asked_about(self._s.utterance)
        if not asked:
            return ''
        members = dict.fromkeys(
            fact.subject
            for fact in self._known.facts
            if fact.subject.startswith(OWNED)
            and circle_of(fact.subject.removeprefix(OWNED)) == asked
        )
        found = [fact for member in members for fact in self._known.about(member)]
        if not found:
            return self._say(Line.NOTHING_ABOUT, who=self._book.named(OWNED + asked))
        return self._state(without_echoes(list(dict.fromkeys(found)))[:_MAX_ABOUT])

    def _who(self, intent: Intent) -> str:
        found = self._known.who(intent.predicate, intent.object)
        return self._state(found[:_MAX_ABOUT]) if found else self._say(Line.NOBODY)

    def _question(self, intent: Intent) -> str:
        """Answer from what the user wanted remembered, if it is about the same."""
        asked = self._book.content(intent.text)
        for fact in self._known.facts:
            shared = asked & self._book.content(fact.object) if fact.predicate == NOTE else set()
            if shared and 2 * len(shared) >= len(asked):
                return self._state([fact])
        return self._say(Line.CANNOT_ANSWER)

    def _state(self, facts: Sequence[Fact]) -> str:
        """Say facts in sentences, those of one relation together."""
        together = sorted(facts, key=lambda fact: fact.subject != facts[0].subject)
        said = []
        for _, group in groupby(together, key=lambda fact: (fact.subject, fact.predicate)):
            same = list(group)
            values = [fact.object for fact in same]
            first = same[0]
            value = values[0] if len(values) == 1 else self._book.joined(values)
            said.append(
                self._book.sentence(Fact(first.subject, first.predicate, value, first.text))
            )
        return ' '.join(said)

    # --- telling, counting, repeating -----------------------------------------------------------

    def _count(self, intent: Intent) -> str:
        if not all(1 <= number <= COUNT_LIMIT for number in (intent.start, intent.end)):
            return self._say(Line.TOO_FAR)
        return ''.join(self._book.count(intent.start, intent.end)).rstrip()

    def _tell_story(self, intent: Intent) -> str:
        script = story_script(self._code, self._s.stories)
        return ''.join(script) if script else self._say(Line.NO_STORY)

    def _go_on(self, intent: Intent) -> str:
        rest = unheard(self._s.history[-_HISTORY:], self._s.stories)
        if rest is None:
            return self._say(Line.NOTHING_TO_GO_ON)
        if not rest:
            return self._say(Line.AT_THE_END)
        return f'{self._say(Line.GOING_ON)} {rest[:1].upper()}{rest[1:]}'

    def _repeat(self, intent: Intent) -> str:
        said = [m.text for m in self._s.history if m.speaker == 'robot' and m.text.strip()]
        return said[-1] if said else self._say(Line.NOTHING_TO_REPEAT)

    # --- wording --------------------------------------------------------------------------------

    def _say(self, line: Line, **slots: str) -> str:
        """Word a line; its wordings take turns, by which of them the robot used last."""
        wordings = self._book.lines[line]
        turn = 0
        if len(wordings) > 1:
            fixed = [wording.partition('{')[0] for wording in wordings]
            for message in reversed(self._s.history):
                if message.speaker != 'robot':
                    continue
                used = [at for at, text in enumerate(fixed) if text and text in message.text]
                if used:
                    turn = (used[0] + 1) % len(wordings)
                    break
        return wordings[turn].format(**slots)


def _language(situation: Situation) -> str:
    """Return the language to answer in; without a letter, the one that was last spoken."""
    if any(character.isalpha() for character in situation.utterance):
        return detect(situation.utterance, DEFAULT)
    spoken = (m.text for m in reversed(situation.history) if any(map(str.isalpha, m.text)))
    return detect(next(spoken, ''), DEFAULT)


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if not text or text.endswith(('.', '!', '?')) else f'{text}.'
