"""What instructors call for a class: `batch`, `regrade`, `adjust`, `audit`, `export`, `similarity`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from grader.cli.group import main
from grader.cli.options import COURSE, FILE, GRADEBOOK, SEED_MAX, finite
from grader.commands.common import Exit

# Those of grader.classroom.
LAYOUTS = ("canvas", "moodle", "gradescope", "github", "nbgrader", "folders", "flat")
EXPORTS = ("canvas", "canvas-feedback", "moodle", "moodle-feedback", "gradescope", "csv", "json", "junit")

CLUSTERS = ("slurm", "htcondor", "pbs")

_GRADING = (
    COURSE,
    click.option(
        "--jobs", type=click.IntRange(1, 1024), metavar="N", help="Grade so many at once.  [default: a core each]"
    ),
    click.option(
        "--timeout",
        "timeout_s",
        type=click.FloatRange(min=0, min_open=True),
        callback=finite,
        metavar="SECONDS",
        help="Time for one check.  [default: as the exercise says]",
    ),
    click.option(
        "--isolation", type=click.Choice(["auto", "sandbox", "process"]), default="auto", help="As for grade."
    ),
    click.option(
        "--require-isolation",
        "required",
        type=click.Choice(["process", "sandbox"]),
        envvar="GRADE_REQUIRE_ISOLATION",
        help="Refuse to grade with less.",
    ),
    click.option("--allow-forbidden", is_flag=True, help="Do not look for APIs that an exercise forbids."),
)
_CLUSTER = (
    click.option("--scheduler", metavar="ADDRESS", help="Grade on the Dask cluster there: tls://HOST:PORT."),
    click.option("--tls-ca", type=FILE, metavar="FILE", help="For it: the certificate authority.  [default: Dask's]"),
    click.option("--tls-cert", type=FILE, metavar="FILE", help="For it: our certificate.  [default: Dask's]"),
    click.option("--tls-key", type=FILE, metavar="FILE", help="For it: our key.  [default: Dask's]"),
    click.option("--width", type=click.IntRange(1, 100_000), metavar="N", help="For it: so many Dask workers."),
    click.option("--cluster", type=click.Choice(CLUSTERS), help="Start Dask workers as jobs of this batch system."),
    click.option("--cluster-jobs", type=click.IntRange(1, 10_000), default=1, metavar="N", help="How many jobs."),
    click.option("--cluster-cores", type=click.IntRange(1, 1024), default=1, metavar="N", help="Cores for each."),
    click.option(
        "--cluster-memory", type=click.FloatRange(0.5, 1024), default=4.0, metavar="GIB", help="Memory for each core."
    ),
    click.option(
        "--cluster-walltime", type=click.IntRange(5, 100_000), default=120, metavar="MINUTES", help="Time for each job."
    ),
    click.option("--cluster-queue", default="", metavar="NAME", help="The queue or partition."),
    click.option("--cluster-account", default="", metavar="NAME", help="Who pays."),
    click.option(
        "--cluster-folder", type=FILE, metavar="DIR", help="A folder that all machines see, for keys and logs."
    ),
    click.option(
        "--chunk",
        type=click.IntRange(1, 1000),
        default=1,
        metavar="N",
        help="On a cluster: files for each task; more where it is large.",
    ),
)
_OWN = ("course", "jobs", "timeout_s", "isolation", "required", "allow_forbidden")
_DISTANT = (
    "scheduler", "tls_ca", "tls_cert", "tls_key", "width", "cluster", "cluster_jobs", "cluster_cores", "cluster_memory",
    "cluster_walltime", "cluster_queue", "cluster_account", "cluster_folder", "chunk",
)  # fmt: skip


def _grading(command: Any) -> Any:
    """The options of every command that grades a class."""
    for option in reversed((*_GRADING, *_CLUSTER)):
        command = option(command)
    return command


def _taken(options: dict[str, Any]) -> dict[str, Any]:
    """Take the options of `_grading` out of `options`, and make them one."""
    if options["scheduler"] and options["cluster"]:
        raise click.UsageError("--scheduler uses a cluster that runs, --cluster starts one; say one of them")
    if options["jobs"] and (options["scheduler"] or options["cluster"]):
        raise click.UsageError("--jobs is for this machine; for a cluster see --cluster-jobs and --width")
    from grader.commands.pool import Cluster, Grading

    own = {name: options.pop(name) for name in _OWN}
    distant = {name.removeprefix("cluster_"): options.pop(name) for name in _DISTANT}
    options["grading"] = Grading(**own, cluster=Cluster(kind=distant.pop("cluster"), **distant))
    return options


class _OfClass(click.Command):
    """A command whose options for a cluster, which few need, stand apart in its help."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own: list[tuple[str, str]] = []
        distant: list[tuple[str, str]] = []
        for option in self.get_params(ctx):
            if isinstance(option, click.Option) and (record := option.get_help_record(ctx)):
                (distant if option.name in _DISTANT else own).append(record)
        for heading, records in (("Options", own), ("To grade on a cluster", distant)):
            with formatter.section(heading):
                formatter.write_dl(records)


@main.command("batch", cls=_OfClass, short_help="Grade what a class handed in.")
@click.argument("submissions", type=FILE)
@click.option("--out", type=FILE, required=True, metavar="DIR", help="Where the gradebook and the reports go.")
@click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    metavar="NAME",
    help=f"How the download is laid out, if that is not seen by itself: {', '.join(LAYOUTS)}.",
)
@click.option("--exercise", "only", multiple=True, metavar="SLUG", help="Only this exercise; may be repeated.")
@click.option("--gradebook", metavar="URL", help="Keep the gradebook there instead: postgresql://...")
@click.option(
    "--seed", type=click.IntRange(0, SEED_MAX), metavar="N", help="For a new gradebook: the seed of all grades."
)
@click.option("--reports/--no-reports", default=True, help="Write the reports and the class page.  [default: yes]")
@click.option("--backup/--no-backup", default=True, help="Copy an older gradebook before updating it.  [default: yes]")
@_grading
def batch_command(**options: Any) -> Exit:
    """Grade a whole class: SUBMISSIONS is what the learning platform lets you download.

    A folder or an archive of Canvas, Moodle, Gradescope, GitHub Classroom or nbgrader, or a folder with one folder or
    file for each student. Each result is kept at once in DIR; a run that was stopped is continued by the same command,
    and nothing is graded twice.

    Exit status: 0 everything is graded, 2 wrong usage, 3 something could not be graded, 130 interrupted.
    """
    from grader.commands import batch

    return batch.run(batch.Request(**_taken(options)))


@main.command("regrade", cls=_OfClass, short_help="Grade again after a change of an exercise.")
@GRADEBOOK
@click.option("--exercise", "only", multiple=True, metavar="SLUG", help="Only this exercise; may be repeated.")
@click.option("--accept", is_flag=True, help="Let the new grades count.")
@click.option("--who", default="", metavar="NAME", help="Who accepts them.  [default: your login]")
@click.option("--json", type=FILE, metavar="FILE", help="Write all changes as well.")
@_grading
def regrade_command(**options: Any) -> Exit:
    """Grade a class again after an exercise was changed, and show who gains and who loses.

    Nothing counts before it is accepted. Adjustments by hand stay.

    Exit status: 0 no grade changes or they were accepted, 1 there are changes to accept, 2 wrong usage, 3 something
    could not be graded again, 130 interrupted.
    """
    from grader.commands import regrade

    return regrade.run(regrade.Request(**_taken(options)))


@main.command("adjust", short_help="Decide points by hand.")
@click.argument("student")
@click.argument("exercise", metavar="EXERCISE")
@click.argument("points", type=float, required=False)
@click.option("--why", default="", metavar="TEXT", help="The reason, which the student reads too.")
@click.option("--undo", is_flag=True, help="Let the suite's score count again.")
@click.option("--who", default="", metavar="NAME", help="Who decides it.  [default: your login]")
@GRADEBOOK
def adjust_command(exercise: str, points: float | None, undo: bool, **options: Any) -> Exit:
    """Give STUDENT (a name, e-mail address or id) POINTS in EXERCISE by hand.

    They count instead of the suite's score, survive a regrade, and are kept with the reason: see grade audit.
    """
    if undo == (points is not None):
        raise click.UsageError("say POINTS, or --undo to take an adjustment back")
    if points is not None and not math.isfinite(points):
        raise click.UsageError("POINTS must be a number")
    if not options["why"].strip():
        raise click.UsageError("say --why: the reason is kept, and the student reads it")
    from grader.commands import adjust

    return adjust.run(adjust.Request(slug=exercise, points=points, **options))


@main.command("audit", short_help="Show who decided what about grades.")
@GRADEBOOK
def audit_command(gradebook: str) -> Exit:
    """Show what people decided about grades, oldest first."""
    from grader.commands import adjust

    return adjust.audit(gradebook)


@main.command("export", short_help="Hand the grades back.")
@click.argument("format", metavar="FORMAT", type=click.Choice(EXPORTS))
@GRADEBOOK
@click.option("--out", type=FILE, metavar="FILE", help="Where it goes.  [default: stdout; zips need it]")
@click.option("--template", type=FILE, metavar="FILE", help="canvas: the CSV that Canvas exported.")
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="SLUG=COLUMN",
    help="canvas: the column of an exercise, by id or title; may be repeated.",
)
@click.option("--total", metavar="COLUMN", help="canvas: the column of the weighed total, by id or title.")
@click.option("--worksheet", type=FILE, metavar="FILE", help="moodle: the worksheet to fill in.")
@click.option("--exercise", "slug", metavar="SLUG", help="moodle: the exercise to hand back.  [default: the total]")
@click.option("--grade-column", metavar="NAME", help="moodle: its header in your language.  [default: Grade]")
@click.option("--feedback-column", metavar="NAME", help="moodle: likewise.  [default: Feedback comments]")
@click.option("--scale", is_flag=True, help="canvas, moodle: convert points to the maximum that the column has there.")
@click.option("--decimal-comma", is_flag=True, help="Write 8,5 for 8.5.")
@click.option("--feedback", type=click.Choice(["html", "text"]), help="moodle-feedback: the kind of file.")
def export_command(**options: Any) -> Exit:
    """Hand back the grades of a class: for Canvas, Moodle, a spreadsheet, a program.

    FORMAT is canvas, canvas-feedback, moodle, moodle-feedback, gradescope, csv, json or junit.

    What is not graded yet is left blank, never 0, and counted. Nothing in a table is taken for a formula.
    """
    from grader.commands import export

    return export.run(export.Request(**options))


@main.command("similarity", short_help="Rank pairs that share unusual code.")
@GRADEBOOK
@click.option("--exercise", "only", multiple=True, metavar="SLUG", help="Only this exercise; may be repeated.")
@click.option(
    "--out", type=FILE, default=Path("similarity.html"), show_default=True, metavar="FILE", help="The HTML page."
)
@click.option("--json", type=FILE, metavar="FILE", help="Write the ranking as JSON as well.")
@click.option(
    "--export",
    type=(click.Choice(["dolos", "jplag"]), FILE),
    metavar="TOOL PLACE",
    help="Write the submissions as Dolos or JPlag reads them, to a folder or a .zip.",
)
@click.option(
    "--top", type=click.IntRange(1, 1000), default=50, show_default=True, metavar="N", help="How many pairs to show."
)
@click.option(
    "--popular",
    type=click.FloatRange(0, 50),
    default=10.0,
    show_default=True,
    metavar="PERCENT",
    help="What more of the class than this share is no evidence.",
)
@click.option(
    "--common",
    multiple=True,
    type=FILE,
    metavar="FILE",
    help="Code that was shown in class, and so is no evidence; may be repeated.",
)
@click.option("--anonymous", is_flag=True, help="Numbers for names. What is written in a source stays.")
@COURSE
def similarity_command(**options: Any) -> Exit:
    """Rank pairs of submissions by what they share and few others have.

    For a person to look at: similarity is no proof of copying.
    """
    from grader.commands import similarity

    return similarity.run(similarity.Request(**options))
