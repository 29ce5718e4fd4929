"""Times as downloads write them, made into ISO 8601 in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_SPACED = re.compile(r"\s+(?:(UTC|GMT|Z)|([+-][0-9]{2}:?[0-9]{2}))$")


def utc(text: str | None) -> str:
    """`2023-09-21 10:11:12.123456 -07:00`, `2015-02-02 15:58:23 UTC` as `2015-02-02T15:58:23+00:00`; else empty.

    A time without a zone is taken for UTC, as nbgrader writes it. Fractions of a second stay.
    """
    text = _SPACED.sub(lambda found: "+00:00" if found[1] else found[2], (text or "").strip()[:60])
    try:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return ""
