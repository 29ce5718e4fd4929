"""The zygote: imports torch once, then forks a worker for each request.

It holds no secret: no suite, no solution, no path to either, in memory or on a descriptor. It has one thread, or a
fork would leave locks behind that nobody unlocks. Its socket carries records of fixed size:

    judge -> zygote   FORK id, with two descriptors: the worker's end of the wire, and where its output goes
                      KILL pid: end the worker's whole process group
    zygote -> judge   READY, once torch is warm
                      FORKED id pid
                      EXITED pid status, after the worker was reaped and its process group is gone
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import shutil
import signal
import socket
import struct
import sys
import tempfile

import torch

from . import confine, rehearse, serve
from .connection import Connection

RECORD = struct.Struct("<4sqq")
READY, FORK, FORKED, KILL, EXITED = b"redy", b"fork", b"fkd\0", b"kill", b"exit"

WIRE_FD = 3


def main(control_fd: int, scratch: str, readable: list[str]) -> None:
    """Serve the judge on `control_fd` until it hangs up.

    Workers get a folder each below `scratch`. Where the kernel can do it they can open nothing else but what lies below
    `readable`; an empty list leaves them all files.
    """
    control = socket.socket(fileno=control_fd)
    confine.adopt_orphans()
    confine.hide_memory()  # also from workers, whose user is ours; they inherit it
    warm_up()
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    zygote = Zygote(control, scratch, readable)
    # What is alive now stays shared with every worker; a collection in a worker skips it.
    gc.collect()
    gc.freeze()
    gc.disable()
    control.sendall(RECORD.pack(READY, os.getpid(), 0))
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

    def __init__(self, control: socket.socket, scratch: str, readable: list[str]) -> None:
        self._control = control
        self._readable = readable
        self._scratch = scratch
        self._children: dict[int, str | None] = {}

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
        what, number, _ = RECORD.unpack(data)
        if what == FORK:
            pid = self._fork(*fds)
            for fd in fds:
                os.close(fd)
            self._control.sendall(RECORD.pack(FORKED, number, pid))
        elif what == KILL and number in self._children:
            _kill_group(number)
        return True

    def _fork(self, wire: int, output: int) -> int:
        folder = _make_folder(self._scratch)
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            status = 70
            try:
                _be_worker(parent, wire, output, folder, self._readable)
                status = 0
            finally:
                # Without the interpreter's shutdown: atexit functions of a student have no say here.
                os._exit(status)
        self._children[pid] = folder
        return pid

    def reap(self) -> None:
        """Collect the children that ended, and end what they left behind."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            ours = pid in self._children
            if ours:
                _kill_group(pid)
            # When a stray ends, its own children become ours: each of its generations is met here.
            self._kill_strays()
            if not ours:
                continue
            folder = self._children.pop(pid)
            if folder is not None:
                # Folders may be nested too deeply for this; the judge removes the rest.
                with contextlib.suppress(RecursionError):
                    shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                self._control.sendall(RECORD.pack(EXITED, pid, status))

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
            if pid not in self._children:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)


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


def _be_worker(parent: int, wire: int, output: int, folder: str | None, readable: list[str]) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    confine.die_with(parent)
    _arrange_descriptors(wire, output)
    os.chdir(folder or "/")
    os.umask(0o077)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = _text_stream(1)
    sys.stderr = _text_stream(2)
    if readable:
        confine.restrict_files(readable, folder or "/nowhere")
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
