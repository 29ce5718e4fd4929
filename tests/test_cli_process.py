"""The command as a process, with a real judge: exit codes, signals, streams."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import psutil  # type: ignore[import-untyped]
import pytest

ROOT = Path(__file__).resolve().parent.parent
GOOD = ROOT / "tests" / "courses" / "good"
SOLVED = "def beta(x):\n    return 2 * x\n"
LOOP = "def zeta(x):\n    while True:\n        pass\n"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "beta.py").write_text(SOLVED)
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": "utf-8",
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "COLUMNS": "100",
    }


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "grader", *args, "--course", str(GOOD)]


def grade(work: Path, environment: Mapping[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*args), cwd=work, env=environment, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.fixture
def started(work: Path, environment: Mapping[str, str]) -> Iterator[list[subprocess.Popen[str]]]:
    running: list[subprocess.Popen[str]] = []
    yield running
    for process in running:
        process.kill()
        process.communicate()


def read_until(stream: IO[str] | None, text: str) -> str:
    """What the process wrote up to the line with `text`; fails if it ends without."""
    assert stream is not None
    seen = ""
    for line in stream:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"{text!r} was never written, only:\n{seen}")


def test_full_marks(work: Path, environment: Mapping[str, str]) -> None:
    done = grade(work, environment, ".")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Total  1 of 1 point\n" in done.stdout
    assert (work / "report.html").is_file()


def test_less_isolation_than_required_is_one_line_that_leads_to_the_doctor(
    work: Path, environment: Mapping[str, str], tmp_path: Path
) -> None:
    poorer = {**environment, "PATH": str(tmp_path), "GRADE_REQUIRE_ISOLATION": "sandbox"}
    done = grade(work, poorer, ".")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("grade: isolation 'sandbox' is not available here, only 'process' (bubblewrap: not ")
    assert done.stderr.endswith("; see: grade doctor\n")
    assert "Total" not in done.stdout
    assert grade(work, poorer, ".", "--require-isolation", "process").returncode == 0


def test_help_imports_nothing_heavy(work: Path, environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "grader", "--help"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "click" in imported
    assert not imported & {"torch", "numpy", "nbformat", "pytest", "_pytest", "rich", "jinja2", "pygments"}


def test_grading_imports_no_torch_in_the_command_itself(work: Path, environment: Mapping[str, str]) -> None:
    program = (
        "import sys; from grader.cli import main\n"
        f"code = main(['.', '--course', {str(GOOD)!r}], standalone_mode=False)\n"
        "sys.exit(77 if {'torch', 'pytest', 'nbformat'} & set(sys.modules) else code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=work, env=environment, capture_output=True, timeout=100, check=False
    )
    assert done.returncode == 0


def test_ctrl_c_leaves_no_process_and_keeps_what_was_graded(
    work: Path, environment: Mapping[str, str], started: list[subprocess.Popen[str]]
) -> None:
    (work / "zeta.py").write_text(LOOP)
    process = subprocess.Popen(
        command(".", "--timeout", "60"),
        cwd=work,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    started.append(process)
    read_until(process.stdout, "graded beta")
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped: 1 of 2 graded; `grade list` remembers them.\n" in err
    assert "Traceback" not in out + err
    assert psutil.wait_procs(children, timeout=30)[1] == []
    assert "✓ done" in grade(work, environment, "list").stdout


def test_ctrl_c_while_the_judge_starts_ends_with_130(
    work: Path, environment: Mapping[str, str], started: list[subprocess.Popen[str]]
) -> None:
    # The line about another file is written just before the judge is started.
    (work / "notes.txt").write_text("x")
    process = subprocess.Popen(
        command("notes.txt", "."),
        cwd=work,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    started.append(process)
    read_until(process.stderr, "notes.txt is not a Python file")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in out + err


def test_a_reader_that_leaves_costs_no_report(
    work: Path, environment: Mapping[str, str], started: list[subprocess.Popen[str]]
) -> None:
    process = subprocess.Popen(
        command("."), cwd=work, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    started.append(process)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 0
    assert (work / "report.html").is_file()


def test_a_full_disk_behind_stdout_is_one_line(work: Path, environment: Mapping[str, str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command("."), cwd=work, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, timeout=100,
            check=False,
        )  # fmt: skip
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "No space left on device" in done.stderr


def test_a_terminal_without_unicode_gets_question_marks(work: Path, environment: Mapping[str, str]) -> None:
    done = grade(work, {**environment, "PYTHONIOENCODING": "ascii"}, ".")
    assert done.returncode == 0
    assert "? beta" in done.stdout


def test_closed_streams_are_survived(work: Path, environment: Mapping[str, str]) -> None:
    line = " ".join(command(".")) + " >&- 2>&-"
    assert subprocess.run(line, shell=True, cwd=work, env=environment, timeout=100, check=False).returncode == 0  # noqa: S602


def test_watching_grades_again_on_save_and_ends_with_ctrl_c(
    work: Path, environment: Mapping[str, str], started: list[subprocess.Popen[str]]
) -> None:
    (work / "beta.py").write_text("def beta(x):\n    return x\n")
    process = subprocess.Popen(
        command(".", "--watch"),
        cwd=work,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    started.append(process)
    read_until(process.stderr, "Watching .; saving a file grades it again")
    read_until(process.stdout, "Next: beta")
    (work / "beta.py.new").write_text(SOLVED)
    (work / "beta.py.new").rename(work / "beta.py")  # as editors do
    assert "graded beta: 1 of 1 point" in read_until(process.stdout, "Report: ")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in out + err
