"""Training that decodes some examples from elsewhere than a draw of their own."""

import keras
import numpy as np
import pytest

from zoo import catalog
from zoo.errors import InputError
from zoo.objectives import FreeBits, ImportanceWeighted


def model_of(**options):
    keras.utils.set_random_seed(0)
    return catalog.dense_vae((6,), 2, units=(5,), **options)


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).integers(0, 2, (2000, 6)).astype(np.float32)


def replaced(model, x, training):
    """Which rows are decoded from another z than their own."""
    made = model(x, training=training)
    return keras.ops.convert_to_numpy(keras.ops.any(made["state"] != made["z"], axis=1))


def test_so_many_are_decoded_from_the_prior_in_training_and_none_elsewhere(x):
    model = model_of(prior_share=0.3)
    assert replaced(model, x, True).mean() == pytest.approx(0.3, abs=0.04)
    assert (replaced(model, x, True) != replaced(model, x, True)).any()  # others each time
    assert not replaced(model, x, False).any()
    assert not replaced(model_of(), x, True).any()


def test_those_are_draws_of_the_prior_and_not_of_the_encodings(x):
    model = model_of(prior_share=0.5)
    model.encoder.get_layer("mean").bias.assign([7.0, 7.0])  # far from where the prior draws
    made = model(x, training=True)
    state, own = (keras.ops.convert_to_numpy(made[name]) for name in ("state", "z"))
    other = (state != own).any(axis=1)
    assert own.mean() > 6.0 and abs(state[other].mean()) < 0.1
    assert state[other].std() == pytest.approx(1.0, abs=0.05)


def test_so_many_are_decoded_from_their_mean_and_teach_the_encoder_so(x):
    model = model_of(mean_share=0.3, prior_share=0.2)
    made = model(x, training=True)
    state, own = (keras.ops.convert_to_numpy(made[name]) for name in ("state", "z"))
    mean = keras.ops.convert_to_numpy(model.point(x))
    of_mean, drawn = (state == mean).all(axis=1), (state == own).all(axis=1)
    assert of_mean.mean() == pytest.approx(0.3, abs=0.04)
    assert drawn.mean() == pytest.approx(0.5, abs=0.04)
    assert not (of_mean & drawn).any()
    assert not replaced(model, x, False).any()


def test_a_decoder_taught_from_means_gives_more_back_of_a_posterior_that_says_little():
    """Of eight examples, 2.08 nats, where a draw says 0.1 at no cost."""
    x, given_back = np.repeat(np.eye(8, dtype=np.float32), 32, axis=0), []
    for share in (0.0, 0.7):
        keras.utils.set_random_seed(1)
        objective = FreeBits(0.1, together=True)
        model = catalog.dense_vae((8,), 2, units=(32,), objective=objective, mean_share=share)
        model.compile(keras.optimizers.Adam(0.01))
        model.fit(x, epochs=200, batch_size=256, verbose=0)
        given_back.append(np.diag(model.reconstruct(x[::32])["x_mean"]).mean())
    assert given_back[1] > 1.4 * given_back[0]


def test_shares_travel_with_the_model_and_to_another_objective():
    model = model_of(prior_share=0.2, mean_share=0.3)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(model))
    other = model.with_objective(model.objective)
    for each in (again, other):
        assert (each.prior_share, each.mean_share) == (0.2, 0.3)
    other = model.with_objective(model.objective, prior_share=0.0)
    assert (other.prior_share, other.mean_share) == (0.0, 0.3)


@pytest.mark.parametrize("name", ["prior_share", "mean_share"])
@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_what_is_no_share_is_refused(name, share):
    with pytest.raises(InputError, match=f"{name}={share}"):
        model_of(**{name: share})


def test_shares_that_leave_no_draw_are_refused():
    with pytest.raises(InputError, match="together below 1"):
        model_of(prior_share=0.5, mean_share=0.5)


@pytest.mark.parametrize("name", ["prior_share", "mean_share"])
def test_beside_an_importance_weighted_bound_they_are_refused(name):
    with pytest.raises(InputError, match="weighs x's own draws"):
        model_of(**{name: 0.2}, objective=ImportanceWeighted(3))
