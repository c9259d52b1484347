# SPDX-License-Identifier: Apache-2.0
"""Whether prot is running, and in which state each of its nodes is."""

from __future__ import annotations

import asyncio

from prot_ros import graph
from prot_ros.cli.doctor.finding import Finding, Findings, Level
from prot_ros.cli.participant import NodeReport, Participant, participating

LISTEN_S = 3.0
"""Nodes report once a second, and have to be discovered first."""


async def running(namespace: str) -> Findings:
    """Listen to the nodes' own reports."""
    seen: dict[str, NodeReport] = {}
    async with participating(namespace, diagnostics=True) as participant:
        try:
            async with asyncio.timeout(LISTEN_S):
                await _collect(participant, seen)
        except TimeoutError:
            pass
    if not seen:
        return [Finding('prot', Level.NOTE, f'not running in /{namespace}', 'prot up')]
    return [_finding(spec.name, seen.get(spec.name)) for spec in graph.ALL_NODES]


async def _collect(participant: Participant, seen: dict[str, NodeReport]) -> None:
    async for report in participant.reports:
        seen[report.name] = report
        if len(seen) == len(graph.ALL_NODES):
            return


def _finding(name: str, report: NodeReport | None) -> Finding:
    if report is None:
        return Finding(name, Level.DEGRADED, 'is not running', f'start it: lib/prot/{name}')
    words = report.state if report.message == report.state else f'{report.state}: {report.message}'
    if report.state != 'active':
        fix = 'see its log; `ros2 service call /NAMESPACE/manager/startup std_srvs/srv/Trigger`'
        return Finding(name, Level.DEGRADED, words, fix)
    if report.level:
        return Finding(name, Level.DEGRADED, words, 'see its log')
    engine = report.values.get('engine')
    return Finding(name, Level.OK, f'{words} ({engine})' if engine else words)
