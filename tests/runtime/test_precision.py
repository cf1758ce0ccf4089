"""Half precision where the artifact has graphs of it, and a sentence where it has none."""

import json

import numpy as np
import onnx
import pytest
from onnxruntime.transformers import float16
from spoiling import change_manifest, restate

import zoo
from zoo.command_line import main
from zoo.errors import ArtifactError, InputError

z = np.random.default_rng(0).standard_normal((5, 3), dtype=np.float32)


@pytest.fixture
def single(copied_artifact):
    """An artifact without any graph of half precision."""
    for path in copied_artifact.glob("onnx/*.fp16.onnx"):
        path.unlink()
    restate(copied_artifact)
    return copied_artifact


@pytest.fixture
def half(single):
    """One with `decode` in half precision besides, made by ONNX Runtime's own converter."""
    graph = onnx.load(single / "onnx" / "decode.onnx")
    graph = float16.convert_float_to_float16(graph, keep_io_types=True)
    onnx.save(graph, single / "onnx" / "decode.fp16.onnx")
    restate(single)
    return single


def test_half_precision_takes_and_gives_float32_and_is_near(half):
    single, rough = zoo.load(half).decode(z).x_mean, zoo.load(half, precision="float16").decode(z)
    assert rough.x_mean.dtype == np.float32
    assert 0 < np.abs(rough.x_mean - single).max() < 5e-3  # it is another graph, and no worse


def test_what_has_no_graph_of_half_precision_is_not_offered(half):
    vae = zoo.load(half, precision="float16")
    assert list(vae.endpoints) == ["decode"] and "decode" in dir(vae)
    with pytest.raises(AttributeError, match="no float16 endpoint 'generate'; it has decode"):
        vae.generate([1])


def test_an_artifact_without_half_precision_says_which_graphs_there_are(single):
    with pytest.raises(InputError, match=r"no float16 graph; it has onnx/decode\.onnx, onnx/enc"):
        zoo.load(single, precision="float16")


@pytest.mark.parametrize("precision", ["float64", "half", None, 16])
def test_an_unknown_precision_is_refused(artifact, precision):
    with pytest.raises(InputError, match=r"precision: given .*, wanted one of float32, float16"):
        zoo.load(artifact, precision=precision)


def test_a_changed_or_missing_graph_of_half_precision_is_named(half):
    path = half / "onnx" / "decode.fp16.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(ArtifactError, match=r"decode\.fp16\.onnx is not the file that was exp"):
        zoo.load(half, precision="float16").decode(z)
    assert zoo.load(half).decode(z).x_mean.shape == (5, 8, 8, 1)
    path.unlink()
    with pytest.raises(ArtifactError, match=r"decode\.fp16\.onnx is missing"):
        zoo.load(half, precision="float16")


def test_a_graph_that_the_manifest_does_not_list_is_no_graph_of_the_artifact(half):
    change_manifest(half, lambda manifest: manifest["files"].pop("onnx/decode.fp16.onnx"))
    with pytest.raises(InputError, match="no float16 graph"):
        zoo.load(half, precision="float16")


def test_bench_times_half_precision_and_says_so(half, capsys):
    code = main(["bench", str(half), "--precision", "float16", "--batch", "2", "--repeat", "2"])
    out = capsys.readouterr().out
    assert code == 0 and " in float16, " in out.splitlines()[-1]
    assert [line.split()[0] for line in out.splitlines()[1:-1]] == ["decode"]
    options = ["--precision", "float16", "--endpoint", "score", "--json"]
    assert main(["bench", str(half), *options]) == 2
    assert "no endpoint score in float16" in capsys.readouterr().err


def test_info_says_what_there_is_in_half_precision(half, capsys):
    assert main(["info", str(half)]) == 0
    assert "ONNX graphs in float32; in float16: decode\n" in capsys.readouterr().out


def test_the_json_of_bench_states_what_was_timed(artifact, capsys):
    options = ["--threads", "1", "--batch-limit", "4", "--batch", "9", "--repeat", "1", "--json"]
    assert main(["bench", str(artifact), "--endpoint", "decode", *options]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["precision"], facts["threads"], facts["batch_limit"]) == ("float32", 1, 4)
