"""Is a campaign's frame file whole? check_frames.py RUN_DIR: every simulation's frames are there
once, from 0 on without a gap, in their order, and the catalogue knows all of them. With `ahead` the
file may have more than the catalogue knows, as after a campaign that failed."""
import sqlite3
import sys

import h5py

run = sys.argv[1]
ahead = "ahead" in sys.argv[2:]
with h5py.File(f"{run}/frames-0.h5", "r", swmr=True) as file:
    simulation = file["observables/simulation/value"][:]
    index = file["observables/index/value"][:]
stored = {}
for s, i in zip(simulation, index):
    assert i == stored.get(s, 0), f"frame {i} of simulation {s} where {stored.get(s, 0)} belongs"
    stored[s] = i + 1
db = sqlite3.connect(f"file:{run}/catalogue.sqlite?mode=ro", uri=True)
known = dict(db.execute("SELECT id, n_frames FROM simulation WHERE n_frames > 0"))
for s in set(known) | set(stored):
    k, n = known.get(s, 0), stored.get(s, 0)
    assert k == n or ahead and k < n, f"simulation {s}: the catalogue knows {k} frames of {n}"
total = db.execute("SELECT n_frames FROM progress").fetchone()[0]
assert total == sum(known.values()) and total <= len(simulation), (total, len(simulation))
parents = db.execute("SELECT count(*) FROM simulation AS s JOIN simulation AS p"
                     " ON p.id = s.parent_simulation WHERE s.parent_frame >= p.n_frames")
assert parents.fetchone()[0] == 0, "a simulation starts from a frame that is not there"
print(len(stored), "simulations,", len(simulation), "frames")
