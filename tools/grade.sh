#!/bin/sh
# Run `grade` for make: "graded, and not full marks" (exit status 1) is no failure of the make.
# Usage: grade.sh COMMAND [ARGUMENT...]
"$@"
status=$?
[ "$status" = 1 ] && exit 0
exit "$status"
