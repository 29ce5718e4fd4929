"""A judge that a submission kills, twice, leaves the exercise without a score, and the next one is graded.

This is what cannot be prevented without landlock: nothing is gained by it, and nobody else is hurt.

exercise: relu
confined: not_permitted raised skipped
status: ungraded
"""

import os
import signal

with open(f"/proc/{os.getppid()}/stat") as stat:
    judge = int(stat.read().rpartition(")")[2].split()[1])
os.kill(judge, signal.SIGKILL)
