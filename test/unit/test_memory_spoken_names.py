# SPDX-License-Identifier: Apache-2.0
"""Names are found however the robot's ears spelt them, and other words are left alone."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.memory.forgetting.spoken_names import ORDINARY, REDACTED, Names

FOUND = {
    'Jisu': (
        "jisoo's here", '지수는 부산에', '김지수한테', 'Jisu는 예뻐', 'JISU!', 'ji-su is',
        'ＪＩＳＵ',
    ),
    '지수': ('김지수한테', 'Jisoo is', 'I saw Jisu.', '지수'),
    '김민수': ('Minsu Kim is', '김 민수가', 'Kim Min-su', '김민수는', 'minsu kim'),
    'Will': ('Will came', "with Will's dog", 'WILL'),
    '수': ('수가 왔어', '수야'),
    'New York': ('in new  york', '뉴욕에', 'New York.'),
    'José': ('Jose is', 'josé'),
    '田中': ('田中さんは',),
}  # fmt: skip
LEFT = {
    'Jisu': ('justice', 'jisuperb', 'nothing', ''),
    '지수': ('지혜', '주스'),
    '김민수': ('Park Minsu', '박민수'),
    'Will': ('I will go',),
    'Ann': ('an apple', 'planning', 'and'),
    '수': ('수영을 했어', '우수한'),
}


@pytest.mark.parametrize(('name', 'text'), [(n, t) for n, texts in FOUND.items() for t in texts])
def test_a_name_is_found(name: str, text: str) -> None:
    assert Names([name]).found(text)


@pytest.mark.parametrize(('name', 'text'), [(n, t) for n, texts in LEFT.items() for t in texts])
def test_other_words_are_not_the_name(name: str, text: str) -> None:
    assert not Names([name]).found(text)


def test_the_sentences_that_name_it_are_taken_out() -> None:
    text = 'My sister Jisu lives in Busan. I like tea. 지수는 의사야! Really? 나는 커피를 좋아해.'
    names = Names(['Jisu'])
    assert names.redacted(text) == f'{REDACTED} I like tea. {REDACTED} Really? 나는 커피를 좋아해.'
    assert names.redacted('She is well. I like tea.', ['She is well']) == f'{REDACTED} I like tea.'


@given(st.lists(st.text(max_size=12), max_size=4), st.text(max_size=80))
def test_what_is_redacted_names_nobody(names: list[str], text: str) -> None:
    wanted = Names(names)
    assert not wanted.found(wanted.redacted(text)) or wanted.found(REDACTED)


@given(st.text(min_size=1, max_size=20).filter(lambda name: any(map(str.isalnum, name))))
def test_a_name_is_found_in_itself_whatever_is_in_it(name: str) -> None:
    plain = unicodedata.normalize('NFKC', name).strip().casefold()
    assert Names([name]).found(name) or plain in ORDINARY
