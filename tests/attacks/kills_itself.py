"""A worker that kills itself has crashed.

exercise: relu
confined: crashed failed skipped
expect: crashed skipped
"""

import os
import signal


class ReLU:
    def __init__(self):
        os.kill(os.getpid(), signal.SIGKILL)
