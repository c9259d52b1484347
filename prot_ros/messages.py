# SPDX-License-Identifier: Apache-2.0
"""std_msgs <-> the values of `core/wire.py`: which message carries what, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from std_msgs.msg import Bool, Header, Int16MultiArray, MultiArrayDimension, String

from prot_ros.core import stamps, wire
from prot_ros.core.turns import Interrupt
from prot_ros.core.wire import AudioChunk


@dataclass(frozen=True)
class Codec:
    """How a value becomes a message and back; `decode` raises ValueError on what is malformed."""

    msg: Any
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


def codec(value: type) -> Codec:
    """Return the codec of a topic's value class (`graph.Topic.value`)."""
    if value in _PLAIN:
        return _PLAIN[value]
    wire.prepare(value)
    return Codec(
        String,
        lambda item: String(data=wire.encode_json(item)),
        lambda msg: wire.decode_json(value, msg.data),
    )


def _encode_audio(chunk: AudioChunk) -> Int16MultiArray:
    dims, samples = wire.encode_audio(chunk)
    msg = Int16MultiArray()
    msg.layout.dim = [
        MultiArrayDimension(label=label, size=size, stride=stride) for label, size, stride in dims
    ]
    msg.data = samples  # an array('h') is taken as it is; a list would cost 20 times as much
    return msg


def _decode_audio(msg: Int16MultiArray) -> AudioChunk:
    return wire.decode_audio(
        ((dim.label, dim.size, dim.stride) for dim in msg.layout.dim), msg.data
    )


def _encode_interrupt(interrupt: Interrupt) -> Header:
    msg = Header(frame_id=interrupt.source)
    msg.stamp.sec, msg.stamp.nanosec = stamps.to_parts(interrupt.stamp)
    return msg


def _decode_interrupt(msg: Header) -> Interrupt:
    return Interrupt(stamps.from_parts(msg.stamp.sec, msg.stamp.nanosec), msg.frame_id[:100])


def _decode_text(msg: String) -> str:
    if len(msg.data) > wire.TEXT_LIMIT:
        raise ValueError(
            f'text has {len(msg.data)} characters, expected at most {wire.TEXT_LIMIT}'
        )
    return str(msg.data)


_PLAIN: dict[type, Codec] = {
    AudioChunk: Codec(Int16MultiArray, _encode_audio, _decode_audio),
    Interrupt: Codec(Header, _encode_interrupt, _decode_interrupt),
    str: Codec(String, lambda text: String(data=text), _decode_text),
    bool: Codec(Bool, lambda flag: Bool(data=flag), lambda msg: bool(msg.data)),
}
