"""Workers that wait for the next submission may be killed by this one: the next gets others.

exercise: relu
confined: not_permitted raised skipped
expect: raised skipped
"""

import os
import signal

with open(f"/proc/{os.getppid()}/task/{os.getppid()}/children") as children:
    for pid in children.read().split():
        if int(pid) != os.getpid():
            os.kill(int(pid), signal.SIGKILL)
raise ValueError("they are gone")
