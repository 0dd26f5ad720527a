# Benchmarks: what they print, and mistakes in how they are called.
. "$(dirname "$0")/lib.sh"

expect 0 bench --help
says out "md"
expect 2 bench
says err "a benchmark is needed"
expect 2 bench nothing
says err "no benchmark 'nothing'"
expect 0 bench md --help
says out "ddmd bench md"
expect 2 bench md
says err "--system is needed"
expect 2 bench md --system ACE-A-NME --rounds 0
says err "--rounds 0"
expect 2 bench md --system ACE-A-NME --seconds x
says err "--seconds x"
expect 2 bench md --system ACE-A-NME extra
says err "'extra' is not an option"
expect 2 bench md --system no-such-file.pdb
says err "no-such-file.pdb"

ddmd info --json >info.json || fail "info"
$PYTHON -c '
import json, sys
engines = {e["name"]: e for e in json.load(open("info.json"))["engines"]}
sys.exit(0 if engines["openmm"]["available"] else 1)' || skip "engine openmm is not available"
"$DDMD" peptide ACE-A-NME -o peptide.pdb >out 2>err || fail "peptide"
if ! "$DDMD" energy peptide.pdb >out 2>err; then skip "$(cat err)"; fi

expect 0 bench md --system ACE-A-NME --rounds 2 --seconds 0.05 --replicas 3 --json
mv out figures.json
$PYTHON -c '
import json
figures = json.load(open("figures.json"))
assert figures["atoms"] == 22 and figures["replicas"] == 3, figures
assert figures["timestep_fs"] == 2 and figures["isa"] in ("avx512", "avx2", "plain"), figures
for name in ("ensemble", "openmm_nocutoff", "openmm_cutoff"):
    for unit in ("steps_per_s", "ns_per_day"):
        f = figures[name][unit]
        assert 0 < f["min"] <= f["median"] <= f["max"], (name, f)
    day = figures[name]["steps_per_s"]["max"] * 2e-6 * 86400
    assert abs(figures[name]["ns_per_day"]["max"] / day - 1) < 1e-9, figures
for name in ("ratio_nocutoff", "ratio_cutoff"):
    f = figures[name]
    assert 0 < f["min"] <= f["median"] <= f["max"], (name, f)
' || fail "figures"
expect 0 bench md --system peptide.pdb --rounds 1 --seconds 0.05 --threads 2 --json file.json
$PYTHON -c '
import json
figures = json.load(open("file.json"))
assert figures["threads"] == 2 and figures["replicas"] == 32, figures' || fail "figures in a file"
DDMD_ISA=sse9 expect 2 bench md --system ACE-A-NME
says err "DDMD_ISA"
finish
