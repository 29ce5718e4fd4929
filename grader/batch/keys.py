"""The certificate and key that a run shows to a scheduler, and where they may lie.

Whoever can speak to a scheduler can have its Dask workers run anything, and so owns the grades. So all speech is
encrypted and both sides show a certificate; the key lies where nobody else may read it and where no worker can see it.
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from grader.engine import StoppedError
from grader.sandbox.view import LIBRARIES, of_a_sandbox
from grader.text import clean_line

if TYPE_CHECKING:
    from distributed.security import Security

_PREFIX = "keys-"


class ClusterError(StoppedError):
    """A cluster cannot be used, or is gone. One line; what was graded before is stored."""


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """Files in PEM format: who is trusted (`authority`), and what this side shows (`certificate`, `key`)."""

    authority: Path
    certificate: Path
    key: Path

    def security(self) -> Security:
        """These, for every role."""
        from distributed.security import Security

        shown = {f"tls_{role}_cert": str(self.certificate) for role in ("client", "scheduler", "worker")}
        kept = {f"tls_{role}_key": str(self.key) for role in ("client", "scheduler", "worker")}
        return Security(require_encryption=True, tls_ca_file=str(self.authority), **shown, **kept)


def find_keys(authority: Path | None = None, certificate: Path | None = None, key: Path | None = None) -> Keys:
    """The files that were given, and for the others what Dask's configuration and environment say.

    Raises `ClusterError` when one is not said, cannot be read, or is a key that others could read.
    """
    import dask.config

    given = {"ca-file": authority, "client.cert": certificate, "client.key": key}
    options = {"ca-file": "--tls-ca", "client.cert": "--tls-cert", "client.key": "--tls-key"}
    found = {}
    for name, path in given.items():
        known = path or dask.config.get(f"distributed.comm.tls.{name}", None)
        if known is None:
            variable = "DASK_DISTRIBUTED__COMM__TLS__" + name.replace("-", "_").replace(".", "__").upper()
            raise ClusterError(f"a scheduler needs a certificate: say {options[name]} FILE, or set {variable}")
        found[name] = _readable(Path(known).expanduser())
    keys = Keys(authority=found["ca-file"], certificate=found["client.cert"], key=found["client.key"])
    _refuse_open(keys.key)
    return keys


def make_keys(folder: Path) -> Keys:
    """A new certificate and key, for one cluster that ends with this process, in a new folder in `folder`.

    Only this user may enter it. All machines of the cluster must see it. Raises `ClusterError`.
    """
    from distributed.security import Security

    _sweep(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        own = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{socket.gethostname()}-{os.getpid()}-", dir=folder))
        made = Security.temporary()
        keys = Keys(authority=own / "ca.pem", certificate=own / "cert.pem", key=own / "key.pem")
        for path, text in (
            (keys.authority, made.tls_ca_file),
            (keys.certificate, made.tls_worker_cert),
            (keys.key, made.tls_worker_key),
        ):
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(text)
    except OSError as error:
        raise ClusterError(f"cannot keep a key in {clean_line(str(folder), 200)}: {error.strerror}") from error
    _refuse_open(keys.key)
    return keys


def remove_keys(keys: Keys) -> None:
    """Remove what `make_keys` made."""
    shutil.rmtree(keys.key.parent, ignore_errors=True)


def seen_by_students(path: Path) -> bool:
    """Whether student code in a sandbox of this machine could see a file."""
    if sys.platform != "linux":
        return False
    shown = [Path(os.path.realpath(place)) for place in (*LIBRARIES, *(source for source, _ in of_a_sandbox().binds))]
    return any(Path(os.path.realpath(path)).is_relative_to(place) for place in shown)


def _readable(path: Path) -> Path:
    try:
        path.open("rb").close()
    except OSError as error:
        raise ClusterError(f"{clean_line(str(path), 200)}: {error.strerror}") from error
    return path


def _refuse_open(key: Path) -> None:
    shown = clean_line(str(key), 200)
    if os.name == "posix" and stat.S_IMODE(key.stat().st_mode) & 0o077:
        raise ClusterError(f"{shown}: other users may read this key, and so own the grades; run: chmod 600 {shown}")
    if seen_by_students(key):
        raise ClusterError(
            f"{shown}: student code can see this folder, and this key owns the grades; move it elsewhere"
        )


def _sweep(folder: Path) -> None:
    """Remove what runs on this machine left that were killed."""
    for old in folder.glob(f"{_PREFIX}{socket.gethostname()}-*"):
        pid = old.name.removeprefix(f"{_PREFIX}{socket.gethostname()}-").partition("-")[0]
        if pid.isdecimal() and not _runs(int(pid)):
            shutil.rmtree(old, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
