# SPDX-License-Identifier: Apache-2.0
"""One task acquires, holds and lets go; whatever happens, nothing stays held unnoticed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from prot_ros.tenure import AbandonedError, Tenure, root_cause


class Held:
    """What a tenure acquires, with a place for each trouble."""

    def __init__(self) -> None:
        self.diary: list[str] = []
        self.deaths: list[BaseException] = []
        self.died = asyncio.Event()
        self.entering: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0)
        self.holding: Callable[[], Awaitable[object]] = lambda: asyncio.Event().wait()
        self.releasing: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0)
        self.tenure = Tenure('mic active', self._enter, self._hold, self._die)

    async def _enter(self, stack: AsyncExitStack) -> None:
        self.diary.append('taken')
        stack.push_async_callback(self._release)
        await self.entering()

    async def _hold(self) -> None:
        self.diary.append('held')
        await self.holding()

    def _die(self, error: BaseException) -> None:
        self.deaths.append(error)
        self.died.set()

    async def _release(self) -> None:
        await self.releasing()
        self.diary.append('released')


async def fail() -> None:
    raise LookupError('no such device')


async def hang() -> None:
    await asyncio.Event().wait()


def run(scenario: Callable[[Held], Awaitable[None]]) -> Held:
    held = Held()

    async def watched() -> None:
        async with asyncio.timeout(10):
            await scenario(held)
        assert len(asyncio.all_tasks()) == 1, 'a task is left'

    asyncio.run(watched(), debug=True)
    return held


def test_what_is_taken_is_held_until_the_end():
    async def scenario(held):
        assert held.tenure.released
        await held.tenure.begin(1)
        await asyncio.sleep(0)
        assert held.diary == ['taken', 'held']
        assert held.tenure.ready
        assert not held.tenure.released
        await held.tenure.end(1)
        assert held.tenure.released

    held = run(scenario)
    assert held.diary == ['taken', 'held', 'released']
    assert held.deaths == []


def test_a06_a_begin_that_fails_has_released_and_its_end_has_nothing_to_say():
    async def scenario(held):
        held.entering = fail
        with pytest.raises(LookupError, match='no such device'):
            await held.tenure.begin(1)
        await held.tenure.end(1)

    assert run(scenario).diary == ['taken', 'released']


def test_a_begin_that_hangs_is_given_up_at_its_deadline():
    async def scenario(held):
        held.entering = hang
        with pytest.raises(TimeoutError, match=r'mic active: not finished after 0\.05 s'):
            await held.tenure.begin(0.05)

    assert run(scenario).diary == ['taken', 'released']


def test_a_begin_that_is_cancelled_has_released():
    async def scenario(held):
        held.entering = hang
        beginning = asyncio.create_task(held.tenure.begin(5))
        await asyncio.sleep(0.01)
        beginning.cancel()
        await asyncio.wait({beginning})
        assert beginning.cancelled()

    assert run(scenario).diary == ['taken', 'released']


def test_an_abandoned_begin_ends_at_once():
    async def scenario(held):
        held.entering = hang
        beginning = asyncio.create_task(held.tenure.begin(5))
        await asyncio.sleep(0.01)
        held.tenure.abandon()
        with pytest.raises(AbandonedError, match='given up'):
            await beginning

    assert run(scenario).diary == ['taken', 'released']


def test_what_was_abandoned_before_it_began_takes_nothing():
    async def scenario(held):
        held.tenure.abandon()
        with pytest.raises(AbandonedError, match='not begun'):
            await held.tenure.begin(5)
        await held.tenure.end(1)

    assert run(scenario).diary == []


def test_a_death_is_told_once_and_what_was_taken_is_released():
    async def scenario(held):
        held.holding = fail
        await held.tenure.begin(1)
        await held.died.wait()
        assert held.tenure.released
        await held.tenure.end(1)

    held = run(scenario)
    assert held.diary == ['taken', 'held', 'released']
    assert [str(error) for error in held.deaths] == ['no such device']


def test_work_that_simply_ends_is_a_death_too():
    async def scenario(held):
        held.holding = lambda: asyncio.sleep(0)
        await held.tenure.begin(1)
        await held.died.wait()

    assert str(run(scenario).deaths[0]) == 'mic active: it ended'


def test_d07_a_release_that_raises_is_raised_by_the_end():
    async def scenario(held):
        held.releasing = fail
        await held.tenure.begin(1)
        with pytest.raises(LookupError):
            await held.tenure.end(1)
        assert held.tenure.released

    assert run(scenario).deaths == []


def test_d06_a_release_that_hangs_is_named_with_the_place_where_it_hangs():
    async def scenario(held):
        gate = asyncio.Event()

        async def stubborn():
            while not gate.is_set():
                try:
                    await gate.wait()
                except asyncio.CancelledError:
                    pass

        held.releasing = stubborn
        await held.tenure.begin(1)
        with pytest.raises(TimeoutError, match=r'not released after 0\.05 s') as caught:
            await held.tenure.end(0.05)
        assert re.search(r'tenure\.py:\d+ > .*test_tenure\.py:\d+ > ', str(caught.value))
        assert not held.tenure.released
        gate.set()
        await held.tenure.end(1)
        assert held.tenure.released

    assert run(scenario).diary[-1] == 'released'


def test_the_cause_is_the_first_error_inside_of_groups():
    error = LookupError('inner')
    assert root_cause(ExceptionGroup('a', [ExceptionGroup('b', [error]), ValueError()])) is error
    assert root_cause(error) is error
