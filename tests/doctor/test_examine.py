"""What submissions try, for real: nothing gets through, and without a layer exactly that which it alone stops."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from grader.doctor import examine as examination
from grader.doctor import tries
from grader.doctor.attempts import TRIES
from grader.doctor.examine import ExaminationError, examine
from grader.doctor.findings import Findings, Mechanism, Verdict
from grader.doctor.outside import VARIABLE, Outside
from grader.model import Level
from grader.sandbox import LAYERS, SandboxError, Zygote

FILES = {"read_file", "list_folder", "stat_file", "write_file"}
NETWORK = {"connect_tcp", "send_udp", "connect_unix"}
LOOKING = {"list_processes", "read_environment", "read_memory"}
UNBOUNDED = {"write_disk", "start_threads"}
EVERYTHING = FILES | NETWORK | LOOKING | UNBOUNDED | {"fork", "execute", "copy_memory", "end_process"}
HOST_ONLY = ("bubblewrap", "namespaces")


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files; it is empty afterwards, and no process is left."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    before = psutil.Process().children(recursive=True)
    yield folder
    assert os.listdir(folder) == []  # noqa: PTH208
    assert psutil.wait_procs([p for p in psutil.Process().children(True) if p not in before], timeout=10)[1] == []
    assert VARIABLE not in os.environ


def mechanism(findings: Findings, name: str) -> Mechanism:
    return next(one for one in findings.mechanisms if one.name == name)


def got_through(findings: Findings) -> set[str]:
    assert [one.name for one in findings.attempts] == [one.name for one in TRIES]
    assert {one.verdict for one in findings.attempts} <= {Verdict.REFUSED, Verdict.GOT_THROUGH}, findings.attempts
    return {one.name for one in findings.got_through}


def test_here_every_mechanism_is_in_force_and_every_attempt_is_stopped(scratch: Path, tmp_path: Path) -> None:
    findings = examine([tmp_path, tmp_path / "not there"])
    assert got_through(findings) == set()
    assert findings.level is Level.SANDBOX
    assert findings.is_sandbox
    assert findings.untouched
    missing = [one.name for one in findings.mechanisms if one.needed and not one.in_force]
    assert missing == []
    assert [one.name for one in findings.mechanisms] == [*LAYERS, "another user", "limits"]
    assert mechanism(findings, "another user").needed == (os.geteuid() == 0)
    assert all(one.why for one in findings.attempts)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scratch"]


@pytest.mark.parametrize(
    ("without", "expected"),
    [
        (LAYERS, EVERYTHING),
        (("seccomp",), {"fork"}),
        ((*HOST_ONLY, "seccomp"), {"stat_file", "send_udp", "connect_unix", "fork"} | UNBOUNDED),
        ((*HOST_ONLY, "landlock"), FILES | LOOKING | UNBOUNDED),
    ],
    ids=["nothing is left", "no seccomp", "only landlock", "only seccomp"],
)
def test_without_a_layer_exactly_what_it_stops_gets_through(
    without: tuple[str, ...], expected: set[str], scratch: Path
) -> None:
    # Where there is a cgroup it bounds threads too.
    findings = examine(without=(*without, "cgroup"))
    assert got_through(findings) == expected
    assert findings.level is Level.PROCESS
    assert not findings.is_sandbox
    assert not findings.untouched
    for name in LAYERS:
        assert mechanism(findings, name).in_force == (name not in without)
    assert all(mechanism(findings, name).detail == "left out" for name in without)


def test_without_bubblewrap_on_the_path_it_is_named_with_what_to_do(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(scratch))
    findings = examine()
    assert findings.level is Level.PROCESS
    found = mechanism(findings, "bubblewrap")
    assert not found.in_force
    assert found.detail.startswith("not installed")
    assert len(found.advice) == 1
    assert "bubblewrap" in found.advice[0]
    assert mechanism(findings, "namespaces").detail == "comes with bubblewrap"
    assert {one.name for one in findings.got_through} >= {"stat_file"}


def test_a_zygote_that_cannot_start_is_one_line_with_its_last_words(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Zygote) -> None:
        raise SandboxError("the process that forks workers has ended with status 1")

    monkeypatch.setattr(Zygote, "wait_ready", fail)
    monkeypatch.setattr(Zygote, "_last_error", lambda *_: "Traceback\nImportError: no torch")
    with pytest.raises(
        ExaminationError, match=r"^the process that .* cannot be started: ImportError: no torch$"
    ) as got:
        examine()
    assert "Traceback" in got.value.log


def test_a_folder_for_temporary_files_that_is_gone_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(ExaminationError, match=r"^it cannot be tried here: No such file or directory: \S+gone\S+$"):
        examine()


def test_a_system_without_fork_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    with pytest.raises(ExaminationError, match="submissions cannot be run on"):
        examine()


def test_what_a_submission_says_does_not_count_where_one_can_see(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lies = "def report(name, targets):\n    print(json.dumps({'got': 'secret.tx grade-doctor- sent process 3'}))\n"
    source = Path(tries.__file__).read_text("utf-8") + lies

    monkeypatch.setattr(examination, "_tries", lambda: source)
    findings = examine()
    said = {one.name for one in findings.got_through}
    assert said == {one.name for one in TRIES if not one.decided}


def test_each_try_has_its_function_and_says_something_of_its_own() -> None:
    assert all(callable(getattr(tries, one.name)) for one in TRIES)
    assert len({one.title for one in TRIES}) == len(TRIES)


def test_what_happens_outside_is_seen_once(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = scratch / ("a" * 200)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    monkeypatch.chdir(scratch)  # one of the tries goes elsewhere
    with Outside() as outside:
        assert not outside.was_written()
        tries.write_file(outside.targets)
        assert outside.was_written()
        assert not outside.was_written()
        for kind, reach in (("tcp", tries.connect_tcp), ("udp", tries.send_udp), ("unix", tries.connect_unix)):
            assert not outside.was_reached(kind)
            reach(outside.targets)
            assert outside.was_reached(kind)
            assert not outside.was_reached(kind)
        assert not outside.has_ended()
        assert not outside.sees_process()
        tries.end_process(outside.targets)
        assert outside.has_ended(within_s=10)
    long.rmdir()
