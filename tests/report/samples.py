"""Reports made by hand, for tests of the renderers. Together they hold everything that the model can say."""

from __future__ import annotations

from typing import Any

import msgspec

from grader.model import (
    CheckResult,
    Diagnosis,
    DiagnosisKind,
    Environment,
    ExerciseResult,
    Figure,
    Frame,
    Isolation,
    Level,
    Outcome,
    Report,
    Status,
    SubmissionFile,
)

SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
ISOLATION = Isolation(
    level=Level.PROCESS,
    mechanisms=("fork server", "resource limits", "own process group"),
    missing=("bubblewrap: not installed (the package is called bubblewrap)",),
)
ENVIRONMENT = Environment(grader="0.1.0", python="3.12.4", torch="2.9.1", platform="Linux x86_64")

MATMUL_FRAME = Frame(
    file="matmul.py",
    line=27,
    function="backward",
    first_line=24,
    excerpt=(
        "    @staticmethod",
        "    def backward(ctx, grad):",
        "        X, Y = ctx.saved_tensors  # saved in forward",
        '        assert grad.shape == (X.shape[0], Y.shape[1]), f"got {grad.shape}"',
        "        return grad @ Y.T, X.T @ grad",
    ),
)


def check(name: str, title: str, outcome: Outcome = Outcome.PASSED, worth: float = 1.0, **fields: Any) -> CheckResult:
    """A check `test_<name>`, worth `worth` points; a passed one has all of them, any other none."""
    score = worth if outcome is Outcome.PASSED else 0.0
    fields = {"duration_s": 0.004, **fields}
    return CheckResult(id=f"test_{name}", title=title, outcome=outcome, score=score, max_score=worth, **fields)


def exercise(
    slug: str, title: str, chapter: str, status: Status, *checks: CheckResult, **fields: Any
) -> ExerciseResult:
    """An exercise whose scores are the sums over its checks."""
    return ExerciseResult(
        slug=slug,
        title=title,
        chapter=chapter,
        status=status,
        score=sum(c.score for c in checks),
        max_score=sum(c.max_score for c in checks),
        submission=SubmissionFile(file=f"{slug}.py", sha256=SHA),
        checks=checks,
        **fields,
    )


def report(*exercises: ExerciseResult, **fields: Any) -> Report:
    """A report whose scores are the sums over its exercises."""
    settings: dict[str, Any] = {
        "isolation": ISOLATION,
        "environment": ENVIRONMENT,
        "seed": 1_604_778_329,
        "started_at": "2026-03-02T14:05:09+01:00",
        "duration_s": 2.34,
        **fields,
    }
    return Report(
        score=sum(e.score for e in exercises),
        max_score=sum(e.max_score for e in exercises),
        exercises=exercises,
        **settings,
    )


FIGURE = Figure(
    label="dL/dX",
    shape=(5, 4),
    cells=((0, 0, 0, 0), (0, 1, 3, 0), (0, 2, 4, 0), (0, 0, 0, 0), (1, 0, 0, 2)),
    signs=((0, 0, 0, 0), (0, 1, -1, 0), (0, -1, 1, 0), (0, 0, 0, 0), (1, 0, 0, 1)),
    text="6 of 20 elements are off; the worst is (2, 2), by 1.7 where 1e-07 is allowed.",
)

POOLED = Figure(
    label="The output",
    shape=(8, 64, 512),
    cells=tuple(tuple(max(0, 4 - (abs(r - 9) + abs(c - 14)) // 3) for c in range(32)) for r in range(24)),
    pooled=True,
    text="9,113 of 262,144 elements are off; the worst is (3, 1, 230), by 12.5.",
)

MATMUL = exercise(
    "matmul",
    "Matrix product with its own gradient",
    "02_autograd",
    Status.FAILED,
    check("forward_values", "`forward` gives the matrix product of X and Y", worth=2),
    check("dtype_kept", "float64 stays float64", output="shapes: (5, 4) (4, 3)\n"),
    check(
        "gradients",
        "`backward` agrees with finite differences",
        Outcome.FAILED,
        3,
        message="dL/dX differs in 6 of 20 elements; the worst is (2, 2), by 1.7 where 1e-07 is allowed.",
        call="MatMul.apply(X, Y).backward(grad)",
        got="float64 tensor of shape (5, 4)",
        expected="float64 tensor of shape (5, 4), other values",
        hint="Write the shapes next to every factor: `grad` is (m, p). Which product of grad and Y has the shape of X?",
        figure=FIGURE,
        frames=(MATMUL_FRAME,),
        output="grad is torch.Size([5, 3])\nreturning torch.Size([5, 4]) torch.Size([4, 3])\n",
    ),
    check(
        "two_uses",
        "two products in one graph each get their own gradient",
        Outcome.SKIPPED,
        2,
        message="Waits for: `backward` agrees with finite differences.",
    ),
    diagnoses=(
        Diagnosis(
            check="test_gradients",
            kind=DiagnosisKind.GRADIENT,
            name="arguments_swapped",
            text="dL/dX equals the expected gradient with the two factors swapped.",
        ),
        Diagnosis(
            check="test_gradients",
            kind=DiagnosisKind.MISCONCEPTION,
            name="swapped_gradients",
            text="`backward` returns the gradients in the order of `forward`'s arguments.\n\n"
            "Here the first one has the values of the second:\n\n    return dX, dY\n",
        ),
    ),
)

LINEAR = exercise(
    "linear",
    "A linear layer",
    "03_modules",
    Status.FAILED,
    check("layout", "`weight` is a Parameter of shape (in_dim, out_dim)"),
    check(
        "forward",
        "forward adds the bias",
        Outcome.RAISED,
        2,
        message="RuntimeError: mat1 and mat2 shapes cannot be multiplied (3x4 and 7x4)",
        call="Linear(4, 7)(X)",
        frames=(
            Frame(
                file="linear.py",
                line=19,
                function="forward",
                first_line=17,
                excerpt=(
                    "    def forward(self, X):",
                    "        # rows are samples",
                    "        return X @ self.weight",
                ),
            ),
        ),
        hint="What are the shapes of X and of weight, and which of the two belongs on the left?",
    ),
    check(
        "any_batch",
        "any number of leading batch dimensions",
        Outcome.NOT_IMPLEMENTED,
        message="forward raises NotImplementedError.",
    ),
    check(
        "large",
        "a large layer fits in memory",
        Outcome.OUT_OF_MEMORY,
        message="The check used more than 2048 MiB.",
    ),
    check("files", "a checkpoint is written", Outcome.OUT_OF_DISK, message="It wrote more than 64 MiB."),
    check("threads", "the loader has workers", Outcome.OUT_OF_THREADS, message="It started more than 64 threads."),
    check("prints", "nothing is printed in a loop", Outcome.TOO_MUCH_OUTPUT, message="It printed more than 10 MiB."),
    check("data", "the data is there", Outcome.NOT_PERMITTED, message="PermissionError: Operation not permitted"),
    check("slow", "a large batch is fast enough", Outcome.OUT_OF_CPU_TIME, message="It used 10 s of CPU time."),
    check(
        "fresh",
        "two layers differ",
        Outcome.TIMED_OUT,
        message="Stopped after 10 s.",
        output="attempt 1\n" * 400,
        output_cut=True,
    ),
    check(
        "buffers",
        "works after `.double()`",
        Outcome.CRASHED,
        message="The process ended with signal 11 (segmentation fault).",
    ),
    check(
        "values",
        "the values match",
        Outcome.FAILED,
        message="The output differs in 9,113 of 262,144 elements.",
        figure=POOLED,
    ),
)

RELU = exercise(
    "relu",
    "ReLU",
    "03_modules",
    Status.PASSED,
    check("values", "negative numbers become zero", worth=2),
    check("gradient", "the gradient is 1 above zero and 0 below", worth=2),
    check("input", "the input is not modified", worth=1.5),
)

SEQUENTIAL = exercise(
    "sequential",
    "A container that applies its layers in order",
    "03_modules",
    Status.FAILED,
    problem="sequential.py, line 12: SyntaxError: '(' was never closed.",
)
SEQUENTIAL = msgspec.structs.replace(SEQUENTIAL, max_score=10.0)

CROSS_ENTROPY = exercise(
    "cross_entropy",
    "Cross-entropy loss from logits",
    "04_training",
    Status.FAILED,
    check("value", "the mean over the batch", Outcome.FAILED, 3, message="`F.cross_entropy` is ready-made."),
    diagnoses=(
        Diagnosis(
            check="",
            kind=DiagnosisKind.FORBIDDEN_API,
            name="torch.nn.functional.cross_entropy",
            text="`F.cross_entropy` computes the whole loss; write it with `logsumexp` and indexing instead.",
            line=14,
        ),
    ),
)

SGD = exercise(
    "sgd",
    "Stochastic gradient descent",
    "04_training",
    Status.UNGRADED,
    check(
        "three_rounds",
        "three rounds of zero, backward, step",
        Outcome.INTERNAL_ERROR,
        4,
        message="The suite has a mistake; your instructor can see the details.",
    ),
    problem="The suite of this exercise has a mistake; no point is lost.",
)

DEVICE = exercise(
    "device",
    "Choose a device and move things there",
    "05_devices",
    Status.NOT_ATTEMPTED,
    check("best", "`best_device` is CUDA where there is one", Outcome.NOT_IMPLEMENTED, 2),
    check("nested", "tensors in nested containers are moved", Outcome.NOT_IMPLEMENTED, 3),
    check("buffers", "buffers move with the model", Outcome.NOT_IMPLEMENTED, 2),
)

FULL = report(MATMUL, LINEAR, RELU, SEQUENTIAL, CROSS_ENTROPY, SGD, DEVICE)
"""Every outcome, status, kind of diagnosis and field."""

EMPTY = report()


def stubs() -> Report:
    """Seven untouched stubs."""
    return report(
        *(
            exercise(
                one.slug,
                one.title,
                one.chapter,
                Status.NOT_ATTEMPTED,
                *(check(f"{n}", f"promise number {n} of {one.slug}", Outcome.NOT_IMPLEMENTED, 2) for n in range(1, 6)),
            )
            for one in FULL.exercises
        ),
        duration_s=1.8,
    )


def perfect() -> Report:
    """Seven exercises with full marks."""
    return report(
        *(
            exercise(
                one.slug,
                one.title,
                one.chapter,
                Status.PASSED,
                *(check(f"{n}", f"promise number {n} of {one.slug}", worth=2) for n in range(1, 6)),
            )
            for one in FULL.exercises
        )
    )


def hostile(text: str) -> Report:
    """A report with `text` wherever the model holds text."""
    frame = Frame(file=text, line=2, function=text, first_line=1, excerpt=(text, text, text))
    checks = tuple(
        CheckResult(
            id=f"{text}{outcome}",
            title=text,
            outcome=outcome,
            score=0.0,
            max_score=1.0,
            message=text,
            hint=text,
            call=text,
            got=text,
            expected=text,
            frames=(frame, frame),
            output=text,
            output_cut=True,
            figure=Figure(label=text, shape=(1, 2), cells=((0, 4),), text=text),
        )
        for outcome in Outcome
    )
    exercises = tuple(
        ExerciseResult(
            slug=f"{text}{status}",
            title=text,
            chapter=text,
            status=status,
            score=0.0,
            max_score=9.0,
            submission=SubmissionFile(file=text, sha256=text),
            checks=checks,
            diagnoses=tuple(
                Diagnosis(check=name, kind=kind, name=text, text=f"{text} {kind} {name}", line=3)
                for kind in DiagnosisKind
                for name in ("", checks[1].id)
            ),
            problem=text,
        )
        for status in Status
    )
    return report(
        *exercises,
        isolation=Isolation(level=Level.NONE, mechanisms=(text, text), missing=(text, text)),
        environment=Environment(grader=text, python=text, torch=text, platform=text),
        started_at=text,
    )
