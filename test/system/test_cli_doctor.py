# SPDX-License-Identifier: Apache-2.0
"""prot doctor: honest about what works, silent about secrets, and changing nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import QUIET, Place, prot


@pytest.fixture
def place() -> Iterator[Place]:
    held = Place()
    yield held
    held.close()


def test_doctor_says_that_a_conversation_can_be_held(place: Place) -> None:
    done = prot(place.environment, 'doctor', *QUIET)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'not running in /prot' in done.stdout
    assert 'A conversation can be held' in done.stdout


def test_doctor_tells_failures_with_their_fix_and_no_secret(place: Place, tmp_path: Path) -> None:
    environment = {
        **place.environment, 'PATH': str(tmp_path), 'ANTHROPIC_API_KEY': 'sk-very-secret',
        'PROT_DATABASE_URL': 'postgresql://me:very-secret@127.0.0.1:1/memories',
    }  # fmt: skip
    done = prot(environment, 'doctor', '--json')
    assert done.returncode == 1
    assert 'very-secret' not in done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found['conversation'] is False
    every = {
        (section, one['name']): one for section, ones in found['findings'].items() for one in ones
    }
    assert every['memory', 'database']['level'] == 'failed'
    assert every['programs', 'flite']['level'] == 'degraded'
    assert every['programs', 'flite']['fix'] == 'apt install flite'
    assert every['engines', 'tts']['level'] == 'failed'
    assert every['keys', 'ANTHROPIC_API_KEY']['detail'].startswith('set (')
    for one in every.values():
        assert one['fix'] or one['level'] in ('ok', 'note'), one


def test_doctor_changes_nothing(place: Place, tmp_path: Path) -> None:
    data = tmp_path / 'data'
    done = prot({**place.environment, 'PROT_DATA_DIR': str(data)}, 'doctor', '--json')
    (database,) = json.loads(done.stdout)['findings']['memory']
    assert database['level'] == 'ok', database
    assert f'will be made in {data}' in database['detail']
    assert not data.exists()
