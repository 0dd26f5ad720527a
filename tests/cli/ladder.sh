# Several temperatures: who has which, what becomes of kept velocities, and the same bits again
# with other numbers of workers and after a kill.
. "$(dirname "$0")/lib.sh"
command -v h5diff >/dev/null || skip "h5diff is not installed (hdf5-tools)"
$PYTHON -c 'import h5py' 2>/dev/null || skip "h5py is not installed (python3-h5py)"

write_toy toy.yaml
sed -i 's/replicas: 6/replicas: 6\n  temperature_kelvin: [200, 300, 450.5]/' toy.yaml
sed -i 's/  reference: helix/  reference: helix\n  start: [extended, helix, extended]/' toy.yaml
expect 0 check toy.yaml
says out "3 temperatures from 200 to 450.5 K"
expect 0 run toy.yaml --run-dir whole --quiet
says whole/config.yaml "temperature_kelvin: [200, 300, 450.5]"
$PYTHON -c '
import sqlite3
ladder = [200, 300, 450.5]
rows = list(sqlite3.connect("whole/catalogue.sqlite").execute(
    "SELECT replica, temperature_kelvin, parent_simulation, parent_frame FROM simulation"))
assert len(rows) > 6
assert all(t == ladder[r % 3] for r, t, _, _ in rows), rows
# 3 starts and 3 temperatures, but no start has always the same temperature
assert len({(t, start) for _, t, parent, start in rows if parent is None}) == 6, rows
' || fail "the temperatures in the catalogue"

# Other workers, and a campaign that was killed and resumed, give the same bits.
expect 0 run toy.yaml --run-dir four --quiet --set simulation.workers=4
$PYTHON "$here/compare.py" whole four || fail "4 workers give something else"
expect 0 run toy.yaml --run-dir cut --quiet --set stop.rounds=1
"$DDMD" resume cut --quiet --set stop.rounds=3 >out 2>err &
pid=$!
for _ in $(seq 200); do
    [ "$($PYTHON -c 'import sqlite3
print(sqlite3.connect("cut/catalogue.sqlite").execute("SELECT round FROM progress").fetchone()[0])
')" -ge 3 ] && break
    sleep 0.01
done
kill -KILL $pid 2>/dev/null
wait $pid 2>/dev/null
expect 0 resume cut --quiet --set stop.rounds=3
$PYTHON "$here/compare.py" whole cut || fail "killed and resumed, it differs"

# One temperature in a list is that temperature, as in campaigns that know of one only.
sed 's/temperature_kelvin: .*/temperature_kelvin: 310/' toy.yaml >one.yaml
sed 's/temperature_kelvin: .*/temperature_kelvin: [310]/' toy.yaml >list.yaml
expect 0 run one.yaml --run-dir one --quiet --set campaign=toy
expect 0 run list.yaml --run-dir list --quiet --set campaign=toy
cmp one/config.yaml list/config.yaml || fail "310 and [310] are written differently"
$PYTHON "$here/compare.py" one list || fail "310 and [310] differ"

# Kept velocities: a step of 0.1 fs without friction changes a kinetic energy by little (forces of
# some 10 nm/ps^2 a mass against 0.2 nm/ps), so that the first frame of a simulation tells what it
# began with.
cat >keep.yaml <<'YAML'
system: {bead_chain: 12}
simulation: {replicas: 9, temperature_kelvin: [100, 300, 900], velocities: keep, friction_per_ps: 0,
             timestep_fs: 0.1, report_interval_ps: 0.0001, segment_ns: 0.000001}
selection: {strategy: random}
stop: {rounds: 4}
YAML
expect 0 run keep.yaml --run-dir keep --quiet
$PYTHON -c '
import h5py, sqlite3
sql = "SELECT id, parent_simulation, parent_frame, temperature_kelvin FROM simulation"
rows = {r[0]: r for r in sqlite3.connect("keep/catalogue.sqlite").execute(sql)}
with h5py.File("keep/frames-0.h5") as f:
    found = {}
    def visit(name, item):
        if name.endswith(("kinetic_energy/value", "simulation/value", "index/value")):
            found[name.split("/")[-2]] = item[:]
    f.visititems(visit)
kinetic = dict(zip(zip(found["simulation"], found["index"]), found["kinetic_energy"]))
scaled = 0
for id, parent, frame, kelvin in rows.values():
    if parent is None or (id, 0) not in kinetic: # one of the round that did not run any more
        continue
    ratio = kinetic[id, 0] / kinetic[parent, frame]
    expected = kelvin / rows[parent][3]
    assert abs(ratio / expected - 1) < 0.03, (id, parent, ratio, expected)
    scaled += expected != 1
assert scaled > 5, scaled
for (id, index), energy in kinetic.items():
    if index:
        assert abs(energy / kinetic[id, index - 1] - 1) < 0.03, (id, index)
' || fail "kept velocities"
finish
