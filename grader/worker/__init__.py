"""The other side of the wire: what runs beside the student's code, and what both sides agree on.

The zygote and its workers never import this package. The judge sends them the sources of the modules below, so
that they hold no path to the grader or to a course; `SOURCES` is that list, in the order of import. The
modules therefore import only the standard library, msgspec, numpy, torch and each other (as `worker.NAME`).

    protocol    the messages, the values that may cross, the framing: the agreement itself
    tensors     a tensor as dtype, shape and bytes, and back
    mirrors     twins of tensors on both sides: what changed since the last message
    modules     twins of torch's own modules
    kernel      calls of the Linux kernel that Python has no function for
    landlock    giving up access to files, network and signals (Linux)
    limits      what one process may have: memory, CPU time, sizes
    confine     what a worker gives up before any student code runs, layer by layer
    trial       which of these layers hold on this host
    connection  the worker's end of the wire
    errors      exceptions of student code, as text
    standins    what stands here for functions, modules and objects of the suite
    tables      what both sides know by its id
    observe     what ran while student code ran
    values      objects into what may cross, and back
    serve       the worker: answers requests about one submission
    rehearse    a conversation with itself, to warm up
    zygote      imports torch once and forks workers
"""

SOURCES = (
    "protocol", "tensors", "mirrors", "modules", "kernel", "landlock", "limits", "confine", "trial", "connection",
    "errors", "standins", "observe", "tables", "values", "serve", "rehearse", "zygote",
)  # fmt: skip
