"""MOSES' files, from a wheel or a folder; and its program's values, where the wheel is at hand.

The wheel is `$MOSES_WHEEL`: pip download --no-deps molsets.
"""

import gzip
import importlib.metadata
import io
import json
import os
import random
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from zoo.errors import DatasetError, MissingDependency
from zoo.evaluation.molecules import fingerprints, molecule_metrics, moses_data

PROGRAM = Path(__file__).resolve().parents[2] / "moses_program.py"
SPELLINGS = {"test_scaffolds": ["CC"], "test": ["CCO", "c1ccccc1"], "train": ["C", "CC", "CCC"]}


def stats(fault=None):
    """An .npz as MOSES has it, of two molecules."""
    values = {
        "FCD": {"mu": np.zeros(512, np.float32), "sigma": np.eye(512)},
        "SNN": {"fps": np.eye(2, 1024, dtype=np.uint8)},
        "Frag": {"frag": Counter(a=2)},
        "Scaf": {"scaf": Counter()},
        **{name: {"values": [np.float64(1), 2.0]} for name in ("logP", "SA", "QED", "weight")},
    }
    stream = io.BytesIO()
    np.savez_compressed(stream, stats=np.array(fault or values, dtype=object))
    return stream.getvalue()


def files():
    strings = {
        f"dataset/data/{name}.csv.gz": gzip.compress("\n".join(["SMILES", *each]).encode())
        for name, each in SPELLINGS.items()
    }
    return strings | {
        "dataset/data/test_stats.npz": stats(),
        "metrics/mcf.csv": b'names,smarts\nMCF1,"[F,Cl]"\n',
        "metrics/wehi_pains.csv": b'"c:1"     ,"<regId=one>"\n',
    }


@pytest.fixture(params=["wheel", "folder", "package"])
def source(request, tmp_path):
    path = tmp_path / "molsets.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in files().items():
            wheel.writestr(f"moses/{name}", content)
    if request.param == "wheel":
        return path
    with zipfile.ZipFile(path) as wheel:
        wheel.extractall(tmp_path / "unpacked")
    return tmp_path / "unpacked" / ("" if request.param == "folder" else "moses")


def test_files_are_read_from_a_wheel_and_a_folder(source):
    data = moses_data(source)
    assert (data.train, data.test) == (SPELLINGS["train"], SPELLINGS["test"])
    assert data.scaffold_test == SPELLINGS["test_scaffolds"]
    assert data.patterns == ("[F,Cl]", "c:1")
    found = data.test_statistics
    assert found.count == 2 and found.fragments == {"a": 2} and found.scaffolds == {}
    assert found.fingerprints.shape == (2, 128) and found.fingerprints[:, 0].tolist() == [128, 64]
    assert found.descriptors["QED"].tolist() == [1.0, 2.0]
    assert [each.dtype for each in found.chemnet] == [np.float64] * 2
    with pytest.raises(DatasetError, match=r"test_scaffolds_stats\.npz"):
        data.scaffold_test_statistics  # noqa: B018


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("made-by-a-pickle",)


def test_a_pickle_that_names_a_function_is_refused_and_not_run(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = moses_data(source)
    monkeypatch.setattr(data, "read", lambda name: stats({"FCD": Harmful()}))
    with pytest.raises(DatasetError, match="mkdir"):
        data.statistics("test")
    assert not Path("made-by-a-pickle").exists()
    monkeypatch.setattr(data, "read", lambda name: stats({"FCD": 1}))
    with pytest.raises(DatasetError, match="does not hold MOSES' statistics"):
        data.statistics("test")


def test_what_is_none_of_moses_is_refused_with_what_to_do(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.whl", "w") as wheel:
        wheel.writestr("other/a.py", "")
    (tmp_path / "text.whl").write_text("text")
    for source in ("other.whl", "text.whl", "absent.whl", "."):
        with pytest.raises(DatasetError, match="--no-deps molsets"):
            moses_data(tmp_path / source)


def test_where_it_is_not_installed_the_error_says_how_to_get_it(monkeypatch):
    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    with pytest.raises(MissingDependency, match="pip install --no-deps molsets"):
        moses_data()


@pytest.fixture(scope="module")
def wheel():
    pytest.importorskip("rdkit", reason="rdkit is not installed: pip install 'vae-zoo[molecules]'")
    if "MOSES_WHEEL" not in os.environ:
        pytest.skip("$MOSES_WHEEL is not set: pip download --no-deps molsets")
    return os.environ["MOSES_WHEEL"]


@pytest.mark.slow
def test_published_statistics_are_of_the_strings_in_their_order(wheel):
    data = moses_data(wheel)
    assert [len(data.strings(name)) for name in ("test", "test_scaffolds")] == [176074, 176225]
    found, n = data.test_statistics, 200
    assert found.count == 176074 and len(data.patterns) == 502
    np.testing.assert_array_equal(fingerprints(data.test[:n]), found.fingerprints[:n])


@pytest.mark.slow
def test_every_metric_is_that_of_moses_own_program(wheel, tmp_path):
    pytest.importorskip("pandas", reason="MOSES' program reads with pandas")
    pytest.importorskip("torch", reason="MOSES' program computes with PyTorch")
    data = moses_data(wheel)
    generator = random.Random(0)
    lists = {
        "train": generator.sample(data.test, 200),
        "test": generator.sample(data.test, 150),
        "test_scaffolds": generator.sample(data.scaffold_test, 150),
    }
    generated = generator.sample(data.test, 60) + lists["train"][:20] + lists["test"][:20]
    generated += ["C(", "", "O=Cc1ccccc1", "CC(=O)O.[Na]", "C[NH3+]", "[H][H]", "CCCl"]
    generated += generated[:10] + [each[:-1] for each in lists["test"][20:60]]
    generator.shuffle(generated)
    run = subprocess.run(
        [sys.executable, str(PROGRAM), wheel, str(tmp_path)],
        input=json.dumps({"gen": generated, **lists}),
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        pytest.skip(f"MOSES' program of 2020 does not run here: {run.stderr.splitlines()[-1]}")
    theirs = json.loads(run.stdout)
    distance = {name for name, value in theirs.items() if "FCD" in name and np.isnan(value)}
    lists["scaffold_test"] = lists.pop("test_scaffolds")
    leave_out = ["FCD"] if distance else []
    ours = molecule_metrics(generated, **lists, moses=data, leave_out=leave_out)
    assert set(ours) == set(theirs) - distance
    for name, value in ours.items():  # MOSES averages and takes roots of matrices in float32
        tolerance = 1e-3 if "FCD" in name else 1e-6
        assert value == pytest.approx(theirs[name], abs=tolerance), name
    assert 0 < ours["Novelty"] < 1 and 0 < ours["Filters"] < 1 and 0 < ours["Scaf/Test"] < 1
