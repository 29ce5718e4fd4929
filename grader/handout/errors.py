"""What is wrong with a request for a hand-out or a package."""

from __future__ import annotations


class HandoutError(Exception):
    """Nothing was written. Each line of the text says what, where and what to do next."""
