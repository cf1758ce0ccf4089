"""What a recipe's options say of the run, and what they do not."""

import dataclasses

import pytest

from zoo.datasets import binarize
from zoo.errors import InputError
from zoo.recipe import configuration, evaluated, options


@pytest.mark.parametrize("count", [0, -1])
def test_fewer_than_one_test_example_is_refused_before_anything_is_loaded(count):
    with pytest.raises(InputError, match=f"evaluated={count}: give the test examples"):
        configuration.settings_of(options.VAE(evaluated=count))


def test_how_much_is_evaluated_is_no_part_of_the_run_and_is_part_of_the_report(digits):
    class Model:
        weights = ()

    data, config = binarize(digits, "none"), options.VAE()
    fewer = dataclasses.replace(config, evaluated=100)
    same = [configuration.identity(each, data, None) for each in (config, fewer)]
    assert same[0] == same[1]
    kept = [evaluated.digest(Model, data, each) for each in (config, fewer)]
    assert kept[0] != kept[1]
