"""What tests/unit/store/sample.c puts into frame `row`, computed again."""
import os
import subprocess
import sys
import tempfile

N_ATOMS, N_POINTS, N_ROWS = 30, 8, 10


def need(*modules):
    """Import modules, or skip the test where one is missing."""
    try:
        return [__import__(module) for module in modules]
    except ImportError as error:
        print(error)
        sys.exit(77)


def numbers(row, n):
    import numpy as np
    return (np.sin(row * 0.7 + np.arange(n) * 0.31) * 3.0).astype(np.float32)


def positions(row):
    return numbers(row, 3 * N_ATOMS).reshape(N_ATOMS, 3)


def velocities(row):
    return numbers(row + 1000003, 3 * N_ATOMS).reshape(N_ATOMS, 3)


def samples():
    """A temporary directory with sample.pdb, sample.h5 and sample.dcd."""
    directory = tempfile.TemporaryDirectory()
    subprocess.run([sys.argv[1], directory.name], check=True)
    return directory


def growing():
    """The same with a writer that is still at work: (directory, process)."""
    directory = tempfile.TemporaryDirectory()
    process = subprocess.Popen([sys.argv[1], directory.name, "grow"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == f"{N_ROWS}\n"
    return directory, process


def path(directory, name):
    return os.path.join(directory.name, name)
