"""The outcome of abort() is crashed.

exercise: relu
expect: crashed skipped
"""

import os


class ReLU:
    def __init__(self):
        os.abort()
