"""Threads that spin while a check runs cost their own submission its time; the next one is none the worse.

exercise: relu
expect: raised out_of_threads timed_out skipped
"""

import threading
import time

for _ in range(500):
    threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True).start()
time.sleep(60)
