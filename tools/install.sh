#!/bin/sh
# Make the virtual environment and install the project into it, editable, with what its tests need.
# Usage: install.sh FOLDER [PYTHON]
set -eu

folder=$1
here=$(dirname "$0")
torch=$(sed -n 's/^torch==//p' constraints.txt)

say() { printf '%s\n' "$*" >&2; }

install() { "$folder/bin/python" -m pip --disable-pip-version-check install --quiet "$@"; }

has_gpu() { command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L 2>/dev/null | grep -q '^GPU '; }

# The local version +cpu can only ever match a wheel without CUDA, which on Linux is 3 GB smaller. PyPI does not have
# it. What pip is configured with goes first (a folder of wheels, a mirror), then the index of PyTorch.
install_cpu_torch() {
    if [ "$(uname -s)" != Linux ]; then
        say "Installing PyTorch $torch ..."
        install "torch==$torch"
        return
    fi
    say "Installing PyTorch $torch for the CPU (about 200 MB) ..."
    if ! why=$(install "torch==$torch+cpu" 2>&1); then
        if ! install "torch==$torch+cpu" --extra-index-url https://download.pytorch.org/whl/cpu; then
            say "$why"
            say "PyTorch $torch could not be installed. Is there a network? Which indexes does 'pip config list' show?"
            exit 1
        fi
    fi
}

install_torch() {
    "$folder/bin/python" -c "import sys, torch; sys.exit(torch.__version__.partition('+')[0] != '$torch')" \
        2>/dev/null && return
    if has_gpu; then
        say "Installing PyTorch $torch with CUDA (an NVIDIA GPU is here; about 3 GB) ..."
        # Three equal signs: a +cpu wheel does not match.
        install "torch===$torch" && return
        say "That did not work; taking the version for the CPU instead."
    fi
    install_cpu_torch
}

if ! "$folder/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
    python=$("$here/python.sh" "${2:-}")
    say "Making $folder with $("$python" --version) ..."
    "$python" -m venv --clear "$folder"
fi
install_torch
say "Installing the grader ..."
install --constraint constraints.txt --editable '.[dev]'
