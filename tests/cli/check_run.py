"""Is a campaign whole? check_run.py RUN_DIR: every simulation's frames are in its frame files once,
from 0 on without a gap, in their order and in the file that the catalogue names, and the catalogue
knows all of them; of every training it knows all models. With `ahead` the files may have more than
the catalogue knows, as after a campaign that failed."""
import glob
import re
import sqlite3
import sys

import h5py

run = sys.argv[1]
ahead = "ahead" in sys.argv[2:]
db = sqlite3.connect(f"file:{run}/catalogue.sqlite?mode=ro", uri=True)
file_of = dict(db.execute("SELECT id, file FROM simulation"))
stored = {}
in_files = 0
paths = sorted(glob.glob(f"{run}/frames-*.h5"))
assert paths, f"no frame file in {run}"
for path in paths:
    number = int(re.search(r"frames-(\d+)\.h5$", path).group(1))
    with h5py.File(path, "r", swmr=True) as file:
        simulation = file["observables/simulation/value"][:].tolist()
        index = file["observables/index/value"][:].tolist()
    in_files += len(simulation)
    for s, i in zip(simulation, index):
        assert file_of[s] == number, f"a frame of simulation {s} in {path}, not {file_of[s]}"
        assert i == stored.get(s, 0), f"frame {i} of simulation {s} where {stored.get(s, 0)} belongs"
        stored[s] = i + 1
known = dict(db.execute("SELECT id, n_frames FROM simulation WHERE n_frames > 0"))
for s in set(known) | set(stored):
    k, n = known.get(s, 0), stored.get(s, 0)
    assert k == n or ahead and k < n, f"simulation {s}: the catalogue knows {k} frames of {n}"
total = db.execute("SELECT n_frames FROM progress").fetchone()[0]
assert total == sum(known.values()) and total <= in_files, (total, in_files)
parents = db.execute("SELECT count(*) FROM simulation AS s JOIN simulation AS p"
                     " ON p.id = s.parent_simulation WHERE s.parent_frame >= p.n_frames")
assert parents.fetchone()[0] == 0, "a simulation starts from a frame that is not there"
trainings = db.execute("SELECT group_concat(latent_dim), sum(kept) FROM"
                       " (SELECT * FROM model ORDER BY version, latent_dim) GROUP BY version")
trainings = set(trainings)
assert len(trainings) <= 1 and all(kept == 1 for _, kept in trainings), trainings
print(len(paths), "files,", len(stored), "simulations,", in_files, "frames")
