"""A Triton model repository, read by Triton's own message definitions."""

import shutil

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx.external_data_helper import uses_external_data

import zoo
from zoo import deploy
from zoo.artifact import layout
from zoo.runtime.replay import read

model_config = pytest.importorskip(
    "tritonclient.grpc.model_config_pb2", reason="tritonclient brings Triton's ModelConfig message"
)
text_format = pytest.importorskip("google.protobuf.text_format")

TYPES = {"float32": "TYPE_FP32", "int64": "TYPE_INT64", "int32": "TYPE_INT32"}


def configs(repository):
    """{folder's name: ModelConfig}; an unknown field or value is a ParseError."""
    return {
        path.parent.name: text_format.Parse(path.read_text("utf-8"), model_config.ModelConfig())
        for path in repository.glob("*/config.pbtxt")
    }


@pytest.fixture(scope="module")
def repository(artifact, tmp_path_factory):
    out = tmp_path_factory.mktemp("triton") / "repository"
    deploy.triton(artifact, out)
    return out


def test_there_is_one_model_an_endpoint_named_as_its_folder(artifact, manifest, repository):
    found = configs(repository)
    assert set(found) == {f"{artifact.name}-{endpoint}" for endpoint in manifest["endpoints"]}
    assert all(config.name == folder for folder, config in found.items())
    files = {path.relative_to(repository).as_posix() for path in repository.rglob("*.*")}
    wanted = {f"{model}/{file}" for model in found for file in ("config.pbtxt", "1/model.onnx")}
    assert files == wanted | {"README.md"}


def test_the_models_names_are_returned(artifact, manifest, tmp_path):
    models = deploy.triton(artifact, tmp_path / "out", name="faces.v2")
    assert models == {endpoint: f"faces.v2-{endpoint}" for endpoint in manifest["endpoints"]}
    assert {c.name for c in configs(tmp_path / "out").values()} == set(models.values())


def test_tensors_are_the_manifests_without_the_batch_axis(artifact, manifest, repository):
    found = configs(repository)
    for name, endpoint in manifest["endpoints"].items():
        config = found[f"{artifact.name}-{name}"]
        for side, tensors in (("inputs", config.input), ("outputs", config.output)):
            assert [t.name for t in tensors] == [t["name"] for t in endpoint[side]]
            for tensor, stated in zip(tensors, endpoint[side], strict=True):
                assert model_config.DataType.Name(tensor.data_type) == TYPES[stated["dtype"]]
                assert stated["shape"][0] == "batch"
                assert list(tensor.dims) == (stated["shape"][1:] or [1])


def test_the_graphs_get_and_give_the_shapes_that_the_configuration_forms(repository):
    for model, config in configs(repository).items():
        session = onnxruntime.InferenceSession(
            repository / model / "1" / "model.onnx", providers=["CPUExecutionProvider"]
        )
        for tensors, values in (
            (config.input, session.get_inputs()),
            (config.output, session.get_outputs()),
        ):
            formed = {
                t.name: ["batch", *(t.reshape.shape if t.HasField("reshape") else t.dims)]
                for t in tensors
            }
            assert formed == {value.name: list(value.shape) for value in values}


def test_only_tensors_of_nothing_but_a_batch_are_reshaped(artifact, repository):
    reshaped = {
        f"{model}/{tensor.name}"
        for model, config in configs(repository).items()
        for tensor in (*config.input, *config.output)
        if tensor.HasField("reshape")
    }
    wanted = ("generate/seed", "score/elbo", "score/reconstruction", "score/kl")
    assert reshaped == {f"{artifact.name}-{each}" for each in wanted}


def test_defaults_are_batches_of_64_no_delay_any_device_and_float32(repository):
    for config in configs(repository).values():
        assert config.platform == "onnxruntime_onnx"
        assert config.max_batch_size == 64
        assert config.HasField("dynamic_batching")
        assert config.dynamic_batching.max_queue_delay_microseconds == 0
        (group,) = config.instance_group
        assert (group.count, group.kind) == (1, model_config.ModelInstanceGroup.KIND_AUTO)
        assert not config.HasField("optimization")


def test_knobs_arrive_in_every_configuration(artifact, tmp_path):
    deploy.triton(artifact, tmp_path / "out", max_batch_size=8, max_queue_delay_microseconds=250)
    for config in configs(tmp_path / "out").values():
        assert config.max_batch_size == 8
        assert config.dynamic_batching.max_queue_delay_microseconds == 250
    text = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "now 8," in text and "now 250:" in text


def test_tensorrt_halves_the_precision_of_all_but_generate_and_score(artifact, manifest, tmp_path):
    deploy.triton(artifact, tmp_path / "out", tensorrt=True)
    accelerated = set()
    for model, config in configs(tmp_path / "out").items():
        for each in config.optimization.execution_accelerators.gpu_execution_accelerator:
            assert (each.name, each.parameters["precision_mode"]) == ("tensorrt", "FP16")
            accelerated.add(model.removeprefix(f"{artifact.name}-"))
    assert accelerated == set(manifest["endpoints"]) - {"generate", "score"}


def test_the_copied_graphs_answer_as_the_model(repository, assert_graphs_answer):
    assert_graphs_answer(repository)


def test_a_served_graph_is_one_file_with_its_own_weights_and_the_artifacts_bits(
    artifact, repository, tmp_path
):
    """It is moved to where nothing else is; its answers are those of the artifact, bit for bit."""
    for name, endpoint in zoo.load(artifact).endpoints.items():
        served = tmp_path / f"{name}.onnx"
        shutil.copyfile(repository / f"{artifact.name}-{name}" / "1" / "model.onnx", served)
        graph = onnx.load(served, load_external_data=False)
        onnx.checker.check_model(graph)
        assert not any(uses_external_data(each) for each in graph.graph.initializer)
        beside = onnx.load(artifact / layout.graph(name), load_external_data=False)
        assert any(uses_external_data(each) for each in beside.graph.initializer)
        sessions = [
            onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
            for path in (served, artifact / layout.graph(name))
        ]
        given, _ = read(artifact, endpoint)
        for mine, theirs in zip(*(each.run(None, given) for each in sessions), strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_the_readmes_request_is_one_that_the_model_answers(artifact, repository, asked, run_graph):
    address, body = asked(repository)
    model = f"{artifact.name}-generate"
    assert address == f"localhost:8000/v2/models/{model}/infer"
    (seed,) = body["inputs"]
    assert seed == {"name": "seed", "datatype": "INT64", "shape": [2, 1], "data": [7, 8]}
    answers = run_graph(repository / model / "1" / "model.onnx", body)
    assert answers["x_mean"].shape == (2, 8, 8, 1)


def test_two_writings_are_the_same_bytes(artifact, repository, tmp_path):
    deploy.triton(artifact, tmp_path / "out")
    for path in (p for p in repository.rglob("*") if p.is_file()):
        again = tmp_path / "out" / path.relative_to(repository)
        assert again.read_bytes() == path.read_bytes()
