# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.core.language import detect


@pytest.mark.parametrize(
    ('text', 'code'),
    [
        ('where do i live', 'en'),
        ('제가 어디 살아요', 'ko'),
        ('제 이름은 Alice예요', 'ko'),
        ('You live in 서울.', 'en'),
        ('I am 민수', 'en'),
        ('ᄋ', 'ko'),
        ('こんにちは世界', 'ja'),
        ('カメラはどこですか', 'ja'),
        ('你好，世界', 'zh'),
        ('привет, как дела', 'ru'),
        ('où est la gare', 'en'),
        ('', 'en'),
        ('123 ?!', 'en'),
    ],
)
def test_script_tells_the_language(text, code):
    assert detect(text) == code


def test_text_without_a_telling_script_is_in_the_default_language():
    assert detect('où est la gare', default='fr') == 'fr'
    assert detect('42', default='ko') == 'ko'
    assert detect('안녕', default='fr') == 'ko'


@given(st.text())
def test_any_text_has_a_known_language(text):
    assert detect(text, 'xx') in {'xx', 'ko', 'ja', 'zh', 'ru'}
