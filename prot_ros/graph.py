# SPDX-License-Identifier: Apache-2.0
"""THE map of prot: its nodes in bring-up order, its topics, their QoS.

The launch file, the manager, `prot up`, the configuration check, the documentation test and the
nodes themselves read this one table, so they cannot drift apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.qos import QoSDurabilityPolicy, QoSHistoryPolicy, QoSProfile, QoSReliabilityPolicy

from prot_ros.core.turns import Interrupt
from prot_ros.core.wire import (
    Alignment,
    Announcement,
    AudioChunk,
    BargeIn,
    ForgetRequest,
    Forgotten,
    Names,
    Playback,
    Recalled,
    RecallRequest,
    Sentence,
    Transcript,
    TurnReport,
)

NAMESPACE = 'prot'
"""Where the launch file and the commands look for the nodes unless told otherwise."""


@dataclass(frozen=True)
class NodeSpec:
    """One node: its name is also its executable, its file and its section of the YAML."""

    name: str
    cls: str
    """`module:Class`; a string, so that reading this table imports no node."""
    summary: str


NODES: tuple[NodeSpec, ...] = (
    NodeSpec('speaker', 'prot_ros.nodes.speaker:SpeakerNode', 'plays what the robot says'),
    NodeSpec('tts', 'prot_ros.nodes.tts:TtsNode', 'turns sentences into audio'),
    NodeSpec('dialog', 'prot_ros.nodes.dialog:DialogNode', 'decides what to say, remembers'),
    NodeSpec('stt', 'prot_ros.nodes.stt:SttNode', 'turns utterances into text'),
    NodeSpec('vad', 'prot_ros.nodes.vad:VadNode', 'finds utterances, notices barge-in'),
    NodeSpec('mic', 'prot_ros.nodes.mic:MicNode', 'listens'),
)
"""In bring-up order: who consumes comes up before who produces, so nothing is said to a node that
does not listen yet; taken down in reverse, so the microphone closes first."""

MANAGER = NodeSpec(
    'manager', 'prot_ros.nodes.manager:ManagerNode', 'brings the others up, watches, releases them'
)

ALL_NODES = (*NODES, MANAGER)


def node(name: str) -> NodeSpec:
    """Return the node of that name; raise ValueError with the names there are."""
    for spec in ALL_NODES:
        if spec.name == name:
            return spec
    names = ', '.join(spec.name for spec in ALL_NODES)
    raise ValueError(f'there is no node {name!r}, expected one of {names}')


def _qos(depth: int, *, reliable: bool = True, latched: bool = False) -> QoSProfile:
    return QoSProfile(
        history=QoSHistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=(
            QoSReliabilityPolicy.RELIABLE if reliable else QoSReliabilityPolicy.BEST_EFFORT
        ),
        durability=(
            QoSDurabilityPolicy.TRANSIENT_LOCAL if latched else QoSDurabilityPolicy.VOLATILE
        ),
    )


# QoS by name. Depths are what a consumer that stalls for a moment may fall behind.
MIC_AUDIO_QOS = _qos(50, reliable=False)  # 1 s of 20 ms frames; the microphone waits for nobody
UTTERANCE_QOS = _qos(256)  # 5 s of 20 ms chunks: a recogniser that loads, a pre-roll in one burst
SENTENCE_QOS = _qos(64)  # twice the dialog's window of 32
SPEECH_AUDIO_QOS = _qos(64)  # more than the synthesiser's window of 2 s in 60 ms chunks
PLAYBACK_QOS = _qos(32)
EVENT_QOS = _qos(10)
LATCHED_QOS = _qos(1, latched=True)
DIAGNOSTICS_QOS = _qos(10)

Value = type[
    AudioChunk
    | Transcript
    | Sentence
    | Alignment
    | Announcement
    | BargeIn
    | Names
    | RecallRequest
    | Recalled
    | ForgetRequest
    | Forgotten
    | Playback
    | TurnReport
    | Interrupt
    | str
    | bool
]


@dataclass(frozen=True)
class Topic:
    """One topic: its name is relative, its message type follows from `value` (`messages.py`)."""

    name: str
    value: Value
    """What it carries: a class of `core/wire.py`, an Interrupt, plain text or a flag."""
    qos: QoSProfile
    publishers: tuple[str, ...]
    """Node names; `any` where other programs publish, too."""
    subscribers: tuple[str, ...]
    summary: str


MIC_AUDIO = Topic(
    'mic/audio', AudioChunk, MIC_AUDIO_QOS, ('mic',), ('vad',), 'what the microphone hears'
)
SPEECH = Topic(
    'vad/speech', bool, LATCHED_QOS, ('vad',), ('dialog', 'tts'), 'whether somebody is speaking'
)
UTTERANCE = Topic(
    'vad/utterance', AudioChunk, UTTERANCE_QOS, ('vad',), ('stt',),
    'pre-roll, speech, then an empty chunk marked final',
)  # fmt: skip
INTERRUPT = Topic(
    'interrupt', Interrupt, LATCHED_QOS, ('dialog', 'any'),
    ('vad', 'stt', 'dialog', 'tts', 'speaker'),
    'every turn that began at or before `stamp` is void',
)  # fmt: skip
BARGE_IN = Topic(
    'barge_in', BargeIn, EVENT_QOS, ('vad', 'dialog'), ('dialog', 'speaker'),
    'somebody may be speaking over the robot: suspected, likely, confirmed, sustained, dismissed',
)  # fmt: skip
MUTE = Topic('mute', bool, LATCHED_QOS, ('any',), ('mic',), 'true closes the microphone')
PUSH_TO_TALK = Topic(
    'push_to_talk', bool, EVENT_QOS, ('any',), ('vad',), 'whether the button is pressed'
)
PARTIAL = Topic(
    'stt/partial', Transcript, EVENT_QOS, ('stt',), ('dialog', 'any'),
    'the hypothesis while one speaks',
)  # fmt: skip
TRANSCRIPT = Topic('stt/transcript', Transcript, EVENT_QOS, ('stt',), ('dialog',), 'what was said')
NAMES = Topic(
    'dialog/names', Names, LATCHED_QOS, ('dialog',), ('stt',), 'whom the robot knows, to be heard'
)
SENTENCE = Topic(
    'dialog/sentence', Sentence, SENTENCE_QOS, ('dialog',), ('tts',), 'the next thing to say'
)
SPEECH_AUDIO = Topic(
    'tts/audio', AudioChunk, SPEECH_AUDIO_QOS, ('tts',), ('speaker',), "the robot's voice"
)
ALIGNMENT = Topic(
    'tts/alignment', Alignment, SENTENCE_QOS, ('tts',), ('dialog',),
    'when the words of a sentence sound, from voices that know',
)  # fmt: skip
REFERENCE = Topic(
    'speaker/reference', AudioChunk, SPEECH_AUDIO_QOS, ('speaker',), ('mic',),
    'what the loudspeaker sounds, stamped with the time at which it does',
)  # fmt: skip
PLAYBACK = Topic(
    'speaker/playback', Playback, PLAYBACK_QOS, ('speaker',), ('dialog', 'tts'),
    'what has really been played',
)  # fmt: skip
STATE = Topic(
    'state', str, LATCHED_QOS, ('dialog',), ('any',), 'idle, listening, thinking or speaking'
)
TURN = Topic(
    'turn', TurnReport, EVENT_QOS, ('dialog',), ('any',), 'a report on each finished turn'
)
SAY = Topic('say', str, EVENT_QOS, ('any',), ('dialog',), 'speak this')
ANNOUNCE = Topic(
    'announce', Announcement, EVENT_QOS, ('any',), ('dialog',),
    'speak this, with a priority and a policy for interruptions',
)  # fmt: skip
HEAR = Topic(
    'hear', str, EVENT_QOS, ('any',), ('dialog',), 'treat this as if the user had said it'
)
HEARD = Topic('heard', str, EVENT_QOS, ('dialog',), ('any',), 'what the user said')
SAID = Topic('said', str, EVENT_QOS, ('dialog',), ('any',), 'what was audibly spoken')
RECALL = Topic('recall', RecallRequest, EVENT_QOS, ('any',), ('dialog',), 'what is known of this?')
RECALLED = Topic('recalled', Recalled, EVENT_QOS, ('dialog',), ('any',), 'the answer to that')
FORGET = Topic(
    'forget', ForgetRequest, EVENT_QOS, ('any',), ('dialog',), 'let a name be gone from memory'
)
FORGOTTEN = Topic('forgotten', Forgotten, EVENT_QOS, ('dialog',), ('any',), 'that it is gone')
# Named as by nav2's lifecycle manager.
ALL_ACTIVE = Topic(
    'manager/managed_nodes_activated', bool, LATCHED_QOS, ('manager',), ('any',),
    'whether all nodes are active',
)  # fmt: skip

TOPICS = (
    MUTE, MIC_AUDIO, PUSH_TO_TALK, SPEECH, UTTERANCE, BARGE_IN, INTERRUPT, PARTIAL, TRANSCRIPT,
    NAMES, SENTENCE, ALIGNMENT, SPEECH_AUDIO, REFERENCE, PLAYBACK, STATE, TURN, SAY, ANNOUNCE,
    HEAR, HEARD, SAID, RECALL, RECALLED, FORGET, FORGOTTEN, ALL_ACTIVE,
)  # fmt: skip

DIAGNOSTICS = '/diagnostics'
"""Absolute by convention; 1 Hz from every node."""
BEAT_S = 1.0
"""Period of a node's diagnostics, which are also its heartbeat."""
