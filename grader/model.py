"""The nouns of the grader: outcomes, scores and the report.

Everything points at this module and it imports nothing of ours. `Report` is also the result file
(version 1): `msgspec.json.encode(report)` writes it and `grader/report/result.schema.json` describes it.
Scores are points; durations are seconds of wall time.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

RESULT_VERSION = 1


class Outcome(StrEnum):
    """How one check ended. No default is a pass: the judge claims one after the check returned."""

    PASSED = "passed"
    FAILED = "failed"
    RAISED = "raised"
    NOT_IMPLEMENTED = "not_implemented"
    TIMED_OUT = "timed_out"
    OUT_OF_CPU_TIME = "out_of_cpu_time"
    OUT_OF_MEMORY = "out_of_memory"
    OUT_OF_DISK = "out_of_disk"
    OUT_OF_THREADS = "out_of_threads"
    TOO_MUCH_OUTPUT = "too_much_output"
    NOT_PERMITTED = "not_permitted"
    CRASHED = "crashed"
    SKIPPED = "skipped"
    INTERNAL_ERROR = "internal_error"


class Status(StrEnum):
    """How one exercise ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ATTEMPTED = "not_attempted"
    UNGRADED = "ungraded"


class DiagnosisKind(StrEnum):
    """What a diagnosis rests on: a known wrong submission, the numbers of a gradient or a value, the source."""

    MISCONCEPTION = "misconception"
    GRADIENT = "gradient"
    FORBIDDEN_API = "forbidden_api"


class Policy(StrEnum):
    """What evidence of a forbidden API costs: the exercise, the check, nothing (a person looks); or nobody looks."""

    EXERCISE = "exercise"
    CHECK = "check"
    FLAG = "flag"
    OFF = "off"


class Level(StrEnum):
    """How far student code was kept from the host, strongest first."""

    SANDBOX = "sandbox"
    PROCESS = "process"
    NONE = "none"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one worker may use. Times are per check, memory is on top of what an idle worker has."""

    wall_s: float = 10.0
    cpu_s: float = 10.0
    memory_mib: int = 2048
    file_mib: int = 64
    output_kib: int = 10_240


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One of the student's own stack frames. In a notebook, `file` names the cell too, and `line` counts in it.

    `excerpt` holds source lines around `line`; the first of them has the number `first_line`.
    """

    file: str
    line: int
    function: str
    first_line: int = 0
    excerpt: tuple[str, ...] = ()


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A heat map of where a tensor or a gradient is wrong, without the values themselves.

    `cells` is (rows, columns) of error classes: 0 within the tolerance, then 1 to 4 for errors up to
    1 %, 10 %, 50 % and 100 % of the worst one. Tensors of more than two dimensions are flattened to
    (first dimensions, last dimension) and large ones are pooled by their maximum; `shape` is the shape
    of the whole tensor. `signs` has the shape of `cells`: 1 where what came back is too large, -1 where it is too
    small, 0 where it is neither or both; it is empty where that is not known.
    """

    label: str
    shape: tuple[int, ...]
    cells: tuple[tuple[int, ...], ...]
    signs: tuple[tuple[int, ...], ...] = ()
    pooled: bool = False
    text: str = ""


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """One check of one exercise. `message` and everything below it is text for the student."""

    id: str
    title: str
    outcome: Outcome
    score: float
    max_score: float
    message: str = ""
    hint: str = ""
    duration_s: float = 0.0
    call: str = ""
    got: str = ""
    expected: str = ""
    frames: tuple[Frame, ...] = ()
    output: str = ""
    output_cut: bool = False
    figure: Figure | None = None


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """A named mistake. `check` is empty when it concerns the whole file; `line` is 0 when unknown.

    `cell` is the cell of a notebook that `line` counts in, 0 in other files. `review`: flagged for a person to look
    at. It took no points, and it may be no mistake at all.
    """

    check: str
    kind: DiagnosisKind
    name: str
    text: str
    line: int = 0
    cell: int = 0
    review: bool = False


class SubmissionFile(msgspec.Struct, frozen=True, kw_only=True):
    """The file that was graded: its name (no folders) and the SHA-256 of its bytes, in hexadecimal."""

    file: str
    sha256: str


class ExerciseResult(msgspec.Struct, frozen=True, kw_only=True):
    """One exercise of one submission. `problem` is one line about the file as a whole, if there is any."""

    slug: str
    title: str
    chapter: str
    status: Status
    score: float
    max_score: float
    submission: SubmissionFile
    checks: tuple[CheckResult, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    problem: str = ""


class Isolation(msgspec.Struct, frozen=True, kw_only=True):
    """The isolation in force, what it is made of, and one line on each mechanism that the host does not offer."""

    level: Level
    mechanisms: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """Versions that a result depends on."""

    grader: str
    python: str
    torch: str
    platform: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one run over one submission."""

    version: int = RESULT_VERSION
    score: float
    max_score: float
    exercises: tuple[ExerciseResult, ...]
    isolation: Isolation
    seed: int
    environment: Environment
    started_at: str = ""
    duration_s: float = 0.0
