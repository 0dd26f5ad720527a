# Benchmarks: what they print, and mistakes in how they are called.
. "$(dirname "$0")/lib.sh"

expect 0 bench --help
says out "md"
expect 2 bench
says err "a benchmark is needed"
expect 2 bench nothing
says err "no benchmark 'nothing'"
expect 2 bench outliers --points 100
says err "--points and --dim are needed"
expect 2 bench outliers --points 100 --dim 0
says err "--dim 0"
expect 2 bench outliers --points 10 --dim 2 --copies 11
says err "--copies 11"
expect 2 bench outliers --points 10 --dim 2 --rounds 1 --labels nowhere/labels
says err "nowhere/labels: No such file"
expect 0 bench outliers --points 600 --dim 3 --copies 2 --rounds 2 --threads 2
says out "600 points, 300 of them different"
expect 0 bench outliers --points 600 --dim 3 --rounds 2 --data data --labels labels \
    --scores scores --json figures.json
$PYTHON -c '
import json, os, struct
figures = json.load(open("figures.json"))
for name in ("dbscan_s", "dbscan_at_eps_s", "lof_s", "dbscan_cpu_s", "dbscan_at_eps_cpu_s",
             "lof_cpu_s", "peak_mb"):
    f = figures[name]
    assert 0 < f["min"] <= f["median"] <= f["max"], (name, f)
assert figures["points"] == 600 and figures["dim"] == 3, figures
assert 30 <= figures["outliers"] <= 150 and figures["eps"] > 0, figures
assert os.path.getsize("data") == 600 * 3 * 4 and os.path.getsize("scores") == 600 * 8
labels = struct.unpack("600i", open("labels", "rb").read())
assert sum(label < 0 for label in labels) == figures["outliers"], figures
assert max(labels) + 1 == figures["clusters"], figures
' || fail "figures of outliers"
expect 2 bench train --precision f64
says err "--precision f64: it must be f32 or bf16"
expect 2 bench train --filters 0
says err "--filters 0"
expect 2 bench embed --seconds 0
says err "--seconds 0"
expect 2 bench embed extra
says err "'extra' is not an option"
expect 2 bench train --data nowhere/maps
says err "nowhere/maps: No such file"
for what in train embed; do
    expect 0 bench $what --residues 11 --filters 4 --batch 8 --rounds 2 --seconds 0.01 \
        --threads 2 --data maps --json figures.json
    $PYTHON -c '
import json, os, struct, sys
figures = json.load(open("figures.json"))
for name in ("samples_per_s", "samples_per_cpu_s", "gflop_per_s", "gflop_per_cpu_s",
             "conv_gflop_per_s", "conv_gflop_per_cpu_s", "conv_efficiency", "conv_efficiency_wall"):
    f = figures[name]
    assert 0 < f["min"] <= f["median"] <= f["max"], (name, f)
assert figures["threads"] == 2 and figures["precision"] == "f32", figures
assert (0 < figures["loss"] < 121) if sys.argv[1] == "train" else "loss" not in figures, figures
maps = open("maps", "rb").read()
assert struct.unpack("<2I", maps[:8]) == (11, 128) and len(maps) == 8 + 128 * 121
for m in range(128):
    map = maps[8 + m * 121:8 + (m + 1) * 121]
    assert all(map[i * 11 + j] == map[j * 11 + i] for i in range(11) for j in range(11))
assert set(maps[8:]) == {0, 1}
' $what || fail "figures of $what"
done
expect 0 bench md --help
says out "ddmd bench md"
expect 2 bench md
says err "--system is needed"
expect 2 bench md --system ACE-A-NME --rounds 0
says err "--rounds 0"
expect 2 bench md --system ACE-A-NME --seconds x
says err "--seconds x"
expect 2 bench md --system ACE-A-NME extra
says err "'extra' is not an option"
expect 2 bench md --system no-such-file.pdb
says err "no-such-file.pdb"

expect 0 bench stream --help
says out "ddmd bench stream"
expect 2 bench stream
says err "--residues is needed"
expect 2 bench stream --residues 1000000
says err "--residues 1000000"
expect 2 bench stream --residues 28 extra
says err "'extra' is not an option"
# the last batch is not full, and neither the queues nor the ring hold all
expect 0 bench stream --residues 60 --frames 403 --batch 7 --rounds 2 --json
mv out stream.json
$PYTHON -c '
import json
figures = json.load(open("stream.json"))
assert (figures["residues"], figures["frames"], figures["batch"]) == (60, 403, 7), figures
for name in ("frames_per_s", "mb_per_s", "latency_ms", "latency_alone_ms", "seconds",
             "cpu_seconds"):
    f = figures[name]
    assert 0 < f["min"] <= f["median"] <= f["max"], (name, f)
f = figures["io_fraction"]
assert 0 <= f["min"] <= f["median"] <= f["max"] <= 1, f
for few, many in (("min", "max"), ("max", "min")):
    rate = figures["frames_per_s"][few] * figures["seconds"][many] / 403
    assert abs(rate - 1) < 1e-9, figures
' || fail "figures of bench stream"
expect 0 bench stream --residues 28 --frames 20 --rounds 1
says out "20 frames of 28 residues"

expect 0 bench modes --help
says out "ddmd bench modes"
expect 2 bench modes
says err "a configuration file is needed"
write_toy toy.yaml
expect 2 bench modes toy.yaml
says err "--minutes is needed"
expect 2 bench modes toy.yaml --minutes 0
says err "--minutes 0"
expect 2 bench modes toy.yaml extra --minutes 1
says err "'extra' is not an option"
expect 2 bench modes nowhere.yaml --minutes 1
says err "nowhere.yaml"
expect 2 bench modes toy.yaml --minutes 1 --set simulation.replicas=0
says err "simulation.replicas"
mkdir tmp
TMPDIR=$scratch/tmp expect 0 bench modes toy.yaml --minutes 0.05 --set streaming.rank_every_s=0.5
says out "training: iterations per hour"
[ -z "$(ls tmp)" ] || fail "left in TMPDIR: $(ls tmp)"
expect 0 bench modes toy.yaml --minutes 0.08 --out both --json modes.json
expect 0 status both/streaming
says out "simulate     computing"
expect 0 status both/streaming --json
$PYTHON -c '
import json, sqlite3
figures = json.load(open("modes.json"))
assert figures["minutes"] == 0.08, figures
for mode in ("sequential", "streaming"):
    f = figures[mode]
    db = sqlite3.connect(f"file:both/{mode}/catalogue.sqlite?mode=ro", uri=True)
    one = lambda sql: db.execute(sql).fetchone()[0]
    assert one("SELECT mode FROM meta") == mode
    assert "wall_minutes" in one("SELECT reason FROM progress"), mode
    hours = one("SELECT elapsed_s FROM progress") / 3600
    assert abs(f["elapsed_s"] / 3600 - hours) < 1e-9 and f["elapsed_s"] >= 4.8, f
    expected = {
        "simulated_ns_per_hour": one("SELECT sum(n_steps) FROM simulation") * 1e-5 / hours,
        "training_iterations_per_hour": one("SELECT count(DISTINCT version) FROM model") / hours,
        "samples_per_training": one("SELECT avg(n_samples) FROM model WHERE kept"),
        "inference_iterations_per_hour": one("SELECT count(*) FROM round") / hours,
        "samples_per_inference": one("SELECT avg(n_candidates) FROM round"),
        "busy_fraction": one("SELECT total(to_s - from_s) FROM activity WHERE role = \"simulate\""
                             " AND activity = \"compute\"") / (7200 * hours), # two workers
    }
    for key, value in expected.items(): # None, 0: a slow machine got to no training or ranking
        assert f[key] == value or abs(f[key] / value - 1) < 1e-9, (mode, key, f[key], value)
    iterations = f["simulated_ns_per_hour"] / (6 * 0.02)
    assert abs(f["simulation_iterations_per_hour"] / iterations - 1) < 1e-9, f
    for key, ratio in figures["ratio"].items():
        if ratio is not None:
            assert abs(ratio * figures["sequential"][key] - figures["streaming"][key]) \
                <= 1e-9 * figures["streaming"][key], key
    assert figures["ratio"]["simulated_ns_per_hour"] > 0, figures

# the same sums for status
s = json.load(open("out"))
rows = db.execute("SELECT role, activity, total(to_s - from_s) FROM activity GROUP BY 1, 2")
sums = {}
for role, activity, seconds in rows:
    sums.setdefault(role, {})[activity] = seconds
assert s["activity"].keys() == sums.keys() == {"simulate", "aggregate", "train", "infer"}, s
for role, parts in sums.items():
    total = sum(parts.values())
    assert abs(s["activity"][role]["seconds"] - total) < 1e-9 * total, role
    for name in ("compute", "wait", "blocked", "write", "unpack"):
        assert abs(s["activity"][role][name] - parts.get(name, 0) / total) < 1e-9, (role, name)
ran = [sums["simulate"].get(name, 0) for name in ("compute", "wait", "blocked")]
assert abs(s["unblocked_fraction"] - ran[0] / sum(ran)) < 1e-9, s
io = sum(p.get("write", 0) + p.get("unpack", 0) for p in sums.values())
assert abs(s["io_fraction"] - io / sum(sum(p.values()) for p in sums.values())) < 1e-9, s
waits = s["seconds_frame_to_decision_all"]
medians = sorted(m for m, in db.execute("SELECT decision_median_s FROM round"
                                        " WHERE decision_median_s IS NOT NULL"))
assert waits["rankings"] == len(medians), waits
assert not medians or abs(waits["median"] - medians[len(medians) // 2]) < 1e-9, waits
' || fail "figures of bench modes"
expect 2 bench modes toy.yaml --minutes 0.01 --out both
says err "both/sequential exists already"

ddmd info --json >info.json || fail "info"
$PYTHON -c '
import json, sys
engines = {e["name"]: e for e in json.load(open("info.json"))["engines"]}
sys.exit(0 if engines["openmm"]["available"] else 1)' || skip "engine openmm is not available"
"$DDMD" peptide ACE-A-NME -o peptide.pdb >out 2>err || fail "peptide"
if ! "$DDMD" energy peptide.pdb >out 2>err; then skip "$(cat err)"; fi

expect 0 bench md --system ACE-A-NME --rounds 2 --seconds 0.05 --replicas 3 \
    --gb-interval-steps 2 --json
mv out figures.json
$PYTHON -c '
import json
figures = json.load(open("figures.json"))
assert figures["atoms"] == 22 and figures["replicas"] == 3, figures
assert figures["timestep_fs"] == 2 and figures["gb_interval_steps"] == 2, figures
assert figures["isa"] in ("avx512", "avx2", "neon", "plain"), figures
for name in ("ensemble", "openmm_nocutoff", "openmm_cutoff"):
    for unit in ("steps_per_s", "steps_per_cpu_s", "ns_per_day"):
        f = figures[name][unit]
        assert 0 < f["min"] <= f["median"] <= f["max"], (name, f)
    day = figures[name]["steps_per_s"]["max"] * 2e-6 * 86400
    assert abs(figures[name]["ns_per_day"]["max"] / day - 1) < 1e-9, figures
for name in ("ratio_nocutoff", "ratio_cutoff", "scaling"):
    for f in (figures[name], figures[name + "_cpu"]):
        assert 0 < f["min"] <= f["median"] <= f["max"], (name, f)
f = figures["scaling"]
assert f["min"] == f["max"] == 1, f
f = figures["features_share"]
assert 0 < f["min"] <= f["median"] <= f["max"], f
' || fail "figures"
expect 0 bench md --system peptide.pdb --rounds 1 --seconds 0.05 --threads 2 --json file.json
$PYTHON -c '
import json
figures = json.load(open("file.json"))
assert figures["threads"] == 2 and figures["replicas"] == 32, figures
f = figures["scaling_cpu"]
assert 0 < f["min"] <= f["median"] <= f["max"] and f["max"] != 1, f' || fail "figures in a file"
expect 0 peptide ACE-AAA-NME -o whole.pdb
awk 'substr($0, 23, 4) + 0 != 3' whole.pdb >gap.pdb
expect 0 bench md --system gap.pdb --rounds 1 --seconds 0.05
says err "warning: gap.pdb: the peptide bond between ALA 2 and ALA 4"
DDMD_ISA=sse9 expect 2 bench md --system ACE-A-NME
says err "DDMD_ISA"
finish
