# SPDX-License-Identifier: Apache-2.0
"""What people say, in the form in which it can be stored and compared. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata

MOST = 100_000
"""Characters of an utterance or reply that are kept: an hour of speech."""
MOST_FIELD = 2_000
"""Characters of a part of a fact that are kept."""
_MOST_KEY = 100
"""Characters. An entry of a b-tree takes 2,700 bytes, and a slot has three keys."""
_SURROGATE = re.compile('[\ud800-\udfff]')


def storable(text: str, most: int = MOST) -> str:
    """Return the text as PostgreSQL takes it: without NUL, no half characters, at most `most`.

    PostgreSQL refuses NUL characters, and UTF-8 has no unpaired surrogates; those become the
    replacement character.
    """
    return _SURROGATE.sub('\ufffd', text[:most].replace('\0', ''))


def key(text: str) -> str:
    """Return what two spellings of the same have in common: letter case, width, spaces.

    A long one is shortened to its beginning and a digest of the whole.
    """
    plain = ' '.join(unicodedata.normalize('NFKC', text).casefold().split())
    if len(plain) <= _MOST_KEY:
        return plain
    digest = hashlib.blake2b(plain.encode(), digest_size=16).hexdigest()
    return f'{plain[: _MOST_KEY - 33]} {digest}'
