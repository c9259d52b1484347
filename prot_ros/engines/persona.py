# SPDX-License-Identifier: Apache-2.0
"""Who the robot is, as its language model is told: a text file that a person writes.

The examples in `config/personas/` are installed with the package, one for each language.
"""

from __future__ import annotations

from pathlib import Path

from prot_ros.engines.kinds import EngineError

AUTO = 'auto'
FALLBACK = 'en'
MOST = 20_000
"""Characters: ten pages, read anew at each turn where nothing is cached."""


def shipped(start: Path = Path(__file__)) -> Path:
    """Return the folder of the examples; raise EngineError where the installation lacks it.

    It lies below one of the folders that the code lies in: the workspace's `install/prot`, the
    prefix of a Python environment, or the sources.
    """
    for path in dict.fromkeys((*start.parents, *start.resolve().parents)):
        for folder in (path / 'share/prot/config/personas', path / 'config/personas'):
            if folder.is_dir():
                return folder
    raise EngineError('the installation has no config/personas; install prot again')


def read(persona: str, language: str, folder: Path | None = None) -> str:
    """Return the text of a persona.

    `persona` is the name of a shipped one, such as `ko`; or the path of a file, which has a `/` in
    it or ends in `.md`; or `auto` for the shipped one of the language (ISO 639-1), English where
    there is none. Raises EngineError for a file that is not there, is no text, or is too long.
    """
    if '/' in persona or persona.endswith('.md'):
        return _text(Path(persona).expanduser())
    folder = folder or shipped()
    if persona == AUTO:
        own = folder / f'{language.partition("-")[0].lower()}.md'
        return _text(own if own.is_file() else folder / f'{FALLBACK}.md')
    path = folder / f'{persona}.md'
    if not path.is_file():
        names = ', '.join(sorted(file.stem for file in folder.glob('*.md')))
        raise EngineError(
            f'persona is {persona[:60]!r}, expected auto, one of {names}, or the path of a text '
            'file, such as /home/me/robot.md'
        )
    return _text(path)


def _text(path: Path) -> str:
    try:
        # What a device file has is endless.
        with path.open(encoding='utf-8') as file:
            text = file.read(MOST + 1)
    except (OSError, UnicodeError) as err:
        raise EngineError(f'the persona {path} cannot be read: {err}') from err
    if not text.strip():
        raise EngineError(f'the persona {path} is empty; write who the robot is, in sentences')
    if len(text) > MOST:
        raise EngineError(f'the persona {path} has more than {MOST:,} characters; shorten it')
    return text
