# SPDX-License-Identifier: Apache-2.0
"""What a Korean sentence wants remembered: `열쇠가 매트 밑에 있다는 걸 기억해 줘`."""

from __future__ import annotations

import re

from prot_ros.core.offline.korean.verbs import interrogative

_REMEMBER = re.compile('기억(?:해|하)(?:줘|줘요|주세요|둬|두세요|줄래|주겠니|라)?')
_PLEASE = ('줘', '줘요', '주세요', '둬', '두세요', '줄래', '주실래요', '주겠니', '주시겠어요')
_QUOTED = (
    ('라는', 'copula'), ('이라는', 'copula'), ('이라고', 'copula'), ('라고', 'copula'),
    ('다는', '다'), ('다고', '다'), ('는', '다'),
)  # fmt: skip


def to_remember(words: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """Return what the user wants remembered, as a statement, and whether it was quoted as one.

    It is empty when nothing is to be remembered.
    """
    end = next((at for at, word in enumerate(words) if _REMEMBER.fullmatch(word)), None)
    if not end:
        return (), False
    asked = words[end].endswith(_PLEASE) or words[end + 1 : end + 2] in {(p,) for p in _PLEASE}
    wanted = words[:end]
    if wanted[-1] in ('것을', '걸', '것', '거', '것도', '꼭', '잘'):
        wanted = wanted[:-1]
    if not asked or len(wanted) < 2 or any(map(interrogative, wanted)):
        return (), False
    last = wanted[-1]
    for ending, kind in _QUOTED:
        stem = last.removesuffix(ending)
        if stem and stem != last:
            return (*wanted[:-1], stem + ('이야' if kind == 'copula' else '다')), True
    return wanted, False
