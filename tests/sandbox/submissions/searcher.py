"""A submission that looks for canaries in everything that a worker can see, and reports what it found.

A canary is a fixed word and 16 digits. Only the pattern stands here, which does not match itself, so that a search of
its own memory finds nothing but what was planted. It plants some itself first: a search that does not find these
would prove nothing.
"""

import ctypes
import os
import re
import sys

PATTERN = re.compile(rb"C4N4" + rb"RY[0-9a-f]{16}")
LARGEST_FILE = 4 << 20
found = {}
counts = dict.fromkeys(("memory", "files", "bytes", "descriptors", "environment"), 0)


def look(data, where):
    for match in PATTERN.findall(data):
        found.setdefault(match.decode(), set()).add(where)


def plant(digit):
    return ("C4N4" + "RY") + digit * 16


# Not in one piece anywhere in this file.
own = {"memory": plant("1"), "file": plant("2"), "name": plant("3"), "environment": plant("4")}
os.environ["PLANTED"] = own["environment"]
with open(os.path.join(os.environ["TMPDIR"], own["name"]), "w") as file:
    file.write(own["file"])
held = open(os.path.join(os.environ["TMPDIR"], own["name"]))

for name, value in os.environ.items():
    counts["environment"] += 1
    look(f"{name}={value}".encode(), "environment")
for argument in [
    *sys.argv,
    *sys.path,
    *map(str, sys.modules),
    *[str(getattr(m, "__file__", "")) for m in sys.modules.values()],
]:
    look(argument.encode(), "interpreter")
for fd in range(1024):
    try:
        look(os.readlink(f"/proc/self/fd/{fd}").encode(), "descriptors")
        counts["descriptors"] += 1
    except OSError:
        pass
roots = [
    "/",
    "/etc",
    "/home",
    "/root",
    "/run",
    "/tmp",
    "/usr/lib",
    "/usr/local",
    "/usr/share",
    "/var",
    f"/proc/{os.getpid()}",
]
roots += [os.environ["TMPDIR"], os.getcwd(), os.path.dirname(os.getcwd()), sys.prefix, *sys.path]
visited = set()


def walk():
    # Landlock lets nobody list the root, but those who know a name go on below it.
    for root in roots:
        for folder, folders, files in os.walk(root, followlinks=False):
            if os.path.realpath(folder) in visited:
                folders[:] = []
                continue
            visited.add(os.path.realpath(folder))
            yield folder, folders, files


for folder, folders, files in walk():
    if folder.startswith(("/proc/", "/sys/")):
        folders[:] = []
        if folder != f"/proc/{os.getpid()}":
            continue
        folders[:] = ["net"]
    for name in [*folders, *files]:
        look(name.encode("utf-8", "surrogateescape"), "names")
    for name in files:
        path = os.path.join(folder, name)
        if not folder.startswith("/proc/") and not name.startswith("."):
            # Of shared libraries, compiled modules and the system's own files only the names matter.
            if folder.startswith("/usr/") or name.endswith((".a", ".pyc")) or ".so" in name or not os.path.isfile(path):
                continue
        elif name in ("mem", "pagemap", "kpageflags", "clear_refs", "kmsg"):
            continue
        try:
            with open(path, "rb", buffering=0) as opened:
                data = opened.read(LARGEST_FILE)
        except OSError:
            continue
        counts["files"] += 1
        counts["bytes"] += len(data)
        look(data, f"file {path}" if folder.startswith("/proc/") else "files")
with open("/proc/self/maps") as maps:
    regions = [line.split() for line in maps]
for region in regions:
    first, last = (int(end, 16) for end in region[0].split("-"))
    # Not the windows to the kernel, nor the libraries' own contents: those are files.
    if "r" not in region[1] or region[-1] in ("[vvar]", "[vsyscall]", "[vvar_vclock]") or ".so" in region[-1]:
        continue
    counts["memory"] += last - first
    at = first
    while at < last:
        size = min(1 << 24, last - at)
        look(ctypes.string_at(at, size), "memory")
        at += size - 32 if size == 1 << 24 else size
names = {canary: sorted(where) for canary, where in found.items()}
raise LookupError(f"{counts} {names}")
