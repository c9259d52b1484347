# SPDX-License-Identifier: Apache-2.0
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.core.offline.plain_text import MAX_TEXT, plain


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('  my   name\tis\nalice ', 'my name is alice'),
        ('I’m here', "I'm here"),
        ('**bold** _words_ # here', 'bold words here'),
        ('stop\x00\x1b[2J now', 'stop 2J now'),
        ('nice \U0001f600 day', 'nice day'),
        ('a\u200bb', 'ab'),
        ('\ud800 lone', 'lone'),
        ('가', '가'),
    ],
)
def test_only_what_can_be_said_is_left(text, expected):
    assert plain(text) == expected


@given(st.text())
def test_any_text_becomes_bounded_and_printable(text):
    cleaned = plain(text * 50)
    assert len(cleaned) <= 2 * MAX_TEXT  # composition may lengthen a few characters
    assert all(unicodedata.category(c)[0] in 'LMNPZ' or c in '$%€' for c in cleaned)
