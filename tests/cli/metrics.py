"""metrics.py SCRIPT: compare metrics.json with the campaigns `learns` and `plain`."""
import importlib.machinery
import json
import sqlite3
import sys

import h5py
import numpy

sys.dont_write_bytecode = True
metrics = importlib.machinery.SourceFileLoader("metrics", sys.argv[1]).load_module()
said = json.load(open("metrics.json"))
assert [r["run"] for r in said["runs"]] == ["learns", "plain"]
assert said["reference"]["run"] == "learns" and said["reference"]["frames"] == 360

# The encoder agrees with what ddmd wrote of the same frames and weights: float32 sums of some
# hundred terms in another order.
run = metrics.Run("learns")
encoder = metrics.Encoder(run.newest_model())
latent = encoder.embed(run.maps)[run.map_of]
with h5py.File("learns/models/embedding-0003.h5", "r") as f:
    assert f.attrs["model_version"] == encoder.version == 3
    numpy.testing.assert_allclose(latent, f["latent"][:], rtol=1e-4, atol=1e-5)

for name, one in zip(("learns", "plain"), said["runs"]):
    with h5py.File(f"{name}/frames-0.h5", "r") as f:
        rmsd = f["observables/rmsd/value"][:] * 10
        maps = f["observables/contact_map/value"][:]
    assert one["frames"] == 360 and one["maps"] == len({m.tobytes() for m in maps})
    # 6 replicas with 20 frames a round, in the order in which they came
    for r in range(3):
        part = rmsd[120 * r:120 * (r + 1)]
        row = one["rmsd"][r]
        assert row["round"] == r + 1 and row["frames"] == 120
        assert abs(row["quantiles"]["0.5"] - numpy.median(part)) < 1e-3
        assert abs(row["quantiles"]["0"] - part.min()) < 1e-3
        assert row["frames_by_angstrom"] == [int(((part >= a) & (part < a + 1)).sum())
                                             for a in range(len(row["frames_by_angstrom"]))]
        assert sum(row["frames_by_angstrom"]) == 120
    shares = [v["share"] for v in one["visited"]]
    assert [v["simulated_ns"] for v in one["visited"]] == [0.12, 0.24, 0.36]
    assert shares == sorted(shares) and 0 < shares[0] and shares[-1] <= 1

# The states again, from scratch: a frame's state is that of the nearest centre.
states = metrics.reference_states(run, encoder, 30, 1)
other = metrics.Run("plain")
z = encoder.embed(other.maps)[other.map_of]
nearest = ((z[:, None, :] - states.cluster_centers_[None]) ** 2).sum(axis=2).argmin(axis=1)
for r, v in enumerate(said["runs"][1]["visited"]):
    assert abs(v["share"] - len(set(nearest[:120 * (r + 1)].tolist())) / 30) < 1e-9
assert said["runs"][0]["visited"][-1]["share"] > 0.8  # the reference visits its own states
assert said["runs"][1]["models"] == [] and said["runs"][1]["phase_share"]["simulate"] > 0

trained = said["runs"][0]["models"]
assert [(m["round"], m["latent_dim"]) for m in trained] == [(r, d) for r in (1, 2, 3)
                                                             for d in (2, 3)]
best = sqlite3.connect("learns/catalogue.sqlite").execute(
    "SELECT min(validation_reconstruction) FROM model").fetchone()[0]
assert min(m["validation_reconstruction"] for m in trained) == best
print("shares", [r["visited"][-1]["share"] for r in said["runs"]])
