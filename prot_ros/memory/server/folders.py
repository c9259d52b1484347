# SPDX-License-Identifier: Apache-2.0
"""Where prot keeps what must outlive it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from prot_ros.engines.kinds import EngineError

DATA_VARIABLE = 'PROT_DATA_DIR'
SYSTEM_FOLDER = Path('/var/lib/prot')
"""For root: PostgreSQL runs as another user there, who could not enter root's home."""


def data_folder(setting: str = '', environment: Mapping[str, str] | None = None) -> Path:
    """Return the absolute path of the data folder; it need not exist yet.

    The first of: `setting` (a parameter or option, '' when not given), PROT_DATA_DIR, for root
    /var/lib/prot, XDG_DATA_HOME/prot, ~/.local/share/prot. Raises EngineError when there is no
    home folder to fall back on.
    """
    environment = os.environ if environment is None else environment
    chosen = setting or environment.get(DATA_VARIABLE, '')
    try:
        if chosen:
            return Path(chosen).expanduser().absolute()
        if os.geteuid() == 0:
            return SYSTEM_FOLDER
        # The XDG specification says that a relative path is to be ignored.
        shared = Path(environment.get('XDG_DATA_HOME', ''))
        if shared.is_absolute():
            return shared / 'prot'
        return Path.home() / '.local' / 'share' / 'prot'
    except RuntimeError as err:
        raise EngineError(
            f'there is no home folder for the data of prot ({err}); set {DATA_VARIABLE} to a '
            'folder that you can write to'
        ) from err
