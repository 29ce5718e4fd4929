"""Results for Gradescope: the `results.json` of one student."""

from __future__ import annotations

from grader.handout.gradescope import Shown, UngradedError, Visibility, points_differ, results

__all__ = ["Shown", "UngradedError", "Visibility", "points_differ", "results"]
