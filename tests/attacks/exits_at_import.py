"""sys.exit(0) while being imported, with atexit functions that report success, earns nothing.

exercise: matmul
expect: raised skipped
"""

import atexit
import os
import sys

atexit.register(lambda: os.write(1, b'{"score": 100}'))
atexit.register(lambda: os._exit(0))
sys.exit(0)
