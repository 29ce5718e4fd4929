"""A worker that stops itself is late, and killed all the same.

exercise: relu
confined: timed_out failed skipped
expect: timed_out skipped
"""

import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)
