"""What is shown while a class is graded: one live line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from grader.report import words

# Between plain lines: first soon, so that one sees that it works, then ever more rarely.
FIRST_S, LONGEST_S = 2.0, 60.0
# A rate is that of so many seconds: of the whole run it would hide that nothing moves any more.
RATE_OVER_S = 20.0


class Watch:
    """Counts what is done and says how fast it goes. `now` is a clock in seconds."""

    def __init__(self, total: int, now: Callable[[], float] = time.monotonic) -> None:
        self.total = total
        self._now = now
        # From the first result on: what came before was a judge that started.
        self._seen: list[tuple[float, int]] = []

    def line(self, done: int, failed: int, ungraded: int) -> str:
        """How far it is: "120 of 1,400 done, 34 a second, 38 s left, 12 without full marks, 1 ungraded"."""
        at = self._now()
        self._seen.append((at, done))
        while len(self._seen) > 2 and self._seen[1][0] < at - RATE_OVER_S:
            del self._seen[0]
        (since, before), parts = self._seen[0], [f"{done:,} of {self.total:,} done"]
        rate = (done - before) / (at - since) if at > since else 0.0
        if rate > 0:
            parts.append(f"{rate:.0f} a second" if rate >= 2 else f"{rate * 60:.0f} a minute")
            if done < self.total:
                parts.append(f"{words.seconds((self.total - done) / rate)} left")
        if failed:
            parts.append(f"{failed:,} without full marks")
        if ungraded:
            parts.append(f"{ungraded:,} ungraded")
        return ", ".join(parts)


@contextmanager
def display(out: Console, total: int) -> Iterator[Callable[[int, int, int], None]]:
    """Yields a function to call with (done, without full marks, ungraded) after each result."""
    watch = Watch(total)
    if not out.is_terminal or out.is_dumb_terminal:
        yield _plain(out, watch)
        return
    columns = (SpinnerColumn(style="cyan"), BarColumn(bar_width=24), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=out, transient=True) as progress:
        task = progress.add_task(watch.line(0, 0, 0), total=total)

        def show(done: int, failed: int, ungraded: int) -> None:
            progress.update(task, completed=done, description=watch.line(done, failed, ungraded))

        yield show


def _plain(out: Console, watch: Watch) -> Callable[[int, int, int], None]:
    began = time.monotonic()
    due = FIRST_S

    def show(done: int, failed: int, ungraded: int) -> None:
        nonlocal due
        gone = time.monotonic() - began
        if gone >= due:
            due = gone + min(LONGEST_S, max(FIRST_S, gone))
            out.print(Text(watch.line(done, failed, ungraded)), soft_wrap=True)

    return show
