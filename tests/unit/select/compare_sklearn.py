"""Compare DBSCAN labels and local outlier factors with scikit-learn's.

compare_sklearn.py PROGRAM, where PROGRAM is label_and_score. Exit status 77: no scikit-learn.

A point that occurs many times is given to DBSCAN once, with a sample weight, and to the local outlier
factor, which knows no weights, as often as it occurs.

Labels must be equal. Scores may differ by rounding: both sum at most 40 terms in float64, in
another order, so that 1e-13 relative is far above what rounding gives and far below any mistake.
Scores are compared on points without ties, among which scikit-learn's choice is not defined.
"""
import os
import subprocess
import sys
import tempfile

try:
    import numpy
    from sklearn.cluster import DBSCAN
    from sklearn.neighbors import LocalOutlierFactor
except ImportError as error:
    print("skipped: %s (install python3-sklearn)" % error)
    sys.exit(77)


def blobs(random, n, dim):
    centres = 4 * random.normal(size=(6, dim))
    points = centres[random.integers(0, 6, n)] + 0.5 * random.normal(size=(n, dim))
    strays = random.random(n) < 0.05
    points[strays] = random.uniform(-9, 9, size=(strays.sum(), dim))
    return points


def walk(random, n, dim):
    return numpy.cumsum(0.1 * random.normal(size=(n, dim)), axis=0)


def lattice(random, n, dim):
    return random.integers(0, 5, size=(n, dim)).astype(float)


def far_away(random, n, dim):
    return 1000 + 0.1 * blobs(random, n, dim)


def compare(program, folder, points, counts, eps, min_samples, neighbors, scored):
    points = points.astype(numpy.float32)
    counts = counts.astype(numpy.uint32)
    paths = [os.path.join(folder, name) for name in ("points", "counts", "labels", "scores")]
    points.tofile(paths[0])
    counts.tofile(paths[1])
    n, dim = points.shape
    subprocess.run([program, paths[0], paths[1], str(n), str(dim), repr(eps), str(min_samples),
                    str(neighbors), paths[2], paths[3]], check=True)
    labels = numpy.fromfile(paths[2], numpy.int32)
    scores = numpy.fromfile(paths[3], numpy.float64)
    points = points.astype(numpy.float64)
    tree = {"algorithm": "kd_tree"}  # what "auto" takes, too, but for few points
    dbscan = DBSCAN(eps=eps, min_samples=min_samples, **tree)
    expected = dbscan.fit(points, sample_weight=counts.astype(float)).labels_
    same = numpy.array_equal(labels, expected)
    error = 0.0
    if scored:
        copies = numpy.repeat(points, counts, axis=0)
        factor = LocalOutlierFactor(n_neighbors=neighbors, **tree).fit(copies)
        expected_scores = -factor.negative_outlier_factor_
        error = numpy.abs(numpy.repeat(scores, counts) / expected_scores - 1).max()
    print("n %5d of %5d dim %2d eps %.4f: %3d clusters, %4d noise, labels %s, %s"
          % (n, counts.sum(), dim, eps, labels.max() + 1, counts[labels < 0].sum(),
             "equal" if same else "DIFFER",
             "scores off by %.1e" % error if scored else "scores not compared"))
    return same and error < 1e-13


def main():
    random = numpy.random.default_rng(2022)
    good = True
    cases = 0
    with tempfile.TemporaryDirectory() as folder:
        for make in (blobs, walk, lattice, far_away):
            for dim in (1, 2, 3, 5, 10, 12):
                n = int(random.integers(200, 1500))
                points = make(random, n, dim)
                pairs = random.integers(0, n, size=(2, 400))
                distances = numpy.linalg.norm(points[pairs[0]] - points[pairs[1]], axis=1)
                distances = distances[distances > 0]
                often = numpy.where(random.random(n) < 0.2, random.integers(1, 15, n), 1)
                for share, counts in ((0.01, numpy.ones(n)), (0.1, numpy.ones(n)), (0.05, often)):
                    eps = float(numpy.quantile(distances, share))
                    min_samples = int(random.integers(2, 13))
                    neighbors = int(random.integers(2, 41))
                    cases += 1
                    # on a line so far out, float32 has few values for the points to be at
                    tied = make is lattice or (make is far_away and dim == 1)
                    good &= compare(sys.argv[1], folder, points, counts, eps, min_samples,
                                    neighbors, not tied)
    print("%d cases: %s" % (cases, "all equal" if good else "NOT EQUAL"))
    return 0 if good else 1


sys.exit(main())
