# SPDX-License-Identifier: Apache-2.0
"""What the doctor concludes, and that it looks for what the package needs."""

from __future__ import annotations

import ast
import asyncio
import json
import re
from pathlib import Path

import pytest

from prot_ros.cli.doctor import engines, installed, report
from prot_ros.cli.doctor.finding import Finding, Findings, Level, bounded
from prot_ros.engines.kinds import EngineError
from prot_ros.nodes import dialog

GOOD = Finding('stt', Level.OK, 'works')
DEAF = Finding('mic', Level.DEGRADED, 'none', 'connect one')
MUTE = Finding('speaker', Level.DEGRADED, 'null', 'start a server')
SMALL = Finding('espeak-ng', Level.DEGRADED, 'not installed', 'apt install espeak-ng')
BAD = Finding('tts', Level.FAILED, 'no voice', 'apt install flite')


def test_doctor_looks_for_every_package_that_is_required() -> None:
    tree = ast.parse((Path(__file__).parents[2] / 'setup.py').read_text())
    (required,) = (
        ast.literal_eval(word.value)
        for word in ast.walk(tree)
        if isinstance(word, ast.keyword) and word.arg == 'install_requires'
    )
    names = {re.split('[<>=]', line)[0] for line in required}
    assert {package.distribution for package in installed.PACKAGES} == names


def test_what_is_missing_is_named_with_its_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    monkeypatch.setenv('PATH', '/nowhere')
    for finding in (*installed.packages(), *installed.programs()):
        assert finding.level in (Level.DEGRADED, Level.FAILED)
        assert finding.detail.startswith('not installed')
        assert finding.fix


@pytest.mark.parametrize(
    ('findings', 'can', 'words'),
    [
        ([GOOD], True, 'A conversation can be held.'),
        ([GOOD, DEAF], True, 'A conversation can be held: typed, because there is no microphone.'),
        ([MUTE], True, 'A conversation can be held: read, because there is no loudspeaker.'),
        ([GOOD, BAD, DEAF], False, 'No conversation can be held: tts failed.'),
    ],
)
def test_conclusion_is_honest(findings: Findings, can: bool, words: str) -> None:
    found = {'engines': findings, 'programs': []}
    assert report.can_converse(found) is can
    assert report.conclusion(found) == words


def test_conclusion_names_what_else_is_degraded() -> None:
    assert report.conclusion({'programs': [SMALL], 'engines': [GOOD]}).endswith(
        'Degraded: espeak-ng.'
    )


def test_json_says_the_same() -> None:
    data = json.loads(report.as_json({'engines': [BAD]}))
    assert data['conversation'] is False
    assert data['findings']['engines'] == [
        {'name': 'tts', 'level': 'failed', 'detail': 'no voice', 'fix': 'apt install flite'}
    ]


def test_a_probe_that_hangs_is_given_up() -> None:
    async def hang() -> Findings:
        await asyncio.get_running_loop().create_future()
        return []

    (late,) = asyncio.run(bounded('sound', hang(), 0.01, Level.DEGRADED))
    assert (late.level, late.detail) == (Level.DEGRADED, 'did not answer within 0.01 s')


def test_embedder_is_tried_and_what_it_takes_is_said() -> None:
    params = dialog.Params(embedding_engine='local')
    finding = asyncio.run(engines._embedder(params))
    assert finding.level is Level.OK
    beginning = r'embeddings: local-\d \(as the parameter says\)'
    assert re.fullmatch(rf'{beginning}, \d+ dimensions, \d+\.\d ms for a sentence', finding.detail)


def test_embedder_whose_model_is_not_there_fails_with_its_path(tmp_path: Path) -> None:
    pytest.importorskip('onnxruntime', reason='pip install onnxruntime')
    path = str(tmp_path / 'nowhere')
    params = dialog.Params(embedding_engine='onnx', embedding_model=path)
    with pytest.raises(EngineError, match=r'nowhere.*is not there'):
        asyncio.run(engines._embedder(params))
