"""Notice that a submission was saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from grader.commands.common import say
from grader.submission import shown


def require() -> None:
    """Raises click.UsageError, saying what to install, if the library that watches files isn't there."""
    try:
        import watchfiles  # noqa: F401
    except ImportError:
        raise click.UsageError("--watch needs the extra watch; install it with: pip install 'grader[watch]'") from None


def changes(paths: Sequence[Path]) -> Iterator[None]:
    """Yields each time that a Python file or a notebook at or below the paths was saved, until Ctrl-C."""
    import watchfiles

    # An editor that saves by renaming replaces the file, so its folder is watched and not the file.
    folders = sorted({path if path.is_dir() else path.absolute().parent for path in paths})
    names = ", ".join(shown(path) for path in paths[:3])
    say(f"Watching {names}; saving a file grades it again, Ctrl-C ends.")
    deep = any(path.is_dir() for path in paths)
    changed = watchfiles.watch(
        *folders,
        watch_filter=watchfiles.PythonFilter(extra_extensions=(".ipynb",)),
        recursive=deep,
        debounce=400,
        rust_timeout=1000,
        yield_on_timeout=True,
    )
    first = True
    for found in changed:
        # The first time in any case: something may have been saved before the watch began.
        if found or first:
            yield
        first = False
