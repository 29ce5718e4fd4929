#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image: Ubuntu 22.04 or newer.
# Installs Python 3.11 or newer, PyTorch for the processor, the grader and bubblewrap, and locks the suites away.
# Usage: setup.sh [SOURCE [VENV]]
set -euo pipefail

say() { printf 'setup.sh: %s\n' "$*" >&2; }

is_new_enough() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    local command
    for command in python3.12 python3.13 python3.11 python3.14 python3; do
        if is_new_enough "$command"; then
            command -v "$command"
            return
        fi
    done
    return 1
}

install_packages() { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2; }

# Ubuntu has 3.12 since 24.04, and 3.11 beside its own 3.10 in 22.04. Others come from the archive that many use.
install_python() {
    local version
    find_python && return
    for version in 3.12 3.11; do
        say "trying Python $version"
        if install_packages "python$version" "python$version-venv" && find_python; then return; fi
    done
    say "trying the archive deadsnakes"
    if install_packages software-properties-common && add-apt-repository -y ppa:deadsnakes/ppa >&2 &&
        apt-get update -qq >&2 && install_packages python3.12 python3.12-venv && find_python; then
        return
    fi
    say "there is no Python 3.11 or newer for this image; choose Ubuntu 22.04 or newer in the settings of the autograder"
    return 1
}

# Without it the isolation is weaker, and grading works all the same.
install_bubblewrap() {
    command -v bwrap >/dev/null 2>&1 || install_packages bubblewrap || say "bubblewrap could not be installed"
}

pip_install() { "$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-cache-dir "$@"; }

# The version for the processor comes first: what is installed after it would bring gigabytes of CUDA.
install_torch() {
    local torch
    torch=$(grep '^torch==' "$source/constraints.txt")
    pip_install "$torch" --index-url https://download.pytorch.org/whl/cpu && return
    say "$torch is not to be had for this Python; taking the newest that fits"
    pip_install 'torch>=2.6,<3' --index-url https://download.pytorch.org/whl/cpu
}

install_grader() {
    pip_install --constraint "$source/constraints.txt" "$source"/wheels/*.whl && return
    say "the exact versions do not fit this Python; taking the newest that do"
    pip_install "$source"/wheels/*.whl
}

# Student code may run as root here, without the rights that make root special. So the suites belong to somebody else and
# are closed to everybody: the grader, which has those rights, can read them, and student code can't.
lock() {
    chmod -R u=rwX,go= "$source"
    [ "$(id -u)" = 0 ] || return 0
    chown -R 65534:65534 "$source"
    if ! cat "$source/settings.json" >/dev/null 2>&1; then
        say "root can't read files of others in this image; they stay with root"
        chown -R 0:0 "$source"
    fi
}

# Answers whether everything is there that a run needs, before a student hands in.
try() {
    "$venv/bin/python" -P -c 'import grader.handout.autograder, torch; print("torch", torch.__version__)' >&2
    "$venv/bin/python" -P -m grader doctor >&2 || say "the isolation is less than a sandbox; see above"
}

main() {
    source=${1:-/autograder/source}
    venv=${2:-/usr/local/lib/grade}
    local python
    apt-get update -qq >&2
    python=$(install_python | tail -n 1)
    install_bubblewrap
    say "using $("$python" --version)"
    "$python" -m venv --clear "$venv"
    install_torch
    install_grader
    echo "$venv/bin/python" >"$source/python.txt"
    lock
    try
    say "done"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then main "$@"; fi
