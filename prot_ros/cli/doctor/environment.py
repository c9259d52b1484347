# SPDX-License-Identifier: Apache-2.0
"""The environment: what ROS is told by it, and which keys are set. Never a key's value."""

from __future__ import annotations

import os

from prot_ros.cli.doctor.finding import Finding, Findings, Level
from prot_ros.engines import keys
from prot_ros.memory.in_time import URL_VARIABLE
from prot_ros.memory.server.folders import DATA_VARIABLE

SECRETS = {
    URL_VARIABLE: 'the database server; without it an embedded one is used',
    **keys.VARIABLES,
}
"""Variables whose values are nobody's business, and what they are for."""

OPEN = {
    DATA_VARIABLE: 'where memories are kept',
    'ROS_DISTRO': 'the sourced ROS distribution',
    'ROS_DOMAIN_ID': 'the domain, 0 when not set',
    'ROS_AUTOMATIC_DISCOVERY_RANGE': 'how far discovery reaches, SUBNET when not set',
    'RMW_IMPLEMENTATION': 'the middleware, the default one when not set',
}
"""Variables whose values may be shown."""


def secrets() -> Findings:
    """Say of each key whether it is set."""
    return [
        Finding(name, Level.NOTE, f'{"set" if os.environ.get(name) else "not set"} ({purpose})')
        for name, purpose in SECRETS.items()
    ]


def ros() -> Findings:
    """Say what determines whom the nodes can talk with."""
    from rclpy.utilities import get_rmw_implementation_identifier

    found = [Finding('middleware', Level.OK, get_rmw_implementation_identifier())]
    for name, purpose in OPEN.items():
        value = os.environ.get(name)
        found.append(Finding(name, Level.NOTE, value if value else f'not set ({purpose})'))
    domain = os.environ.get('ROS_DOMAIN_ID', '0')
    if not domain.isdecimal() or int(domain) > 101:
        fix = 'set ROS_DOMAIN_ID to 0 to 101'
        lack = f'ROS_DOMAIN_ID is {domain!r}: no number, or its ports belong to the system'
        found.append(Finding('domain', Level.FAILED, lack, fix))
    return found
