"""Lists a folder of the host.

kind: files
stopped by: bubblewrap landlock
"""

import os


def attack() -> bool:
    return "secret.txt" in os.listdir("@FOLDER@")
