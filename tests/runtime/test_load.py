"""Loading an artifact: where it is found, what it brings along, and what is refused."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from spoiling import change_manifest, flip_one_bit, restate, swap

import zoo
from zoo.artifact import search_path
from zoo.errors import ArtifactError, InputError

ROOT = Path(zoo.__file__).parents[1]
HEAVY = ("tensorflow", "keras", "jax", "onnx", "sklearn", "matplotlib", "tf2onnx", "scipy")

EVERY_ENDPOINT = """
import importlib
for name in ("tensorflow", "keras", "onnx"):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        continue
    raise SystemExit(name + " can be imported here")
import numpy as np
import zoo
from zoo.runtime import test_data
vae = zoo.load(sys.argv[1])
for name in vae.endpoints:
    given, _ = test_data.read(vae.reader, vae.endpoints[name])
    for batch in (1, 3, 64):
        answer = getattr(vae, name)(**{k: v[:batch] for k, v in given.items()})
        np.savez(f"zoo-{name}-{batch}.npz", **answer._asdict())
print(*vae.endpoints)
"""

z = np.zeros((2, 3), np.float32)


def test_a_fresh_process_loads_and_runs_without_any_training_library(artifact):
    code = (
        "import sys, zoo\n"
        "vae = zoo.load(sys.argv[1])\n"
        "vae.decode([[0.0, 0.0, 0.0]])\n"
        f"print(*[name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(artifact)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and done.stdout.split() == [], done.stderr


def test_an_app_with_numpy_and_onnxruntime_gets_the_models_answers(
    artifact, app_python, assert_answers_as_the_model
):
    names = app_python.run(EVERY_ENDPOINT, artifact).stdout.split()
    assert set(names) >= {"encode", "decode", "reconstruct"}
    for name in names:
        for batch in (1, 3, 64):
            with np.load(app_python.work / f"zoo-{name}-{batch}.npz") as answers:
                assert_answers_as_the_model(name, batch, dict(answers))


def test_training_parts_name_the_extra_to_install_where_it_is_absent(app_python):
    done = app_python.run(
        "import zoo\n"
        "try:\n zoo.catalog\n"
        "except ImportError as error:\n print(type(error).__name__, error)"
    )
    assert "MissingDependency" in done.stdout and ".[train]" in done.stdout


# --- where it is looked for ------------------------------------------------------------------


def test_a_name_is_looked_for_in_the_folders_of_the_environment_variable(
    artifact, tmp_path, monkeypatch
):
    monkeypatch.setenv("VAE_ZOO_EXPORTS", os.pathsep.join([str(tmp_path), str(artifact.parent)]))
    assert zoo.load(artifact.name).folder == artifact


def test_a_name_is_looked_for_in_exports_below_the_working_directory(
    copied_artifact, tmp_path, monkeypatch
):
    copied_artifact.parent.rename(tmp_path / "exports")
    monkeypatch.delenv("VAE_ZOO_EXPORTS", raising=False)
    monkeypatch.chdir(tmp_path)
    by_name, by_path = zoo.load(copied_artifact.name), zoo.load(f"exports/{copied_artifact.name}")
    assert by_name.folder.resolve() == by_path.folder.resolve()
    assert by_name.decode(z).x_mean.shape == (2, 8, 8, 1)


def test_a_name_is_looked_for_in_the_clone_that_the_package_runs_from(
    copied_artifact, tmp_path, monkeypatch
):
    clone = tmp_path / "clone"
    clone.mkdir()
    copied_artifact.parent.rename(clone / "exports")
    monkeypatch.delenv("VAE_ZOO_EXPORTS", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(search_path, "BESIDE", clone)
    name = f"{copied_artifact.name}-of-the-clone"
    (clone / "exports" / copied_artifact.name).rename(clone / "exports" / name)
    with pytest.raises(ArtifactError, match="There is no artifact"):
        zoo.load(name)  # beside an installed package lies no project
    (clone / "pyproject.toml").write_text("")
    assert zoo.load(name).folder == clone / "exports" / name


def test_an_unknown_name_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("VAE_ZOO_EXPORTS", str(tmp_path / "mine"))
    with pytest.raises(ArtifactError) as error:
        zoo.load("conv_vae-nothing")
    for place in (tmp_path / "mine" / "conv_vae-nothing", Path("exports") / "conv_vae-nothing"):
        assert str(place) in str(error.value)
    assert "VAE_ZOO_EXPORTS" in str(error.value)


def test_a_path_that_is_not_there_or_no_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for name in ("file", "nothing"):
        with pytest.raises(ArtifactError, match=re.escape(str(tmp_path / name))):
            zoo.load(tmp_path / name)


def test_a_folder_that_is_no_artifact_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match="is not an artifact: it has no manifest"):
        zoo.load(tmp_path)


# --- a manifest that is not one --------------------------------------------------------------


@pytest.mark.parametrize(
    "content, why",
    [
        (b"{", "cannot be read"),
        (b"", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b"[1, 2]", "states no schema_version"),
        (b"null", "states no schema_version"),
        (b'{"name": "conv_vae-digits"}', "states no schema_version"),
        (b'{"schema_version": "1"}', "states no schema_version"),
        (b'{"schema_version": true}', "states no schema_version"),
        (b'{"schema_version": 3}', "schema version 3, .* install a newer vae-zoo"),
        (b'{"schema_version": ' + b"9" * 300 + b"}", "install a newer vae-zoo"),
        (b'{"schema_version": ' + b"9" * 5000 + b"}", "cannot be read"),
        (b'{"schema_version": 1}', "schema version 1, .*: python -m zoo republish "),
        (b'{"schema_version": -1}', "python -m zoo republish "),
        (b'{"schema_version": 2}', "states no manifest_sha256"),
        (b'{"schema_version": 2, "a": {"b": 1, "b": 1}}', "states b twice in one place"),
        (b'{"schema_version": 2, "a": NaN}', "NaN is no number of JSON"),
        (b'{"schema_version": 2, "a": [-Infinity]}', "-Infinity is no number of JSON"),
        (b'{"schema_version": 2, "a": 1e999}', "1e999 is too large"),
        (b'{"schema_version": 2, "a": "\\ud800"}', "surrogates not allowed"),
        (b'{"schema_version": 2, "a": "\x00"}', "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b"[" * 100 + b"]" * 100, "more than 64 deep"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "more than 64 deep"),
        (b" " * (2**24 + 1), "has 16,777,217 bytes, at most 16,777,216 are read"),
    ],
)
def test_a_manifest_that_cannot_be_understood_is_refused(copied_artifact, content, why):
    (copied_artifact / "manifest.json").write_bytes(content)
    with pytest.raises(ArtifactError, match=why):
        zoo.load(copied_artifact)


@pytest.mark.parametrize("endpoints", [None, {"decode": {"name": "decode"}}, ["decode"]])
def test_endpoints_that_cannot_be_understood_are_refused(copied_artifact, endpoints):
    change_manifest(copied_artifact, lambda manifest: manifest.update(endpoints=endpoints))
    with pytest.raises(ArtifactError, match="endpoints cannot be read"):
        zoo.load(copied_artifact)


@pytest.mark.parametrize(
    "change", [lambda m: m["metrics"].update(nll=1.0), lambda m: m.pop("manifest_sha256")]
)
def test_a_manifest_that_says_something_else_than_was_exported_is_refused(copied_artifact, change):
    change_manifest(copied_artifact, change, restate=False)
    with pytest.raises(ArtifactError, match=r"manifest\.json: it .*manifest_sha256"):
        zoo.load(copied_artifact)


def test_what_a_later_manifest_of_this_version_adds_does_no_harm(copied_artifact):
    change_manifest(copied_artifact, lambda manifest: manifest.update(colour="blue"))
    assert zoo.load(copied_artifact).decode(z).x_mean.shape == (2, 8, 8, 1)


# --- files that are not those that were exported ---------------------------------------------


def test_a_missing_graph_is_refused_at_once(copied_artifact):
    path = copied_artifact / "onnx" / "encode.onnx"
    path.unlink()
    with pytest.raises(ArtifactError, match=re.escape(str(path)) + " is missing"):
        zoo.load(copied_artifact)


def replaced_by_a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def replaced_by_a_folder(path):
    path.unlink()
    path.mkdir()


def replaced_by_a_link_to_a_device(path):
    path.unlink()
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    "spoil, why",
    [
        (lambda path: path.write_bytes(path.read_bytes()[:1000]), "has 1,000 bytes, the manifest"),
        (lambda path: path.write_bytes(b""), "has 0 bytes, the manifest"),
        (flip_one_bit, "sha256 differs"),
        (replaced_by_a_pipe, "is a pipe and no regular file"),
        (replaced_by_a_folder, "is a folder and no regular file"),
        (replaced_by_a_link_to_a_device, "is a device and no regular file"),
    ],
)
def test_a_spoilt_graph_is_refused_by_name_and_the_others_still_run(copied_artifact, spoil, why):
    path = copied_artifact / "onnx" / "decode.onnx"
    spoil(path)
    vae = zoo.load(copied_artifact)
    for _ in range(2):
        with pytest.raises(ArtifactError, match=re.escape(str(path)) + f".*{why}"):
            vae.decode(z)
    assert vae.encode(np.zeros((1, 8, 8, 1), np.float32)).mean.shape == (1, 3)


def test_two_swapped_graphs_are_both_refused(copied_artifact):
    swap(copied_artifact, "onnx/encode.onnx", "onnx/decode.onnx")
    vae = zoo.load(copied_artifact)
    with pytest.raises(ArtifactError, match=r"decode\.onnx"):
        vae.decode(z)
    with pytest.raises(ArtifactError, match=r"encode\.onnx"):
        vae.encode(np.zeros((1, 8, 8, 1), np.float32))


def test_a_graph_that_the_manifest_does_not_list_is_not_run(copied_artifact):
    change_manifest(copied_artifact, lambda manifest: manifest["files"].pop("onnx/decode.onnx"))
    with pytest.raises(ArtifactError, match=r"decode\.onnx is not listed in manifest\.json"):
        zoo.load(copied_artifact).decode(z)


def test_a_file_that_is_no_graph_is_refused_even_if_the_manifest_agrees(copied_artifact):
    (copied_artifact / "onnx" / "decode.onnx").write_bytes(b"no graph")
    restate(copied_artifact)
    with pytest.raises(ArtifactError, match=r"decode\.onnx: its bytes are no ONNX graph"):
        zoo.load(copied_artifact).decode(z)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["endpoints"]["encode"]["outputs"].pop(),
        lambda m: m["endpoints"]["encode"]["outputs"].reverse(),
        lambda m: m["endpoints"]["encode"]["outputs"][0].update(name="median"),
        lambda m: m["endpoints"]["encode"]["outputs"][0].update(dtype="int64"),
        lambda m: m["endpoints"]["encode"]["inputs"][0].update(name="y"),
        lambda m: m["endpoints"]["encode"]["inputs"][0].update(shape=["batch", 4, 4, 1]),
    ],
)
def test_a_graph_that_is_not_what_the_manifest_states_is_not_run(copied_artifact, change):
    change_manifest(copied_artifact, change)
    vae = zoo.load(copied_artifact)
    (tensor,) = vae.endpoints["encode"].inputs
    for rows in (0, 2):
        with pytest.raises(ArtifactError, match=r"encode has the tensors .*manifest\.json states"):
            vae.encode(np.zeros((rows, *tensor.shape[1:]), tensor.dtype))
    assert vae.decode(z).x_mean.shape == (2, 8, 8, 1)


# --- providers -------------------------------------------------------------------------------


def absent_provider():
    """A provider that ONNX Runtime knows and this machine does not have: CUDA, mostly."""
    absent = set(onnxruntime.get_all_providers()) - set(onnxruntime.get_available_providers())
    return "CUDAExecutionProvider" if "CUDAExecutionProvider" in absent else min(absent)


@pytest.mark.parametrize("wrap", [lambda p: [p], lambda p: p, lambda p: [(p, {})]])
def test_a_provider_that_is_not_there_is_an_error_that_lists_what_is(artifact, wrap):
    absent = absent_provider()
    with pytest.raises(InputError, match=f"has no {absent} here; it has .*CPUExecutionProvider"):
        zoo.load(artifact, providers=wrap(absent))


def test_an_absent_provider_is_no_silent_cpu_even_with_the_cpu_beside_it(artifact):
    with pytest.raises(InputError, match=absent_provider()):
        zoo.load(artifact, providers=[absent_provider(), "CPUExecutionProvider"])


@pytest.mark.parametrize("providers", [None, ["CPUExecutionProvider"], "CPUExecutionProvider"])
def test_the_cpu_is_what_is_used_unless_asked_otherwise(artifact, providers):
    vae = zoo.load(artifact, providers=providers)
    assert vae._sessions.get("decode").get_providers() == ["CPUExecutionProvider"]


def test_threads_reach_onnxruntime_and_change_no_answer(artifact):
    one, default = zoo.load(artifact, threads=1), zoo.load(artifact)
    assert one._sessions.get("decode").get_session_options().intra_op_num_threads == 1
    np.testing.assert_allclose(one.decode(z).x_mean, default.decode(z).x_mean, atol=1e-6)


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True])
def test_threads_that_cannot_be_are_refused(artifact, threads):
    with pytest.raises(InputError, match=r"threads: given .*, wanted a whole number of 1 or more"):
        zoo.load(artifact, threads=threads)
