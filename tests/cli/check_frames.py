"""Is a campaign's frame file whole? check_frames.py RUN_DIR: every simulation's frames are there
once, from 0 on without a gap, in their order, and the catalogue knows all of them."""
import sqlite3
import sys

import h5py

run = sys.argv[1]
with h5py.File(f"{run}/frames-0.h5", "r", swmr=True) as file:
    simulation = file["observables/simulation/value"][:]
    index = file["observables/index/value"][:]
stored = {}
for s, i in zip(simulation, index):
    assert i == stored.get(s, 0), f"frame {i} of simulation {s} where {stored.get(s, 0)} belongs"
    stored[s] = i + 1
db = sqlite3.connect(f"file:{run}/catalogue.sqlite?mode=ro", uri=True)
known = dict(db.execute("SELECT id, n_frames FROM simulation WHERE n_frames > 0"))
assert known == stored, {k: (known.get(k), stored.get(k)) for k in set(known) | set(stored)
                         if known.get(k) != stored.get(k)}
total = db.execute("SELECT n_frames FROM progress").fetchone()[0]
assert total == len(simulation), (total, len(simulation))
parents = db.execute("SELECT count(*) FROM simulation AS s JOIN simulation AS p"
                     " ON p.id = s.parent_simulation WHERE s.parent_frame >= p.n_frames")
assert parents.fetchone()[0] == 0, "a simulation starts from a frame that is not there"
print(len(stored), "simulations,", len(simulation), "frames")
