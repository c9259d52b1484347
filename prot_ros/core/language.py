# SPDX-License-Identifier: Apache-2.0
"""Which language a text is in, told from the script it is written in."""

from __future__ import annotations

import re

from prot_ros.core.offline.plain_text import MAX_TEXT

# One run is about one word. Chinese and Japanese have no spaces: two characters count as a word.
_SCRIPTS = {
    'ko': re.compile(r'[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]+'),
    'ja': re.compile(r'[\u3040-\u30ff]{1,2}'),
    'zh': re.compile(r'[\u3400-\u4dbf\u4e00-\u9fff]{1,2}'),
    'ru': re.compile(r'[\u0400-\u052f]+'),
}
_LATIN = re.compile(r'[A-Za-z\u00c0-\u024f]+')


def detect(text: str, default: str = 'en') -> str:
    """Return the ISO 639-1 code of the script that most words are in.

    Hangul is `ko`, kana `ja`, Han without kana `zh`, Cyrillic `ru`. Everything else, text without
    letters included, is `default`. A word that mixes scripts, such as `Alice예요`, belongs to the
    one that is not Latin, because that one carries its grammar; so does a tie. Only the first
    `plain_text.MAX_TEXT` characters are looked at.
    """
    counts = dict.fromkeys(_SCRIPTS, 0)
    latin = 0
    for word in text[:MAX_TEXT].split():
        found = {code: len(pattern.findall(word)) for code, pattern in _SCRIPTS.items()}
        for code, count in found.items():
            counts[code] += count
        if not any(found.values()):
            latin += len(_LATIN.findall(word))
    if counts['ja']:
        # Japanese is written in both.
        counts['ja'] += counts.pop('zh')
    code, count = max(counts.items(), key=lambda item: item[1])
    return code if count and count >= latin else default
