# SPDX-License-Identifier: Apache-2.0
"""PocketSphinx understands plain sentences, one after another."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from recordings import CARDS, word_overlap
from utterances import RATE, hear, heard, spoken

from prot_ros.engines.pocketsphinx.recognizer import PocketSphinxRecognizer


@pytest.fixture(scope='module')
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope='module')
def recognizer(runner) -> Iterator[PocketSphinxRecognizer]:
    """Give all tests the same one: loading the model takes half a second."""
    made = PocketSphinxRecognizer()
    runner.run(made.open())
    yield made
    runner.run(made.close())


@pytest.mark.parametrize('sentence', ['hello robot', 'what time is it', 'what is my name'])
def test_a_plain_sentence_is_understood_word_for_word(runner, recognizer, sentence):
    assert runner.run(heard(recognizer, spoken(sentence))) == sentence


def test_a_person_is_understood(runner, recognizer):
    assert runner.run(heard(recognizer, CARDS[3].pcm)) == CARDS[3].words


def test_the_hypothesis_grows_while_audio_comes(runner, recognizer):
    text, partials = runner.run(hear(recognizer, spoken('what time is it')))
    assert partials[0] == ''
    assert word_overlap(partials[-1], text) >= 0.75
    assert len(set(partials)) >= 3


@pytest.mark.parametrize('pcm', [b'', bytes(2), bytes(320), bytes(RATE)], ids=len)
def test_silence_and_next_to_nothing_have_no_words(runner, recognizer, pcm):
    assert runner.run(heard(recognizer, pcm)) == ''


@pytest.mark.parametrize('size', [642, 1 << 20])
def test_pieces_of_any_size_are_understood_alike(runner, recognizer, size):
    async def run() -> str:
        recognition = recognizer.start()
        pcm = spoken('hello robot')
        for at in range(0, len(pcm), size):
            await recognition.push(b'')
            await recognition.push(pcm[at : at + size])
        return await recognition.finish()

    assert runner.run(run()) == 'hello robot'
