"""An SQLite file as the gradebook needs it: every commit on the disk, WAL where that is safe, one writer.

WAL lets the pages of a class be read while it is graded, but it needs shared memory and byte locks that network file
systems lack or only pretend to have. So it is tried on a scratch file in the same folder, with a write and a second
reader, and not at all on a file system that several machines share: there it can look fine and lose data. Where it
is not used, the journal is TRUNCATE, as durable and a little slower.
"""

from __future__ import annotations

import errno
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

BUSY_S = 30.0
# As Linux names them. What is mounted from the host of a virtual machine is shared with it.
_SHARED_SYSTEMS = frozenset({
    "9p", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.beegfs", "fuse.ceph", "fuse.davfs2", "fuse.glusterfs",
    "fuse.rclone", "fuse.sshfs", "glusterfs", "gpfs", "lustre", "nfs", "nfs4", "orangefs", "panfs", "pvfs2", "smb2",
    "smb3", "smbfs", "vboxsf", "virtiofs",
})  # fmt: skip


def connect(file: Path, *, create: bool, read_only: bool) -> sqlite3.Connection:
    """Open the file. Raises sqlite3.Error or OSError; a file that is damaged may show it only when it is read."""
    if not read_only and file.exists() and not _may_write(file):
        # SQLite would open it for reading and tell at the first write.
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    mode = "ro" if read_only else "rwc" if create else "rw"
    connection = _open(file, f"mode={mode}")
    try:
        if read_only:
            try:
                connection.execute("SELECT 1 FROM sqlite_master").fetchone()
            except sqlite3.OperationalError:
                # In a folder that can't be written, a file in WAL mode can't be opened the common way. Without a
                # log beside it nobody writes and nothing is missing.
                log = file.with_name(file.name + "-wal")
                if log.exists() and log.stat().st_size:
                    raise
                connection.close()
                connection = _open(file, "mode=ro&immutable=1")
        else:
            journal = "WAL" if wal_works(file.parent) else "TRUNCATE"
            connection.execute(f"PRAGMA journal_mode={journal}")
            connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
    except BaseException:
        connection.close()
        raise
    return connection


def wal_works(folder: Path, options: str = "") -> bool:
    """True if a write-ahead log can be trusted in this folder. `options` go into the URI of the scratch file."""
    if file_system(folder) in _SHARED_SYSTEMS:
        return False
    scratch = folder / f".gradebook-probe-{secrets.token_hex(6)}.sqlite"
    try:
        with (
            closing(_open(scratch, f"mode=rwc{options}")) as writer,
            closing(_open(scratch, f"mode=rw{options}")) as reader,
        ):
            if writer.execute("PRAGMA journal_mode=WAL").fetchone()[0] != "wal":
                return False
            # Some file systems accept the mode and fail at the first write, or show it to nobody else.
            writer.execute("CREATE TABLE probe (a)")
            writer.execute("INSERT INTO probe VALUES (1)")
            return bool(reader.execute("SELECT a FROM probe").fetchone() == (1,))
    except sqlite3.Error:
        return False
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            with suppress(OSError):
                scratch.with_name(scratch.name + ending).unlink(missing_ok=True)


def file_system(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """The type of the file system that `folder` is on, as Linux names it; empty elsewhere."""
    real = folder.resolve()
    best, found = -1, ""
    with suppress(OSError):
        for point, name in _mounts(mounts):
            # Of several at one point the later one lies on top.
            if real.is_relative_to(point) and len(point.parts) >= best:
                best, found = len(point.parts), name
    return found


def _mounts(mounts: Path) -> Iterator[tuple[Path, str]]:
    for line in mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        fields, _, rest = line.partition(" - ")
        parts = fields.split(" ")
        if len(parts) > 4 and rest:
            point = parts[4].encode("utf-8", "surrogateescape").decode("unicode_escape").encode("latin-1", "replace")
            yield Path(point.decode("utf-8", "surrogateescape")), rest.split(" ")[0]


def _may_write(file: Path) -> bool:
    return os.access(file, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _open(file: Path, options: str) -> sqlite3.Connection:
    # Transactions are begun by us (isolation_level=None), so that tables are made in them as well.
    return sqlite3.connect(
        f"{file.absolute().as_uri()}?{options}",
        uri=True,
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )
