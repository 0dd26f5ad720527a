"""DCD files as MDTraj sees them."""
from expected import N_ATOMS, N_ROWS, need, path, positions, samples

np, mdtraj = need("numpy", "mdtraj")

directory = samples()
trajectory = mdtraj.load(path(directory, "sample.dcd"), top=path(directory, "sample.pdb"))
assert trajectory.n_frames == N_ROWS
assert trajectory.n_atoms == N_ATOMS
for row in range(N_ROWS):
    assert np.allclose(trajectory.xyz[row], positions(row), atol=1e-6)  # nm
