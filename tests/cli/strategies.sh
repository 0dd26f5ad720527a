# Every strategy that there is steers a small campaign, keeps its caps, and needs what it says.
. "$(dirname "$0")/lib.sh"
command -v h5diff >/dev/null || skip "h5diff is not installed (hdf5-tools)"

write_toy toy.yaml
expect 0 info --json
strategies=$($PYTHON -c 'import json; print(*(s["name"] for s in json.load(open("out"))["strategies"]))')
for strategy in ml+rmsd ml+lof ml rmsd random least-counts ucb ucb+energy fast fast+lof plain; do
    case " $strategies " in *" $strategy "*) ;; *) fail "info does not list $strategy" ;; esac
done

# Restart points are capped per cluster or state and per simulation, ranked by score, used in order.
cat >check.py <<'PY'
import collections
import sqlite3
import sys

strategy = sys.argv[1]
states = strategy in ("least-counts", "ucb", "ucb+energy", "fast", "fast+lof")
catalogue = sqlite3.connect("s-%s/catalogue.sqlite" % strategy)
rounds = catalogue.execute("SELECT round, strategy, n_candidates, n_outliers, n_clusters, n_points,"
                           " n_restarts FROM round ORDER BY round").fetchall()
assert len(rounds) == 3 and all(row[1] == strategy for row in rounds), rounds
for round, _, n_candidates, n_outliers, n_clusters, n_points, n_restarts in rounds:
    points = catalogue.execute("SELECT cluster, simulation, score, frame FROM restart_point WHERE"
                               " round = ? ORDER BY rank", (round,)).fetchall()
    assert len(points) == n_points
    assert n_restarts == min(n_points, 6), (n_restarts, n_points)
    assert len({(simulation, frame) for _, simulation, _, frame in points}) == n_points
    scores = [score for _, _, score, _ in points]
    assert scores == sorted(scores)
    clusters = collections.Counter(cluster for cluster, _, _, _ in points if cluster >= 0)
    assert max(clusters.values(), default=0) <= 3, clusters
    simulations = collections.Counter(simulation for _, simulation, _, _ in points)
    assert max(simulations.values(), default=0) <= 8, simulations
    assert (n_points == 0) == (strategy == "plain")
    if states:
        assert 1 <= n_clusters <= 11 and n_outliers == 0, (n_clusters, n_candidates)
        assert all(0 <= cluster < n_clusters for cluster, _, _, _ in points)
PY
for strategy in $strategies; do
    expect 0 run toy.yaml --run-dir "s-$strategy" --set selection.strategy=$strategy --quiet \
        --set 'selection={states: 11, exploration: 0.5, max_per_cluster: 3, max_per_simulation: 8}'
    $PYTHON check.py "$strategy" >err 2>&1 || fail "restart points of $strategy"
done
says_not s-fast/log/ddmd.log "outliers of"
says s-fast/log/ddmd.log "states of"

# With the target hidden.
for strategy in ml+lof ml random least-counts ucb+energy fast+lof plain; do
    expect 0 run toy.yaml --run-dir "hidden-$strategy" --set selection.strategy=$strategy --quiet \
        --set system.reference= --set stop.rounds=2
done
for strategy in ml+rmsd rmsd ucb fast; do
    expect 2 check toy.yaml --set selection.strategy=$strategy --set system.reference=
    says err "needs system.reference"
done

# The same seed gives the same bits; what the strategy is told matters.
for run in again:0.5 other:30; do
    expect 0 run toy.yaml --run-dir "${run%:*}" --set selection.strategy=ucb --quiet \
        --set "selection={states: 11, exploration: ${run#*:}, max_per_cluster: 3, max_per_simulation: 8}"
done
$PYTHON "$here/compare.py" s-ucb again || fail "two runs with one seed differ"
if $PYTHON "$here/compare.py" s-ucb other >/dev/null 2>&1; then fail "exploration has no effect"; fi
expect 2 run toy.yaml --set selection.exploration=-1
says err "selection.exploration must be a number from 0"
finish
