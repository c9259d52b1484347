# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from prot_ros.core import language
from prot_ros.core.endings import REASONS, ending


@pytest.mark.parametrize('reason', REASONS)
@pytest.mark.parametrize('code', ['en', 'ko'])
@pytest.mark.parametrize('said', ['', {'en': 'The first step is easy.', 'ko': '첫째는 쉬워요.'}])
def test_an_ending_is_one_whole_sentence_in_the_language_of_the_reply(reason, code, said):
    said = said and said[code]
    asked = {'en': 'how do I do it?', 'ko': '어떻게 해요?'}[code]
    words = ending(reason, said, asked, default='en')
    assert language.detect(words, 'en') == code
    assert words.endswith(('.', '?'))


def test_the_reply_decides_and_not_the_question():
    assert language.detect(ending('length', '첫째는 쉬워요.', 'in Korean please'), 'en') == 'ko'


def test_another_language_gets_no_words_of_a_wrong_one():
    assert ending('length', 'Der erste Schritt ist leicht.', 'wie?', default='de') == ''
    assert ending('refusal', '', 'どうやって？') == 'Sorry.'


def test_what_a_failure_cuts_off_never_just_stops():
    assert ending('failure', 'Der erste Schritt ist', 'wie?', default='de') == 'Sorry.'


def test_a_reason_that_is_none_is_refused():
    with pytest.raises(ValueError, match='bored'):
        ending('bored', '', 'why?')
