"""The codebook against brute force, hand-computed averages and the geometry of its cells."""

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from zoo.errors import InputError
from zoo.latents.codebook import APART, Codebook


def book(codes=7, dimension=3, use=None, **options):
    """A codebook with random vectors, and `use` of each code."""
    made = Codebook(codes, dimension, **options)
    made.build()
    made.vectors.assign(np.random.default_rng(0).normal(size=(codes, dimension)))
    made.use.assign(np.zeros(codes) if use is None else use)
    return made


def encodings(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def values(variable):
    return ops.convert_to_numpy(variable).astype(np.float64)


def test_the_nearest_code_is_that_of_a_search_through_all():
    made, encoded = book(codes=40), encodings(50, 2, 4, 3)
    apart = np.linalg.norm(encoded[..., None, :] - values(made.vectors), axis=-1)
    found = ops.convert_to_numpy(made.nearest(encoded))
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, apart.argmin(axis=-1))
    vectors, codes = made(encoded)
    np.testing.assert_array_equal(codes, found)
    np.testing.assert_allclose(vectors, values(made.vectors)[found], atol=1e-6)


def test_of_equally_near_vectors_it_is_the_first():
    made = book(codes=4, dimension=2)
    made.vectors.assign([[5.0, 5.0], [1.0, 0.0], [-1.0, 0.0], [1.0, 0.0]])
    np.testing.assert_array_equal(made.nearest(np.float32([[0.0, 0.0], [2.0, 1.0]])), [1, 1])


def test_vectors_are_moving_averages_of_the_encodings_that_chose_them():
    """van den Oord et al. 2017, equations 6 to 8, written out."""
    made = book(codes=3, decay=0.8, restart=0.0, use=[2.0, 1.0, 0.5])
    number = values(made.use)
    total = number[:, None] * values(made.vectors)
    for step in range(4):
        encoded = encodings(10, 3, seed=step)
        vectors = total / number[:, None]
        chosen = np.linalg.norm(encoded[:, None] - vectors, axis=-1).argmin(axis=1)
        for code in range(3):
            mine = encoded[chosen == code]
            number[code] = 0.8 * number[code] + 0.2 * len(mine)
            total[code] = 0.8 * total[code] + 0.2 * mine.sum(axis=0)
        made(encoded, training=True)
        np.testing.assert_allclose(values(made.use), number, rtol=1e-5)
        np.testing.assert_allclose(values(made.vectors), total / number[:, None], rtol=1e-4)


def test_only_training_moves_the_book():
    made = book(use=np.ones(7))
    before = values(made.vectors)
    made(encodings(20, 3))
    made(encodings(20, 3), training=False)
    np.testing.assert_array_equal(values(made.vectors), before)
    made(encodings(20, 3), training=True)
    assert (values(made.vectors) != before).any(axis=1).sum() > 3


def test_dead_codes_are_put_beside_encodings_and_others_stay_averages():
    encoded = 3.0 * encodings(64, 3)
    living, dead = [0, 2, 3], [1, 4, 5, 6]
    made, other = (book(use=np.where(np.isin(range(7), living), 9.0, 0.01)) for _ in range(2))
    for each in (made, other):  # where nothing is near
        far = values(each.vectors)
        far[dead] += 1e3
        each.vectors.assign(far)
    other.restart = 0.0
    for each in (made, other):
        each(encoded, training=True)
    np.testing.assert_array_equal(values(made.vectors)[living], values(other.vectors)[living])
    np.testing.assert_array_equal(values(made.use)[living], values(other.use)[living])
    np.testing.assert_allclose(values(made.use)[dead], 64 / 7, rtol=1e-6)
    away = np.linalg.norm(values(made.vectors)[dead][:, None] - encoded, axis=-1).min(axis=1)
    size = APART * np.sqrt(np.mean(encoded**2))
    assert (0 < away).all() and (away < 5 * size * 3**0.5).all()
    assert (values(other.vectors)[dead] > 900).all()  # restart=0 leaves them where they are


def test_codes_restarted_in_one_place_are_told_apart():
    made = book(codes=5)
    made(np.ones((30, 3), np.float32), training=True)
    gaps = np.linalg.norm(values(made.vectors)[:, None] - values(made.vectors), axis=-1)
    assert gaps[~np.eye(5, dtype=bool)].min() > 1e-4


def test_an_unused_code_is_given_as_many_steps_as_is_said():
    made = book(codes=2, decay=0.9, restart=0.1, use=[8.0, 4.0])  # 4: even, of 8 encodings
    made.vectors.assign([[1.0, 1.0, 1.0], [9.0, 9.0, 9.0]])
    steps = 0
    while np.allclose(values(made.vectors)[1], 9.0, rtol=1e-3):
        made(np.ones((8, 3), np.float32), training=True)
        steps += 1
        assert steps < 100
    assert steps == int(np.ceil(np.log(0.1) / np.log(0.9)))
    assert steps == pytest.approx(np.log(1 / 0.1) / (1 - 0.9), rel=0.1)


def test_the_gradient_is_that_at_the_quantized_point():
    made, encoded = book(use=np.ones(7)), tf.constant(encodings(9, 3))
    weight = tf.constant(encodings(9, 3, seed=4))

    def loss(vectors):
        return tf.reduce_sum(tf.sin(vectors * weight) ** 2)

    with tf.GradientTape() as tape:
        tape.watch(encoded)
        found = loss(made(encoded)[0])
    through = tape.gradient(found, encoded)
    point = tf.constant(values(made.vectors)[made.nearest(encoded)], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(point)
        wanted = loss(point)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    np.testing.assert_allclose(through, tape.gradient(wanted, point), rtol=1e-4, atol=1e-5)
    assert made.trainable_weights == []


def test_the_margin_is_how_far_an_encoding_lies_from_another_cell():
    made, encoded = book(codes=12), encodings(200, 3)
    margin = made.margin(encoded) * np.linalg.norm(encoded, axis=1)
    codes, vectors = ops.convert_to_numpy(made.nearest(encoded)), values(made.vectors)
    turned = np.zeros(len(encoded), bool)
    for other in range(12):
        way = vectors[other] - vectors[codes]
        with np.errstate(invalid="ignore"):
            way /= np.linalg.norm(way, axis=1, keepdims=True)
        way[codes == other] = 0.0
        for share in (0.99, 1.01):
            moved = (encoded + share * margin[:, None] * way).astype(np.float32)
            changed = ops.convert_to_numpy(made.nearest(moved)) != codes
            if share < 1:
                assert not changed.any()
            turned |= changed
    assert turned.all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"codes": 1}, "codes=1: a codebook tells 2 vectors or more apart"),
        ({"codes": 2.0}, "codes=2.0"),
        ({"dimension": 0}, "dimension=0"),
        ({"decay": 1.0}, "decay=1.0: give a share from 0 to below 1"),
        ({"restart": -0.1}, "restart=-0.1"),
    ],
)
def test_numbers_that_cannot_be_are_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        Codebook(**{"codes": 4, "dimension": 2} | wrong)


def test_two_books_of_one_seed_restart_alike():
    one, other, third = (book(seed=seed) for seed in (0, 0, 1))
    for each in (one, other, third):
        each(encodings(40, 3), training=True)
    np.testing.assert_array_equal(values(one.vectors), values(other.vectors))
    assert not np.array_equal(values(one.vectors), values(third.vectors))
