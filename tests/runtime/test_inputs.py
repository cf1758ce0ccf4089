"""Values that an endpoint takes and refuses: ranges, whole numbers, 8-bit pictures, no rows."""

import subprocess
import sys

import numpy as np
import onnxruntime
import pytest
from spoiling import change_manifest

import zoo
from zoo.artifact.endpoints import Tensor
from zoo.artifact.schema import Schema
from zoo.errors import InputError
from zoo.runtime import inputs

X = Tensor("x", "float32", ("batch", 2))
LABEL = Tensor("label", "int32", ("batch",), below=10)
SEED = Tensor("seed", "int64", ("batch",))
PICTURE = Schema("image", (2,), uint8=True, spacing=1 / 255)


def take(tensor, value, schema=None):
    return inputs.checked(f"call({tensor.name})", tensor, value, schema)


@pytest.fixture(scope="module")
def vae(artifact):
    return zoo.load(artifact)


# --- the schema's range ----------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ["encode", "reconstruct", "score"])
@pytest.mark.parametrize("least, most", [(0, 255), (-1, 1), (0.5, 1.00001), (-1e-5, 0.5)])
def test_images_beyond_the_schemas_range_are_refused_with_both_ranges(vae, endpoint, least, most):
    x = np.full((3, 8, 8, 1), 0.5, np.float32)
    x[1, 2, 3], x[2, 1, 1] = least, most
    low, high = min(least, 0.5), max(most, 0.5)
    why = f"given values from {low:g} to {high:g}, wanted 0 to 1, the range of the data"
    for call in (getattr(vae, endpoint), getattr(vae, endpoint).on_device):
        with pytest.raises(InputError) as error:
            call(x)
        assert f"{endpoint}(x): {why}" in str(error.value)
        assert "uint8" in str(error.value) or "Scale them" in str(error.value)
    with pytest.raises(InputError, match="wanted 0 to 1"):
        getattr(vae, endpoint)(x.tolist())


def test_where_values_may_be_missing_nan_is_taken_and_infinity_is_not():
    numbers = Tensor("numbers", "float32", ("batch", 2), missing=True)
    given = np.array([[np.nan, 1.0], [2.0, np.nan]], np.float32)
    np.testing.assert_array_equal(take(numbers, given), given)
    given[1, 0] = np.inf
    with pytest.raises(InputError, match=r"inf at \[1, 0\]; every value must be finite"):
        take(numbers, given)
    other = Tensor("numbers", "float32", ("batch", 2))
    with pytest.raises(InputError, match=r"nan at \[0, 0\]; every value must be finite"):
        take(other, given)
    categories = Tensor("categories", "int32", ("batch", 1), missing=True)
    assert take(categories, [[-1], [3]]).dtype == np.int32


def test_a_latent_has_no_range_but_is_finite(vae):
    assert np.isfinite(vae.decode(np.full((1, 3), 50.0, np.float32)).x_mean).all()


@pytest.mark.parametrize(
    "schema, low, high",
    [
        (Schema("vector", (2,), -1.0, 1.0), -1.0, 1.0),
        (Schema("vector", (2,), 0.0, None), 0.0, 3e38),
        (Schema("vector", (2,), None, 5.0), -3e38, 5.0),
        (Schema("vector", (2,), None, None), -3e38, 3e38),
        (Schema("vector", (2,), -1000.0, 3000.0), -1000.0, 3000.0),
    ],
)
def test_the_ends_of_a_range_belong_to_it_and_what_float32_rounds_there(schema, low, high):
    ends = np.array([[low, high]], np.float32)
    np.testing.assert_array_equal(take(X, ends, schema), ends)
    width = high - low if abs(low) + abs(high) < 1e30 else 1.0
    for end, sign in ((schema.low, -1), (schema.high, 1)):
        if end is not None:
            near = np.full((1, 2), end + sign * 0.5e-6 * width, np.float32)
            far = np.full((1, 2), end + sign * 3e-6 * width, np.float32)
            np.testing.assert_array_equal(take(X, near, schema), near)  # and is not clamped
            with pytest.raises(InputError, match="wanted"):
                take(X, far, schema)


def test_the_range_is_stated_with_its_unit():
    for schema, words in (
        (Schema("vector", (2,), 0.0, 5.0, unit="mV"), "wanted 0 to 5 mV,"),
        (Schema("vector", (2,), 0.0, None, unit="s"), "wanted 0 s or more,"),
        (Schema("vector", (2,), None, 5.0), "wanted 5 or less,"),
    ):
        with pytest.raises(InputError, match=words):
            take(X, np.full((1, 2), 9.0 if schema.high else -9.0, np.float32), schema)


# --- 8-bit pictures --------------------------------------------------------------------------


@pytest.mark.parametrize("low, high", [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)])
def test_8_bit_pictures_are_scaled_to_the_schemas_range(low, high):
    schema = Schema("image", (2,), low, high, uint8=True)
    values = np.arange(256, dtype=np.uint8).reshape(128, 2)
    expected = low + values.astype(np.float64) / 255 * (high - low)
    for given in (values, list(values), np.asfortranarray(values)):
        found = take(X, given, schema)
        assert found.dtype == np.float32 and found.min() == low and found.max() == high
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7 * (high - low))


def test_8_bit_pictures_have_the_bits_that_the_model_was_trained_on():
    values = np.arange(256, dtype=np.uint8).reshape(128, 2)
    np.testing.assert_array_equal(
        take(X, values, PICTURE), np.divide(values, 255, dtype=np.float32)
    )


def test_an_artifact_of_8_bit_pictures_takes_them_and_says_so(copied_artifact):
    change_manifest(copied_artifact, lambda m: m["schema"].update(uint8=True))
    vae = zoo.load(copied_artifact)
    x = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), dtype=np.uint8)
    expected = vae.score((x / 255).astype(np.float32)).elbo
    np.testing.assert_allclose(vae.score(x).elbo, expected, rtol=1e-6)
    np.testing.assert_array_equal(vae.score.on_device(x).elbo.numpy(), vae.score(x).elbo)
    with pytest.raises(InputError, match="Give 8-bit pictures as uint8, which are scaled"):
        vae.score(x.astype(np.float32))
    with pytest.raises(InputError, match="Give 8-bit pictures as uint8, which are scaled"):
        vae.score(x.astype(np.int64))


def test_where_8_bit_values_mean_nothing_they_are_refused_without_leading_astray():
    schema = Schema("vector", (2,))
    assert take(X, np.uint8([[0, 1]]), schema).tolist() == [[0.0, 1.0]]
    with pytest.raises(InputError) as error:
        take(X, np.uint8([[0, 200]]), schema)
    assert "given values from 0 to 200, wanted 0 to 1, the range of the data" in str(error.value)
    assert "uint8" not in str(error.value)


def test_true_and_false_are_1_and_0_whatever_8_bit_values_are():
    assert take(X, np.array([[True, False]]), PICTURE).tolist() == [[1.0, 0.0]]
    assert take(X, [[True, False]], PICTURE).tolist() == [[1.0, 0.0]]
    with pytest.raises(InputError, match=r"given bool, wanted int64 \[batch\]"):
        take(SEED, np.array([True]))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int64", "uint64"])
@pytest.mark.parametrize("low", [0.0, None])
def test_where_there_is_no_largest_value_8_bit_numbers_are_not_scaled(dtype, low):
    found = take(X, np.array([[0, 200]], dtype), Schema("vector", (2,), low, None))
    assert found.dtype == np.float32 and found.tolist() == [[0.0, 200.0]]


def test_whole_numbers_that_float32_does_not_hold_are_refused_with_their_place():
    with pytest.raises(InputError, match=r"given 16777217 at \[0, 1\]; .* up to 16,777,216"):
        take(X, np.array([[2**24, 2**24 + 1]]), Schema("vector", (2,), 0.0, None))
    for bad in (2**53 + 1, 2**63 - 1, -(2**63) + 1):
        with pytest.raises(InputError, match=rf"given {bad} at \[0, 0\]"):
            take(X, np.array([[bad, 0]]))
    held = np.array([[2**25, -(2**52)]])
    assert take(X, held).tolist() == held.tolist()
    rounded = take(X, np.array([[2**24 + 1.0, 0.1]]))
    assert rounded.tolist() == np.float32([[2**24, 0.1]]).tolist()


# --- whole numbers ---------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int64", "uint64", ">i4"])
def test_whole_numbers_of_any_width_are_taken_where_each_fits(dtype):
    found = take(LABEL, np.array([0, 9], dtype))
    assert found.dtype == np.int32 and found.tolist() == [0, 9]


@pytest.mark.parametrize("bad", [-1, 10, 2**31, 2**32 + 3, -(2**32) + 3, 2**63 - 1])
@pytest.mark.parametrize("wrap", [list, np.array])
def test_a_label_that_there_is_not_is_refused_and_not_wrapped_around(bad, wrap):
    with pytest.raises(InputError, match=rf"given {bad}, wanted are whole numbers from 0 to 9"):
        take(LABEL, wrap([3, bad]))


@pytest.mark.parametrize("seed", [-(2**63), -1, 0, 2**63 - 1])
def test_any_int64_is_a_seed(vae, seed):
    assert take(SEED, [seed]).tolist() == [seed]
    np.testing.assert_array_equal(
        vae.generate([seed]).z, vae.generate(np.array([seed], np.int64)).z
    )


@pytest.mark.parametrize("value", [[1.0], [1.5], np.array([1.0]), np.float32([2]), [2.0**70]])
def test_a_float_is_no_seed_whatever_its_value(vae, value):
    with pytest.raises(
        InputError, match=r"generate\(seed\): given float\d\d, wanted whole numbers"
    ):
        vae.generate(value)


@pytest.mark.parametrize("value", [np.array([2**63], np.uint64), [2**64 - 1]])
def test_an_unsigned_seed_that_int64_has_not_is_refused(vae, value):
    with pytest.raises(InputError, match="does not fit into int64"):
        vae.generate(value)


# --- what is no number -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, why",
    [
        (np.ma.array(np.zeros((1, 2), np.float32), mask=[[0, 1]]), "given a masked array"),
        ([np.ma.array([0.0, 1.0], mask=[0, 1])], "given a masked array"),
        ([[0.0, np.ma.masked]], "given a masked array"),
        (np.zeros((1, 2), complex), "given complex128, not numbers"),
        (np.zeros((1, 2), "datetime64[s]"), r"given datetime64\[s\], not numbers"),
        (np.zeros((1, 2), "timedelta64[s]"), r"given timedelta64\[s\], not numbers"),
        (np.zeros((1, 2), "S3"), r"given \|S3, not numbers"),
        (np.zeros((1, 2), [("a", "f4")]), "not numbers"),
        ([["0", "1"]], "given <U1, not numbers"),
        ([[None, 1.0]], "not numbers, or too large ones"),
        ([[0.0, 1.0], [2.0]], "not an array"),
        ([[0.0, [1.0]]], "not an array"),
        ({"x": 1}, "not numbers"),
        (object(), "not numbers"),
        (b"bytes", "not numbers"),
        (0.5, r"given shape \[\]"),
        ([], None),
        ([[]], r"given shape \[1, 0\]"),
        ([[float("nan"), 0.0]], r"nan at \[0, 0\]; every value must be finite"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_what_is_no_array_of_numbers_is_refused_by_what_it_is(value, why):
    if why is None:
        assert take(X, value, PICTURE).shape == (0, 2)
        return
    with pytest.raises(InputError, match=rf"call\(x\): .*{why}"):
        take(X, value, PICTURE)


class Raises:
    """An object whose conversion fails in its own way."""

    def __init__(self, error):
        self.error = error

    def __array__(self, dtype=None, copy=None):
        raise self.error


@pytest.mark.parametrize("error", [RuntimeError("mine"), KeyError("mine"), MemoryError("mine")])
def test_whatever_an_objects_own_conversion_raises_is_a_sentence(error):
    with pytest.raises(InputError, match=r"call\(x\): not an array \(.*mine"):
        take(X, Raises(error))


def test_one_example_is_told_from_a_batch(vae):
    with pytest.raises(InputError, match=r"given shape \[8, 8, 1\].*One example is a batch of one"):
        vae.encode(np.zeros((8, 8, 1), np.float32))


def test_who_gives_pictures_of_another_size_is_told_what_to_do(vae):
    with pytest.raises(InputError, match=r"of 8 rows, 8 columns and 1 channels: Pillow's ImageOps"):
        vae.encode(np.zeros((1, 28, 28, 1), np.float32))


def test_more_rows_than_memory_holds_are_refused_before_they_are_looked_at(vae):
    endless = np.broadcast_to(np.zeros((1, 3), np.float32), (2**50, 3))
    with pytest.raises(InputError, match="more than this machine's memory"):
        vae.decode(endless)


def test_memory_that_does_not_suffice_is_a_sentence(vae, monkeypatch):
    def full(*given):
        raise MemoryError

    monkeypatch.setattr(vae._sessions, "run", full)
    with pytest.raises(InputError, match=r"decode: there is too little memory for so many rows"):
        vae.decode(np.zeros((2, 3), np.float32))


# --- no rows ---------------------------------------------------------------------------------


def test_every_endpoint_answers_no_rows_with_none(vae):
    for name, endpoint in vae.endpoints.items():
        arrays = {t.name: np.zeros((0, *t.shape[1:]), t.dtype) for t in endpoint.inputs}
        lists = {t.name: [] for t in endpoint.inputs}
        for given in (arrays, lists, dict.fromkeys(arrays, ())):
            answer = getattr(vae, name)(**given)
            stayed = getattr(vae, name).on_device(**given)
            for tensor, value, there in zip(endpoint.outputs, answer, stayed, strict=True):
                assert value.shape == (0, *tensor.shape[1:]) and value.dtype == tensor.dtype
                assert isinstance(there, onnxruntime.OrtValue) and there.shape() == [*value.shape]
                assert there.numpy().dtype == tensor.dtype


def test_no_rows_that_stayed_on_the_device_are_taken_by_the_next_endpoint(vae):
    z = vae.generate.on_device([]).z
    assert vae.decode.on_device(z).x_mean.numpy().shape == (0, 8, 8, 1)


def test_no_rows_of_another_width_are_refused_all_the_same(vae):
    with pytest.raises(InputError, match=r"given shape \[0, 4\], wanted float32 \[batch, 3\]"):
        vae.decode(np.zeros((0, 4), np.float32))


RECURRENT = """
import sys
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from zoo.artifact import layout
from zoo.artifact.endpoints import Endpoint, Tensor
from zoo.artifact.reading import Reader
from zoo.runtime.calls import Call
from zoo.runtime.sessions import Sessions

folder, = sys.argv[1:]
weights = [numpy_helper.from_array(np.ones(shape, np.float32), name)
           for name, shape in (("w", (1, 12, 2)), ("r", (1, 12, 4)))]
nodes = [
    helper.make_node("Transpose", ["x"], ["steps"], perm=[1, 0, 2]),
    helper.make_node("GRU", ["steps", "w", "r"], ["", "h"], hidden_size=4),
    helper.make_node("Squeeze", ["h", "axes"], ["y"]),
]
axes = numpy_helper.from_array(np.array([0]), "axes")
x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, s)
        for n, s in (("x", ["batch", 3, 2]), ("y", ["batch", 4])))
graph = helper.make_graph(nodes, "g", [x], [y], [*weights, axes])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
onnx.save(model, folder + "/" + layout.graph("gru"))
tensors = Tensor("x", "float32", ("batch", 3, 2)), Tensor("y", "float32", ("batch", 4))
call = Call(Endpoint("gru", tensors[:1], tensors[1:]), Sessions(Reader(folder)))
print(call(np.zeros((2, 3, 2), np.float32)).y.shape, call(np.zeros((0, 3, 2), np.float32)).y.shape)
print(call.on_device(np.zeros((0, 3, 2), np.float32)).y.shape())
"""


def test_a_recurrent_graph_that_would_abort_the_process_is_not_run_without_rows(tmp_path):
    """ONNX Runtime 1.31 ends the process by SIGABRT where a GRU gets no rows."""
    (tmp_path / "onnx").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", RECURRENT, str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    assert done.stdout == "(2, 4) (0, 4)\n[0, 4]\n"
