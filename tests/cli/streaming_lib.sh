# What tests of mode streaming share; source it after lib.sh. The campaign at work is process $pid.
$PYTHON -c 'import h5py' 2>/dev/null || skip "h5py is not installed (python3-h5py)"
RANDOM=${DDMD_KILL_SEED:-1}

# What sanitizers find in any process is in a file, which finish_streaming() looks for.
for kind in ASAN LSAN UBSAN TSAN; do
    declare -x "${kind}_OPTIONS=$(printenv ${kind}_OPTIONS):log_path=$scratch/sanitizer-$kind"
done

export TMPDIR=$scratch/tmp
mkdir "$TMPDIR"
unset XDG_RUNTIME_DIR # so that sockets are in TMPDIR

# write_streaming_toy FILE: a campaign of the toy engine that goes on until it is stopped. Its last
# section is `streaming`, for more keys to follow.
write_streaming_toy() {
    write_toy base.yaml
    sed -e 's/^seed: 7/seed: 7\nmode: streaming/' -e '/rounds: 3/d' base.yaml >"$1"
    printf '  wall_minutes: 60\nstreaming:\n  retries: 1000\n  timeout_s: 120\n' >>"$1"
}

frames() {
    "$DDMD" status "$1" --json 2>/dev/null |
        $PYTHON -c 'import json, sys; print(json.load(sys.stdin)["frames"])' 2>/dev/null || echo 0
}

# wait_until COMMAND...: try it until it succeeds, for a minute, or until the campaign has ended.
wait_until() {
    for _ in $(seq 300); do
        "$@" && return
        kill -0 $pid 2>/dev/null || break
        sleep 0.2
    done
    return 1
}

# grow RUN_DIR N: wait until it has more than N frames.
has_more() { [ "$(frames "$1")" -gt "$2" ]; }
grow() { wait_until has_more "$1" "$2" || fail "$1 does not grow beyond $2 frames"; }

# await FILE TEXT [N]: until N lines (1) of it have the text.
has_lines() { [ "$(grep -c -e "$2" "$1" 2>/dev/null)" -ge "$3" ] 2>/dev/null; }
await() { wait_until has_lines "$1" "$2" "${3:-1}" || fail "$1 does not say '$2' ${3:-1} times"; }

# start RUN_DIR OPTION...: a campaign in the background, $pid; returns when it has stored frames.
start() {
    local run=$1
    shift
    "$DDMD" run toy.yaml --run-dir "$run" --quiet "$@" >out 2>err </dev/null &
    pid=$!
    grow "$run" 0
}

# interrupt RUN_DIR WHAT: as a user does, then look at what it leaves.
interrupt() {
    local got
    kill -INT $pid
    wait $pid
    got=$?
    [ $got -eq 130 ] || fail "$2: interrupted, it ended with status $got"
    nothing_left "$1"
    whole "$1" "$2"
}

# role NAME RUN_DIR: what only processes of this role of this run of the test have as arguments.
role() { printf 'role %s --run-dir %s --sockets %s/' "$1" "$2" "$TMPDIR"; }

# No process of this campaign is left.
nothing_left() {
    for _ in $(seq 20); do
        pgrep -f "$(role '.*' "$1")" >/dev/null || return
        sleep 0.3
    done
    pgrep -af "$(role '.*' "$1")"
    fail "processes of $1 are left"
}

# whole RUN_DIR WHAT [ahead]: no frame is missing or there twice, in whichever file.
whole() { $PYTHON "$here/check_run.py" "$1" "${@:3}" || fail "the frames of $1: $2"; }

# kill_role RUN_DIR NAME: SIGKILL to one of the processes of this name, a regular expression.
kill_role() {
    local roles
    mapfile -t roles < <(pgrep -f "$(role "$2" "$1")")
    [ ${#roles[@]} -gt 0 ] && kill -KILL "${roles[RANDOM % ${#roles[@]}]}" 2>/dev/null
}

# kill_coordinator RUN_DIR: SIGKILL, then resume.
kill_coordinator() {
    kill -KILL $pid
    wait $pid 2>/dev/null
    nothing_left "$1"
    "$DDMD" resume "$1" --quiet >out 2>err </dev/null &
    pid=$!
    sleep 1
}

# A process that is killed while the leak sanitizer looks at it makes that say it cannot get registers.
finish_streaming() {
    for report in "$scratch"/sanitizer-*; do
        [ -e "$report" ] || continue
        grep -qv 'Unable to get registers from thread' "$report" || continue
        head -60 "$report"
        fail "a sanitizer's report: $report"
    done
    finish
}
