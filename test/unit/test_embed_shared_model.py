# SPDX-License-Identifier: Apache-2.0
"""A model is loaded once, used by all in one thread, and gone with the last of them."""

from __future__ import annotations

import asyncio
import gc
import math
import os
import threading
from collections.abc import Sequence

import numpy as np
import pytest

from prot_ros.engines.embedders import shared_model
from prot_ros.engines.embedders.shared_model import PIECE_TEXTS, SharedModelEmbedder, residents
from prot_ros.engines.kinds import EngineError

MEGABYTES = 64


class Large:
    """A model with weights that can be seen in the memory of the process."""

    name = 'large-1'
    dimensions = 2

    def __init__(self, home: Home) -> None:
        self._home = home
        self._weights = np.ones(MEGABYTES * 2**20 // 4, np.float32)

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        self._home.embedded.append(list(texts))
        self._home.threads.add(threading.current_thread().name)
        return np.array([[3.0, 4.0] if text != 'broken' else [math.nan, 0] for text in texts])


class Home:
    """Where models come from; it counts them."""

    def __init__(self) -> None:
        self.loaded = 0
        self.failures = 0
        self.embedded: list[list[str]] = []
        self.threads: set[str] = set()
        self.may_load = threading.Event()
        self.may_load.set()
        self.loading = threading.Event()

    def embedder(self) -> SharedModelEmbedder:
        home = self

        class Embedder(SharedModelEmbedder):
            def _load(self) -> Large:
                home.loading.set()
                assert home.may_load.wait(10)
                if home.failures:
                    home.failures -= 1
                    raise EngineError('no weights')
                home.loaded += 1
                return Large(home)

        return Embedder('large', 'large')


def resident_mb() -> float:
    gc.collect()
    with open('/proc/self/statm', encoding='ascii') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 2**20


def embedding_threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith('embed ')]


@pytest.fixture(autouse=True)
def nothing_stays():
    yield
    assert residents() == {}
    assert embedding_threads() == []


def test_c09_b06_all_share_one_model_in_one_thread_which_goes_with_the_last_of_them():
    async def run() -> None:
        home = Home()
        embedders = [home.embedder() for _ in range(3)]
        before = resident_mb()
        await asyncio.gather(*(each.open() for each in embedders))
        assert home.loaded == 1
        assert residents() == {'large': 3}
        assert MEGABYTES * 0.9 < resident_mb() - before < MEGABYTES * 1.5
        assert [(each.name, each.dimensions) for each in embedders] == [('large-1', 2)] * 3
        for each in embedders:
            assert await each.embed(['text']) == [[0.6, 0.8]]
        assert home.threads == {'embed large'} == set(embedding_threads())
        await embedders[0].close()
        await embedders[0].close()  # twice is once
        await embedders[1].close()
        assert await embedders[2].embed(['text']) == [[0.6, 0.8]]
        assert home.loaded == 1
        await embedders[2].close()
        assert resident_mb() - before < MEGABYTES * 0.5
        await embedders[0].open()
        assert home.loaded == 2
        await embedders[0].close()

    asyncio.run(run())


def test_a_model_that_cannot_be_loaded_leaves_nothing_and_can_be_tried_again():
    async def run() -> None:
        home = Home()
        home.failures = 1
        one = home.embedder()
        with pytest.raises(EngineError, match='no weights'):
            await one.open()
        assert (residents(), embedding_threads()) == ({}, [])
        await one.open()
        assert await one.embed(['text']) == [[0.6, 0.8]]
        await one.close()

    asyncio.run(run())


def test_who_gives_up_while_it_is_loaded_takes_it_from_nobody_else():
    async def run() -> None:
        home = Home()
        home.may_load.clear()
        one, other = home.embedder(), home.embedder()
        first = asyncio.create_task(one.open())
        await asyncio.to_thread(home.loading.wait, 5)
        second = asyncio.create_task(other.open())
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait({first})
        assert first.cancelled()
        home.may_load.set()
        await second
        assert (home.loaded, residents()) == (1, {'large': 1})
        await other.close()

    asyncio.run(run())


def test_who_comes_while_a_forsaken_model_is_still_being_loaded_waits_until_it_is_gone():
    async def run() -> None:
        home = Home()
        home.may_load.clear()
        one, other = home.embedder(), home.embedder()
        first = asyncio.create_task(one.open())
        await asyncio.to_thread(home.loading.wait, 5)
        first.cancel()
        await asyncio.sleep(0)  # it lets go, and cannot while it is loading
        assert residents() == {}
        home.loading.clear()
        second = asyncio.create_task(other.open())
        # Its own thread is there and waits for the place.
        assert not await asyncio.to_thread(home.loading.wait, 0.1)
        before = resident_mb()
        home.may_load.set()
        await asyncio.wait({first, second})
        assert first.cancelled()
        assert home.loaded == 2
        assert resident_mb() - before < MEGABYTES * 1.5
        await other.close()

    asyncio.run(run())


def test_a_model_that_is_never_let_go_is_said_to_be(monkeypatch):
    async def run() -> None:
        home = Home()
        home.may_load.clear()
        monkeypatch.setattr(shared_model, 'LET_GO_S', 0.05)
        one, other = home.embedder(), home.embedder()
        first = asyncio.create_task(one.open())
        await asyncio.to_thread(home.loading.wait, 5)
        first.cancel()
        await asyncio.wait({first})
        with pytest.raises(EngineError, match='large is still being let go') as caught:
            await other.open()
        assert caught.value.retryable
        home.may_load.set()
        for thread in [each for each in threading.enumerate() if each.name == 'embed large']:
            await asyncio.to_thread(thread.join, 5)

    asyncio.run(run())


def test_a_question_passes_a_long_work_after_a_few_texts():
    async def run() -> None:
        home = Home()
        worker, asker = home.embedder(), home.embedder()
        await worker.open()
        await asker.open()
        texts = [f'text {number}' for number in range(40)]
        work = asyncio.create_task(worker.embed(texts))
        await asyncio.sleep(0)
        await asker.embed(['question'])
        await work
        assert home.embedded.index(['question']) <= 1
        assert [each for piece in home.embedded for each in piece if each != 'question'] == texts
        assert max(map(len, home.embedded)) == PIECE_TEXTS
        await worker.close()
        await asker.close()

    asyncio.run(run())


def test_long_texts_go_alone_and_only_their_beginning_is_read():
    async def run() -> None:
        home = Home()
        one = home.embedder()
        await one.open()
        await one.embed(['a' * 300, 'b' * 300, 'c', 'd' * 5000])
        assert [[len(each) for each in piece] for piece in home.embedded] == [
            [300],
            [300, 1],
            [2000],
        ]
        await one.close()

    asyncio.run(run())


def test_a_text_without_words_has_no_direction_and_is_not_asked_for():
    async def run() -> None:
        home = Home()
        one = home.embedder()
        await one.open()
        assert await one.embed(['', ' ?! ', '\0', '\ud800', '서울', '7']) == [
            *([[0.0, 0.0]] * 4),
            *([[0.6, 0.8]] * 2),
        ]
        assert home.embedded == [['서울', '7']]
        await one.close()

    asyncio.run(run())


def test_what_is_no_vector_and_what_is_not_open_is_said():
    async def run() -> None:
        one = Home().embedder()
        with pytest.raises(EngineError, match='large is not open'):
            await one.embed(['text'])
        await one.open()
        with pytest.raises(EngineError, match='large-1 made no vectors of 2 finite numbers'):
            await one.embed(['broken'])
        await one.close()

    asyncio.run(run())
