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

# Training only where it is needed: the losses decide, and a resumed campaign decides the same.
sed -i 's/train_every: 2/train_every: 1\n  train_when: needed/; s/epochs: 3/epochs: 100/' toy.yaml
for margin in 0 0.1 1000; do
    expect 0 run toy.yaml --run-dir margin-$margin --quiet --set model.retrain_margin=$margin
    expect 0 run toy.yaml --run-dir margin-$margin-2 --quiet --set model.retrain_margin=$margin \
        --set stop.rounds=2
    expect 0 resume margin-$margin-2 --quiet --set stop.rounds=5
    $PYTHON "$here/compare.py" margin-$margin margin-$margin-2 || fail "margin $margin, resumed"
    $PYTHON -c "
import sqlite3
db = sqlite3.connect('margin-$margin/catalogue.sqlite')
checks = db.execute('SELECT round, version, reconstruction, reference_reconstruction, trained,'
                    ' n_frames FROM model_check ORDER BY round').fetchall()
models = dict(db.execute('SELECT round, version FROM model WHERE kept = 1'))
assert [c[0] for c in checks] == [2, 3, 4, 5] and models[1] == 1
version = 1
for r, v, fresh, held_out, trained, n_frames in checks:
    assert v == version and n_frames == 120 and 0 < fresh < 200
    assert held_out == db.execute('SELECT validation_reconstruction FROM model WHERE kept = 1'
                                  ' AND version = ?', (v,)).fetchone()[0]
    assert trained == (fresh > held_out * (1 + $margin)) == (r in models)
    version += trained
    used = db.execute('SELECT model_version FROM round WHERE round = ?', (r,)).fetchone()[0]
    assert used == version
trainings = sum(c[4] for c in checks)
print('margin $margin: trained', 1 + trainings)
assert trainings > 0 if $margin == 0 else trainings == 0 or $margin < 1000
" || fail "margin $margin"
done
says margin-1000/log/ddmd.log "it stays as it is"
expect 0 status margin-1000
says out "skipped 4 times"
expect 0 status margin-1000 --json
$PYTHON -c 'import json; assert json.load(open("out"))["trainings_skipped"] == 4' || fail "status"

# A training that does not get better ends early.
expect 0 run toy.yaml --run-dir patience --quiet --set model.epochs=400 --set model.patience=2 \
    --set stop.rounds=1 --set model.learning_rate=0.01
$PYTHON -c '
import sqlite3
db = sqlite3.connect("patience/catalogue.sqlite")
epochs = [e for (e,) in db.execute("SELECT epochs FROM model")]
assert len(epochs) == 2 and all(2 < e < 400 for e in epochs), epochs
' || fail "patience"

# Weights whose loss is not finite: of one latent dimension, which is not chosen then and begins
# anew, and of both, when the model in use stays. The campaign goes on.
damage() {
    $PYTHON -c '
import sys, h5py
for name in sys.argv[1:]:
    with h5py.File(name, "r+") as file:
        file["/weights/z_log_var.bias"][:] = 500
' "$@" || fail "damaging weights"
}
sed -i 's/train_when: needed/train_when: always/; s/epochs: 100/epochs: 3/' toy.yaml
expect 0 run toy.yaml --run-dir runaway --quiet --set stop.rounds=1
damage runaway/models/model-0001-d2.h5
expect 0 resume runaway --quiet --set stop.rounds=2
says runaway/log/ddmd.log "latent_dim 2: the loss did not stay finite"
expect 0 resume runaway --quiet --set stop.rounds=3
damage runaway/models/model-0003-d2.h5 runaway/models/model-0003-d3.h5
expect 0 resume runaway --quiet --set stop.rounds=4
says runaway/log/ddmd.log "model version 3 stays in use"
$PYTHON -c '
import sqlite3
db = sqlite3.connect("runaway/catalogue.sqlite")
found = db.execute("SELECT version, latent_dim, kept, train_loss IS NULL, validation_loss IS NULL"
                   " FROM model WHERE version > 1 ORDER BY version, latent_dim").fetchall()
assert found[:2] == [(2, 2, 0, 1, 1), (2, 3, 1, 0, 0)] and len(found) == 4, found
assert all(row[3:] == (0, 0) for row in found[2:]), found
used = db.execute("SELECT round, model_version FROM round ORDER BY round").fetchall()
assert used == [(1, 1), (2, 2), (3, 3), (4, 3)], used
' || fail "weights that ran away"

# Without any weights to fall back on, it ends with a hint.
expect 1 run toy.yaml --run-dir hopeless --quiet --set model.learning_rate=1
says err "smaller learning_rate"

# A strategy that does not learn embeds nothing.
expect 0 run toy.yaml --run-dir random --quiet --set selection.strategy=random
[ -e random/models/embedding-0001.h5 ] && fail "strategy random embedded frames"
finish
