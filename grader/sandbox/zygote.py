"""The zygote and its workers, seen from the judge."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import IO

from grader.model import Isolation, Level
from grader.sandbox import bubblewrap, cgroups, seccomp, view
from grader.sandbox.cleanup import EXIT_S, end_children, remove_folder
from grader.worker import SOURCES, confine

# Must be worker/zygote.py's.
_RECORD = struct.Struct("<4sqqq")

START_S = 60.0
FORK_S = 10.0
# A spare worker that died while it waited is replaced; one after the other dying means that none can start.
MAX_DEAD_SPARES = 8
KEPT_ERRORS = 4096

BUBBLEWRAP, CGROUP = "bubblewrap", "cgroup"
# The walls. The cgroup is none: it bounds what all workers together take.
LAYERS = (BUBBLEWRAP, *confine.LAYERS)

# Runs in the zygote before anything else: builds the package `worker` from the sources it is sent.
_BOOT = """
import base64, json, os, socket, sys, types
fd = int(sys.argv[1])
with socket.socket(fileno=fd) as control:
    control.sendall(b"bgun" + bytes(24))
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
if boot["parent"]:
    package.confine.die_with(boot["parent"])
plan = package.confine.Plan(
    layers=frozenset(boot["layers"]), readable=tuple(boot["readable"]), program=base64.b64decode(boot["program"]),
    disk_mib=boot["disk_mib"],
)
del boot, text, source
package.zygote.main(fd, os.getcwd(), plan)
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


@dataclass(frozen=True)
class Ending:
    """How a worker ended: its status as os.waitpid tells it, and the CPU time that it used.

    `out_of_memory`: the kernel killed it because the zygote and its workers had all the memory that they may have.
    """

    status: int
    cpu_s: float
    out_of_memory: bool = False


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

    def ending(self) -> Ending | None:
        """How it ended, or None if it did not end within two seconds."""
        return self._zygote.ending(self)


class Zygote:
    """The process that forks workers. Start it early: `start` returns at once, torch loads meanwhile."""

    def __init__(
        self,
        *,
        spares: int = 2,
        alone: bool = False,
        without: Collection[str] = (),
        memory_mib: int = 2048,
        disk_mib: int = 64,
    ) -> None:
        """`alone`: this process has no other children, so whatever it inherits from a zygote may be killed.

        `without` names layers to leave out, of `LAYERS`, or "cgroup". `memory_mib` is the most that a worker is to have
        of memory; `disk_mib` bounds what it may write.
        """
        self._alone = alone
        self._without = set(without)
        self._memory_mib = memory_mib
        self._disk_mib = disk_mib
        self._group: cgroups.Group | None = None
        self._oom_kills = 0
        offers = {
            BUBBLEWRAP: bubblewrap.why_not(),
            confine.LANDLOCK: confine.why_no_landlock(),
            confine.SECCOMP: seccomp.why_not(),
        }
        # What is left out on purpose is not missing.
        self._problems = [f"{layer}: {why}" for layer, why in offers.items() if why and layer not in self._without]
        self._bubblewrap = not offers[BUBBLEWRAP] and BUBBLEWRAP not in self._without
        self._layers: frozenset[str] = frozenset()
        self._spares_wanted = spares
        self._spares: deque[Worker] = deque()
        self._pids: dict[int, int] = {}
        self._ended: dict[int, Ending] = {}
        self._last_number = 0
        self._ready = False
        self._was_ready = False
        self._buffer = b""
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._scratch: str | None = None
        self._errors: IO[bytes] | None = None

    @property
    def isolation(self) -> Isolation:
        """What keeps workers apart from the host. Complete once a worker was taken, or `wait_ready` returned."""
        mechanisms = ["separate process", "no inherited descriptors", "clean environment", "resource limits"]
        if self._group is not None:
            mechanisms.append("cgroup (memory, processes)")
        if self._bubblewrap:
            mechanisms.append("namespaces of the host's (bubblewrap)")
        mechanisms += [_MECHANISMS[layer] for layer in confine.LAYERS if layer in self._layers]
        if self._bubblewrap and os.geteuid() == 0:
            mechanisms.append("another user")
        sandboxed = self._bubblewrap and {confine.NAMESPACES, confine.SECCOMP} <= self._layers
        level = Level.SANDBOX if sandboxed else Level.PROCESS
        return Isolation(level=level, mechanisms=tuple(mechanisms), missing=tuple(self._problems))

    @property
    def layers(self) -> frozenset[str]:
        """Those of `LAYERS` that are in force. Complete when `isolation` is."""
        return self._layers | ({BUBBLEWRAP} if self._bubblewrap else set())

    @property
    def pid(self) -> int | None:
        """The process id, for measurements. In a sandbox, that of its innermost process on Linux."""
        if self._process is None or not self._bubblewrap:
            return None if self._process is None else self._process.pid
        pid = self._process.pid
        for _ in range(2):  # bubblewrap, and the first process of the namespace
            with contextlib.suppress(OSError, IndexError, ValueError):
                pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
        return pid

    def start(self) -> None:
        """Start the process; raises `SandboxError` when that is impossible."""
        if self._alone:
            confine.adopt_orphans()
        ours, theirs = socket.socketpair()
        self._scratch = tempfile.mkdtemp(prefix="grade-")
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the process
        seen = view.of_a_sandbox() if self._bubblewrap else view.of_the_host()
        self._group = self._make_group()
        try:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and program
                self._command(seen, theirs.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
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
        if self._group is not None and not self._bubblewrap:
            # It waits for its program, and has nothing yet that counts. What bubblewrap starts joins by itself.
            with contextlib.suppress(OSError):
                self._group.add(self._process.pid)
        program = seccomp.load()
        offered = {
            confine.NAMESPACES: self._bubblewrap,
            confine.LANDLOCK: confine.has_landlock(),
            confine.SECCOMP: bool(program),
        }
        plan = {
            "path": seen.path,
            "sources": _sources(),
            # In a sandbox its parent is the first process there, which ends with bubblewrap.
            "parent": 0 if self._bubblewrap else os.getpid(),
            "layers": [layer for layer, here in offered.items() if here and layer not in self._without],
            "readable": seen.readable,
            "program": base64.b64encode(program).decode(),
            "disk_mib": self._disk_mib,
        }
        boot = json.dumps(plan).encode()
        with contextlib.suppress(OSError):  # that it has ended is noticed where its records are read
            ours.sendall(len(boot).to_bytes(8, "little") + boot)

    def _command(self, seen: view.View, fd: int) -> list[str]:
        arguments = ["-P", "-s", "-S", "-B", "-c", _BOOT, str(fd)]
        if not self._bubblewrap:
            return [seen.python, *arguments]
        # An interpreter that stands elsewhere finds its own library by this.
        inside = {**_ENVIRONMENT, "HOME": "/tmp", "TMPDIR": "/tmp", "LD_LIBRARY_PATH": "/python/lib"}  # noqa: S108
        folders = [str(folder) for folder in self._group.folders] if self._group is not None else []
        return bubblewrap.command(seen, arguments, inside, cgroups=folders)

    def _make_group(self) -> cgroups.Group | None:
        """The control group for the zygote and as many workers as may be alive at once: two in use, and the spares."""
        if CGROUP in self._without:
            return None
        workers = self._spares_wanted + 2
        self._oom_kills = 0
        return cgroups.make(
            memory_mib=cgroups.BASE_MIB + workers * (self._memory_mib + self._disk_mib),
            tasks=cgroups.BASE_TASKS + workers * cgroups.TASKS_PER_WORKER,
        )

    def _leave_empty_group(self) -> None:
        """Do without the group if nobody could enter it."""
        if self._group is not None and not self._group.has_members():
            self._group.remove()
            self._group = None

    def _was_killed_for_memory(self) -> bool:
        """Whether the kernel has killed a worker for want of memory since this was asked last."""
        before, self._oom_kills = self._oom_kills, 0 if self._group is None else self._group.oom_kills()
        return self._oom_kills > before

    def look(self) -> None:
        """If bubblewrap could not start, start without it. Costs nothing; what comes later is noticed by `take`."""
        assert self._control is not None
        self._control.setblocking(False)
        try:
            gone = not self._control.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            gone = False
        except OSError:
            gone = True
        finally:
            self._control.setblocking(True)
        if gone and self._bubblewrap:
            self._start_without_bubblewrap()

    def _start_without_bubblewrap(self) -> None:
        error = self._last_error()
        self.close()
        self._problems.append(f"{BUBBLEWRAP}: {error.removeprefix('bwrap: ') or 'it ended at once'}")
        self._bubblewrap = False
        self.start()

    def wait_ready(self) -> None:
        """Wait until workers can be taken; raises `SandboxError` when it ends before, or takes too long."""
        try:
            self._wait_ready()
        except SandboxError:
            # Once it has worked it must not become less on the way: a submission could be the cause.
            if not self._bubblewrap or self._was_ready:
                raise
            self._start_without_bubblewrap()
            self._wait_ready()

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
        self.wait_ready()
        if self.has_ended():
            raise SandboxError(f"the process that forks workers has ended{self._how_it_ended()}")
        if not self._bubblewrap and self.pid is not None and _is_stopped(self.pid):
            raise SandboxError("the process that forks workers was stopped")
        worker = self._spares.popleft() if self._spares else self._fork()
        dead = 0
        # The wait for its number is for the case that it was never forked.
        while self._is_stopped(worker) or _has_hung_up(worker):
            print(_last_words(worker), file=sys.stderr)
            worker.kill()
            dead += 1
            if dead > MAX_DEAD_SPARES:
                raise SandboxError("workers end before they begin; the log of the judge says more")
            worker = self._spares.popleft() if self._spares else self._fork()
        while len(self._spares) < self._spares_wanted:
            self._spares.append(self._fork())
        self._was_killed_for_memory()  # what was before is not this worker's
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
        self._ready, self._buffer, self._layers = False, b"", frozenset()
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
            end_children()
        if self._group is not None:
            self._group.remove()
            self._group = None
        if self._errors is not None:
            print(self._last_error(KEPT_ERRORS), end="", file=sys.stderr)
            self._errors.close()
            self._errors = None
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

    def ending(self, worker: Worker) -> Ending | None:
        """See `Worker.ending`."""
        deadline = time.monotonic() + EXIT_S
        try:
            pid = self._pid(worker)
            while pid not in self._ended:
                self._read(deadline)
        except SandboxError:
            return None
        ended = self._ended[pid]
        if ended.status == signal.SIGKILL and self._was_killed_for_memory():
            ended = self._ended[pid] = replace(ended, out_of_memory=True)
        return ended

    def _is_stopped(self, worker: Worker) -> bool:
        pid = self._pid(worker)  # waits for it, in case it was never forked
        # In a sandbox the number means another process here, and nobody can stop it.
        return not self._bubblewrap and _is_stopped(pid)

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
            record = _RECORD.pack(b"fork", self._last_number, 0, 0)
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
            self._control.sendall(_RECORD.pack(what, number, 0, 0))
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
            what, number, value, extra = _RECORD.unpack(self._buffer[: _RECORD.size])
            end = _RECORD.size
            match what:
                case b"redy":
                    end += value
                    if len(self._buffer) < end:
                        return  # called again
                    told = json.loads(self._buffer[_RECORD.size : end])
                    self._layers = frozenset(told["layers"])
                    self._problems += [line for line in told["problems"] if line not in self._problems]
                    self._ready = self._was_ready = True
                    self._leave_empty_group()
                case b"fkd\0":
                    self._pids[number] = value
                case b"exit":
                    self._ended[number] = Ending(value, extra / 1000)
            self._buffer = self._buffer[end:]

    def _last_error(self, size: int = 0) -> str:
        """The end of what the process wrote to stderr: at most `size` bytes, or its last line."""
        if self._errors is None:
            return ""
        end = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, end - KEPT_ERRORS))
        text = self._errors.read().decode("utf-8", "replace")
        lines = text.strip().splitlines()
        return text[-size:] if size else (lines[-1] if lines else "")

    def _how_it_ended(self) -> str:
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(EXIT_S)
            return f" by signal {signal.Signals(-code).name}" if code < 0 else f" with status {code}"
        return ""


def _is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal: a worker can do that to all others of its user (Linux)."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8", "replace").splitlines()
        fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        # It may not have come to stop yet.
        pending = int(fields["SigPnd"], 16) | int(fields["ShdPnd"], 16)
        return fields["State"][:1] in "Tt" or bool(pending >> (signal.SIGSTOP - 1) & 1)
    except (OSError, KeyError, ValueError):
        return False


def _has_hung_up(worker: Worker) -> bool:
    """Whether a spare worker is dead already: somebody may have killed it while it waited."""
    try:
        return not worker.wire.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _last_words(worker: Worker) -> str:
    """What a worker that could not start wrote."""
    try:
        return os.read(worker.output, KEPT_ERRORS).decode("utf-8", "backslashreplace").strip()
    except OSError:
        return ""


_MECHANISMS = {
    confine.NAMESPACES: "namespaces of its own",
    confine.LANDLOCK: "landlock",
    confine.SECCOMP: "seccomp",
}


def _sources() -> list[tuple[str, str]]:
    here = resources.files("grader.worker")
    return [(name, here.joinpath(f"{name}.py").read_text("utf-8")) for name in SOURCES]
