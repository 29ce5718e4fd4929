"""A zygote that a worker stopped is replaced, for the next submission too.

exercise: relu
confined: not_permitted skipped
expect: raised skipped
"""

import os
import signal

os.kill(os.getppid(), signal.SIGSTOP)
raise ValueError("the zygote stands still")
