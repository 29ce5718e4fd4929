"""Bytes written to every open descriptor are no frame: the worker is stopped.

exercise: linear
expect: crashed skipped
"""

import os

JUNK = [b"\x00" * 4096, b'{"outcome": "passed"}\n', b"gw1\n" + b"\xff" * 12, os.urandom(999)]


def spray():
    for fd in range(256):
        for junk in JUNK:
            try:
                os.write(fd, junk)
            except OSError:
                break


class Linear:
    def __init__(self, *args, **kwargs):
        spray()


spray()
