"""Which generated strings are molecules, differ and are new: lists whose answer is known."""

import numpy as np
import pytest
from molecule_strings import MOLECULES, NONE

from zoo.datasets import binarize
from zoo.datasets.strings.loading import of_list
from zoo.evaluation import generated_strings
from zoo.evaluation.molecules import reading, spelling

rdkit = pytest.importorskip("rdkit", reason="rdkit is missing: pip install 'vae-zoo[molecules]'")

TRAIN = ["CCO", "c1ccccc1", "CC(C)N", "N#N"]
GENERATED = ["OCC", "C1=CC=CC=C1", "NCC", "CCN", "C(", "", "O", "CCO"]
# Of eight six are molecules: ethanol and benzene, which training has, and ethylamine and water.


def data(tokenizer):
    strings = [*TRAIN, *GENERATED[:4], "C(", "O"]
    return binarize(of_list(TRAIN * 3, strings, tokenizer=tokenizer, steps=12), "none")


def rows(made, texts):
    return np.array([made.schema.vocabulary.row(text) for text in texts])


def test_molecules_are_counted_as_molecules_however_they_are_spelt():
    made = data("smiles")
    found, how = generated_strings.metrics(rows(made, GENERATED), made)
    assert found == {
        "valid": pytest.approx(6 / 8),
        "unique": pytest.approx(4 / 6),
        "novel": pytest.approx(2 / 4),
    }
    assert how == {"generated": 8, "rdkit": rdkit.__version__, "valid": 6, "different": 4}
    said = generated_strings.statement(found, how | {"first_seed": 8})
    assert said == (
        f"valid of 8 generated strings, seeds 8 to 15, read by RDKit {rdkit.__version__}; "
        "unique, as canonical SMILES, of the 6 valid ones; novel of the 4 different ones"
    )


@pytest.mark.parametrize("tokenizer", ["smiles", "characters"])
def test_without_rdkit_or_of_other_strings_they_are_counted_as_strings(tokenizer, monkeypatch):
    made = data(tokenizer)
    if tokenizer == "smiles":
        monkeypatch.setattr(reading.importlib.util, "find_spec", lambda name: None)
    found, how = generated_strings.metrics(rows(made, GENERATED), made)
    assert found == {"unique": 1.0, "novel": pytest.approx(7 / 8)}
    said = generated_strings.statement(found, how | {"first_seed": 0})
    assert said == "unique of 8 generated strings, seeds 0 to 7; novel of the 8 different ones"
    assert how["rdkit"] is None


def test_where_nothing_is_valid_there_is_no_share_of_it():
    made = data("smiles")
    found, how = generated_strings.metrics(rows(made, ["C(", "(", ""]), made)
    assert found == {"valid": 0.0} and how["different"] == 0
    said = generated_strings.statement(found, how | {"first_seed": 0})
    assert said.startswith("valid of 3 ") and "unique" not in said and "novel" not in said


def test_selfies_are_read_as_the_smiles_that_they_stand_for():
    selfies = pytest.importorskip("selfies", reason="pip install 'vae-zoo[molecules]'")
    train = [selfies.encoder(text) for text in TRAIN]
    texts = [selfies.encoder(text) for text in ("OCC", "NCC", "O")]
    made = binarize(of_list(train * 3, texts, tokenizer="selfies", steps=12), "none")
    found, _ = generated_strings.metrics(rows(made, texts), made)
    assert found == {"valid": 1.0, "unique": 1.0, "novel": pytest.approx(2 / 3)}


def test_all_spellings_of_a_molecule_have_one_signature():
    """RDKit writes them: beginning anywhere, with and without aromatic atoms, hydrogens written."""
    from rdkit import Chem

    drawn = np.random.default_rng(0)
    for text in MOLECULES:
        read = Chem.MolFromSmiles(text)
        kekulized = Chem.Mol(read)
        Chem.Kekulize(kekulized, clearAromaticFlags=True)
        others = [Chem.MolToSmiles(each) for each in (kekulized, Chem.AddHs(read))]
        for _ in range(10):
            order = drawn.permutation(read.GetNumAtoms()).tolist()
            others.append(Chem.MolToSmiles(Chem.RenumberAtoms(read, order), canonical=False))
        wanted = spelling.signature(text)
        assert wanted is not None, text
        assert {spelling.signature(each) for each in others} == {wanted}, text


def test_molecules_are_found_among_others_and_no_others_are(monkeypatch):
    monkeypatch.setattr(spelling, "BLOCK", 3)
    wanted = {"CCO", "c1ccccc1", "CC=O", "CNC"}
    others = [*MOLECULES[3:], *NONE[:-1], "[H]OC([H])C", "C1=CC=CC=C1", "[#6H3]C=O", "COC"]
    assert spelling.among(wanted, others) == {"CCO", "c1ccccc1", "CC=O"}
    assert spelling.among(wanted, []) == set() == spelling.among(set(), others)
