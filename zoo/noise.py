"""Seeded, counter-based noise: the same bits in Keras on any backend, SavedModel and ONNX Runtime.

The generator is Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror & Shaw 2011, "Parallel random
numbers: as easy as 1, 2, 3"): a keyed bijection of 64-bit counters made of 32-bit additions,
rotations and exclusive-ors, which every runtime computes alike. The seed is the key and the
counter is the place in the output, so that row i depends on seed[i] alone, whatever the batch.

Logarithms, sines and fused multiply-adds are *not* alike from one runtime to another. So what
follows the integers are table look-ups and at most one multiplication, which IEEE 754 rounds in one
way only.
"""

import functools
import math

import keras
import numpy as np
from keras import ops

from zoo.errors import InputError

_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
_PARITY = 0x1BD11BDA  # of the key schedule
_ROUNDS = 20
_RADII = _QUANTILES = 2**16  # entries of a table indexed by the upper 16 bits of a word
_ANGLES = 2**14


def split_seed(seed):
    """int64 [batch] -> (low, high), each uint32 [batch]: the two halves of each seed.

    A pair of such halves is returned as it is. Arrays and lists are split by numpy, before they
    reach a backend: JAX has no int64 unless asked.

    Raises:
        InputError: if it is not one integer a sample, or does not fit into 64 bits with a sign.
    """
    if isinstance(seed, tuple):
        return seed
    if ops.is_tensor(seed) and keras.backend.backend() != "jax":
        # A plain 32: Keras promotes a pair of uint64 tensors to another type.
        whole = ops.cast(seed, "uint64")
        return ops.cast(whole, "uint32"), ops.cast(ops.right_shift(whole, 32), "uint32")
    given = np.asarray(seed)
    if given.ndim != 1 or given.dtype.kind not in "iu" or given.dtype == np.uint64:
        raise InputError(
            f"seed: given {given.dtype} {list(given.shape)}, wanted int64 [batch], one a sample."
        )
    whole = given.astype(np.int64).astype(np.uint64)
    return whole.astype(np.uint32), (whole >> np.uint64(32)).astype(np.uint32)


def threefry(key, counter, library=ops):
    """Threefry-2x32-20: two pairs of uint32 tensors that broadcast -> a pair of their shape.

    With numpy as the library, of arrays with one axis at least, where no backend should compute.
    """
    tensor = np.asarray if library is np else ops.convert_to_tensor
    key = tuple(tensor(word, "uint32") for word in key)
    parity = library.bitwise_xor(
        library.bitwise_xor(key[0], key[1]), tensor(np.uint32(_PARITY), "uint32")
    )
    schedule = (*key, parity)
    # Plain `+`: `keras.ops.add` on TensorFlow takes [1, n] + [n, 1] for a bias and answers [1, n].
    x, y = (tensor(c, "uint32") + k for c, k in zip(counter, key, strict=True))
    for round_ in range(_ROUNDS):
        x = x + y
        y = library.bitwise_xor(_rotate(y, _ROTATIONS[round_ % 8], library), x)
        if round_ % 4 == 3:
            turn = (round_ + 1) // 4
            x = x + schedule[turn % 3]
            y = y + schedule[(turn + 1) % 3] + tensor(np.uint32(turn), "uint32")
    return x, y


def bits(seed, count, stream=0):
    """A pair of uint32 [batch, count], random words, from int64 [batch] of seeds.

    Column i is the block with the counter (i, stream): `stream` tells apart the draws of one seed
    that a model makes for different ends.
    """
    key = (ops.expand_dims(ops.convert_to_tensor(word, "uint32"), 1) for word in split_seed(seed))
    counter = np.arange(count, dtype=np.uint32)[None, :], np.full((1, count), stream, np.uint32)
    return threefry(tuple(key), counter)


def uniform(seed, shape, stream=0):
    """float32 [batch, *shape] on [0, 1): multiples of 2**-24."""
    first, _ = bits(seed, math.prod(shape), stream)
    return _shaped(ops.cast(ops.right_shift(first, _word(8)), "float32") * 2.0**-24, shape)


def normal(seed, shape, stream=0):
    """float32 [batch, *shape] of standard normal noise.

    Box & Muller 1958, one half of each pair: sqrt(-2 ln u) cos(2 pi v), with u one of 65,536
    midpoints and v one of 16,384. The largest value is 4.85; a normal exceeds that once in 800,000.
    """
    first, second = bits(seed, math.prod(shape), stream)
    radius = _look_up(_radii(), first, 16)
    return _shaped(radius * _look_up(_cosines(), second, 18), shape)


def gumbel(seed, shape, stream=0):
    """float32 [batch, *shape] of standard Gumbel noise: -ln(-ln u), u one of 65,536 midpoints.

    The argmax of log-probabilities plus this noise is a categorical sample.
    """
    first, _ = bits(seed, math.prod(shape), stream)
    return _shaped(_look_up(_gumbel_quantiles(), first, 16), shape)


def laplace(seed, shape, stream=0):
    """float32 [batch, *shape] of standard Laplace noise: quantiles of 65,536 midpoints."""
    first, _ = bits(seed, math.prod(shape), stream)
    return _shaped(_look_up(_laplace_quantiles(), first, 16), shape)


def logistic(seed, shape, stream=0):
    """float32 [batch, *shape] of standard logistic noise: as `laplace`."""
    first, _ = bits(seed, math.prod(shape), stream)
    return _shaped(_look_up(_logistic_quantiles(), first, 16), shape)


def draw(kinds, seed, stream=0):
    """float32 [batch, sum of counts]: noise of several kinds side by side.

    Args:
        kinds: ((kind, count), ...), each kind one of `KINDS`; each has a stream of its own, the
            first `stream`, the others those from `stream + 16` on.
    """
    parts = [
        KINDS[kind](seed, (count,), stream + 16 * place)
        for place, (kind, count) in enumerate(kinds)
    ]
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)


KINDS = {
    "normal": normal,
    "uniform": uniform,
    "gumbel": gumbel,
    "laplace": laplace,
    "logistic": logistic,
}


def draw_afresh(kinds, rows, generator):
    """As `draw`, of `rows` rows from a `keras.random.SeedGenerator`: what training draws.

    Of the kinds "normal", "uniform" and "gumbel".

    Raises:
        InputError: for another kind.
    """
    parts = []
    for kind, count in kinds:
        if kind not in AFRESH:
            raise InputError(
                f"noise of the kind {kind!r} is not drawn afresh; there are {', '.join(AFRESH)}: "
                "make it of uniform noise."
            )
        parts.append(AFRESH[kind]((rows, count), generator))
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)


def _gumbel_afresh(shape, generator):
    # A uniform number may be 0, whose logarithm is infinite, but never 1.
    return -ops.log(-ops.log(ops.maximum(keras.random.uniform(shape, seed=generator), 2.0**-25)))


AFRESH = {
    "normal": lambda shape, generator: keras.random.normal(shape, seed=generator),
    "uniform": lambda shape, generator: keras.random.uniform(shape, seed=generator),
    "gumbel": _gumbel_afresh,
}


@functools.cache
def _laplace_quantiles():
    midpoints = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    tail = np.log(2.0 * np.minimum(midpoints, 1.0 - midpoints))
    return np.where(midpoints < 0.5, tail, -tail).astype(np.float32)


@functools.cache
def _logistic_quantiles():
    midpoints = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    return (np.log(midpoints) - np.log(1.0 - midpoints)).astype(np.float32)


@functools.cache
def _radii():
    midpoints = (np.arange(_RADII) + 0.5) / _RADII
    return np.sqrt(-2.0 * np.log(midpoints)).astype(np.float32)


@functools.cache
def _cosines():
    return np.cos(2.0 * np.pi * (np.arange(_ANGLES) + 0.5) / _ANGLES).astype(np.float32)


@functools.cache
def _gumbel_quantiles():
    midpoints = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    return (-np.log(-np.log(midpoints))).astype(np.float32)


def _look_up(table, words_, shift):
    """The table's entry at the upper bits of each word."""
    return ops.take(table, ops.cast(ops.right_shift(words_, _word(shift)), "int32"), axis=0)


def _rotate(word, count, library):
    by = np.uint32 if library is np else _word
    left = library.left_shift(word, by(count))
    return library.bitwise_or(left, library.right_shift(word, by(32 - count)))


def _word(value):
    return ops.convert_to_tensor(np.uint32(value), "uint32")


def _shaped(flat, shape):
    return ops.reshape(flat, (-1, *shape))
