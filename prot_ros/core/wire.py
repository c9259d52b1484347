# SPDX-License-Identifier: Apache-2.0
"""What travels on prot's topics: every layout, its limits and its validation, in one place.

Standard messages carry it, so each topic opens in rqt and nothing has to be generated:

- Audio is `std_msgs/Int16MultiArray`. `data` holds S16 samples; `layout.dim` describes them:
  `dim[0] = {frame, size=n, stride=n*channels}`, `dim[1] = {channel, size=channels,
  stride=channels}`, then typed key-value dims `rate` (size, Hz), `turn` and `stamp` (size=sec,
  stride=nanosec), `seq` (size), `final` (size 0 or 1; stride 1 = the turn goes on),
  `sentence` (size = number within the turn; stride 1 = its last chunk), `policy` (size = place in
  `Policy.ALL`; stride unused).
- Everything structured is JSON in `std_msgs/String`, one dataclass below for each topic. Keys
  that are not known are ignored, so that a newer sender does not break an older receiver.

What does not validate raises ValueError with the field, the value and what was expected; receivers
drop and count it.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from prot_ros.core import stamps
from prot_ros.core.interruption import Policy
from prot_ros.core.stamps import NEVER, Stamp

TEXT_LIMIT = 10_000
"""Characters of any one text: five forced flushes of the sentence buffer."""
JSON_LIMIT = 200_000
"""Characters of a whole JSON message; more is refused before it is parsed."""
RATES = range(8_000, 48_001)
"""Hz."""
CHANNELS = range(1, 9)
MARKS_LIMIT = 2 * TEXT_LIMIT
"""Of one message: where each character of a sentence ends, and where each word begins."""
RECALL_LIMIT = 100
NAMES_LIMIT = 100
"""Of one message: twice what a recogniser is told to expect."""
SAMPLES_LIMIT = 480_000
"""Samples of one chunk: ten seconds at 48 kHz, far beyond what any node sends."""


# --- audio -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AudioChunk:
    """A piece of sound."""

    pcm: bytes
    """S16 native-endian, interleaved."""
    rate: int
    """Hz, 8,000 to 48,000."""
    channels: int = 1
    turn: Stamp = NEVER
    """The turn it belongs to; NEVER on `mic/audio`, which belongs to none."""
    stamp: Stamp = NEVER
    """When its first sample was captured (mic, vad) or synthesised (tts). On the empty chunk that
    ends an utterance: when the last speech ended."""
    seq: int = 0
    """Counts the chunks of a turn (of the stream on `mic/audio`) from 0."""
    final: bool = False
    """Nothing follows in this utterance or reply."""
    continues: bool = False
    """Only with `final`: cut for length, the same turn goes on in a new stretch of audio."""
    sentence: int = 0
    """`tts/audio`: which sentence of the reply this is."""
    sentence_final: bool = False
    """`tts/audio`: the last chunk of that sentence."""
    policy: str = Policy.INTERRUPTIBLE
    """`tts/audio`: whether it yields to somebody who speaks, one of `Policy.ALL`."""

    @property
    def frames(self) -> int:
        """Samples per channel."""
        return len(self.pcm) // (2 * self.channels)

    @property
    def milliseconds(self) -> float:
        """How long it sounds."""
        return self.frames * 1000 / self.rate


Dim = tuple[str, int, int]
"""`label`, `size`, `stride` of a MultiArrayDimension."""


def encode_audio(chunk: AudioChunk) -> tuple[list[Dim], array[int]]:
    """Return the layout and the samples of the message that carries `chunk`."""
    frames = chunk.frames
    turn, stamp = stamps.to_parts(chunk.turn), stamps.to_parts(chunk.stamp)
    dims = [
        ('frame', frames, frames * chunk.channels),
        ('channel', chunk.channels, chunk.channels),
        ('rate', chunk.rate, 0),
        ('turn', *turn),
        ('stamp', *stamp),
        ('seq', chunk.seq, 0),
        ('final', int(chunk.final), int(chunk.continues)),
        ('sentence', chunk.sentence, int(chunk.sentence_final)),
        ('policy', Policy.ALL.index(chunk.policy), 0),
    ]
    return dims, array('h', chunk.pcm)


def decode_audio(dims: Iterable[Dim], samples: array[int]) -> AudioChunk:
    """Read a message's layout and samples; raise ValueError when they do not fit each other."""
    layout = {label: (size, stride) for label, size, stride in dims}
    for label in ('frame', 'channel', 'rate'):
        if label not in layout:
            raise ValueError(f'audio has no dim {label!r}, only {sorted(layout)!r}')
    frames, channels, rate = layout['frame'][0], layout['channel'][0], layout['rate'][0]
    if channels not in CHANNELS:
        raise ValueError(f'audio has {channels} channels, expected 1 to {CHANNELS[-1]}')
    if rate not in RATES:
        raise ValueError(f'audio has rate {rate} Hz, expected {RATES[0]} to {RATES[-1]}')
    if frames * channels != len(samples):
        raise ValueError(
            f'audio has {len(samples)} samples, its layout says {frames} frames of {channels}'
        )
    if len(samples) > SAMPLES_LIMIT:
        raise ValueError(f'audio has {len(samples)} samples, expected at most {SAMPLES_LIMIT}')
    final, sentence = layout.get('final', (0, 0)), layout.get('sentence', (0, 0))
    policy = layout.get('policy', (0, 0))[0]
    if policy >= len(Policy.ALL):
        raise ValueError(f'audio has policy {policy}, expected 0 to {len(Policy.ALL) - 1}')
    return AudioChunk(
        pcm=samples.tobytes(),
        rate=rate,
        channels=channels,
        turn=stamps.from_parts(*layout.get('turn', (0, 0))),
        stamp=stamps.from_parts(*layout.get('stamp', (0, 0))),
        seq=layout.get('seq', (0, 0))[0],
        final=bool(final[0]),
        continues=bool(final[1]),
        sentence=sentence[0],
        sentence_final=bool(sentence[1]),
        policy=Policy.ALL[policy],
    )


# --- JSON --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Transcript:
    """`stt/partial` and `stt/transcript`: what the user has said."""

    turn: Stamp
    text: str
    """'' on a final transcript: there was sound, but no words were found in it."""
    seq: int = 0
    """Counts what was published for this turn, partials included."""
    final: bool = False
    speech_end: Stamp = NEVER
    """When the last speech frame ended."""
    endpoint: Stamp = NEVER
    """When the utterance was known to have ended: `speech_end` plus the silence waited for."""
    stamp: Stamp = NEVER
    """When this was published."""


@dataclass(frozen=True)
class Sentence:
    """`dialog/sentence`: the next thing to say."""

    turn: Stamp
    seq: int
    """Counts the sentences of the reply from 0. The same turn and seq is spoken once."""
    text: str
    """May be '' only when `final`."""
    final: bool = False
    """The reply ends with this one."""
    language: str = 'en'
    """ISO 639-1 code of the text."""
    stamp: Stamp = NEVER
    policy: str = Policy.INTERRUPTIBLE
    """Whether it yields to somebody who speaks, one of `Policy.ALL`."""

    def __post_init__(self) -> None:
        _check_policy(self.policy)


Marks = tuple[tuple[int, float], ...]
"""Characters of a sentence from its beginning, and in how many milliseconds of its audio they have
been said. Both rise."""


@dataclass(frozen=True)
class Alignment:
    """`tts/alignment`: when the words of a sentence sound, from voices that know.

    Comes before the audio that the words are in, in as many messages as there are pieces.
    """

    turn: Stamp
    seq: int
    """The sentence."""
    marks: Marks

    def __post_init__(self) -> None:
        for (before, earlier), (after, later) in pairwise(self.marks):
            if after < before or later < earlier:
                raise ValueError(
                    f'marks are {(before, earlier)} and then {(after, later)}, expected to rise'
                )


@dataclass(frozen=True)
class Names:
    """`dialog/names`: whom the robot knows, who was spoken of last first."""

    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.names) > NAMES_LIMIT:
            raise ValueError(f'names are {len(self.names)}, expected at most {NAMES_LIMIT}')


@dataclass(frozen=True)
class Announcement:
    """`announce`: something to say that is not just `say`."""

    text: str
    policy: str = Policy.INTERRUPTIBLE
    """Whether it yields to somebody who speaks, one of `Policy.ALL`."""
    priority: int = 0
    """Higher ones go first, and end what is less important; replies and `say` have 0."""
    max_age_s: float = 0.0
    """It is not said when it has waited longer than this, in seconds; 0: it waits for ever."""

    def __post_init__(self) -> None:
        _check_policy(self.policy)


@dataclass(frozen=True)
class RecallRequest:
    """`recall`: what does the robot know that matters to a text?"""

    text: str
    request: str = ''
    """Comes back with the answer, so that one's own can be told from others'."""
    limit: int = 10
    """Most facts, 1 to RECALL_LIMIT."""

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= RECALL_LIMIT:
            raise ValueError(f'limit is {self.limit}, expected 1 to {RECALL_LIMIT}')


@dataclass(frozen=True)
class Recalled:
    """`recalled`: the answer to a RecallRequest."""

    text: str
    request: str = ''
    facts: tuple[str, ...] = ()
    """As sentences, most relevant first."""
    turns: tuple[str, ...] = ()
    """What the user said before: the date, a colon, the words."""
    failure: str = ''
    """Why nothing could be recalled."""


@dataclass(frozen=True)
class ForgetRequest:
    """`forget`: everything that was said of somebody or something shall be gone, for good."""

    name: str
    request: str = ''

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError(f'name is {self.name!r}, expected whom or what to forget')


@dataclass(frozen=True)
class Forgotten:
    """`forgotten`: the answer to a ForgetRequest."""

    name: str
    request: str = ''
    turns: int = 0
    """How many turns are gone."""
    failure: str = ''
    """Why nothing was forgotten."""


def _check_policy(policy: str) -> None:
    if policy not in Policy.ALL:
        raise ValueError(f'policy is {policy!r}, expected one of {Policy.ALL}')


class BargeInStage:
    """Values of `BargeIn.stage`."""

    SUSPECTED = 'suspected'
    """Somebody may be starting to speak: the robot lowers its voice."""
    LIKELY = 'likely'
    """What began may well be a voice: the robot is inaudible until that is known, some 200 ms."""
    CONFIRMED = 'confirmed'
    """An utterance has begun: the robot is silent, and keeps its place."""
    SUSTAINED = 'sustained'
    """It has lasted longer than a cough or a "mm-hm" does."""
    DISMISSED = 'dismissed'
    """It was nothing to fall silent for: the robot goes on."""

    ALL = (SUSPECTED, LIKELY, CONFIRMED, SUSTAINED, DISMISSED)


@dataclass(frozen=True)
class BargeIn:
    """`barge_in`: what is known of somebody who may be speaking over the robot."""

    turn: Stamp
    """The utterance's. While it is not confirmed: when its first frame was captured."""
    stage: str
    """One of BargeInStage."""
    stamp: Stamp = NEVER

    def __post_init__(self) -> None:
        if self.stage not in BargeInStage.ALL:
            raise ValueError(f'stage is {self.stage!r}, expected one of {BargeInStage.ALL}')


class PlaybackState:
    """Values of `Playback.state`."""

    STARTED = 'started'
    """The first sample of the turn is audible."""
    PROGRESS = 'progress'
    SENTENCE = 'sentence'
    """Sentence `seq` has been heard to its end."""
    FINISHED = 'finished'
    """The whole reply has been heard."""
    HUSHED = 'hushed'
    """Goes on inaudibly, because somebody may have begun to speak."""
    HELD = 'held'
    """Silent because somebody speaks; it may go on from here."""
    CUT = 'cut'
    """The turn was voided; the numbers say what had been heard until then."""
    FAILED = 'failed'
    """The loudspeaker was lost; what follows of the turn will not be heard."""

    ALL = (STARTED, PROGRESS, SENTENCE, HUSHED, HELD, FINISHED, CUT, FAILED)


@dataclass(frozen=True)
class Playback:
    """`speaker/playback`: what has really been heard."""

    turn: Stamp
    seq: int
    """The sentence being heard."""
    state: str
    """One of PlaybackState."""
    played_ms: float
    """Of this sentence."""
    total_ms: float | None
    """Length of this sentence; null while its end has not arrived yet."""
    turn_played_ms: float
    """Of the whole reply, from its first sample."""
    started: Stamp = NEVER
    """When the first sample of this turn became audible."""
    sounding_ms: float | None = None
    """Of `played_ms`, what was no pause; null where nobody has told them apart."""
    sounding_total_ms: float | None = None
    """Of `total_ms`; null while the end of the sentence has not arrived yet."""
    synthesized: Stamp = NEVER
    """When the first audio of this turn left the synthesiser."""
    stamp: Stamp = NEVER

    def __post_init__(self) -> None:
        if self.state not in PlaybackState.ALL:
            raise ValueError(f'state is {self.state!r}, expected one of {PlaybackState.ALL}')


@dataclass(frozen=True)
class TurnReport:
    """`turn`: one report per finished turn."""

    turn: Stamp
    source: str
    """How it began: `speech`, `hear`, `say` or `announce`."""
    utterance: str
    """What the user said, or what was asked to be said."""
    reply: str
    """All that was to be said."""
    heard: str
    """What was audible of it."""
    cut: str | None = None
    """The source of the interrupt that ended it, null when it was heard to the end."""
    failure: str | None = None
    """Why there was no full reply, null when there was."""
    memory: int = 0
    """Facts that were found for it."""
    tokens: dict[str, float] = field(default_factory=dict)
    """What the language model's service counted for it, all requests together: `input` (read
    anew), `cache_read`, `cache_written` and `output`. Empty where nobody counts."""
    latency_ms: dict[str, float] = field(default_factory=dict)
    """Stage to milliseconds, each counted from the end of the one before: `endpoint` (last speech
    to utterance known to have ended), `stt` (to the transcript), `memory` (facts recalled),
    `first_token`, `first_sentence`, `first_audio` (synthesised), `audible`; `commit`, from the
    transcript (or the request's arrival) to the turn in the database, which goes on beside the
    others; `voice_to_voice`, from the last speech frame (or the request's arrival) to the first
    audible sample; and where somebody spoke over it `barge_in`, from their first speech frame to
    silence. A stage that did not happen is missing."""


Json = Transcript | Sentence | Alignment | Announcement | BargeIn | Playback | TurnReport


def encode_json(value: Json) -> str:
    """Return the text that carries `value`."""
    out: dict[str, object] = {}
    for f, kind in _fields(type(value)):
        item = getattr(value, f.name)
        out[f.name] = stamps.to_json(item) if kind is Stamp else item
    # Lone surrogates cannot be put into UTF-8, which is what ROS strings are.
    return json.dumps(out, ensure_ascii=False).encode('utf-8', 'replace').decode('utf-8')


T = typing.TypeVar(
    'T', Transcript, Sentence, Alignment, Announcement, BargeIn, Playback, TurnReport
)


def decode_json(kind: type[T], text: str) -> T:
    """Read what `encode_json` wrote; raise ValueError with the field that does not fit."""
    if len(text) > JSON_LIMIT:
        raise ValueError(f'JSON of {len(text)} characters, expected at most {JSON_LIMIT}')
    try:
        # RecursionError: a megabyte of '[' is valid to a tokenizer and deadly to a parser.
        data = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise ValueError(f'not JSON ({err}): {text[:80]!r}') from err
    if not isinstance(data, dict):
        raise ValueError(f'JSON is a {type(data).__name__}, expected an object: {text[:80]!r}')
    values: dict[str, object] = {}
    for f, wanted in _fields(kind):
        if f.name in data:
            values[f.name] = _checked(f.name, data[f.name], wanted)
        elif f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise ValueError(f'field {f.name!r} is missing: {text[:80]!r}')
    return kind(**values)  # type: ignore[arg-type]


def prepare(kind: type) -> None:
    """Pay what the first message of a class costs besides: 0.2 ms in each node of a turn."""
    _fields(kind)


def _fields(kind: type) -> list[tuple[dataclasses.Field[object], object]]:
    if kind not in _FIELDS:
        hints = typing.get_type_hints(kind)
        _FIELDS[kind] = [(f, hints[f.name]) for f in dataclasses.fields(kind)]
    return _FIELDS[kind]


_FIELDS: dict[type, list[tuple[dataclasses.Field[object], object]]] = {}
"""Resolved annotations, which cost 50 us to resolve and never change."""


def _checked(name: str, value: object, wanted: object) -> object:
    if wanted is Stamp:
        return stamps.from_json(value)
    if isinstance(wanted, types.UnionType):
        if value is None:
            return None
        wanted = typing.get_args(wanted)[0]
    if wanted is str and isinstance(value, str):
        if len(value) > TEXT_LIMIT:
            raise ValueError(f'{name} has {len(value)} characters, expected at most {TEXT_LIMIT}')
        return value
    if wanted is bool and isinstance(value, bool):
        return value
    if wanted is int and type(value) is int and value >= 0:
        return value
    if wanted is float and type(value) in (int, float) and 0 <= value < 1e12:  # type: ignore[operator]
        return float(value)  # type: ignore[arg-type]
    if typing.get_origin(wanted) is dict and isinstance(value, dict):
        return {str(key): float(item) for key, item in value.items() if type(item) in (int, float)}
    if wanted == Marks and isinstance(value, list):
        if len(value) > MARKS_LIMIT:
            raise ValueError(f'{name} has {len(value)} items, expected at most {MARKS_LIMIT}')
        return tuple(_mark(name, item) for item in value)
    if wanted == tuple[str, ...] and isinstance(value, list):
        return tuple(str(_checked(name, item, str)) for item in value[: NAMES_LIMIT + 1])
    raise ValueError(f'{name} is {str(value)[:80]!r}, expected {wanted}')


def _mark(name: str, item: object) -> tuple[int, float]:
    if isinstance(item, list) and len(item) == 2:
        characters, ms = item
        counts = type(characters) is int and 0 <= characters <= TEXT_LIMIT
        if counts and type(ms) in (int, float) and 0 <= ms < 1e12:
            return characters, float(ms)
    raise ValueError(f'{name} has {str(item)[:80]!r}, expected [characters, milliseconds]')
