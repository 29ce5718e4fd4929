"""The zygote: imports torch once, then forks a worker for each request.

It holds no secret: no suite, no solution, no path to either, in memory or on a descriptor. It has one thread, or a
fork would leave locks behind that nobody unlocks. Its socket carries records of fixed size:

    judge -> zygote   FORK id, with two descriptors: the worker's end of the wire, and where its output goes
                      KILL pid: end the worker's whole process group
    zygote -> judge   BEGUN, before it imports torch
                      READY pid size, once torch is warm; that many bytes of JSON follow, with the layers that hold here
                      FORKED id pid
                      USED pid microseconds KiB, when it is told to kill and again before EXITED: the time that the
                      process has had of the CPU, and the most memory that was resident, with what it shares
                      EXITED pid status milliseconds, after the worker was reaped and its process group is gone; the
                      time is what it used of the CPU

Process ids are those of the zygote's own namespace.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import struct
import sys
import tempfile
import time

import torch

from . import confine, kernel, rehearse, serve, trial
from .confine import NAMESPACES, Plan
from .connection import Connection

RECORD = struct.Struct("<4sqqq")
READY, FORK, FORKED, KILL, USED, EXITED = b"redy", b"fork", b"fkd\0", b"kill", b"used", b"exit"

WIRE_FD = 3


def main(control_fd: int, scratch: str, plan: Plan) -> None:
    """Serve the judge on `control_fd` until it hangs up.

    Workers are confined by as much of `plan` as holds here. Those without a private /tmp get a folder each below
    `scratch`.
    """
    control = socket.socket(fileno=control_fd)
    confine.adopt_orphans()
    confine.hide_memory()  # also from workers, whose user is ours; they inherit it
    warm_up()
    zygote = Zygote(control, scratch)
    zygote.plan, problems = trial.find_working(plan, zygote.fork)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    # What is alive now stays shared with every worker; a collection in a worker skips it.
    gc.collect()
    gc.freeze()
    gc.disable()
    told = json.dumps({"layers": sorted(zygote.plan.layers), "problems": problems}).encode()
    control.sendall(RECORD.pack(READY, os.getpid(), len(told), 0) + told)
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(wake_read, select.POLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd == wake_read:
                with contextlib.suppress(BlockingIOError):
                    os.read(wake_read, 4096)
                zygote.reap()
            elif not zygote.obey():
                zygote.kill_all()
                return


class Zygote:
    """The children that are alive, and the conversation about them."""

    def __init__(self, control: socket.socket, scratch: str) -> None:
        self._control = control
        self._scratch = scratch
        self._children: dict[int, str | None] = {}
        self._removers: set[int] = set()
        self._own_processes = os.open("/proc/self/ns/pid", os.O_RDONLY) if sys.platform == "linux" else -1
        self.plan = Plan()

    def obey(self) -> bool:
        """Read one record and do it; False at the end of the conversation."""
        try:
            data, fds, _, _ = socket.recv_fds(self._control, RECORD.size, 2)
            while data and len(data) < RECORD.size:
                data += self._control.recv(RECORD.size - len(data))
        except OSError:
            return False
        if len(data) < RECORD.size:
            return False
        what, number, _, _ = RECORD.unpack(data)
        if what == FORK:
            pid = self._fork(*fds)
            for fd in fds:
                os.close(fd)
            self._control.sendall(RECORD.pack(FORKED, number, pid, 0))
        elif what == KILL and number in self._children:
            self._control.sendall(RECORD.pack(USED, number, *_used(number)))
            _kill_group(number)
        return True

    def fork(self, plan: Plan) -> int:
        """Fork; where `plan` says so, into a process namespace of which the child is the first. 0 in the child."""
        if NAMESPACES not in plan.layers:
            return os.fork()
        kernel.unshare(kernel.CLONE_NEWPID)
        # Not os.getpid() tells the child from us: both may be the first process of their namespace.
        pid = -1
        try:
            pid = os.fork()
        finally:
            if pid:
                kernel.enter(self._own_processes)
        return pid

    def _fork(self, wire: int, output: int) -> int:
        folder = None if NAMESPACES in self.plan.layers else _make_folder(self._scratch)
        pid = self.fork(self.plan)
        if pid == 0:
            status = 70
            try:
                _be_worker(wire, output, folder, self.plan)
                status = 0
            except BaseException as error:  # noqa: BLE001
                os.write(1, f"worker: {type(error).__name__}: {error}\n".encode())
            finally:
                # Without the interpreter's shutdown: atexit functions of a student have no say here.
                os._exit(status)
        self._children[pid] = folder
        return pid

    def reap(self) -> None:
        """Collect the children that ended, and end what they left behind."""
        while True:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._removers:
                self._removers.discard(pid)
                continue
            ours = pid in self._children
            if ours:
                _kill_group(pid)
            # When a stray ends, its own children become ours: each of its generations is met here.
            self._kill_strays()
            if not ours:
                continue
            folder = self._children.pop(pid)
            if folder is not None:
                self._remove(folder)
            with contextlib.suppress(OSError):
                cpu_s = used.ru_utime + used.ru_stime
                self._control.sendall(
                    RECORD.pack(USED, pid, round(cpu_s * 1e6), used.ru_maxrss)
                    + RECORD.pack(EXITED, pid, status, round(cpu_s * 1000))
                )

    def _remove(self, folder: str) -> None:
        """Remove a worker's folder. One with files in it may take long: a process of its own does that."""
        with contextlib.suppress(OSError):
            os.rmdir(folder)  # noqa: PTH106  pathlib is not loaded here otherwise
            return
        parent = os.getpid()
        pid = os.fork()
        if pid:
            self._removers.add(pid)
            return
        try:
            signal.set_wakeup_fd(-1)
            confine.die_with(parent)
            os.closerange(3, 4096)  # or the judge would not see the zygote end
            # Folders may be nested too deeply for this; the judge removes the rest.
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os._exit(0)

    def kill_all(self) -> None:
        """End every worker and whatever it started."""
        for pid in self._children:
            _kill_group(pid)
        self._children.clear()
        self._kill_strays()

    def _kill_strays(self) -> None:
        """Kill descendants of ended workers that left their process group; they are our children now."""
        try:
            with open(f"/proc/self/task/{os.getpid()}/children") as children:  # noqa: PTH123
                pids = [int(pid) for pid in children.read().split()]
        except OSError:
            return
        for pid in pids:
            if pid not in self._children and pid not in self._removers:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)


def _used(pid: int) -> tuple[int, int]:
    """What a process has used so far: microseconds of CPU time, KiB of memory at most; 0 where that is not told."""
    cpu_us = memory_kib = 0
    with contextlib.suppress(OSError, ValueError, IndexError, AttributeError):
        # The kernel's number for the CPU clock of another process: see clock_getcpuclockid(3).
        cpu_us = time.clock_gettime_ns(~pid << 3 | 2) // 1000
        with open(f"/proc/{pid}/status", "rb") as status:  # noqa: PTH123  pathlib is not loaded here otherwise
            memory_kib = int(status.read().split(b"VmHWM:", 1)[1].split(None, 1)[0])
    return cpu_us, memory_kib


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _make_folder(scratch: str) -> str | None:
    """A folder for one worker; None when earlier ones left no room for it."""
    try:
        # Its name cannot be guessed, so it cannot be taken.
        return tempfile.mkdtemp(dir=scratch)
    except OSError:
        return None


def _be_worker(wire: int, output: int, folder: str | None, plan: Plan) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # A namespace does not keep a signal to the process group in: leave the zygote's.
    os.setsid()
    _arrange_descriptors(wire, output)
    os.umask(0o077)
    os.chdir(folder or "/")
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = _text_stream(1)
    sys.stderr = _text_stream(2)
    confine.enter(plan, folder or "/nowhere")
    gc.enable()
    rehearse.rehearse(backward=True)
    serve.Worker(Connection(socket.socket(fileno=WIRE_FD))).run()


def _text_stream(fd: int):  # type: ignore[no-untyped-def]
    return open(fd, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def _arrange_descriptors(wire: int, output: int) -> None:
    """0 reads nothing, 1 and 2 write the output, 3 is the wire; nothing else stays open."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    high = 64
    moved = [os.dup2(fd, high + i) for i, fd in enumerate((nothing, output, output, wire))]
    for i, fd in enumerate(moved):
        os.dup2(fd, i, inheritable=True)
    os.closerange(WIRE_FD + 1, 4096)


def warm_up() -> None:
    """Have torch import what it imports lazily, without starting a thread.

    The first backward pass of a process imports some 490 modules and takes a quarter of a second; printing a tensor
    imports another. No backward pass is run here: autograd's state should begin in the worker.
    """
    torch.set_num_threads(1)
    with contextlib.suppress(ImportError):
        importlib.import_module("torch.fx.experimental.symbolic_shapes")
    layer = torch.nn.Linear(3, 2)
    repr(layer(torch.randn(4, 3)).relu().softmax(-1))
    for _ in range(8):  # as often as CPython 3.11 needs to specialize a function
        rehearse.rehearse(backward=False)
    serve.seed_everything(0)
