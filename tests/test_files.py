"""A file is written whole or not at all."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.files import write_atomically, write_pieces


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_new_file_holds_the_bytes_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.json", b"\r\nbytes\x00")

    assert (tmp_path / "a.json").read_bytes() == b"\r\nbytes\x00"
    assert names(tmp_path) == ["a.json"]


def test_an_old_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a longer text from before")

    write_atomically(tmp_path / "a", b"new")

    assert (tmp_path / "a").read_bytes() == b"new"


@pytest.mark.parametrize("mistake", [OSError("disk full"), KeyboardInterrupt()])
def test_what_was_there_survives_a_failure_and_the_half_written_file_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mistake: BaseException
) -> None:
    def fail(descriptor: int) -> None:
        raise mistake

    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(type(mistake)):
        write_atomically(tmp_path / "a", b"new")

    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_pieces_are_written_as_they_are_made_and_one_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    def pieces(mistake: bool) -> Iterator[bytes]:
        yield b"one "
        if mistake:
            raise ValueError("no second piece")
        yield b"two"

    write_pieces(tmp_path / "a", pieces(mistake=False))
    with pytest.raises(ValueError, match="no second piece"):
        write_pieces(tmp_path / "a", pieces(mistake=True))

    assert (tmp_path / "a").read_bytes() == b"one two"
    assert names(tmp_path) == ["a"]


def test_a_folder_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "nowhere" / "a", b"x")


def test_a_folder_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()

    with pytest.raises(OSError, match=r"directory|Access"):
        write_atomically(tmp_path / "a", b"x")

    assert names(tmp_path) == ["a"]


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a privilege on Windows")
def test_a_symbolic_link_is_replaced_and_its_target_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"keep me")
    (tmp_path / "report.html").symlink_to("precious")

    write_atomically(tmp_path / "report.html", b"report")

    assert (tmp_path / "precious").read_bytes() == b"keep me"
    assert not (tmp_path / "report.html").is_symlink()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()

    write_atomically(pipe, b"to the pipe")
    reader.join()

    assert read == [b"to the pipe"]
    assert pipe.is_fifo()


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_the_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "ordinary").touch()

    write_atomically(tmp_path / "a", b"x")

    assert (tmp_path / "a").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    for place in (tmp_path / "nowhere" / "report.html", tmp_path):  # no such folder, a folder
        with pytest.raises(OSError, match=r"directory|Access") as caught:
            write_atomically(place, b"x")
        assert caught.value.filename == str(place)
