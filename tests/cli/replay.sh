# Simulations of a campaign, simulated again: the same bits, in both modes; and what is not the same
# is found.
. "$(dirname "$0")/lib.sh"
$PYTHON -c 'import h5py' 2>/dev/null || skip "h5py is not installed (python3-h5py)"

write_toy toy.yaml
sed -i 's/^simulation:/simulation:\n  temperature_kelvin: [300, 350, 420]\n  velocities: mixed/' toy.yaml

# all_identical RUN_DIR: every frame that the catalogue counts is simulated again.
all_identical() {
    expect 0 replay "$1" --all --json
    $PYTHON -c '
import json, sqlite3, sys
said = json.load(open("out"))
assert said["deterministic"] and said["identical"] and said["different"] == 0, said
db = sqlite3.connect(f"file:{sys.argv[1]}/catalogue.sqlite?mode=ro", uri=True)
known = dict(db.execute("SELECT id, n_frames FROM simulation"))
assert {s["simulation"]: s["frames"] for s in said["simulations"]} == known, (said, known)
assert said["frames"] == sum(known.values()) > 0
assert all(s["identical"] and s["first_difference"] is None for s in said["simulations"])
kinds = db.execute("SELECT count(DISTINCT temperature_kelvin), count(DISTINCT velocities_kept),"
                   " count(parent_simulation) FROM simulation WHERE n_frames > 0").fetchone()
print(kinds, known)
' "$1" || fail "replay of $1"
}

expect 0 run toy.yaml --run-dir rounds --quiet
all_identical rounds
# without restarts a simulation goes on through all rounds, a segment at a time
expect 0 run toy.yaml --run-dir plain --quiet --set selection.strategy=plain
all_identical plain
expect 0 replay plain 2 0
says out "simulation 2: 60 frames, identical"
says out "2 simulations, 120 frames: identical"

expect 0 run toy.yaml --run-dir streaming --quiet --set mode=streaming --set stop.rounds=0 \
    --set stop.simulated_ns=0.5
all_identical streaming

# While the campaign runs.
"$DDMD" resume streaming --quiet --set stop.simulated_ns=100 >/dev/null 2>err </dev/null &
pid=$!
sleep 1
expect 0 replay streaming --all
says out "frames: identical"
kill -0 $pid || fail "the campaign ended beside a replay"
kill -INT $pid
wait $pid

# Those that blew up do so again.
awk '/ CA  BEA A   1 /{first=substr($0,31,24)}
     {if (substr($0,18,9) == "BEA A   2") $0 = substr($0,1,30) first substr($0,55); print}' \
    rounds/topology.pdb >exploding.pdb
expect 0 run toy.yaml --run-dir both --quiet --set system.minimize_iterations=0 \
    --set "system.start=[rounds/topology.pdb, exploding.pdb]"
expect 0 status both --json
grep -q '"failed": [1-9]' out || fail "no simulation failed"
all_identical both
$PYTHON -c '
import sqlite3
with sqlite3.connect("both/catalogue.sqlite") as db:
    db.execute("UPDATE simulation SET state = ?, reason = ? WHERE id = 0", ("failed", "too hot"))
' || fail "a failure made up"
expect 1 replay both 0
says out "simulation 0: frame 20 of 20: it had failed there: too hot"

# change RUN_DIR DATASET ROW COLUMN: the last bit of a stored float, or of an energy.
change() {
    $PYTHON -c '
import sys, h5py, numpy
run, name, simulation, index = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with h5py.File(f"{run}/frames-0.h5", "r+") as f:
    row = numpy.flatnonzero((f["observables/simulation/value"][:] == simulation)
                            & (f["observables/index/value"][:] == index))[0]
    d = f[name]
    at = (row, 5, 1) if d.ndim == 3 else (row,)
    d[at] = numpy.nextafter(d[at], d.dtype.type(numpy.inf))
' "$@" || fail "change $*"
}
change rounds particles/trajectory/velocity/value 1 7
change rounds observables/potential_energy/value 3 4
expect 1 replay rounds --all
says out "simulation 1: frame 7 of 20 differs: velocity y of atom 5 is "
says out "simulation 3: frame 4 of 20 differs: potential energy is "
says out "2 of "
expect 1 replay rounds 3 --json
$PYTHON -c '
import json
said = json.load(open("out"))
assert not said["identical"] and said["different"] == 1, said
d = said["simulations"][0]["first_difference"]
assert d["frame"] == 4 and d["value"] == "potential energy" and -1e-12 < d["difference"] < 0, d
' || fail "a difference in JSON"
expect 0 replay rounds 2

# Mistakes.
expect 2 replay
says err "a run directory is needed"
expect 2 replay rounds
says err "simulations by number, or --all, are needed"
expect 2 replay rounds 1 --all
says err "not both"
expect 2 replay rounds x
says err "'x' is not the number of a simulation"
expect 2 replay rounds 100000
says err "there is no simulation 100000"
expect 2 replay nowhere 1
says err "not the directory of a campaign"
expect 0 replay --help

"$DDMD" info | grep -q "amber99sbildn.xml is found" || skip "amber99sbildn.xml is not installed"
cat >ala.yaml <<'YAML'
campaign: ala
system:
  sequence: ACE-AAAAA-NME
  start: [extended, helix]
  reference: helix
  hydrogen_mass_amu: 3
simulation:
  engine: ensemble
  replicas: 5
  workers: 2
  temperature_kelvin: [300, 400]
  velocities: mixed
  timestep_fs: 4
  report_interval_ps: 0.4
  segment_ns: 0.004
model:
  latent_dim: 2
  filters: 4
  dense_width: 16
  batch_size: 4
  epochs: 2
  threads: 1
selection:
  min_samples: 3
stop:
  rounds: 3
YAML
expect 0 run ala.yaml --run-dir ala --quiet
all_identical ala
expect 0 run ala.yaml --run-dir ala-gb --quiet --set simulation.gb_interval_steps=2 --set stop.rounds=2
all_identical ala-gb
expect 0 run ala.yaml --run-dir ala-plain --quiet --set selection.strategy=plain
all_identical ala-plain
expect 0 run ala.yaml --run-dir ala-streaming --quiet --set mode=streaming --set stop.rounds=0 \
    --set stop.simulated_ns=0.1
all_identical ala-streaming

# OpenMM is asked no more than it promises.
"$DDMD" info | grep -A1 '^  openmm' | grep -q CPU || { echo "without OpenMM"; finish; }
sed -i 's/engine: ensemble/engine: openmm\n  platform: CPU/' ala.yaml
expect 2 check ala.yaml --set simulation.gb_interval_steps=2
says err "engine openmm: gb_interval_steps of 2 is not supported; use engine: ensemble, or 1"
expect 0 run ala.yaml --run-dir omm --quiet --set stop.rounds=1
expect 0 replay omm --all --json
finish
