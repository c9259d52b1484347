# SPDX-License-Identifier: Apache-2.0
"""The prot command's arguments: help for everything, and one sentence for every mistake."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from prot_ros.cli.main import COMMANDS, main


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ''
    assert err.startswith('error: ')
    assert err.count('\n') == 1, f'more than one sentence: {err}'
    return err.removeprefix('error: ')


def test_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['--help']) == 0
    out = capsys.readouterr().out
    for name, (_, summary) in COMMANDS.items():
        assert f'{name} ' in out
        assert summary in out


@pytest.mark.parametrize('name', COMMANDS)
def test_every_command_explains_itself_with_examples(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main([name, '--help'])
    assert end.value.code == 0
    out = capsys.readouterr().out
    assert f'usage: prot {name}' in out
    assert f'examples:\n  prot {name}' in out or f'| prot {name}' in out


def test_help_imports_no_ros() -> None:
    code = (
        'import sys; from prot_ros.cli.main import COMMANDS, main; import importlib\n'
        'main(["--help"]); [importlib.import_module(m).parser() for m, _ in COMMANDS.values()]\n'
        'assert "rclpy" not in sys.modules, "rclpy is imported"'
    )
    environment = {k: v for k, v in os.environ.items() if k != '_ROS_WHEELS_BOOTSTRAP_COMPLETE'}
    done = subprocess.run(
        [sys.executable, '-c', code], env=environment, capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 0, done.stderr


def test_a_missing_command_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert 'a command is missing, expected one of up, demo' in refused(capsys)


@pytest.mark.parametrize(
    ('words', 'sentence'),
    [
        (['tlak'], "there is no command 'tlak', did you mean 'talk'?"),
        (['sing'], "there is no command 'sing', expected one of up, demo,"),
        (['--verbose'], "there is no option '--verbose', expected one of"),
        (['say'], 'TEXT is missing (see `prot say --help`)'),
        (['hear', ''], 'TEXT is empty'),
        (['say', 'x' * 10_001], 'TEXT has 10001 characters, expected at most 10000'),
        (['say', 'half a \udcff'], 'TEXT is not valid UTF-8'),
        (['say', '--wiat', 'x'], "there is no option '--wiat', did you mean '--wait'?"),
        (['say', '-hello'], "'-hello'; text that begins with a dash goes after --"),
        (['say', '--timeout', 'soon', 'x'], "--timeout: 'soon' is not a number of seconds"),
        (['say', '--timeout', 'nan', 'x'], 'expected 0.1 to 3600'),
        (['say', '--namespace', '9', 'x'], "--namespace: '9' is not a ROS namespace"),
        (['interrupt', 'now'], "there is nothing to do with the argument 'now'"),
        (['interrupt', '--source', ''], '--source has 0 characters, expected 1 to 100'),
        (
            ['up', '--log-level', 'wran'],
            "'wran' is not one of debug, info, warn, error, fatal; did",
        ),
        (['up', '--params-file', '/nowhere'], "the file '/nowhere' does not exist"),
        (['up', '--params-file', '/'], "the file '/' is a folder"),
        (['up', '--params-file'], '--params-file: expected one argument'),
    ],
)
def test_a_mistake_gets_one_sentence_that_names_it(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sentence in refused(capsys, *words)


@pytest.mark.parametrize(
    ('given', 'taken'), [('prot', 'prot'), ('/a/b/', 'a/b'), ('/', ''), ('_x1', '_x1')]
)
def test_a_namespace_may_have_slashes_around_it(given: str, taken: str) -> None:
    from prot_ros.cli import say

    assert say.parser().parse_args(['x', '--namespace', given]).namespace == taken


def test_text_needs_no_quotes_and_may_begin_with_a_dash() -> None:
    from prot_ros.cli import say
    from prot_ros.cli.arguments import spoken_text

    def text(*words: str) -> str:
        return spoken_text(say.parser().parse_args(words).text)

    assert text('The', 'door', 'is', 'open.') == 'The door is open.'
    assert text('--', '-5', 'degrees') == '-5 degrees'
    assert text('내 이름은', '지수야') == '내 이름은 지수야'


def test_output_that_nobody_reads_is_no_traceback() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    try:
        done = subprocess.run(
            [sys.executable, '-m', 'prot_ros.cli.main', '--help'],
            cwd=Path(__file__).parents[2], stdout=writes, stderr=subprocess.PIPE, timeout=20,
        )  # fmt: skip
    finally:
        os.close(writes)
    assert (done.returncode, done.stderr) == (1, b'')
