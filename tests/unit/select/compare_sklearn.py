"""Compare DBSCAN labels and local outlier factors with scikit-learn's.

compare_sklearn.py PROGRAM, where PROGRAM is label_and_score. Exit status 77: no scikit-learn.

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


def compare(program, folder, points, eps, min_samples, neighbors, scored):
    points = points.astype(numpy.float32)
    paths = [os.path.join(folder, name) for name in ("points", "labels", "scores")]
    points.tofile(paths[0])
    n, dim = points.shape
    subprocess.run([program, paths[0], str(n), str(dim), repr(eps), str(min_samples),
                    str(neighbors), paths[1], paths[2]], check=True)
    labels = numpy.fromfile(paths[1], numpy.int32)
    scores = numpy.fromfile(paths[2], numpy.float64)
    points = points.astype(numpy.float64)
    tree = {"algorithm": "kd_tree"}  # what "auto" takes, too, but for few points
    expected = DBSCAN(eps=eps, min_samples=min_samples, **tree).fit(points).labels_
    same = numpy.array_equal(labels, expected)
    error = 0.0
    if scored:
        factor = LocalOutlierFactor(n_neighbors=neighbors, **tree).fit(points)
        expected_scores = -factor.negative_outlier_factor_
        error = numpy.abs(scores / expected_scores - 1).max()
    print("n %5d dim %2d eps %.4f: %3d clusters, %4d noise, labels %s, %s"
          % (n, dim, eps, labels.max() + 1, (labels < 0).sum(), "equal" if same else "DIFFER",
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
                for share in (0.01, 0.1):
                    eps = float(numpy.quantile(distances, share))
                    min_samples = int(random.integers(2, 13))
                    neighbors = int(random.integers(2, 41))
                    cases += 1
                    # on a line so far out, float32 has few values for the points to be at
                    tied = make is lattice or (make is far_away and dim == 1)
                    good &= compare(sys.argv[1], folder, points, eps, min_samples, neighbors,
                                    not tied)
    print("%d cases: %s" % (cases, "all equal" if good else "NOT EQUAL"))
    return 0 if good else 1


sys.exit(main())
