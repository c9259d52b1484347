# SPDX-License-Identifier: Apache-2.0
"""What language models take: the size of their context, and how they are asked not to think.

A model that thinks first is silent first: the first word of a reply waits for the thinking. So
each is asked for as little of it as it accepts, and for little effort.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Traits:
    """What a model takes."""

    context_tokens: int
    """The longest request together with its reply."""
    thinking: str = ''
    """The least thinking it accepts: `disabled`, `between_tools`, or '' for saying nothing."""
    effort: str = ''
    """The effort to ask for; '' where it takes no such field."""
    caches: bool = False
    """Whether it takes marks of how much of a request will come again."""
    formats: bool = False
    """Whether it can be held to a JSON schema."""


UNKNOWN = Traits(8_192)
"""What a model of a compatible server surely takes, nearly all of them."""
OLDER_CLAUDE = Traits(200_000, caches=True)
KNOWN = {
    'claude-haiku-5-5': Traits(1_000_000, 'disabled', 'low', caches=True, formats=True),
    # It answers `disabled` with an error.
    'claude-sonnet-5-5': Traits(200_000, 'between_tools', 'low', caches=True, formats=True),
    # It always thinks.
    'claude-opus-5-5': Traits(200_000, '', 'low', caches=True, formats=True),
}
"""By the beginning of the model's name, so that dated names are known, too."""


def traits(model: str) -> Traits:
    """Return what is known of a model; gateways may put a vendor's name before its own."""
    name = model.lower()
    name = name[name.find('claude-') :] if 'claude-' in name else name
    for known, found in KNOWN.items():
        if name.startswith(known):
            return found
    return OLDER_CLAUDE if name.startswith('claude-') else UNKNOWN
