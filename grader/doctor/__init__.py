"""Find out how far submitted code is kept from this machine, by letting some try.

Version numbers and settings lie about isolation. So `examine` starts the real zygote, gives its workers submissions
that try what is forbidden, and looks from outside at what came of it: at files, a listener, a process that were put
there for that. What a worker says counts only where nothing outside can tell.

    tries       what the submissions do; sent to workers as their source
    outside     the files, sockets and the process that they aim at
    attempts    which there are, and how it shows that one got through
    examine     runs them
    advice      what to install or change, for each mechanism that the host refuses
    around      what else grading needs: versions, scratch space, a course
    findings    the nouns, which are also what --json writes
"""
