"""`grade doctor` as a command: what it shows and writes, and how it ends."""

from __future__ import annotations

import importlib.util
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import namedtuple
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec
import psutil  # type: ignore[import-untyped]
import pytest
from click.testing import CliRunner, Result

from grader import cli, progress, sandbox
from grader.doctor import around, examine
from grader.doctor.findings import Attempt, Findings, Mechanism, Verdict
from grader.model import Level

ROOT = Path(__file__).resolve().parents[2]
GOOD = ROOT / "tests" / "courses" / "good"
STOPPED = Attempt(name="fork", title="start a process", verdict=Verdict.REFUSED, why="Operation not permitted")
THROUGH = Attempt(name="send_udp", title="send over UDP", verdict=Verdict.GOT_THROUGH)
UNCLEAR = Attempt(name="use_cpu", title="use more CPU time", verdict=Verdict.UNCLEAR, why="it gave no answer")
BUBBLEWRAP = Mechanism(name="bubblewrap", in_force=False, detail="not installed", advice=("apt-get install it",))
SANDBOX = Findings(level=Level.SANDBOX, attempts=(STOPPED,), mechanisms=(Mechanism(name="seccomp", in_force=True),))


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(progress, "folder", lambda: tmp_path / "state")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "100")


def doctor(monkeypatch: pytest.MonkeyPatch, findings: Findings | Exception, *args: str) -> Result:
    def examined(homes: Sequence[Path], without: Sequence[str] = ()) -> Findings:
        if isinstance(findings, Exception):
            raise findings
        return findings

    monkeypatch.setattr(examine, "examine", examined)
    return CliRunner().invoke(cli.main, ["doctor", *args])


def process(*args: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "grader", "doctor", *args],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "COLUMNS": "100", **environment},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_it_works_for_real_without_a_course(tmp_path: Path) -> None:
    done = process("--json", "found.json", cwd=tmp_path, XDG_STATE_HOME=str(tmp_path / "state"))
    assert (done.returncode, done.stderr) == (0, "")
    found = msgspec.json.decode((tmp_path / "found.json").read_bytes(), type=Findings)
    assert found.is_sandbox
    assert found.problem == ""
    assert all(one.verdict is Verdict.REFUSED for one in found.attempts)
    assert "✓ in force    seccomp: a filter for " in done.stdout
    assert "✓ stopped     read a file: " in done.stdout
    assert "✓ fine        course: none in this folder or above it" in done.stdout
    assert "Isolation here: sandbox." in done.stdout
    assert "\x1b" not in done.stdout


def test_less_than_a_sandbox_ends_with_1_and_is_calm(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Findings(
        level=Level.PROCESS, mechanisms=(BUBBLEWRAP,), attempts=(STOPPED, THROUGH, UNCLEAR), untouched=False
    )
    result = doctor(monkeypatch, found)
    assert result.exit_code == 1
    assert "✗ missing     bubblewrap: not installed\n    apt-get install it\n" in result.stdout
    assert "✗ got through send over UDP\n" in result.stdout
    assert "? unclear     use more CPU time: it gave no answer" in result.stdout
    assert "Isolation here: process." in result.stdout
    assert "2 of 3 attempts got through" in " ".join(result.stdout.split())
    assert "That is fine for code of your own." in result.stdout


def test_fewer_walls_that_all_held_are_less_than_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    result = doctor(monkeypatch, Findings(level=Level.PROCESS, attempts=(STOPPED,)))
    assert result.exit_code == 1
    assert "Every attempt was stopped, but by fewer walls" in result.stdout


@pytest.mark.parametrize(
    "found",
    [
        msgspec.structs.replace(SANDBOX, attempts=(STOPPED, THROUGH)),
        msgspec.structs.replace(SANDBOX, attempts=(STOPPED, UNCLEAR)),
        msgspec.structs.replace(SANDBOX, untouched=False),
    ],
    ids=["through", "unclear", "touched"],
)
def test_a_sandbox_that_did_not_hold_is_none(found: Findings, monkeypatch: pytest.MonkeyPatch) -> None:
    result = doctor(monkeypatch, found)
    assert result.exit_code == 1
    assert "Please report this" in result.stdout


def test_where_nothing_can_be_tried_it_ends_with_3_and_keeps_the_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    error = examine.ExaminationError("it cannot be tried here: \x1b[31mno space", "the log\n")
    result = doctor(monkeypatch, error, "--json", "found.json")
    assert result.exit_code == 3
    log = tmp_path / "state" / "last-failure.log"
    assert result.stderr == f"grade: it cannot be tried here: no space (details: {log})\n"
    assert log.read_text() == "the log\n"
    assert "Isolation here: unknown" in result.stdout
    assert "✓ fine        Python: " in result.stdout
    found = msgspec.json.decode((tmp_path / "found.json").read_bytes(), type=Findings)
    assert found.level is None
    assert not found.is_sandbox


def test_a_narrow_terminal_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    long = Attempt(name="x", title="a " * 30 + "end", verdict=Verdict.REFUSED, why="/a" * 60)
    result = doctor(monkeypatch, msgspec.structs.replace(SANDBOX, attempts=(long,)))
    shown = result.stdout.partition("What one tried")[2].partition("What else")[0]
    assert all(len(line) <= 40 for line in shown.splitlines())
    assert "".join(shown.split()).count("/a") == 60


def test_a_command_in_an_advice_is_not_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    command = "sudo " + "x" * 200
    found = Findings(level=Level.PROCESS, mechanisms=(msgspec.structs.replace(BUBBLEWRAP, advice=(command,)),))
    assert f"    {command}\n" in doctor(monkeypatch, found).stdout


@pytest.mark.parametrize(
    ("path", "words"), [("x.py", "source file"), (".", "is a folder"), ("no/x.json", "no such folder")]
)
def test_a_file_that_cannot_be_meant_is_refused_first(path: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    result = doctor(monkeypatch, AssertionError("must not be reached"), "--json", path)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_file_that_cannot_be_written_is_our_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    result = doctor(monkeypatch, SANDBOX, "--json", "/dev/full")
    assert (result.exit_code, result.stderr) == (3, "/dev/full: the JSON can't be written (No space left on device)\n")


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    program = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); import grader.cli; grader.cli.main()"
    done = subprocess.run(
        [sys.executable, "-B", "-c", program, "doctor"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "s")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 3
    assert done.stderr.startswith("grade: it cannot be tried here: ")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.glob("grade-*")) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 0


def test_ctrl_c_ends_with_130_and_leaves_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    started = subprocess.Popen(
        [sys.executable, "-m", "grader", "doctor"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert started.stdout is not None
        assert "trying" in started.stdout.readline()
        children = psutil.Process(started.pid).children(recursive=True)
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=60)
    finally:
        started.kill()
    assert started.returncode == 130
    assert "Traceback" not in out + err
    assert psutil.wait_procs(children, timeout=30)[1] == []
    assert list(tmp_path.glob("grade-*")) == []


def test_the_layers_of_the_command_line_are_those_of_the_sandbox() -> None:
    assert cli.LAYERS == sandbox.LAYERS


# What else grading needs


def look(course: Path | None, here: Path) -> dict[str, tuple[bool, str, tuple[str, ...]]]:
    return {one.name: (one.ok, one.detail, one.advice) for one in around.look_around(course, here)}


def test_a_course_is_counted_and_its_problems_are_listed(tmp_path: Path) -> None:
    ok, detail, advice = look(GOOD, tmp_path)["course"]
    assert (ok, advice) == (True, ())
    assert detail.startswith(f"{GOOD}, ")
    broken = tmp_path / "solutions" / "01_first" / "alpha"
    broken.mkdir(parents=True)
    (tmp_path / "exercises").mkdir()
    (broken / "exercise.toml").write_text("title = 3")
    ok, _, advice = look(None, tmp_path)["course"]
    assert not ok
    assert "alpha" in advice[0]


def test_a_named_course_that_is_none_is_not_fine(tmp_path: Path) -> None:
    ok, detail, _ = look(tmp_path, tmp_path)["course"]
    assert not ok
    assert str(tmp_path) in detail


def test_too_little_space_and_a_folder_that_cannot_be_used_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Usage = namedtuple("Usage", "total used free")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 10 << 20))
    ok, detail, advice = look(None, tmp_path)["scratch"]
    assert (ok, detail) == (False, f"{tmp_path}, 10 MiB free")
    assert "Free some space" in advice[0]
    monkeypatch.setenv("TMPDIR", "/nowhere")
    assert "TMPDIR names /nowhere, which cannot be used." in look(None, tmp_path)["scratch"][2]

    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    assert look(None, tmp_path)["scratch"][:2] == (False, "No usable temporary directory found")


def test_a_package_that_is_not_there_is_told_with_its_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def version(name: str) -> Any:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    found = look(None, tmp_path)
    assert found["torch"] == (False, "not installed", ("pip install torch",))
    assert found["reports"][2] == ("pip install rich jinja2 pygments nbformat",)
    assert found["watch"][0]
    assert "pip install 'grader[watch]'" in found["watch"][1]
