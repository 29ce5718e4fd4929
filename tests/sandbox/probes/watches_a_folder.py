"""Has the kernel tell it what happens in a folder of the host.

kind: files
stopped by: bubblewrap seccomp
"""

from prelude import checked, libc


def attack() -> bool:
    watch = checked(libc.inotify_init())
    return checked(libc.inotify_add_watch(watch, b"@FOLDER@", 0xFFF)) > 0
