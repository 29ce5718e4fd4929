"""Another program cannot be started.

exercise: relu
confined: not_permitted skipped
succeeds: bare
"""

import subprocess
import sys
from pathlib import Path

source = (Path("@COURSE@") / "solutions" / "03_modules" / "relu" / "relu.py").as_posix()
exec(subprocess.run([sys.executable, "-c", f"print(open({source!r}).read())"], capture_output=True, check=True).stdout)
