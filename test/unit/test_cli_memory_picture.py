# SPDX-License-Identifier: Apache-2.0
"""The picture of what is remembered: everything has room, and every name stays text."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prot_ros.cli.memory.picture import drawing, lettering, palette
from prot_ros.cli.memory.picture.boxes import Box, apart
from prot_ros.cli.memory.picture.drawing import Picture
from prot_ros.cli.memory.picture.scene import Scene, chosen, scene
from prot_ros.core.facts import Kind
from prot_ros.memory.inspection.dossiers import Entity, Known

NOW = datetime(2026, 5, 4, tzinfo=UTC)
SVG = '{http://www.w3.org/2000/svg}'
HOSTILE = '<script>alert("1")</script>'
NAMES = (
    'Bora',
    '지수',
    'Tom',
    'a name that is much longer than a name should be',
    HOSTILE,
    '김민수',
)
OTHERS = (Kind.PERSON, Kind.PLACE, Kind.ANIMAL, Kind.THING, Kind.ORGANIZATION, Kind.TOPIC)


def entity(number: int, name: str, kind: Kind = Kind.PERSON, **more: object) -> Entity:
    given = {'names': (), 'roles': (), 'circles': (), 'mentions': 1, 'last_turn': number}
    return Entity(
        **{'number': number, 'kind': kind, 'name': name, 'last_at': NOW, **given, **more}
    )


def fact(subject: int, predicate: str, object_: int | None, **more: object) -> Known:
    given: dict[str, object] = {
        'number': 1, 'subject_told': 'x', 'object_told': 'y', 'text': 'x.', 'valid_from': NOW,
        'valid_to': None, 'learnt_at': NOW, 'ended_at': None, 'true_now': True, 'denied': False,
        'told': 1, 'last_turn': 1, 'last_at': NOW, 'learnt_turn': 1, 'learnt_words': '',
        'ended_turn': None, 'ended_words': '',
    }  # fmt: skip
    return Known(
        **{**given, 'subject': subject, 'predicate': predicate, 'object': object_, **more}
    )


def crowd(count: int, seed: int = 1) -> Scene:
    """A user with so many others around, and about as many links."""
    chance = random.Random(seed)
    others = [
        entity(
            number,
            chance.choice(NAMES),
            chance.choice(OTHERS),
            mentions=chance.randint(1, 30),
            roles=('friend',) if chance.random() < 0.3 else (),
        )
        for number in range(2, count + 2)
    ]
    facts = [
        fact(
            chance.choice([1, chance.randint(2, count + 1)]),
            'lives in',
            number,
            true_now=chance.random() < 0.8,
        )
        for number in range(2, count + 2)
    ]
    return scene([entity(1, 'Alice', Kind.USER), *others], facts, 3, past=True)


def drawn(of: Scene) -> tuple[Picture, ElementTree.Element]:
    picture = drawing.composed(of)
    return picture, ElementTree.fromstring(drawing.svg(picture, 'A title', ['a note']))


def boxes(picture: Picture) -> list[Box]:
    words = [thread.words for thread in picture.threads if thread.words is not None]
    return [label.box for label in picture.labels] + words


def texts(root: ElementTree.Element) -> list[str]:
    return [element.text or '' for element in root.iter(f'{SVG}text')]


@pytest.mark.parametrize('count', [0, 1, 2, 5, 20, 60, 150])
def test_no_label_and_no_word_lies_over_another(count: int) -> None:
    picture, root = drawn(crowd(count))
    assert len(picture.labels) == count + 1
    over = [pair for pair in combinations(boxes(picture), 2) if pair[0].overlaps(pair[1])]
    assert over == []
    x, y, wide, high = map(float, root.attrib['viewBox'].split())
    for box in boxes(picture):
        assert x <= box.x - box.width / 2
        assert box.x + box.width / 2 <= x + wide
        assert y <= box.y - box.height / 2
        assert box.y + box.height / 2 <= y + high


@pytest.mark.parametrize('count', [5, 60, 150])
def test_the_words_of_nearly_all_links_have_room(count: int) -> None:
    picture, _ = drawn(crowd(count))
    worded = sum(thread.words is not None for thread in picture.threads)
    assert worded >= 0.98 * len(picture.threads) > 0


def test_the_user_is_in_the_middle_and_the_closest_are_nearest() -> None:
    others = [entity(number, f'n{number}', mentions=50 // number) for number in range(2, 30)]
    picture, _ = drawn(scene([entity(1, 'Alice', Kind.USER), *others], [], 0, past=False))
    first = picture.labels[0]
    assert (first.node.kind, first.box.x, first.box.y) == (Kind.USER, 0.0, 0.0)
    far = {label.node.number: np.hypot(label.box.x, label.box.y) for label in picture.labels}
    assert np.mean([far[n] for n in range(2, 9)]) < np.mean([far[n] for n in range(22, 30)])
    size = {label.node.number: label.size for label in picture.labels}
    assert size[1] > size[2] > size[29]


def test_the_same_memory_gives_the_same_picture() -> None:
    one, two = (drawing.svg(drawing.composed(crowd(40)), 't', []) for _ in range(2))
    assert one == two


def test_a_hostile_name_stays_text() -> None:
    names = [
        HOSTILE,
        '" onload="x',
        "'><g>",
        '&amp;',
        'a\x00b\x1b[31mc\u202ed\ufffe',
        ']]>',
        '\ud800',
    ]
    others = [entity(number, name) for number, name in enumerate(names, 2)]
    links = [fact(1, '</text><script>', 2), fact(1, 'likes "tea"', 3)]
    _, root = drawn(scene([entity(1, 'Alice', Kind.USER), *others], links, 0, past=False))
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {'svg', 'title', 'rect', 'text', 'g', 'path'}
    assert not [name for element in root.iter() for name in element.attrib if name[:2] == 'on']
    shown = texts(root)
    assert any(text.startswith('<script>alert') for text in shown)
    told = [title.text for title in root.iter(f'{SVG}title')]
    assert f'{HOSTILE} (person)' in told
    assert '" onload="x' in shown
    assert '&amp;' in shown
    assert '</text><script>' in shown
    assert not [text for text in shown if re.search('[\x00-\x1f\u202e\ufffe\ud800]', text)]


@given(st.lists(st.text(max_size=40), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_whatever_somebody_is_called_the_picture_is_well_formed(names: list[str]) -> None:
    others = [entity(number, name) for number, name in enumerate(names, 2)]
    links = [fact(1, name, number) for number, name in enumerate(names, 2)]
    picture, root = drawn(scene([entity(1, '', Kind.USER), *others], links, 0, past=False))
    assert len(list(root.iter(f'{SVG}g'))) >= len(picture.labels)


def test_what_was_so_before_is_drawn_only_where_it_is_asked_for() -> None:
    shown = [entity(1, 'Alice', Kind.USER), entity(2, 'Seoul', Kind.PLACE)]
    moved = [fact(1, 'lives in', 2, true_now=False), fact(1, 'owns', 2, denied=True)]
    assert scene(shown, moved, 0, past=False).links == ()
    (link,) = scene(shown, moved, 0, past=True).links
    assert (link.words, link.live) == ('lives in', False)
    _, root = drawn(scene(shown, moved, 0, past=True))
    # One in the legend, too.
    assert (
        len([path for path in root.iter(f'{SVG}path') if 'stroke-dasharray' in path.attrib]) == 2
    )


def test_what_somebody_is_to_the_user_is_a_link() -> None:
    shown = [entity(1, 'Alice', Kind.USER), entity(2, '지수', roles=('sister', 'younger sister'))]
    (link,) = scene(shown, [fact(2, 'is', None)], 0, past=False).links
    assert (link.start, link.end, link.words) == (1, 2, 'younger sister')


def test_those_spoken_of_most_are_chosen_and_the_user_always() -> None:
    others = [entity(number, 'x', mentions=number) for number in range(2, 9)]
    found = chosen([*others, entity(1, '', Kind.USER, mentions=0)], 2)
    assert [each.number for each in found] == [1, 8, 7]


def test_a_long_name_is_shortened_and_told_in_full_to_the_pointer() -> None:
    name = '아주 긴 이름 ' * 20
    _, root = drawn(scene([entity(1, 'Alice', Kind.USER), entity(2, name)], [], 0, past=False))
    assert any(text.endswith('…') for text in texts(root))
    assert any(name.strip() in (title.text or '') for title in root.iter(f'{SVG}title'))


@given(st.text(max_size=60), st.integers(20, 300))
def test_what_is_shortened_has_room(text: str, most: int) -> None:
    kept = lettering.shortened(text, 14, most)
    assert lettering.width(kept, 14) <= most or kept == '…'


@given(
    st.lists(
        st.tuples(*[st.integers(-50, 50)] * 2, st.integers(10, 120), st.integers(10, 30)),
        min_size=2,
        max_size=25,
    )
)
@settings(deadline=None)
def test_boxes_are_moved_apart_and_the_first_stays(given: Sequence[tuple[int, ...]]) -> None:
    at = np.array([each[:2] for each in given], dtype=float)
    sizes = np.array([each[2:] for each in given], dtype=float)
    moved = apart(at, sizes, 4.0)
    found = [Box(*place, *size) for place, size in zip(moved, sizes, strict=True)]
    assert not any(one.overlaps(two, 3.9) for one, two in combinations(found, 2))
    assert (moved[0] == at[0]).all()


@pytest.mark.parametrize('kind', list(Kind))
def test_every_kind_is_told_by_more_than_colour_and_its_letters_can_be_read(kind: Kind) -> None:
    look = palette.LOOKS[kind]
    assert [other.sign for other in palette.LOOKS.values()].count(look.sign) == 1
    assert contrast(look.ink, look.fill) >= 7
    assert contrast(look.stroke, palette.GROUND) >= 3


@pytest.mark.parametrize(('colour', 'least'), [(palette.INK, 7), (palette.FAINT, 4.5)])
def test_words_on_the_ground_can_be_read(colour: str, least: float) -> None:
    assert contrast(colour, palette.GROUND) >= least


def contrast(one: str, two: str) -> float:
    # The ratio of WCAG 2.2.

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
