"""Batches by length: which examples they hold, how wide they are, and that nothing else changes."""

import itertools

import keras
import numpy as np
import pytest

import zoo
from zoo import catalog, datasets, likelihoods
from zoo.datasets.by_length import FEWEST_BATCHES, MOST_WIDTHS, ByLength, best_widths
from zoo.datasets.strings.loading import of_list


def steps_of(needed, widths):
    return widths[np.searchsorted(widths, needed)].sum()


@pytest.mark.parametrize("most", [1, 2, 3, 4])
def test_the_widths_are_those_of_the_fewest_steps(most):
    needed = np.random.default_rng(most).integers(2, 9, 60)
    lengths = np.unique(needed)
    tried = (
        steps_of(needed, np.array([*some, lengths[-1]]))
        for some in itertools.combinations(lengths[:-1], most - 1)
    )
    found = best_widths(needed, most)
    assert len(found) == most and found[-1] == needed.max() and (np.diff(found) > 0).all()
    assert steps_of(needed, found) == min(tried)


def test_few_lengths_have_no_more_widths_than_there_are():
    assert best_widths(np.full(9, 5), 4).tolist() == [5]
    assert best_widths(np.array([5, 7, 5]), 4).tolist() == [5, 7]


def test_a_pass_holds_each_example_once_within_its_width():
    needed = np.random.default_rng(0).integers(2, 40, 1003)
    made = ByLength(needed, 10)
    assert 1 < len(made.widths) <= MOST_WIDTHS
    found = made.batches(np.random.default_rng(1).permutation(1003), np.random.default_rng(2))
    assert found.rows.shape == (100, 10)  # as many as without widths
    assert len({*found.rows.ravel()}) == 1000
    assert (needed[found.rows] <= found.widths[:, None]).all()
    assert (np.diff(found.widths) != 0).sum() > 20  # not one width after the other


def test_where_batches_are_few_there_is_one_width():
    needed = np.arange(2, 10 * FEWEST_BATCHES)
    assert len(ByLength(needed, 10).widths) == 1


@pytest.fixture(scope="module")
def data():
    drawn = np.random.default_rng(0)
    words = ["".join(drawn.choice([*"abcd"], drawn.integers(1, 20))) for _ in range(900)]
    return datasets.binarize(of_list(words[:800], words[800:]), "none")


def model_of(data, **options):
    keras.utils.set_random_seed(0)
    likelihood = likelihoods.of_schema("tokens", data.schema)
    return catalog.molecule_vae(
        data.event_shape, 3, units=6, encoder_units=5, context=4, likelihood=likelihood, **options
    )


def test_a_cut_batch_has_the_nats_of_the_whole_one(data):
    model = model_of(data)
    x = data.train.examples(slice(0, 64))
    needed = model.likelihood.steps_needed(x)
    ends = (x == model.likelihood.count - 1).argmax(1)
    assert (needed == np.minimum(ends + 2, x.shape[1])).all() and needed.min() < x.shape[1]
    rows = x[needed <= 9]
    z = np.random.default_rng(0).normal(size=(len(rows), 3)).astype("float32")

    def nats(x):
        raw = model.raw(keras.ops.convert_to_tensor(z), (), x)
        return keras.ops.convert_to_numpy(model.likelihood.log_prob(x, raw))

    def encoded(x):
        seen = model.likelihood.network_input(keras.ops.convert_to_tensor(x))
        return keras.ops.convert_to_numpy(model._encoded(seen, ())["mean"])

    np.testing.assert_allclose(nats(rows[:, :9]), nats(rows), rtol=1e-5)
    np.testing.assert_allclose(encoded(rows[:, :9]), encoded(rows), rtol=1e-5, atol=1e-6)


def test_batches_depend_on_seed_and_step_alone(data):
    model = model_of(data)
    needed = model.likelihood.steps_needed(data.train.examples(slice(None)))
    ahead, fresh = (data.train.training_batches(20, 3, needed=needed) for _ in range(2))
    walked = [ahead.at(step) for step in range(90)]
    np.testing.assert_array_equal(fresh.at(57), walked[57])
    assert len({x.shape[1] for x in walked}) == len(ahead.by_length.widths) > 1
    assert fresh.stay_on_device() is None


def test_where_no_shorter_ones_are_asked_for_events_are_whole(data):
    model = model_of(data)
    with pytest.raises(zoo.errors.InputError, match="wanted is"):
        model.encode(data.test.examples(slice(0, 4))[:, :7])


@pytest.mark.slow
@pytest.mark.parametrize("steps_per_epoch", [None, 1, 2])
def test_a_model_trains_on_them(data, tmp_path, steps_per_epoch):
    settings = zoo.Settings(epochs=3, batch_size=20, steps_per_epoch=steps_per_epoch)
    run = zoo.fit(model_of(data), data, settings, tmp_path, verbose=0)
    assert len(run.history) == 3 and np.isfinite(run.history[-1]["val_elbo"])
    if steps_per_epoch is None:
        assert run.history[-1]["elbo"] > run.history[0]["elbo"]
