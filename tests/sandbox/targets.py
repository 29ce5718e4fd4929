"""What probes aim at: files, sockets, processes, queues and a terminal of the host, and whether they are as before."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import secrets
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).parents[2]
SECRET = b"canary 9e1f"
_IPC_RMID, _IPC_CREAT, _GETVAL, _SETVAL, _NOWAIT = 0, 0o1000, 12, 16, 0o4000

libc: Any = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
libc.shmdt.argtypes = [ctypes.c_void_p]


def checked(result: int) -> int:
    """`result`; raises OSError when it is negative."""
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def quick_place() -> str:
    """A folder that is no disk's, where there is one in which all probes can work."""
    memory = "/dev/shm"  # noqa: S108
    with contextlib.suppress(OSError), tempfile.NamedTemporaryFile(dir=memory) as file:
        os.setxattr(file.name, "user.trial", b"")
        found = os.statvfs(memory)
        if not found.f_flag & os.ST_NOEXEC and found.f_bavail * found.f_bsize > 1 << 30:
            return memory
    return tempfile.gettempdir()


class Victim:
    """One process of victim.py."""

    def __init__(self, uid: int, folder: str) -> None:
        self.uid = uid
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.sandbox.victim", str(uid), folder, "canary-argument"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "CANARY": "canary"},
            text=True,
        )
        self.name = self._read()
        self._before = self._state() or {}
        self._urged = 0

    def is_as_before(self) -> bool:
        """Whether it lives, answers and tells the same about itself as at first."""
        now = self._state()
        return now is not None and now | {"urgent": 0} == self._before | {"urgent": 0}

    def was_urged(self) -> bool:
        """Whether the signal for everybody came since this was asked last."""
        now = self._state() or {"urgent": self._urged}
        before, self._urged = self._urged, now["urgent"]
        return bool(self._urged != before)

    def _state(self) -> dict[str, Any] | None:
        """What it tells about itself; None when it does not answer."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write("\n")
            self._process.stdin.flush()
            told: dict[str, Any] | None = self._read()
            return told
        return None

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                assert stream is not None
                stream.close()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], 10)[0]:
            return None
        line = self._process.stdout.readline()
        return json.loads(line) if line else None


class Targets:
    """The targets of one level. A context manager; `values` fill the placeholders of probes."""

    def __init__(self, uids: set[int], place: str) -> None:
        """`uids` are the users that victims are to belong to; `place` is where to put files."""
        self._open = contextlib.ExitStack()
        self._place = place
        self._uids = sorted(uids)
        self.name = f"canary-{secrets.token_hex(6)}"
        self.values = {
            "NAME": self.name,
            "HOST": os.uname().nodename,
            "RELEASE": os.uname().release,
            "TESTS": str(os.getpid()),
        }

    def __enter__(self) -> Targets:
        with contextlib.ExitStack() as stack:
            self._make(stack)
            self._open = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        for victim in self._victims:
            victim.end()
        self._open.close()

    def changed(self) -> set[str]:
        """The names of those that are not as they were. They are made anew."""
        found = {name for name, look in self._looks.items() if look()}
        if self._files() != self._files_before:
            found.add("folder")
            self._fill_folder()
        urged = [victim.was_urged() for victim in self._victims]  # each is asked
        if any(urged):
            found.add("everybody")
        changed = [victim for victim in self._victims if not victim.is_as_before()]
        if changed:
            found.add("victim")
            for victim in changed:
                victim.end()
                self._victims.remove(victim)
                self._victims.append(Victim(victim.uid, self.folder))
            self.values["VICTIMS"] = " ".join(v.name for v in self._victims)
        if "terminal" in found:
            self._open_terminal()
        return found

    def remove_left(self) -> None:
        """Remove what probes leave for one another where nothing keeps them from it."""
        for path in (Path("/tmp", self.name), Path(f"/dev/shm/{self.name}-left")):  # noqa: S108
            path.unlink(missing_ok=True)
        left = libc.shmget(self._key, 1, 0)
        if left >= 0:
            libc.shmctl(left, _IPC_RMID, None)

    # ---- making them ----

    def _make(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._looks: dict[str, Callable[[], bool]] = {}
        self.folder = tempfile.mkdtemp(prefix="canary-", dir=self._place)
        stack.callback(shutil.rmtree, self.folder)
        stack.callback(self.remove_left)
        self._fill_folder()
        self.values |= {"FOLDER": self.folder, "FILE": f"{self.folder}/secret.txt"}
        self.values["XIFERP"] = sys.prefix[::-1]
        self._open_sockets()
        self._open_queues()
        self._terminal: tuple[int, int] = (-1, -1)
        stack.callback(self._close_terminal)
        self._open_terminal()
        self._looks["terminal"] = lambda: bool(select.select([self._terminal[0]], [], [], 0)[0])
        lock = os.open(torch.__file__, os.O_RDONLY)
        stack.callback(os.close, lock)
        fcntl.flock(lock, fcntl.LOCK_SH)
        self._victims = [Victim(uid, self.folder) for uid in self._uids]
        self.values["VICTIMS"] = " ".join(victim.name for victim in self._victims)

    def _fill_folder(self) -> None:
        os.chmod(self.folder, 0o777)  # noqa: PTH101, S103
        wanted = {"secret.txt": 0o666, "owned.txt": 0o644}
        for path in Path(self.folder).iterdir():
            path.unlink()
        for name, mode in wanted.items():
            path = Path(self.folder, name)
            path.write_bytes(SECRET)
            path.chmod(mode)
        self._files_before = self._files()

    def _files(self) -> list[object]:
        found: list[object] = [os.stat(self.folder).st_mode]  # noqa: PTH116
        for path in sorted(Path(self.folder).iterdir()):
            at = path.lstat()
            content = path.read_bytes() if path.is_file() else b""
            found.append((path.name, at.st_mode, at.st_uid, at.st_mtime_ns, content, os.listxattr(path)))
        return found

    def _open_sockets(self) -> None:
        # Those in the file system have a folder of their own: binding changes it.
        folder = tempfile.mkdtemp(prefix="canary-", dir=self._place)
        self._stack.callback(shutil.rmtree, folder)
        os.chmod(folder, 0o777)  # noqa: PTH101, S103
        stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
        unix, ipv4, ipv6 = socket.AF_UNIX, socket.AF_INET, socket.AF_INET6
        self._listen("tcp", ipv4, stream, ("127.0.0.1", 0))
        self._listen("udp", ipv4, datagram, ("127.0.0.1", 0))
        if has_ipv6():
            self._listen("tcp6", ipv6, stream, ("::1", 0))
            self._listen("udp6", ipv6, datagram, ("::1", 0))
        self._listen("unix", unix, stream, f"{folder}/stream")
        self._listen("unix datagram", unix, datagram, f"{folder}/datagram")
        self._listen("abstract", unix, stream, f"\0{self.name}-stream")
        self._listen("abstract datagram", unix, datagram, f"\0{self.name}-datagram")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.values["PORT"] = str(port)
        ended = threading.Event()
        caller = threading.Thread(target=_call_often, args=(port, ended))
        caller.start()
        self._stack.callback(caller.join)
        self._stack.callback(ended.set)

    def _listen(self, name: str, family: int, kind: int, address: Any) -> None:
        server = self._stack.enter_context(socket.socket(family, kind))
        server.bind(address)
        server.setblocking(False)
        if isinstance(address, str) and address[0] != "\0":
            os.chmod(address, 0o777)  # noqa: PTH101, S103
        if kind == socket.SOCK_STREAM:
            server.listen()

        def look() -> bool:
            with contextlib.suppress(BlockingIOError):
                if kind == socket.SOCK_STREAM:
                    server.accept()[0].close()
                else:
                    server.recv(100)
                return True
            return False

        self._looks[name] = look
        told = address.lstrip("\0") if isinstance(address, str) else str(server.getsockname()[1])
        self.values[name.upper().replace(" ", "_")] = told

    def _open_queues(self) -> None:
        self._key = secrets.randbelow(1 << 30) + 1
        shm = checked(libc.shmget(0, 4096, _IPC_CREAT | 0o666))
        self._stack.callback(libc.shmctl, shm, _IPC_RMID, None)
        memory = libc.shmat(shm, None, 0)
        self._stack.callback(libc.shmdt, memory)
        ctypes.memmove(memory, SECRET, len(SECRET))
        sem = checked(libc.semget(0, 1, _IPC_CREAT | 0o666))
        self._stack.callback(libc.semctl, sem, 0, _IPC_RMID, 0)
        msg = checked(libc.msgget(0, _IPC_CREAT | 0o666))
        self._stack.callback(libc.msgctl, msg, _IPC_RMID, None)
        umask = os.umask(0)
        try:
            mq = checked(libc.mq_open(f"/{self.name}".encode(), os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o666, None))
        finally:
            os.umask(umask)
        self._stack.callback(libc.mq_unlink, f"/{self.name}".encode())
        self._stack.callback(os.close, mq)
        named = Path("/dev/shm", self.name)  # noqa: S108
        named.write_bytes(SECRET)
        named.chmod(0o666)
        self._stack.callback(named.unlink)
        self.values |= {"SHM": str(shm), "SEM": str(sem), "MSG": str(msg), "KEY": str(self._key)}

        def look_at_shm() -> bool:
            same = ctypes.string_at(memory, len(SECRET)) == SECRET
            ctypes.memmove(memory, SECRET, len(SECRET))
            return not same

        def look_at_sem() -> bool:
            value = libc.semctl(sem, 0, _GETVAL, 0)
            libc.semctl(sem, 0, _SETVAL, 0)
            return bool(value)

        room = ctypes.create_string_buffer(16384)
        self._looks |= {
            "shm": look_at_shm,
            "sem": look_at_sem,
            "msg": lambda: libc.msgrcv(msg, room, 100, 0, _NOWAIT) >= 0,
            "mq": lambda: libc.mq_receive(mq, room, 16384, None) >= 0,
            "named shm": lambda: named.read_bytes() != SECRET,
        }

    def _open_terminal(self) -> None:
        self._close_terminal()
        self._terminal = os.openpty()
        self.values["TTY"] = os.ttyname(self._terminal[1])
        os.chmod(self.values["TTY"], 0o666)  # noqa: PTH101, S103

    def _close_terminal(self) -> None:
        for fd in self._terminal:
            with contextlib.suppress(OSError):
                os.close(fd)


def _call_often(port: int, ended: threading.Event) -> None:
    """Connect to `port` whenever somebody listens there, and tell a secret."""
    while not ended.wait(0.01):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as caller:
            caller.send(SECRET)


# ---- what a machine may not have ----


def has_ipv6() -> bool:
    """Whether this machine can talk to itself by IPv6."""
    try:
        with socket.socket(socket.AF_INET6) as trial:
            trial.bind(("::1", 0))
    except OSError:
        return False
    return True


def missing(needed: str) -> str:
    """Why a probe that needs something cannot run on this machine, or nothing."""
    checks: dict[str, tuple[Callable[[], bool], str]] = {
        "": (lambda: True, ""),
        "ipv6": (has_ipv6, "no IPv6 here"),
        "x86_64": (lambda: os.uname().machine == "x86_64", "for another processor"),
        "ia32": (_has_ia32, "the kernel runs no 32-bit programs"),
        "vsock": (lambda: _opens(socket.AF_VSOCK), "the kernel has no vsock"),
        "io_uring": (lambda: _setting("kernel/io_uring_disabled") == "0", "io_uring is switched off"),
        "tiocsti": (lambda: _setting("dev/tty/legacy_tiocsti") != "0", "the kernel has no TIOCSTI"),
        "processors": (lambda: len(os.sched_getaffinity(0)) > 1, "only one processor"),
        "environment": (lambda: sys.prefix != sys.base_prefix, "no virtual environment"),
        "editable": (lambda: any(_editables()), "the grader is not installed in place"),
    }
    works, why = checks[needed]
    return "" if works() else why


def _opens(family: int) -> bool:
    try:
        socket.socket(family, socket.SOCK_STREAM).close()
    except OSError:
        return False
    return True


def _setting(name: str) -> str:
    try:
        return Path("/proc/sys", name).read_text().strip()
    except OSError:
        return ""


def _editables() -> Iterator[Path]:
    packages = Path(torch.__file__).parents[1]
    for path in [*packages.glob("*.pth"), *packages.glob("*.dist-info/direct_url.json")]:
        if path.read_text("utf-8").startswith("/") or "file:///" in path.read_text("utf-8"):
            yield path


# getpid by int 0x80, in a process of its own: without 32-bit programs the kernel ends it.
_IA32 = """
import ctypes, mmap
page = mmap.mmap(-1, 4096, prot=7)
page.write(bytes.fromhex("b814000000cd80c3"))
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
"""


def _has_ia32() -> bool:
    if os.uname().machine != "x86_64" or struct.calcsize("P") != 8:
        return False
    return subprocess.run([sys.executable, "-c", _IA32], stderr=subprocess.DEVNULL, check=False).returncode == 0
