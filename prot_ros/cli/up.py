# SPDX-License-Identifier: Apache-2.0
"""`prot up`: all nodes and the manager, in this process or one process each."""

from __future__ import annotations

import argparse
import asyncio

from prot_ros.cli.arguments import (
    CommandParser,
    add_log_level,
    add_namespace,
    add_parameters,
)

EXAMPLES = """\
prot up
prot up --processes --log-level warn
prot up --params-file mine.yaml -p mic.engine=none -p dialog.person=Alice"""


def parser() -> CommandParser:
    """Return the command's arguments."""
    parser = CommandParser(
        'up',
        'Run all nodes and the manager, which configures and activates them, until Ctrl-C or\n'
        'SIGTERM. All nodes share one process, unless told otherwise.',
        EXAMPLES,
    )
    parser.add_argument(
        '--processes', action='store_true', help='one process for each node, as ros2 launch does'
    )
    add_namespace(parser)
    add_parameters(parser)
    add_log_level(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Check the parameters, then run until a signal comes."""
    from prot_ros import run as one_process
    from prot_ros.cli import processes, settings

    settings.check_files(args.params_file, args.namespace)
    given = settings.overrides(args.param)
    settings.effective(args.params_file, given, args.namespace)
    with settings.as_ros_arguments(args.params_file, given, args.namespace, args.log_level) as (
        ros_arguments,
        inherit,
    ):
        if args.processes:
            return asyncio.run(processes.serve(ros_arguments, inherit))
        return one_process.run(settings.node_names(), ros_arguments)
