"""Start and end the processes that student code runs in.

Theory of operation. The judge starts one zygote by exec, with a clean environment, no descriptors but its control
socket and stderr, an import path that holds the installed packages and nothing else, and an empty scratch folder
as its working directory. Where the host lets it, bubblewrap puts the zygote into namespaces first, in which there is
no network and no file but those packages and system libraries. The zygote's program arrives over the control
socket as source text, so it was never told where the grader or a course lies. Workers are forked from it ahead of need;
each gets one end of a socketpair (the wire) and of a pipe (its output), gives up what worker/confine.py lists, and
serves one submission.

A worker is never reused. It is ended by killing its process group (in a namespace of its own, everything in
that), whatever it is doing. When the zygote ends, the kernel kills its workers; when the judge ends, the kernel kills
the zygote (Linux), or both see the end of their connection and exit (elsewhere).

    zygote      the zygote, seen from the judge: starts it, hands out workers
    boot        the program that it starts with
    control     the conversation about workers
    worker      a worker, and how it ends
    bubblewrap  the namespaces around the zygote
    cgroups     a control group around the zygote, where there is one to be had
    view        what can be seen of the file system
    seccomp     the filter of system calls that a worker loads
    policy      what is in it, and how it is compiled
    cleanup     removing what submissions leave behind
"""

from grader.sandbox.cgroups import remove_groups_of
from grader.sandbox.cleanup import remove_folder
from grader.sandbox.worker import Ending, SandboxError, Used, Worker
from grader.sandbox.zygote import LAYERS, Zygote

__all__ = ["LAYERS", "Ending", "SandboxError", "Used", "Worker", "Zygote", "remove_folder", "remove_groups_of"]
