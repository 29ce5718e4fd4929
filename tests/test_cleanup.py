"""However grading ends, no process of it and no folder is left.

Each test ends the real command, or a script with an engine, in the middle of a submission that loops for ever.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests import processes

ROOT = Path(__file__).resolve().parent.parent
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
LOOP = "print('the loop begins')\nwhile True:\n    pass\n"
DAEMON = (
    "import os, threading\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork():\n"
    "        os._exit(0)\n"
    "    threading.Event().wait()\n"
    "os.wait()\n"
    "while True:\n"
    "    pass\n"
)
SCRIPT = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from grader.course import Course
from grader.engine import Engine, Job, Options
course = Course.load(Path({str(ROOT)!r}))
with Engine(course, ["relu"], Options(timeout_s=300)) as engine:
    job = Job(slug="relu", file="relu.py", sha256="", source=Path(sys.argv[1]).read_text())
    for event in engine.grade([job]):
        print(type(event).__name__, flush=True)
"""


class Run:
    """One process that grades a submission which never ends, with its folder for temporary files."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            command,
            cwd=folder.parent,
            env={**os.environ, "TMPDIR": str(folder), "XDG_STATE_HOME": str(folder.parent / "state")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def wait_for_loop(self, busy_s: float = 0.5) -> None:
        """Return when a worker has used the processor for a while: it is in the loop then."""
        for _ in range(600):
            with contextlib.suppress(psutil.NoSuchProcess):  # one of them ended while it was looked at
                workers = [w for j in psutil.Process(self.process.pid).children() for w in processes.workers_of(j)]
                if any(_cpu_s(worker) > busy_s for worker in workers):
                    return
            assert self.process.poll() is None, "it ended by itself"
            self._look_again()
        raise AssertionError("no worker ever began")

    def _look_again(self) -> None:
        try:
            self.process.wait(0.1)
        except subprocess.TimeoutExpired:
            return

    def end(self, how: int) -> int:
        self.process.send_signal(how)
        return self.process.wait(30)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "temporary"
    path.mkdir()
    return path


@pytest.fixture
def start(tmp_path: Path, folder: Path) -> Iterator[Callable[[str, str], Run]]:
    """Starts the command, or a script with an engine, on a submission with this source."""
    runs: list[Run] = []

    def start_one(mode: str, source: str) -> Run:
        file = tmp_path / "work" / "relu.py"
        file.parent.mkdir()
        file.write_text(source)
        command = ["-m", "grader", str(file), "--course", str(ROOT), "--timeout", "300"]
        arguments = {
            "unconfined": [*command, "--isolation", "process"],
            "command": command,
            "engine": ["-c", SCRIPT, str(file)],
        }
        runs.append(Run(folder, [sys.executable, *arguments[mode]]))
        return runs[-1]

    yield start_one
    for run in runs:
        run.process.kill()
        run.process.wait()
    for process in processes.of_run(folder):
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended by itself
            process.kill()


@pytest.mark.parametrize("how", SIGNALS)
@pytest.mark.parametrize("mode", ["command", "engine", "unconfined"])
def test_no_process_and_no_folder_is_left_when_grading_is_ended(
    start: Callable[[str, str], Run], mode: str, how: signal.Signals
) -> None:
    run = start(mode, LOOP)
    run.wait_for_loop()
    assert run.end(how) != 0
    left = processes.left_after(run.folder)
    assert not left, f"still there: {left}"
    assert list(run.folder.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans to the judge")
@pytest.mark.parametrize("how", SIGNALS)
def test_a_daemon_of_a_submission_goes_with_the_run(start: Callable[[str, str], Run], how: signal.Signals) -> None:
    run = start("unconfined", DAEMON)
    run.wait_for_loop()
    family = psutil.Process(run.process.pid).children(recursive=True)
    judge = family[0]
    workers = processes.workers_of(judge)
    assert any(w.cmdline() and os.getsid(w.pid) not in {o.pid for o in workers} for w in workers), "no daemon is there"
    run.end(how)
    left = processes.left_after(run.folder)
    assert not left, f"still there: {left}"


def _cpu_s(process: psutil.Process) -> float:
    try:
        return float(process.cpu_times().user)
    except psutil.NoSuchProcess:
        return 0.0
