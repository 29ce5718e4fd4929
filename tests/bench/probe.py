"""Clocks inside a zygote and its workers. Sent to them beside their own modules, so it imports only what they have.

Workers are killed, so what they measure stands in a file that all of them and the bench map into memory: for each
process, and in it for each name of `NAMES`, the seconds and the number of calls, as doubles. A process writes to its
own part only: some wait as spares while another works.
"""

from __future__ import annotations

import mmap
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAMES = (
    "fork",
    "end of a worker",
    "becoming a worker",
    "rehearsing while it waits",
    "waiting for the judge",
    "reading requests",
    "limits",
    "giving up rights",
    "importing the file",
    "seeding",
    "mirrors",
    "values",
    "backward passes",
    "student code",
    "sending replies",
)
# What is clocked under which name: a module of the worker, and the path of a function in it.
CLOCKS = (
    ("zygote", "Zygote._fork", "fork"),
    ("zygote", "Zygote.reap", "end of a worker"),
    ("zygote", "_kill_group", "end of a worker"),
    ("connection", "Connection.receive", "reading requests"),
    ("connection", "Connection._fill", "waiting for the judge"),
    ("connection", "Connection.send", "sending replies"),
    ("serve", "flush_output", "sending replies"),
    ("limits", "limit_resources", "limits"),
    ("confine", "enter", "giving up rights"),
    ("serve", "Worker._load", "importing the file"),
    ("serve", "seed_everything", "seeding"),
    ("tables", "Tables.apply", "mirrors"),
    ("tables", "Tables.forget", "mirrors"),
    ("tables", "Tables.changes", "mirrors"),
    ("tables", "Tables.products", "backward passes"),
    ("values", "Incoming.value", "values"),
    ("values", "Outgoing.value", "values"),
    ("serve", "Worker._do", "student code"),
)
BECOMING = ("zygote", "_be_worker", "becoming a worker")
REHEARSING = ("rehearse", "rehearse", "rehearsing while it waits")
PAIR = struct.Struct("<dd")
PART = PAIR.size * len(NAMES)
PARTS = 512  # the zygote has the first; forks take turns with the others
SIZE = PART * PARTS


class Clock:
    """Adds the time between two calls to the innermost name that is open."""

    def __init__(self, table: mmap.mmap) -> None:
        self._table = table
        self._open: list[int] = []
        self._at = 0.0
        self._part = 0
        self.paused = False

    def enter(self, name: int) -> None:
        """Open a name."""
        now = time.perf_counter()
        if self._open:
            self._add(self._open[-1], now - self._at, 0)
        self._open.append(name)
        self._add(name, 0, 1)
        self._at = now

    def leave(self) -> None:
        """Close the innermost name."""
        now = time.perf_counter()
        self._add(self._open.pop(), now - self._at, 0)
        self._at = now

    def restart(self, process: int) -> None:
        """After a fork: what the parent had open is not open here, and the sums go elsewhere."""
        self._open.clear()
        self._part = PART * (1 + process % (PARTS - 1))

    def _add(self, name: int, seconds: float, calls: int) -> None:
        at = self._part + name * PAIR.size
        had_s, had = PAIR.unpack_from(self._table, at)
        PAIR.pack_into(self._table, at, had_s + seconds, had + calls)

    def wrap(self, owner: Any, function: str, name: str) -> None:
        """Count a function, or a method of a class, under a name."""
        inner: Callable[..., Any] = getattr(owner, function)
        number = NAMES.index(name)

        def timed(*args: Any, **kwargs: Any) -> Any:
            if self.paused:  # a rehearsal runs through the same functions
                return inner(*args, **kwargs)
            self.enter(number)
            try:
                return inner(*args, **kwargs)
            finally:
                self.leave()

        setattr(owner, function, timed)


def owner_of(module: Any, path: str) -> tuple[Any, str]:
    """Where a function of a module stands: its module or class, and its name there."""
    *classes, name = path.split(".")
    for one in classes:
        module = getattr(module, one)
    getattr(module, name)
    return module, name


def install(modules: dict[str, Any], path: str) -> None:
    """Put clocks into the modules of a zygote, by name; `path` is the file with the sums."""
    with Path(path).open("r+b") as file:
        clock = Clock(mmap.mmap(file.fileno(), SIZE))
    forks = 0
    become, rehearse, fork = (
        modules["zygote"]._be_worker,
        modules["rehearse"].rehearse,
        modules["zygote"].Zygote._fork,
    )

    def counted_fork(*args: Any) -> Any:
        nonlocal forks
        forks += 1
        return fork(*args)

    def timed_become(*args: Any) -> None:
        clock.restart(forks)
        clock.enter(NAMES.index(BECOMING[2]))
        become(*args)

    def timed_rehearse(*, backward: bool) -> None:
        clock.enter(NAMES.index(REHEARSING[2]))
        clock.paused = True
        try:
            rehearse(backward=backward)
        finally:
            clock.paused = False
            clock.leave()

    modules["zygote"].Zygote._fork = counted_fork
    modules["zygote"]._be_worker = timed_become
    modules["rehearse"].rehearse = timed_rehearse
    for module, function, name in CLOCKS:
        clock.wrap(*owner_of(modules[module], function), name)


def read(path: str) -> dict[str, tuple[float, int]]:
    """The sums so far: seconds and calls by name."""
    data = Path(path).read_bytes()
    sums = dict.fromkeys(NAMES, (0.0, 0))
    for at in range(0, SIZE, PART):
        for i, name in enumerate(NAMES):
            seconds, calls = PAIR.unpack_from(data, at + i * PAIR.size)
            sums[name] = (sums[name][0] + seconds, sums[name][1] + int(calls))
    return sums
