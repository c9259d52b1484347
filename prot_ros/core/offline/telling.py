# SPDX-License-Identifier: Apache-2.0
"""Stories and counts, and how they go on in a later turn from where they were broken off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from prot_ros.core.language import detect
from prot_ros.core.offline.languages import DEFAULT, LANGUAGES
from prot_ros.core.offline.phrasebook import Line
from prot_ros.core.offline.questions import COUNT_LIMIT, Kind
from prot_ros.core.offline.scripts import next_unit, sentences
from prot_ros.core.offline.situation import Said


def story_script(code: str, stories: Mapping[str, str]) -> list[str]:
    """Return the story of a language as it is told, sentence by sentence; empty for none."""
    story = stories.get(code, '')
    opening = LANGUAGES[code].phrases.lines[Line.STORY_BEGINS][0]
    return [f'{opening} ', *sentences(story)] if story else []


def unheard(history: Sequence[Said], stories: Mapping[str, str]) -> str | None:
    """Return the rest of what was told last, '' when it was heard to its end, None for nothing."""
    for script, heard in _told_lately(history, stories):
        at = next_unit(script, heard)
        if at is not None:
            return ''.join(script[at:]).rstrip()
    return None


def _told_lately(
    history: Sequence[Said], stories: Mapping[str, str]
) -> Iterator[tuple[list[str], str]]:
    """Yield what may go on, with what was heard of it, the latest first."""
    scripts = [story_script(code, stories) for code in LANGUAGES if stories.get(code)]
    for at in range(len(history) - 1, -1, -1):
        if history[at].speaker != 'robot':
            continue
        request = history[at - 1].text if at else ''
        language = LANGUAGES.get(detect(request), LANGUAGES[DEFAULT])
        intent = language.intent(request)
        if intent.kind is Kind.COUNT and all(
            1 <= number <= COUNT_LIMIT for number in (intent.start, intent.end)
        ):
            yield language.phrases.count(intent.start, intent.end), history[at].text
        for script in scripts:
            yield script, history[at].text
