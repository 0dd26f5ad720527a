#!/bin/sh
# Set up, build, and fold the Fs-peptide for ten minutes. Arguments go to `ddmd run`, for example
# --set stop.wall_minutes=2
set -eu
cd "$(dirname "$0")"

scripts/install-packages build openmm
cmake --preset release --log-level=WARNING
cmake --build --preset release --target ddmd

run=runs/fs-peptide-$(date +%Y%m%d-%H%M%S)
mkdir -p runs
build/release/ddmd run examples/fs-peptide.yaml --run-dir "$run" "$@"

cat <<EOF

Everything is in $run. For example:
    build/release/ddmd status $run
    build/release/ddmd export $run --frame best -o best.pdb
EOF
