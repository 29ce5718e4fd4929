"""Prints every trace of a cluster that student code finds: keys, their names, addresses, a scheduler that answers."""

import glob
import json
import os
import socket

WANTED = json.loads("""@WANTED@""")


def texts():
    for path in [*WANTED["files"], *glob.glob("/proc/[0-9]*/environ"), *glob.glob("/proc/[0-9]*/cmdline")]:
        try:
            with open(path, "rb") as file:
                yield path, file.read(1_000_000).decode("latin-1")
        except OSError:
            continue
    yield "environment", repr(dict(os.environ))
    for number in os.listdir("/proc/self/fd"):
        try:
            yield "descriptor", os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
    for line in ("PRIVATE KEY", "dask", "tls"):
        yield "globals", " ".join(name for name in globals() if line in name)


def connects():
    for port in WANTED["ports"]:
        for host in ("127.0.0.1", "localhost", WANTED["host"]):
            try:
                socket.create_connection((host, port), timeout=1).close()
            except OSError:
                continue
            yield f"{host}:{port}"


def alpha(x):
    found = [f"{place} has {word}" for place, text in texts() for word in WANTED["words"] if word in text]
    try:
        found += [f"connected to {one}" for one in connects()]
    except BaseException as error:
        print("no socket:", type(error).__name__)
    print("FOUND", sorted(set(found)))
    return 2 * x
