"""A process that outlives zygote and worker is inherited, and ended, by the judge.

exercise: relu
confined: not_permitted skipped
expect: crashed skipped timed_out
"""

import os
import signal
import threading

zygote = os.getppid()
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.kill(zygote, signal.SIGKILL)
    threading.Event().wait()
threading.Event().wait()
