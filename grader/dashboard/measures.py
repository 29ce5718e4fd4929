"""The numbers of item analysis, computed in one pass over the students."""

from __future__ import annotations

import math
from collections.abc import Sequence

FEWEST = 5
"""Below so many students a correlation says nothing and is not shown."""


class Correlation:
    """Pearson's r of pairs that come one at a time (Welford's recurrence, so that nothing cancels).

    With x an item's score and y the sum of all other items it is the corrected item-total correlation

        r = sum((x - mean x) (y - mean y)) / sqrt(sum((x - mean x)^2) sum((y - mean y)^2)),

    corrected because an item that is part of y would correlate with itself. For a check, which is passed or not, it
    is the point-biserial correlation: Pearson's r where x is 0 or 1. It says how well an item tells those who can do
    the rest from those who can't: 0.3 and more is good, under 0.2 weak, and below 0 something is wrong with the item.

    S. Henrysson (1963), Correction of item-total correlations in item analysis, Psychometrika 28(2), 211-218;
    R. L. Ebel and D. A. Frisbie (1991), Essentials of Educational Measurement, for the rule of thumb.
    """

    def __init__(self) -> None:
        self.count = 0
        self._mean_x = self._mean_y = 0.0
        self._xx = self._yy = self._xy = 0.0

    def add(self, x: float, y: float) -> None:
        """Take one student into account."""
        self.count += 1
        dx = x - self._mean_x
        dy = y - self._mean_y
        self._mean_x += dx / self.count
        self._mean_y += dy / self.count
        self._xx += dx * (x - self._mean_x)
        self._yy += dy * (y - self._mean_y)
        self._xy += dx * (y - self._mean_y)

    @property
    def value(self) -> float | None:
        """r, or None for too few students or where one of the two is the same for all."""
        if self.count < FEWEST or self._xx <= 1e-12 or self._yy <= 1e-12:
            return None
        return max(-1.0, min(1.0, self._xy / math.sqrt(self._xx * self._yy)))


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` % of the sorted values do not exceed (nearest rank); nan for none."""
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def median(ordered: Sequence[float]) -> float:
    """The middle of the sorted values, or the mean of the two in the middle; nan for none."""
    if not ordered:
        return math.nan
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def bins(shares: Sequence[float], number: int) -> tuple[int, ...]:
    """How many of the shares (0 to 1) are in each of so many equal parts; 1 belongs to the last one."""
    counts = [0] * number
    for share in shares:
        # The nudge is for sums such as 0.1 + 0.2: what is 30 % must not be told as less.
        counts[max(0, min(number - 1, math.floor(share * number + 1e-9)))] += 1
    return tuple(counts)
