"""Open what a campaign wrote with h5py, MDAnalysis, MDTraj and sqlite3."""
import sqlite3
import sys
import warnings

import h5py
import MDAnalysis
import mdtraj
import numpy

warnings.simplefilter("ignore")
run = sys.argv[1]
path = f"{run}/frames-0.h5"

with h5py.File(path, "r") as f:
    position = f["particles/trajectory/position/value"]
    assert position.shape == (360, 12, 3), position.shape
    stored = position[:]
    simulation = f["observables/simulation/value"][:]
    index = f["observables/index/value"][:]
    rmsd = f["observables/rmsd/value"][:]
    assert f["h5md"].attrs["version"].tolist() == [1, 1]

universe = MDAnalysis.Universe(f"{run}/topology.pdb", path, format="H5MD")
assert len(universe.trajectory) == 360
for row in (0, 100, 359):
    universe.trajectory[row]
    numpy.testing.assert_allclose(universe.atoms.positions, stored[row] * 10, atol=1e-4)

# The exported DCD is ordered by simulation, then frame.
order = numpy.lexsort((index, simulation))
trajectory = mdtraj.load("all.dcd", top="best.pdb")
assert trajectory.n_frames == 360
numpy.testing.assert_allclose(trajectory.xyz, stored[order], atol=1e-5)
first = mdtraj.load("one.dcd", top=f"{run}/topology.pdb")
numpy.testing.assert_allclose(first.xyz, stored[order][simulation[order] == 0][::2], atol=1e-5)

best = mdtraj.load("best.pdb")
numpy.testing.assert_allclose(best.xyz[0], stored[numpy.nanargmin(rmsd)], atol=1.1e-4)

db = sqlite3.connect(f"file:{run}/catalogue.sqlite?mode=ro", uri=True)
(n,) = db.execute("SELECT sum(n_frames) FROM simulation").fetchone()
assert n == 360, n

# The contact map is the C-alpha contact map below 8 angstrom, bit-packed by pairs.
with h5py.File(path, "r") as f:
    packed = f["observables/contact_map/value"][:]
bits = numpy.unpackbits(packed, axis=1, bitorder="little")[:, :66].astype(bool)
pairs = numpy.array([(i, j) for i in range(12) for j in range(i + 1, 12)])
distance = numpy.linalg.norm(stored[:, pairs[:, 0]].astype(float) -
                             stored[:, pairs[:, 1]].astype(float), axis=2)
assert (bits == (distance < 0.8)).all()
print("all readers agree")
