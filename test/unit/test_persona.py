# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from prot_ros.core import language
from prot_ros.engines import persona
from prot_ros.engines.kinds import EngineError


def test_each_shipped_persona_is_written_in_its_own_language():
    names = {path.stem for path in persona.shipped().glob('*.md')}
    assert names >= {'en', 'ko'}
    for name in names:
        assert language.detect(persona.read(name, 'en'), 'en') == name


@pytest.mark.parametrize(
    ('code', 'same'), [('ko', 'ko'), ('ko-KR', 'ko'), ('en', 'en'), ('fi', 'en')]
)
def test_auto_takes_that_of_the_language(code, same):
    assert persona.read('auto', code) == persona.read(same, 'en')


def test_a_path_is_read_wherever_it_is(tmp_path, monkeypatch):
    (tmp_path / 'me.md').write_text('나는 로봇.', encoding='utf-8')
    (tmp_path / 'plain').write_text('I am a robot.')
    assert persona.read(str(tmp_path / 'plain'), 'en') == 'I am a robot.'
    monkeypatch.setenv('HOME', str(tmp_path))
    assert persona.read('~/me.md', 'en') == '나는 로봇.'


def test_it_is_found_where_the_package_is_installed(tmp_path):
    code = tmp_path / 'lib/python3.12/site-packages/prot_ros/engines/persona.py'
    folder = tmp_path / 'share/prot/config/personas'
    folder.mkdir(parents=True)
    assert persona.shipped(code) == folder
    with pytest.raises(EngineError, match='install prot again'):
        persona.shipped(Path('/nowhere/at/all.py'))


def test_what_is_no_persona_says_what_would_be(tmp_path):
    (tmp_path / 'empty.md').write_text(' \n')
    (tmp_path / 'binary.md').write_bytes(b'\xff\xfe\x00')
    (tmp_path / 'long.md').write_text('x' * (persona.MOST + 1))
    for given, words in [
        ('You are a friendly robot.', 'expected auto, one of en, ko, or the path'),
        ('../../secret', 'cannot be read'),
        (str(tmp_path / 'empty.md'), 'empty'),
        (str(tmp_path / 'binary.md'), 'cannot be read'),
        (str(tmp_path / 'long.md'), 'shorten'),
        (str(tmp_path), 'cannot be read'),
    ]:
        with pytest.raises(EngineError, match=words):
            persona.read(given, 'en')
