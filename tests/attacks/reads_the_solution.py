"""The reference solution and the suite cannot be opened, wherever they are, so they cannot be handed in.

exercise: relu
confined: not_permitted raised skipped
succeeds: bare
"""

from pathlib import Path

folder = Path("@COURSE@") / "solutions" / "03_modules" / "relu"
assert "def test_" in (folder / "test_relu.py").read_text()
exec((folder / "relu.py").read_text())
