# SPDX-License-Identifier: Apache-2.0
"""Which user PostgreSQL runs as. It refuses to run as root, so root hands it to somebody else."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from prot_ros.engines.kinds import EngineError

CANDIDATES = ('postgres', 'nobody')
"""Users that systems have anyway; none is ever created."""


@dataclass(frozen=True)
class Account:
    """The user that PostgreSQL runs as."""

    name: str
    uid: int
    gid: int
    borrowed: bool
    """Whether it is not our own."""

    def command(self, death_signal: str, program: Path, *arguments: str) -> list[str]:
        """Return the command line that runs a program as this user.

        The kernel sends it `death_signal` when the thread that starts it ends, however it ends;
        a server started otherwise would survive the SIGKILL of its parent.
        """
        setpriv = shutil.which('setpriv')
        if setpriv is None:
            raise EngineError(
                "the program 'setpriv' is not installed, without which PostgreSQL would outlive a "
                'killed prot; install the package util-linux'
            )
        command = [setpriv, '--pdeathsig', death_signal]
        if self.borrowed:
            command += ['--reuid', str(self.uid), '--regid', str(self.gid), '--clear-groups']
        return [*command, '--', str(program), *arguments]


def choose(data: Path) -> Account:
    """Return ourselves, or for root the owner of the database, or the first of CANDIDATES.

    The owner comes first because a user that is installed later must not change whose it is.
    """
    uid = os.geteuid()
    if uid != 0:
        return Account(_name(uid), uid, os.getegid(), borrowed=False)
    if data.exists():
        owner = data.stat()
        if owner.st_uid != 0:
            return Account(_name(owner.st_uid), owner.st_uid, owner.st_gid, borrowed=True)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid, borrowed=True)
    raise EngineError(
        'PostgreSQL refuses to run as root, and neither of the users '
        f'{" and ".join(CANDIDATES)} exists here; run prot as another user, or set '
        'PROT_DATABASE_URL to a server'
    )


def check_reach(account: Account, program: Path, folder: Path) -> None:
    """Raise EngineError, with the way to mend it, unless the user can run `program` in `folder`.

    Nobody's folders are opened for it: that is for a person to decide.
    """
    if not account.borrowed:
        return
    _require(account, program, 'which holds PostgreSQL', 'install prot outside of it', '-x')
    advice = f'set PROT_DATA_DIR to a folder elsewhere, such as {Path("/var/lib/prot")}'
    _require(account, folder, 'which holds the data of prot', advice, '-w')


def _require(account: Account, path: Path, role: str, advice: str, access: str) -> None:
    # Asking the kernel, as that user, is right also where access lists decide.
    test = Path(shutil.which('test') or '/usr/bin/test')
    try:
        tried = subprocess.run(
            account.command('KILL', test, access, str(path)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=10,
            check=False,
        )
    except subprocess.TimeoutExpired as err:
        raise EngineError(f'{path}, {role}, does not answer; is its file system there?') from err
    if tried.returncode == 0:
        return
    closed = [parent for parent in reversed(path.parents) if not _enters(account, parent)]
    if closed:
        where, mend = closed[0], f'or let that user in: chmod o+x {closed[0]}'
    else:
        said = tried.stderr.decode(errors='replace').strip()
        where, mend = path, f'or let that user use it ({said or "permission denied"})'
    raise EngineError(
        f'PostgreSQL runs as {account.name!r} because it refuses root, and {account.name!r} '
        f'cannot enter {where}, {role}; {advice}, {mend}'
    )


def _enters(account: Account, folder: Path) -> bool:
    entry = folder.stat()
    if entry.st_uid == account.uid:
        return bool(entry.st_mode & stat.S_IXUSR)
    if entry.st_gid == account.gid:
        return bool(entry.st_mode & stat.S_IXGRP)
    return bool(entry.st_mode & stat.S_IXOTH)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
