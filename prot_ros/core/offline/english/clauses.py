# SPDX-License-Identifier: Apache-2.0
"""Facts as English clauses: `the user lives in Seoul`, `you live in Seoul`."""

from __future__ import annotations

from collections.abc import Mapping

from prot_ros.core.facts import NOTE, OWNED, USER, Standing
from prot_ros.core.offline.english.numbers import say, say_birthday
from prot_ros.core.offline.english.words import OWNED_NUMBERS
from prot_ros.core.offline.plain_text import listed
from prot_ros.core.offline.romanization import romanised

# predicate: said to the user, said about someone else. {s} is whom, {o} is what.
_CLAUSES: Mapping[str, tuple[str, str]] = {
    'name': ('your name is {o}', "{s}'s name is {o}"),
    'is called': ('you are called {o}', '{s} is called {o}'),
    'lives in': ('you live in {o}', '{s} lives in {o}'),
    'comes from': ('you come from {o}', '{s} comes from {o}'),
    'works as': ('you work as {a}', '{s} works as {a}'),
    'works at': ('you work at {o}', '{s} works at {o}'),
    'works in': ('you work in {o}', '{s} works in {o}'),
    'age': ('you are {o} years old', '{s} is {o} years old'),
    'birthday': ('your birthday is {o}', "{s}'s birthday is {o}"),
    'likes': ('you like {o}', '{s} likes {o}'),
    'dislikes': ('you do not like {o}', '{s} does not like {o}'),
    'has': ('you have {o}', '{s} has {o}'),
    'is': ('you are {o}', '{s} is {o}'),
    'speaks': ('you speak {o}', '{s} speaks {o}'),
    'plays': ('you play {o}', '{s} plays {o}'),
    'studies': ('you study {o}', '{s} studies {o}'),
    'studies at': ('you study at {o}', '{s} studies at {o}'),
    'owns': ('you own {o}', '{s} owns {o}'),
    'drives': ('you drive {o}', '{s} drives {o}'),
    'gets married': ('your wedding was told of for {o}', "{s}'s wedding was told of for {o}"),
    'was born': ('you were born: {o}', '{s} was born: {o}'),
    'died': ('you died: {o}', '{s} died: {o}'),
    'graduates': ('your graduation was told of for {o}', "{s}'s graduation was told of for {o}"),
    'graduated from': ('you graduated from {o}', '{s} graduated from {o}'),
    'retires': ('your retirement was told of for {o}', "{s}'s retirement was told of for {o}"),
    'starts': ('you start {o}', '{s} starts {o}'),
    'travels to': ('you travel to {o}', '{s} travels to {o}'),
    'moves to': ('you move to {o}', '{s} moves to {o}'),
    # Two sentences, so that each can be spoken in the language it is in.
    NOTE: ('you asked me to remember this. {o}', '{s} asked to remember this. {o}'),
}
_PLURAL = frozenset(
    listed("""parents grandparents children sisters brothers friends sons daughters cousins
siblings""")
)
_PLURAL_VERBS = {
    ' lives ': ' live ', ' comes ': ' come ', ' works ': ' work ', ' likes ': ' like ',
    ' does ': ' do ', ' has ': ' have ', ' is ': ' are ', ' speaks ': ' speak ',
    ' plays ': ' play ', ' studies ': ' study ',
}  # fmt: skip
_TO_USER = {'my': 'your', 'mine': 'yours', 'me': 'you', 'myself': 'yourself', 'i': 'you',
            'our': 'your', 'am': 'are'}  # fmt: skip
_ABOUT_USER = {
    'my': 'their',
    'mine': 'theirs',
    'me': 'them',
    'myself': 'themselves',
    'our': 'their',
}
_VOWEL_SOUNDS = ('a', 'e', 'i', 'o', 'u', 'honest', 'hour')
_CONSONANT_SOUNDS = ('uni', 'use', 'eu', 'one')


def told_to_user(subject: str, predicate: str, value: str) -> str:
    """Say the fact to the user, without a full stop: `your sister lives in Busan`."""
    if subject == USER:
        return _clause(0, '', predicate, _turned(value, _TO_USER, predicate))
    return _clause(1, named(subject), predicate, _turned(value, _TO_USER, predicate))


def written_down(
    label: str, predicate: str, value: str, standing: Standing = Standing.HOLDS
) -> str:
    """Return the fact as a sentence about the user or someone else, for the record."""
    clause = _clause(1, label, predicate, _turned(value, _ABOUT_USER, predicate))
    if standing is Standing.DENIED:
        return f'It is not so that {clause}.'
    if standing is Standing.CEASED:
        return f'It is no longer so that {clause}.'
    return f'{capital(clause)}.'


def capital(text: str) -> str:
    """Begin a sentence."""
    return text[:1].upper() + text[1:]


def named(subject: str) -> str:
    """Name whom a fact is about, to the user: `your sister`, `Bob`, `you`."""
    if subject == USER:
        return 'you'
    if subject.startswith(OWNED):
        return 'your' + subject[len(f"{USER}'s") :]
    return romanised(subject)


def with_article(noun: str) -> str:
    """Put `a` or `an` before a noun that has no article yet."""
    if noun.startswith(('a ', 'an ', 'the ')):
        return noun
    low = noun.lower()
    vowel = low.startswith(_VOWEL_SOUNDS) and not low.startswith(_CONSONANT_SOUNDS)
    return f'{"an" if vowel else "a"} {noun}'


def _clause(person: int, who: str, predicate: str, value: str) -> str:
    if predicate.startswith('favorite ') or predicate in OWNED_NUMBERS:
        clause = (f'your {predicate} is ' if not person else f"{who}'s {predicate} is ") + value
    elif predicate in _CLAUSES:
        clause = _CLAUSES[predicate][person].format(s=who, o=value, a=with_article(value))
    else:
        # A predicate of another maker, such as a language model's extraction.
        clause = f'{who or "you"} {predicate} {value}'
    if person and who.split(' ')[-1] in _PLURAL:
        verb = next((verb for verb in _PLURAL_VERBS if clause.startswith(who + verb)), None)
        if verb:
            clause = who + _PLURAL_VERBS[verb] + clause[len(who + verb) :]
    return clause


def _turned(value: str, persons: Mapping[str, str], predicate: str) -> str:
    """Put `my` and the like into the listener's view; what is quoted stays as it was told."""
    if predicate == NOTE:
        return capital(value)
    if predicate == 'birthday':
        value = say_birthday(value)
    elif predicate == 'age' and value.isdecimal():
        value = say(int(value[:3]))
    return ' '.join(persons.get(word.lower(), word) for word in romanised(value).split(' '))
