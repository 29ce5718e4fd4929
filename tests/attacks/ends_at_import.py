"""os._exit(0) while being imported is a crash, told once.

exercise: linear
expect: crashed skipped
"""

import os

os._exit(0)
