# No contact map is learnt from or embedded twice, and neither stopping nor sliding changes a bit.
. "$(dirname "$0")/lib.sh"
command -v h5diff >/dev/null || skip "h5diff is not installed (hdf5-tools)"
$PYTHON -c 'import h5py, numpy' 2>/dev/null || skip "python3-h5py is not installed"

# The windows slide (120 frames a round), and weights serve for two rounds. With a short cutoff a
# chain of beads has few maps.
write_toy toy.yaml
sed -i 's/^model:/features:\n  contact_map: {cutoff_angstrom: 5}\nmodel:\n  train_every: 2\n  max_samples: 200/
        s/^selection:/selection:\n  max_samples: 170/; s/rounds: 3/rounds: 5/' toy.yaml
expect 0 run toy.yaml --run-dir whole --quiet
$PYTHON "$here/learning.py" whole 170 200 || fail "what was learnt from and embedded"

# One sitting a round: each begins with empty windows.
expect 0 run toy.yaml --run-dir parts --quiet --set stop.rounds=1
for rounds in 2 3 4 5; do
    expect 0 resume parts --quiet --set stop.rounds=$rounds
done
$PYTHON "$here/compare.py" whole parts || fail "five sittings differ from one"

# A damaged embedding is made again.
expect 0 run toy.yaml --run-dir damaged --quiet --set stop.rounds=3
printf 'no HDF5' >damaged/models/embedding-0003.h5
expect 0 resume damaged --quiet --set stop.rounds=4
says damaged/log/ddmd.log "embedding all frames again"
expect 0 run toy.yaml --run-dir random --quiet --set selection.strategy=random
[ -e random/models/embedding-0001.h5 ] && fail "strategy random embedded frames"
finish
