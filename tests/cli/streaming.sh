# Mode streaming: a campaign as processes, which may be killed, stopped and lied to at any moment.
# DDMD_KILLS: how many SIGKILLs (12); DDMD_PAUSE_S: how long processes are stopped (3); the long form
# of this test (ctest -L faults) gives more of both. DDMD_INJECT: the program that sends nonsense.
. "$(dirname "$0")/lib.sh"
. "$here/streaming_lib.sh"
kills=${DDMD_KILLS:-12}
pause=${DDMD_PAUSE_S:-3}
write_streaming_toy toy.yaml

# go_on RUN_DIR OPTION...: like start(), by resume; returns when there are more frames.
go_on() {
    local run=$1 before
    shift
    before=$(frames "$run")
    "$DDMD" resume "$run" --quiet "$@" >out 2>err </dev/null &
    pid=$!
    grow "$run" "$before"
}

# signal NAME RUN_DIR ROLE
signal() { pkill "-$1" -f "$(role "$3" "$2")"; }

runs_to_its_end() {
    expect 0 run toy.yaml --run-dir whole --set stop.rounds=5 --quiet
    says out "stop.rounds"
    nothing_left whole
    [ -z "$(ls "$TMPDIR")" ] || fail "left in TMPDIR: $(ls "$TMPDIR")"
    whole whole "a whole run"
    expect 0 status whole --json
    $PYTHON -c '
import json
s = json.load(open("out"))
assert s["mode"] == "streaming" and s["state"] == "finished", s
assert s["model"]["version"] >= 1 and s["iterations"] >= 5 and s["best_rmsd_angstrom"] > 0, s
assert s["simulations"]["started"] > 6, s["simulations"]
assert 0 < s["busy_fraction"] <= 1.01 and 0 <= s["io_fraction"] < 1, s
' || fail "status --json of a streaming campaign"
    expect 0 resume whole --set stop.rounds=7 --quiet
    whole whole "a resumed run"
}

# Interrupted by the user: within seconds, and to be resumed.
is_interrupted() {
    start stopped
    interrupt stopped "an interrupted run"
}

# Any process killed at any moment, the coordinator included.
survives_kills() {
    start killed
    for ((k = 0; k < kills; k++)); do
        sleep 0.$((RANDOM % 9 + 1))
        if ((RANDOM % 4 == 0)); then
            kill_coordinator killed
        else
            kill_role killed '.*'
        fi
    done
    grow killed "$(frames killed)"
    interrupt killed "after $kills kills"
}

# One that falls silent is started again.
ends_silence() {
    start silent --set streaming.timeout_s=4
    signal STOP silent aggregate-0
    await silent/log/ddmd.log "not heard of"
    grow silent "$(frames silent)"
    interrupt silent "a silent process"
    says silent/log/ddmd.log "process aggregate-0 ended: not heard of for 4 s, killed"
}

# One that stops for less than the time limit goes on, and so do the others; the coordinator may
# stop for longer than that.
outlasts_pauses() {
    start paused
    for role in aggregate-0 simulate-0 infer-0 train-0; do
        signal STOP paused $role
        sleep "$pause"
        signal CONT paused $role
        grow paused "$(frames paused)"
    done
    interrupt paused "pauses"
    says_not paused/log/ddmd.log "started again"
    start asleep --set streaming.timeout_s=8
    kill -STOP $pid
    sleep $((pause + 9))
    kill -CONT $pid
    grow asleep "$(frames asleep)"
    interrupt asleep "a pause of the coordinator"
    says_not asleep/log/ddmd.log "not heard of"
}

refuses_a_second_coordinator() {
    go_on silent --set stop.wall_minutes=60
    "$DDMD" resume silent --set stop.wall_minutes=1 >out2 2>err2 &&
        fail "two coordinators on one run directory"
    says err2 "$pid"
    says silent/config.yaml "wall_minutes: 60"
    interrupt silent "two coordinators"
}

# Noise, damaged and foreign messages at every socket.
ignores_nonsense() {
    local line sockets campaign
    [ -n "${DDMD_INJECT:-}" ] || return
    start noisy
    line=$(pgrep -af "$(role aggregate-0 noisy)")
    sockets=$(sed 's/.*--sockets \([^ ]*\).*/\1/' <<<"$line")
    campaign=$(sed 's/.*--campaign \([^ ]*\).*/\1/' <<<"$line")
    "$DDMD_INJECT" "$sockets" "$campaign" || fail "cannot send nonsense"
    grow noisy "$(frames noisy)"
    sleep 1
    grow noisy "$(frames noisy)"
    interrupt noisy "nonsense"
    for log in coordinator-0 aggregate-0; do
        says noisy/log/$log.log "a message was dropped"
    done
    says_not noisy/log/ddmd.log "started again"
}

# Were simulations of it culled?
has_culled() { "$DDMD" status "$1" --json | grep -q '"culled": [1-9]'; }

# Simulations without an outlier for longer than they may be are stopped, and their slots reused.
culls_what_finds_nothing() {
    for idle_ns in 0.02 100; do
        start culled-$idle_ns --set simulation.segment_ns=100 \
            --set selection.cull_after_ns=0.03 --set selection.cull_idle_ns=$idle_ns \
            --set selection.min_outliers=1 --set selection.max_outliers=400 \
            --set model.max_samples=2000
        if [ $idle_ns = 100 ]; then
            grow culled-100 1500
        else
            wait_until has_culled culled-$idle_ns || fail "no simulation of culled-$idle_ns is culled"
        fi
        interrupt culled-$idle_ns "culling"
        $PYTHON -c "
import sqlite3
db = sqlite3.connect('culled-$idle_ns/catalogue.sqlite')
rows = db.execute('SELECT state, n_frames, parent_simulation FROM simulation').fetchall()
culled = [n for state, n, _ in rows if state == 'culled']
print('idle for $idle_ns ns:', len(culled), 'culled of', len(rows))
assert (len(culled) > 0) == ($idle_ns < 1), rows
assert all(n >= 30 for n in culled), 'culled before it was long enough'
assert all(n < 100000 for _, n, _ in rows), 'none is a segment long'
assert sum(p is not None for _, _, p in rows) >= len(culled), 'slots are reused'
" || fail "culling of what is idle for $idle_ns ns"
    done
    expect 0 status culled-0.02 --json
    $PYTHON -c 'import json; assert json.load(open("out"))["simulations"]["culled"] > 0' ||
        fail "culled simulations in status --json"
}

# Where the model does well enough on what is new it is not trained on.
trains_where_needed() {
    local skips
    start needed --set model.train_when=needed --set model.retrain_margin=1000
    await needed/log/ddmd.log "it stays as it is"
    interrupt needed "trained once"
    skips=$(grep -c "it stays as it is" needed/log/ddmd.log)
    go_on needed
    await needed/log/ddmd.log "it stays as it is" $((skips + 1))
    interrupt needed "trained once, resumed"
    says needed/log/train-0.log "it stays as it is"
    expect 0 status needed --json
    $PYTHON -c 'import json; assert json.load(open("out"))["model"]["version"] == 1' ||
        fail "it trained though that was not needed"
}

# A frame file that lost its end is not touched, and what is wrong with it is said.
tells_of_a_truncated_file() {
    local size
    cp stopped/frames-0.h5 good.h5
    size=$(stat -c %s good.h5)
    for left in $((size - 1000)) $((size / 2)) 3000 100 0; do
        cp good.h5 stopped/frames-0.h5
        truncate -s $left stopped/frames-0.h5
        cp stopped/frames-0.h5 before.h5
        expect 1 resume stopped --quiet
        says err "frames-0.h5"
        cmp -s before.h5 stopped/frames-0.h5 || fail "a file cut to $left bytes was written to"
        nothing_left stopped
    done
    cp good.h5 stopped/frames-0.h5
    go_on stopped
    interrupt stopped "a file that was put back"
}

# So does a process that cannot read what it needs; starting it again would not help.
tells_of_a_damaged_model() {
    cp -r whole damaged
    for file in damaged/models/*; do truncate -s 100 "$file"; done
    expect 1 resume damaged --quiet --set stop.rounds=100
    says err "damaged/models/model-"
    nothing_left damaged
    whole damaged "a damaged model" ahead
}

# A start that explodes: its simulations fail with a reason, the others go on; where every start
# explodes, the campaign ends and says so.
outlasts_explosions() {
    awk '/ CA  BEA A   2 /{line=$0} / CA  BEA A   1 /{first=substr($0,31,24)}
         {if (substr($0,18,9) == "BEA A   2") $0 = substr($0,1,30) first substr($0,55); print}' \
        stopped/topology.pdb >exploding.pdb
    expect 0 run toy.yaml --run-dir both --quiet --set system.minimize_iterations=0 \
        --set "system.start=[stopped/topology.pdb, exploding.pdb]" --set stop.simulated_ns=0.4
    nothing_left both
    whole both "explosions"
    expect 0 status both --json
    $PYTHON -c '
import json
s = json.load(open("out"))
assert 3 <= s["simulations"]["failed"] <= 9, s["simulations"]
' || fail "three of six replicas start from an exploding structure"
    expect 1 run toy.yaml --run-dir none --quiet --set system.start=exploding.pdb \
        --set system.minimize_iterations=0
    says err "blown up 3 times"
    nothing_left none
    expect 0 status none
    says out "failed"
}

# In a mount namespace of its own, for nothing to be left mounted.
outlasts_a_full_disk() {
    unshare --mount true 2>/dev/null || return
    unshare --mount bash "$here/streaming_disk.sh" || fail "a full disk"
    nothing_left small/run
}

runs_to_its_end
is_interrupted
survives_kills
ends_silence
outlasts_pauses
refuses_a_second_coordinator
culls_what_finds_nothing
trains_where_needed
ignores_nonsense
tells_of_a_truncated_file
tells_of_a_damaged_model
outlasts_explosions
outlasts_a_full_disk
finish_streaming
