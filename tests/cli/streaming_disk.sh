# A disk that fills up under a streaming campaign, then is given room: the part of streaming.sh that
# mounts something. Works in its scratch directory.
fail() {
    printf '%s\n' "$*"
    sed 's/^/  err| /' err
    exit 1
}

mkdir small && mount -t tmpfs -o size=8m none small || exit 0
"$DDMD" run toy.yaml --run-dir small/run --quiet >out 2>err </dev/null
got=$?
[ $got -eq 1 ] || fail "it ended with status $got"
grep -q "No space left" err || fail "the message does not say that the disk is full"
mount -o remount,size=200m small || exit 1
/usr/bin/python3 "$DDMD_SOURCE_DIR/tests/cli/check_run.py" small/run ahead || fail "frames"
"$DDMD" resume small/run --quiet --set stop.wall_minutes=0.05 >out 2>err </dev/null ||
    fail "it does not go on with more room"
/usr/bin/python3 "$DDMD_SOURCE_DIR/tests/cli/check_run.py" small/run || fail "frames afterwards"
