"""A hundred children are ended with the worker.

exercise: linear
confined: not_permitted skipped
expect: raised skipped timed_out
"""

import os
import threading

for _ in range(100):
    if os.fork() == 0:
        os.setsid()
        threading.Event().wait()
raise ValueError("done")
