# What the threads of a campaign share: many workers, an early end, an interruption. The thread
# sanitizer runs this too, so no model is trained here: oneDNN's OpenMP threads are not built for it.
. "$(dirname "$0")/lib.sh"
command -v h5diff >/dev/null || skip "h5diff is not installed (hdf5-tools)"

write_toy toy.yaml
set -- --set selection.strategy=rmsd --set simulation.replicas=9 --quiet
expect 0 run toy.yaml --run-dir four --set simulation.workers=4 "$@"
expect 0 run toy.yaml --run-dir one --set simulation.workers=1 "$@"
$PYTHON "$here/compare.py" four one || fail "four workers and one differ"

# A stop rule in the middle of a segment leaves workers with full queues behind.
expect 0 run toy.yaml --run-dir early --set simulation.workers=3 --set simulation.segment_ns=5 \
    --set stop.simulated_ns=0.1 "$@"
says out "stop.simulated_ns"

"$DDMD" run toy.yaml --run-dir soft --set simulation.workers=3 --set simulation.segment_ns=20 \
    "$@" >out 2>err &
pid=$!
for _ in $(seq 200); do [ -d soft ] && break; sleep 0.05; done
sleep 0.5
kill -TERM $pid
wait $pid
[ $? -eq 130 ] || fail "SIGTERM did not end with status 130"
expect 0 status soft
finish
