# SPDX-License-Identifier: Apache-2.0
"""Background work has one owner: never twice, never lost, never ended in silence."""

from __future__ import annotations

import asyncio
import logging

import pytest

from prot_ros.engines.background import Background


def test_work_goes_on_and_is_not_begun_twice():
    async def story() -> None:
        begun = []

        async def work(number: int) -> None:
            begun.append(number)
            await asyncio.Event().wait()

        background = Background('work')
        background.start(work(1))
        await asyncio.sleep(0)
        background.start(work(2))
        await asyncio.sleep(0)
        assert (begun, background.busy) == ([1], True)
        await background.stop()
        assert not background.busy
        background.start(work(3))
        await asyncio.sleep(0)
        await background.stop()
        assert begun == [1, 3]

    asyncio.run(story())


def test_a_stop_waits_for_the_clean_up_and_may_come_twice():
    async def story() -> None:
        released = []

        async def work() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                released.append(True)

        background = Background('work')
        background.start(work())
        await asyncio.sleep(0)
        await background.stop()
        await background.stop()
        assert released == [True]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(story())


def test_an_unexpected_end_is_logged_with_its_name(caplog: pytest.LogCaptureFixture):
    async def story() -> None:
        async def work() -> None:
            raise KeyError('a bug')

        background = Background('work')
        background.start(work())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not background.busy
        await background.stop()

    with caplog.at_level(logging.ERROR):
        asyncio.run(story())
    assert [record.getMessage() for record in caplog.records] == ['work has ended unexpectedly']
