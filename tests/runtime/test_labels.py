"""Labels by the names of their classes: taken as their numbers are, or refused with what to do."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

import zoo
from zoo.artifact import layout
from zoo.artifact.endpoints import Endpoint, Tensor
from zoo.artifact.reading import Reader
from zoo.artifact.schema import Schema
from zoo.errors import InputError
from zoo.runtime.calls import Call
from zoo.runtime.sessions import Sessions

EXPORTS = Path(__file__).resolve().parents[2] / "exports"
CLASSES = ("s1", "s10", "cat", "Dog")


@pytest.fixture
def call(tmp_path):
    """A function that makes the call of a graph that answers the label which it was given."""

    def make(classes=CLASSES, below=4, batch_limit=None):
        sides = [
            [helper.make_tensor_value_info(name, dtype, ["batch"]) for name, dtype in side]
            for side in (
                (("seed", TensorProto.INT64), ("label", TensorProto.INT32)),
                (("seen", TensorProto.INT32),),
            )
        ]
        graph = helper.make_graph([helper.make_node("Identity", ["label"], ["seen"])], "g", *sides)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
        path = tmp_path / layout.graph("generate")
        path.parent.mkdir(exist_ok=True)
        onnx.save(model, path)
        given = (
            Tensor("seed", "int64", ("batch",)),
            Tensor("label", "int32", ("batch",), below=below),
        )
        endpoint = Endpoint("generate", given, (Tensor("seen", "int32", ("batch",)),))
        schema = Schema("vector", (2,), classes=classes)
        return Call(endpoint, Sessions(Reader(tmp_path)), batch_limit, schema)

    return make


@pytest.mark.parametrize(
    ("label", "numbers"),
    [
        ("s10", [1, 1, 1]),
        (np.str_("cat"), [2, 2, 2]),
        (np.array("cat"), [2, 2, 2]),
        (["Dog", "s1", "cat"], [3, 0, 2]),
        (("Dog", "s1", "cat"), [3, 0, 2]),
        (np.array(["Dog", "s1", "cat"]), [3, 0, 2]),
        (np.array(["Dog", "s1", "cat"], object), [3, 0, 2]),
        ([3, 0, 2], [3, 0, 2]),
        (np.array([3, 0, 2], np.uint8), [3, 0, 2]),
    ],
)
def test_names_of_classes_are_taken_as_their_numbers_are(call, label, numbers):
    for limit in (None, 2):
        generate = call(batch_limit=limit)
        assert generate([5, 6, 7], label=label).seen.tolist() == numbers
        assert generate([5, 6, 7], label).seen.tolist() == numbers
        assert generate.on_device([5, 6, 7], label).seen.numpy().tolist() == numbers


def test_one_name_is_for_the_rows_of_a_tensor_that_stayed_on_the_device(call):
    seeds = onnxruntime.OrtValue.ortvalue_from_numpy(np.arange(3))
    assert call().on_device(seeds, "cat").seen.numpy().tolist() == [2, 2, 2]


def test_one_name_or_none_for_no_rows_gives_an_empty_answer(call):
    for label in ("cat", []):
        assert call()([], label).seen.shape == (0,)


@pytest.mark.parametrize(
    ("label", "why"),
    [
        ("s11", "'s11' is none of the 4 classes; the nearest is 's1"),
        (["cat", "DOGS", "cat"], "'DOGS' is none of the 4 classes; the nearest is 'Dog'"),
        ("", "'' is none of the 4 classes. schema.classes"),
        ("a" * 10**6, "none of the 4 classes"),
        (["cat", 1, "cat"], "given 1 among names of classes. Give a name for each row, or"),
        (np.array(["cat", None, "cat"], object), "given None among names of classes"),
        (["cat", "cat"], "the inputs' batches differ: {'seed': 3, 'label': 2}"),
        ([["cat"], ["cat"], ["cat"]], "not numbers; wanted int32 [batch]"),
        (np.array([b"cat"] * 3), "given |S3, not numbers; wanted int32 [batch]"),
        (np.ma.array(["cat"] * 3, mask=[0, 1, 0]), "given a masked array"),
        ([4, 0, 0], "given 4, wanted are whole numbers from 0 to 3"),
    ],
)
def test_what_names_no_class_is_refused_with_what_to_do(call, label, why):
    for run in (call(), call().on_device):
        with pytest.raises(InputError) as error:
            run([5, 6, 7], label=label)
        assert str(error.value).startswith("generate") and why in str(error.value)
        assert len(str(error.value)) < 300


def test_names_are_refused_where_the_schema_has_none(call):
    for label in ("cat", ["cat", "Dog"]):
        with pytest.raises(InputError, match="'cat', and this artifact's schema has no names of"):
            call(classes=())([1, 2], label=label)
    assert call(classes=())([1, 2], label=[3, 1]).seen.tolist() == [3, 1]


def test_a_name_that_several_classes_have_is_refused_with_their_numbers(call):
    generate = call(classes=("cat", "dog", "cat", "cow"))
    with pytest.raises(InputError, match="of 2 classes; their numbers are 0, 2"):
        generate([1], label="cat")
    assert generate([1], label="dog").seen.tolist() == [1]


def test_a_class_that_the_model_was_not_made_for_is_refused(call):
    with pytest.raises(InputError, match="given 3, wanted are whole numbers from 0 to 2"):
        call(below=3)([1], label="Dog")


def test_the_other_inputs_are_checked_before_one_name_becomes_their_rows(call):
    with pytest.raises(InputError, match=r"generate\(seed\): given float64"):
        call()([0.5], label="cat")


def test_a_published_artifact_gives_one_image_for_a_class_by_name_or_number():
    vae = zoo.load(EXPORTS / "conditional_vae-mnist")
    assert vae.schema.classes[7] == "7"
    expected = vae.generate([1, 2], label=[7, 7]).x_mean
    np.testing.assert_array_equal(vae.generate([1, 2], label="7").x_mean, expected)
    assert np.abs(vae.generate([1, 2], label=["7", "1"]).x_mean - expected)[1].max() > 0.1
