# SPDX-License-Identifier: Apache-2.0
"""What the wrappers of all kinds of online engine share: retries, a circuit, and a stand-in.

An online engine says once what happened (EngineError); whether it is tried again, when the offline
engine takes over and when the online one comes back is decided here and in `core/circuit.py`.

There is no background probing: while the circuit is half open, a real request goes to the service
with less patience, and the offline engine behind it. So a service that is back is noticed by the
first turn after its rest, and one that is not costs that turn `probe_s` at most.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Generic, TypeVar

from prot_ros.core.backoff import Backoff
from prot_ros.core.circuit import Admission, Circuit, CircuitLimits, State
from prot_ros.core.survival import Limits
from prot_ros.engines.kinds import BrokenOff, Engine, EngineError, Log, Preparable

E = TypeVar('E', bound=Engine)
T = TypeVar('T')

OPEN_S = 10.0
"""For first-use costs; engines have deadlines of their own, this one is a backstop."""
PAUSES = Backoff(first_s=0.1, most_s=0.6)
"""Between the tries of one request: somebody is waiting."""
QUIET_S = 10.0
"""At most one line of the log in this time says that an engine falls back."""


class Failover(Generic[E]):
    """Holds an online engine and the offline one that stands in for it, None where none can."""

    kind = 'engine'
    probe_s = 1.5
    """Patience with a service that has failed before, in seconds; less where its limits are less.
    Recognition and voice usually answer in a third of it."""

    def __init__(
        self,
        online: E,
        offline: E | None,
        limits: Limits,
        circuit: CircuitLimits | None = None,
        *,
        log: Log | None = None,
        random: Random | None = None,
    ) -> None:
        """`limits` are those the online engine was made with; `random` jitters the pauses."""
        self.online = online
        self.offline = offline
        self.name = online.name
        self.limits = limits
        self.failure = ''
        """The last thing that went wrong with the online engine, with the way to mend it."""
        self.fallbacks = 0
        """Requests that the offline engine answered, wholly or in part."""
        self._random = random or Random()
        self._circuit = Circuit(circuit or CircuitLimits(), self._random)
        self._log: Log = log or logging.getLogger(__name__)
        self._opened = False
        self._opening = asyncio.Lock()
        self._told_at = -QUIET_S
        self._told = False

    # --- Engine --------------------------------------------------------------------------------

    async def open(self) -> None:
        """Open both. One that cannot be opened is done without; raise EngineError for both."""
        lack = ''
        if self.offline is not None:
            try:
                await self.offline.open()
            except EngineError as err:
                lack = str(err)
                self.offline = None
                self._log.error(f'{self.kind}: nothing can stand in for {self.name}: {err}')
        try:
            await self.open_online()
        except EngineError as err:
            if self.offline is None:
                raise EngineError(
                    '; '.join(filter(None, (str(err), lack))),
                    retryable=err.retryable,
                    retry_after_s=err.retry_after_s,
                ) from err
            self.rest_at_once(err)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        self._opened = False
        try:
            await self.online.close()
        finally:
            if self.offline is not None:
                await self.offline.close()

    # --- what a person is told -----------------------------------------------------------------

    @property
    def degraded(self) -> bool:
        """Whether the next request would be the offline engine's, or is a probe."""
        return self._circuit.state is not State.CLOSED

    def concern(self) -> str:
        """Return what is wrong and what would mend it, in a sentence; '' when all is well."""
        return f'{self._stand_in()}: {self.failure}' if self.degraded else ''

    def status(self) -> dict[str, object]:
        """Return what the diagnostics show."""
        shown: dict[str, object] = {
            'engine': self._stand_in_name() if self.degraded else self.name,
            'online engine': self.name,
            'circuit': str(self._circuit.state),
            'fallbacks': self.fallbacks,
            'online failure': self.failure,
        }
        if self._circuit.state is State.OPEN:
            rest_s = self._circuit.retry_at - self.now()
            shown['online tried again'] = (
                f'in {rest_s:.0f} s' if rest_s > 0 else 'with the next request'
            )
        return shown

    def mended(self) -> None:
        """Try the online engine again with the next request: something about it was changed."""
        self._circuit.reset()

    def prepare(self) -> None:
        """Let the online engine connect, unless it is being left alone."""
        if self._opened and not self.degraded and isinstance(self.online, Preparable):
            self.online.prepare()

    # --- for the wrappers ----------------------------------------------------------------------

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def _stand_in_name(self) -> str:
        return self.offline.name if self.offline is not None else 'none'

    def _stand_in(self) -> str:
        if self.offline is None:
            return f'{self.kind}: {self.name} fails and nothing can stand in for it'
        return f'{self.kind}: {self.offline.name} stands in for {self.name}'

    def admit(self) -> Admission:
        """Let a request through to the service; raise EngineError where it is left alone."""
        admission = self._circuit.admit(self.now())
        if admission is Admission.REFUSED:
            raise EngineError(self.failure or f'{self.name} is left alone', retryable=True)
        return admission

    def patience_s(self, admission: Admission) -> float:
        """Return how long all tries together may take until something comes."""
        whole = self.limits.connect_s + self.limits.first_response_s
        if admission is Admission.PROBE:
            return min(self.limits.first_response_s, self.probe_s)
        return whole

    async def open_online(self) -> None:
        async with self._opening:
            if self._opened:
                return
            try:
                async with asyncio.timeout(OPEN_S):
                    await self.online.open()
            except TimeoutError:
                raise EngineError(
                    f'{self.name} was not ready within {OPEN_S:g} s', retryable=True
                ) from None
            self._opened = True

    async def worth_another_try(
        self, admission: Admission | None, error: EngineError, tries: int, deadline: float
    ) -> bool:
        """Wait before the next try; False where there is none, or no time for it."""
        if admission is not Admission.THROUGH:
            return False  # a probe is one try: somebody is waiting, and hope is small
        if not error.retryable or tries > self.limits.retries:
            return False
        pause_s = PAUSES.honoured_s(tries, error.retry_after_s, self._random)
        if pause_s is None or self.now() + pause_s >= deadline:
            return False
        await asyncio.sleep(pause_s)
        return True

    def succeeded(self, admission: Admission) -> None:
        if self._circuit.succeeded(admission) and self._told:
            self._told = False
            self._log.info(f'{self.kind}: {self.name} is back')

    def failed(
        self, admission: Admission, error: EngineError, *, rest_s: float | None = None
    ) -> None:
        self.failure = str(error)
        if rest_s is None:
            rest_s = error.retry_after_s
        now = self.now()
        opened = self._circuit.failed(now, admission, retryable=error.retryable, rest_s=rest_s)
        if opened and (now - self._told_at >= QUIET_S or not error.retryable):
            self._told_at, self._told = now, True
            line = f'{self._stand_in()}: {error}'
            # What a person has to mend is an error; what mends itself is a warning. Two calls,
            # because ROS's loggers refuse one place that changes its severity.
            if error.retryable:
                self._log.warning(line)
            else:
                self._log.error(line)

    def rest_at_once(self, error: EngineError) -> None:
        """Leave the service alone: nothing would come of a turn that tried it."""
        rest_s = max(error.retry_after_s or 0.0, self.probe_s) if error.retryable else None
        self.failed(Admission.THROUGH, error, rest_s=rest_s)

    def abandoned(self, admission: Admission) -> None:
        self._circuit.abandoned(self.now(), admission)

    async def _answer(self, begin: Callable[[], AsyncIterator[T]]) -> AsyncIterator[T]:
        """Yield what the online engine gives to a request, tried again before its first piece.

        Raises EngineError when the service is left alone, when no try gave anything in time, and
        when the answer ends in the middle. The circuit has been told by then.
        """
        admission = self.admit()
        told = False
        stream: AsyncIterator[T] | None = None
        try:
            stream, first = await self._begun(begin, admission)
            if first is not None:
                told = True  # it answers, also where the listener has had enough after this
                yield first[0]
                async for piece in stream:
                    yield piece
        except EngineError as err:
            told = False
            self.failed(admission, err)
            admission = Admission.REFUSED  # its outcome has been told
            raise
        except BrokenOff:
            told = True  # it answers, though not as one would wish
            raise
        else:
            told = True
        finally:
            if told:
                self.succeeded(admission)
            elif admission is not Admission.REFUSED:
                self.abandoned(admission)
            await _closed(stream)

    async def _begun(
        self, begin: Callable[[], AsyncIterator[T]], admission: Admission
    ) -> tuple[AsyncIterator[T], tuple[T] | None]:
        """Return a stream and its first piece, None where it ended without one."""
        deadline = self.now() + self.patience_s(admission)
        tries = 0
        while True:
            tries += 1
            stream: AsyncIterator[T] | None = None
            try:
                async with asyncio.timeout_at(deadline):
                    await self.open_online()
                    stream = begin()
                    first = await anext(stream)
            except StopAsyncIteration:
                assert stream is not None
                return stream, None
            except TimeoutError:
                await _closed(stream)
                raise EngineError(
                    f'{self.name} gave nothing within {self.patience_s(admission):g} s',
                    retryable=True,
                ) from None
            except EngineError as err:
                await _closed(stream)
                if not await self.worth_another_try(admission, err, tries, deadline):
                    raise
            except BaseException:
                await _closed(stream)
                raise
            else:
                return stream, (first,)


def shown(engine: Engine | None) -> dict[str, object]:
    """Return what the diagnostics show of any engine, None where there is none yet."""
    if isinstance(engine, Failover):
        return engine.status()
    return {'engine': engine.name if engine is not None else ''}


def concern(engine: Engine | None) -> str:
    """Return what is wrong with any engine and what would mend it; '' when all is well."""
    return engine.concern() if isinstance(engine, Failover) else ''


def mended(engine: Engine | None) -> None:
    """Note for any engine that what it is set to has changed: an online one is tried again."""
    if isinstance(engine, Failover):
        engine.mended()


async def _closed(stream: AsyncIterator[T] | None) -> None:
    close = getattr(stream, 'aclose', None)
    if close is not None:
        await close()
