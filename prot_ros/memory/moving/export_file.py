# SPDX-License-Identifier: Apache-2.0
"""The file in which a memory is moved: its form, written and read in constant memory.

    prot memory export 1          a line: what it is, and the number of the form
    ...                           records, one JSON object in a line each, as one zlib stream
    sha256 0123...                a line: the sum of all before it

The last line is written when all else is there, so a file that lacks it is not whole. A record has
its `kind`; those of a kind that a reader does not know are passed over, and a change that needs
more than that has another number.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from prot_ros.engines.kinds import EngineError

FORM = 1
_BEGIN = b'prot memory export '
_SUM = b'\nsha256 '
_SUM_BYTES = len(_SUM) + 64 + 1
_CHUNK = 2**15
_MOST_LINE = 16 * 2**20
"""Bytes of a record: more than the longest turn takes, with every character escaped."""
_HEAD = re.compile(rb'prot memory export ([0-9]{1,9})\n')

Record = dict[str, Any]


class ExportFile:
    """Writes a file that is there as a whole or not at all.

    It grows under another name, and gets its own when it is complete and on the disk.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = path.with_name(path.name + '.part')
        self.records = 0
        self.size = 0
        """Bytes so far."""
        self._file: BinaryIO
        self._sum = hashlib.sha256()
        self._packer = zlib.compressobj(6)

    def __enter__(self) -> ExportFile:
        try:
            # What people say is for nobody else to read.
            descriptor = os.open(self.part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as err:
            raise EngineError(f'{self.part} cannot be written: {err.strerror}') from err
        self._file = os.fdopen(descriptor, 'wb')
        try:
            self._put(_BEGIN + b'%d\n' % FORM)
        except BaseException:
            self.__exit__(None, EngineError(''), None)
            raise
        return self

    def write(self, record: Record) -> None:
        """Add a record. Raises EngineError where the disk is full."""
        line = json.dumps(record, ensure_ascii=False, separators=(',', ':')) + '\n'
        self._put(self._packer.compress(line.encode()))
        self.records += 1

    def _put(self, data: bytes) -> None:
        self._sum.update(data)
        self.size += len(data)
        try:
            self._file.write(data)
        except OSError as err:
            raise EngineError(f'{self.part} cannot be written: {err.strerror}') from err

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is not None:
                return
            self._put(self._packer.flush())
            self._put(_SUM + self._sum.hexdigest().encode() + b'\n')
            self._file.flush()
            os.fsync(self._file.fileno())
            self.part.rename(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as err:
            raise EngineError(f'{self.path} cannot be written: {err.strerror}') from err
        finally:
            try:
                self._file.close()
            except OSError:
                pass  # what could not be written was said above
            self.part.unlink(missing_ok=True)


def check(path: Path, on_read: Callable[[int, int], None] = lambda done, size: None) -> None:
    """Raise EngineError unless the file is an export, of a form that we know, whole and unchanged.

    `on_read` is told how many bytes of how many have been read.
    """
    for _ in _bytes(path, on_read):
        pass


def records(path: Path, on_read: Callable[[int, int], None]) -> Iterator[Record]:
    """Yield the records of a file; raise EngineError where it is damaged.

    Where it is damaged may be known only at its end: nothing is to be believed before.
    """
    unpacker = zlib.decompressobj()
    rest = b''
    try:
        for data in _bytes(path, on_read):
            while data:
                rest += unpacker.decompress(data, _CHUNK)
                data = unpacker.unconsumed_tail
                *lines, rest = rest.split(b'\n')
                for line in lines:
                    yield _record(line, path)
                if len(rest) > _MOST_LINE:
                    raise damaged(path, 'a record is too long')
    except zlib.error as err:
        raise damaged(path, str(err)) from err
    if rest or not unpacker.eof or unpacker.unused_data:
        raise damaged(path, 'it ends in the middle of a record')


def _record(line: bytes, path: Path) -> Record:
    try:
        found = json.loads(line)
    except ValueError as err:
        raise damaged(path, 'a record cannot be read') from err
    if not isinstance(found, dict):
        raise damaged(path, 'a record is none')
    return found


def damaged(path: Path, why: str) -> EngineError:
    """Return what to raise for a file that is not as it was written."""
    return EngineError(f'{path} is damaged ({why}); nothing was imported, take another copy')


def _bytes(path: Path, on_read: Callable[[int, int], None]) -> Iterator[bytes]:
    """Yield what is between the first line and the last; compare the sum at the end."""
    try:
        with path.open('rb') as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            head = file.readline(len(_BEGIN) + 11)
            found = _HEAD.fullmatch(head)
            if found is None:
                raise EngineError(
                    f'{path} is not an export of a memory, or its beginning is damaged'
                )
            if int(found[1]) > FORM:
                raise EngineError(
                    f'{path} was written by a newer prot (form {int(found[1])}, this one reads up '
                    f'to {FORM}); update prot'
                )
            total = hashlib.sha256(head)
            left = size - len(head) - _SUM_BYTES
            while left > 0:
                data = file.read(min(_CHUNK, left))
                if not data:
                    break
                left -= len(data)
                total.update(data)
                on_read(size - left, size)
                yield data
            if file.read() != _SUM + total.hexdigest().encode() + b'\n':
                raise damaged(path, 'its sum is not that of its content, or its end is missing')
    except OSError as err:
        raise EngineError(f'{path} cannot be read: {err.strerror}') from err
