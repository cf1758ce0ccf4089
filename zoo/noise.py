"""Seeded, counter-based noise: the same numbers in Keras, SavedModel and ONNX Runtime.

The generator is Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror & Shaw 2011, "Parallel random
numbers: as easy as 1, 2, 3"): a keyed bijection of 64-bit counters made of 32-bit additions,
rotations and exclusive-ors, which every runtime computes alike. The seed is the key and the
counter is the place in the output, so that row i depends on seed[i] alone, whatever the batch.

`stream` tells apart the draws of one seed that a model makes for different ends.
"""

import math

import keras
import numpy as np
from keras import ops

from zoo.errors import InputError

_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
_PARITY = 0x1BD11BDA  # of the key schedule
_ROUNDS = 20


def words(seed):
    """int64 [batch] -> (low, high), each uint32 [batch]: the two halves of each seed.

    A pair of such words is returned as it is. Arrays and lists are split by numpy, before they
    reach a backend: JAX has no int64 unless asked.
    """
    if isinstance(seed, tuple):
        return seed
    if keras.ops.is_tensor(seed) and keras.backend.backend() != "jax":
        bits = ops.cast(seed, "uint64")
        low = ops.cast(ops.bitwise_and(bits, ops.cast(0xFFFFFFFF, "uint64")), "uint32")
        return low, ops.cast(ops.right_shift(bits, ops.cast(32, "uint64")), "uint32")
    given = np.asarray(seed)
    if given.ndim != 1 or given.dtype.kind not in "iu" or given.dtype == np.uint64:
        raise InputError(
            f"seed: given {given.dtype} {list(given.shape)}, wanted int64 [batch], one a sample."
        )
    pair = given.astype(np.int64).view(np.uint32).reshape(-1, 2)
    if np.little_endian:
        return pair[:, 0].copy(), pair[:, 1].copy()
    return pair[:, 1].copy(), pair[:, 0].copy()


def threefry(key, counter):
    """Threefry-2x32-20: two pairs of uint32 tensors that broadcast -> a pair of their shape."""
    key = tuple(ops.convert_to_tensor(word, "uint32") for word in key)
    schedule = (*key, _xor(_xor(key[0], key[1]), _word(_PARITY)))
    x, y = (
        ops.add(ops.convert_to_tensor(c, "uint32"), k) for c, k in zip(counter, key, strict=True)
    )
    for round_ in range(_ROUNDS):
        x = ops.add(x, y)
        y = _xor(_rotate(y, _ROTATIONS[round_ % 8]), x)
        if round_ % 4 == 3:
            turn = (round_ + 1) // 4
            x = ops.add(x, schedule[turn % 3])
            y = ops.add(ops.add(y, schedule[(turn + 1) % 3]), _word(turn))
    return x, y


def bits(seed, count, stream=0):
    """uint32 [batch, count] of uniformly random words, from int64 [batch] of seeds."""
    low, high = (ops.expand_dims(ops.convert_to_tensor(w, "uint32"), 1) for w in words(seed))
    blocks = -(-count // 2)
    counter = np.arange(blocks, dtype=np.uint32)[None, :], np.full((1, blocks), stream, np.uint32)
    pair = threefry((low, high), counter)
    return ops.concatenate(pair, axis=1)[:, :count]


def uniform(seed, shape, stream=0):
    """float32 [batch, *shape] on [0, 1): multiples of 2**-24."""
    count = math.prod(shape)
    return _shaped(_fraction(bits(seed, count, stream)), shape)


def normal(seed, shape, stream=0):
    """float32 [batch, *shape] of standard normal noise, by Box & Muller 1958."""
    count = math.prod(shape)
    half = -(-count // 2)
    first, second = (
        _fraction(part) for part in ops.split(bits(seed, 2 * half, stream), 2, axis=1)
    )
    # 1 - u lies in (0, 1], where the logarithm is finite.
    radius = ops.sqrt(-2.0 * ops.log(1.0 - first))
    angle = (2.0 * math.pi) * second
    pair = ops.concatenate([radius * ops.cos(angle), radius * ops.sin(angle)], axis=1)
    return _shaped(pair[:, :count], shape)


def gumbel(seed, shape, stream=0):
    """float32 [batch, *shape] of standard Gumbel noise, -ln(-ln u) with u inside (0, 1)."""
    count = math.prod(shape)
    inside = _fraction(bits(seed, count, stream)) + 2.0**-25
    # 1 - 2**-25 rounds to 1 in float32, whose logarithm is 0: the last step down is the bound.
    return _shaped(-ops.log(-ops.log(ops.minimum(inside, 1.0 - 2.0**-24))), shape)


def _fraction(words_):
    """The upper 24 bits of each word as a multiple of 2**-24: all of float32's precision."""
    return ops.cast(ops.right_shift(words_, _word(8)), "float32") * 2.0**-24


def _rotate(word, count):
    left = ops.left_shift(word, _word(count))
    return ops.bitwise_or(left, ops.right_shift(word, _word(32 - count)))


def _xor(a, b):
    return ops.bitwise_xor(a, b)


def _word(value):
    return ops.convert_to_tensor(np.uint32(value), "uint32")


def _shaped(flat, shape):
    return ops.reshape(flat, (-1, *shape))
