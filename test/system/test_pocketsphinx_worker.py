# SPDX-License-Identifier: Apache-2.0
"""The process that decodes: it leaves the loop free, may die at any time, and leaves nothing.

And what was given up, cancelled or unfortunate leaves the next utterance alone.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from recordings import CARDS
from utterances import CHUNK, RATE, heard, spoken

from prot_ros.engines.kinds import EngineError
from prot_ros.engines.pocketsphinx import worker as pocketsphinx_worker
from prot_ros.engines.pocketsphinx.process import PocketSphinxProcess
from prot_ros.engines.pocketsphinx.recognizer import (
    CEPSTRAL_MEAN,
    PocketSphinxRecognition,
    PocketSphinxRecognizer,
)

STALL_S = 0.05
"""Two frames and a half: more would be heard as a late barge-in."""
ROUNDS = 10
"""Of audit row B03. Each loads the model, half a second; what leaks, leaks once a round."""


async def the_worker(recognizer: PocketSphinxRecognizer) -> psutil.Process:
    return psutil.Process((await recognizer.process()).pid)


def children() -> int:
    """Return how many there are, those included that nobody has waited for."""
    return len(psutil.Process().children(recursive=True))


async def longest_stall(work: Coroutine[Any, Any, Any]) -> float:
    """Return for how long the loop stood still at most, in seconds, while `work` was done."""
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(work)
    longest, last = 0.0, loop.time()
    while not task.done():
        await asyncio.sleep(0.001)
        longest, last = max(longest, loop.time() - last), loop.time()
    await task
    return longest


def test_the_loop_stays_free():
    async def run() -> float:
        engine = PocketSphinxRecognizer()
        longest = await longest_stall(engine.open())
        recognition = engine.start()
        longest = max(longest, await longest_stall(recognition.push(CARDS[2].pcm * 4)))
        longest = max(longest, await longest_stall(recognition.finish()))
        await engine.close()
        return longest

    # A machine that does other things as well may be at fault once; 0.4 s of lock always shows.
    assert any(asyncio.run(run()) < STALL_S for _ in range(3))


async def push_until_refused(recognition: PocketSphinxRecognition) -> None:
    while True:
        await recognition.push(bytes(CHUNK))
        await asyncio.sleep(0.001)


@pytest.mark.parametrize('moment', ['push', 'before finish', 'finish'])
def test_a_killed_worker_costs_one_utterance(moment):
    async def run() -> None:
        engine = PocketSphinxRecognizer()
        await engine.open()
        recognition = engine.start()
        await recognition.push(spoken('goodbye'))
        killed = await the_worker(engine)
        if moment == 'finish':
            call = asyncio.create_task(recognition.finish())
            await asyncio.sleep(0)
            killed.kill()
        else:
            killed.kill()
            work = push_until_refused if moment == 'push' else PocketSphinxRecognition.finish
            call = asyncio.create_task(work(recognition))
        with pytest.raises(EngineError, match='was killed by signal 9') as caught:
            await asyncio.wait_for(call, 5)
        assert caught.value.retryable
        await recognition.close()
        assert await heard(engine, spoken('hello robot')) == 'hello robot'
        assert not killed.is_running()
        await engine.close()

    asyncio.run(run())


def test_a_worker_that_dies_between_utterances_costs_none():
    async def run() -> None:
        engine = PocketSphinxRecognizer()
        await engine.open()
        killed = await the_worker(engine)
        killed.kill()
        deadline = time.monotonic() + 5
        while (await engine.process()).pid == killed.pid:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.001)
        assert await heard(engine, spoken('hello robot')) == 'hello robot'
        await engine.close()

    asyncio.run(run())


@pytest.mark.parametrize('method', ['push', 'finish'])
def test_a_worker_that_hangs_is_replaced(method):
    async def run() -> None:
        engine = PocketSphinxRecognizer(answer_s=0.5)
        await engine.open()
        recognition = engine.start()
        await recognition.push(bytes(CHUNK))
        stopped = await the_worker(engine)
        stopped.suspend()
        began = time.monotonic()
        with pytest.raises(EngineError, match='has not answered') as caught:
            await (recognition.finish() if method == 'finish' else recognition.push(bytes(32000)))
        assert caught.value.retryable
        assert 0.5 < time.monotonic() - began < 2.0
        assert await heard(engine, spoken('hello robot')) == 'hello robot'
        assert not stopped.is_running()
        await engine.close()

    asyncio.run(run())


def test_a19_a_worker_that_hangs_does_not_keep_anybody_from_closing():
    async def run() -> None:
        engine = PocketSphinxRecognizer()
        await engine.open()
        stopped = await the_worker(engine)
        stopped.suspend()
        began = time.monotonic()
        await engine.close()
        assert time.monotonic() - began < 2.0
        assert not stopped.is_running()

    asyncio.run(run())


def test_b03_opening_again_and_again_leaves_nothing_and_prints_nothing(capfd):
    def held() -> tuple[int, int, int]:
        gc.collect()
        return psutil.Process().num_fds(), len(asyncio.all_tasks()), children()

    async def run() -> None:
        engine = PocketSphinxRecognizer()
        await engine.close()
        await engine.open()  # what the loop makes once, such as what watches its children
        await engine.close()
        before = held()
        for number in range(ROUNDS):
            await engine.open()
            left_open = engine.start()
            await left_open.push(spoken('goodbye'))
            if number % 3 == 1:
                (await the_worker(engine)).kill()
            await engine.close()
            await engine.close()
            await left_open.close()
            assert held() == before
        for method in (PocketSphinxRecognition.finish, push_until_refused):
            with pytest.raises(EngineError, match='is not open'):
                await method(engine.start())

    asyncio.run(run())
    assert capfd.readouterr() == ('', '')


@pytest.mark.parametrize('after_s', [0.0, 0.002, 0.1])
def test_a_cancelled_open_holds_nothing(after_s):
    async def run() -> None:
        before = children()
        opening = asyncio.create_task(PocketSphinxRecognizer().open())
        await asyncio.wait({opening}, timeout=after_s)
        opening.cancel()
        await asyncio.wait({opening})
        assert opening.cancelled()
        assert children() == before

    asyncio.run(run())


def test_closing_while_another_worker_starts_leaves_none():
    async def run() -> None:
        engine = PocketSphinxRecognizer()
        await engine.open()
        before = children() - 1
        (await the_worker(engine)).kill()
        await asyncio.sleep(0.01)
        pushing = asyncio.create_task(push_until_refused(engine.start()))
        await asyncio.wait({pushing}, timeout=0.1)
        await engine.close()
        with pytest.raises(EngineError):
            await asyncio.wait_for(pushing, 5)
        assert children() == before

    asyncio.run(run())


def noise(seconds: float) -> bytes:
    samples = np.random.default_rng(3).standard_normal(int(seconds * RATE)) * 5000
    return samples.astype('<i2').tobytes()


def test_an_utterance_does_not_suffer_from_those_before_it():
    async def run() -> None:
        engine = PocketSphinxRecognizer()
        await engine.open()
        for pcm in (noise(0.5), spoken('goodbye', 'slt'), bytes(RATE), noise(0.5)):
            await heard(engine, pcm)
            assert await heard(engine, spoken('what time is it')) == 'what time is it'
        moved = np.abs(np.subtract(engine.mean, CEPSTRAL_MEAN)).max()
        assert 0 < moved < 20
        await engine.close()

    asyncio.run(run())


def test_a_second_start_gives_up_the_first():
    async def run() -> None:
        engine = PocketSphinxRecognizer()
        await engine.open()
        first = engine.start()
        await first.push(spoken('goodbye'))
        second = engine.start()
        await second.push(spoken('hello robot'))
        assert await first.push(spoken('goodbye')) == ''
        assert await first.finish() == ''
        await first.close()
        assert await second.finish() == 'hello robot'
        await engine.close()

    asyncio.run(run())


@pytest.mark.parametrize('cancelled', ['push', 'finish', 'nothing'])
def test_what_was_given_up_leaves_the_next_utterance_alone(cancelled):
    async def run() -> None:
        engine = PocketSphinxRecognizer()
        await engine.open()
        given_up = engine.start()
        await given_up.push(spoken('goodbye'))
        calls = {'push': lambda: given_up.push(spoken('goodbye')), 'finish': given_up.finish}
        if cancelled in calls:
            call = asyncio.create_task(calls[cancelled]())
            await asyncio.wait({call}, timeout=0.01)
            call.cancel()
            await asyncio.wait({call})
            assert call.cancelled()
        await given_up.close()
        await given_up.close()
        assert await given_up.finish() == ''
        assert await heard(engine, spoken('hello robot')) == 'hello robot'
        await engine.close()

    asyncio.run(run())


@pytest.fixture
def impostor(monkeypatch, tmp_path):
    """Return what puts another program in the worker's place and says why it is refused."""

    def refusal(program: str, load_s: float = 10.0) -> str:
        file = tmp_path / 'worker.py'
        file.write_text(program)
        monkeypatch.setattr(pocketsphinx_worker, '__file__', str(file))
        with pytest.raises(EngineError) as caught:
            asyncio.run(PocketSphinxProcess.start(load_s=load_s))
        return str(caught.value)

    return refusal


def test_a_package_that_is_missing_is_named(impostor):
    source = Path(pocketsphinx_worker.__file__).read_text()
    said = impostor(source.replace('from pocketsphinx', 'from no_such_package'))
    assert "No module named 'no_such_package'" in said
    assert 'pip install pocketsphinx' in said


def test_the_end_of_what_a_crashing_worker_says_is_told(impostor):
    said = impostor('import sys; sys.exit("the disk is on fire " * 10_000)')
    assert 'ended with exit code 1: ' in said
    assert 1 < said.count('the disk is on fire') < 30


def test_a_model_that_does_not_load_is_not_waited_for(impostor):
    assert 'not loaded its model after 0.2 s' in impostor('import sys; sys.stdin.read()', 0.2)


@pytest.mark.parametrize(
    'reply', [b'\xff' * 8, b'\2\0\0\0[]', b'\1\0\0\0}', b'\1\0\0\0005', b'\2\0\0\0{}' * 2]
)
def test_what_is_no_reply_is_refused(impostor, reply):
    program = f'import sys; sys.stdout.buffer.write({reply}); sys.stdout.flush()'
    assert 'does not keep to the protocol' in impostor(f'{program}; sys.stdin.read()')


@pytest.mark.parametrize(
    ('requests', 'error'),
    [
        (b'', b''),
        (b'B', b''),
        (b'B\0\0\0\0A\x10\0\0\0cut', b''),
        (b'B\0\0\0\0A\xff\xff\xff\xff' + bytes(1000), b'4294967295 bytes'),
        (b'B\0\0\0\0A\3\0\0\0abc', b'an even number'),
        (b'B\3\0\0\0\xff;%', b'UnicodeDecodeError'),
        (b'A\2\0\0\0ab', b'outside of an utterance'),
        (b'\0\0\0\0\0', b'there is no request'),
    ],
)
def test_the_worker_ends_when_its_input_does_or_makes_no_sense(requests, error):
    command = [sys.executable, pocketsphinx_worker.__file__]
    ended = subprocess.run(command, input=requests, capture_output=True, timeout=20)
    assert ended.returncode == 0
    assert ended.stderr == b''
    assert error in ended.stdout
    assert (b'"error"' in ended.stdout) == bool(error)


PARENT = """
import asyncio
from prot_ros.engines.pocketsphinx.recognizer import PocketSphinxRecognizer

async def main():
    engine = PocketSphinxRecognizer()
    await engine.open()
    recognition = engine.start()
    await recognition.push(bytes(6400))
    neighbour = await asyncio.create_subprocess_exec('sleep', '60')
    print((await engine.process()).pid, neighbour.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def files(pid: int) -> dict[str, str]:
    """Return what a process has open."""
    folder = Path(f'/proc/{pid}/fd')
    return {entry.name: os.readlink(entry) for entry in folder.iterdir()}


@pytest.mark.parametrize('hangs', [False, True])
def test_c06_the_worker_shares_no_descriptor_and_dies_with_its_parent(hangs):
    parent = subprocess.Popen([sys.executable, '-c', PARENT], stdout=subprocess.PIPE)
    with parent:
        worker, neighbour = map(psutil.Process, map(int, parent.stdout.readline().split()))
        try:
            assert os.getpgid(worker.pid) == worker.pid, 'Ctrl-C would reach it'
            ours = {thing for thing in files(worker.pid).values() if 'dev/null' not in thing}
            assert ours & set(files(neighbour.pid).values()) == set()
            assert len(ours) == 3, 'its input, its replies, what it complains of'
            if hangs:
                worker.suspend()
            parent.send_signal(signal.SIGKILL)
            gone, _ = psutil.wait_procs([worker], timeout=5)
            assert gone == [worker]
            assert neighbour.is_running()
        finally:
            neighbour.kill()
            parent.kill()
