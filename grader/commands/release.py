"""`grade release OUT`: make the hand-out, the folder or zip that students get."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from grader.commands.common import Exit, course_for, say
from grader.submission import shown

HAND_IN_MAX_BYTES = 64 * 1024
_LISTED = 5


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    out: Path
    only: tuple[str, ...] = ()
    chapters: tuple[str, ...] = ()
    title: str = "Exercises"
    hand_in: Path | None = None
    points: bool = True
    notebooks: bool = True
    overwrite: bool = False
    course: Path | None = None


def run(request: Request) -> Exit:
    """Make it and say what changed. Raises click.UsageError for what can't be made."""
    from grader import engine
    from grader.handout import points, release
    from grader.handout.errors import HandoutError
    from grader.handout.selection import narrowed

    course = course_for((), request.course)
    for line in course.problems:
        say(line)
    try:
        selected = narrowed(course, request.only, request.chapters)
        wanted = release.Release(
            title=request.title,
            points=points.points(selected) if request.points else {},
            hand_in=_text(request.hand_in),
            notebooks=request.notebooks,
            overwrite=request.overwrite,
        )
        changes = release.release(course, selected, request.out, wanted)
    except HandoutError as error:
        raise click.UsageError(str(error)) from error
    except engine.EngineError as error:
        from grader.commands.grade import kept_log

        say(f"The points can't be found out: {error}{kept_log(error.log)}; --no-points leaves them out")
        return Exit.OUR_FAULT
    for verb in ("added", "changed", "removed"):
        _list(verb, getattr(changes, verb))
    for path in changes.kept:
        say(f"{path} is no part of the hand-out any more, but was changed by somebody; it was left")
    for path in release.left_out(course)[:_LISTED]:
        say(f"{path} is no stub, so it is not handed out")
    click.echo(f"{shown(request.out)}: {len(selected.exercises)} of {len(course.exercises)} exercises, nothing private")
    return Exit.FULL_MARKS


def _list(verb: str, paths: tuple[str, ...]) -> None:
    for path in paths[: 4 * _LISTED]:
        click.echo(f"{verb:<8} {path}")
    if len(paths) > 4 * _LISTED:
        click.echo(f"{verb:<8} and {len(paths) - 4 * _LISTED} more")


def _text(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        raw = path.read_bytes()
        if len(raw) > HAND_IN_MAX_BYTES:
            raise click.UsageError(f"{shown(path)}: more than {HAND_IN_MAX_BYTES // 1024} KiB; is it the right file?")
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{shown(path)} is not UTF-8; save it as UTF-8") from error
