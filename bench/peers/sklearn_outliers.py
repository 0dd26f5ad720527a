#!/usr/bin/python3
"""scikit-learn's DBSCAN and local outlier factor on the points of `ddmd bench outliers --data`.

sklearn_outliers.py DATA DIM EPS MIN_SAMPLES NEIGHBORS [--settings ALGORITHM:JOBS,...]
                    [--labels FILE] [--scores FILE]

One JSON object on standard output: for dbscan and lof, seconds (wall_s) and processor time (cpu_s)
of each setting. Labels (int32) and scores (float64) are those of the last setting. Where algorithm
`auto` is one of the others, it is not measured again. A setting for which nine tenths of the free
memory are not enough (DBSCAN keeps the neighbours of all points) has no figures.
"""
import argparse
import json
import resource
import sys
import time

import numpy
import sklearn
from sklearn.cluster import DBSCAN
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors

ALL = "auto:1,auto:2,kd_tree:1,kd_tree:2,ball_tree:1,ball_tree:2"


def limit_memory():
    with open("/proc/meminfo") as f:
        free = next(int(line.split()[1]) for line in f if line.startswith("MemAvailable"))
    resource.setrlimit(resource.RLIMIT_AS, (free * 1024 * 9 // 10,) * 2)


def timed(fit, points, figures, setting, before):
    """What was fitted, or `before` where memory is not enough; its times, into figures."""
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        fitted = fit(points)
    except MemoryError:
        return before
    figures[setting] = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    return fitted


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("dim", type=int)
    parser.add_argument("eps", type=float)
    parser.add_argument("min_samples", type=int)
    parser.add_argument("neighbors", type=int)
    parser.add_argument("--settings", default=ALL)
    parser.add_argument("--labels")
    parser.add_argument("--scores")
    args = parser.parse_args()
    limit_memory()

    points = numpy.fromfile(args.data, numpy.float32).reshape(-1, args.dim).astype(numpy.float64)
    auto = NearestNeighbors().fit(points)._fit_method
    settings = [setting.split(":") for setting in args.settings.split(",")]
    named = [algorithm for algorithm, _ in settings]
    result = {"sklearn": sklearn.__version__, "auto": auto, "dbscan": {}, "lof": {}}
    dbscan = lof = None
    for algorithm, jobs in settings:
        if algorithm == "auto" and auto in named:
            continue
        how = {"algorithm": algorithm, "n_jobs": int(jobs)}
        name = "%s:%s" % (algorithm, jobs)
        dbscan = timed(DBSCAN(eps=args.eps, min_samples=args.min_samples, **how).fit, points,
                       result["dbscan"], name, dbscan)
        lof = timed(LocalOutlierFactor(n_neighbors=args.neighbors, **how).fit, points,
                    result["lof"], name, lof)
    if dbscan is None or lof is None:
        sys.exit("sklearn_outliers.py: not enough memory with any of %s" % args.settings)
    if args.labels:
        dbscan.labels_.astype(numpy.int32).tofile(args.labels)
    if args.scores:
        (-lof.negative_outlier_factor_).tofile(args.scores)
    print(json.dumps(result))


main()
