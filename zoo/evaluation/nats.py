"""The ELBO, its two terms and log p(x), in nats per example.

Noise comes from numpy, keyed by a seed and the example's place, so that a figure does not depend
on the Keras backend's generator, on the chunk size, or on where an interrupted run went on.
"""

import concurrent.futures
import os

import numpy as np

from zoo.errors import InputError
from zoo.evaluation import chunks
from zoo.evaluation.compilation import compiled_method

BLOCK = 100  # samples of an example whose noise has one key: what it is must not depend on a chunk
_ELBO, _WEIGHTS = 10, 11  # streams of noise
_MANY = 2**20  # numbers that are worth threads


def noise(seed, stream, first, count, samples, kinds, draw=0):
    """Noise as a posterior's `noise` asks for, float32 [count, samples, sum of the kinds' counts].

    A function of its arguments: row by row, so that the chunk does not matter.
    """
    out = np.empty((count, samples, sum(size for _, size in kinds)), np.float32)

    def fill(row):
        key = np.random.Philox(key=[seed, stream], counter=[0, 0, draw, first + row])
        source, begin = np.random.Generator(key), 0
        for kind, size in kinds:
            out[row, :, begin : begin + size] = _KINDS[kind](source, (samples, size))
            begin += size

    if out.size < _MANY:
        for row in range(count):
            fill(row)
        return out
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(fill, range(count)))  # raises what a thread did
    return out


def _ahead(function, calls):
    """Yields function(*call) of each, in order; the next one is made while one is used."""
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        waiting = []
        for call in calls:
            waiting.append(thread.submit(function, *call))
            if len(waiting) > 1:
                yield waiting.pop(0).result()
        for made in waiting:
            yield made.result()


_KINDS = {
    "normal": lambda source, shape: source.standard_normal(shape, np.float32),
    "uniform": lambda source, shape: source.random(shape, np.float32),
    "gumbel": lambda source, shape: source.gumbel(size=shape),
}


def kinds(model):
    """The noise that a model's posterior takes."""
    return model.latents.noise_kinds()


def elbo(model, split, seed, samples=16, most=None):
    """Yields `elbo`, `reconstruction` (-log p(x|z)) and `kl`: means over a split, nats.

    Of its first `most` examples, where that is given. The reconstruction term is an average over
    `samples` posterior samples, and so is the KL where there is no exact one.
    """
    terms = compiled_method(model, "terms")
    sums, (examples, width) = np.zeros(2), chunks.shared(model, samples)
    count = min(len(split), most or len(split))
    for indices in chunks.of(count, examples):
        x, *condition = split.inputs(indices, model.conditions)
        drawn = noise(seed, _ELBO, indices[0], len(indices), samples, kinds(model))
        for at in range(0, samples, width):
            some = drawn[:, at : at + width]
            out, share = terms(x, some, *condition), some.shape[1] / samples
            for place, name in enumerate(("reconstruction", "kl")):
                sums[place] += share * np.sum(out[name], dtype=np.float64)
    reconstruction, kl = sums / count
    yield "elbo", -(reconstruction + kl)
    yield "reconstruction", reconstruction
    yield "kl", kl


def scores(model, split, most=None):
    """What `score` gives of the first `most` examples: {name: float64 [n]}, nats."""
    score, count = compiled_method(model, "score"), min(len(split), most or len(split))
    parts = [
        score(*split.inputs(indices, model.conditions))
        for indices in chunks.of(count, chunks.examples(model, model.score_rows))
    ]
    return {name: np.concatenate([p[name] for p in parts]).astype(np.float64) for name in parts[0]}


def log_likelihood(model, split, seed, samples=1000, done=None, on_chunk=lambda done: None):
    """log p(x) of every example by importance sampling: float64 [n], nats.

    log p(x) ~ log mean_k p(x, z_k) / q(z_k|x) with z_k drawn from q (Burda et al. 2016,
    equation 8; there the bound L_K). Grows with K towards log p(x), in expectation from below.

    Args:
        samples: K.
        done: float64 [n] of a run to go on with, NaN where there is no value yet.
        on_chunk: called with that array after each chunk of examples.
    """
    if samples < 1:
        raise InputError(f"samples={samples}: importance sampling needs 1 sample or more.")
    weights = compiled_method(model, "log_weight")
    done = np.full(len(split), np.nan) if done is None else np.array(done, np.float64)
    examples, width = chunks.shared(model, min(samples, BLOCK))
    chunked = [i for i in chunks.of(len(split), examples) if not np.isfinite(done[i]).all()]
    blocks = [
        (seed, _WEIGHTS, indices[0], len(indices), min(BLOCK, samples - draw), kinds(model), draw)
        for indices in chunked
        for draw in range(0, samples, BLOCK)
    ]
    drawn_ahead = _ahead(noise, blocks)
    for indices in chunked:
        x, *condition = split.inputs(indices, model.conditions)
        total = np.full(len(indices), -np.inf)
        for _ in range(0, samples, BLOCK):
            drawn = next(drawn_ahead)
            for at in range(0, drawn.shape[1], width):
                log_weight = weights(x, drawn[:, at : at + width], *condition).astype(np.float64)
                total = np.logaddexp(total, np.logaddexp.reduce(log_weight, axis=1))
        done[indices] = total - np.log(samples)
        on_chunk(done)
    return done
