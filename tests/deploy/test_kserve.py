"""A KServe layout: the InferenceService read by a YAML parser, and the models to upload."""

import pytest

from zoo import deploy
from zoo.errors import InputError

yaml = pytest.importorskip("yaml", reason="PyYAML parses what the layout writes")

URI, VERSION = "s3://models/vae?region=eu&x=#1", "24.10-py3"


def service(folder):
    return yaml.safe_load((folder / "inference_service.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def folder(artifact, tmp_path_factory):
    out = tmp_path_factory.mktemp("kserve") / "service"
    assert deploy.kserve(artifact, out, URI, VERSION) == "conv-vae-digits"
    return out


def test_the_inference_service_is_kserves_triton_over_protocol_v2(folder):
    assert service(folder) == {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "conv-vae-digits"},
        "spec": {
            "predictor": {
                "model": {
                    "modelFormat": {"name": "triton"},
                    "protocolVersion": "v2",
                    "runtimeVersion": VERSION,
                    "storageUri": URI,
                    "resources": {"limits": {"nvidia.com/gpu": "1"}},
                }
            }
        },
    }


@pytest.mark.parametrize("gpus", [0, 4])
def test_gpus_are_the_limit_and_none_leaves_it_out(artifact, tmp_path, gpus):
    deploy.kserve(artifact, tmp_path / "out", URI, VERSION, gpus=gpus)
    model = service(tmp_path / "out")["spec"]["predictor"]["model"]
    limits = {"limits": {"nvidia.com/gpu": str(gpus)}} if gpus else None
    assert model.get("resources") == limits


def test_a_version_that_looks_like_a_number_stays_text(artifact, tmp_path):
    deploy.kserve(artifact, tmp_path / "out", URI, "24.10")
    assert service(tmp_path / "out")["spec"]["predictor"]["model"]["runtimeVersion"] == "24.10"


def test_the_models_to_upload_are_the_triton_repository(artifact, folder, tmp_path):
    deploy.triton(artifact, tmp_path / "triton", max_batch_size=16, tensorrt=True)
    deploy.kserve(artifact, tmp_path / "kserve", URI, VERSION, max_batch_size=16, tensorrt=True)
    triton, kserve = tmp_path / "triton", tmp_path / "kserve" / "models"
    wanted = {p.relative_to(triton): p.read_bytes() for p in triton.rglob("*") if p.is_file()}
    found = {p.relative_to(kserve): p.read_bytes() for p in kserve.rglob("*") if p.is_file()}
    assert {str(path): data for path, data in wanted.items() if path.name != "README.md"} == {
        str(path): data for path, data in found.items()
    }


def test_the_graphs_to_upload_answer_as_the_model(folder, assert_graphs_answer):
    assert_graphs_answer(folder / "models")


def test_the_readmes_request_goes_to_a_model_of_the_service(artifact, folder, asked, run_graph):
    address, body = asked(folder)
    assert "inferenceservice conv-vae-digits " in address
    model = address.rpartition("/v2/models/")[2].removesuffix("/infer")
    answers = run_graph(folder / "models" / model / "1" / "model.onnx", body)
    assert answers["x_mean"].shape == (2, 8, 8, 1)


@pytest.mark.parametrize(
    ("name", "wanted"), [("VAE.v2", "vae-v2"), ("a__b-", "a-b"), ("x" * 53, "x" * 53)]
)
def test_a_services_name_is_what_kubernetes_allows(artifact, tmp_path, name, wanted):
    assert deploy.kserve(artifact, tmp_path / "out", URI, VERSION, name=name) == wanted
    assert service(tmp_path / "out")["metadata"]["name"] == wanted


@pytest.mark.parametrize("name", ["2vae", "___", "x" * 54])
def test_a_name_that_gives_no_services_name_is_refused(artifact, tmp_path, name):
    with pytest.raises(InputError, match="name="):
        deploy.kserve(artifact, tmp_path / "out", URI, VERSION, name=name)
    assert not list(tmp_path.iterdir())
