"""learning.py RUN_DIR SELECTED TRAINED: check a campaign whose weights serve for two rounds, with
windows of so many frames, against its frames."""
import re
import sqlite3
import sys

import h5py
import numpy

run, selected, trained = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with h5py.File(f"{run}/frames-0.h5", "r") as f:
    maps = [row.tobytes() for row in f["observables/contact_map/value"][:]]
    simulation = f["observables/simulation/value"][:]
    index = f["observables/index/value"][:]
log = open(f"{run}/log/ddmd.log").read()
embedded = {int(r): (int(n), int(m)) for r, n, m in
            re.findall(r"round (\d+): embedded (\d+) of (\d+) maps", log)}
db = sqlite3.connect(f"file:{run}/catalogue.sqlite?mode=ro", uri=True)
rounds = len(embedded)
per_round = len(maps) // rounds

shared_before = 0
for r in range(1, rounds + 1):
    end = r * per_round
    begin = max(0, end - selected)
    window = maps[begin:end]
    with h5py.File(f"{run}/models/embedding-{r:04d}.h5", "r") as f:
        latent = f["latent"][:]
        version = f.attrs["model_version"]
        assert (f["simulation"][:] == simulation[begin:end]).all()
        assert (f["index"][:] == index[begin:end]).all()
    assert len(latent) == len(window) and version == (r + 1) // 2, (r, version)
    of_map = {}
    for m, z in zip(window, latent):
        assert (of_map.setdefault(m, z) == z).all(), "equal maps, two places"
    known = set()
    if r % 2 == 0:  # the weights of the round before
        known = set(maps[begin:end - per_round])
        shared_before += len(known)
    assert embedded[r] == (len(set(window) - known), len(set(window))), (r, embedded[r])
assert shared_before > 0, "nothing to take over: the test tests nothing"

repeated = 0
for r, n_samples, n_maps in db.execute("SELECT round, n_samples, n_maps FROM model"):
    window = maps[max(0, r * per_round - trained):r * per_round]
    assert (n_samples, n_maps) == (len(window), len(set(window))), (r, n_samples, n_maps)
    repeated += n_samples - n_maps
assert repeated > 0, "no map came twice: the test tests nothing"
print("embedded", embedded, "repeated", repeated)
