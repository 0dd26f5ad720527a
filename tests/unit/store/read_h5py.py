"""Frame files as h5py and pandas-like tools see them, at rest and while they grow."""
from expected import N_ATOMS, N_POINTS, N_ROWS, growing, need, path, positions, samples, velocities

np, h5py = need("numpy", "h5py")

directory = samples()
with h5py.File(path(directory, "sample.h5"), "r") as f:
    assert list(f["h5md"].attrs["version"]) == [1, 1]
    assert f["h5md/creator"].attrs["name"] == "ddmd"
    assert f["h5md/creator"].attrs["note"] == "a sample"
    assert isinstance(f["h5md/author"].attrs["name"], str)
    assert f["h5md/modules/units"].attrs["system"] == "SI"
    assert list(f["particles"]) == ["trajectory"]
    particles = f["particles/trajectory"]
    assert particles["box"].attrs["dimension"] == 3
    assert list(particles["box"].attrs["boundary"]) == ["none"] * 3
    assert list(particles["species"][:5]) == [7, 6, 6, 1, 7]
    assert particles["position/value"].shape == (N_ROWS, N_ATOMS, 3)
    assert particles["position/value"].attrs["unit"] == "nm"
    assert particles["velocity/value"].attrs["unit"] == "nm ps-1"
    assert particles["position/time"].attrs["unit"] == "ps"
    for row in range(N_ROWS):
        assert np.allclose(particles["position/value"][row], positions(row), atol=1e-6)
        assert np.allclose(particles["velocity/value"][row], velocities(row), atol=1e-5)
    assert list(particles["position/step"]) == list(range(N_ROWS))
    assert list(particles["position/time"]) == [row // 5 + 1 for row in range(N_ROWS)]

    observables = f["observables"]
    assert sorted(observables) == sorted([
        "potential_energy", "kinetic_energy", "rmsd", "radius_of_gyration", "contact_map",
        "simulation", "index", "system", "simulation_step"])
    for name, group in observables.items():
        assert len(group["value"]) == N_ROWS, name
        assert group["step"] == particles["position/step"], name  # one object, linked
        assert group["time"] == particles["position/time"], name
    rows = np.arange(N_ROWS)
    assert (observables["simulation/value"][:] == rows % 5).all()
    assert (observables["index/value"][:] == rows // 5).all()
    assert (observables["simulation_step/value"][:] == (rows // 5 + 1) * 500).all()
    assert (observables["potential_energy/value"][:] == -100.0 / (rows + 1)).all()
    assert observables["potential_energy/value"].attrs["unit"] == "kJ mol-1"
    assert (np.isnan(observables["rmsd/value"][:]) == (rows % 4 == 3)).all()
    maps = observables["contact_map/value"]
    n_pairs = N_POINTS * (N_POINTS - 1) // 2
    assert maps.shape == (N_ROWS, (n_pairs + 7) // 8)
    bits = np.unpackbits(maps[2], bitorder="little")[:n_pairs]
    assert list(bits[:8]) == [(62 >> i) & 1 for i in range(8)]

    bonds = f["connectivity/bonds"]
    assert bonds.shape == (22, 2)
    assert f[bonds.attrs["particles_group"]] == particles
    atoms, residues = f["parameters/ddmd/atoms"][:], f["parameters/ddmd/residues"][:]
    assert atoms["name"][3] == b"HB2" and atoms["element"][3] == b"H"
    assert residues["name"][atoms["residue"][5]] == b"ALA"
    assert residues["number"][0] == -3
    assert list(f["parameters/ddmd/chains"]["id"]) == [b"A", b"B"]

directory, process = growing()
with h5py.File(path(directory, "sample.h5"), "r", libver="latest", swmr=True) as f:
    values, steps = f["particles/trajectory/position/value"], f["particles/trajectory/position/step"]
    for n in range(N_ROWS, 5 * N_ROWS, N_ROWS):
        steps.refresh()
        values.refresh()
        assert len(steps) == n and len(values) >= n
        assert np.allclose(values[n - 1], positions(n - 1), atol=1e-6)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == f"{n + N_ROWS}\n"
process.stdin.close()
assert process.wait() == 0
