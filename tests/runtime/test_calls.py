"""Calling an artifact's endpoints: what is offered, what is taken, what is refused."""

import copy
import inspect
import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from spoiling import change_manifest

import zoo
from zoo.errors import InputError


@pytest.fixture(scope="module")
def vae(artifact):
    return zoo.load(artifact)


@pytest.fixture(scope="module")
def z():
    return np.random.default_rng(0).standard_normal((5, 3), dtype=np.float32)


def test_the_manifests_endpoints_are_offered_and_no_other(vae, artifact):
    stated = json.loads((artifact / "manifest.json").read_text(encoding="utf-8"))["endpoints"]
    offered = {name for name in dir(vae) if not name.startswith("_")}
    about = {"folder", "manifest", "endpoints", "precision", "batch_limit", "schema", "reader"}
    assert offered == {*stated, *about, "to_device", "provider", "windows", "explore"}
    assert all(callable(getattr(vae, name)) for name in stated)


def test_an_endpoint_that_the_manifest_lacks_is_not_offered(copied_artifact):
    change_manifest(copied_artifact, lambda manifest: manifest["endpoints"].pop("reconstruct"))
    vae = zoo.load(copied_artifact)
    assert not hasattr(vae, "reconstruct") and hasattr(vae, "decode")


def test_an_unknown_endpoint_names_those_there_are(vae):
    with pytest.raises(AttributeError, match=r"no endpoint 'decoed'; it has encode, decode, recon"):
        vae.decoed  # noqa: B018


def test_answers_are_named_tuples_in_the_contracts_order(vae, z):
    posterior = vae.encode(np.zeros((2, 8, 8, 1), np.float32))
    mean, log_var = posterior
    assert posterior._fields == ("mean", "log_var")
    assert mean is posterior.mean and log_var is posterior.log_var
    assert type(posterior).__name__ == "Encode" and vae.decode(z)._fields == ("x_mean",)


def test_repr_and_doc_say_what_goes_in_and_out(vae):
    assert (
        repr(vae) == "<zoo artifact conv_vae-digits: encode, decode, reconstruct, generate, score>"
    )
    for text in (repr(vae.decode), inspect.getdoc(vae.decode)):
        assert "decode(z: float32 [batch, 3]) -> (x_mean: float32 [batch, 8, 8, 1])" in text


def test_reconstruct_is_decode_of_the_posterior_mean(vae, trained):
    x = trained.data.test.examples(range(7))
    decoded = vae.decode(vae.encode(x).mean).x_mean
    np.testing.assert_allclose(vae.reconstruct(x).x_mean, decoded, atol=1e-5)


def test_one_row_has_one_answer_whatever_the_batch_around_it(vae, z):
    together = vae.decode(z).x_mean
    for row, expected in zip(z, together, strict=True):
        np.testing.assert_allclose(vae.decode(row[None]).x_mean[0], expected, atol=1e-6)


@pytest.mark.parametrize(
    "convert",
    [
        lambda z: z.tolist(),
        lambda z: [tuple(row) for row in z.tolist()],
        np.asfortranarray,
        lambda z: np.repeat(z, 2, axis=1)[:, ::2],
    ],
)
def test_lists_and_any_memory_layout_give_the_same_answer(vae, z, convert):
    np.testing.assert_array_equal(vae.decode(convert(z)).x_mean, vae.decode(z).x_mean)


def test_python_integers_are_numbers_too(vae):
    ones = np.ones((1, 3), np.float32)
    np.testing.assert_array_equal(vae.decode([[1, 1, 1]]).x_mean, vae.decode(ones).x_mean)


def test_inputs_go_by_position_or_by_name(vae, z):
    np.testing.assert_array_equal(vae.decode(z).x_mean, vae.decode(z=z).x_mean)


def test_inputs_are_not_changed(vae, z):
    before = z.copy()
    vae.decode(z)
    np.testing.assert_array_equal(z, before)


def test_an_empty_batch_gives_an_empty_answer(vae):
    empty = vae.decode(np.zeros((0, 3), np.float32)).x_mean
    assert empty.shape == (0, 8, 8, 1) and empty.dtype == np.float32
    assert vae.encode(np.zeros((0, 8, 8, 1), np.float32)).log_var.shape == (0, 3)


@pytest.mark.parametrize(
    "dtype", ["float64", "float16", "longdouble", "int64", "uint8", "bool", ">f4", ">f8"]
)
def test_numbers_of_any_dtype_are_taken_as_the_float32_that_they_round_to(vae, dtype):
    given = np.array([[0, 1, 1], [1, 0.3, 0.7]]).astype(dtype)
    expected = vae.decode(given.astype(np.float32)).x_mean
    for values in (given, np.asfortranarray(given), list(given), given.tolist()):
        np.testing.assert_array_equal(vae.decode(values).x_mean, expected)
    np.testing.assert_array_equal(vae.decode.on_device(given).x_mean.numpy(), expected)


@pytest.mark.parametrize("shape", [(3,), (2, 4), (2, 2), (2, 3, 1), (1, 1, 3), (), (0,)])
def test_a_wrong_shape_is_refused_with_both_shapes(vae, shape):
    with pytest.raises(InputError) as error:
        vae.decode(np.zeros(shape, np.float32))
    assert f"given shape {list(shape)}, wanted float32 [batch, 3]" in str(error.value)


def test_images_in_the_layout_of_pytorch_are_refused(vae):
    with pytest.raises(
        InputError, match=r"given shape \[2, 1, 8, 8\], wanted .*\[batch, 8, 8, 1\]"
    ):
        vae.encode(np.zeros((2, 1, 8, 8), np.float32))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_with_its_place(vae, bad):
    values = np.zeros((4, 3), np.float32)
    values[2, 1] = bad
    with pytest.raises(InputError, match=r"at \[2, 1\]; every value must be finite"):
        vae.decode(values)


@pytest.mark.filterwarnings("error")
def test_a_number_too_large_for_float32_is_refused_without_a_warning(vae):
    given = [[0.0, 1e39, 0.0]]
    for values in (given, np.array(given), np.array(given, np.longdouble)):
        with pytest.raises(InputError, match=r"z\): given 1e\+39 at \[0, 1\]; .* up to 3\.4e\+38"):
            vae.decode(values)
    with pytest.raises(InputError, match=r"inf at \[0, 1\]; every value must be finite"):
        vae.decode([[0.0, float("inf"), 0.0]])


@pytest.mark.parametrize("seed, why", [(2**63, "does not fit into int64"), (2**64, "too large")])
def test_a_seed_that_does_not_fit_is_refused_and_not_wrapped_around(vae, seed, why):
    with pytest.raises(InputError, match=why):
        vae.generate([seed])


@pytest.mark.parametrize(
    "value", [[[1.0, 2.0], [1.0, 2.0, 3.0]], "abc", None, [["a"] * 3], [[1j] * 3]]
)
def test_what_is_no_array_of_numbers_is_refused(vae, value):
    with pytest.raises(InputError, match=r"decode\(z\): .*wanted float32 \[batch, 3\]"):
        vae.decode(value)


def test_missing_surplus_and_misspelt_inputs_are_refused_by_the_names_wanted(vae, z):
    for arguments, named in (((), {}), ((z, z), {}), ((z,), {"z": z}), ((), {"x": z})):
        with pytest.raises(InputError, match="decode takes z; it was given"):
            vae.decode(*arguments, **named)


def test_eight_threads_get_the_answers_of_one(artifact, z):
    expected = zoo.load(artifact).decode(z).x_mean
    fresh = zoo.load(artifact)  # its graphs are opened by whichever thread is first
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: fresh.decode(z).x_mean, range(64)))
    for answer in answers:
        np.testing.assert_array_equal(answer, expected)


def test_a_copy_answers_as_the_original(vae, z):
    np.testing.assert_array_equal(copy.copy(vae).decode(z).x_mean, vae.decode(z).x_mean)


def test_an_object_without_its_attributes_yet_does_not_recurse(vae):
    """copy and pickle ask an empty object for its methods."""
    empty = type(vae).__new__(type(vae))
    with pytest.raises(AttributeError):
        empty.__setstate__  # noqa: B018
    with pytest.raises((TypeError, pickle.PicklingError)):
        pickle.dumps(vae)
