"""Endless printing of one line, in binary and past Python's buffers, is stopped.

exercise: relu
expect: too_much_output skipped
"""

import os

while True:
    os.write(1, b"\xff\x00\x1b[2J" * 4096)
    os.write(2, b"\x9b" * 4096)
