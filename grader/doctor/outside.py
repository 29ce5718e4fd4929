"""What submissions aim at: files, sockets and a process outside of their reach, and whether something came of it.

Anybody on this machine may touch what is in the folder for temporary files, so that no permission stands in for
isolation; what is in the other folders is as private as they are.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from grader.doctor.tries import SECRET

VARIABLE = "GRADE_DOCTOR_SECRET"
END_S = 5.0

# Keeps a secret in memory. It lets others of its user look where the kernel would ask (Yama), and has no capability,
# or root's would protect it from a root that has none.
_NEIGHBOUR = """
import contextlib, ctypes, secrets, struct, sys
kept = ctypes.create_string_buffer(secrets.token_hex(16).encode())
with contextlib.suppress(AttributeError):
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)
        libc.capset(struct.pack("=Ii", 0x20080522, 0), bytes(24))
print(ctypes.addressof(kept), kept.value.decode(), flush=True)
sys.stdin.read()
"""


def _secret() -> str:
    return SECRET + secrets.token_hex(16)


class Outside:
    """The targets, while it is entered. Raises OSError where there is no room for them."""

    def __init__(self, homes: Sequence[Path] = ()) -> None:
        """Files are put into the folder for temporary files, and into those of `homes` that can be written."""
        self._homes = homes
        self._stack = contextlib.ExitStack()
        self.file_secret, self.variable_secret, self.descriptor_secret = _secret(), _secret(), _secret()
        self.command_secret, self.memory_secret = _secret(), ""
        self.size = len(self.file_secret) + 1000 + secrets.randbelow(1_000_000)
        self.comm = f"gd-{secrets.token_hex(6)}"
        self._folders: list[Path] = []
        self._listeners: dict[str, list[socket.socket]] = {"tcp": [], "udp": [], "unix": []}
        self._known: dict[str, bytes | None] = {}
        self._neighbour: subprocess.Popen[str] | None = None
        self.targets: dict[str, Any] = {"comm": self.comm}

    def __enter__(self) -> Outside:
        with contextlib.ExitStack() as stack:
            self._set_variable(stack)
            self._make_files(stack)
            self._leave_descriptor(stack)
            self._listen(stack)
            self._start_neighbour(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    # ---- what can be seen from here ----

    def was_reached(self, kind: str) -> bool:
        """Whether something arrived at a listener since this was asked: "tcp", "udp" or "unix"."""
        reached = False
        with selectors.DefaultSelector() as selector:
            for listener in self._listeners[kind]:
                selector.register(listener, selectors.EVENT_READ, listener)
            for key, _ in selector.select(0) if self._listeners[kind] else ():
                listener = key.data
                reached = True
                with contextlib.suppress(OSError):
                    if kind == "udp":
                        listener.recv(64)
                    else:
                        listener.accept()[0].close()
        return reached

    def was_written(self) -> bool:
        """Whether a file was made, changed or removed since this was asked."""
        now = self._contents()
        changed, self._known = now != self._known, now
        return changed

    def has_ended(self, *, within_s: float = 0.0) -> bool:
        """Whether the process was ended, or is within that time: a signal takes a moment."""
        assert self._neighbour is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._neighbour.wait(within_s)
        return self._neighbour.returncode is not None

    def sees_process(self) -> bool:
        """Whether a process calls itself as the targets ask it to (Linux)."""
        for comm in Path("/proc").glob("[0-9]*/comm"):
            with contextlib.suppress(OSError):
                if comm.read_text().strip() == self.comm:
                    return True
        return False

    # ---- putting it there ----

    def _set_variable(self, stack: contextlib.ExitStack) -> None:
        os.environ[VARIABLE] = self.variable_secret
        stack.callback(os.environ.pop, VARIABLE, None)

    def _make_files(self, stack: contextlib.ExitStack) -> None:
        content = (self.file_secret + "\n").ljust(self.size, ".")
        for place in (None, *self._homes):
            try:
                folder = Path(tempfile.mkdtemp(prefix="grade-doctor-", dir=place))
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
                folder.chmod(0o777)
                (folder / "secret.txt").write_text(content)
                (folder / "secret.txt").chmod(0o666)
            except OSError:
                if place is None:
                    raise
                continue
            self._folders.append(folder)
        self.targets["folders"] = [str(folder) for folder in self._folders]
        self.targets["files"] = [str(folder / "secret.txt") for folder in self._folders]

    def _leave_descriptor(self, stack: contextlib.ExitStack) -> None:
        file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        file.write(self.descriptor_secret.encode())
        file.flush()
        os.set_inheritable(file.fileno(), True)

    def _listen(self, stack: contextlib.ExitStack) -> None:
        for name, kind in (("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)):
            with contextlib.suppress(OSError):  # no loopback: then there is nothing to connect to
                listener = stack.enter_context(socket.socket(socket.AF_INET, kind))
                listener.bind(("127.0.0.1", 0))
                self._serve(name, listener)
                self.targets[name] = listener.getsockname()[1]
        for address in self._unix_addresses():
            with contextlib.suppress(OSError):  # not on every file system
                listener = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
                if address.startswith("\0"):
                    listener.bind(address)
                else:
                    self._bind(listener, Path(address))
                self._serve("unix", listener)
                self.targets.setdefault("unix", []).append(address)
        self._known = self._contents()

    def _unix_addresses(self) -> Iterator[str]:
        if hasattr(socket, "AF_UNIX"):
            yield str(self._folders[0] / "socket")
            if sys.platform == "linux":
                yield f"\0{_secret()}"

    @staticmethod
    def _bind(listener: socket.socket, path: Path) -> None:
        """Bind to a path of any length: an address has room for some hundred characters only."""
        if sys.platform == "linux":
            folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                listener.bind(f"/proc/self/fd/{folder}/{path.name}")
            finally:
                os.close(folder)
        else:
            listener.bind(str(path))
        path.chmod(0o777)

    def _serve(self, name: str, listener: socket.socket) -> None:
        if listener.type == socket.SOCK_STREAM:
            listener.listen()
        listener.setblocking(False)
        self._listeners[name].append(listener)

    def _start_neighbour(self, stack: contextlib.ExitStack) -> None:
        process = subprocess.Popen(  # noqa: S603  our own interpreter and program
            [sys.executable, "-I", "-S", "-c", _NEIGHBOUR, self.command_secret],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            # Ctrl-C on the terminal is ours to handle.
            start_new_session=True,
        )
        stack.callback(_end, process)
        assert process.stdout is not None
        words = process.stdout.readline().split()
        if len(words) != 2:
            raise OSError("a Python process could not be started")
        self._neighbour = process
        self.memory_secret = words[1]
        self.targets |= {"pid": process.pid, "address": int(words[0])}

    def _contents(self) -> dict[str, bytes | None]:
        found: dict[str, bytes | None] = {}
        for folder in self._folders:
            for path in folder.iterdir():
                found[str(path)] = path.read_bytes() if path.is_file() else None
        return found


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END_S)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
