# SPDX-License-Identifier: Apache-2.0
"""Human recordings go through mic, vad and stt; broken files give one clear error each."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from recordings import ALL, BAD, Recording, word_overlap
from running_graph import RunningGraph

from prot_ros import graph


class Ears:
    """The nodes mic, vad and stt as processes, without a manager: the test drives them."""

    def __init__(self, folder: Path) -> None:
        self.robot = RunningGraph(folder)
        self.observer = self.robot.observer
        for name in ('stt', 'vad', 'mic'):
            self.robot.start_process(name)
        for name in ('stt', 'vad'):
            assert self.transition(name, Transition.TRANSITION_CONFIGURE)
            assert self.transition(name, Transition.TRANSITION_ACTIVATE)

    def _call(self, kind: Any, service: str, request: Any, within: float = 20.0) -> Any:
        client = self.observer.node.create_client(kind, service)
        try:
            assert client.wait_for_service(within), f'{service} is not there: {self.logs()}'
            answered = threading.Event()
            future = client.call_async(request)
            future.add_done_callback(lambda _: answered.set())
            assert answered.wait(within), f'{service} did not answer within {within:g} s'
            return future.result()
        finally:
            self.observer.node.destroy_client(client)

    def logs(self) -> str:
        return ''.join(self.robot.log(name) for name in self.robot.processes)

    def transition(self, node: str, number: int) -> bool:
        request = ChangeState.Request(transition=Transition(id=number))
        return bool(self._call(ChangeState, f'{node}/change_state', request).success)

    def play(self, path: Path) -> bool:
        """Let the microphone be a file; return whether it could be opened."""
        values = {'engine': 'wav', 'file': str(path)}
        parameters = [
            Parameter(
                name=name,
                value=ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=value),
            )
            for name, value in values.items()
        ]
        request = SetParameters.Request(parameters=parameters)
        results = self._call(SetParameters, 'mic/set_parameters', request).results
        assert all(result.successful for result in results), results
        if not self.transition('mic', Transition.TRANSITION_CONFIGURE):
            return False
        return self.transition('mic', Transition.TRANSITION_ACTIVATE)

    def stop(self) -> None:
        assert self.transition('mic', Transition.TRANSITION_DEACTIVATE)
        assert self.transition('mic', Transition.TRANSITION_CLEANUP)


@pytest.fixture(scope='module')
def ears(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ears]:
    made = Ears(tmp_path_factory.mktemp('ears'))
    yield made
    assert set(made.robot.stop().values()) == {0}
    made.robot.close()


@pytest.mark.parametrize('recording', ALL, ids=lambda recording: recording.path.stem)
def test_each_recording_is_one_utterance_with_its_words(recording: Recording, ears: Ears):
    began = time.monotonic()
    assert ears.play(recording.path)
    transcript = ears.observer.wait(graph.TRANSCRIPT, within=40, since=began)
    ears.stop()
    assert [t.turn for t in ears.observer.of(graph.TRANSCRIPT, began)] == [transcript.turn]
    overlap = word_overlap(transcript.text, recording.words)
    # Read speech from far-off microphones, recognised by a small model: most words, not all.
    assert overlap >= 0.5, f'heard {transcript.text!r}, said {recording.words!r}'


@pytest.mark.parametrize('path', sorted(BAD.glob('*.wav')), ids=lambda path: path.stem)
def test_a_broken_file_gives_one_clear_error_and_the_node_works_on(path: Path, ears: Ears):
    before = ears.robot.log('mic')
    if ears.play(path):
        # Its header lies, but there is sound in it, which is played.
        ears.stop()
        assert '[ERROR]' not in ears.robot.log('mic')[len(before) :]
    else:
        said = [line for line in ears.robot.log('mic')[len(before) :].splitlines() if line]
        errors = [line for line in said if '[ERROR]' in line]
        assert len(errors) == 1, said
        assert str(path) in errors[0]
        assert not any('Traceback' in line for line in said)
    good = ALL[-1]
    began = time.monotonic()
    assert ears.play(good.path), ears.robot.log('mic')
    ears.observer.wait(graph.TRANSCRIPT, within=40, since=began)
    ears.stop()
