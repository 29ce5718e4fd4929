"""Start and end the processes that student code runs in.

Theory of operation. The judge starts one zygote by exec, with a clean environment, no descriptors but its control
socket and stderr, an import path that holds the installed packages and nothing else, and an empty scratch folder
as its working directory. The zygote's program arrives over the control socket as source text, so it was never told
where the grader or a course lies. Workers are forked from it ahead of need; each gets one end of a socketpair (the
wire) and of a pipe (its output), and serves one submission. Where the kernel has landlock a worker can open nothing but
the installed packages, system libraries and a scratch folder of its own, so it cannot look for the course either.

A worker is never reused. It is ended by killing its process group, whatever it is doing. When the zygote ends,
the kernel kills its workers; when the judge ends, the kernel kills the zygote (Linux), or both see the end of
their connection and exit (elsewhere).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import deque
from collections.abc import Collection
from importlib import resources
from pathlib import Path

from grader.model import Isolation, Level
from grader.worker import SOURCES, confine

# Must be worker/zygote.py's.
_RECORD = struct.Struct("<4sqq")

START_S = 60.0
FORK_S = 10.0
EXIT_S = 2.0
# A spare worker that died while it waited is replaced; one after the other dying means that none can start.
MAX_DEAD_SPARES = 8

# Shared libraries that Python and torch load late, and the time zone.
_LIBRARIES = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/cuda", "/etc/ld.so.cache",
    "/etc/localtime", "/usr/share/zoneinfo",
)  # fmt: skip

# Runs in the zygote before anything else: builds the package `worker` from the sources it is sent.
_BOOT = """
import json, socket, sys, types
fd = int(sys.argv[1])
with socket.socket(fileno=fd) as control:
    size, text = int.from_bytes(control.recv(8, socket.MSG_WAITALL), "little"), b""
    while len(text) < size:
        text += control.recv(size - len(text))
    control.detach()
boot = json.loads(text)
sys.argv[:] = ["worker"]
sys.path[:] = boot["path"]
sys.modules["grader"] = None
package = sys.modules["worker"] = types.ModuleType("worker")
package.__path__ = []
for name, source in boot["sources"]:
    module = types.ModuleType("worker." + name)
    module.__package__ = "worker"
    sys.modules[module.__name__] = module
    setattr(package, name, module)
    exec(compile(source, f"<worker {name}>", "exec"), module.__dict__)
package.confine.die_with(boot["judge"])
readable = boot["readable"]
del boot, text, source
package.zygote.main(fd, package.zygote.os.getcwd(), readable)
"""

# Only what Python and torch need. One thread: a parallel region before a fork hangs the children. The hash seed
# is fixed so that the same run seed gives the same order of a student's sets.
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "USER": "student",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "PYTHONHASHSEED": "0",
}


class SandboxError(Exception):
    """The host could not provide a worker: our fault or the host's, never a student's."""


class Worker:
    """One worker, seen from the judge. `wire` and `output` are the judge's ends."""

    def __init__(self, zygote: Zygote, number: int, wire: socket.socket, output: int) -> None:
        self._zygote = zygote
        self.number = number
        self.wire = wire
        self.output = output

    def kill(self) -> None:
        """End it and everything in its process group, and close the judge's ends. May be called again."""
        if self.output < 0:
            return
        self.wire.close()
        os.close(self.output)
        self.output = -1
        self._zygote.kill(self)

    def exit_status(self) -> int | None:
        """How it ended, as os.waitpid tells it, or None if it did not end within two seconds."""
        return self._zygote.exit_status(self)


class Zygote:
    """The process that forks workers. Start it early: `start` returns at once, torch loads meanwhile."""

    def __init__(self, *, spares: int = 2, alone: bool = False, without: Collection[str] = ()) -> None:
        """`alone`: this process has no other children, so whatever it inherits from a zygote may be killed.

        `without` names layers to leave out, to see what each of them is good for: "landlock".
        """
        self._alone = alone
        self._landlock = confine.has_landlock() and "landlock" not in without
        self._spares_wanted = spares
        self._spares: deque[Worker] = deque()
        self._pids: dict[int, int] = {}
        self._ended: dict[int, int] = {}
        self._last_number = 0
        self._ready = False
        self._buffer = b""
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._scratch: str | None = None

    @property
    def isolation(self) -> Isolation:
        """What keeps workers apart from the host."""
        mechanisms = ["separate process", "no inherited descriptors", "clean environment", "resource limits"]
        if self._landlock:
            mechanisms.append("landlock")
        return Isolation(level=Level.PROCESS, mechanisms=tuple(mechanisms))

    @property
    def pid(self) -> int | None:
        """The process id, for measurements."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process; raises `SandboxError` when that is impossible."""
        if self._alone:
            confine.adopt_orphans()
        ours, theirs = socket.socketpair()
        self._scratch = tempfile.mkdtemp(prefix="grade-")
        try:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and program
                [sys.executable, "-P", "-s", "-S", "-B", "-c", _BOOT, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**_ENVIRONMENT, "HOME": self._scratch, "TMPDIR": self._scratch},
                cwd=self._scratch,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxError(f"cannot start a Python process: {error}") from error
        finally:
            theirs.close()
        self._control = ours
        path = import_path()
        readable = [*path, *_LIBRARIES, f"{sys.base_prefix}/lib"] if self._landlock else []
        plan = {"path": path, "readable": readable, "sources": _sources(), "judge": os.getpid()}
        boot = json.dumps(plan).encode()
        ours.sendall(len(boot).to_bytes(8, "little") + boot)

    def has_ended(self) -> bool:
        """Whether the process is gone, however that came."""
        return self._process is None or self._process.poll() is not None

    def take(self) -> Worker:
        """A fresh worker. A zygote that has ended is replaced; raises `SandboxError` when that fails too."""
        try:
            return self._take()
        except SandboxError as error:
            print(f"{error}; starting another", file=sys.stderr)
            self.close()
            self.start()
            return self._take()

    def _take(self) -> Worker:
        self._wait_ready()
        if self.has_ended():
            raise SandboxError(f"the process that forks workers has ended{self._how_it_ended()}")
        if self.pid is not None and _is_stopped(self.pid):
            raise SandboxError("the process that forks workers was stopped")
        worker = self._spares.popleft() if self._spares else self._fork()
        dead = 0
        # The wait for its number is for the case that it was never forked.
        while _is_stopped(self._pid(worker)) or _has_hung_up(worker):
            worker.kill()
            dead += 1
            if dead > MAX_DEAD_SPARES:
                raise SandboxError("workers end before they begin; the log of the judge says more")
            worker = self._spares.popleft() if self._spares else self._fork()
        while len(self._spares) < self._spares_wanted:
            self._spares.append(self._fork())
        return worker

    def close(self) -> None:
        """End the zygote and every worker."""
        for worker in self._spares:
            worker.wire.close()
            os.close(worker.output)
            worker.output = -1
        self._spares.clear()
        self._pids.clear()
        self._ended.clear()
        self._ready, self._buffer = False, b""
        if self._process is not None:
            # Its workers die with it; on hosts without that, the end of the connection tells it to kill them.
            if self._control is not None:
                self._control.close()
            if sys.platform == "linux":
                self._process.kill()
            try:
                self._process.wait(EXIT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._alone:
            _end_children()
        if self._scratch is not None:
            remove_folder(self._scratch)
            self._scratch = None

    # ---- for Worker ----

    def kill(self, worker: Worker) -> None:
        """Kill a worker's process group."""
        try:
            pid = self._pid(worker)
            if pid not in self._ended:
                self._send(b"kill", pid)
        except SandboxError:
            return  # the zygote is gone, and with it the worker

    def exit_status(self, worker: Worker) -> int | None:
        """See `Worker.exit_status`."""
        deadline = time.monotonic() + EXIT_S
        try:
            pid = self._pid(worker)
            while pid not in self._ended:
                self._read(deadline)
        except SandboxError:
            return None
        return self._ended[pid]

    # ---- the control socket ----

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_S
        while not self._ready:
            self._read(deadline)

    def _fork(self) -> Worker:
        self._last_number += 1
        ours, theirs = socket.socketpair()
        output, output_end = os.pipe()
        try:
            assert self._control is not None
            record = _RECORD.pack(b"fork", self._last_number, 0)
            socket.send_fds(self._control, [record], [theirs.fileno(), output_end])
        except OSError as error:
            ours.close()
            os.close(output)
            raise SandboxError("the process that forks workers has ended") from error
        finally:
            theirs.close()
            os.close(output_end)
        ours.setblocking(False)
        os.set_blocking(output, False)
        return Worker(self, self._last_number, ours, output)

    def _pid(self, worker: Worker) -> int:
        deadline = time.monotonic() + FORK_S
        while worker.number not in self._pids:
            self._read(deadline)
        return self._pids[worker.number]

    def _send(self, what: bytes, number: int) -> None:
        try:
            assert self._control is not None
            self._control.sendall(_RECORD.pack(what, number, 0))
        except OSError as error:
            raise SandboxError("the process that forks workers has ended") from error

    def _read(self, deadline: float) -> None:
        """Read and note at least one record of the zygote."""
        assert self._control is not None
        while len(self._buffer) < _RECORD.size:
            self._control.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                data = self._control.recv(4096)
            except TimeoutError:
                raise SandboxError("the process that forks workers does not answer") from None
            except OSError as error:
                raise SandboxError(f"the process that forks workers cannot be reached: {error}") from error
            finally:
                self._control.settimeout(None)
            if not data:
                raise SandboxError(f"the process that forks workers has ended{self._how_it_ended()}")
            self._buffer += data
        while len(self._buffer) >= _RECORD.size:
            what, number, value = _RECORD.unpack(self._buffer[: _RECORD.size])
            self._buffer = self._buffer[_RECORD.size :]
            match what:
                case b"redy":
                    self._ready = True
                case b"fkd\0":
                    self._pids[number] = value
                case b"exit":
                    self._ended[number] = value

    def _how_it_ended(self) -> str:
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(EXIT_S)
            return f" by signal {signal.Signals(-code).name}" if code < 0 else f" with status {code}"
        return ""


def _is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal: a worker can do that to all others of its user (Linux)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state in (b"T", b"t")


def _end_children() -> None:
    """Kill what a zygote left behind: the processes that workers put out of its reach are our children now (Linux)."""
    deadline = time.monotonic() + EXIT_S
    while sys.platform == "linux" and time.monotonic() < deadline:
        for listed in Path("/proc/self/task").glob("*/children"):
            with contextlib.suppress(OSError):
                for pid in listed.read_text().split():
                    os.kill(int(pid), signal.SIGKILL)
        try:
            # Each that ends hands its own children on to us, so look again.
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.001)
        except ChildProcessError:
            return


def remove_folder(folder: str) -> None:
    """Remove a folder that student code wrote to, however deep and whatever its permissions; raises nothing."""
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if os.path.lexists(folder) and sys.platform != "win32":
        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
            with contextlib.suppress(OSError):
                subprocess.run([*command, "--", folder], stderr=subprocess.DEVNULL, check=False)  # noqa: S603


def _has_hung_up(worker: Worker) -> bool:
    """Whether a spare worker is dead already: somebody may have killed it while it waited."""
    try:
        return not worker.wire.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True


def import_path() -> list[str]:
    """Where a worker finds the standard library and the installed packages, and nothing of ours.

    Entries of .pth files are left out: an editable install would lead to the grader's sources and from there to
    the course.
    """
    scheme = sysconfig.get_paths()
    standard = [p for p in sys.path if p.endswith((".zip", "lib-dynload"))]
    packages = [scheme["purelib"], scheme["platlib"]]
    torch_home = _home_of("torch")
    wanted = [scheme["stdlib"], scheme["platstdlib"], *standard, *packages, *torch_home]
    return list(dict.fromkeys(p for p in wanted if Path(p).exists()))


def _home_of(package: str) -> list[str]:
    """The folder that a package is installed in, which a virtual environment may share with the system."""
    for folder in sys.path:
        if folder and (Path(folder) / package / "__init__.py").is_file():
            return [folder]
    return []


def _sources() -> list[tuple[str, str]]:
    here = resources.files("grader.worker")
    return [(name, here.joinpath(f"{name}.py").read_text("utf-8")) for name in SOURCES]
