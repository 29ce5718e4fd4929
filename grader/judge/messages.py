"""What the engine and a judge say to each other. Both are trusted; frames are a length (u32) and msgpack.

The engine sends one `Setup`, then jobs. The judge answers `Ready` once, then for every job a `CheckFinished` for each
check and one `ExerciseFinished`. It ends when its input ends.
"""

from __future__ import annotations

from typing import IO

import msgspec

from grader.model import CheckResult, Environment, ExerciseResult, Isolation, Limits, Policy


class SuiteSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One exercise as the judge needs it.

    `forbidden` are the ready-made versions and `instead` says what to use; `required` are what the stub defines.
    `if_written` and `if_run` say what it costs when one is found in the source, or seen at work.
    """

    slug: str
    chapter: str
    title: str
    suite: str
    solution: str
    limits: Limits
    forbidden: tuple[str, ...] = ()
    instead: str = ""
    required: tuple[str, ...] = ()
    if_written: Policy = Policy.EXERCISE
    if_run: Policy = Policy.FLAG

    @property
    def looked_for(self) -> tuple[str, ...]:
        """The names that a worker looks out for."""
        return () if self.if_run is Policy.OFF else self.forbidden


class Setup(msgspec.Struct, frozen=True, kw_only=True, tag="setup"):
    """What to collect. `root` is the course's folder; `timeout_s` replaces the time limits of the exercises.

    `scratch` is the folder for temporary files, which the judge removes at its end. `without` names layers of isolation
    to leave out, for tests of the others. With `watch` the judge adds to each result what it observed.
    """

    root: str
    suites: tuple[SuiteSpec, ...]
    seed: int
    parent: int
    without: tuple[str, ...] = ()
    timeout_s: float | None = None
    scratch: str = ""
    watch: bool = False


class Job(msgspec.Struct, frozen=True, kw_only=True, tag="job"):
    """One submitted file. `source` is None when it cannot be read; `problem` then says why, in one line.

    `seed` is for this job only, in the place of the run's, and so is the number of torch's `threads` on both sides.
    """

    slug: str
    file: str
    sha256: str
    source: str | None
    problem: str = ""
    seed: int | None = None
    threads: int = 1


class PlannedCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A check that will run."""

    id: str
    title: str
    max_score: float


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready"):
    """The judge is warm. `broken` has a line for each slug whose suite cannot be collected."""

    isolation: Isolation
    environment: Environment
    seed: int
    plan: dict[str, tuple[PlannedCheck, ...]]
    broken: dict[str, str]


class CheckFinished(msgspec.Struct, frozen=True, kw_only=True, tag="check"):
    """One check of the exercise that is being graded."""

    slug: str
    check: CheckResult


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A number of the suite's in a text for students, as it is written there."""

    check: str
    number: str


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """What `grade check` is told of a job and no report has.

    `used` is the largest share of a tolerance that was used up in a check that passed; `missed` is by how many
    tolerances the comparison failed that a check ended with. Neither has a check that compares with no tolerance.
    `faults` say why a check ended with an internal error.
    """

    used: dict[str, float] = {}
    missed: dict[str, float] = {}
    faults: dict[str, str] = {}
    shown: tuple[Shown, ...] = ()


class ExerciseFinished(msgspec.Struct, frozen=True, kw_only=True, tag="exercise"):
    """One job is done. `cpu_s` is the time that its workers had of the CPU, `memory_mib` the most that one had
    resident, with what it shares with the others; 0 where that is not known. `observed` is there if the setup asked
    for it.
    """

    result: ExerciseResult
    cpu_s: float = 0.0
    memory_mib: float = 0.0
    observed: Observed | None = None


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The judge cannot go on: our fault or the host's. `text` is one line, `log` the details."""

    text: str
    log: str = ""


Order = Setup | Job
Event = Ready | CheckFinished | ExerciseFinished | Failed

_encoder = msgspec.msgpack.Encoder()
_orders = msgspec.msgpack.Decoder(Order)
_events = msgspec.msgpack.Decoder(Event)


def write(stream: IO[bytes], message: Order | Event) -> None:
    """Write one message and flush."""
    data = _encoder.encode(message)
    stream.write(len(data).to_bytes(4, "little") + data)
    stream.flush()


def read_order(stream: IO[bytes]) -> Order | None:
    """The next order, or None at the end."""
    data = _read(stream)
    return None if data is None else _orders.decode(data)


def read_event(stream: IO[bytes]) -> Event | None:
    """The next event, or None at the end."""
    data = _read(stream)
    return None if data is None else _events.decode(data)


def _read(stream: IO[bytes]) -> bytes | None:
    head = stream.read(4)
    if len(head) < 4:
        return None
    size = int.from_bytes(head, "little")
    data = stream.read(size)
    return data if len(data) == size else None
