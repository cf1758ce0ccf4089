"""The fused step of Adam: that it is taken, and that it is Keras's own step."""

import keras
import numpy as np
import pytest

from zoo import catalog
from zoo.training.adam import Adam
from zoo.training.loop import compile_model
from zoo.training.settings import Settings

SHAPES = [(7, 5), (5,), (3, 3, 1, 4)]


@pytest.fixture
def tf():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("only TensorFlow has a kernel of the whole step")
    return pytest.importorskip("tensorflow")


def trained(adam_class, compiled, tf, dtype="float32", steps=30, **options):
    """Weights and moments after steps down gradients of widely different sizes."""
    rng = np.random.default_rng(0)
    variables = [keras.Variable(rng.normal(size=shape), dtype=dtype) for shape in SHAPES]
    schedule = keras.optimizers.schedules.CosineDecay(0.0, 20, warmup_target=0.1, warmup_steps=5)
    adam = adam_class(schedule, **options)
    adam.build(variables)
    step = adam.apply if compiled is None else tf.function(adam.apply, jit_compile=compiled)
    for _ in range(steps):
        scale = 10.0 ** rng.integers(-6, 3)
        step([tf.constant(scale * rng.normal(size=shape), dtype) for shape in SHAPES])
    return [keras.ops.convert_to_numpy(v) for v in [*variables, *adam.variables]]


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [None, False, True], ids=["eager", "graph", "xla"])
@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.1, "beta_1": 0.5, "epsilon": 1e-3}])
def test_it_ends_with_the_weights_of_kerass_own(tf, compiled, options):
    # In float64, where rounding hides nothing; but beta^t, the rate and the decay have float32 in
    # them, in Keras as here.
    fused = trained(Adam, compiled, tf, dtype="float64", **options)
    composed = trained(keras.optimizers.Adam, compiled, tf, dtype="float64", **options)
    for mine, theirs in zip(fused, composed, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-9)


def test_the_second_moments_follow_their_equation(tf):
    *_, velocity = trained(Adam, False, tf, steps=1, beta_2=0.75)
    rng = np.random.default_rng(0)
    for shape in SHAPES:
        rng.normal(size=shape)
    scale = 10.0 ** rng.integers(-6, 3)
    gradients = [scale * rng.normal(size=shape) for shape in SHAPES]
    np.testing.assert_allclose(velocity, 0.25 * gradients[-1] ** 2, rtol=1e-5)


@pytest.mark.parametrize(("clip", "scale"), [(1.0, 1.0 / 13.0), (13.5, 1.0), (None, 1.0)])
def test_gradients_are_clipped_by_the_norm_of_all_together(tf, clip, scale):
    variables = [keras.Variable(np.zeros(shape, np.float32)) for shape in [(2,), (1,)]]
    adam = Adam(0.1, beta_1=0.5, beta_2=0.75, global_clipnorm=clip)
    adam.apply([tf.constant([3.0, 4.0]), tf.constant([12.0])], variables)  # a norm of 13
    momenta = np.concatenate([keras.ops.convert_to_numpy(m) for m in adam._momentums])
    velocities = np.concatenate([keras.ops.convert_to_numpy(v) for v in adam._velocities])
    gradient = scale * np.array([3.0, 4.0, 12.0])
    np.testing.assert_allclose(momenta, 0.5 * gradient, rtol=1e-6)
    np.testing.assert_allclose(velocities, 0.25 * gradient**2, rtol=1e-6)


def test_rows_of_an_embedding_are_summed_before_their_norm_is_taken(tf):
    table = keras.Variable(np.zeros((3, 1), np.float32))
    once = tf.IndexedSlices(tf.constant([[3.0], [1.0], [3.0]]), tf.constant([0, 1, 2]), [3, 1])
    twice = tf.IndexedSlices(tf.constant([[1.0], [1.0], [4.0]]), tf.constant([1, 1, 2]), [3, 1])
    for given, gradient in ((once, [3.0, 1.0, 3.0]), (twice, [0.0, 2.0, 4.0])):
        adam = Adam(0.1, beta_1=0.5, global_clipnorm=1.0)
        adam.apply([given], [table])
        wanted = 0.5 * np.array(gradient) / np.linalg.norm(gradient)
        np.testing.assert_allclose(np.ravel(adam._momentums[0]), wanted, rtol=1e-6)


def operations(function, *arguments):
    """Types of the operations of a traced function."""
    return {op.type for op in function.get_concrete_function(*arguments).graph.get_operations()}


def test_a_recipes_step_is_the_fused_one(tf):
    model = keras.Sequential([keras.layers.Dense(2)])
    model.build((None, 3))
    compile_model(model, Settings(epochs=1), 10)
    gradients = [tf.zeros(w.shape) for w in model.trainable_weights]
    taken = operations(tf.function(lambda: model.optimizer.apply(gradients)))
    assert "ResourceApplyAdam" in taken and "AssignSubVariableOp" not in taken


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layer", "amsgrad"),
    [(keras.layers.Embedding(6, 2), False), (keras.layers.Dense(2), True)],
    ids=["rows of an embedding", "amsgrad"],
)
def test_what_the_kernel_does_not_do_is_left_to_keras(tf, layer, amsgrad):
    ends = []
    for adam_class in (Adam, keras.optimizers.Adam):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([type(layer).from_config(layer.get_config())])
        model.compile(adam_class(0.1, amsgrad=amsgrad), "mse", jit_compile=False)
        x = np.array([[0, 1], [4, 1]])
        for target in (5.0, 1.0, -3.0, -3.0):
            model.train_on_batch(x, np.full_like(model(x), target))
        ends.append(model.get_weights())
    for mine, theirs in zip(*ends, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
def test_a_fitted_model_that_was_saved_goes_on_with_its_optimizers_state(tf, tmp_path):
    """Moments, step and schedule: as if it had never been saved."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, 3)), rng.normal(size=(64, 2))

    def fitted(model):
        model.fit(x, y, epochs=2, batch_size=16, shuffle=False, verbose=0)
        return [*model.get_weights(), *map(keras.ops.convert_to_numpy, model.optimizer.variables)]

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    compile_model(model, Settings(epochs=4, weight_decay=0.1), 4)
    model.compile(model.optimizer, "mse", jit_compile=False)
    fitted(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded.optimizer) is Adam
    assert int(loaded.optimizer.iterations) == 8 and loaded.optimizer.weight_decay == 0.1
    for mine, theirs in zip(fitted(loaded), fitted(model), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
def test_a_fitted_vae_that_was_saved_goes_on_with_its_optimizers_state(tmp_path):
    x = np.random.default_rng(0).integers(0, 2, (64, 8, 8, 1)).astype(np.float32)
    keras.utils.set_random_seed(0)
    vae = catalog.conv_vae((8, 8, 1), latent=2, filters=(4,), dense=8, seed=1)
    compile_model(vae, Settings(epochs=4), 4)

    def fitted(model):
        model.fit(x, x, epochs=2, batch_size=16, shuffle=False, verbose=0)
        return [*model.get_weights(), *map(keras.ops.convert_to_numpy, model.optimizer.variables)]

    fitted(vae)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.saving.load_model(tmp_path / "vae.keras")
    assert type(loaded.optimizer) is Adam and int(loaded.optimizer.iterations) == 8
    for mine, theirs in zip(fitted(loaded), fitted(vae), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(("steps", "first"), [(1, 0.01), (2, 0.0), (100, 0.0)])
def test_a_training_of_one_step_learns_in_it_and_others_warm_up_from_0(tf, steps, first):
    model = keras.Sequential([keras.layers.Dense(2)])
    model.build((None, 3))
    compile_model(model, Settings(epochs=1, learning_rate=0.01), steps)
    assert float(model.optimizer.learning_rate) == pytest.approx(first)
    before = model.get_weights()[0].copy()
    model.optimizer.apply([tf.ones(w.shape) for w in model.trainable_weights])
    assert (model.get_weights()[0] == before).all() == (first == 0.0)
