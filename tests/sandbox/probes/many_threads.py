"""Starts a hundred threads at the same time.

kind: processes and programs
stopped by: namespaces
"""

import threading


def attack() -> bool:
    threading.stack_size(1 << 16)
    gate = threading.Event()
    started = []
    try:
        for _ in range(100):
            started.append(threading.Thread(target=gate.wait, daemon=True))
            started[-1].start()
    finally:
        gate.set()
    return True
