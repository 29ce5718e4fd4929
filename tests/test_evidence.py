"""What a worker sees at work although the source does not name it; what it must never report; what it misses."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from grader import cli
from grader.commands.common import Exit
from grader.course import Course
from grader.engine import Engine, ExerciseFinished, Job, Options
from grader.forbidden import findings
from grader.model import DiagnosisKind, ExerciseResult, Outcome, Policy, Status
from tests.course_files import CourseFile, course, course_files


def having(found: Course, **policies: Policy) -> Course:
    """The course with these policies in every exercise."""
    replace = msgspec.structs.replace
    exercises = tuple(replace(e, forbidden=replace(e.forbidden, **policies)) for e in found.exercises)
    return replace(found, exercises=exercises)


def graded(
    found: Course, sources: Mapping[str, tuple[str, str]], options: Options | None = None
) -> dict[str, ExerciseResult]:
    """The results of submissions, which are named, and given by slug and source."""
    jobs = [
        Job(slug=slug, file=f"{slug}.py", sha256="0" * 64, source=textwrap.dedent(source).strip("\n") + "\n")
        for slug, source in sources.values()
    ]
    with Engine(found, found.slugs, options or Options(seed=4)) as engine:
        results = [event.result for event in engine.grade(jobs) if isinstance(event, ExerciseFinished)]
    return dict(zip(sources, results, strict=True))


def names(result: ExerciseResult) -> set[str]:
    """The forbidden names that were seen at work."""
    found = [one for one in result.diagnoses if one.kind is DiagnosisKind.FORBIDDEN_API]
    assert all(one.line == 0 for one in found)
    return {one.name for one in found}


# ---- ways to a ready-made version -------------------------------------------------------------------------------

RELU = """
    import functools, importlib, operator, sys
    import torch
    from torch.nn import Module

    {before}

    class ReLU(Module):
        def forward(self, X):
            {forward}
"""


def relu(forward: str, before: str = "") -> tuple[str, str]:
    return "relu", textwrap.dedent(RELU).format(forward=forward, before=textwrap.dedent(before))


LINEAR = """
    import math
    import torch
    from torch import nn
    {before}

    class Linear(nn.Module):
        def __init__(self, in_dim, out_dim, bias=True, init_factor=2.0):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(in_dim, out_dim) * math.sqrt(init_factor / in_dim))
            self.bias = nn.Parameter(torch.zeros(out_dim)) if bias else None

        def forward(self, X):
            {forward}
"""


def linear(forward: str, before: str = "") -> tuple[str, str]:
    return "linear", textwrap.dedent(LINEAR).format(forward=forward, before=textwrap.dedent(before))


CROSS = """
    import torch
    from torch import nn
    {before}

    class CrossEntropyLoss(nn.Module):
        def forward(self, H, Y):
            return {result}
"""


def cross(result: str, before: str = "") -> tuple[str, str]:
    return "cross_entropy", textwrap.dedent(CROSS).format(result=result, before=textwrap.dedent(before))


# By how it gets there: the submission, and the names of which one is reported.
ROUTES: dict[str, tuple[tuple[str, str], set[str]]] = {
    "a computed name": (relu("return getattr(torch, ''.join(['re', 'lu']))(X)"), {"torch.relu"}),
    "a method by a computed name": (relu("return getattr(X, 'uler'[::-1])()"), {"torch.relu"}),
    "a method that changes its own": (relu("return getattr(X.clone(), '_uler'[::-1])()"), {"torch.relu"}),
    "a module imported by a computed name": (
        relu("return vars(importlib.import_module('.'.join(['torch', 'nn', 'functional'])))['ulerr'[3::-1]](X)"),
        {"torch.nn.functional.relu"},
    ),
    "vars()": (relu("return vars(torch)[bytes([114, 101, 108, 117]).decode()](X)"), {"torch.relu"}),
    "sys.modules": (
        relu("return vars(sys.modules['torch.nn.functional'])['ulerr'[3::-1]](X)"),
        {"torch.nn.functional.relu"},
    ),
    "torch.ops": (relu("return getattr(torch.ops.aten, 'ulerr'[3::-1])(X)"), {"torch.relu"}),
    "an overload of torch.ops": (relu("return getattr(torch.ops.aten, 'ulerr'[3::-1]).default(X)"), {"torch.relu"}),
    "a partial": (
        relu("return saved(X)", "saved = functools.partial(operator.attrgetter('ulerr'[3::-1])(torch))"),
        {"torch.relu"},
    ),
    "a saved original": (
        relu("return saved[0](X)", "saved = [v for k, v in vars(torch).items() if k[::-1] == 'uler']"),
        {"torch.relu"},
    ),
    "eval": (relu("return eval('torch.re' + 'lu(X)')"), {"torch.relu"}),
    "torch.jit": (
        relu("return unit.f(X)", "unit = torch.jit.CompilationUnit('def f(x):\\n    return torch.re' + 'lu(x)\\n')"),
        {"torch.relu"},
    ),
    "torch.vmap": (
        relu("return X if X.dim() == 0 else torch.vmap(getattr(torch, 'ulerr'[3::-1]))(X)"),
        {"torch.relu"},
    ),
    "without torch functions": (
        relu(
            """
            with torch._C.DisableTorchFunction():
                return getattr(X, 'ulerr'[3::-1])()
            """.replace("\n            ", "\n        ").strip()
        ),
        {"torch.relu"},
    ),
    "inside an autograd function": (
        relu(
            "return Own.apply(X)",
            """
            class Own(torch.autograd.Function):
                @staticmethod
                def forward(ctx, x):
                    ctx.save_for_backward(x)
                    return x.clamp(min=0)

                @staticmethod
                def backward(ctx, grad):
                    (x,) = ctx.saved_tensors
                    return grad * getattr(x, 'ulerr'[3::-1])().sign()
            """,
        ),
        {"torch.relu"},
    ),
    "the class inside": (
        relu("return made(X)", "made = vars(torch.nn)['ULeR'[::-1]]()"),
        {"torch.nn.ReLU"},
    ),
    "a subclass made by type()": (
        relu("return made(X)", "made = type('Own', (vars(torch.nn)['ULeR'[::-1]],), {})()"),
        {"torch.nn.ReLU"},
    ),
    "a subclass that skips the ready-made __init__": (
        relu(
            "return made(X)",
            """
            class Own(vars(torch.nn)['ULeR'[::-1]]):
                def __init__(self):
                    torch.nn.Module.__init__(self)
                    self.inplace = False
                def forward(self, X):
                    return X.clamp(min=0)
            made = Own()
            """,
        ),
        {"torch.nn.ReLU"},
    ),
    "forward of the class, without an object": (
        relu("self.inplace = False; return vars(torch.nn)['ULeR'[::-1]].forward(self, X)"),
        {"torch.nn.ReLU"},
    ),
    "torch._C._nn": (
        linear("return getattr(torch._C._nn, 'raenil'[::-1])(X, self.weight.T, self.bias)"),
        {"torch.nn.functional.linear"},
    ),
    "the function of torch.nn.functional": (
        linear("return vars(nn.functional)['raenil'[::-1]](X, self.weight.T, self.bias)"),
        {"torch.nn.functional.linear"},
    ),
    "a loss": (cross("vars(nn.functional)['yportne_ssorc'[::-1]](H, Y)"), {"torch.nn.functional.cross_entropy"}),
    "half of a loss": (
        cross("vars(nn.functional)['ssol_lln'[::-1]](torch.log_softmax(H, 1), Y)"),
        {"torch.nn.functional.nll_loss"},
    ),
    "the kernel of a loss": (
        cross("torch.ops.aten.__getattr__('ssol_yportne_ssorc'[::-1])(H, Y)"),
        {"torch.nn.functional.cross_entropy", "torch.ops.aten.cross_entropy_loss"},
    ),
    "the class of a loss": (cross("vars(nn)['ssoLLLN'[::-1]]()(torch.log_softmax(H, 1), Y)"), {"torch.nn.NLLLoss"}),
    "a class that is given away as the own one": (
        ("sequential", "import torch.nn\nSequential = type('Sequential', (vars(torch.nn)['laitneuqeS'[::-1]],), {})\n"),
        {"torch.nn.Sequential"},
    ),
    "an optimizer": (
        (
            "sgd",
            """
            import torch
            class SGD:
                def __init__(self, params, lr=1.0):
                    self.inner = vars(vars(torch)['mitpo'[::-1]])['DGS'[::-1]](list(params), lr)
                    self.step = self.inner.step
                    self.zero_grad = self.inner.zero_grad
            """,
        ),
        {"torch.optim"},
    ),
    "autograd inside an own backward": (
        (
            "matmul",
            """
            import torch
            class MatMul(torch.autograd.Function):
                @staticmethod
                def forward(ctx, X, Y):
                    ctx.save_for_backward(X, Y)
                    return X @ Y
                @staticmethod
                def backward(ctx, grad):
                    with torch.enable_grad():
                        X, Y = (t.detach().requires_grad_() for t in ctx.saved_tensors)
                        Z = X @ Y
                    return vars(torch.autograd)['darg'[::-1]](Z, (X, Y), grad)
            """,
        ),
        {"torch.autograd.grad"},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def routes() -> dict[str, ExerciseResult]:
    """All of `ROUTES`, graded where the source is not read at all."""
    return graded(having(course(), if_written=Policy.OFF), {key: given for key, (given, _) in ROUTES.items()})


@pytest.mark.parametrize("route", ROUTES)
def test_what_ran_is_flagged_and_costs_no_points(route: str, routes: dict[str, ExerciseResult]) -> None:
    result, wanted = routes[route], ROUTES[route][1]
    reported = names(result)
    assert reported & wanted, reported
    assert len(reported) == 1
    found = [one for one in result.diagnoses if one.kind is DiagnosisKind.FORBIDDEN_API]
    assert all(one.review for one in found)
    known = {check.id for check in result.checks}
    assert {one.check for one in found} <= known
    assert result.score == sum(c.max_score for c in result.checks if c.outcome is Outcome.PASSED) > 0
    assert not result.problem


def test_reading_the_source_misses_most_of_these_routes() -> None:
    forbidden = {e.slug: e.forbidden.names for e in course().exercises}
    missed = [
        key for key, ((slug, source), _) in ROUTES.items() if not findings(textwrap.dedent(source), forbidden[slug])
    ]
    assert len(missed) > len(ROUTES) * 0.7, set(ROUTES) - set(missed)


# ---- what must never be reported --------------------------------------------------------------------------------

HONEST = [file for file in course_files() if file.kind in ("right", "reference")]


@pytest.fixture(scope="module")
def honest() -> dict[str, ExerciseResult]:
    """All correct files of the course, with both sorts of evidence."""
    with Engine(course(), course().slugs, Options(seed=5)) as engine:
        events = engine.grade([file.job() for file in HONEST])
        results = [event.result for event in events if isinstance(event, ExerciseFinished)]
    return {file.name: result for file, result in zip(HONEST, results, strict=True)}


@pytest.mark.parametrize("file", HONEST, ids=lambda file: file.name)
def test_correct_own_implementations_are_never_flagged(file: CourseFile, honest: dict[str, ExerciseResult]) -> None:
    assert honest[file.name].diagnoses == ()
    assert honest[file.name].status is Status.PASSED


OWN = {
    "clamp": relu("return X.clamp(min=0)"),
    "where": relu("return torch.where(X > 0, X, torch.zeros_like(X))"),
    "a class called ReluBackward0": relu(
        "return ReluBackward0.apply(X)",
        """
        class ReluBackward0(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x.clamp_min(0)
            @staticmethod
            def backward(ctx, grad):
                return grad * (ctx.saved_tensors[0] > 0)
        """,
    ),
    "addmm": linear("return X @ self.weight if self.bias is None else (X @ self.weight).add(self.bias)"),
    "log_softmax": cross("-torch.log_softmax(H, 1)[torch.arange(len(Y)), Y].mean()"),
    "gradcheck while importing": (
        "matmul",
        """
        import torch
        class MatMul(torch.autograd.Function):
            @staticmethod
            def forward(ctx, X, Y):
                ctx.save_for_backward(X, Y)
                return X @ Y
            @staticmethod
            def backward(ctx, grad):
                X, Y = ctx.saved_tensors
                return grad @ Y.T, X.T @ grad
        x = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(MatMul.apply, (x, torch.randn(3, 2, dtype=torch.float64)))
        """,
    ),
    "the student's own profiler": relu(
        """
        with torch.profiler.profile() as seen:
            X = torch.maximum(X, X.new_zeros(()))
        assert seen.events()
        return X
        """.replace("\n        ", "\n        ").strip()
    ),
    "a long loop": relu(
        """
        one = torch.ones(())
        for _ in range(20_000):
            one * one
        return X.clamp(min=0)
        """.strip()
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def own() -> dict[str, ExerciseResult]:
    return graded(course(), OWN)


@pytest.mark.parametrize("name", OWN)
def test_other_honest_code_is_not_flagged_and_loses_nothing(name: str, own: dict[str, ExerciseResult]) -> None:
    assert own[name].diagnoses == ()
    assert own[name].status is Status.PASSED, [c for c in own[name].checks if c.outcome is not Outcome.PASSED]


def test_an_untouched_stub_has_no_evidence() -> None:
    stubs = {e.slug: (e.slug, e.stub.read_text()) for e in course().exercises}
    assert all(not result.diagnoses for result in graded(course(), stubs).values())


SUITE = '''
    """Hands ready-made parts to the submission."""
    import torch
    from torch import nn

    class Scaled(nn.Module):
        def forward(self, X):
            return torch.relu(X) * 2

    X = torch.tensor([-1.0, 2.0])

    def test_calls_a_layer(submission):
        """A layer of the suite"""
        for make in (nn.ReLU, lambda: nn.Sequential(nn.ReLU(), nn.LeakyReLU()), Scaled):
            assert submission.call(make(), X) is not None

    def test_calls_forward(submission):
        """Forward of it"""
        assert submission.call_forward(nn.ReLU(), X) is not None

    def test_copies(submission):
        """A copy of it"""
        assert submission.copied(nn.ReLU(), X) is not None

    def test_calls_back(submission):
        """A function of the suite"""
        assert submission.call(lambda x: torch.relu(x), X) is not None
        assert submission.call(torch.relu_ if False else (lambda x: x.relu()), X) is not None

    def test_operators(submission):
        """Operators on what came back"""
        W = X.clone().requires_grad_()
        result = submission.call(lambda x: x * 2, W)
        result.relu().sum().backward()
        assert W.grad is not None

    def test_square(submission):
        """Own work"""
        W = X.clone().requires_grad_()
        submission.square(W).sum().backward()
        assert W.grad is not None
'''
PARTS = """
    import copy
    import torch
    def call(layer, x):
        return layer(x)
    def call_forward(layer, x):
        return layer.forward(x)
    def copied(layer, x):
        return copy.deepcopy(layer)(x)
    def square(x):
        return torch.outer(x, torch.ones(2)) ** 2
"""


def small_course(folder: Path, metadata: str, suite: str = SUITE, solution: str = PARTS) -> Course:
    """A course of one exercise, called parts."""
    files = {
        "exercises/01_all/parts.py": solution,
        "solutions/01_all/parts/parts.py": solution,
        "solutions/01_all/parts/test_parts.py": suite,
        "solutions/01_all/parts/exercise.toml": f'title = "Parts"\n[forbidden]\n{textwrap.dedent(metadata)}',
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return Course.load(folder)


def test_what_the_suite_hands_out_is_no_evidence(tmp_path: Path) -> None:
    found = small_course(
        tmp_path, 'names = ["torch.relu", "torch.nn.functional.relu", "torch.nn.ReLU", "torch.nn.Sequential"]'
    )
    assert not found.problems
    result = graded(found, {"parts": ("parts", PARTS)})["parts"]
    assert result.status is Status.PASSED, result.checks
    assert result.diagnoses == ()


def test_what_an_allowed_function_is_made_of_is_no_evidence(tmp_path: Path) -> None:
    found = small_course(tmp_path, 'names = ["torch.mul", "torch.pow", "torch.Tensor.mul", "torch.Tensor.pow"]')
    source = textwrap.dedent(PARTS).replace("** 2", ".square().logsumexp(0)")  # outer and backward multiply
    result = graded(found, {"parts": ("parts", source)})["parts"]
    assert result.status is Status.PASSED, result.checks
    assert result.diagnoses == ()
    plainly = graded(found, {"parts": ("parts", PARTS.replace("** 2", "* 2"))})["parts"]
    assert names(plainly) == {"torch.mul"}
    assert {one.check for one in plainly.diagnoses} == {"test_square"}


# ---- what the course wants done ---------------------------------------------------------------------------------

HIDDEN = relu("return getattr(torch, ''.join(['re', 'lu']))(X)")
PLAIN = relu("return torch.relu(X)")


def test_a_check_loses_its_points_where_the_course_says_so() -> None:
    # The other checks of this suite never see a large X.
    source = relu("return getattr(torch, 'ulerr'[3::-1])(X) if X.dim() == 3 else X.clamp(min=0)")
    full = graded(course(), {"own": relu("return X.clamp(min=0)")})["own"]
    result = graded(having(course(), if_run=Policy.CHECK), {"it": source})["it"]
    lost = {one.check for one in result.diagnoses}
    assert 0 < len(lost) < len(result.checks)
    for check, before in zip(result.checks, full.checks, strict=True):
        if check.id in lost:
            assert (check.outcome, check.score) == (Outcome.FAILED, 0)
            assert check.message == "No points: `torch.relu` ran here, and this exercise asks you to do without it."
        else:
            # What builds on a check that lost its points is run all the same.
            assert (check.outcome, check.score) == (before.outcome, before.score)
    assert 0 < result.score < result.max_score
    assert result.status is Status.FAILED
    assert not any(one.review for one in result.diagnoses)
    assert all("elementwise comparison" in one.text for one in result.diagnoses)


def test_the_exercise_loses_its_points_where_the_course_says_so() -> None:
    result = graded(having(course(), if_run=Policy.EXERCISE), {"it": HIDDEN})["it"]
    assert (result.status, result.score) == (Status.FAILED, 0)
    assert {check.score for check in result.checks} == {0}
    assert Outcome.PASSED in {check.outcome for check in result.checks}
    assert result.problem.startswith("No points")
    assert names(result) == {"torch.relu"}


def test_nobody_looks_where_the_course_says_so() -> None:
    off = having(course(), if_run=Policy.OFF, if_written=Policy.OFF)
    for result in graded(off, {"hidden": HIDDEN, "plain": PLAIN}).values():
        assert (result.status, result.diagnoses) == (Status.PASSED, ())


def test_a_name_in_the_source_is_not_reported_again_for_having_run() -> None:
    (one,) = graded(course(), {"it": PLAIN})["it"].diagnoses
    assert (one.name, one.line, one.check, one.review) == ("torch.relu", 9, "", False)
    given = relu("return torch.nn.functional.relu(X) + 0 * torch.nn.ReLU()(X) + 0 * X.relu()")
    assert all(one.line for one in graded(course(), {"it": given})["it"].diagnoses)


def test_a_name_in_the_source_can_be_flagged_instead() -> None:
    result = graded(having(course(), if_written=Policy.FLAG), {"it": PLAIN})["it"]
    (one,) = result.diagnoses
    assert (one.line, one.review) == (9, True)
    assert "an instructor should look at it" in one.text
    assert (result.status, result.score) == (Status.PASSED, result.max_score)


def test_an_instructor_may_turn_it_off_for_a_run() -> None:
    results = graded(course(), {"hidden": HIDDEN, "plain": PLAIN}, Options(seed=4, forbidden=False))
    assert {(r.status, r.diagnoses) for r in results.values()} == {(Status.PASSED, ())}


@pytest.mark.parametrize("policy", [Policy.FLAG, Policy.CHECK, Policy.EXERCISE])
def test_every_renderer_says_what_was_done(policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    small_course(
        tmp_path,
        f"""\
        names = ["torch.relu"]
        instead = "Compare."
        if_run = "{policy}"
        """,
        suite='"""A suite."""\nimport torch\ndef test_it(submission):\n    """Its promise"""\n'
        "    assert submission.square(torch.ones(2)).shape == (2,)\n",
    )
    file = tmp_path / "parts.py"
    file.write_text("import torch\ndef square(x):\n    return getattr(torch, ''.join(['re', 'lu']))(x)\n")
    html, kept = tmp_path / "report.html", tmp_path / "report.json"
    run = CliRunner().invoke(
        cli.main,
        [str(file), "--course", str(tmp_path), "--html", str(html), "--json", str(kept)],
        catch_exceptions=False,
    )
    assert run.exit_code == (Exit.FULL_MARKS if policy is Policy.FLAG else Exit.NOT_FULL), run.output
    said = " ".join(run.output.split())
    page = " ".join(re.sub(r"<[^>]*>", "", html.read_text()).split())
    (exercise,) = json.loads(kept.read_text())["exercises"]
    (diagnosis,) = exercise["diagnoses"]
    assert (diagnosis["name"], diagnosis["check"], diagnosis["review"]) == (
        "torch.relu",
        "test_it",
        policy is Policy.FLAG,
    )
    ran = "torch.relu ran while your code was checked; this exercise asks you to do without it."
    assert ran in said
    assert ran in page
    if policy is Policy.FLAG:
        assert f"Flagged for review: {ran} This took no points and may be no mistake; an instructor" in said
        assert "Flagged for review: torch.relu" in page
        assert exercise["score"] == exercise["max_score"] == 1
        assert "No points" not in said + page
    else:
        assert "Compare." in said
        assert "Ready-made: torch.relu" in page
        assert "review" not in said + page
        assert exercise["score"] == 0
        assert "No points" in said
        assert "No points" in page


def test_the_option_turns_it_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    small_course(tmp_path, 'names = ["torch.square"]\n', solution=PARTS)
    file = tmp_path / "parts.py"
    file.write_text(textwrap.dedent(PARTS).replace("torch.outer(x, torch.ones(2)) ** 2", "torch.square(x)"))
    ran = [str(file), "--course", str(tmp_path), "--html", str(tmp_path / "report.html")]
    assert CliRunner().invoke(cli.main, ran).exit_code == Exit.NOT_FULL
    assert CliRunner().invoke(cli.main, [*ran, "--allow-forbidden"]).exit_code == Exit.FULL_MARKS


# ---- hostile words ----------------------------------------------------------------------------------------------


FORGED = """
    import gc
    import torch
    from torch.nn import Module
    worker = next(o for o in gc.get_objects() if type(o).__name__ == "Observer")
    {forge}
    class ReLU(Module):
        def forward(self, X):
            return X.clamp(min=0)
"""


def forged(forge: str) -> tuple[str, str]:
    return "relu", textwrap.dedent(FORGED).replace("{forge}", forge)


def test_a_submission_can_only_accuse_itself_of_what_is_on_the_list() -> None:
    found = course()
    results = graded(
        found,
        {
            "text": forged("worker.found = {'<script>'}; worker.take = lambda: ['<script>']"),
            "number": forged("worker.take = lambda: [10_000]"),
            "negative": forged("worker.take = lambda: [-1]"),
            "many": forged("worker.take = lambda: [0] * 100"),
            "all": forged("worker.take = lambda: list(range(25))"),
        },
    )
    for name in ("text", "number", "negative", "many"):
        assert Outcome.CRASHED in {check.outcome for check in results[name].checks}, name
        assert results[name].score == 0
        assert results[name].diagnoses == ()
    listed = next(e for e in found.exercises if e.slug == "relu").forbidden.names
    assert names(results["all"]) <= set(listed)
    assert len(names(results["all"])) == 20
    assert results["all"].status is Status.PASSED


# ---- what is not seen -------------------------------------------------------------------------------------------

# Each of these passes for the student's own work. They are kept so that nobody believes more of the evidence than it
# is worth, and so that a change which sees one of them is noticed.
UNSEEN = {
    "the same by other operations": linear(
        "return torch.addmm(self.bias, X.reshape(-1, X.shape[-1]), self.weight).reshape(*X.shape[:-1], -1)"
        " if self.bias is not None else torch.einsum('...i,io->...o', X, self.weight)"
    ),
    "another thread, and no node of that name in the graph": linear(
        "out = []; t = threading.Thread(target=lambda: out.append("
        "vars(nn.functional)['raenil'[::-1]](X, self.weight.T, self.bias))); t.start(); t.join(); return out[0]",
        "import threading",
    ),
    "an observer that is switched off": relu(
        "return getattr(torch, 'ulerr'[3::-1])(X)",
        """
        import gc
        watcher = next(o for o in gc.get_objects() if type(o).__name__ == 'Observer')
        watcher._kernels.clear(); watcher._nodes.clear()
        """,
    ),
    "a class made from torch's own source": (
        "sequential",
        """
        import inspect
        from torch.nn.modules import container
        source = inspect.getsource(vars(container)["laitneuqeS"[::-1]])
        exec("from __future__ import annotations\\n" + source, names := dict(vars(container)))
        Sequential = names["laitneuqeS"[::-1]]
        """,
    ),
    "after a long loop, and no node of that name in the graph": linear(
        """
        one = torch.ones(())
        for _ in range(20_000):
            one * one
        return vars(nn.functional)['raenil'[::-1]](X, self.weight.T, self.bias)
        """.strip()
    ),
}


SEEN_IN_THE_GRAPH = {
    "a profiler that is switched off": relu(
        "torch._C._autograd._disable_profiler_legacy(); return getattr(torch, 'ulerr'[3::-1])(X)"
    ),
    "another thread": relu(
        "out = []; t = threading.Thread(target=lambda: out.append(getattr(X, 'ulerr'[3::-1])()));"
        " t.start(); t.join(); return out[0]",
        "import threading",
    ),
    "after a long loop": relu(
        """
        one = torch.ones(())
        for _ in range(20_000):
            one * one
        return getattr(X, 'ulerr'[3::-1])()
        """.strip()
    ),
}


@pytest.fixture(scope="module")
def unseen() -> dict[str, ExerciseResult]:
    return graded(having(course(), if_written=Policy.OFF), {**UNSEEN, **SEEN_IN_THE_GRAPH})


@pytest.mark.parametrize("evasion", UNSEEN)
def test_these_evasions_are_not_seen(evasion: str, unseen: dict[str, ExerciseResult]) -> None:
    """Evidence is no proof: whoever looks for a way around it finds one of these."""
    assert unseen[evasion].score > 0
    assert unseen[evasion].diagnoses == ()


@pytest.mark.parametrize("route", SEEN_IN_THE_GRAPH)
def test_where_the_profiler_hears_nothing_the_graph_is_read(route: str, unseen: dict[str, ExerciseResult]) -> None:
    assert names(unseen[route]) == {"torch.relu"}
