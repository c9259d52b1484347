# SPDX-License-Identifier: Apache-2.0
"""What a name has in common with its other spellings, and with its shorter forms. Pure.

Names reach the robot through ears that spell as they please, in two scripts: `Jisoo`, `Jisu` and
`지수` are one name. Whether two who share a name are one person is `resolution`'s business.
"""

from __future__ import annotations

import re
import unicodedata

from prot_ros.core.facts import OWNED, Kind
from prot_ros.core.offline.romanization import romanised
from prot_ros.memory.storable import key

SHORT = '~'
"""Begins the key of a part of a name, such as a given name."""

_ACCENTS = re.compile('[\u0300-\u036f]')
_NO_LETTER = re.compile(r'[^\w ]+')
# One sound, several spellings; in this order.
_SPELLINGS = (
    (re.compile('ght'), 't'),
    (re.compile('ph'), 'f'),
    (re.compile('th'), 't'),
    (re.compile('ck|q|ch(?=[lr])'), 'k'),
    (re.compile('oo|ou'), 'u'),
    (re.compile('ee|ea|ie|ey'), 'i'),
    (re.compile('c(?=[aoulrknt]|$)'), 'k'),
    (re.compile('(?<=[aeiou])h(?![aeiou])'), ''),
    (re.compile(r'y\b'), 'i'),
)
_DOUBLED = re.compile(r'([a-z])\1')
_HANGUL_NAME = re.compile('[가-힣]{3}')
_FAMILY_NAMES = frozenset(
    '김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민'
)
# As families spell themselves, and as romanisation does.
_FAMILY_SPELLINGS = {
    'kim': 'gim', 'park': 'bak', 'pak': 'bak', 'lee': 'i', 'yi': 'i', 'choi': 'choe',
    'jung': 'jeong', 'chung': 'jeong', 'cho': 'jo', 'kang': 'gang', 'yoon': 'yun', 'lim': 'im',
    'rim': 'im', 'shin': 'sin', 'koo': 'gu', 'woo': 'u', 'moon': 'mun', 'yoo': 'yu', 'ryu': 'yu',
    'noh': 'no', 'roh': 'no', 'paik': 'baek', 'oh': 'o', 'huh': 'heo', 'hwang': 'hwang',
}  # fmt: skip


def name_key(name: str) -> str:
    """Return the key of a person's or an animal's name; '' for one without letters.

    The order of its parts does not matter: `Kim Minsu`, `Minsu Kim` and `김민수` are one name.
    """
    words = unicodedata.normalize('NFC', name).replace('-', '').split()
    if len(words) == 1 and _HANGUL_NAME.fullmatch(words[0]) and words[0][0] in _FAMILY_NAMES:
        words = [words[0][0], words[0][1:]]
    return key(' '.join(sorted(filter(None, (_sound(word, len(words)) for word in words)))))


def _sound(word: str, of: int) -> str:
    plain = _ACCENTS.sub('', unicodedata.normalize('NFKD', romanised(word).casefold()))
    plain = _NO_LETTER.sub('', unicodedata.normalize('NFC', plain))
    if of > 1:
        plain = _FAMILY_SPELLINGS.get(plain, plain)
    for spelling, sound in _SPELLINGS:
        plain = spelling.sub(sound, plain)
    return _DOUBLED.sub(r'\1', plain)


def keys(name: str, kind: Kind | None) -> tuple[str, ...]:
    """Return the keys under which an entity of that name is found, the whole name's first.

    Those of parts begin with SHORT. What somebody is to the user has the key of what they are
    more generally, too: `user's younger sister` is found as `user's sister`.
    """
    if is_role(name):
        role = key(name)
        return tuple(dict.fromkeys((role, OWNED + role.rsplit(' ', 1)[-1])))
    if kind not in (None, Kind.USER, Kind.PERSON, Kind.ANIMAL):
        whole = key(romanised(name))
        return (whole,) if whole else ()
    whole = name_key(name)
    parts = whole.split(' ') if ' ' in whole else []
    return tuple(dict.fromkeys(filter(None, (whole, *(SHORT + part for part in parts)))))


def is_role(name: str) -> bool:
    """Tell whether it says what somebody is to the user instead of a name."""
    return key(name).startswith(OWNED)
