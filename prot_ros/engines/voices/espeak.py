# SPDX-License-Identifier: Apache-2.0
"""Speech in about a hundred languages by eSpeak NG."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from prot_ros.engines.kinds import EngineError
from prot_ros.engines.resample import resample
from prot_ros.engines.voices.program import SpeechProgram, portions

PIECE_S = 0.1

_LANGUAGE = re.compile(r'[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}')
"""What may become the value of an option: no path, no leading dash."""


class EspeakSynthesizer:
    """Speaks any language eSpeak NG has a voice for, such as `ko`, `de` or `pt-br`."""

    name = 'espeak'

    def __init__(self) -> None:
        self.rate = 22050
        """Hz; known for certain after `open`."""
        self._program = SpeechProgram('espeak-ng', 'espeak-ng')

    async def open(self) -> None:
        self._program.find()
        # Its first run reads the voices from disk; the first sentence shall not wait for that.
        self.rate = (await self._program.speak(_options('en'), 'ready')).rate

    async def close(self) -> None:
        pass

    async def speak(self, text: str, language: str) -> AsyncIterator[bytes]:
        for portion in portions(spelled_for_espeak(text)):
            try:
                sound = await self._program.speak(_options(language), portion)
            except EngineError as err:
                if 'voice does not exist' not in str(err):
                    raise
                raise _unknown(language) from err
            pcm = sound.with_even_edges().pcm
            if sound.rate != self.rate:  # the voices of MBROLA have rates of their own
                pcm = resample(pcm, sound.rate, self.rate)
            step = 2 * int(PIECE_S * self.rate)
            for at in range(0, len(pcm), step):
                yield pcm[at : at + step]


def spelled_for_espeak(text: str) -> str:
    """Return the text without what eSpeak NG would take for commands.

    A control character begins one that changes the voice, and `[[` a passage of phonemes.
    """
    printable = ''.join(c if c.isprintable() else ' ' for c in text)
    return ' '.join(printable.replace('[[', '[ [').split())


def _options(language: str) -> list[str]:
    if not _LANGUAGE.fullmatch(language):
        raise _unknown(language)
    # -z: the pause after the sentence is ours to choose. -b 1: the text is UTF-8.
    return ['-v', language.lower(), '-b', '1', '-z', '--stdin', '--stdout']


def _unknown(language: str) -> EngineError:
    return EngineError(
        f'eSpeak NG has no voice for the language {language!r}; `espeak-ng --voices` lists those '
        'it has'
    )
