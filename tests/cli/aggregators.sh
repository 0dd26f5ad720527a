# Mode streaming with two aggregators: what becomes of frames that are in several files, also where
# processes are killed. DDMD_KILLS: how many SIGKILLs (8). streaming.sh has the faults of one
# aggregator; this has what several of them could do wrong.
. "$(dirname "$0")/lib.sh"
$PYTHON -c 'import h5py' 2>/dev/null || skip "h5py is not installed (python3-h5py)"
kills=${DDMD_KILLS:-8}
RANDOM=${DDMD_KILL_SEED:-1}

# What sanitizers find in any process is in a file, which is looked for at the end.
for kind in ASAN LSAN UBSAN TSAN; do
    declare -x "${kind}_OPTIONS=$(printenv ${kind}_OPTIONS):log_path=$scratch/sanitizer-$kind"
done

write_toy base.yaml
sed -e 's/^seed: 7/seed: 7\nmode: streaming/' -e 's/workers: 2/workers: 3/' -e '/rounds: 3/d' \
    base.yaml >toy.yaml
printf '  wall_minutes: 60\nstreaming:\n  retries: 1000\n  timeout_s: 120\n  aggregators: 2\n' \
    >>toy.yaml
export TMPDIR=$scratch/tmp
mkdir "$TMPDIR"
unset XDG_RUNTIME_DIR # so that sockets are in TMPDIR

frames() {
    "$DDMD" status "$1" --json 2>/dev/null |
        $PYTHON -c 'import json, sys; print(json.load(sys.stdin)["frames"])' 2>/dev/null || echo 0
}

# grow RUN_DIR N: wait until it has more than N frames.
grow() {
    for _ in $(seq 300); do
        [ "$(frames "$1")" -gt "$2" ] && return
        kill -0 $pid 2>/dev/null || break
        sleep 0.2
    done
    fail "$1 does not grow beyond $2 frames"
}

# role NAME RUN_DIR: what only processes of this role of this run of the test have as arguments.
role() { printf 'role %s --run-dir %s --sockets %s/' "$1" "$2" "$TMPDIR"; }

nothing_left() {
    for _ in $(seq 20); do
        pgrep -f "$(role '.*' "$1")" >/dev/null || return
        sleep 0.3
    done
    fail "processes of $1 are left"
}

# whole RUN_DIR WHAT: no frame is missing or there twice, in whichever file.
whole() { $PYTHON "$here/check_frames.py" "$1" || fail "the frames of $1: $2"; }

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
    "$DDMD" run toy.yaml --run-dir killed --quiet >out 2>err </dev/null &
    pid=$!
    grow killed 0
    for ((k = 0; k < kills; k++)); do
        sleep 0.$((RANDOM % 9 + 1))
        name='.*'
        ((k % 2 == 0)) && name=aggregate-$((k / 2 % 2))
        if ((k % 4 == 3)); then
            kill -KILL $pid
            wait $pid 2>/dev/null
            nothing_left killed
            "$DDMD" resume killed --quiet >out 2>err </dev/null &
            pid=$!
            sleep 1
        else
            mapfile -t roles < <(pgrep -f "$(role "$name" killed)")
            [ ${#roles[@]} -gt 0 ] && kill -KILL "${roles[RANDOM % ${#roles[@]}]}" 2>/dev/null
        fi
    done
    grow killed "$(frames killed)"
    kill -INT $pid
    wait $pid
    [ $? -eq 130 ] || fail "interrupted, it ended otherwise"
    nothing_left killed
    whole killed "after $kills kills"
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
    "$DDMD" run toy.yaml --run-dir needed --quiet --set model.train_when=needed \
        --set model.retrain_margin=1000 >out 2>err </dev/null &
    pid=$!
    for _ in $(seq 300); do
        grep -q "it stays as it is" needed/log/ddmd.log 2>/dev/null && break
        sleep 0.2
    done
    kill -INT $pid
    wait $pid
    says needed/log/ddmd.log "it stays as it is"
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
for report in "$scratch"/sanitizer-*; do
    [ -e "$report" ] && { head -60 "$report"; fail "a sanitizer's report: $report"; }
done
finish
