# SPDX-License-Identifier: Apache-2.0
"""English speech by Flite."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator

from prot_ros.engines.kinds import EngineError
from prot_ros.engines.voices.program import SpeechProgram, portions

PIECE_S = 0.1

# Flite reads ASCII, and any other byte as noise. What accents leave, NFKD takes care of; this is
# what it does not know how to take apart.
_SPELLED = str.maketrans(
    dict.fromkeys('‘’‚‛′', "'")
    | dict.fromkeys('“”„‟«»″', '"')
    | dict.fromkeys('–—―', ', ')
    | dict.fromkeys('‐‑−', '-')
    | {'ß': 'ss', 'æ': 'ae', 'Æ': 'AE', 'œ': 'oe', 'Œ': 'OE', 'ø': 'o', 'Ø': 'O'}
    | {'ł': 'l', 'Ł': 'L', 'đ': 'd', 'Đ': 'D', 'ð': 'd', 'þ': 'th', 'ı': 'i'}
    | {'€': ' euros ', '£': ' pounds ', '₩': ' won ', '¥': ' yen ', '°': ' degrees '}
)


def spelled_for_flite(text: str) -> str:
    """Return the text in printable ASCII; what has no likeness in it is left out."""
    parts = unicodedata.normalize('NFKD', text.translate(_SPELLED))
    ascii_only = ''.join(
        c if c.isascii() and c.isprintable() else ' ' * c.isspace() for c in parts
    )
    return ' '.join(ascii_only.split())


class FliteSynthesizer:
    """Speaks English with one of the voices that Flite brings along."""

    name = 'flite'

    def __init__(self, voice: str = 'slt') -> None:
        self.voice = voice
        self.rate = 16000
        """Hz; known for certain after `open`."""
        self._program = SpeechProgram('flite', 'flite')

    async def open(self) -> None:
        self._program.find()
        listed = (await self._program.run(['-lv'])).decode(errors='replace')
        voices = sorted(set(listed.partition(':')[2].split()))
        # Flite takes any other name for a file or an address to fetch a voice from, and speaks
        # with another voice when there is none.
        if self.voice not in voices:
            raise EngineError(
                f'Flite has no voice {self.voice!r}, expected one of {", ".join(voices)}'
            )
        # Its first run reads the voice from disk; the first sentence shall not wait for that.
        self.rate = (await self._program.speak(self._options, 'ready')).rate

    async def close(self) -> None:
        pass

    async def speak(self, text: str, language: str) -> AsyncIterator[bytes]:
        if language.partition('-')[0].lower() != 'en':
            raise EngineError(f'Flite speaks English, not {language!r}')
        for portion in portions(spelled_for_flite(text)):
            sound = await self._program.speak(self._options, portion)
            pcm = sound.with_even_edges().pcm
            step = 2 * int(PIECE_S * sound.rate)
            for at in range(0, len(pcm), step):
                yield pcm[at : at + step]

    @property
    def _options(self) -> list[str]:
        return ['-voice', self.voice, '-f', '-', '-o', '/dev/stdout']
