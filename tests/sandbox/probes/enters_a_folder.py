"""Makes a folder of the host its working folder.

kind: files
stopped by: bubblewrap
"""

import os


def attack() -> bool:
    os.chdir("@FOLDER@")
    return os.path.exists("secret.txt")
