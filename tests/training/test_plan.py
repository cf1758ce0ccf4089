"""What the plan settles of a training by the size of its data, and of pictures by theirs."""

import dataclasses

import pytest

from zoo import training
from zoo.errors import InputError
from zoo.training.plan import least_steps


def test_the_plan_gives_small_data_more_epochs():
    settings = training.Settings(batch_size=100, validation_share=0.5)
    assert training.plan(settings, range(100_000)).epochs == 70
    assert training.plan(settings, range(2000)).epochs == 100  # 10 steps each
    assert training.plan(settings, range(2000)).patience == 20
    short = dataclasses.replace(settings, epochs=40)
    assert training.plan(short, range(200)).patience == 100  # of a step each
    assert training.plan(short, range(100_000)).patience == 10
    given = {"epochs": 3, "batch_size": 7, "patience": 0, "warmup_steps": 2}
    given = training.Settings(**given, validation_share=0.5)
    assert training.plan(given, range(10)) == given


def test_the_plan_warms_up_for_500_steps_or_a_tenth_of_fewer():
    settings = training.Settings(batch_size=100, validation_share=0.5, epochs=10)
    assert training.plan(settings, range(200_000)).warmup_steps == 500  # of 10,000
    assert training.plan(settings, range(20_000)).warmup_steps == 100  # of 1,000
    assert training.plan(settings, range(200)).warmup_steps == 1  # of 10
    one = dataclasses.replace(settings, epochs=1)
    assert training.plan(one, range(200)).warmup_steps == 1
    planned = training.plan(settings, range(20_000))
    assert training.plan(planned, range(20_000)) == planned


@pytest.mark.parametrize("asked", [10, 11])
def test_a_warm_up_as_long_as_the_training_is_refused(asked):
    settings = training.Settings(batch_size=100, validation_share=0.5, epochs=10)
    settings = dataclasses.replace(settings, warmup_steps=asked)
    with pytest.raises(InputError, match=f"warmup_steps={asked}: training has 10 steps in all"):
        training.plan(settings, range(200))
    assert training.plan(settings, range(400)).warmup_steps == asked


@pytest.mark.parametrize(
    ("examples", "batch", "epochs"),
    [
        (240, 32, 334),  # 208 are trained on, in 6 steps
        (800, 64, 182),
        (1437, 128, 200),  # 10 steps
        (60_000, 128, 70),
    ],
)
def test_few_large_pictures_come_in_smaller_batches_and_more_steps(examples, batch, epochs):
    planned = training.plan(training.Settings(), range(examples), (64, 64, 3))
    assert (planned.batch_size, planned.epochs) == (batch, epochs)
    assert training.plan(planned, range(examples), (64, 64, 3)) == planned


def test_small_pictures_and_what_is_none_have_as_many_steps_as_ever():
    assert least_steps() == least_steps((28, 28, 1)) == least_steps((32, 32, 3)) == 1000
    assert least_steps((64, 64, 1)) == 1024
    assert least_steps((64, 64, 3)) == least_steps((128, 128, 3)) == 2000
    table = training.plan(training.Settings(), range(240))
    assert (table.batch_size, table.epochs) == (128, 1000)


def test_a_batch_that_was_given_is_kept():
    given = training.Settings(batch_size=100, validation_share=0.5)
    assert training.plan(given, range(240), (64, 64, 3)).batch_size == 100


def test_few_pictures_hold_out_32_for_validation_but_no_more_than_a_fifth():
    def share(examples, picture=(64, 64, 3)):
        return training.plan(training.Settings(), range(examples), picture).validation_share

    assert share(240) == 32 / 240
    assert share(100) == 0.2
    assert share(640) == share(60_000) == share(100, ()) == 0.05
    given = training.Settings(validation_share=0.3)
    assert training.plan(given, range(240), (64, 64, 3)).validation_share == 0.3
