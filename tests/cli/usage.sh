# Help, unknown words, missing arguments.
. "$(dirname "$0")/lib.sh"

expect 2
says err "ddmd run"
expect 0 help
says out "ddmd resume"
expect 0 --version
says out "ddmd "
expect 2 rnu
says err "did you mean 'run'"
for command in run resume check init status export peptide energy info; do
    expect 0 $command --help
    says out "ddmd $command"
    expect 2 $command --no-such-option
    says err "no option --no-such-option"
done
expect 2 run
says err "a configuration file is needed"
expect 2 run a.yaml b.yaml
expect 2 run --run-dir
says err "needs a value"
expect 2 status
expect 2 export x
says err "-o FILE is needed"
expect 2 export x -o y.txt
says err "--format"
expect 2 export x -o y.dcd --stride 0
says err "--stride 0"

expect 0 info
says out "engines"
says out "strategies"
expect 0 info --json
$PYTHON -c '
import json
info = json.load(open("out"))
assert {e["name"] for e in info["engines"]} >= {"openmm", "toy"}, info
assert [m["name"] for m in info["models"]] == ["cvae"], info
assert {"ml+rmsd", "ml", "rmsd", "random", "plain"} <= {s["name"] for s in info["strategies"]}
' || fail "info --json"

expect 0 init
says out "ddmd run fs-peptide.yaml"
[ -s fs-peptide.yaml ] || fail "init wrote no fs-peptide.yaml"
expect 2 init
says err "exists already"
expect 2 init no-such
says err "fs-peptide"
cmp -s fs-peptide.yaml "$DDMD_SOURCE_DIR/examples/fs-peptide.yaml" || fail "init's example differs"
finish
