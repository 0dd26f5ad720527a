# A campaign from beginning to end, what it prints and what `status` and `export` say of it.
. "$(dirname "$0")/lib.sh"
command -v h5diff >/dev/null || skip "h5diff is not installed (hdf5-tools)"

write_toy toy.yaml
expect 0 run toy.yaml
says out "3 rounds completed"
says out "best RMSD"
says out "runs/toy"
says err "round 1: simulated"
says err "(kept)"
for file in config.yaml topology.pdb starts.h5 catalogue.sqlite frames-0.h5 log/ddmd.log; do
    [ -s runs/toy/$file ] || fail "no $file"
done

expect 0 status runs/toy
says out "finished"
says out "phases       simulate"
expect 0 status runs/toy --json
$PYTHON -c '
import json
s = json.load(open("out"))
keys = """campaign state mode iterations simulations frames simulated_ns ns_per_day
best_rmsd_angstrom best_frame model outliers_last_round phase_share busy_fraction io_fraction
seconds_frame_to_decision elapsed_s""".split()
missing = [k for k in keys if k not in s]
assert not missing, missing
assert s["state"] == "finished" and s["mode"] == "sequential" and s["iterations"] == 3
assert s["frames"] == 3 * 6 * 20
assert abs(s["simulated_ns"] - 3 * 6 * 0.02) < 1e-9
assert set(s["simulations"]) == {"started", "finished", "failed", "culled"}
assert s["simulations"]["started"] >= 6 and s["simulations"]["failed"] == 0
assert 0 < s["best_rmsd_angstrom"] < 20
assert s["model"]["version"] == 3
share = s["phase_share"]
assert share.keys() == {"simulate", "train", "infer", "other"}
assert min(share.values()) > 0 and abs(sum(share.values()) - 1) < 1e-6, share
assert 0 < s["busy_fraction"] <= 1 and 0 <= s["io_fraction"] < 1
assert s["unblocked_fraction"] >= s["busy_fraction"], s
activity = s["activity"]
assert activity.keys() == {"simulate", "aggregate", "train", "infer"}, activity
assert all(abs(sum(r.values()) - r["seconds"] - 1) < 1e-9 for r in activity.values()), activity
waits = s["seconds_frame_to_decision_all"]
assert waits["rankings"] == 3 and 0 < waits["median"] <= waits["p95"], waits
' || fail "status --json"

# A finished campaign stays finished, and goes on when its rule is raised.
expect 0 resume runs/toy
says err "is finished"
expect 2 resume runs/toy --set simulation.replicas=9
says err "only change its stop rules"
expect 0 resume runs/toy --set stop.rounds=4
says out "4 rounds completed"

# The same seed gives the same bits, with another number of workers too.
sed 's/workers: 2/workers: 1/' toy.yaml >one.yaml
expect 0 run one.yaml --run-dir one --set stop.rounds=4 --quiet
says_not err "round 1"
$PYTHON "$here/compare.py" runs/toy one || fail "two runs with one seed differ"
expect 0 run toy.yaml --run-dir other --set seed=8 --quiet --set stop.rounds=4
if $PYTHON "$here/compare.py" runs/toy other >/dev/null 2>&1; then fail "seeds 7 and 8 agree"; fi

# Without restarts, simulations go on.
expect 0 run toy.yaml --run-dir s-plain --set selection.strategy=plain --set stop.rounds=2 --quiet
expect 0 status s-plain --json
$PYTHON -c 'import json; assert json.load(open("out"))["simulations"]["started"] == 6' ||
    fail "plain restarts nothing"

# Where there are fewer points than replicas, those go on whose simulations gave the best points.
expect 0 run toy.yaml --run-dir few --set selection.max_restarts=3 --set stop.rounds=8 --quiet
$PYTHON -c '
import sqlite3
db = sqlite3.connect("file:few/catalogue.sqlite?mode=ro", uri=True)
told = 0
for (round,) in db.execute("SELECT round FROM round WHERE n_restarts BETWEEN 1 AND 5").fetchall():
    rank = {}
    for simulation, best in db.execute("SELECT simulation, min(rank) FROM restart_point"
                                       " WHERE round = ? GROUP BY simulation", (round,)):
        rank[simulation] = best
    went_on, replaced = [], []
    for replica in range(6):
        slot = [r for (r,) in db.execute("SELECT id FROM simulation WHERE replica = ? AND round <= ?"
                                         " ORDER BY id DESC LIMIT 1", (replica, round))][0]
        new = db.execute("SELECT count(*) FROM simulation WHERE replica = ? AND round = ?",
                         (replica, round + 1)).fetchone()[0]
        (replaced if new else went_on).append(rank.get(slot, 1000))
    assert max(went_on) <= min(replaced), (round, went_on, replaced)
    told += min(went_on) < 1000
assert told > 0, "no simulation that went on gave a point"
' || fail "the wrong simulations were replaced"

# Stop rules.
expect 0 run toy.yaml --run-dir ns --set stop.rounds=0 --set stop.simulated_ns=0.05 --quiet
says out "stop.simulated_ns"
expect 0 run toy.yaml --run-dir rmsd --set stop.rounds=0 --set stop.rmsd_angstrom=100 --quiet
says out "stop.rmsd_angstrom"
expect 0 resume rmsd --set stop.rmsd_angstrom=0 --set stop.rounds=2 --quiet
expect 0 run toy.yaml --run-dir wall --set stop.rounds=0 --set stop.wall_minutes=0.02 --quiet
says out "stop.wall_minutes"

# A moved run directory is complete.
mv runs/toy elsewhere
rm toy.yaml
expect 0 resume elsewhere --set stop.rounds=5 --quiet
expect 0 status elsewhere
finish
