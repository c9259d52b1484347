# SPDX-License-Identifier: Apache-2.0
"""Facts: what people tell about themselves and others, as plain subject, predicate and object."""

from __future__ import annotations

from dataclasses import dataclass

USER = 'user'
"""The subject of a fact about the person who is speaking."""

NOTE = 'asked to remember'
"""The predicate of what the user wants kept where no other fits; its object is the text."""


@dataclass(frozen=True)
class Fact:
    """One thing told, such as `user | lives in | Seoul`."""

    subject: str
    """Whom or what it is about: `USER`, a name, or `user's sister` for a relative."""
    predicate: str
    """A relation in plain lower-case English words, whatever language it was told in: `name`,
    `lives in`, `likes`, so that a fact told in one language answers a question in another."""
    object: str
    """The value, in the words it was told in."""
    text: str
    """The fact as a sentence in the language in which it was told."""
