# SPDX-License-Identifier: Apache-2.0
"""What `prot memory show` prints: an overview, or all that is known of one. Pure."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from prot_ros.cli.memory import facts as told_facts
from prot_ros.cli.memory.table import INDENT, clipped, counted, day, table
from prot_ros.cli.memory.whom import spoken_of, what
from prot_ros.cli.screen import Screen, columns, printable
from prot_ros.core.facts import Kind
from prot_ros.memory.inspection.dossiers import MOST_FACTS, NAMING, Entity, Known

TITLES = {
    Kind.PERSON: 'People',
    Kind.ANIMAL: 'Animals',
    Kind.PLACE: 'Places',
    Kind.ORGANIZATION: 'Organizations',
    Kind.THING: 'Things',
    Kind.TOPIC: 'Topics',
}
"""In the order in which they matter to people."""
MOST_NAME = 24
"""Columns."""
LEAST_BRIEF = 20


@dataclass(frozen=True)
class Overview:
    """Whom and what one person has told of."""

    person: str
    most: int
    """Of each kind that are listed."""
    entities: tuple[Entity, ...]
    """The last spoken of first."""
    total: dict[Kind, int]
    """How many there are of each kind, those that are not listed included."""
    facts: dict[int, list[str]]
    """A few words of each thing that is true now, by entity."""


@dataclass(frozen=True)
class Portrait:
    """All that is known of one."""

    person: str
    entity: Entity
    facts: tuple[Known, ...]
    """The last told first."""


def show(screen: Screen, found: Overview | Portrait) -> None:
    """Print it."""
    if isinstance(found, Overview):
        _overview(screen, found)
    else:
        _portrait(screen, found)


def _overview(screen: Screen, found: Overview) -> None:
    width = shutil.get_terminal_size((100, 24)).columns
    screen.line(screen.style('bold', f'What was told by {printable(found.person)}'))
    for user in (each for each in found.entities if each.kind is Kind.USER):
        who = f'{clipped(user.title, MOST_NAME)} #{user.number}'
        screen.line(f'{INDENT}{who}  the user, {spoken_of(user)}')
        for words in found.facts.get(user.number, []):
            screen.line(f'{INDENT}{INDENT}{clipped(words, width - 4)}')
    for kind, title in TITLES.items():
        of_kind = [each for each in found.entities if each.kind is kind]
        if not of_kind:
            continue
        screen.line()
        screen.line(screen.style('bold', title))
        for line in _lines(of_kind[: found.most], found, width):
            screen.line(line)
        left = found.total[kind] - min(found.most, len(of_kind))
        if left > 0:
            more = f'and {left:,} more (--most N)'
            screen.line(INDENT + screen.style('dim', more))
    if len(found.entities) <= 1:
        screen.line()
        screen.line('Nobody and nothing else was told of yet.')


def _lines(entities: Sequence[Entity], found: Overview, width: int) -> list[str]:
    rows = [
        (f'#{each.number}', clipped(each.title, MOST_NAME), ', '.join(each.roles), _latest(each))
        for each in entities
    ]
    lines = table([*rows, ('', '', '', '')])[:-1]
    at = max(map(columns, lines)) + 2
    room = max(LEAST_BRIEF, width - at)
    shown = []
    for each, line in zip(entities, lines, strict=True):
        brief = '; '.join(found.facts.get(each.number, []))
        shown.append((line + ' ' * (at - columns(line)) + clipped(brief, room)).rstrip())
    return shown


def _latest(entity: Entity) -> str:
    return '' if entity.last_at is None else day(entity.last_at)


def _portrait(screen: Screen, found: Portrait) -> None:
    entity = found.entity
    screen.line(screen.style('bold', f'{printable(entity.title)} #{entity.number}'))
    rows = [('is', what(entity) if entity.kind is not Kind.USER else 'the user')]
    if entity.roles:
        rows.append(('kind', str(entity.kind)))
    if entity.names:
        rows.append(('also', ', '.join(entity.names)))
    if entity.circles:
        rows.append(('circles', ', '.join(entity.circles)))
    rows.append(('spoken of', f'{spoken_of(entity)}, by {found.person}'))
    for line in table(rows):
        screen.line(line)
    # Names stand above already; those that no longer hold are told below.
    now = [fact for fact in told_facts.now(found.facts) if fact.predicate not in NAMING]
    _section(screen, 'True now', now, entity.number)
    _section(screen, 'True before', told_facts.before(found.facts), entity.number)
    if not found.facts:
        screen.line(f'{INDENT}nothing else')
    if len(found.facts) == MOST_FACTS:
        screen.line(f'These are {counted(MOST_FACTS, "fact")}, the last told; there may be more.')


def _section(screen: Screen, title: str, facts: Sequence[Known], entity: int) -> None:
    if not facts:
        return
    screen.line()
    screen.line(screen.style('bold', title))
    rows = [
        (
            clipped(told_facts.said(fact, entity), 60),
            told_facts.span(fact),
            told_facts.told(fact),
        )
        for fact in facts
    ]
    for line in table(rows):
        screen.line(line)
