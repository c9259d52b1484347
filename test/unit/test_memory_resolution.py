# SPDX-License-Identifier: Apache-2.0
"""Who is meant by a name, and by what somebody is to the user."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.core.facts import USER, Fact, Kind, Standing
from prot_ros.memory.knowledge.naming import keys, name_key
from prot_ros.memory.knowledge.resolution import (
    Known,
    Mention,
    kind_of,
    mentions,
    resolve,
    told_of,
)


def fact(subject: str, predicate: str, what: str, **more) -> Fact:
    return Fact(subject, predicate, what, f'{subject} {predicate} {what}', **more)


def known(number: int, *names: str, kind: Kind = Kind.PERSON, turn: int = 0) -> Known:
    found = frozenset(each for name in names for each in keys(name, kind))
    return Known(number, kind, found, turn or number)


def meant(*texts: str, kind: Kind | None = None) -> Mention:
    return Mention(texts, kind)


@pytest.mark.parametrize(
    'names',
    [
        ('Jisoo', 'Jisu', '지수', 'JISU'),
        ('Sarah', 'Sara'),
        ('Catherine', 'Katherine'),
        ('Philip', 'Phillip', 'Filip'),
        ('Kim Minsu', 'Minsu Kim', '김민수', 'Kim Min-su'),
        ('Park Jihoon', '박지훈'),
        ('José', 'Jose'),
        ('가영', '가영'),
    ],
)
def test_one_name_in_many_spellings_has_one_key(names: tuple[str, ...]) -> None:
    assert len({name_key(name) for name in names}) == 1


@pytest.mark.parametrize(
    'names', [('Mina', 'Nina'), ('Jim', 'Tim'), ('서연', '소연'), ('Minsu', 'Minsoo Park')]
)
def test_two_names_have_two_keys(names: tuple[str, str]) -> None:
    assert name_key(names[0]) != name_key(names[1])


@given(st.text(max_size=60))
def test_any_name_has_a_key_and_giving_it_twice_changes_nothing(name: str) -> None:
    assert name_key(name) == name_key(f' {name} ')
    assert len(name_key(name)) <= 100


def test_a_given_name_means_whoever_has_it_as_part_of_theirs() -> None:
    people = [known(1, 'Kim Minsu'), known(2, 'Bora')]
    assert resolve(meant('Minsu'), people).entity == 1
    assert resolve(meant('Kim Minsu'), [known(3, '민수')]).entity == 3
    assert resolve(meant('Park Minsu'), people).entity is None, 'another family'


def test_two_people_of_one_name_stay_two() -> None:
    people = [known(1, 'Minsu', "user's colleague"), known(2, 'Minsu', "user's cousin")]
    assert resolve(meant('Minsu', "user's cousin"), people).entity == 2
    assert resolve(meant('Minsu', "user's neighbor"), people).entity is None
    assert resolve(meant('Minsu'), people).entity == 2, 'the one who was spoken of last'


def test_somebody_whose_name_is_told_is_no_stranger() -> None:
    people = [known(1, "user's sister"), known(2, 'Tom')]
    assert resolve(meant("user's sister", 'Bora'), people).entity == 1


def test_two_who_turn_out_to_be_one_become_one() -> None:
    found = resolve(meant("user's sister", 'Bora'), [known(1, "user's sister"), known(2, 'Bora')])
    assert (found.entity, found.same) == (2, 1)


def test_another_sister_is_another_person_and_another_name_of_the_mother_is_not() -> None:
    assert (
        resolve(meant("user's sister", 'Mina'), [known(1, 'Bora', "user's sister")]).entity is None
    )
    assert resolve(meant("user's mother", 'Anna'), [known(1, 'Ann', "user's mother")]).entity == 1


def test_a_younger_sister_is_a_sister() -> None:
    people = [known(1, '보라', "user's younger sister")]
    assert resolve(meant("user's sister"), people).entity == 1


def test_a_place_is_not_the_person_of_its_name() -> None:
    places = [known(1, 'Paris', kind=Kind.PLACE)]
    assert resolve(meant('Paris'), places).entity is None
    assert resolve(meant('Paris', kind=Kind.PLACE), places).entity == 1


def test_what_one_turn_calls_the_same_is_one() -> None:
    told = (fact("user's sister", 'is called', 'Bora'), fact('Bora', 'lives in', 'Busan'))
    found = mentions(told)
    assert found["user's sister"] == found['bora']
    assert set(found['bora'].texts) == {"user's sister", 'Bora'}
    assert found['busan'].kind is Kind.PLACE


def test_two_sisters_of_one_sentence_are_two() -> None:
    told = (
        fact("user's sister", 'is called', 'Bora'),
        fact("user's sister", 'is called', 'Mina'),
    )
    found = mentions(told)
    assert found['bora'] != found['mina']
    assert [found[told_of(each)].texts[0] for each in told] == ['Bora', 'Mina']
    assert all("user's sister" in found[name].texts for name in ('bora', 'mina'))


def test_a_name_that_is_denied_finds_whom_it_was_given_to() -> None:
    told = (
        fact("user's sister", 'is called', 'Mina'),
        fact("user's sister", 'is called', 'Bora', standing=Standing.DENIED),
    )
    mention = mentions(told)["user's sister"]
    assert mention.denied == ('Bora',)
    assert resolve(mention, [known(1, 'Bora', "user's sister")]).entity == 1
    assert 'Bora' not in mention.texts


def test_the_user_is_whoever_speaks_under_whatever_name() -> None:
    found = mentions((fact(USER, 'name', 'Alice'), fact(USER, 'likes', 'tea')))
    assert found[USER].is_user
    assert found['alice'] == found[USER]
    assert found['tea'].kind is Kind.THING


def test_a_pet_is_an_animal() -> None:
    assert kind_of(meant("user's dog", 'Max')) is Kind.ANIMAL
    assert kind_of(meant('Max')) is Kind.PERSON
    assert resolve(meant('Max'), [known(1, 'Max', "user's dog", kind=Kind.ANIMAL)]).entity == 1
