"""Training that decodes some examples from draws of the prior in place of their own."""

import keras
import numpy as np
import pytest

from zoo import catalog
from zoo.errors import InputError
from zoo.objectives import ImportanceWeighted


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


def test_it_travels_with_the_model_and_to_another_objective():
    model = model_of(prior_share=0.2)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(model))
    assert again.prior_share == model.with_objective(model.objective).prior_share == 0.2


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_what_is_no_share_is_refused(share):
    with pytest.raises(InputError, match="prior_share"):
        model_of(prior_share=share)


def test_beside_an_importance_weighted_bound_it_is_refused():
    with pytest.raises(InputError, match="weighs x's own draws"):
        model_of(prior_share=0.2, objective=ImportanceWeighted(3))
