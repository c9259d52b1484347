# SPDX-License-Identifier: Apache-2.0
"""Claude, as the parameters of the node dialog describe it."""

from __future__ import annotations

from collections.abc import Sequence

from prot_ros.engines.claude.client import Access
from prot_ros.engines.claude.extractor import ClaudeExtractor
from prot_ros.engines.claude.request import BASE_URL, ClaudeSettings
from prot_ros.engines.claude.responder import ClaudeResponder
from prot_ros.engines.claude.summarizer import ClaudeSummarizer
from prot_ros.engines.selection_settings import ResponderSettings
from prot_ros.engines.tools import Tool


def responder(settings: ResponderSettings, key: str, tools: Sequence[Tool]) -> ClaudeResponder:
    """Return it closed."""
    return ClaudeResponder(_asked(settings), _access(settings, key), settings.limits, tools)


def summarizer(settings: ResponderSettings, key: str) -> ClaudeSummarizer:
    """Return it closed."""
    return ClaudeSummarizer(_asked(settings), _access(settings, key))


def extractor(settings: ResponderSettings, key: str) -> ClaudeExtractor:
    """Return it closed."""
    return ClaudeExtractor(_asked(settings), _access(settings, key))


def _asked(settings: ResponderSettings) -> ClaudeSettings:
    return ClaudeSettings(settings.model, settings.max_tokens, settings.effort, settings.thinking)


def _access(settings: ResponderSettings, key: str) -> Access:
    return Access(key, settings.base_url.rstrip('/') or BASE_URL, settings.key_header)
