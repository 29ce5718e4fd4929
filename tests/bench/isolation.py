"""What each layer of isolation costs a worker: from the request for one to its first answer, and to its end."""

from __future__ import annotations

import contextlib
import statistics
import time

from grader.judge.channel import Channel
from grader.judge.client import Client
from grader.model import Limits
from grader.sandbox import LAYERS, Zygote

ROUNDS = 60
WARM_UP = 5
# From nothing to everything; each row is what is left out.
LEVELS = {
    "plain fork": LAYERS,
    "+ landlock": ("bubblewrap", "cgroup", "seccomp"),
    "+ seccomp": ("bubblewrap", "cgroup"),
    "in bubblewrap": ("namespaces", "cgroup"),
    "+ namespaces of its own (sandbox)": ("cgroup",),
    "+ cgroup around all of them": (),
}


def show() -> None:
    """Measure all levels in turn, so that what else the machine does falls on each of them alike."""
    zygotes = {name: Zygote(spares=0, without=without) for name, without in LEVELS.items()}
    up: dict[str, list[float]] = {name: [] for name in LEVELS}
    down: dict[str, list[float]] = {name: [] for name in LEVELS}
    with contextlib.ExitStack() as stack:
        for zygote in zygotes.values():
            stack.callback(zygote.close)
            zygote.start()
        for zygote in zygotes.values():
            zygote.wait_ready()
        for number in range(WARM_UP + ROUNDS):
            for name, zygote in zygotes.items():
                answer_s, end_s = _one(zygote)
                if number >= WARM_UP:
                    up[name].append(answer_s)
                    down[name].append(end_s)
    print(f"Milliseconds for a worker that nobody forked ahead, median of {ROUNDS} [best]")
    print(f"  {'':36}{'to its answer':>16}{'over a fork':>14}{'to its end':>14}")
    plain = statistics.median(up["plain fork"])
    for name in LEVELS:
        middle, best = statistics.median(up[name]) * 1000, min(up[name]) * 1000
        end = statistics.median(down[name]) * 1000
        print(f"  {name:36}{middle:>9.1f} [{best:.1f}]{middle - plain * 1000:>14.1f}{end:>14.1f}")
    print()


def _one(zygote: Zygote) -> tuple[float, float]:
    start = time.perf_counter()
    worker = zygote.take()
    channel = Channel(worker, output_kib=64)
    channel.start_clock(60)
    Client(channel).load("", "empty.py", "empty", cuda=None, limits=Limits(), cpu_s=10)
    answered = time.perf_counter()
    worker.kill()
    worker.ending()
    return answered - start, time.perf_counter() - answered


if __name__ == "__main__":
    show()
