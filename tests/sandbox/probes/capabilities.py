"""Takes back the capabilities that it gave up.

kind: rights
stopped by: always
"""

import struct

from prelude import checked, libc


def attack() -> bool:
    return checked(libc.capset(struct.pack("=Ii", 0x2008_0522, 0), b"\xff" * 24)) == 0
