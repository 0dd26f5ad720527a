"""Frame files and DCD files as MDAnalysis sees them."""
import warnings

from expected import N_ATOMS, N_ROWS, growing, need, path, positions, samples, velocities

warnings.simplefilter("ignore")
np, mda = need("numpy", "MDAnalysis")

directory = samples()
universe = mda.Universe(path(directory, "sample.pdb"), path(directory, "sample.h5"), format="H5MD")
assert len(universe.atoms) == N_ATOMS
assert len(universe.trajectory) == N_ROWS
seen = 0
for row, ts in enumerate(universe.trajectory):
    assert np.allclose(ts.positions, 10 * positions(row), atol=1e-5)  # angstrom
    assert np.allclose(ts.velocities, 10 * velocities(row), atol=1e-4)  # angstrom / ps
    assert ts.time == row // 5 + 1
    assert ts.dimensions is None
    assert ts.data["simulation"] == row % 5
    assert ts.data["potential_energy"] == -100.0 / (row + 1)
    seen += 1
assert seen == N_ROWS
universe.trajectory[7]
assert np.allclose(universe.atoms.positions, 10 * positions(7), atol=1e-5)

universe = mda.Universe(path(directory, "sample.pdb"), path(directory, "sample.dcd"))
assert len(universe.trajectory) == N_ROWS
for row, ts in enumerate(universe.trajectory):
    assert np.allclose(ts.positions, 10 * positions(row), atol=1e-5)
    assert abs(ts.time - 10 * (row + 1)) < 1e-3 * (row + 1)  # float32 in the header

# Beside a writer MDAnalysis must be given the file opened for that.
(h5py,) = need("h5py")
directory, process = growing()
with h5py.File(path(directory, "sample.h5"), "r", libver="latest", swmr=True) as f:
    reader = mda.coordinates.H5MD.H5MDReader(f)
    assert reader.n_frames == N_ROWS
    reader[3]
    assert np.allclose(reader.ts.positions, 10 * positions(3), atol=1e-5)
process.stdin.close()
assert process.wait() == 0
