"""Reaches the kernel's bpf.

kind: doors of the kernel
stopped by: seccomp
"""

import errno

from prelude import call


def attack() -> bool:
    try:
        call("bpf", 7, None, 16)  # BPF_OBJ_GET
    except OSError as error:
        return error.errno == errno.EFAULT  # said by who looks at the argument
    return True
