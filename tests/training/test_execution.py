"""Several steps in one program: weights as of a step at a time, wherever it is interrupted."""

import concurrent.futures
import subprocess
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from processes import ON_JAX

from zoo import catalog, datasets, training
from zoo.errors import InputError
from zoo.training import execution

SCRIPT = """
import sys
sys.modules["tensorflow"] = None  # seconds of import, and JAX trains without it
import keras, numpy as np
from zoo import catalog, datasets, training
from zoo.datasets import resident
from zoo.errors import InputError, Interrupted
from zoo.training import callbacks, checkpoint

MODELS = {
    "conditional_vae": (
        {"filters": (4,), "dense": 8, "latent": 3, "classes": 10},
        {"augment": ("shift",), "skip_norm": 500.0, "ema": 0.9},
    ),
    "vq_vae": ({"filters": (4,), "codes": 8, "dimension": 4}, {}),
}
name, folder = sys.argv[1:]
options, settings = MODELS[name]
data = datasets.binarize(datasets.load("digits"), "dynamic")

def train(count, place, epochs=2, **more):
    training.seed_everything(0)
    model = catalog.build(name, (8, 8, 1), **options)
    chosen = training.Settings(
        epochs=epochs, batch_size=128, steps_per_execution=count, **settings
    )
    run = training.fit(model, data, chosen, f"{folder}/{place}", verbose=0, **more)
    return [np.array(keras.ops.convert_to_numpy(each)) for each in model.weights], run

from zoo.training import execution
chosen = []
asked = execution.steps_at_once
def steps_at_once(*given):
    chosen.append(asked(*given))
    return chosen[-1]
execution.steps_at_once = steps_at_once

seen = []
def compare(one, other, exactly=False):
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_allclose(mine, theirs, **({"rtol": 0} if exactly else {"rtol": 1e-4,
            "atol": 1e-6}))

wanted, alone = train(1, "alone")
found, together = train(4, "together")  # 10 steps an epoch: 4, 4 and 2
compare(found, wanted)
for row, other in zip(together.history, alone.history, strict=True):
    assert set(row) == set(other)
    for key in set(row) - {"seconds"}:
        np.testing.assert_allclose(row[key], other[key], rtol=1e-4, err_msg=key)

assert chosen == [1, 4]
dense = catalog.build("dense_vae", (8, 8, 1), units=(4,), latent=2)
training.fit(dense, data, training.Settings(epochs=1), f"{folder}/dense", verbose=0)
convolved = catalog.build("conv_vae", (8, 8, 1), filters=(2,), dense=2, latent=2)
training.fit(convolved, data, training.Settings(epochs=1), f"{folder}/convolved", verbose=0)
assert chosen[2:] == [10, 1], chosen  # on a CPU

resident.SHARE = 0.0  # as of examples that do not fit: the host makes batches, ahead
read, _ = train(None, "read")
compare(read, wanted)
try:
    train(4, "read", restart=True)
    raise AssertionError("it was refused")
except InputError as error:
    assert "do not lie on the device" in str(error), error
assert checkpoint.progress_of(f"{folder}/read")  # what is refused discards nothing
resident.SHARE = 0.25

ended = callbacks.Journal.on_train_batch_end
def interrupt(self, batch, logs=None):
    seen.append(self.first + batch + 1)
    if len(seen) == 5:
        self.request.number = 2
    ended(self, batch, logs)
callbacks.Journal.on_train_batch_end = interrupt
try:
    train(4, "interrupted")
    raise AssertionError("it was interrupted")
except Interrupted as error:
    assert "after 8 steps of epoch 2" in str(error), error
assert seen == [4, 8, 10, 4, 8], seen
resumed, run = train(4, "interrupted", resume=True)
compare(resumed, found, exactly=True)
assert [row["loss"] for row in run.history] == [row["loss"] for row in together.history]
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["conditional_vae", "vq_vae"])
def test_several_at_once_are_what_single_ones_are_and_resume_bit_for_bit(name, tmp_path):
    pytest.importorskip("jax", reason="steps are scanned on JAX: vae-zoo[jax]")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, name, str(tmp_path)],
        env=ON_JAX,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


class Batches:
    """Ten steps, each of which is its number."""

    epoch = 0
    feed = None
    by_length = None

    def __init__(self):
        self.made = []

    def __len__(self):
        return 10

    def __getitem__(self, step):
        self.made.append((step, threading.current_thread() is threading.main_thread()))
        return ({"rows": np.full((2, 2), 100 * self.epoch + step)},)


@pytest.mark.parametrize("first", range(10))
def test_items_end_where_they_do_without_an_interruption(first):
    items = execution.Executions(Batches(), 4, first)
    steps = [[int(each[0, 0]) for each in items[i][0]["rows"]] for i in range(len(items))]
    assert [step for item in steps for step in item] == list(range(first, 10))
    assert {each[-1] for each in steps} <= {3, 7, 9}
    assert [items.last_step(i) + first for i in range(len(items))] == [e[-1] for e in steps]


def test_the_next_item_is_made_by_a_thread_while_one_is_used():
    batches = Batches()
    items = execution.Executions(batches, 4)
    items[0]
    _, ahead = items._ahead
    concurrent.futures.wait([ahead], timeout=60)
    assert batches.made == [(i, True) for i in range(4)] + [(i, False) for i in range(4, 8)]
    items[1], items[2]
    assert sorted(batches.made)[8:] == [(8, False), (9, False)]  # each step once


def test_what_was_made_ahead_is_of_its_epoch_and_order_does_not_matter():
    batches = Batches()
    items = execution.Executions(batches, 4)
    assert items[0][0]["rows"][0, 0, 0] == 0
    batches.epoch = 1  # while an item of epoch 0 was made
    assert items[0][0]["rows"][0, 0, 0] == 100
    assert items[2][0]["rows"][0, 0, 0] == 108
    assert items[1][0]["rows"][0, 0, 0] == 104


@pytest.mark.parametrize(
    ("steps", "most", "wanted"),
    [
        (445, 100, 89),
        (100, 100, 100),
        (200, 100, 100),
        (7, 100, 7),
        (443, 100, 50),
        (1, 100, 1),
        (445, 20, 5),
        (443, 20, 10),
        (3, 20, 3),
    ],
)
def test_as_many_are_chosen_as_leave_nothing_over_where_they_can(steps, most, wanted):
    assert execution.fitting(steps, most) == wanted


def test_tensorflow_takes_a_step_at_a_time_and_says_so():
    data = datasets.binarize(datasets.load("digits"), "dynamic")
    batches = data.train.training_batches(128, 0)
    model = catalog.build("dense_vae", (8, 8, 1), units=(4,), latent=2)
    assert execution.steps_at_once(training.Settings(), batches, model) == 1
    with pytest.raises(InputError, match="on JAX alone, and this is tensorflow"):
        execution.steps_at_once(training.Settings(steps_per_execution=2), batches, model)
    with pytest.raises(InputError, match="steps_per_execution=0: it must be 1 or more"):
        training.Settings(steps_per_execution=0)


def test_a_loss_that_explodes_is_noticed_by_the_means_of_several_steps():
    from zoo.errors import TrainingError
    from zoo.training.callbacks import StopOnDivergence
    from zoo.training.checkpoint import Progress

    stop = StopOnDivergence(445, Progress())
    stop.set_model(SimpleNamespace(event_shape=(2,)))
    stop.on_epoch_begin(0)
    total, steps = 0.0, 0
    with pytest.raises(TrainingError, match="for 100 steps"):
        for loss in (1.0, 1.0, 1.0, 50.0, 50.0):
            total, steps = total + 50 * loss, steps + 50
            stop.on_train_batch_end(steps - 1, {"loss": total / steps})
    assert steps == 250  # not at the first 50
