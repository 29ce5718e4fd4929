"""Descriptors sent along with bytes on the wire are dropped; the judge does not come to hold them.

exercise: relu
confined: not_permitted skipped
expect: crashed skipped
"""

import os
import socket

wire = socket.socket(fileno=os.dup(3))
held = [os.open("/dev/null", os.O_RDONLY) for _ in range(60)]
for _ in range(100):
    socket.send_fds(wire, [b"\0"], held)
