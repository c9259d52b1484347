# SPDX-License-Identifier: Apache-2.0
"""mic: listens.

Subscribes
    speaker/reference   Int16MultiArray   what the loudspeaker sounds
    mute                Bool              latched: true closes the device, false opens it again
Publishes
    mic/audio   Int16MultiArray   20 ms frames, mono, stamped with the time of their first sample
Services
    ~/mute      SetBool           as the topic

The microphone is open only while the node is active and not muted: the device is closed then, not
ignored. A device that is lost is opened again without leaving the active state.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

from std_srvs.srv import SetBool

from prot_ros import graph
from prot_ros.bridge import Answer
from prot_ros.core.stamps import MILLISECOND, Stamp
from prot_ros.core.wire import AudioChunk
from prot_ros.engines import selection
from prot_ros.engines.echo import system as echo_system
from prot_ros.engines.kinds import EchoCanceller, EngineError, Microphone
from prot_ros.node import ProtNode
from prot_ros.params import param

FRAME_MS = 20
REOPEN_FIRST_S, REOPEN_LAST_S = 0.5, 5.0
"""A USB microphone comes back within a second or two of being plugged in again."""
TAIL_S = 2.0
"""Silence after a file has ended, so that its last utterance ends, too."""


@dataclass(frozen=True)
class Params:
    """Parameters of the node mic."""

    engine: str = param(
        'auto',
        'Where sound comes from; auto takes pyaudio where there is a device, else none',
        one_of=('auto', *selection.MICROPHONES),
    )
    device: str = param('', 'pyaudio: name or number of the input device, empty for the default')
    file: str = param('', 'wav: the file to play; pipe: the named pipe to read')
    realtime: bool = param(True, 'wav: play at the speed of time, else as fast as it is taken')
    rate: int = param(16000, 'Sample rate of mic/audio', unit='Hz', ge=8000, le=48000)
    echo_mode: str = param(
        'reference',
        'What keeps the robot from hearing itself: reference cancels what the speaker node plays, '
        'system has the audio server cancel what any program plays (see `prot audio`) and then '
        'what that leaves of the robot, gate does not listen while the robot is audible, none is '
        'for headsets',
        one_of=selection.ECHO_MODES,
        name='echo.mode',
    )
    echo_tail_ms: int = param(
        500,
        'gate: how long the robot is audible after its voice has ended, with all delays',
        unit='ms',
        ge=0,
        le=3000,
        name='echo.tail_ms',
    )

    def __post_init__(self) -> None:
        if self.rate not in (8000, 16000, 32000, 48000):
            raise ValueError(
                f"parameter 'rate' is {self.rate}, expected 8000, 16000, 32000 or 48000 Hz"
            )


class MicNode(ProtNode[Params]):
    """Publishes what the microphone hears."""

    params_class = Params
    heeds_interrupts = False

    def declare(self) -> None:
        self.publisher(graph.MIC_AUDIO)
        self.reference = self.mailbox(graph.REFERENCE)
        self.mutes = self.mailbox(graph.MUTE)
        self.service(SetBool, '~/mute', self._asked_to_mute)
        self._seq = 0
        self._reopened = 0
        self._muted = False

    async def open(self, stack: AsyncExitStack) -> None:
        choice = await selection.microphone(self.params)
        self.get_logger().info(choice.sentence('microphone'))
        self.engine: Microphone = choice.engine
        self.echo: EchoCanceller | None = await self._echo_canceller()

    async def _echo_canceller(self) -> EchoCanceller | None:
        mode = self.params.echo_mode
        if mode == 'system':
            await self._look_for_the_servers()
        try:
            choice = await selection.echo_canceller(self.params)
        except EngineError as err:
            self.get_logger().warning(f'what the audio server leaves of the robot stays: {err}')
            return None
        if choice is None:
            self.get_logger().info(f'echo: nothing is cancelled here (echo.mode is {mode})')
            return None
        self.get_logger().info(choice.sentence('echo'))
        if mode == 'reference' and choice.engine.name == 'gate':
            self.get_logger().warning(
                f'the robot cannot be interrupted by voice, because {choice.why}; until then it '
                'does not listen while it speaks'
            )
        return choice.engine

    async def _look_for_the_servers(self) -> None:
        try:
            found = await echo_system.find()
        except EngineError as err:
            lack = str(err)
        else:
            if found is not None and (found.is_default or self.params.device):
                return
            lack = 'it cancels none' if found is None else f'{found.source} is not its default'
        self.get_logger().warning(
            f'other programs may be heard: echo.mode is system, but of the audio server: {lack}; '
            'see `prot audio --help`'
        )

    async def start(self, stack: AsyncExitStack) -> None:
        if self.echo is not None:
            stack.push_async_callback(self.echo.close)
            await self.echo.open()
        # Pushed first: close() is safe in any state, and the device may be reopened while active.
        stack.push_async_callback(self.engine.close)
        self._mute_changed = asyncio.Event()
        if not self._muted:
            await self.engine.open()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_mute())
            tasks.create_task(self._follow_reference())
            while True:
                if not self._muted:
                    listening = tasks.create_task(self._listen())
                    await self._until_muted(True)
                    listening.cancel()
                    await asyncio.wait({listening})
                    await self.engine.close()
                await self._until_muted(False)
                try:
                    await self.engine.open()
                except EngineError as err:
                    await self._reopen(err)

    # --- mute ----------------------------------------------------------------------------------

    async def _follow_mute(self) -> None:
        async for muted in self.mutes:
            self._mute(muted)

    def _asked_to_mute(self, request: SetBool.Request, answer: Answer) -> None:
        if self.lifecycle_state != 'active':
            answer.give(False, f'mic is {self.lifecycle_state}, expected active')
            return
        self._mute(request.data)
        answer.give(True, 'muted' if request.data else 'listening')

    def _mute(self, muted: bool) -> None:
        if muted != self._muted:
            self._muted = muted
            self._mute_changed.set()
            self.get_logger().info('muted' if muted else 'listening again')

    async def _until_muted(self, muted: bool) -> None:
        while self._muted is not muted:
            self._mute_changed.clear()
            await self._mute_changed.wait()

    # --- echo ----------------------------------------------------------------------------------

    async def _follow_reference(self) -> None:
        async for chunk in self.reference:
            if self.echo is None:
                continue
            try:
                self.echo.played(chunk, self.now())
            except EngineError as err:
                self.get_logger().warning(
                    f'a piece of the reference is dropped: {err}', throttle_duration_sec=1.0
                )

    # --- listening -----------------------------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            try:
                async for frame in self.engine.frames():
                    self._send(frame)
                break
            except EngineError as err:
                if not err.retryable:
                    raise
                await self._reopen(err)
        self.get_logger().info('the source has ended; what follows is silence')
        silence = bytes(2 * self.params.rate * FRAME_MS // 1000)
        for _ in range(int(TAIL_S * 1000 / FRAME_MS)):
            self._send(silence)
            await asyncio.sleep(FRAME_MS / 1000)

    def _send(self, frame: bytes) -> None:
        began = Stamp(max(0, self.now() - FRAME_MS * MILLISECOND))
        pcm = frame if self.echo is None else self.echo.captured(frame, began)
        self.publish(
            graph.MIC_AUDIO,
            AudioChunk(pcm=pcm, rate=self.engine.rate, stamp=began, seq=self._seq),
        )
        self._seq += 1

    async def _reopen(self, lost: EngineError) -> None:
        wait = REOPEN_FIRST_S
        while not self._muted:
            self.failure = str(lost)
            self.get_logger().error(f'the microphone is lost: {lost}; trying again in {wait:g} s')
            await self.engine.close()
            await asyncio.sleep(wait)
            try:
                await self.engine.open()
            except EngineError as err:
                lost, wait = err, min(2 * wait, REOPEN_LAST_S)
                continue
            self.failure = ''
            self._reopened += 1
            self.get_logger().info('the microphone is back')
            return

    def status(self) -> dict[str, object]:
        engine = getattr(self, 'engine', None)
        if engine is None:
            return {}
        return {
            'engine': engine.name,
            'muted': self._muted,
            'frames': self._seq,
            'frames dropped': engine.dropped,
            'reopened': self._reopened,
            'echo.mode': self.params.echo_mode,
            **(self.echo.status() if self.echo is not None else {}),
        }
