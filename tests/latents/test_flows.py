"""Invertible layers: what they change is taken back, and their determinants are those of calculus.

Their last weights, which begin near 0, are drawn anew, so that the layers do something.
"""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import InputError
from zoo.latents import flows

LATENT = 5
CONTEXT = 3


def drawn(layer, latent=LATENT, seed=0, scale=0.5):
    """A built layer with weights that bend."""
    keras.utils.set_random_seed(seed)
    layer.build((None, latent))
    random = np.random.default_rng(seed)
    for weight in layer.trainable_weights:
        weight.assign(random.normal(0.0, scale, weight.shape))
    return layer


def coupling(place=0, latent=LATENT):
    return drawn(flows.AffineCoupling(place, (7, 6)), latent)


def autoregressive(reverse=False, context=CONTEXT, latent=LATENT):
    return drawn(flows.InverseAutoregressive(reverse, (11, 8), context), latent)


def numbers(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def jacobian(function, z):
    """d function(z) / d z of every row: [rows, latent, latent]."""
    z = tf.constant(z)
    with tf.GradientTape() as tape:
        tape.watch(z)
        changed = function(z)
    return tape.batch_jacobian(changed, z).numpy()


LAYERS = {
    **{f"coupling {place}": lambda place=place: (coupling(place), ()) for place in range(6)},
    "autoregressive": lambda: (autoregressive(), (numbers(20, CONTEXT),)),
    "autoregressive reversed": lambda: (autoregressive(True), (numbers(20, CONTEXT),)),
    "autoregressive without context": lambda: (autoregressive(context=0), ()),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYERS)
def test_the_log_determinant_is_that_of_the_jacobian(name):
    layer, besides = LAYERS[name]()
    z = numbers(20, LATENT)
    wanted = np.linalg.slogdet(jacobian(lambda z: layer(z, *besides)[0], z).astype(np.float64))[1]
    given = layer(z, *besides)[1]
    assert np.abs(wanted).max() > 0.5
    np.testing.assert_allclose(given, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("place", range(6))
@pytest.mark.parametrize("latent", [2, 5, 8])
def test_the_inverse_of_a_coupling_takes_back_what_it_changed(place, latent):
    layer, z = coupling(place, latent), numbers(50, latent)
    changed, log_det = layer(z)
    again, back = layer(changed, inverse=True)
    moved = np.abs(np.asarray(changed) - z)
    assert (moved.max(axis=0) > 0.01).sum() == len(layer.changed)  # and no other moved
    np.testing.assert_allclose(again, z, atol=1e-5)
    np.testing.assert_allclose(back, -np.asarray(log_det), atol=1e-5)


@pytest.mark.parametrize("latent", [2, 3, 5, 8, 50])
def test_any_two_latents_change_by_each_other_in_a_flow_of_enough_couplings(latent):
    met = np.zeros((latent, latent), bool)
    for place in range(2 * int(np.ceil(np.log2(latent)))):
        layer = flows.AffineCoupling(place, (2,))
        layer.build((None, latent))
        assert sorted(layer.kept + layer.changed) == list(range(latent))
        met[np.ix_(layer.changed, layer.kept)] = True
    assert met[~np.eye(latent, dtype=bool)].all()


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("latent", "width"), [(2, 1), (5, 3), (5, 16)])
def test_a_latent_is_changed_by_those_before_it_and_by_no_other(reverse, latent, width):
    layer = drawn(flows.InverseAutoregressive(reverse, (width, width), 0), latent)
    slopes = np.abs(jacobian(lambda z: layer(z)[0], numbers(30, latent))).max(axis=0)
    slopes = slopes[::-1, ::-1] if reverse else slopes
    np.testing.assert_array_equal(np.triu(slopes, 1), 0.0)
    assert (np.diagonal(slopes) > 0).all()
    if width > latent:
        assert (slopes[np.tril_indices(latent, -1)] > 1e-4).all()


def test_an_autoregressive_layer_is_taken_back_latent_by_latent():
    layer, context, z = autoregressive(), numbers(20, CONTEXT, seed=3), numbers(20, LATENT)
    changed, found = np.asarray(layer(z, context)[0]), np.zeros_like(z)
    for _ in range(LATENT):  # each pass settles the next latent
        slopes = jacobian(lambda z: layer(z, context)[0], found)
        scale = np.diagonal(slopes, axis1=1, axis2=2)
        shift = np.asarray(layer(found, context)[0]) - scale * found
        found = (changed - shift) / scale
    np.testing.assert_allclose(found, z, atol=1e-4)


def test_the_context_changes_what_the_layer_does_to_every_latent():
    layer, z = autoregressive(), numbers(1, LATENT)
    one, other = (np.asarray(layer(z, numbers(1, CONTEXT, seed=seed))[0]) for seed in (1, 2))
    assert (np.abs(one - other) > 1e-3).all()


@pytest.mark.parametrize("name", LAYERS)
def test_layers_begin_close_to_the_identity_yet_every_weight_has_a_gradient(name):
    keras.utils.set_random_seed(2)
    config = keras.saving.serialize_keras_object(LAYERS[name]()[0])
    layer, besides = keras.saving.deserialize_keras_object(config), LAYERS[name]()[1]
    z = numbers(20, LATENT)
    with tf.GradientTape() as tape:
        changed, log_det = layer(z, *besides)
        value = tf.reduce_sum(changed**2) + tf.reduce_sum(log_det)
    np.testing.assert_allclose(changed, z, atol=0.05)
    np.testing.assert_allclose(log_det, np.zeros(20), atol=0.05)
    gradients = tape.gradient(value, [weight.value for weight in layer.trainable_weights])
    for weight, gradient in zip(layer.trainable_weights, gradients, strict=True):
        assert np.abs(gradient).max() > 0, weight.path


def test_scales_stay_within_their_bounds_whatever_the_network_says():
    shift, log_scale = flows.affine(np.float32([[7.0, -1e30, 1e30, -1e30]]))
    np.testing.assert_array_equal(shift, np.float32([[7.0, -1e30]]))
    np.testing.assert_allclose(log_scale, [[flows.LOG_SCALE, -flows.LOG_SCALE]])


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_comes_back_from_its_config(name):
    layer, besides = LAYERS[name]()
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    copy = keras.saving.deserialize_keras_object(config)
    copy.set_weights(layer.get_weights())
    z = numbers(20, LATENT)
    np.testing.assert_array_equal(copy(z, *besides)[0], layer(z, *besides)[0])


@pytest.mark.parametrize("units", [(), (4, 0), (-1,)])
def test_widths_that_are_none_are_refused(units):
    for make in (flows.AffineCoupling, flows.InverseAutoregressive):
        with pytest.raises(InputError, match=r"units=.*one positive number"):
            make(units=units)


def test_a_latent_alone_couples_with_none_and_is_refused():
    with pytest.raises(InputError, match=r"latent=1.*2 or more"):
        flows.AffineCoupling().build((None, 1))
