"""Links a file of the host into its own folder and reads it there.

kind: files
stopped by: bubblewrap landlock seccomp
"""

import os
import tempfile


def attack() -> bool:
    link = tempfile.mkdtemp() + "/link"
    os.link("@FILE@", link)
    with open(link) as file:
        return file.read().startswith("canary")
