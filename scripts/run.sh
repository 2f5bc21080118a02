#!/bin/sh
# Set up what is missing, build, and simulate: scripts/run.sh FILE [OPTION...]
# Everything after the name is handed to `offing run`.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/scripts/setup.sh" run
exec "$root/build/cli/offing" run "$@"
