#!/bin/sh
# Run `grade` for make: "graded, and not full marks" (exit status 1) is no failure of the make.
# Usage: grade.sh COMMAND [ARGUMENT...]
"$@"
status=$?
# The grader names commands that begin with `grade`: say how to get it.
if [ "$status" -le 1 ] && ! command -v grade >/dev/null 2>&1; then
    echo "(grade is in the virtual environment: run \`. $(dirname "$1")/activate\` once per terminal)"
fi
[ "$status" = 1 ] && exit 0
exit "$status"
