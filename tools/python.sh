#!/bin/sh
# Print the command of a Python that the project can be installed with, or say what is missing.
# Usage: python.sh [COMMAND]     only COMMAND is tried then, not the usual names
set -u

say() { printf '%s\n' "$*" >&2; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
can_make_environments() { "$1" -c 'import venv, ensurepip' >/dev/null 2>&1; }

asked=${1:-}
# 3.11 first: constraints.txt was made with it. Version managers put commands on the path that do not run, so each
# is tried.
[ -n "$asked" ] || set -- python3.11 python3.12 python3.13 python3.14 python3 python
without_venv=
for command in "$@"; do
    is_new_enough "$command" || continue
    if can_make_environments "$command"; then
        echo "$command"
        exit 0
    fi
    [ -n "$without_venv" ] || without_venv=$command
done

if [ -n "$without_venv" ]; then
    # Debian has the module in a package of its own.
    package=$("$without_venv" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "Installing $package ..."
        apt-get update -qq >&2
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >&2
        if can_make_environments "$without_venv"; then
            echo "$without_venv"
            exit 0
        fi
    fi
    say "$without_venv cannot make virtual environments. On Debian and Ubuntu: sudo apt-get install $package"
elif [ -n "$asked" ]; then
    say "PYTHON=$asked is no Python 3.11 or newer. Name another one, or leave it out and it is searched for."
else
    say "No Python 3.11 or newer was found. Install one (https://www.python.org/downloads/) or name it:" \
        "make PYTHON=/path/to/python"
fi
exit 1
