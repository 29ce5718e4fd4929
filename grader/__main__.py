"""`python -m grader` is the command `grade`."""

from __future__ import annotations

from grader.cli import main

main(prog_name="grade")
