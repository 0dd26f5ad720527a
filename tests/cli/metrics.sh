# bench/sampling-metrics and bench-learning on small campaigns.
. "$(dirname "$0")/lib.sh"
$PYTHON -c 'import h5py, numpy, sklearn' 2>/dev/null || skip "python3-h5py or python3-sklearn is not installed"
metrics=$DDMD_SOURCE_DIR/bench/sampling-metrics

# Layers of several shapes, and an odd number of points.
write_toy toy.yaml
sed -i 's/bead_chain: 12/bead_chain: 13/; s/  filters: 4/  filters: [4, 6, 5]\n  kernels: [3, 5, 3]/' toy.yaml
expect 0 run toy.yaml --run-dir learns --quiet
expect 0 run toy.yaml --run-dir plain --quiet --set selection.strategy=plain --set seed=8
$PYTHON "$metrics" learns plain --states 30 >out 2>err || fail "sampling-metrics"
cp out metrics.json
$PYTHON "$here/metrics.py" "$metrics" || fail "what it says"

$PYTHON "$metrics" plain >out 2>err && fail "a reference without a model"
says err "give --model"
$PYTHON "$metrics" learns >out 2>err && fail "more states than frames"
says err "give --states"
$PYTHON "$metrics" nowhere >out 2>err && fail "no such run"
says err "not the directory of a campaign"
sed 's/bead_chain: 13/bead_chain: 12/' toy.yaml >other.yaml
expect 0 run other.yaml --run-dir other --quiet --set selection.strategy=plain
$PYTHON "$metrics" learns other --states 30 >out 2>err && fail "another molecule"
says err "contact maps of 12 points"

# What bench-learning counts: 360 frames, three rounds of 120.
learning=$(dirname "$DDMD")/bench/bench-learning
tell() { "$learning" learns/frames-0.h5 --filters 4 --dense-width 8 "$@" >out 2>err || fail "$*"; }
holds() { $PYTHON -c "import json; r = json.load(open('out')); assert $1, r" || fail "not $1"; }
tell --frames 200 --test 160 --epochs 3
holds "r['frames'] == 200 and 1 < r['maps'] < 200 and r['epochs'] == 3"
tell --frames 200 --test 160 --epochs 2 --every-frame
holds "r['every_frame'] and 0 < r['test_reconstruction'] < 169" # pixels, each about ln 2 at first
tell --round 120 --epochs 2
holds "(r['rounds'], r['trainings'], r['epochs']) == (3, 3, 6)"
tell --round 120 --epochs 2 --margin-percent 100000
holds "(r['rounds'], r['trainings'], r['epochs']) == (3, 1, 2)"
"$learning" learns/frames-0.h5 --frames 300 >out 2>err && fail "more frames than there are"
says err "360 frames are not enough for 300 + 500"
finish
