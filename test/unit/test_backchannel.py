# SPDX-License-Identifier: Apache-2.0
"""What is listening noise, in English and in Korean, written by whatever recogniser."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.core.backchannel import is_backchannel

NOISES = """
    mm | Mmm. | Hm? | hmmm | oh | Ohhh! | ah | um... | er | huh | aha | haha
    음 | 음... | 으음 | 아 | 아아아 | 오! | 아~ | 흠 | 하하하 | ㅋㅋㅋㅋ | 헐 | 아, 오
"""
AGREEMENT = """
    yeah | Yeah, yeah. | yeahyeah | yeahhh | Right! | okay | OK | Okay okay | mm-hm | Mm-hmm.
    uh-huh | Uh huh, uh huh | I see. | oh, okay | all right | that's right | Of course! | really?
    wow | oh really | sure | yes | mm, yes
    네 | 네. | 네네 | 네네네네 | 네, 네 | 네에 | 넵 | 예 | 응 | 응응 | 으응 | 어 | 어어
    그래 | 그래요
    그렇구나 | 아, 그렇군요 | 맞아요 | 음, 맞아 | 아 네 | 오 진짜? | 정말요? | 좋아 | 알겠습니다
    오케이
"""
WORDS = """
    stop | no | wait | who | why? | yeah but why | okay stop | right now | turn right | go on
    move | what | hello | I see a dog | the red one | that one | off | go | mm stop | bye
    멈춰 | 아니 | 아니요 | 그만 | 잠깐 | 잠깐만 | 네 그런데 | 어디 | 뭐 | 왜 | 누구 | 네 시 | 그거
    어머니
    아니 그래 | 예약 | 응급 | 오늘 | 저기 | 12 | はい、でも | да нет
"""


def each(texts: str) -> list[str]:
    return [text.strip() for line in texts.strip().splitlines() for text in line.split('|')]


@pytest.mark.parametrize('text', each(NOISES))
def test_a_noise_is_no_answer_even_to_a_question(text):
    assert is_backchannel(text, asked=False)
    assert is_backchannel(text, asked=True)


@pytest.mark.parametrize('text', each(AGREEMENT))
def test_agreement_is_an_answer_where_something_was_asked(text):
    assert is_backchannel(text, asked=False)
    assert not is_backchannel(text, asked=True)


@pytest.mark.parametrize('text', each(WORDS))
@pytest.mark.parametrize('asked', [False, True])
def test_words_are_no_listening_noise(text, asked):
    assert not is_backchannel(text, asked=asked)


@pytest.mark.parametrize('text', each('at that | but | the | that that | at at that | if | h. m.'))
def test_what_a_recogniser_makes_of_a_cough_is_none_either(text):
    assert is_backchannel(text, asked=False)


@pytest.mark.parametrize('text', ['on', 'that', 'both', 'to them'])
def test_a_fragment_may_answer_a_question(text):
    assert is_backchannel(text, asked=False)
    assert not is_backchannel(text, asked=True)


@pytest.mark.parametrize('text', ['', '  ', '...', '?!', '~', '\u200b'])
def test_without_words_it_is_none(text):
    assert not is_backchannel(text, asked=False)


@given(st.text(max_size=50), st.booleans())
def test_any_text_is_judged_whatever_is_around_it(text, asked):
    assert is_backchannel(f' ¡{text} !', asked=asked) == is_backchannel(text, asked=asked)


@given(
    st.lists(st.sampled_from(['yeah', '네', 'mm', 'okay', '응', 'uh huh', '그래']), min_size=1),
    st.sampled_from([' ', ', ', '... ', ' - ']),
)
def test_listening_noises_together_are_one(words, between):
    assert is_backchannel(between.join(words), asked=False)
    assert not is_backchannel(between.join([*words, 'stop']), asked=False)


def test_hostile_lengths_are_judged_at_once():
    began = time.monotonic()
    for text in ('a' * 10_000, 'ab' * 5_000, 'uh huh ' * 1_400 + 'stop', 'abcde' * 2_000 + 'x'):
        is_backchannel(text, asked=False)
    assert time.monotonic() - began < 0.5
