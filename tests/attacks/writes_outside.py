"""Files outside the worker's own folder cannot be written, changed or removed.

exercise: relu
confined: not_permitted raised skipped
succeeds: bare
"""

import tempfile
from pathlib import Path

with tempfile.TemporaryFile() as own:  # this is what the folder is for
    own.write(b"x")

place = Path("@COURSE@") / "tests" / "attacks" / ".written"
place.write_text("here")
place.unlink()
exec((Path("@COURSE@") / "solutions" / "03_modules" / "relu" / "relu.py").read_text())
