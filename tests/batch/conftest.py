"""What the tests of a cluster share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.batch.keys import Keys, make_keys, remove_keys


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    """A certificate authority of its own, with a certificate and key."""
    made = make_keys(tmp_path_factory.mktemp("keys"))
    yield made
    remove_keys(made)


@pytest.fixture(autouse=True, scope="session")
def _no_configuration() -> None:
    """The configuration of Dask that this user may have is none of the tests' business."""
    os.environ["DASK_CONFIG"] = str(Path(os.devnull))
