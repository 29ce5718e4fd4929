"""Folders made ahead in the next workers' place, and ones nested too deeply to remove, are in nobody's way.

exercise: relu
expect: raised skipped timed_out
"""

import os

for number in range(2000):
    try:
        os.mkdir(f"../{number}")
    except OSError:
        pass
for _ in range(3000):
    os.mkdir("d")
    os.chdir("d")
raise ValueError("it is deep down here")
