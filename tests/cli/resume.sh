# Killed at random moments and resumed, a sequential campaign ends with the same bits.
. "$(dirname "$0")/lib.sh"
command -v h5diff >/dev/null || skip "h5diff is not installed (hdf5-tools)"
kills=${DDMD_TEST_KILLS:-20}

write_toy toy.yaml
sed -i 's/segment_ns: 0.02/segment_ns: 0.2/; s/rounds: 3/rounds: 4/; s/epochs: 3/epochs: 8\n  train_every: 2/' toy.yaml
start=$(date +%s%N)
expect 0 run toy.yaml --run-dir whole --quiet
took_ms=$((($(date +%s%N) - start) / 1000000))

# Kill campaigns again and again, each sitting lasting up to a third of a whole run, until there
# were enough kills; each campaign is then brought to its end.
RANDOM=20
killed=0
campaign=0
while [ "$killed" -lt "$kills" ]; do
    campaign=$((campaign + 1))
    command="run toy.yaml --run-dir cut-$campaign"
    while [ "$killed" -lt "$kills" ]; do
        "$DDMD" $command --quiet >out 2>err &
        pid=$!
        sleep_ms=$((RANDOM * took_ms / 3 / 32768))
        sleep "$((sleep_ms / 1000)).$(printf '%03d' $((sleep_ms % 1000)))"
        kill -KILL $pid 2>/dev/null
        wait $pid 2>/dev/null
        got=$?
        [ $got -eq 137 ] || break
        killed=$((killed + 1))
        [ -d cut-$campaign ] && command="resume cut-$campaign"
    done
    [ $got -eq 0 ] || [ $got -eq 137 ] || fail "$command ended with status $got"
    [ $got -eq 0 ] || expect 0 $command --quiet
    $PYTHON "$here/compare.py" whole cut-$campaign ||
        fail "campaign $campaign, killed and resumed, differs"
done
echo "killed $killed times in $campaign campaigns"

# SIGINT ends it cleanly, and nothing changes either.
"$DDMD" run toy.yaml --run-dir soft >out 2>err &
pid=$!
sleep "$(printf '%d.%03d' $((took_ms / 2000)) $((took_ms / 2 % 1000)))"
kill -INT $pid
wait $pid
got=$?
if [ $got -eq 130 ]; then
    says err "ddmd resume soft"
    expect 0 status soft --json
    says out '"stopped"'
    expect 0 resume soft --quiet
elif [ $got -ne 0 ]; then
    fail "SIGINT ended with status $got"
fi
$PYTHON "$here/compare.py" whole soft || fail "an interrupted and resumed campaign differs"

# Two at once on one directory: the second is told.
"$DDMD" run toy.yaml --run-dir two --quiet >/dev/null 2>&1 &
pid=$!
for _ in $(seq 100); do [ -d two ] && break; sleep 0.05; done
"$DDMD" resume two >out 2>err
got=$?
if kill -0 $pid 2>/dev/null; then
    [ $got -ne 0 ] || fail "two coordinators on one directory"
    says err "$pid"
    expect 0 status two
fi
wait $pid
finish
