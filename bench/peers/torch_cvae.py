#!/usr/bin/python3
"""The CVAE of ddmd in PyTorch: samples per second of training or embedding.

Brace et al., "Coupling streaming AI and HPC ensembles", section IV.D: convolutions with relu, `same`
padding, a stride of 2 in the second; a dense layer with dropout; latent space; the mirrored decoder;
RMSprop. The loss is binary cross-entropy summed over pixels plus KL divergence, mean over samples.

Usage: torch_cvae.py train|embed --data FILE [--filters 64] [--batch 64] [--threads 1]
                     [--seconds 5 (of processor time)] [--precision f32|bf16] [--layout channels_last|contiguous]

FILE is what `ddmd bench train --data FILE` writes: little-endian uint32 residues and number of maps,
then the maps as bytes 0 and 1, [maps][residues][residues]. One JSON object goes to standard output.
"""
import argparse
import json
import os
import resource
import sys
import time

import numpy
import torch
from torch import nn
import torch.nn.functional as F


class Cvae(nn.Module):
    def __init__(self, side, filters=(64,) * 4, kernels=(3,) * 4, strides=(1, 2, 1, 1),
                 dense_width=128, latent_dim=10, dropout=0.4):
        super().__init__()
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        self.pads = []
        channels = 1
        decoder = []
        for out, kernel, stride in zip(filters, kernels, strides):
            deep = -(-side // stride)
            pad = max((deep - 1) * stride + kernel - side, 0)
            self.pads.append((pad // 2, pad - pad // 2, side))
            self.encoder.append(nn.Conv2d(channels, out, kernel, stride,
                                          padding=pad // 2 if pad % 2 == 0 else 0))
            decoder.insert(0, nn.ConvTranspose2d(out, channels, kernel, stride))
            channels, side = out, deep
        self.decoder.extend(decoder)
        self.deepest = (channels, side, side)
        flat = channels * side * side
        self.encoder_dense = nn.Linear(flat, dense_width)
        self.dropout = nn.Dropout(dropout)
        self.z_mean = nn.Linear(dense_width, latent_dim)
        self.z_log_var = nn.Linear(dense_width, latent_dim)
        self.decoder_dense1 = nn.Linear(latent_dim, dense_width)
        self.decoder_dense2 = nn.Linear(dense_width, flat)
        self.layout = torch.contiguous_format

    def encode(self, maps, keep=None):
        x = maps
        for conv, (low, high, _) in zip(self.encoder, self.pads):
            if low != high:
                x = F.pad(x, (low, high, low, high))
            x = F.relu_(conv(x))
        x = F.relu_(self.encoder_dense(x.flatten(1)))
        x = self.dropout(x) if keep is None else x * keep
        return self.z_mean(x), self.z_log_var(x)

    def decode(self, z):
        x = F.relu_(self.decoder_dense2(F.relu_(self.decoder_dense1(z))))
        x = x.view(-1, *self.deepest).contiguous(memory_format=self.layout)
        for i, conv in enumerate(self.decoder):
            low, high, side = self.pads[len(self.pads) - 1 - i]
            last = i + 1 == len(self.decoder)
            if low == high and (x.shape[2] - 1) * conv.stride[0] + conv.kernel_size[0] == side + 2 * low:
                x = F.conv_transpose2d(x, conv.weight, conv.bias, conv.stride, low)
            else:
                x = conv(x)[:, :, low:low + side, low:low + side]
                if not last:
                    x = x.contiguous(memory_format=self.layout)
            if not last:
                x = F.relu_(x)
        return x

    def losses(self, maps, keep=None, noise=None, counts=None):
        """Reconstruction and KL, nats a map; keep and noise None: drawn."""
        mean, log_var = self.encode(maps, keep)
        if noise is None:
            noise = torch.randn_like(mean)
        logits = self.decode(mean + torch.exp(0.5 * log_var) * noise)
        n = maps.shape[0]
        if counts is None:
            entropy = F.binary_cross_entropy_with_logits(logits.float(), maps.float(),
                                                         reduction="sum")
            kl = 0.5 * torch.sum(mean * mean + torch.exp(log_var) - 1 - log_var)
            return entropy / n, kl / n
        entropy = F.binary_cross_entropy_with_logits(logits, maps, reduction="none").sum((1, 2, 3))
        kl = 0.5 * (mean * mean + torch.exp(log_var) - 1 - log_var).sum(1)
        share = counts / counts.sum()
        return (share * entropy).sum(), (share * kl).sum()


def read_maps(path):
    residues, n = numpy.fromfile(path, "<u4", 2)
    maps = numpy.fromfile(path, numpy.uint8, int(n) * int(residues) ** 2, offset=8)
    return torch.from_numpy(maps.reshape(int(n), 1, int(residues), int(residues)))


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def blas():
    """The library that PyTorch multiplies matrices with, as the system found it."""
    with open("/proc/self/maps") as maps:
        found = {line.split()[-1] for line in maps if "blas" in line}
    return ", ".join(sorted(os.path.basename(os.path.realpath(path)) for path in found))


def train_step(model, optimizer, maps, precision):
    optimizer.zero_grad(set_to_none=True)
    if precision == "bf16":
        with torch.autocast("cpu", dtype=torch.bfloat16):
            entropy, kl = model.losses(maps)
    else:
        entropy, kl = model.losses(maps)
    loss = entropy + kl
    loss.backward()
    optimizer.step()
    return loss


def measure(arguments):
    torch.manual_seed(1)
    torch.set_num_threads(arguments.threads)
    data = read_maps(arguments.data)
    model = Cvae(data.shape[2], filters=(arguments.filters,) * 4)
    if arguments.layout == "channels_last":
        model.layout = torch.channels_last
        model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=0.001, alpha=0.9, eps=1e-8,
                                    foreach=True)
    model.train(arguments.what == "train")

    def one(i):
        first = i * arguments.batch % (len(data) - arguments.batch + 1)
        maps = data[first:first + arguments.batch].float()
        maps = maps.contiguous(memory_format=model.layout)
        if arguments.what == "train":
            return float(train_step(model, optimizer, maps, arguments.precision).detach())
        with torch.no_grad():
            return float(model.encode(maps)[0].sum())

    for i in range(3):
        one(i)
    steps, loss = 0, float("nan")
    started, cpu = time.monotonic(), cpu_seconds()
    while cpu_seconds() - cpu < arguments.seconds * arguments.threads:
        loss = one(steps)
        steps += 1
    elapsed, cpu = time.monotonic() - started, cpu_seconds() - cpu
    samples = steps * arguments.batch
    return {"what": arguments.what, "samples_per_s": samples / elapsed,
            "samples_per_cpu_s": samples / cpu, "loss": loss, "threads": arguments.threads,
            "precision": arguments.precision, "layout": arguments.layout,
            "torch": torch.__version__, "blas": blas()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["train", "embed"])
    parser.add_argument("--data", required=True)
    parser.add_argument("--filters", type=int, default=64)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--layout", choices=["channels_last", "contiguous"],
                        default="channels_last")
    json.dump(measure(parser.parse_args()), sys.stdout)
    print()


if __name__ == "__main__":
    main()
