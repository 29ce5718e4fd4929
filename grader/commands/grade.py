"""`grade PATH...`: grade what is there, show it, write the reports, say what to do next.

The judge takes a second to start, so it is started before anything that isn't needed to start it is
imported. Results are shown before a report is written, and remembered whatever happens afterwards: a full disk
or Ctrl-C costs nothing that was graded.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from grader import engine, progress
from grader.commands.common import Exit, course_for, did_you_mean, exercise_for, say
from grader.commands.next_step import Again, next_step
from grader.course import Course
from grader.model import ExerciseResult, Level, Report, Status
from grader.notebooks.cells import relocate
from grader.submission import Found, Submission, find, shown

if TYPE_CHECKING:
    from rich.console import Console


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    paths: tuple[Path, ...]
    only: tuple[str, ...] = ()
    html: Path = Path("report.html")
    json: Path | None = None
    timeout_s: float | None = None
    seed: int | None = None
    isolation: str = "auto"
    allow_forbidden: bool = False
    required: str | None = None
    course: Path | None = None
    watch: bool = False
    open: bool = False


def run(request: Request) -> Exit:
    """Grade. Raises click.UsageError for what can't be asked for; everything else ends in an exit code."""
    course = course_for(request.paths, request.course)
    for line in course.problems:
        say(line)
    for slug in request.only:
        if slug not in course.broken:
            exercise_for(course, slug)
    _check_targets(request)
    found = find(course, request.paths, request.only)
    for line in found.problems:
        say(line)
    if not found.submissions and not request.watch:
        if found.blocked:
            return Exit.OUR_FAULT
        if not found.problems:
            say(_nothing_found(course, request, found))
        return Exit.USAGE
    # When watching, an exercise may be started later.
    slugs = [slug for slug in course.slugs if not request.only or slug in request.only]
    if not request.watch:
        slugs = [one.slug for one in found.submissions]
    options = engine.Options(
        seed=request.seed,
        timeout_s=request.timeout_s,
        isolation=request.isolation,
        forbidden=not request.allow_forbidden,
        required=Level(request.required or Level.NONE),
    )
    try:
        with engine.Engine(course, slugs, options) as judge:
            session = Session(course, request, judge)
            ended = session.grade(found.submissions)
            if request.watch:
                session.watch(found.problems)
    except engine.IsolationUnavailable as error:
        raise click.UsageError(str(error)) from error
    except engine.EngineError as error:
        say(f"The grader failed: {error}{kept_log(error.log)}")
        return Exit.OUR_FAULT
    if ended is not Exit.OUR_FAULT and found.blocked:
        return Exit.OUR_FAULT
    if ended is Exit.FULL_MARKS and found.problems:
        return Exit.NOT_FULL
    return ended


class Session:
    """One run: the results so far, by slug, and what they were graded from."""

    def __init__(self, course: Course, request: Request, judge: engine.Engine) -> None:
        self._course = course
        self._request = request
        self._judge = judge
        self._results: dict[str, ExerciseResult] = {}
        self._files: dict[str, Submission] = {}
        self._opened = False

    def grade(self, submissions: Sequence[Submission]) -> Exit:
        """Grade these files, show and write everything. A later call adds to what is known already."""
        if not submissions:
            return Exit.USAGE
        # Imported here because the judge is starting up meanwhile; rich and the renderers take 0.2 s.
        from grader.report import html, json, terminal  # noqa: F401

        out = terminal.console()
        started_at, clock = datetime.now(UTC), time.monotonic()
        fresh: list[str] = []
        try:
            ready = self._run(submissions, out, fresh)
        except KeyboardInterrupt:
            self._judge.close()
            self._show(out, fresh)
            say(f"Stopped: {len(fresh)} of {len(submissions)} graded; `grade list` remembers them.")
            raise
        except engine.EngineError:
            self._show(out, fresh)
            raise
        finally:
            graded = {slug: self._results[slug] for slug in fresh}
            files = {slug: one.path for slug, one in self._files.items()}
            line = progress.remember(self._course.root, graded, files, _iso(datetime.now(UTC))) if graded else ""
            if line:
                say(line)
        from grader.report.assemble import build_report

        results = [self._results[slug] for slug in self._course.slugs if slug in self._results]
        report = build_report(results, ready, _iso(started_at), time.monotonic() - clock)
        self._show(out, fresh)
        terminal.show_total(out, report)
        written = self._write(report, out)
        terminal.show_lines(out, next_step(results, self._files, self._again()))
        if not written or any(one.status is Status.UNGRADED for one in results):
            return Exit.OUR_FAULT
        full = all(one.status is Status.PASSED for one in results)
        return Exit.FULL_MARKS if full else Exit.NOT_FULL

    def watch(self, problems: Sequence[str]) -> None:
        """Grade again whatever changes, until Ctrl-C. `problems` were said already."""
        from grader.commands.watch import changes

        said = set(problems)
        for _ in changes(self._request.paths):
            found = find(self._course, self._request.paths, self._request.only)
            for line in found.problems:
                if line not in said:
                    say(line)
            said = set(found.problems)
            there = {one.slug for one in found.submissions}
            for slug in [slug for slug in self._files if slug not in there]:
                del self._files[slug], self._results[slug]
            changed = [one for one in found.submissions if not self._is_known(one)]
            if changed:
                self.grade(changed)

    def _again(self) -> Again:
        """How to call the grader again, from the current folder."""
        named = ("--course", str(self._course.root))
        inside = Path.cwd().resolve().is_relative_to(self._course.root)
        paths = [str(path) for path in self._request.paths]
        return Again(
            hint=() if inside else named,
            watch=() if self._request.watch else (*paths, "--watch", *(named if self._request.course else ())),
        )

    def _is_known(self, submission: Submission) -> bool:
        before = self._files.get(submission.slug)
        return before is not None and (before.path, before.content_sha256, before.problem) == (
            submission.path,
            submission.content_sha256,
            submission.problem,
        )

    def _run(self, submissions: Sequence[Submission], out: Console, fresh: list[str]) -> engine.Ready:
        """Have the judge grade them; appends to `fresh` each slug that is done."""
        from grader.report import terminal

        jobs = [
            engine.Job(slug=one.slug, file=one.file, sha256=one.sha256, source=one.source, problem=one.problem)
            for one in submissions
        ]
        by_slug = {one.slug: one for one in submissions}
        ready: engine.Ready | None = None
        with terminal.display(out) as display:
            for event in self._judge.grade(jobs):
                match event:
                    case engine.Ready():
                        ready = event
                        display.plan({slug: len(event.plan.get(slug, ())) for slug in by_slug})
                    case engine.CheckFinished():
                        display.check(event.slug)
                    case engine.ExerciseFinished():
                        slug = event.result.slug
                        result = relocate(event.result, by_slug[slug].cells)
                        self._results[slug] = result
                        self._files[slug] = by_slug[slug]
                        fresh.append(slug)
                        display.finish(result)
        if ready is None:
            raise engine.EngineError("the judge never became ready")
        return ready

    def _show(self, out: Console, slugs: Sequence[str]) -> None:
        from grader.report import terminal

        terminal.show_exercises(out, [self._results[slug] for slug in slugs])

    def _write(self, report: Report, out: Console) -> bool:
        """Write the files that were asked for. A failure is one line each, and False in the end."""
        from grader.report import html, json, terminal

        done = True
        for write, path, what in (
            (html.write, self._request.html, "Report"),
            (json.write, self._request.json, "JSON"),
        ):
            if path is None:
                continue
            try:
                write(report, path)
            except (OSError, ValueError) as error:
                reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
                say(f"{shown(path)}: the {what} can't be written ({reason}); the results above are complete")
                done = False
            else:
                terminal.show_lines(out, [f"{what}: {shown(path)}"])
                if what == "Report" and self._request.open and not self._opened:
                    self._opened = True
                    _open(path)
        return done


def _check_targets(request: Request) -> None:
    """Refuse, before a minute of grading, a report that would replace a source file or has no place to go."""
    for option, path in (("--html", request.html), ("--json", request.json)):
        if path is None:
            continue
        if path.suffix in (".py", ".ipynb", ".toml"):
            raise click.UsageError(f"{option} {shown(path)}: this looks like a source file; name another one")
        if path.is_dir():
            raise click.UsageError(f"{option} {shown(path)}: is a folder; name a file in it")
        if not path.absolute().parent.is_dir():
            raise click.UsageError(f"{option} {shown(path)}: there is no such folder; create it first")
    if request.json is not None and request.json.absolute() == request.html.absolute():
        raise click.UsageError("--html and --json name the same file")


def _nothing_found(course: Course, request: Request, found: Found) -> str:
    where = ", ".join(shown(path) for path in request.paths[:3])
    wanted = [slug for slug in course.slugs if not request.only or slug in request.only]
    if not wanted:
        return "this course has no exercise that can be graded"
    text = f"no exercise in {where}: a submission is named after its exercise, such as {wanted[0]}.py"
    for path in found.unmatched:
        hint = did_you_mean(path.stem, wanted)
        if hint.startswith("; did"):
            return f"{text}; found {shown(path)}{hint}"
    if found.unmatched:
        return f"{text}; found {shown(found.unmatched[0])}"
    return text


def kept_log(log: str) -> str:
    """Keep the details of a failure of ours for a bug report; returns where they are."""
    if not log:
        return ""
    path = progress.folder() / "last-failure.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(log, encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return f" (details: {path})"


def _open(path: Path) -> None:
    import webbrowser

    with contextlib.suppress(OSError, webbrowser.Error):
        webbrowser.open(path.absolute().as_uri())


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
