"""Makes a single file larger than the limit.

kind: files
stopped by: always
"""

import os
import signal
import tempfile


def attack() -> bool:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with tempfile.TemporaryFile() as file:
        os.ftruncate(file.fileno(), 10 << 30)
    return True
