# SPDX-License-Identifier: Apache-2.0
"""The languages that are understood and spoken without a language model: the one table.

A third language is a row here, with the files its row names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from prot_ros.core import facts_english, facts_korean, questions_english, questions_korean
from prot_ros.core.facts import Fact
from prot_ros.core.phrasebook import Phrasebook
from prot_ros.core.questions import Intent
from prot_ros.core.replies_english import ENGLISH
from prot_ros.core.replies_korean import KOREAN

DEFAULT = 'en'
"""What is spoken where the script does not tell."""


@dataclass(frozen=True)
class Language:
    """How to understand a language and how to speak it."""

    name: str
    """In English, for those who asked in yet another one."""
    letters: re.Pattern[str]
    """Found in any text that may hold statements in it."""
    facts: Callable[[str], tuple[Fact, ...]]
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
