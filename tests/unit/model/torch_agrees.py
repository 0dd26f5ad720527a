#!/usr/bin/python3
"""Losses and gradients of the CVAE against PyTorch's, for equal weights, inputs and random numbers.

Usage: torch_agrees.py GRADIENTS SOURCE_DIR, with the program of gradients.c.

Everything is float32 on both sides. Sums of up to some ten thousand products in different orders,
and Winograd's convolutions, leave relative distances (Euclidean norms) of a few 1e-6; 1e-4 allows
for a relu that switches. The bias of the last layer is one sum of terms that nearly cancel, so it is
measured against the whole gradient.
"""
import os
import subprocess
import sys
import tempfile

try:
    import numpy
    import torch
except ImportError as missing:
    print(f"skipped: {missing}; install python3-torch to compare with PyTorch")
    sys.exit(77)

TOLERANCE = 1e-4
CASES = {
    "the published model of small systems": "28 10 128 64:3:1 64:3:2 64:3:1 64:3:1",
    "16 filters": "28 10 128 16:3:1 16:3:2 16:3:1 16:3:1",
    "odd sizes": "21 3 17 5:5:2 7:3:1 6:3:2",
}


class Pass:
    """What gradients.c wrote."""

    def __init__(self, path):
        with open(path, "rb") as file:
            text, _, rest = file.read().partition(b"end\n")
        lines = [line.split() for line in text.decode().splitlines()]
        self.side, self.latent_dim, self.dense_width, self.n = map(int, lines[0][1:])
        self.layers = [tuple(map(int, line[1:])) for line in lines if line[0] == "layer"]
        self.losses = [float(x) for line in lines if line[0] == "losses" for x in line[1:]]
        shapes = {line[1]: tuple(map(int, line[2:])) for line in lines if line[0] == "parameter"}
        self.numbers, self.at = numpy.frombuffer(rest, "<f4"), 0
        self.parameters = {name: self.take(*shape) for name, shape in shapes.items()}
        self.maps = self.take(self.n, 1, self.side, self.side)
        self.keep = self.take(self.n, self.dense_width)
        self.noise = self.take(self.n, self.latent_dim)
        self.counts = self.take(self.n)
        self.gradient = {name: self.take(*shape) for name, shape in shapes.items()}
        assert self.at == len(self.numbers)

    def take(self, *shape):
        count = int(numpy.prod(shape))
        self.at += count
        return torch.from_numpy(self.numbers[self.at - count:self.at].reshape(shape).copy())


def modules(model):
    """ddmd's names of layers, and PyTorch's objects."""
    n = len(model.encoder)
    named = {f"encoder.conv{i + 1}": model.encoder[i] for i in range(n)}
    named.update({f"decoder.conv{n - i}": model.decoder[i] for i in range(n)})
    named.update({"encoder.dense": model.encoder_dense, "z_mean": model.z_mean,
                  "z_log_var": model.z_log_var, "decoder.dense1": model.decoder_dense1,
                  "decoder.dense2": model.decoder_dense2})
    return named


def as_torch(name, value, deepest):
    """ddmd flattens [row][column][channel], PyTorch [channel][row][column]."""
    channels, side, _ = deepest
    if name == "encoder.dense.weight":
        return value.reshape(-1, side, side, channels).permute(0, 3, 1, 2).reshape(value.shape)
    if name.startswith("decoder.dense2."):
        split = value.reshape(side, side, channels, -1).permute(2, 0, 1, 3)
        return split.reshape(value.shape)
    return value


def distance(a, b):
    return float((a.double() - b.double()).norm())


def compare(title, done, Cvae):
    filters, kernels, strides = zip(*done.layers)
    model = Cvae(done.side, filters, kernels, strides, done.dense_width, done.latent_dim)
    named = modules(model)
    assert {f"{n}.{p}" for n in named for p in ("weight", "bias")} == set(done.parameters)
    with torch.no_grad():
        for name, value in done.parameters.items():
            layer, _, kind = name.rpartition(".")
            getattr(named[layer], kind).copy_(as_torch(name, value, model.deepest))
    losses = model.losses(done.maps, done.keep, done.noise, done.counts)
    (losses[0] + losses[1]).backward()
    worst = max(abs(ours / float(theirs.detach()) - 1) for ours, theirs in zip(done.losses, losses))
    failed = not worst < TOLERANCE
    print(f"{title}: losses {done.losses[0]:.4f} + {done.losses[1]:.4f}, off by {worst:.1e}")
    whole = sum(float(g.double().norm()) ** 2 for g in done.gradient.values()) ** 0.5
    for name, ours in done.gradient.items():
        layer, _, kind = name.rpartition(".")
        theirs = getattr(named[layer], kind).grad
        size = whole if theirs.numel() == 1 else float(theirs.norm())
        off = distance(as_torch(name, ours, model.deepest), theirs) / size
        if not off < TOLERANCE:
            failed = True
            print(f"FAILED: {title}: gradient of {name}: relative distance {off:.2e}")
        worst = max(worst, off)
    print(f"{title}: gradients off by {worst:.1e} at most")
    return failed


def main():
    program, source = sys.argv[1:]
    sys.path.insert(0, os.path.join(source, "bench", "peers"))
    from torch_cvae import Cvae
    torch.set_num_threads(1)
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "pass")
        for title, sizes in CASES.items():
            subprocess.run([program, path, *sizes.split()], check=True)
            failures += compare(title, Pass(path), Cvae)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
