#!/bin/sh
# Get what the tests need from outside Python: Chromium, bubblewrap, PostgreSQL, Slurm for a cluster of one machine, and
# axe-core by way of npm.
# Installs the packages where that is possible (root, apt-get). Elsewhere it names the command, and the tests
# that need them are skipped with their reason. Never fails.
set -u

say() { printf '%s\n' "$*" >&2; }

has_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

wanted=
has_chromium >/dev/null 2>&1 || wanted="$wanted chromium"
command -v bwrap >/dev/null 2>&1 || [ "$(uname)" != Linux ] || wanted="$wanted bubblewrap"
# The gradebook is tested with a server of its own, which the tests start and stop.
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || wanted="$wanted postgresql"
# npm is needed once, to fetch axe-core.
axe=tests/node_modules/axe-core/axe.min.js
[ -f "$axe" ] || command -v npm >/dev/null 2>&1 || wanted="$wanted npm"
wanted=${wanted# }

if [ -n "$wanted" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "Installing $wanted ..."
        export DEBIAN_FRONTEND=noninteractive
        # shellcheck disable=SC2086  a list of package names
        apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends $wanted >/dev/null ||
            say "apt-get could not install $wanted; tests that need it are skipped."
    elif command -v apt-get >/dev/null 2>&1; then
        say "Some tests need more packages; without them they are skipped. To install them:"
        say "    sudo apt-get install $wanted"
    elif command -v brew >/dev/null 2>&1; then
        say "Some tests need more packages; without them they are skipped. To install them:"
        say "    brew install $(echo "$wanted" | sed 's/npm/node/')"
    else
        say "Some tests are skipped. They need: $wanted"
    fi
fi

# By itself, so that where a system has no Slurm the others are installed all the same. Its daemons need root.
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 &&
    ! PATH="$PATH:/usr/sbin" command -v slurmctld >/dev/null 2>&1; then
    say "Installing Slurm ..."
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null &&
        apt-get install -y -qq --no-install-recommends slurmctld slurmd slurm-client munge >/dev/null ||
        say "apt-get could not install Slurm; the test that needs it is skipped."
fi

if [ ! -f "$axe" ] || [ tests/package-lock.json -nt "$axe" ]; then
    if command -v npm >/dev/null 2>&1; then
        if npm ci --prefix tests --silent --no-audit --no-fund >/dev/null; then
            touch "$axe"
        else
            say "npm could not fetch axe-core; the accessibility tests are skipped."
        fi
    fi
fi
exit 0
