# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime

import pytest

from prot_ros.core.offline.english import numbers as numbers_english
from prot_ros.core.offline.korean import numbers as numbers_korean


def test_every_number_said_is_the_number_read():
    for number in range(1, 1000):
        words = numbers_english.say(number).replace('-', ' ').split()
        assert numbers_english.read(words, 0) == (number, len(words))
        assert numbers_korean.read(numbers_korean.say(number)) == number
        assert numbers_korean.read(numbers_korean.say_native(number)) == number


@pytest.mark.parametrize('text', ['', 'alice', '일산', '이천포', '백구십가', '하나둘'])
def test_other_words_are_no_number(text):
    assert numbers_english.read((text,), 0) is None
    assert numbers_korean.read(text) is None


@pytest.mark.parametrize(
    ('hour', 'minute', 'english', 'korean'),
    [
        (0, 0, 'midnight', '새벽 열두 시'),
        (0, 30, 'twelve thirty at night', '새벽 열두 시 삼십 분'),
        (9, 5, 'nine oh five in the morning', '오전 아홉 시 오 분'),
        (12, 0, 'noon', '오후 열두 시'),
        (15, 0, "three o'clock in the afternoon", '오후 세 시'),
        (20, 45, 'eight forty-five in the evening', '저녁 여덟 시 사십오 분'),
        (23, 59, 'eleven fifty-nine at night', '밤 열한 시 오십구 분'),
    ],
)
def test_time_is_said_in_words(hour, minute, english, korean):
    now = datetime(2026, 11, 21, hour, minute, tzinfo=UTC)
    assert numbers_english.say_time(now) == english
    assert numbers_korean.say_time(now) == korean


@pytest.mark.parametrize(
    ('day', 'english', 'korean'),
    [
        (
            datetime(2026, 11, 21, tzinfo=UTC),
            'Saturday, November the twenty-first, twenty twenty-six',
            '이천이십육년 십일월 이십일일 토요일',
        ),
        (
            datetime(2005, 6, 12, tzinfo=UTC),
            'Sunday, June the twelfth, two thousand five',
            '이천오년 유월 십이일 일요일',
        ),
        (
            datetime(1999, 10, 30, tzinfo=UTC),
            'Saturday, October the thirtieth, nineteen ninety-nine',
            '천구백구십구년 시월 삼십일 토요일',
        ),
    ],
)
def test_day_is_said_in_words(day, english, korean):
    assert numbers_english.say_date(day) == english
    assert numbers_korean.say_date(day) == korean


def test_long_count_is_made_of_sentences():
    counted = ''.join(numbers_english.say_count(1, 12))
    assert counted == (
        'One, two, three, four, five, six, seven, eight, nine, ten. Eleven, twelve. '
    )
    assert ''.join(numbers_korean.say_count(3, 1)) == '셋, 둘, 하나. '


@pytest.mark.parametrize(
    ('told', 'english', 'korean'),
    [('May third', 'May third', '오월 삼일'), ('5월 3일', 'May third', '오월 삼일')],
)
def test_birthday_told_in_one_language_is_said_in_the_other(told, english, korean):
    assert numbers_english.say_birthday(told) == english
    assert numbers_korean.say_birthday(told) == korean
