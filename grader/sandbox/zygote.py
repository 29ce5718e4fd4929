"""The zygote and its workers, seen from the judge."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import IO

from grader.model import Isolation, Level
from grader.sandbox import boot, bubblewrap, cgroups, seccomp, view
from grader.sandbox.cleanup import EXIT_S, end_children, remove_folder
from grader.sandbox.control import Control
from grader.sandbox.worker import Ending, SandboxError, Used, Worker
from grader.worker import confine

START_S = 60.0
FORK_S = 10.0
# It is told at once, and no result waits for it for long.
USED_S = 0.25
# A spare worker that died while it waited is replaced; one after the other dying means that none can start.
MAX_DEAD_SPARES = 8
KEPT_ERRORS = 4096

BUBBLEWRAP, CGROUP = "bubblewrap", "cgroup"
# The walls. The cgroup is none: it bounds what all workers together take.
LAYERS = (BUBBLEWRAP, *confine.LAYERS)


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
        self._last_number = 0
        self._was_ready = False
        self._control: Control | None = None
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
                env={**boot.ENVIRONMENT, "HOME": self._scratch, "TMPDIR": self._scratch},
                cwd=self._scratch,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxError(f"cannot start a Python process: {error}") from error
        finally:
            theirs.close()
        self._control = Control(ours, self._how_it_ended)
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
            # In a sandbox its parent is the first process there, which ends with bubblewrap.
            "parent": 0 if self._bubblewrap else os.getpid(),
            "layers": [layer for layer, here in offered.items() if here and layer not in self._without],
            "readable": seen.readable,
            "program": base64.b64encode(program).decode(),
            "disk_mib": self._disk_mib,
        }
        with contextlib.suppress(OSError):  # that it has ended is noticed where its records are read
            boot.send(ours, plan)

    def _command(self, seen: view.View, fd: int) -> list[str]:
        arguments = ["-P", "-s", "-S", "-B", "-c", boot.PROGRAM, str(fd)]
        if not self._bubblewrap:
            return [seen.python, *arguments]
        # An interpreter that stands elsewhere finds its own library by this.
        inside = {**boot.ENVIRONMENT, "HOME": "/tmp", "TMPDIR": "/tmp", "LD_LIBRARY_PATH": "/python/lib"}  # noqa: S108
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
        if self._bubblewrap and self._control.has_hung_up():
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
        self._layers = frozenset()
        if self._process is not None:
            # Its workers die with it; on hosts without that, the end of the connection tells it to kill them.
            if self._control is not None:
                self._control.close()
                self._control = None
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
        with contextlib.suppress(SandboxError):  # the zygote is gone, and with it the worker
            self._wait_forked(worker).kill(worker)

    def used(self, worker: Worker) -> Used:
        """See `Worker.used`."""
        try:
            self._wait_forked(worker).wait(lambda: worker.usage is not None, USED_S)
        except SandboxError:
            return Used()
        return worker.usage or Used()

    def ending(self, worker: Worker) -> Ending | None:
        """See `Worker.ending`."""
        try:
            self._wait_forked(worker).wait(lambda: worker.ended is not None, EXIT_S)
        except SandboxError:
            return None
        ended = worker.ended
        if ended is not None and ended.status == signal.SIGKILL and self._was_killed_for_memory():
            ended = worker.ended = replace(ended, out_of_memory=True)
        return ended

    def _is_stopped(self, worker: Worker) -> bool:
        self._wait_forked(worker)
        # In a sandbox the number means another process here, and nobody can stop it.
        return not self._bubblewrap and _is_stopped(worker.pid)

    # ---- the control socket ----

    def _talk(self) -> Control:
        """The conversation. One with an earlier zygote, of which a worker may be left, is over."""
        if self._control is None:
            raise SandboxError("the process that forks workers has ended")
        return self._control

    def _wait_ready(self) -> None:
        control = self._talk()
        control.wait(lambda: control.ready, START_S)
        if not self._layers:
            self._layers = control.layers
            self._problems += [line for line in control.problems if line not in self._problems]
            self._was_ready = True
            self._leave_empty_group()

    def _wait_forked(self, worker: Worker) -> Control:
        """Wait until the worker has a number. Raises `SandboxError`, also when it was an earlier zygote's."""
        control = self._talk()
        if worker.control is not control:
            raise SandboxError("the process that forked this worker has ended")
        control.wait(lambda: worker.pid != 0, FORK_S)
        return control

    def _fork(self) -> Worker:
        self._last_number += 1
        ours, theirs = socket.socketpair()
        output, output_end = os.pipe()
        worker = Worker(self, self._last_number, ours, output)
        try:
            worker.control = self._talk()
            worker.control.fork(worker, theirs.fileno(), output_end)
        except SandboxError:
            ours.close()
            os.close(output)
            raise
        finally:
            theirs.close()
            os.close(output_end)
        ours.setblocking(False)
        os.set_blocking(output, False)
        return worker

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
