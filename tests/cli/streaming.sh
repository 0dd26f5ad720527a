# Mode streaming: a campaign as processes, which may be killed at any moment. DDMD_KILLS: how many
# SIGKILLs (12); the long form of this test gives 100 of them.
. "$(dirname "$0")/lib.sh"
$PYTHON -c 'import h5py' 2>/dev/null || skip "h5py is not installed (python3-h5py)"
kills=${DDMD_KILLS:-12}
RANDOM=${DDMD_KILL_SEED:-1}

write_toy base.yaml
sed -e 's/^seed: 7/seed: 7\nmode: streaming/' -e '/rounds: 3/d' base.yaml >toy.yaml
printf '  wall_minutes: 60\nstreaming:\n  retries: 1000\n' >>toy.yaml

# No process of this campaign, and no socket of one, is left.
nothing_left() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        pgrep -f "role .*--run-dir $1 " >/dev/null || break
        sleep 0.3
    done
    pgrep -af "role .*--run-dir $1 " && fail "processes of $1 are left"
}

# From beginning to end by a stop rule.
export TMPDIR=$scratch/tmp
mkdir "$TMPDIR"
expect 0 run toy.yaml --run-dir whole --set stop.simulated_ns=0.6 --quiet
says out "stop.simulated_ns"
nothing_left whole
[ -z "$(ls "$TMPDIR")" ] || fail "left in TMPDIR: $(ls "$TMPDIR")"
$PYTHON "$here/check_frames.py" whole || fail "the frames of a whole run"
expect 0 status whole --json
$PYTHON -c '
import json
s = json.load(open("out"))
assert s["mode"] == "streaming" and s["state"] == "finished", s
assert s["model"]["version"] >= 1 and s["iterations"] >= 1 and s["best_rmsd_angstrom"] > 0, s
assert s["simulations"]["started"] > 6, s["simulations"]
assert 0 < s["busy_fraction"] <= 1.01 and 0 <= s["io_fraction"] < 1, s
' || fail "status --json of a streaming campaign"
expect 0 resume whole --set stop.simulated_ns=0.8 --quiet
$PYTHON "$here/check_frames.py" whole || fail "the frames of a resumed run"

# Interrupted by the user: within seconds, and to be resumed.
"$DDMD" run toy.yaml --run-dir stopped --quiet >out 2>err </dev/null &
pid=$!
sleep 2
kill -INT $pid
wait $pid
status=$?
[ $status -eq 130 ] || fail "interrupted, it ended with status $status"
nothing_left stopped
$PYTHON "$here/check_frames.py" stopped || fail "the frames of an interrupted run"

# Any process killed at any moment, the coordinator included.
"$DDMD" run toy.yaml --run-dir killed --quiet >out 2>err </dev/null &
pid=$!
sleep 2
for ((k = 0; k < kills; k++)); do
    sleep 0.$((RANDOM % 9 + 1))
    if ((RANDOM % 4 == 0)); then
        kill -KILL $pid
        wait $pid 2>/dev/null
        nothing_left killed
        "$DDMD" resume killed --quiet >out 2>err </dev/null &
        pid=$!
        sleep 1
    else
        mapfile -t roles < <(pgrep -f "role .*--run-dir killed ")
        [ ${#roles[@]} -gt 0 ] && kill -KILL "${roles[RANDOM % ${#roles[@]}]}" 2>/dev/null
    fi
done
sleep 2
kill -0 $pid 2>/dev/null || fail "the campaign did not survive $kills kills"
kill -INT $pid
wait $pid
status=$?
[ $status -eq 130 ] || fail "after $kills kills it ended with status $status"
nothing_left killed
$PYTHON "$here/check_frames.py" killed || fail "the frames after $kills kills"

# One that falls silent is started again.
"$DDMD" run toy.yaml --run-dir silent --set streaming.timeout_s=2 --quiet >out 2>err </dev/null &
pid=$!
sleep 2
pkill -STOP -f "role aggregate-0 --run-dir silent "
sleep 5
kill -INT $pid
wait $pid
nothing_left silent
says silent/log/ddmd.log "process aggregate-0 ended: not heard of for 2 s, killed"
$PYTHON "$here/check_frames.py" silent || fail "the frames after a silence"

# A second coordinator is refused.
"$DDMD" resume silent --set stop.wall_minutes=60 --quiet >out 2>err </dev/null &
pid=$!
sleep 1
"$DDMD" resume silent --set stop.wall_minutes=1 >out2 2>err2 &&
    fail "two coordinators on one run directory"
says err2 "$pid"
says silent/config.yaml "wall_minutes: 60"
kill -INT $pid
wait $pid
finish
