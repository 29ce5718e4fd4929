"""`grade PATH... --github-classroom`: grade all exercises that were asked for, in a step of GitHub Actions."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from grader.commands.common import Exit, course_for, say
from grader.commands.grade import Request, kept_log
from grader.engine import EngineError, IsolationUnavailable, Options
from grader.model import Level
from grader.submission import shown

OUTPUT = "GITHUB_OUTPUT"


def run(request: Request) -> Exit:
    """Grade, show, and hand the results to the next step. Ends with 0 when it could, whatever they are.

    If anything is ungraded by our fault nothing is handed on, and the exit status is 3. Raises click.UsageError.
    """
    from grader.handout.errors import HandoutError
    from grader.handout.github import commands_stopped, encode, write_outputs
    from grader.handout.selection import narrowed
    from grader.handout.whole import grade_whole
    from grader.report import html, json, terminal

    outputs = os.environ.get(OUTPUT)
    if not outputs:
        raise click.UsageError(f"--github-classroom is for a step of GitHub Actions: {OUTPUT} is not set")
    course = course_for(request.paths, request.course)
    for line in course.problems:
        say(line)
    options = Options(
        seed=request.seed,
        timeout_s=request.timeout_s,
        isolation=request.isolation,
        forbidden=not request.allow_forbidden,
        required=Level(request.required or Level.NONE),
    )
    try:
        selected = narrowed(course, request.only)
        # Both streams are one log there.
        with commands_stopped(sys.stdout):
            work = grade_whole(selected, request.paths, options)
            out = terminal.console()
            terminal.show_exercises(out, work.report.exercises)
            terminal.show_total(out, work.report)
            terminal.show_lines(out, [f"not graded: {line}" for line in work.unmatched])
        html.write(work.report, request.html)
        if request.json is not None:
            json.write(work.report, request.json)
        write_outputs(encode(work.report.exercises), Path(outputs))
    except IsolationUnavailable as error:
        raise click.UsageError(str(error)) from error
    except EngineError as error:
        say(f"The grader failed: {error}{kept_log(error.log)}")
        return Exit.OUR_FAULT
    except HandoutError as error:
        if not course.exercises or "not graded" not in str(error):
            raise click.UsageError(str(error)) from error
        say(f"The grader failed: {error}; nothing is reported")
        return Exit.OUR_FAULT
    except OSError as error:
        say(f"{shown(Path(error.filename or outputs))}: can't be written ({error.strerror or error})")
        return Exit.OUR_FAULT
    return Exit.FULL_MARKS
