# SPDX-License-Identifier: Apache-2.0
"""What was expected of the conversation, and whether it held. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from prot_ros.cli.demo.course import Course, Exchange, Noticed
from prot_ros.cli.demo.script import missing
from prot_ros.core.stamps import MILLISECOND, Stamp, milliseconds
from prot_ros.core.turns import BARGE_IN
from prot_ros.core.wire import PlaybackState
from prot_ros.engines.kinds import Message

SILENT_WITHIN_MS = 300.0
"""From the interrupt, as it was seen, to the last sample that was heard."""
LATE_MS = 300.0
"""Reports of a void turn may still be on their way for so long."""
SOUNDING = (
    PlaybackState.STARTED, PlaybackState.PROGRESS, PlaybackState.SENTENCE, PlaybackState.FINISHED
)  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """One expectation."""

    expected: str
    held: bool
    seen: str


def judge(course: Course, committed: Sequence[Message] | None) -> Iterator[Verdict]:
    """Yield a verdict for each expectation about the conversation.

    `committed` are the messages that the database has of it, None when it could not be asked.
    """
    for exchange in course.exchanges:
        yield _reply(exchange)
    for before, after in zip(course.exchanges, course.exchanges[1:], strict=False):
        if after.line.interrupts:
            yield from _interruption(course, before)
    yield _nothing_void_was_played(course)
    yield _all_committed(course, committed)


def _reply(exchange: Exchange) -> Verdict:
    line, report = exchange.line, exchange.report
    if report is None:
        understood = exchange.understood
        seen = f'understood as {understood!r}, never answered' if understood else 'not understood'
        return Verdict(line.expects, False, seen)
    said = report.heard or report.reply
    if report.failure is not None:
        return Verdict(line.expects, False, f'the turn failed: {report.failure}')
    lacking = missing(line.words, said)
    if lacking:
        wanted = ' and '.join(f'one of {", ".join(group)}' for group in lacking)
        return Verdict(line.expects, False, f'{said!r} has none of the words: {wanted}')
    if line.from_memory and report.memory == 0:
        return Verdict(line.expects, False, f'{said!r}, but nothing was found in memory for it')
    remembered = f' ({report.memory} facts found in memory)' if line.from_memory else ''
    return Verdict(line.expects, True, f'{said!r}{remembered}')


def _interruption(course: Course, cut: Exchange) -> Iterator[Verdict]:
    expected = 'the reply is interrupted by the voice of the user'
    report = cut.report
    if report is None or report.cut is None:
        yield Verdict(expected, False, 'it was heard to its end' if report else 'no report')
        return
    yield Verdict(expected, report.cut == BARGE_IN, f'cut by {report.cut}')
    heard, whole = report.heard, report.reply
    yield Verdict(
        'what was heard of it is a true beginning of it',
        bool(heard) and len(heard) < len(whole) and whole.startswith(heard),
        f'heard {len(heard)} of {len(whole)} characters, up to {heard[-40:]!r}',
    )
    yield _silence(course, report.turn)


def _silence(course: Course, turn: Stamp) -> Verdict:
    expected = f'silence within {SILENT_WITHIN_MS:g} ms of the interrupt'
    noticed = voided_by(course, turn)
    silent = silent_at(course, turn)
    if noticed is None or silent is None:
        return Verdict(expected, False, 'no interrupt, or no report on the cut, was seen')
    took = milliseconds(noticed.at, silent)
    onset = milliseconds(noticed.interrupt.stamp, silent)
    return Verdict(
        expected,
        took <= SILENT_WITHIN_MS,
        f'silent {max(0.0, took):.0f} ms after the interrupt, '
        f'{onset:.0f} ms after the first sound of the user',
    )


def voided_by(course: Course, turn: Stamp) -> Noticed | None:
    """Return the first interrupt that voids a turn, once the turn had begun."""
    for noticed in course.interrupts:
        if noticed.interrupt.stamp >= turn:
            return noticed
    return None


def silent_at(course: Course, turn: Stamp) -> Stamp | None:
    """Return when the last sample of a cut turn was heard."""
    began, reports = course.audible_from(turn), course.playback_of(turn)
    if began is None or reports[-1].state != PlaybackState.CUT:
        return None
    return Stamp(began + round(reports[-1].turn_played_ms * MILLISECOND))


def _nothing_void_was_played(course: Course) -> Verdict:
    expected = 'nothing of a void turn is played later'
    found = []
    for seen in course.playback:
        noticed = voided_by(course, seen.report.turn)
        if noticed is None or seen.report.state not in SOUNDING:
            continue
        late = milliseconds(noticed.at, seen.at)
        if late > LATE_MS:
            found.append(f'{seen.report.state} {late:.0f} ms after the interrupt')
    cut = {seen.report.turn for seen in course.playback if seen.report.state == PlaybackState.CUT}
    words = f'{len(cut)} cut while heard, {len(course.interrupts)} interrupts in all'
    return Verdict(expected, not found, '; '.join(found[:3]) or words)


def _all_committed(course: Course, committed: Sequence[Message] | None) -> Verdict:
    expected = 'every turn is in the database'
    if committed is None:
        return Verdict(expected, False, 'the database could not be asked')
    kept = {(message.speaker, message.text) for message in committed}
    reports = [report for exchange in course.exchanges for report in exchange.reports]
    lost = []
    for report in reports:
        if report.cut is not None and not report.heard:
            continue  # asked again, as part of a later turn
        if ('user', report.utterance) not in kept:
            lost.append(f'{report.utterance!r} of the user')
        if report.heard and ('robot', report.heard) not in kept:
            lost.append(f'{report.heard!r} of the robot')
    seen = f'missing: {"; ".join(lost)}' if lost else f'{len(reports)} turns, with their replies'
    return Verdict(expected, bool(reports) and not lost, seen)


def summary(course: Course) -> str:
    """Return the medians of the conversation's latencies in one line, '' when there are none."""
    reports = [report for exchange in course.exchanges for report in exchange.reports]
    parts = []
    for stage, name in (
        ('voice_to_voice', 'voice to voice'),
        ('endpoint', 'end of speech known'),
        ('stt', 'recognition'),
        ('commit', 'turn committed'),
        ('memory', 'recall'),
        ('first_audio', 'first audio made'),
        ('audible', 'made to audible'),
    ):
        values = [report.latency_ms[stage] for report in reports if stage in report.latency_ms]
        if values:
            parts.append(f'{name} {median(values):.0f} ms')
    silences = [
        milliseconds(noticed.interrupt.stamp, silent)
        for report in reports
        if report.cut is not None
        and (noticed := voided_by(course, report.turn)) is not None
        and (silent := silent_at(course, report.turn)) is not None
    ]
    if silences:
        parts.append(f'silent {median(silences):.0f} ms after the user begins to speak over it')
    return f'{len(reports)} turns; medians: {", ".join(parts)}' if parts else ''
