# SPDX-License-Identifier: Apache-2.0
"""A ROS domain that nobody on this machine uses, so that no robot hears the demo."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator

from prot_ros.cli.failure import CommandError

FIRST, LAST = 40, 100
"""Above 101 the ports of a domain reach into those that Linux hands out by itself, and small
numbers are what people choose."""
BASE, PER_DOMAIN, PER_PARTICIPANT, UNICAST = 7400, 250, 2, 10
"""DDSI-RTPS 2.5, section 9.6.2.3: a participant's port is 7400 + 250 d + 10 + 2 p."""
PARTICIPANTS = 12


def free_domain() -> int:
    """Return a domain in which no participant of this machine is; CommandError if all are."""
    numbers = list(range(FIRST, LAST + 1))
    random.shuffle(numbers)
    for number in numbers:
        if all(_is_free(port) for port in _ports(number)):
            return number
    raise CommandError(f'all ROS domains from {FIRST} to {LAST} are in use on this machine')


def _ports(domain: int) -> Iterator[int]:
    for participant in range(PARTICIPANTS):
        yield BASE + PER_DOMAIN * domain + UNICAST + PER_PARTICIPANT * participant


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(('', port))
        except OSError:
            return False
        return True
