#!/usr/bin/env bash
# Gradescope runs this for each hand-in. What it prints is for instructors. See setup.sh, which wrote python.txt.
set -eu

root=${1:-/autograder}
if ! read -r python <"$root/source/python.txt"; then
    echo "setup.sh did not finish: build the image again and read its log"
    exit 1
fi
cd "$root"
# -P: nothing is imported from the folder that this runs in.
exec "$python" -P -m grader.handout.autograder "$root"
