"""A submission that waits for ever, with all signals ignored, is ended from outside.

exercise: relu
expect: timed_out skipped
"""

import signal
import threading

for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
threading.Event().wait()
