"""Canonical strings, descriptors and nearest molecules, and what importing them loads."""

import subprocess
import sys

import numpy as np
import pytest
from molecule_strings import MOLECULES, NONE

pytest.importorskip("rdkit", reason="rdkit is not installed: pip install 'vae-zoo[molecules]'")

from zoo.errors import InputError, ZooError
from zoo.evaluation.molecules import (
    canonical,
    canonical_strings,
    descriptors,
    fingerprints,
    internal_diversity,
    nearest_molecules,
    workers,
)
from zoo.evaluation.molecules.similarity import Nearest, nearest


def test_all_spellings_of_a_molecule_have_one_canonical_string():
    assert canonical("OCC") == canonical("C(O)C") == canonical("[CH3][CH2][OH]") == "CCO"
    assert canonical("C1=CC=CC=C1") == "c1ccccc1"


@pytest.mark.parametrize("smiles", MOLECULES)
def test_a_canonical_string_is_its_own(smiles):
    assert canonical(canonical(smiles)) == canonical(smiles) is not None


@pytest.mark.parametrize("smiles", NONE)
def test_what_is_no_molecule_has_none_and_raises_nothing(smiles):
    assert canonical(smiles) is None


def test_what_is_no_string_is_refused():
    with pytest.raises(InputError, match="int was given as a molecule"):
        canonical(3)


def test_descriptors_of_aspirin_are_those_that_rdkit_documents():
    found = descriptors(["CC(=O)Oc1ccccc1C(=O)O", "C("])
    assert found["weight"][0] == pytest.approx(180.159, abs=1e-3)
    assert found["logP"][0] == pytest.approx(1.3101, abs=1e-4)
    assert found["QED"][0] == pytest.approx(0.5501, abs=1e-3)
    assert found["SA"][0] == pytest.approx(1.58, abs=0.01)
    assert all(np.isnan(values[1]) for values in found.values())


def test_every_molecule_has_descriptors():
    found = descriptors(MOLECULES)
    assert all(np.isfinite(values).all() for values in found.values())
    assert (found["SA"] >= 1).all() and (found["SA"] <= 10).all()
    assert (found["QED"] >= 0).all() and (found["QED"] <= 1).all()


def test_a_value_that_rdkit_has_none_for_is_no_number():
    found = descriptors(["O=C(COSc1ccc(Cl)c~c1F)N1CCOCC1", "CCO"])
    assert np.isnan(found["QED"]).tolist() == [True, False]
    assert np.isfinite(found["weight"]).all()


def test_of_no_strings_there_is_nothing():
    assert canonical_strings([]) == [] and fingerprints([]).shape == (0, 128)
    assert [len(values) for values in descriptors([]).values()] == [0] * 4
    assert nearest_molecules([], ["C"]) == []


def test_similarities_are_those_of_rdkit():
    from rdkit import Chem, DataStructs
    from rdkit.Chem import rdFingerprintGenerator

    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    bits = [generator.GetFingerprint(Chem.MolFromSmiles(each)) for each in MOLECULES]
    table = np.array([DataStructs.BulkTanimotoSimilarity(each, bits) for each in bits])
    rows = fingerprints(MOLECULES)
    for other in (1, 5, len(rows)):
        index, similarity = nearest(rows, rows[:other])
        np.testing.assert_array_equal(index, table[:, :other].argmax(axis=1))
        np.testing.assert_allclose(similarity, table[:, :other].max(axis=1), rtol=1e-7)
    one, two = internal_diversity(rows)
    assert one == pytest.approx(1 - table.mean(), rel=1e-6)
    assert two == pytest.approx(1 - np.sqrt(np.square(table).mean(axis=1)).mean(), rel=1e-6)


@pytest.mark.parametrize("columns", [1, 7, 64])
def test_what_is_computed_at_once_changes_no_similarity(columns, monkeypatch):
    generator = np.random.default_rng(0)
    some, others = (generator.integers(0, 2**8, (n, 64), np.uint8) for n in (20, 50))
    whole = nearest(some, others)
    monkeypatch.setattr("zoo.evaluation.molecules.similarity.COLUMNS", columns)
    for each, other in zip(whole, nearest(some, others), strict=True):
        np.testing.assert_array_equal(each, other)


def test_similarity_of_bits_that_can_be_counted_by_hand():
    rows = np.array([[0b11110000, 0], [0b11000000, 0b1], [0, 0]], np.uint8)
    index, similarity = nearest(rows, rows[1:])
    assert index.tolist() == [0, 0, 1] and similarity.tolist() == [np.float32(2 / 5), 1.0, 1.0]


def test_fingerprints_of_more_than_255_bits_are_counted():
    full = np.full((2, 128), 255, np.uint8)
    assert nearest(full, full)[1].tolist() == [1.0, 1.0]


def test_the_nearest_is_the_first_of_several_and_none_of_no_molecule():
    found = nearest_molecules(["CCO", "C(", "c1ccccc1C"], ["CC", "OCC", "CCO", "Cc1ccccc1"])
    assert found == [Nearest("OCC", 1.0), None, Nearest("Cc1ccccc1", 1.0)]
    rows = fingerprints(["CC", "CCO"])
    assert nearest_molecules(["CCO"], ["CC", "CCO"], rows) == [Nearest("CCO", 1.0)]
    with pytest.raises(InputError, match="3 training molecules and 2 fingerprints"):
        nearest_molecules(["CCO"], ["CC", "CCO", "C"], rows)
    with pytest.raises(InputError, match="1 of 2 strings"):
        nearest_molecules(["CCO"], ["CC", "C("])


@pytest.mark.slow
def test_processes_answer_in_order(monkeypatch):
    monkeypatch.setattr(workers, "CHUNK", 4)
    strings = [*MOLECULES, *NONE[:-1], *MOLECULES]
    assert canonical_strings(strings, jobs=3) == canonical_strings(strings)


@pytest.mark.slow
def test_a_process_that_ends_is_named(monkeypatch, tmp_path):
    (tmp_path / "server.py").write_text("raise SystemExit(7)")
    monkeypatch.setattr(workers, "_SERVER", tmp_path / "server.py")
    monkeypatch.setattr(workers, "CHUNK", 1)
    with pytest.raises(ZooError, match=r"at strings from 'CCO' on\. With jobs=1"):
        canonical_strings(["CCO", "CC"], jobs=2)


@pytest.mark.slow
def test_nothing_is_imported_before_it_is_needed():
    code = "import sys, zoo.evaluation.molecules; print(*{m.split('.')[0] for m in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"rdkit", "torch", "fcd", "moses"} & set(run.stdout.split())
