# SPDX-License-Identifier: Apache-2.0
"""Which database is meant, said without its password."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.engines.kinds import EngineError
from prot_ros.memory.database import (
    MALFORMED,
    MemoryUnavailable,
    describe,
    refusal,
    search_path,
    without_password,
)
from prot_ros.memory.schema import migrate, migrations


def test_host_and_database_are_named() -> None:
    assert describe('postgresql://u:p@db.local:5433/robots') == (
        "the database 'robots' at db.local:5433"
    )
    assert describe('postgresql://postgres@/prot?host=%2Frun') == (
        "the database 'prot' of this machine"
    )


SECRET = st.text('abcxyzABC0123456789/?#@:%[]& ', min_size=6, max_size=20)


@given(SECRET)
def test_no_password_gets_into_a_description_however_it_is_written(secret: str) -> None:
    # Found by its parts, because an unescaped mark cuts a password into pieces.
    said = describe(f'postgresql://zzuser:{secret}@zzhost/zzname')
    rest = said.replace('the database', '').replace("'zzname' at zzhost", '')
    assert not [piece for piece in rest.split() if len(piece) > 3 and piece in secret], said


def test_a_message_of_the_server_is_cleaned_of_the_password() -> None:
    url = 'postgresql://u:s3%21cret@h/d'
    assert without_password('s3%21cret and s3!cret', url) == '*** and ***'


@pytest.mark.parametrize(
    'url',
    ['postgresql://u:pa/s3cret@h/d', 'mysql://u:s3cret@h/d', 's3cret', 'postgresql://[s3cret'],
)
def test_a_url_that_cannot_be_read_is_explained_and_not_quoted(url: str) -> None:
    with pytest.raises(EngineError) as raised:
        asyncio.run(migrate(url, deadline_s=5.0))
    assert 's3cret' not in str(raised.value)
    assert raised.value.__cause__ is None, 'the cause, which a log shows, may quote it'


def test_a_server_that_is_not_there_is_a_quick_and_retryable_refusal() -> None:
    url = 'postgresql://u:s3cret@127.0.0.1:1/d'
    with pytest.raises(MemoryUnavailable, match=r"'d' at 127.0.0.1:1 cannot be reached") as raised:
        asyncio.run(migrate(url, deadline_s=5.0))
    assert raised.value.retryable
    assert 's3cret' not in str(raised.value)


def test_each_refusal_says_what_to_do() -> None:
    url = 'postgresql://u:s3cret@h/d'
    assert isinstance(refusal(TimeoutError(), url, 2.0), MemoryUnavailable)
    assert '2 s' in str(refusal(TimeoutError(), url, 2.0))
    assert str(refusal(asyncpg.ClientConfigurationError('s3cret'), url)) == MALFORMED
    wrong = refusal(asyncpg.InvalidPasswordError('password s3cret is wrong'), url)
    assert not wrong.retryable
    assert '***' in str(wrong)
    assert 'create it' in str(refusal(asyncpg.InvalidCatalogNameError('x'), url))
    assert isinstance(refusal(asyncpg.DiskFullError('x'), url), MemoryUnavailable)


def test_a_schema_of_any_name_can_be_searched() -> None:
    assert search_path('a"b') == 'prot, "a""b", public'


def test_migrations_are_numbered_from_one_without_a_gap() -> None:
    steps = migrations()
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    assert all(step.statements.strip() for step in steps)
