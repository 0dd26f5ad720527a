"""Compare k-means with scikit-learn's, from the same initial centres.

compare_kmeans.py PROGRAM, where PROGRAM is cluster_file. Exit status 77: no scikit-learn.

Labels must be equal; they could differ where a point is as near to two centres as rounding can tell,
which points of continuous distributions are not. Centres and inertia are means and sums of at most
3000 float64 terms in another order: 1e-10 relative is far above what rounding gives.
"""
import os
import subprocess
import sys
import tempfile

os.environ["OMP_NUM_THREADS"] = "1"  # the points are few

try:
    import numpy
    from sklearn.cluster import KMeans
except ImportError as error:
    print("skipped: %s (install python3-sklearn)" % error)
    sys.exit(77)


def blobs(random, n, dim):
    centres = 4 * random.normal(size=(6, dim))
    return centres[random.integers(0, 6, n)] + 0.5 * random.normal(size=(n, dim))


def walk(random, n, dim):
    return numpy.cumsum(0.1 * random.normal(size=(n, dim)), axis=0)


def uniform(random, n, dim):
    return random.random(size=(n, dim))


def compare(program, folder, points, k, random):
    points = points.astype(numpy.float32)
    n, dim = points.shape
    paths = [os.path.join(folder, name) for name in ("points", "initial", "labels", "centers")]
    initial = points[random.choice(n, k, replace=False)].astype(numpy.float64)
    points.tofile(paths[0])
    initial.tofile(paths[1])
    told = subprocess.run([program, paths[0], str(n), str(dim), paths[1], str(k), *paths[2:]],
                          check=True, capture_output=True, text=True).stdout.split()
    labels = numpy.fromfile(paths[2], numpy.int32)
    centers = numpy.fromfile(paths[3], numpy.float64).reshape(k, dim)
    peer = KMeans(n_clusters=k, init=initial, n_init=1, max_iter=1000, tol=0,
                  algorithm="lloyd").fit(points.astype(numpy.float64))
    same = numpy.array_equal(labels, peer.labels_)
    off = abs(centers - peer.cluster_centers_).max() / abs(points).max()
    off_inertia = abs(float(told[0]) / peer.inertia_ - 1)
    print("n %4d dim %2d k %2d: %3s iterations, labels %s, centres off by %.1e, inertia by %.1e"
          % (n, dim, k, told[1], "equal" if same else "DIFFER", off, off_inertia))
    return same and off < 1e-10 and off_inertia < 1e-10


def main():
    random = numpy.random.default_rng(2010)
    good = True
    cases = 0
    with tempfile.TemporaryDirectory() as folder:
        for make in (blobs, walk, uniform):
            for dim in (1, 2, 3, 5, 10, 12):
                for k in (2, 6, 17, 40):
                    n = int(random.integers(500, 3000))
                    good &= compare(sys.argv[1], folder, make(random, n, dim), k, random)
                    cases += 1
    print("%d cases: %s" % (cases, "all equal" if good else "NOT EQUAL"))
    return 0 if good else 1


sys.exit(main())
