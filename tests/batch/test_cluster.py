"""Connecting to a scheduler: only with TLS, with our own keys, and only to Dask workers that fit."""

from __future__ import annotations

import os
import site
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import Client

from grader.batch.cluster import ClusterError, Keys, connect, find_keys, isolated
from grader.batch.keys import make_keys, remove_keys, seen_by_students
from grader.engine import Options
from grader.model import Level
from tests.batch.clusters import Processes, processes


@pytest.fixture(scope="module")
def started(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """A scheduler that nobody works for."""
    with processes(keys, tmp_path_factory.mktemp("dask")) as cluster:
        cluster.start_scheduler()
        yield cluster


@pytest.fixture
def listener() -> Iterator[str]:
    """Something that takes connections and closes them."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    server.accept()[0].close()
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("address", ["tcp://head:8786", "ws://head:8786", "inproc://head"])
def test_a_scheduler_without_encryption_is_refused_and_the_line_says_why(address: str, keys: Keys) -> None:
    with pytest.raises(ClusterError, match=r"everyone who reaches a scheduler can run code on it.*say tls://HOST:PORT"):
        connect(address, keys)


def test_a_scheduler_that_does_not_speak_tls_is_refused(listener: str, keys: Keys) -> None:
    with pytest.raises(ClusterError, match=rf"no scheduler for us at {listener}: .*with TLS"):
        connect(listener, keys, timeout_s=1)


def test_a_scheduler_refuses_who_has_other_keys(started: Processes, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="same certificate authority"):
        connect(started.address, make_keys(tmp_path), timeout_s=1)


def test_a_scheduler_with_tls_refuses_who_does_not_encrypt(started: Processes) -> None:
    with pytest.raises(OSError, match=r"Timed out|closed"):
        Client(started.address.replace("tls://", "tcp://"), timeout=1, set_as_default=False)


def test_a_scheduler_that_nobody_works_for_is_refused(started: Processes, keys: Keys) -> None:
    with pytest.raises(ClusterError, match="has no Dask workers; start some, or say with --width"):
        connect(started.address, keys, timeout_s=0.5)


def test_dask_workers_with_many_threads_are_refused(keys: Keys, tmp_path: Path) -> None:
    with processes(keys, tmp_path) as cluster:
        cluster.start_scheduler()
        cluster.start_workers(1, threads=4)
        with pytest.raises(ClusterError, match=r"has 4 threads.*--nthreads 1"):
            connect(cluster.address, keys)


def test_keys_are_found_in_the_configuration_of_dask(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    import dask.config

    with pytest.raises(ClusterError, match="say --tls-ca FILE, or set DASK_DISTRIBUTED__COMM__TLS__CA_FILE"):
        find_keys()
    with dask.config.set(
        {
            "distributed.comm.tls.ca-file": str(keys.authority),
            "distributed.comm.tls.client.cert": str(keys.certificate),
        }
    ):
        with pytest.raises(ClusterError, match="say --tls-key FILE, or set DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY"):
            find_keys()
        assert find_keys(key=keys.key) == keys


def test_keys_that_are_missing_are_named(keys: Keys, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"nowhere\.pem: No such file"):
        find_keys(tmp_path / "nowhere.pem", keys.certificate, keys.key)


def test_a_file_that_is_no_key_is_named_as_such(keys: Keys, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("no key\n")
    (tmp_path / "key.pem").chmod(0o600)
    found = find_keys(keys.authority, keys.certificate, tmp_path / "key.pem")
    with pytest.raises(ClusterError, match="the certificate and key cannot be used"):
        connect("tls://127.0.0.1:1", found, timeout_s=1)


def test_a_key_that_others_may_read_is_refused(keys: Keys, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(keys.key.read_bytes())
    key.chmod(0o640)
    with pytest.raises(ClusterError, match=r"other users may read this key.*chmod 600"):
        find_keys(keys.authority, keys.certificate, key)


@pytest.mark.skipif(os.name != "posix", reason="there are no modes of files here")
def test_keys_are_made_where_nobody_else_looks(tmp_path: Path) -> None:
    made = make_keys(tmp_path / "a" / "b")
    assert stat.S_IMODE(made.key.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in made.key.parent.iterdir()} == {0o600}
    remove_keys(made)
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_keys_of_a_run_that_was_killed_are_removed_by_the_next(tmp_path: Path) -> None:
    dead = tmp_path / f"keys-{socket.gethostname()}-{2**22 + 1}-old"
    dead.mkdir()
    other = tmp_path / "keys-elsewhere-12-old"
    other.mkdir()
    made = make_keys(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([other, made.key.parent])


def test_a_key_that_student_code_can_see_is_refused(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen_by_students(Path(site.getsitepackages()[0]) / "key.pem")
    assert not seen_by_students(keys.key)
    monkeypatch.setattr("grader.batch.keys.LIBRARIES", (str(keys.key.parent),))
    with pytest.raises(ClusterError, match="student code can see this folder"):
        find_keys(keys.authority, keys.certificate, keys.key)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ClusterError, match="cannot keep a key in"):
        make_keys(tmp_path / "file")


def test_without_the_extra_the_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ClusterError, match=r"pip install 'grader\[cluster\]'"):
        connect("tls://head:8786")


def test_every_machine_of_a_cluster_must_have_the_sandbox_unless_a_person_says_otherwise() -> None:
    assert isolated(Options()).required is Level.SANDBOX
    assert isolated(Options(), Level.PROCESS).required is Level.PROCESS
