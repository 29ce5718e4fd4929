"""Run the attempts, each in a worker of its own, and tell what holds."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from grader.doctor.advice import Host, advice
from grader.doctor.attempts import DISK_MIB, OVERDRAWN, TRIES, Answer, Try
from grader.doctor.findings import Attempt, Findings, Mechanism, Verdict
from grader.doctor.outside import Outside
from grader.judge.channel import Channel, WorkerLostError
from grader.model import Outcome
from grader.sandbox import LAYERS, SandboxError, Worker, Zygote
from grader.sandbox.bubblewrap import PROGRAM
from grader.worker import landlock
from grader.worker.protocol import NO_CHANGE, Body, Load, Raised, Request

FILE_MIB, OUTPUT_KIB, CPU_S = 4, 256, 0.5
_ENDED = {
    Outcome.OUT_OF_CPU_TIME: "ended when its CPU time was used up",
    Outcome.TIMED_OUT: "ended when its time was over",
    Outcome.TOO_MUCH_OUTPUT: "ended when it had printed too much",
}
_FAILED = "the process that submissions run in cannot be started"


class ExaminationError(Exception):
    """No submission can be run here. The text is one line; `log` has the details."""

    def __init__(self, text: str, log: str = "") -> None:
        super().__init__(text)
        self.log = log


def examine(homes: Sequence[Path] = (), *, without: Collection[str] = ()) -> Findings:
    """Try everything, with the targets also in `homes`. Raises `ExaminationError` when nothing can be tried.

    `without` leaves out layers of isolation (of `sandbox.LAYERS`), to see what they stop.
    """
    if not hasattr(os, "fork"):
        raise ExaminationError(f"submissions cannot be run on {platform.system()}; use Linux, or WSL 2 on Windows")
    began = time.monotonic()
    log = io.StringIO()
    try:
        with contextlib.redirect_stderr(log), Outside(homes) as outside, _zygote(without) as zygote:
            attempts = tuple(_try_all(zygote, outside))
            touched = outside.was_written() or any(map(outside.was_reached, ("tcp", "udp", "unix")))
            isolation, layers = zygote.isolation, zygote.layers
    except SandboxError as error:
        raise ExaminationError(f"{_FAILED}: {_last_line(log.getvalue()) or error}", log.getvalue()) from error
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        raise ExaminationError(f"it cannot be tried here: {error.strerror or error}{where}") from error
    return Findings(
        level=isolation.level,
        mechanisms=tuple(_mechanisms(layers, isolation.missing, without, Host.here())),
        attempts=attempts,
        untouched=not touched and not any(one.verdict is Verdict.GOT_THROUGH for one in attempts),
        seconds=round(time.monotonic() - began, 3),
    )


@contextlib.contextmanager
def _zygote(without: Collection[str]) -> Iterator[Zygote]:
    zygote = Zygote(spares=1, without=without, disk_mib=DISK_MIB)
    try:
        zygote.start()
        zygote.wait_ready()
        yield zygote
    finally:
        zygote.close()


# ---- attempts ----


@dataclass(frozen=True)
class _Running:
    worker: Worker
    channel: Channel


def _try_all(zygote: Zygote, outside: Outside) -> Iterator[Attempt]:
    """In the order of `TRIES`; those that take time run beside the others."""
    slow = {one.name: _start(zygote, outside, one) for one in TRIES if one.slow and _reason_against(outside, one) == ""}
    results = {}
    for one in [*(t for t in TRIES if not t.slow), *(t for t in TRIES if t.slow)]:
        against = _reason_against(outside, one)
        if against:
            results[one.name] = _attempt(one, Verdict.NOT_TRIED, against)
            continue
        running = slow.get(one.name) or _start(zygote, outside, one)
        results[one.name] = _judge(one, outside, running)
    return (results[one.name] for one in TRIES)


def _reason_against(outside: Outside, one: Try) -> str:
    if not one.is_for_this_system:
        return "only on Linux"
    return "" if one.needs in outside.targets else "there is nothing to aim it at here"


def _start(zygote: Zygote, outside: Outside, one: Try) -> _Running:
    worker = zygote.take()
    channel = Channel(worker, output_kib=OUTPUT_KIB, cpu_s=CPU_S)
    channel.start_clock(one.wall_s)
    targets = json.dumps(outside.targets | OVERDRAWN)
    source = f"{_tries()}\n\nreport({one.name!r}, json.loads({targets!r}))\n"
    load = Load(source, "doctor.py", "doctor", None, one.memory_mib, CPU_S, FILE_MIB)
    with contextlib.suppress(WorkerLostError):  # told again when its answer is asked for
        channel.send(Request(1, True, None, NO_CHANGE, [], [], load), Body())
    return _Running(worker, channel)


def _tries() -> str:
    return resources.files("grader.doctor").joinpath("tries.py").read_text("utf-8")


def _judge(one: Try, outside: Outside, running: _Running) -> Attempt:
    try:
        answer = _answer(running)
        if one.shows(outside, answer):
            return _attempt(one, Verdict.GOT_THROUGH, "")
    finally:
        running.worker.kill()
    if answer.stopped:
        return _attempt(one, Verdict.REFUSED, answer.stopped)
    if answer.outcome is not None and answer.outcome is one.ends:
        return _attempt(one, Verdict.REFUSED, _ENDED[answer.outcome])
    if one.decided:
        return _attempt(one, Verdict.REFUSED, "nothing came of it" if answer.outcome is None else "its process ended")
    return _attempt(one, Verdict.UNCLEAR, answer.message or "it gave no answer")


def _answer(running: _Running) -> Answer:
    try:
        reply, _ = running.channel.receive()
    except WorkerLostError as lost:
        ending = running.worker.ending()
        status = None
        if ending is not None and os.WIFEXITED(ending.status):
            status = os.WEXITSTATUS(ending.status)
        return Answer(outcome=lost.outcome, message=lost.message, status=status, ended=ending is not None)
    if isinstance(reply.result, Raised):
        return Answer(outcome=Outcome.RAISED, message=reply.result.message)
    text, _ = running.channel.take_output()
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            told = json.loads(line)
            if isinstance(told, dict):
                got = told.get("got")
                return Answer(got=None if got is None else str(got), stopped=str(told.get("stopped", "")))
    return Answer(message="it gave no answer")


def _attempt(one: Try, verdict: Verdict, why: str) -> Attempt:
    return Attempt(name=one.name, title=one.title, verdict=verdict, why=why)


# ---- mechanisms ----


def _mechanisms(
    layers: Collection[str], missing: Iterable[str], without: Collection[str], host: Host
) -> Iterator[Mechanism]:
    reasons = dict(line.split(": ", 1) for line in missing if ": " in line)
    for layer in LAYERS:
        if layer in layers:
            yield Mechanism(name=layer, in_force=True, detail=_detail(layer))
            continue
        reason = "left out" if layer in without else reasons.get(layer, "")
        if not reason and layer == "namespaces":
            yield Mechanism(name=layer, in_force=False, detail="comes with bubblewrap")
            continue
        yield Mechanism(
            name=layer,
            in_force=False,
            detail=reason or "refused",
            advice=() if reason == "left out" else advice(layer, reason, host),
        )
    if not host.root:
        yield Mechanism(name="another user", in_force=False, needed=False, detail="only for root, which you are not")
    elif "bubblewrap" in layers:
        yield Mechanism(name="another user", in_force=True, detail="one that owns nothing")
    else:
        yield Mechanism(name="another user", in_force=False, detail="comes with bubblewrap")
    limited = importlib.util.find_spec("resource") is not None
    yield Mechanism(
        name="limits",
        in_force=limited,
        detail="memory, CPU time, sizes, numbers" if limited else "this system has none",
    )


def _bubblewrap_version() -> str:
    path = shutil.which(PROGRAM)
    if path is None:
        return ""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        told = subprocess.run(  # noqa: S603
            [path, "--version"], capture_output=True, text=True, timeout=5, check=False
        ).stdout.split()
        return f"{path}, version {told[-1][:20]}" if told else path
    return path


def _detail(layer: str) -> str:
    match layer:
        case "bubblewrap":
            return _bubblewrap_version()
        case "namespaces":
            return "each submission has its own"
        case "landlock":
            return f"version {landlock.version()}"
        case _:
            return f"a filter for {platform.machine()}"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""
