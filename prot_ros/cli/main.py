# SPDX-License-Identifier: Apache-2.0
"""The `prot` command: finds the subcommand, and lets its own file do the rest.

Each subcommand's file has `parser()` and `run(args)`, and imports nothing slow until `run`: rclpy
takes a third of a second, and its wheels execute the interpreter once more when it is imported.

Exit codes: 0 done, 1 it could not be done, 2 bad arguments or parameters, 130 ended by Ctrl-C.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
import io
import os
import sys
from collections.abc import Sequence

from prot_ros import __version__, exit_deadline
from prot_ros.cli.arguments import CommandParser
from prot_ros.cli.failure import CommandError, UsageError

COMMANDS: dict[str, tuple[str, str]] = {
    'up': ('prot_ros.cli.up', 'run all nodes, in one process or one each'),
    'demo': ('prot_ros.cli.demo.command', 'hold a whole spoken conversation, and judge it'),
    'talk': ('prot_ros.cli.talk', 'talk with the robot from the terminal'),
    'say': ('prot_ros.cli.say', 'let the robot say something'),
    'hear': ('prot_ros.cli.hear', 'let the robot take something as said by the user'),
    'interrupt': ('prot_ros.cli.interrupt', 'silence the robot'),
    'mute': ('prot_ros.cli.mute', 'close the microphone, or open it again'),
    'memory': (
        'prot_ros.cli.memory.command',
        'see and correct what the robot remembers',
    ),
    'audio': ('prot_ros.cli.audio', 'let the audio server cancel the echo'),
    'sim': ('prot_ros.cli.sim', 'simulate the online services, to work without keys'),
    'doctor': ('prot_ros.cli.doctor.command', 'say what works here, what does not, and why'),
}
"""Name to module and summary, in the order in which people need them."""

INTERRUPTED = 130


def program() -> int:
    """`prot`, as a process of its own, that ends in time; return its exit code."""
    code = main()
    exit_deadline.end_within(exit_deadline.SECONDS, code)
    return code


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # People talk Korean and terminals may be set to ASCII: better a `?` than no answer.
            stream.reconfigure(errors='replace')
    try:
        code = _dispatch(words)
        sys.stdout.flush()
    except BrokenPipeError:
        # Who read our output has left (`prot doctor | head`); the flush at exit must not fail too.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _dispatch(words: list[str]) -> int:
    try:
        if not words:
            raise UsageError(f'a command is missing, expected one of {", ".join(COMMANDS)}')
        if words[0] in ('-h', '--help', 'help'):
            print(overview(), end='')
            return 0
        if words[0] == '--version':
            print(f'prot {__version__}')
            return 0
        command = importlib.import_module(COMMANDS[_known(words[0])][0])
        parser: CommandParser = command.parser()
        return int(command.run(parser.parse_args(words[1:])))
    except UsageError as err:
        print(f'error: {err}', file=sys.stderr)
        return 2
    except CommandError as err:
        print(f'error: {err}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _known(word: str) -> str:
    if word in COMMANDS:
        return word
    kind = 'option' if word.startswith('-') else 'command'
    near = difflib.get_close_matches(word, COMMANDS, n=1)
    hint = f'did you mean {near[0]!r}?' if near else f'expected one of {", ".join(COMMANDS)}'
    raise UsageError(f'there is no {kind} {word!r}, {hint}')


def overview() -> str:
    """Return what `prot --help` prints."""
    lines = [f'  {name:<11}{summary}' for name, (_, summary) in COMMANDS.items()]
    return (
        'usage: prot COMMAND [ARGUMENT ...]\n\n'
        'The voice of a ROS 2 robot, from a terminal.\n\n'
        + '\n'.join(lines)
        + '\n\n`prot COMMAND --help` explains a command, with examples.\n\n'
        'For a start:\n'
        '  prot doctor            what works on this machine?\n'
        '  prot demo              listen to a conversation\n'
        '  prot up                bring the robot up; then, in another terminal:\n'
        '  prot talk              talk with it\n'
    )


if __name__ == '__main__':
    sys.exit(program())
