"""A TCP connection cannot be made, not even to this machine.

exercise: relu
confined: not_permitted skipped
succeeds: bare
"""

import socket
from pathlib import Path

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
socket.create_connection(listener.getsockname(), 1).close()
exec((Path("@COURSE@") / "solutions" / "03_modules" / "relu" / "relu.py").read_text())
