"""Opens a file of the host by its handle, without a path.

kind: files
stopped by: always
"""

import ctypes
import os

from prelude import checked, libc


def attack() -> bool:
    handle = ctypes.create_string_buffer((128).to_bytes(4, "little") + bytes(132), 136)
    mount = ctypes.c_int()
    path, flags = b"@FILE@", 0
    checked(libc.name_to_handle_at(-100, path, handle, ctypes.byref(mount), flags))
    file = checked(libc.open_by_handle_at(os.open("/", os.O_RDONLY), handle, os.O_RDONLY))
    return os.read(file, 6) == b"canary"
