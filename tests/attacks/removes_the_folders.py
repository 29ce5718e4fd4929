"""Without the folder for workers' folders there are still workers.

exercise: relu
expect: raised skipped
"""

import os
import shutil

scratch = os.path.dirname(os.getcwd())
os.chmod(os.getcwd(), 0)
shutil.rmtree(scratch, ignore_errors=True)
raise ValueError("gone")
