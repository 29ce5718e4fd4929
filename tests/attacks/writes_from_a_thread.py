"""A thread that writes on the wire breaks the frames of its own submission.

exercise: relu
expect: crashed skipped
"""

import os
import threading

from torch.nn import Module


def scribble():
    while True:
        os.write(3, b"gw1\n passed")


class ReLU(Module):
    def __init__(self):
        super().__init__()
        threading.Thread(target=scribble, daemon=True).start()
        threading.Event().wait(0.05)
