"""An operator that a GPU lacks is refused by name, in the endpoints that promise to run on one."""

import keras
import onnx
import pytest
from keras import layers, ops

from zoo.errors import ExportError
from zoo.export.onnx_graph import kernels
from zoo.models.vae import VAE
from zoo.networks import conv


@keras.saving.register_keras_serializable(package="tests")
class Arctangent(layers.Layer):
    """ONNX and ONNX Runtime's CPU have Atan, its CUDA provider does not."""

    def call(self, h):
        return ops.arctan(h)


def vae_with(layer):
    z = keras.Input((3,), name="z")
    h = layers.Reshape((8, 8, 1))(layer(layers.Dense(64)(z)))
    encoder = conv.encoder((8, 8, 1), 3, filters=(4,), dense=8)
    return VAE(encoder, keras.Model(z, h, name="decoder"), name="conv_vae")


@pytest.mark.slow
def test_a_model_with_an_operator_that_cuda_lacks_is_refused_by_name(trained, tmp_path):
    target = tmp_path / "exports" / "conv_vae-digits"
    with pytest.raises(ExportError, match=r"decode: ONNX Runtime has no CUDA kernel for Atan:"):
        trained.publish(target, model=vae_with(Arctangent()))
    assert list(target.parent.iterdir()) == []


@pytest.mark.slow
def test_only_the_integer_noise_of_generate_falls_to_the_cpu(artifact):
    for path in (artifact / "onnx").glob("*.onnx"):
        lacking = kernels.without_kernel(onnx.load(path))
        generate = ["BitShift", "BitwiseOr", "BitwiseXor"]
        assert lacking == (generate if path.name.startswith("generate") else []), path.name


@pytest.mark.parametrize("name", sorted(kernels.CUDA))
def test_the_table_names_versions_and_type_parameters_of_opset_18(name):
    first, last, kinds = kernels.CUDA[name]
    schema = onnx.defs.get_schema(name, 18)
    assert first == schema.since_version or first <= schema.since_version <= last
    assert set(kinds) <= {constraint.type_param_str for constraint in schema.type_constraints}


def one_node(kind, element, **attributes):
    value, size = onnx.helper.make_tensor_value_info, [2, 2]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(kind, ["x", "x"][: 1 + (kind == "Where")], ["y"], **attributes)],
        "graph",
        [value("x", element, size)],
        [value("y", element, size)],
    )
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)])


@pytest.mark.parametrize(
    "kind, element, lacking",
    [
        ("Exp", onnx.TensorProto.FLOAT, []),
        ("Exp", onnx.TensorProto.FLOAT16, []),
        ("ReduceMean", onnx.TensorProto.INT64, ["ReduceMean of int64"]),
        ("Det", onnx.TensorProto.FLOAT, ["Det"]),
    ],
)
def test_types_count_as_much_as_names(kind, element, lacking):
    assert kernels.without_kernel(one_node(kind, element)) == lacking


def test_operators_of_another_domain_are_none_of_the_standard():
    model = one_node("Gelu", onnx.TensorProto.FLOAT)
    model.graph.node[0].domain = "com.microsoft"
    model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    assert kernels.without_kernel(model) == ["com.microsoft.Gelu"]
