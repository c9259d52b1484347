# SPDX-License-Identifier: Apache-2.0
"""Bring up prot: `ros2 launch prot bringup.launch.py`, `--show-args` explains the arguments.

Each node is a process of its own, or with `composed:=true` all are in one. Either way the manager
configures and activates them, so this file makes no transition. A node that dies leaves the others
running: the manager sees it, reports it, and takes a respawned one back in.

Where prot was installed by pip, say first where: `export AMENT_PREFIX_PATH=$VIRTUAL_ENV`.
"""

from __future__ import annotations

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    LogInfo,
    OpaqueFunction,
    SetEnvironmentVariable,
)
from launch.conditions import IfCondition, UnlessCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import Parameter
from launch_ros.substitutions import FindPackageShare
from launch_ros.utilities import prefix_namespace

from prot_ros import graph, params_file
from prot_ros.run import COMPOSED

BOOLEAN = ['true', 'false']

RELEASE_S = '8.0'
"""Between SIGINT and SIGTERM. A node ends within 5 s, and says so when something holds it; on a
loaded machine it should still be heard out before anything stronger is sent."""
KILL_S = '4.0'
"""Between SIGTERM and SIGKILL."""

ARGUMENTS = [
    DeclareLaunchArgument(
        'namespace', default_value=graph.NAMESPACE, description='Namespace of all nodes and topics'
    ),
    DeclareLaunchArgument(
        'params_file',
        default_value=PathJoinSubstitution([FindPackageShare('prot'), 'config', 'prot.yaml']),
        description='YAML file with the parameters of the nodes; what it leaves out keeps its '
        'default',
    ),
    DeclareLaunchArgument(
        'use_sim_time',
        default_value='false',
        choices=BOOLEAN,
        description='Take the time from /clock (simulation, a replayed bag)',
    ),
    DeclareLaunchArgument(
        'autostart',
        default_value='true',
        choices=BOOLEAN,
        description='Configure and activate all nodes at once; else wait for ~/startup of the '
        'manager',
    ),
    DeclareLaunchArgument(
        'use_respawn',
        default_value='false',
        choices=BOOLEAN,
        description='Start a process again, after 2 s, when it has ended',
    ),
    DeclareLaunchArgument(
        'log_level',
        default_value='info',
        choices=['debug', 'info', 'warn', 'error', 'fatal'],
        description='The least severe messages to log',
    ),
    DeclareLaunchArgument(
        'composed',
        default_value='false',
        choices=BOOLEAN,
        description='Run all nodes in one process: less memory and delay, but they fall together',
    ),
]


def check_parameters(context: LaunchContext) -> list[LogInfo]:
    """Refuse a file with a mistake, which launch and the nodes would pass over in silence."""
    path = LaunchConfiguration('params_file').perform(context)
    below = context.launch_configurations.get('ros_namespace')
    namespace = prefix_namespace(below, LaunchConfiguration('namespace').perform(context))
    mistakes, doubts = params_file.check_shared_file(path, namespace or '')
    if mistakes:
        raise RuntimeError('\n'.join(mistakes))
    return [LogInfo(msg=f'for no node of prot: {line}') for line in doubts]


def process(executable: str, **kwargs: object) -> Node:
    """Run one of the package's executables, with what all of them have in common."""
    return Node(
        package='prot',
        executable=executable,
        namespace=LaunchConfiguration('namespace'),
        # After the file, so that an argument wins over it; and as Parameter, because launch_ros
        # writes a dictionary into a file in /tmp and leaves it there.
        parameters=[
            LaunchConfiguration('params_file'),
            Parameter('use_sim_time', LaunchConfiguration('use_sim_time'), value_type=bool),
            Parameter('autostart', LaunchConfiguration('autostart'), value_type=bool),
        ],
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        output='screen',
        emulate_tty=True,
        respawn=LaunchConfiguration('use_respawn'),
        respawn_delay=2.0,
        sigterm_timeout=RELEASE_S,
        sigkill_timeout=KILL_S,
        **kwargs,
    )


def generate_launch_description() -> LaunchDescription:
    """Return the launch arguments, and the processes of `graph.py`."""
    composed = LaunchConfiguration('composed')
    # A name would rename every node in the process, so the composed one has none.
    one = [process(COMPOSED, condition=IfCondition(composed))]
    each = [
        process(spec.name, name=spec.name, condition=UnlessCondition(composed))
        for spec in graph.ALL_NODES
    ]
    buffered = SetEnvironmentVariable('RCUTILS_LOGGING_BUFFERED_STREAM', '1')
    return LaunchDescription(
        [*ARGUMENTS, OpaqueFunction(function=check_parameters), buffered, *one, *each]
    )
