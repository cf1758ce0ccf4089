"""What an error is relative to: how large an output is, not the one number that is near 0."""

import numpy as np
import pytest

from zoo.artifact.endpoints import BOUND, NATS, REAL, Endpoint, Tensor
from zoo.export.comparison import compare

ROWS = 9


def endpoint(*outputs):
    """One whose outputs are (name, kind, shape)."""
    inputs = (Tensor("x", "float32", ("batch", 1)),)
    tensors = tuple(
        Tensor(name, "float32", ("batch", *shape), kind) for name, kind, shape in outputs
    )
    return Endpoint("score", inputs, tensors)


def equal(contract, wanted, output, row, error):
    """Whether an error in one row of an output is accepted; others are answered as wanted."""
    wanted = {name: np.float32(values) for name, values in wanted.items()}
    answer = {name: values.astype(np.float64) for name, values in wanted.items()}
    answer[output][row] += error
    answer = {name: values.astype(np.float32) for name, values in answer.items()}
    given = {"x": np.zeros((ROWS, 1), np.float32)}
    rows = compare("onnx", lambda name, inputs: answer, contract, given, wanted, [ROWS])
    assert all(each.ok for each in rows if each.output != output)
    return next(each.ok for each in rows if each.output == output)


def column(*others, near=0.0):
    """[ROWS]: a number near 0, then others, over and over."""
    return np.array([near, *np.resize(others, ROWS - 1)])


@pytest.mark.parametrize(("error", "ok"), [(0.9e-4, True), (1.2e-4, False)])
def test_a_number_near_0_is_measured_by_what_half_of_the_examples_are_as_large_as(error, ok):
    """One latent: the mean of one example of nine comes out at 0.00001, the others' at about 1."""
    contract = endpoint(("mean", REAL, (1,)))
    wanted = {"mean": column(1.0, -1.0, near=1e-5)[:, None]}
    assert equal(contract, wanted, "mean", 0, error) is ok


def test_one_large_example_does_not_loosen_what_is_asked_of_the_others():
    contract = endpoint(("mean", REAL, (1,)))
    wanted = {"mean": np.ones((ROWS, 1))}
    wanted["mean"][3] = 1e6
    assert not equal(contract, wanted, "mean", 0, 1.2e-4)
    assert equal(contract, wanted, "mean", 3, 0.9e2)  # of its own size


def test_an_output_that_is_small_everywhere_is_measured_by_its_own_size():
    """A collapsed mean of some 1e-6 must be right to 1e-10."""
    contract = endpoint(("mean", REAL, (2,)))
    wanted = {"mean": np.full((ROWS, 2), 1e-6)}
    assert equal(contract, wanted, "mean", 4, [0.9e-10, 0.0])
    assert not equal(contract, wanted, "mean", 4, [1.2e-10, 0.0])


NATS_OF_A_MODEL = (("elbo", BOUND, ()), ("reconstruction", BOUND, ()), ("kl", NATS, ()))


@pytest.mark.parametrize(("error", "ok"), [(1.8e-3, True), (2.2e-3, False)])
@pytest.mark.parametrize("output", ["elbo", "reconstruction"])
def test_a_bound_near_0_nats_is_as_exact_as_its_largest_term(output, error, ok):
    """Of a density, whose logarithm may have either sign: -20 + 20 nats, in every example."""
    contract = endpoint(*NATS_OF_A_MODEL)
    wanted = {
        "elbo": np.zeros(ROWS),
        "reconstruction": np.full(ROWS, -20.0),
        "kl": np.full(ROWS, 20),
    }
    assert equal(contract, wanted, output, 2, error) is ok


@pytest.mark.parametrize(("error", "ok"), [(0.9e-4, True), (1.2e-4, False)])
@pytest.mark.parametrize("output", ["elbo", "reconstruction", "kl"])
def test_where_there_are_no_nats_at_all_one_ten_thousandth_of_a_nat_is_allowed(output, error, ok):
    """An untrained continuous Bernoulli is uniform: 0 nats, which nothing is small beside."""
    contract = endpoint(*NATS_OF_A_MODEL)
    wanted = {name: np.full(ROWS, 1e-9) for name, _, _ in NATS_OF_A_MODEL}
    assert equal(contract, wanted, output, 5, error) is ok


def test_an_exact_kl_is_not_measured_by_the_reconstruction_beside_it():
    contract = endpoint(*NATS_OF_A_MODEL)
    wanted = {
        "elbo": np.full(ROWS, -502.0),
        "reconstruction": np.full(ROWS, 500.0),
        "kl": np.full(ROWS, 2),
    }
    assert equal(contract, wanted, "kl", 0, 1.9e-4)
    assert not equal(contract, wanted, "kl", 0, 2.2e-4)
    assert equal(contract, wanted, "reconstruction", 0, 4.5e-2)
    assert not equal(contract, wanted, "reconstruction", 0, 5.5e-2)
