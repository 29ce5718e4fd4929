"""A worker, seen from the judge, and how it ends."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.sandbox.control import Control
    from grader.sandbox.zygote import Zygote


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


@dataclass(frozen=True)
class Used:
    """What a worker has used: CPU time, and the most memory that was resident, with what it shares with others."""

    cpu_s: float = 0.0
    memory_mib: float = 0.0


class Worker:
    """One worker, seen from the judge. `wire` and `output` are the judge's ends."""

    def __init__(self, zygote: Zygote, number: int, wire: socket.socket, output: int) -> None:
        self._zygote = zygote
        self.number = number
        self.wire = wire
        self.output = output
        self.control: Control | None = None
        # Told by the zygote: its number in the zygote's namespace, how it ended, what it used.
        self.pid = 0
        self.ended: Ending | None = None
        self.usage: Used | None = None

    def kill(self) -> None:
        """End it and everything in its process group, and close the judge's ends. May be called again."""
        if self.output < 0:
            return
        # In this order: one whose wire is closed ends by itself, and then nobody can tell what it has used.
        self._zygote.kill(self)
        self.wire.close()
        os.close(self.output)
        self.output = -1

    def used(self) -> Used:
        """What a worker that was killed, or has ended, had used by then; nothing if that can't be told at once."""
        return self._zygote.used(self)

    def ending(self) -> Ending | None:
        """How it ended, or None if it did not end within two seconds."""
        return self._zygote.ending(self)
