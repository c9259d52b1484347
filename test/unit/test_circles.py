# SPDX-License-Identifier: Apache-2.0
"""Who is in the family, at work, among the pets; and when one of these is spoken of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.core.circles import CIRCLES, circle_asked_about, circle_of, circles_spoken_of


def test_what_somebody_is_to_the_user_puts_them_into_a_circle() -> None:
    assert circle_of('sister') == circle_of('younger sister') == 'family'
    assert circle_of('colleague') == 'work'
    assert circle_of('dog') == 'pets'
    assert circle_of('idol') == circle_of('') == ''


def test_nobody_is_in_two_circles_by_one_word() -> None:
    words = [word for members in CIRCLES.values() for word in members]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ('text', 'circle'),
    [
        ('What do you know about my family?', 'family'),
        ('Who is in my family', 'family'),
        ('tell me about my co-workers', 'work'),
        ('who are my friends?', 'friends'),
        ('what do you remember of my pets?', 'pets'),
        ('우리 가족에 대해 뭐 알아?', 'family'),
        ('내 가족은 누구야?', 'family'),
        ('우리 회사 동료들은 누구야?', 'work'),
        ('이웃에 대해 말해 줘', 'neighbors'),
    ],
)
def test_a_circle_that_is_asked_about_is_known(text: str, circle: str) -> None:
    assert circle_asked_about(text) == circle


@pytest.mark.parametrize(
    'text',
    [
        'how does it work?',
        'who does the job?',
        'what do you know about me?',
        'do you know the familiar song?',
        '반갑습니다, 저를 아세요?',
        '반 시간 뒤에 알려 줘',
        '',
    ],
)
def test_other_words_name_no_circle(text: str) -> None:
    assert circles_spoken_of(text) == ()
    assert circle_asked_about(text) == ''


def test_a_circle_may_be_spoken_of_without_being_asked_about() -> None:
    assert circles_spoken_of('my family is big') == ('family',)
    assert circle_asked_about('my family is big') == ''


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    assert circle_asked_about(text) in ('', *CIRCLES)
