# SPDX-License-Identifier: Apache-2.0
"""The sound of one sentence as ElevenLabs sends it: base64 in pieces, with times of characters.

What both of its ways have in common. They differ in the names of the fields, in seconds or
milliseconds, and in what the times count from.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence

from prot_ros.engines.elevenlabs.voice_alignment import Aligner, CharacterTimes
from prot_ros.engines.kinds import EngineError, Mark
from prot_ros.engines.resample import Resampler

OnMarks = Callable[[Sequence[Mark]], None]


class SentenceAudio:
    """Turns pieces into PCM at the rate that is wanted, and tells the marks before each."""

    def __init__(self, text: str, rate: int, wanted: int, on_marks: OnMarks | None) -> None:
        """Take the Hz of what comes and of what goes."""
        self._aligner = Aligner(text)
        self._resampler = Resampler(rate, wanted)
        self._bytes_per_ms = 2 * rate / 1000
        self._on_marks = on_marks
        self._received = 0
        self._odd = b''

    def push(self, audio: str, times: CharacterTimes | None, *, relative: bool = True) -> bytes:
        """Return what can be played of a piece of base64.

        `relative` says that the times count from the beginning of the piece; otherwise from that
        of the sentence, or of the piece, whichever fits. Raises EngineError for what is no base64.
        """
        try:
            pcm = base64.b64decode(audio, validate=True)
        except (binascii.Error, ValueError) as err:
            raise EngineError(
                f'ElevenLabs sent sound that is no base64 ({err}): {audio[:40]!r}', retryable=True
            ) from err
        if times is not None and self._on_marks is not None:
            offset_ms = self._received / self._bytes_per_ms
            if not relative and times.starts_ms and times.starts_ms[0] > offset_ms / 2:
                offset_ms = 0.0
            marks = self._aligner.push(times, offset_ms)
            if marks:
                self._on_marks(marks)
        self._received += len(pcm)
        # Pieces end at any byte, also in the middle of a sample.
        pcm = self._odd + pcm
        whole = len(pcm) // 2 * 2
        self._odd = pcm[whole:]
        return self._resampler.push(pcm[:whole])

    def end(self) -> bytes:
        """Return the rest; raise EngineError where nothing came at all.

        Half a sample at the very end is no sound.
        """
        if not self._received:
            raise EngineError('ElevenLabs gave no sound for a sentence', retryable=True)
        return self._resampler.end()


def socket_times(message: Mapping[str, object]) -> CharacterTimes | None:
    """Return the times in a message of the socket, None where it has none that make sense."""
    for name in ('alignment', 'normalizedAlignment', 'normalized_alignment'):
        found = message.get(name)
        if not isinstance(found, Mapping):
            continue
        characters = _texts(found.get('chars'))
        # The service's own documents spell them in three ways.
        starts = _numbers(found, 'charStartTimesMs', 'charsStartTimesMs', 'char_start_times_ms')
        lasts = _numbers(found, 'charDurationsMs', 'charsDurationsMs', 'char_durations_ms')
        if characters and len(characters) == len(starts) == len(lasts):
            ends = [start + last for start, last in zip(starts, lasts, strict=True)]
            return CharacterTimes(characters, starts, ends)
    return None


def http_times(line: Mapping[str, object]) -> CharacterTimes | None:
    """Return the times in a line of the HTTP stream, None where it has none that make sense."""
    for name in ('alignment', 'normalized_alignment'):
        found = line.get(name)
        if not isinstance(found, Mapping):
            continue
        characters = _texts(found.get('characters'))
        starts = _numbers(found, 'character_start_times_seconds')
        ends = _numbers(found, 'character_end_times_seconds')
        if characters and len(characters) == len(starts) == len(ends):
            return CharacterTimes(
                characters, [1000 * start for start in starts], [1000 * end for end in ends]
            )
    return None


def _texts(value: object) -> list[str]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    return []


def _numbers(found: Mapping[str, object], *names: str) -> list[float]:
    for name in names:
        value = found.get(name)
        if isinstance(value, list) and all(type(item) in (int, float) for item in value):
            return [float(item) for item in value]
    return []
