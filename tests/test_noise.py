"""Threefry against its published vectors; what comes of it against scipy; equal bits everywhere."""

import hashlib
import os
import subprocess
import sys

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
import tf2onnx
from scipy import stats

from zoo import noise
from zoo.errors import InputError

SIDE_BY_SIDE = np.arange(200_000)  # where weak generators fail
BORDERS = np.array([0, 1, 7, 7, -1, 2**32, 2**32 + 1, 2**63 - 1, -(2**63)])

# Random123's known-answer file, threefry2x32 with 20 rounds: (counter, key, answer).
KNOWN = [
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((2**32 - 1, 2**32 - 1), (2**32 - 1, 2**32 - 1), (0x1CB996FC, 0xBB002BE7)),
    ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
]


def array(values):
    return np.asarray(values)


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_threefry_gives_the_published_answers(counter, key, answer):
    sides = [[np.uint32([word]) for word in side] for side in (key, counter)]
    for pair in (noise.threefry(*sides), noise.threefry(*sides, np)):
        assert [int(array(word)[0]) for word in pair] == list(answer)


def test_a_seed_is_split_into_its_two_halves():
    low, high = noise.split_seed(BORDERS)
    whole = BORDERS.astype(object) % 2**64
    assert [int(w) for w in low] == [w % 2**32 for w in whole]
    assert [int(w) for w in high] == [w // 2**32 for w in whole]
    in_graph = noise.split_seed(tf.constant(BORDERS))
    np.testing.assert_array_equal(array(in_graph[0]), low)
    np.testing.assert_array_equal(array(in_graph[1]), high)


@pytest.mark.parametrize(
    ("draw", "distribution"),
    [
        (noise.uniform, stats.uniform()),
        (noise.normal, stats.norm()),
        (noise.gumbel, stats.gumbel_r()),
        (noise.laplace, stats.laplace()),
        (noise.logistic, stats.logistic()),
    ],
)
def test_draws_of_seeds_side_by_side_have_the_right_distribution(draw, distribution):
    drawn = array(draw(SIDE_BY_SIDE, (4,))).astype(np.float64)
    n = drawn.size
    assert stats.kstest(drawn.ravel(), distribution.cdf).pvalue > 1e-3
    mean, variance, kurtosis = distribution.stats(moments="mvk")
    assert abs(drawn.mean() - mean) < 5 * (variance / n) ** 0.5
    assert abs(drawn.var() - variance) < 5 * variance * ((kurtosis + 2) / n) ** 0.5
    # Neighbouring seeds, and neighbouring places of one seed, know nothing of each other.
    bound = 5 / len(SIDE_BY_SIDE) ** 0.5
    for lag in (1, 2, 3, 256):
        assert abs(np.corrcoef(drawn[lag:, 0], drawn[:-lag, 0])[0, 1]) < bound
    between = np.corrcoef(drawn.T) - np.eye(4)
    assert np.abs(between).max() < bound


def test_every_bit_is_set_half_of_the_time():
    for words in noise.bits(SIDE_BY_SIDE, 3):
        ones = np.unpackbits(array(words).view(np.uint8).reshape(-1, 4), axis=1).mean(axis=0)
        assert np.abs(ones - 0.5).max() < 5 * 0.5 / (3 * len(SIDE_BY_SIDE)) ** 0.5


def test_streams_of_one_seed_are_apart():
    one, other = (array(noise.normal(SIDE_BY_SIDE, (1,), stream))[:, 0] for stream in (0, 1))
    assert abs(np.corrcoef(one, other)[0, 1]) < 5 / len(SIDE_BY_SIDE) ** 0.5


def test_a_row_depends_on_its_seed_alone():
    whole = array(noise.normal(BORDERS, (5,)))
    np.testing.assert_array_equal(whole[2], whole[3])  # both 7
    for i, seed in enumerate(BORDERS):
        np.testing.assert_array_equal(array(noise.normal([seed], (5,)))[0], whole[i])
    np.testing.assert_array_equal(array(noise.normal(BORDERS, (3,))), whole[:, :3])


@pytest.mark.parametrize("draw", noise.KINDS.values(), ids=noise.KINDS)
def test_values_are_finite_float32_of_the_shape_asked_for(draw):
    drawn = array(draw(BORDERS, (2, 3)))
    assert drawn.dtype == np.float32 and drawn.shape == (9, 2, 3)
    assert np.isfinite(drawn).all()


@pytest.mark.parametrize("batch", [1, 2, 3, 5])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_any_batch_and_size_give_a_row_a_seed(batch, size):
    # keras.ops.add takes [1, n] + [n, 1] for a bias and answers [1, n].
    assert array(noise.normal(np.arange(batch), (size,))).shape == (batch, size)


def test_uniform_values_stay_below_one():
    drawn = array(noise.uniform(SIDE_BY_SIDE, (8,)))
    assert drawn.min() >= 0.0 and drawn.max() < 1.0


SEVERAL = (("laplace", 2), ("normal", 3), ("logistic", 1), ("normal", 3))


def test_noise_of_several_kinds_is_that_of_each_side_by_side_in_a_stream_of_its_own():
    drawn = array(noise.draw(SEVERAL, BORDERS))
    parts = [
        noise.KINDS[kind](BORDERS, (count,), stream)
        for (kind, count), stream in zip(SEVERAL, (0, 16, 32, 48), strict=True)
    ]
    np.testing.assert_array_equal(drawn, np.concatenate(parts, axis=1))
    np.testing.assert_array_equal(noise.draw(SEVERAL[:1], BORDERS), drawn[:, :2])
    between = np.corrcoef(array(noise.draw(SEVERAL, SIDE_BY_SIDE)).T) - np.eye(9)
    assert np.abs(between).max() < 5 / len(SIDE_BY_SIDE) ** 0.5


def test_noise_drawn_afresh_has_the_right_distributions_and_is_another_at_each_draw():
    kinds, rows = (("uniform", 1), ("normal", 2), ("gumbel", 1)), 100_000
    laws = (stats.uniform(), stats.norm(), stats.norm(), stats.gumbel_r())
    generator = keras.random.SeedGenerator(1)
    first, second = (array(noise.draw_afresh(kinds, rows, generator)) for _ in range(2))
    for column, law in zip(first.T, laws, strict=True):
        assert stats.kstest(column, law.cdf).pvalue > 1e-4
    between = np.corrcoef(np.concatenate([first, second], axis=1).T) - np.eye(8)
    assert np.abs(between).max() < 5 / rows**0.5
    again = noise.draw_afresh(kinds, rows, keras.random.SeedGenerator(1))
    np.testing.assert_array_equal(again, first)


def test_gumbel_noise_drawn_afresh_is_finite_at_either_end_of_the_uniform(monkeypatch):
    ends = np.float32([[0.0, 1.0 - 2.0**-24]])
    monkeypatch.setattr(keras.random, "uniform", lambda *_, **__: ends)
    drawn = array(noise.draw_afresh((("gumbel", 2),), 1, None))
    np.testing.assert_allclose(drawn, stats.gumbel_r.ppf([[2.0**-25, 1 - 2.0**-24]]), rtol=1e-5)


@pytest.mark.parametrize("kind", ["laplace", "logistic"])
def test_a_kind_that_is_not_drawn_afresh_is_refused(kind):
    with pytest.raises(InputError, match=f"{kind}.*there are normal, uniform, gumbel"):
        noise.draw_afresh(((kind, 2),), 3, keras.random.SeedGenerator(0))


def all_draws(seed):
    return {
        "uniform": noise.uniform(seed, (3, 2)),
        "normal": noise.normal(seed, (16,)),
        "gumbel": noise.gumbel(seed, (5,), stream=2),
        "several": noise.draw(SEVERAL, seed),
    }


@pytest.fixture(scope="module")
def seeds():
    many = np.random.default_rng(0).integers(-(2**63), 2**63, 2000)
    return np.concatenate([BORDERS, many])


@pytest.fixture(scope="module")
def eager(seeds):
    return {name: array(value) for name, value in all_draws(seeds).items()}


@pytest.mark.slow
def test_a_tensorflow_graph_gives_the_same_bits(seeds, eager):
    for compiled in (tf.function(all_draws), tf.function(all_draws, jit_compile=True)):
        for name, value in compiled(tf.constant(seeds)).items():
            np.testing.assert_array_equal(array(value), eager[name], err_msg=name)


@pytest.mark.slow
def test_onnx_runtime_gives_the_same_bits(seeds, eager):
    spec = [tf.TensorSpec([None], tf.int64, name="seed")]
    graph, _ = tf2onnx.convert.from_function(
        tf.function(all_draws, input_signature=spec), spec, opset=18
    )
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    names = [output.name for output in session.get_outputs()]
    answers = session.run(names, {session.get_inputs()[0].name: seeds})
    for name, value in zip(names, answers, strict=True):
        np.testing.assert_array_equal(value, eager[name.split(":")[0]], err_msg=name)


@pytest.mark.slow
def test_jax_gives_the_same_bits(seeds, eager, tmp_path):
    pytest.importorskip("jax", reason="jax is not installed: pip install -e '.[jax]'")
    code = f"""
import sys, jax, numpy as np
from zoo import noise
seeds = np.load(sys.argv[1] + "/seeds.npy")
words = noise.split_seed(seeds)
draw = lambda w: dict(uniform=noise.uniform(w, (3, 2)), normal=noise.normal(w, (16,)),
                      gumbel=noise.gumbel(w, (5,), stream=2),
                      several=noise.draw({SEVERAL}, w))
np.savez(sys.argv[1] + "/eager.npz", **draw(words))
np.savez(sys.argv[1] + "/jit.npz", **jax.jit(draw)(words))
"""
    np.save(tmp_path / "seeds.npy", seeds)
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env=os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
    )
    for file in ("eager.npz", "jit.npz"):
        with np.load(tmp_path / file) as given:
            for name, value in eager.items():
                np.testing.assert_array_equal(given[name], value, err_msg=f"{file} {name}")


def test_the_tables_are_the_ones_that_artifacts_were_made_with():
    """A platform whose logarithm or cosine rounds otherwise would draw other bits: say so here."""
    digests = {
        table.__name__: hashlib.sha256(table().tobytes()).hexdigest()[:16]
        for table in (
            noise._radii,
            noise._cosines,
            noise._gumbel_quantiles,
            noise._laplace_quantiles,
            noise._logistic_quantiles,
        )
    }
    assert digests == {
        "_radii": "d9133d5f8dd5ec96",
        "_cosines": "d7852472437be776",
        "_gumbel_quantiles": "5a47a779bf6dd2f9",
        "_laplace_quantiles": "1cc8026b3eaffe94",
        "_logistic_quantiles": "511da82a8b3dd920",
    }


@pytest.mark.parametrize("seed", [1.5, [1.0], [[1]], 3, [2**63], ["a"]])
def test_a_seed_that_is_not_one_integer_a_sample_is_refused(seed):
    with pytest.raises(InputError, match=r"wanted int64 \[batch\]"):
        noise.normal(seed, (2,))
