# SPDX-License-Identifier: Apache-2.0
"""The languages that are understood and spoken without a language model: the one table.

A third language is a row here, with the files its row names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from prot_ros.core.facts import Fact
from prot_ros.core.offline.english import facts as facts_english
from prot_ros.core.offline.english import questions as questions_english
from prot_ros.core.offline.english.replies import ENGLISH
from prot_ros.core.offline.korean import facts as facts_korean
from prot_ros.core.offline.korean import questions as questions_korean
from prot_ros.core.offline.korean.replies import KOREAN
from prot_ros.core.offline.phrasebook import Phrasebook
from prot_ros.core.offline.questions import Intent

DEFAULT = 'en'
"""What is spoken where the script does not tell."""


@dataclass(frozen=True)
class Language:
    """How to understand a language and how to speak it."""

    name: str
    """In English, for those who asked in yet another one."""
    letters: re.Pattern[str]
    """Found in any text that may hold statements in it."""
    facts: Callable[[str, datetime | None], tuple[Fact, ...]]
    """From text, and when it was said."""
    intent: Callable[[str], Intent]
    phrases: Phrasebook


LANGUAGES: Mapping[str, Language] = {
    'en': Language(
        'English', re.compile('[A-Za-z]'), facts_english.told, questions_english.intent, ENGLISH
    ),
    'ko': Language(
        'Korean', re.compile('[가-힣ᄀ-ᇿ]'), facts_korean.told, questions_korean.intent, KOREAN
    ),
}
"""By ISO 639-1 code."""
