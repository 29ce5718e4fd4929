"""The conversation with one zygote about its workers; worker/zygote.py says which records there are."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable

from grader.sandbox.worker import Ending, SandboxError, Used, Worker

# Must be worker/zygote.py's.
_RECORD = struct.Struct("<4sqqq")


class Control:
    """Our end of the control socket. `why` says how the process ended, for errors."""

    def __init__(self, connection: socket.socket, why: Callable[[], str]) -> None:
        self._connection = connection
        self._why = why
        self._buffer = b""
        self._forking: dict[int, Worker] = {}
        # Those that live. A process id is given to another once its owner has ended.
        self._by_pid: dict[int, Worker] = {}
        self.ready = False
        self.layers: frozenset[str] = frozenset()
        self.problems: tuple[str, ...] = ()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def has_hung_up(self) -> bool:
        """Whether the other side is gone, without waiting."""
        self._connection.setblocking(False)
        try:
            return not self._connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self._connection.setblocking(True)

    def wait(self, happened: Callable[[], bool], seconds: float) -> None:
        """Read records until `happened`. Raises `SandboxError` when that takes longer, or the other side is gone."""
        deadline = time.monotonic() + seconds
        while not happened():
            self._read(deadline)

    def fork(self, worker: Worker, wire: int, output: int) -> None:
        """Ask for a process for `worker`, with these descriptors. Raises `SandboxError`."""
        self._forking[worker.number] = worker
        try:
            socket.send_fds(self._connection, [_RECORD.pack(b"fork", worker.number, 0, 0)], [wire, output])
        except OSError as error:
            raise SandboxError("the process that forks workers has ended") from error

    def kill(self, worker: Worker) -> None:
        """Have the worker's process group killed, if it is alive. Raises `SandboxError`."""
        if self._by_pid.get(worker.pid) is not worker:
            return
        try:
            self._connection.sendall(_RECORD.pack(b"kill", worker.pid, 0, 0))
        except OSError as error:
            raise SandboxError("the process that forks workers has ended") from error

    def _fill(self, size: int, deadline: float) -> None:
        """Read until the buffer holds at least `size` bytes."""
        while len(self._buffer) < size:
            self._connection.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                data = self._connection.recv(4096)
            except TimeoutError:
                raise SandboxError("the process that forks workers does not answer") from None
            except OSError as error:
                raise SandboxError(f"the process that forks workers cannot be reached: {error}") from error
            finally:
                self._connection.settimeout(None)
            if not data:
                raise SandboxError(f"the process that forks workers has ended{self._why()}")
            self._buffer += data

    def _read(self, deadline: float) -> None:
        """Read and note at least one record."""
        self._fill(_RECORD.size, deadline)
        while len(self._buffer) >= _RECORD.size:
            end = _RECORD.size
            what, number, value, extra = _RECORD.unpack(self._buffer[:end])
            match what:
                case b"redy":
                    end += value
                    self._fill(end, deadline)
                    told = json.loads(self._buffer[_RECORD.size : end])
                    self.layers, self.problems = frozenset(told["layers"]), tuple(told["problems"])
                    self.ready = True
                case b"fkd\0":
                    worker = self._forking.pop(number)
                    worker.pid = value
                    self._by_pid[value] = worker
                case b"used" if number in self._by_pid:
                    self._by_pid[number].usage = Used(value / 1e6, extra / 1024)
                case b"exit" if number in self._by_pid:
                    self._by_pid.pop(number).ended = Ending(value, extra / 1000)
            self._buffer = self._buffer[end:]
