# Mode streaming with two aggregators: what becomes of frames that are in several files, also where
# processes are killed. DDMD_KILLS: how many SIGKILLs (8). streaming.sh has the faults of one
# aggregator; this has what several of them could do wrong.
. "$(dirname "$0")/lib.sh"
. "$here/streaming_lib.sh"
kills=${DDMD_KILLS:-8}
write_streaming_toy one.yaml
sed 's/workers: 2/workers: 3/' one.yaml >toy.yaml
printf '  aggregators: 2\n' >>toy.yaml

uses_both_files() {
    expect 0 run toy.yaml --run-dir whole --set stop.rounds=12 --quiet
    nothing_left whole
    whole whole "a whole run"
    $PYTHON -c '
import sqlite3
db = sqlite3.connect("whole/catalogue.sqlite")
files = db.execute("SELECT file, name, simulations, n_frames FROM frame_file ORDER BY file").fetchall()
print(files)
assert [f[:2] for f in files] == [(0, "frames-0.h5"), (1, "frames-1.h5")]
assert all(simulations >= replicas and n_frames > 0
           for (_, _, simulations, n_frames), replicas in zip(files, (4, 2)))
across = db.execute("SELECT count(*) FROM simulation AS s JOIN simulation AS p"
                    " ON p.id = s.parent_simulation WHERE s.file <> p.file").fetchone()[0]
print(across, "simulations start from a frame of the other file")
assert across > 0
wasted = db.execute("SELECT count(*) FROM simulation WHERE n_frames = 0 AND state = ?",
                    ("replaced",)).fetchone()[0]
assert wasted == 0, "simulations were given a number and never begun"
for n_maps, n_samples in db.execute("SELECT n_maps, n_samples FROM model"):
    assert 0 < n_maps <= n_samples
assert db.execute("SELECT count(*) FROM model WHERE n_maps < n_samples").fetchone()[0] > 0
parts = db.execute("SELECT DISTINCT part FROM activity WHERE role = ?", ("aggregate",)).fetchall()
assert sorted(parts) == [(0,), (1,)], parts
' || fail "the catalogue of two aggregators"
    for simulation in 0 2 4; do # of the first worker, the second, the third
        expect 0 export whole -o one.dcd --simulation $simulation
        says out "wrote one.dcd: "
    done
    expect 0 export whole -o all.dcd
    says out "all.dcd: $(frames whole) frames"
    expect 0 export whole -o best.pdb --frame best
    expect 0 replay whole --all
    says out "frames: identical"
    says whole/config.yaml "aggregators: 2"
    expect 0 run toy.yaml --run-dir few --set simulation.workers=1 --set streaming.aggregators=8 \
        --set stop.simulated_ns=0.1 --quiet
    says few/config.yaml "aggregators: 1"
    [ -e few/frames-1.h5 ] && fail "a file without a worker"
    expect 2 check toy.yaml --set streaming.aggregators=9
}

# Any process killed at any moment: one of the aggregators every other time, the coordinator
# sometimes.
survives_kills() {
    local name
    start killed
    for ((k = 0; k < kills; k++)); do
        sleep 0.$((RANDOM % 9 + 1))
        name='.*'
        ((k % 2 == 0)) && name=aggregate-$((k / 2 % 2))
        if ((k % 4 == 3)); then
            kill_coordinator killed
        else
            kill_role killed "$name"
        fi
    done
    grow killed "$(frames killed)"
    interrupt killed "after $kills kills"
    expect 0 replay killed --all
    says out "frames: identical"
}

# A file that is gone is missed, and nothing is written.
misses_a_file() {
    cp -r whole gone
    rm gone/frames-1.h5
    expect 1 resume gone --quiet --set stop.rounds=20
    says err "frames-1.h5"
    nothing_left gone
    expect 2 replay gone --all
    says err "frames-1.h5"
    expect 2 export gone -o gone.dcd
    says err "frames-1.h5"
    [ -e gone.dcd ] && fail "an export without a file"
}

# What train decides is in the campaign's log and catalogue.
tells_of_decisions() {
    start needed --set model.train_when=needed --set model.retrain_margin=1000
    await needed/log/ddmd.log "it stays as it is"
    interrupt needed "a model that is good enough"
    expect 0 status needed --json
    $PYTHON -c '
import json, sqlite3
skipped = json.load(open("out"))["trainings_skipped"]
db = sqlite3.connect("needed/catalogue.sqlite")
checks = db.execute("SELECT version, n_frames, n_maps, reconstruction, reference_reconstruction,"
                    " trained FROM model_check").fetchall()
print(len(checks), "checks")
assert len(checks) == skipped > 0
for version, n_frames, n_maps, fresh, held_out, trained in checks:
    assert version == 1 and n_frames >= n_maps > 0 and fresh > 0 and held_out > 0 and not trained
' || fail "checks of the model"
}

uses_both_files
survives_kills
misses_a_file
tells_of_decisions
finish_streaming
