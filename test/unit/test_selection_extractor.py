# SPDX-License-Identifier: Apache-2.0
"""What reads facts, and why."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace

import pytest

from prot_ros.cli.memory import rebuild
from prot_ros.engines import keys
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.selection_extractor import EXTRACTORS, extractor
from prot_ros.online_params import ExtractionParams, OnlineParams


@dataclass(frozen=True)
class Settings(OnlineParams, ExtractionParams):
    engine: str = 'auto'
    model: str = 'claude-haiku-5-5'
    max_tokens: int = 1024
    effort: str = 'auto'
    thinking: str = 'auto'
    base_url: str = ''
    key_header: str = 'authorization'


ASKED = Settings(extraction_engine='claude')


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    for variable in keys.VARIABLES:
        monkeypatch.delenv(variable, raising=False)


def chosen(settings, log=None):
    async def scenario():
        choice = await extractor(settings, log)
        if choice.engine is not None:
            await choice.engine.close()
        return choice

    return asyncio.run(scenario())


def test_without_a_key_turns_are_read_by_the_rules():
    choice = chosen(Settings())
    assert choice.engine is None
    assert choice.sentence() == 'extractor: offline (ANTHROPIC_API_KEY is not set)'


@pytest.mark.parametrize('engine', ['auto', 'claude'])
def test_with_a_key_claude_reads_them(monkeypatch, engine):
    monkeypatch.setenv(keys.ANTHROPIC, 'sk-planted')
    choice = chosen(Settings(engine=engine))
    assert choice.sentence() == 'extractor: claude-1 (ANTHROPIC_API_KEY is set)'


def test_who_talks_offline_is_not_read_online(monkeypatch):
    monkeypatch.setenv(keys.ANTHROPIC, 'sk-planted')
    choice = chosen(Settings(engine='offline'))
    assert choice.sentence() == 'extractor: offline (the language model is offline)'
    assert chosen(replace(ASKED, engine='offline')).engine.name == 'claude-1'


def test_the_rules_read_where_they_are_asked_for(monkeypatch):
    monkeypatch.setenv(keys.ANTHROPIC, 'sk-planted')
    choice = chosen(Settings(extraction_engine='offline'))
    assert choice.sentence() == 'extractor: offline (as the parameter says)'


def test_a_server_of_ones_own_needs_no_key():
    choice = chosen(replace(ASKED, base_url='http://127.0.0.1:9/'))
    assert choice.sentence() == 'extractor: claude-1 (as the parameter says)'


def test_what_can_never_work_is_said_where_it_is_asked_for():
    with pytest.raises(EngineError, match='set ANTHROPIC_API_KEY'):
        chosen(ASKED)


def test_what_can_never_work_leaves_it_to_the_rules_otherwise(monkeypatch, caplog):
    monkeypatch.setenv(keys.ANTHROPIC, 'sk planted 5ecret')
    choice = chosen(Settings(), logging.getLogger('test'))
    assert choice.engine is None
    assert 'characters that no key has' in choice.why
    assert choice.why in caplog.text
    assert '5ecret' not in caplog.text


def test_an_unknown_extractor_is_refused():
    with pytest.raises(EngineError, match='expected auto, claude or offline'):
        chosen(Settings(extraction_engine='magic'))


def test_a_rebuilding_may_ask_for_all_readers_that_there_are():
    assert ('auto', *EXTRACTORS) == rebuild.READERS
