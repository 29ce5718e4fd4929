"""Submissions in a worker, for tests that talk to them directly."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from grader.judge.channel import Channel
from grader.judge.client import Client
from grader.model import Limits
from grader.sandbox import Zygote

Make = Callable[[str], Any]


@contextmanager
def zygote() -> Iterator[Zygote]:
    """A running zygote."""
    running = Zygote()
    running.start()
    try:
        yield running
    finally:
        running.close()


@contextmanager
def clients(running: Zygote, *, wall_s: float = 20.0) -> Iterator[Callable[[str], Client]]:
    """A function that imports source text in a fresh worker and returns the client."""
    workers = []

    def make(source: str, limits: Limits | None = None) -> Client:
        worker = running.take()
        workers.append(worker)
        limits = limits or Limits()
        channel = Channel(worker, output_kib=limits.output_kib)
        channel.start_clock(wall_s)
        client = Client(channel)
        client.load(source, "toy.py", "toy", cuda=None, limits=limits, cpu_s=60)
        return client

    try:
        yield make
    finally:
        for worker in workers:
            worker.kill()


def local(source: str) -> types.ModuleType:
    """The same source, imported into this process."""
    module = types.ModuleType("toy")
    exec(compile(source, "toy.py", "exec"), module.__dict__)
    return module
