"""Run Python as an ordinary user, from tests that run as root.

The interpreter and this checkout may lie below folders that only root may enter, such as /root. So the program runs in
a mount namespace of its own in which such folders are replaced by empty ones that hold what is needed and no more.
The user has a number and no name. Its home and its folder for temporary files are made for it and removed afterwards.

    run_as_user(["-m", "pytest", "tests/attacks"])
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from grader.worker import kernel

ROOT = Path(__file__).parents[2]
# Whose number nobody has on a usual system.
UID = 61_007


def run_as_user(
    arguments: Sequence[str],
    *,
    uid: int = UID,
    timeout_s: float = 600.0,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run this interpreter with `arguments` in the checkout's folder as the user `uid`; needs root.

    stdout and stderr come back together, as `stdout`. Raises subprocess.TimeoutExpired after killing all of it.
    """
    home = tempfile.mkdtemp(prefix="user-")
    try:
        os.chown(home, uid, uid)
        opened = _opened([ROOT, Path(home), *_places_of_python()])
        plan = {"uid": uid, "home": home, "opened": opened, "root": str(ROOT), "arguments": list(arguments)}
        with _ended_with_us(plan, dict(environment or {})) as process:
            output, _ = process.communicate(timeout=timeout_s)
        return subprocess.CompletedProcess(list(arguments), process.returncode, output)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def _ended_with_us(plan: Mapping[str, object], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.sandbox.as_user", json.dumps(plan)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _places_of_python() -> list[Path]:
    """The folders that this interpreter and its packages are loaded from, also behind symbolic links."""
    places = [sys.prefix, sys.base_prefix, *(path for path in sys.path if path)]
    interpreter = Path(sys.executable)
    while interpreter.is_symlink():
        places.append(str(interpreter.parent))
        interpreter = interpreter.parent / interpreter.readlink()
    found = [Path(place).absolute() for place in [*places, str(interpreter.parent)] if Path(place).exists()]
    return [*found, *(place.resolve() for place in found)]


def _opened(needed: Sequence[Path]) -> list[tuple[str, list[str]]]:
    """The folders that others may not enter, outermost ones only, each with what is needed below it."""
    closed: dict[Path, list[str]] = {}
    for place in dict.fromkeys(needed):
        for parent in reversed(place.parents):
            if not parent.stat().st_mode & stat.S_IXOTH:
                closed.setdefault(parent, []).append(str(place))
                break
    return [(str(folder), _outermost(places)) for folder, places in closed.items()]


def _outermost(places: Sequence[str]) -> list[str]:
    return sorted({p for p in places if not any(p.startswith(f"{other}/") for other in places)})


def main() -> None:
    """The process in between: hides and opens folders, becomes the user, and then the program."""
    plan = json.loads(sys.argv[1])
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    bind = 1 << 12 | kernel.MS_REC
    for folder, places in plan["opened"]:
        # Descriptors keep the way to what the new mount hides.
        kept = [(place, os.open(place, os.O_PATH | os.O_DIRECTORY)) for place in places]
        kernel.mount("tmpfs", folder, "tmpfs", 0, "mode=0755")
        for place, fd in kept:
            Path(place).mkdir(parents=True)
            kernel.mount(f"/proc/self/fd/{fd}", place, "", bind)
            os.close(fd)
    uid, home = plan["uid"], plan["home"]
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    os.chdir(plan["root"])
    environment = {
        **os.environ,
        **{"HOME": home, "TMPDIR": home, "USER": "somebody", "LOGNAME": "somebody"},
        "PYTHONPATH": plan["root"],
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    os.execve(sys.executable, [sys.executable, *plan["arguments"]], environment)  # noqa: S606


if __name__ == "__main__":
    main()
