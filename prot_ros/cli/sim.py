# SPDX-License-Identifier: Apache-2.0
"""`prot sim`: the online services on this machine, for whoever has no keys or no network."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from prot_ros.cli.arguments import CommandParser
from prot_ros.cli.failure import UsageError
from prot_ros.signals import ending_signals

if TYPE_CHECKING:
    from prot_ros.cli.simulated import SimulatedServices
    from prot_ros.simulators.behaviour import Behaviour

PORT = 8470
MOST_PORT = 65_530
EXAMPLES = """\
prot sim
prot sim --delay mind=0.8 --delay voice=0.3
prot sim --fault mind=error:overloaded_error --fault voice=stall_midway
prot sim --port 0                 at ports that happen to be free"""


def parser() -> CommandParser:
    """Return the command's arguments."""
    parser = CommandParser(
        'sim',
        "Simulate the online services, until Ctrl-C: ElevenLabs' ears and voice, Claude's mind,\n"
        "Voyage's embeddings. They speak the services' own protocols at local ports; behind them\n"
        'work the offline engines. What points the nodes at them is printed.',
        EXAMPLES,
    )
    parser.add_argument(
        '--port',
        type=_port,
        default=PORT,
        metavar='PORT',
        help=f'the first of five ports, 0 for any that are free (default: {PORT})',
    )
    parser.add_argument(
        '--delay',
        action='append',
        default=[],
        metavar='SERVICE=SECONDS',
        help='how long a service thinks before it answers: ears, voice, mind or embeddings',
    )
    parser.add_argument(
        '--fault',
        action='append',
        default=[],
        metavar='SERVICE=FAULT[:ERROR]',
        help='what goes wrong with each of its answers, such as error:rate_limit_error, '
        'accept_then_close, stall, reset_midway, malformed',
    )
    return parser


def run(args: argparse.Namespace) -> int:
    """Serve until a signal comes."""
    behaviours = _behaviours(args.delay, args.fault)
    asyncio.run(_serve(args.port, behaviours))
    return 0


def _port(text: str) -> int:
    if text.isdecimal() and (text == '0' or 1024 <= int(text) <= MOST_PORT):
        return int(text)
    raise argparse.ArgumentTypeError(f'{text!r} is no port, expected 0 or 1024 to {MOST_PORT}')


def _behaviours(delays: Sequence[str], faults: Sequence[str]) -> dict[str, Behaviour]:
    """Read the options; raise UsageError for what is no service, fault or time."""
    from dataclasses import replace

    from prot_ros.simulators.behaviour import Behaviour, Fault

    found: dict[str, Behaviour] = {}
    for option in delays:
        service, text = _assignment('--delay', option)
        try:
            seconds = float(text)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= 3600:
            raise UsageError(f'--delay {option!r}: expected 0 to 3600 seconds')
        found[service] = replace(found.get(service, Behaviour()), first_s=seconds)
    for option in faults:
        service, text = _assignment('--fault', option)
        name, _, error = text.partition(':')
        if name not in list(Fault):
            expected = ', '.join(fault for fault in Fault if fault is not Fault.NONE)
            raise UsageError(f'--fault {option!r}: there is no {name!r}, expected {expected}')
        found[service] = replace(found.get(service, Behaviour()), fault=Fault(name), error=error)
    return found


def _assignment(option: str, text: str) -> tuple[str, str]:
    from prot_ros.cli.simulated import SERVICES

    service, _, value = text.partition('=')
    if service not in SERVICES:
        raise UsageError(f'{option} {text!r}: expected SERVICE=..., with {", ".join(SERVICES)}')
    return service, value


async def _serve(port: int, behaviours: dict[str, Behaviour]) -> None:
    from prot_ros.cli.simulated import SimulatedServices

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in ending_signals():
        loop.add_signal_handler(number, stop.set)
    async with SimulatedServices(port, behaviours) as services:
        print('\n'.join(guide(services)), flush=True)
        await stop.wait()


def guide(services: SimulatedServices) -> list[str]:
    """Return what a person types to use them."""
    lines = ['The simulated services are there, until Ctrl-C. In another terminal:', '']
    lines += [f'  export {name}={value}' for name, value in services.environment.items()]
    options = [
        f'-p {node}.{name}={value}'
        for node, values in services.parameters.items()
        for name, value in values.items()
    ]
    lines += ['', '  prot up \\', *(f'    {option} \\' for option in options[:-1])]
    lines += [f'    {options[-1]}', '']
    lines += [
        f'The voice over HTTP: -p tts.engine=elevenlabs_http -p '
        f'tts.elevenlabs.url={services.voice.http_url}',
        '`prot doctor --online` takes the same parameters.',
    ]
    return lines
