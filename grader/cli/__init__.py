"""The command line: parses, hands over to `grader.commands`, and turns how that ended into an exit code.

To keep `grade --help` instant nothing heavy is imported before a command runs.
"""

from grader.cli import authors, classes, handouts, students
from grader.cli.authors import PHASES
from grader.cli.group import main
from grader.cli.students import LAYERS

__all__ = ["LAYERS", "PHASES", "authors", "classes", "handouts", "main", "students"]
