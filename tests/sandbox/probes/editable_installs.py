"""Reads from the files of installers where a project lies that was installed in place.

kind: what the host is
stopped by: bubblewrap
needs: editable
"""

import glob
import os
import re

import torch


def attack() -> bool:
    packages = os.path.dirname(os.path.dirname(torch.__file__))
    names = [*glob.glob(packages + "/*.pth"), *glob.glob(packages + "/*.dist-info/direct_url.json")]
    for name in names:
        with open(name) as file:
            if re.search(r"^/|file:///", file.read(), re.MULTILINE):
                return True
    return False
