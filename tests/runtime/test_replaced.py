"""What is loaded stays what it was, whatever becomes of the folder; a mixture is never loaded."""

import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from spoiling import flip_one_bit

import zoo
from zoo.artifact import layout
from zoo.artifact.reading import Reader
from zoo.errors import ArtifactError
from zoo.runtime import test_data

SEEDS = [1, 2, 3]


@pytest.fixture(scope="module")
def another(artifact, trained, tmp_path_factory):
    """An artifact of the same shape whose every weight is another."""
    model = type(trained.model).from_config(trained.model.get_config())
    for mine, theirs in zip(model.weights, trained.model.weights, strict=True):
        mine.assign(np.asarray(theirs) * 0.5)
    target = tmp_path_factory.mktemp("another") / artifact.name
    type(trained)(**vars(trained) | {"model": model}).publish(target)
    return target


def answers(vae):
    """The answers of every endpoint to its test data."""
    found = {}
    for name, endpoint in vae.endpoints.items():
        given, _ = test_data.read(Reader(vae.folder), endpoint)
        found[name] = getattr(vae, name)(**{k: v[:4] for k, v in given.items()})
    return found


def generated(vae):
    """Bytes of what depends on the prior, the decoder, and the encoder, from a seed."""
    images = vae.generate(SEEDS).x_mean
    return b"".join(value.tobytes() for value in (images, *vae.encode(images), *vae.score(images)))


@pytest.mark.parametrize("by", ["path", "name"])
def test_what_is_loaded_by_a_relative_path_survives_another_working_directory(
    artifact, tmp_path, monkeypatch, by
):
    monkeypatch.chdir(artifact.parent.parent)
    monkeypatch.setenv("VAE_ZOO_EXPORTS", artifact.parent.name)
    given = f"{artifact.parent.name}/{artifact.name}" if by == "path" else artifact.name
    vae = zoo.load(given)
    vae.decode(np.zeros((1, 3), np.float32))
    monkeypatch.chdir(tmp_path)
    for name, answer in answers(vae).items():  # not called before
        assert len(answer[0]) == 4, name
    assert vae.folder == artifact


def test_a_working_directory_that_is_gone_is_a_sentence(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(ArtifactError, match=r"There is no artifact|which is gone"):
        zoo.load("conv_vae-nowhere")
    with pytest.raises(ArtifactError, match=r"There is no artifact|which is gone"):
        zoo.load(".")


@pytest.mark.parametrize(
    "spoil",
    [
        shutil.rmtree,
        lambda folder: flip_one_bit(folder / "onnx" / "encode.onnx"),
        lambda folder: flip_one_bit(folder / "onnx" / "weights.bin"),
    ],
)
def test_what_becomes_of_the_folder_changes_no_answer(copied_artifact, artifact, spoil):
    expected = generated(zoo.load(artifact))
    vae = zoo.load(copied_artifact)
    spoil(copied_artifact)
    assert generated(vae) == expected


@pytest.mark.slow
def test_an_endpoint_first_called_after_a_replacement_is_of_the_artifact_that_was_loaded(
    copied_artifact, another
):
    expected = generated(zoo.load(copied_artifact))
    vae = zoo.load(copied_artifact)
    shutil.rmtree(copied_artifact)
    shutil.copytree(another, copied_artifact)
    assert generated(vae) == expected != generated(zoo.load(copied_artifact))


@pytest.mark.slow
def test_loads_during_replacement_are_of_one_artifact_or_the_other(artifact, another, tmp_path):
    """As an export replaces: by two renamings, between which there is none."""
    target = tmp_path / artifact.name
    sources = [artifact, another]
    expected = [generated(zoo.load(source)) for source in sources]
    done, replaced = threading.Event(), 0

    def replace():
        nonlocal replaced
        while not done.is_set():
            staged = tmp_path / "staged"
            shutil.copytree(sources[replaced % 2], staged)
            if target.exists():
                os.rename(target, tmp_path / "aside")
            os.rename(staged, target)
            shutil.rmtree(tmp_path / "aside", ignore_errors=True)
            replaced += 1

    shutil.copytree(artifact, target)
    thread = threading.Thread(target=replace)
    thread.start()
    seen, refused = set(), []
    try:
        for _ in range(25):
            try:
                seen.add(expected.index(generated(zoo.load(target))))
            except ArtifactError as error:
                refused.append(str(error))
    finally:
        done.set()
        thread.join()
    assert replaced > 3 and seen == {0, 1}
    assert len(refused) < 4, refused  # none there at the moment that it was looked for


def test_an_artifact_that_is_back_in_its_place_after_another_was_is_loaded(
    artifact, another, tmp_path, monkeypatch
):
    """Manifest of the one, files of the other, and the manifest of the one again: no damage."""
    target, aside = tmp_path / artifact.name, tmp_path / "aside"
    shutil.copytree(artifact, target)
    shutil.copytree(another, aside)
    expected = generated(zoo.load(artifact))
    turns = iter(["away", "back"])
    reader = Reader.read

    def meanwhile(self, name, *limit):
        turn = next(turns, None) if name.endswith(("encode.onnx", "weights.bin")) else None
        if turn:  # the two change places
            target.rename(tmp_path / "third")
            aside.rename(target)
            (tmp_path / "third").rename(aside)
        return reader(self, name, *limit)

    monkeypatch.setattr(Reader, "read", meanwhile)
    assert generated(zoo.load(target)) == expected
    assert next(turns, None) is None


@pytest.mark.parametrize("precision, files", [("float32", 1), ("float16", 2)])
def test_a_file_is_read_once_for_all_endpoints_and_halves_only_when_wanted(
    artifact, monkeypatch, precision, files
):
    read = []
    reader = Reader.read

    def counting(self, name, *limit):
        read.append(name)
        return reader(self, name, *limit)

    monkeypatch.setattr(Reader, "read", counting)
    vae = zoo.load(artifact, precision=precision)
    wanted = [layout.graph(name, precision) for name in vae.endpoints]
    weights = [layout.WEIGHTS["float32"], layout.WEIGHTS["float16"]][:files]
    assert set(read) - set(weights) == set(wanted) and set(read) & set(weights) <= set(weights)
    assert len(read) == len(set(read))
    answers_before = len(read)
    generated(vae)
    assert len(read) == answers_before


def test_onnx_runtime_opens_no_file(copied_artifact, tmp_path, monkeypatch):
    """A graph, or weights, that lie in the working directory are never taken for the artifact's."""
    expected = generated(zoo.load(copied_artifact))
    monkeypatch.chdir(tmp_path)
    Path("weights.bin").write_bytes(bytes(10**6))
    assert generated(zoo.load(copied_artifact)) == expected


def test_weights_are_not_held_once_every_graph_is_open(artifact):
    vae = zoo.load(artifact)
    assert vae._sessions._weights
    generated(vae)
    vae.decode([]), vae.reconstruct([])
    assert not vae._sessions._weights and not vae._sessions._graphs


@pytest.mark.parametrize("file", list(layout.WEIGHTS.values())[:1])
@pytest.mark.parametrize("spoil", [flip_one_bit, os.unlink, lambda path: os.truncate(path, 64)])
def test_spoilt_weights_are_refused_by_name(copied_artifact, file, spoil):
    spoil(copied_artifact / file)
    with pytest.raises(ArtifactError, match=r"weights\.bin (is|has)"):
        zoo.load(copied_artifact)
