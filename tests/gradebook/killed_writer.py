"""Kill writers at random points: `python -m tests.gradebook.killed_writer FOLDER KILLS SEED`.

One process that has everything imported forks a writer for each kill: it opens the gradebook, adds a download,
records what is pending, and tells through a pipe each key that was acknowledged. Prints all of those keys.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time

from grader.classroom import Column
from grader.gradebook import Gradebook
from grader.policy import Policy
from tests.gradebook.made import DIGESTS, graded, hand_in

PER_WRITER = 40


def write(folder: str, number: int, pipe: int) -> None:
    """What a writer does until it is killed."""
    with Gradebook.open(folder, create=True, seed=7) as book:
        columns = [Column(slug=slug, title=slug, chapter="1", max_score=10.0) for slug in DIGESTS]
        book.set_course("A course", columns, Policy())
        book.add(hand_in(f"S{number}", text=f"{number} {one}", attempt=one) for one in range(PER_WRITER))
        book.start_run(f"writer {number}")
        for pending in book.pending(DIGESTS):
            book.record(pending.key, pending, graded(pending))
            os.write(pipe, f"{pending.key}\n".encode())


def main() -> None:
    folder, kills, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    random_ = random.Random(seed)  # noqa: S311  no secret
    for number in range(kills):
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.close(reader)
            try:
                write(folder, number, writer)
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader, encoding="ascii") as told:
            # At some point of opening and adding, or after some results and then at some point of the next.
            wait_for = random_.choice((0, 0, 1, 5, 20))
            for _ in range(wait_for):
                sys.stdout.write(told.readline())
            time.sleep(random_.uniform(0, 0.06 if not wait_for else 0.005))
            os.kill(child, signal.SIGKILL)
            sys.stdout.write(told.read())
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
