"""The metrics of MOSES where their values follow from their definition."""

import json
import math
from collections import Counter

import numpy as np
import pytest
from molecule_strings import MOLECULES, NONE

pytest.importorskip("rdkit", reason="rdkit is not installed: pip install 'vae-zoo[molecules]'")

from zoo.errors import InputError, MissingDependency
from zoo.evaluation.molecules import (
    MosesData,
    Reference,
    canonical_strings,
    molecule_metrics,
    reference,
)
from zoo.evaluation.molecules.chemistry import _patterns, molecule, passes
from zoo.evaluation.molecules.metrics import cosine

FEW = ["FCD", "Filters"]
FILES = {
    "metrics/mcf.csv": b'names,smarts\nMCF1,[#6&!H0]=[#8]\nMCF2,"[H]C([H])([#6])[F,Cl,Br,I]"\n',
    "metrics/wehi_pains.csv": b'"c1ccncc1"    ,"<regId=one(1)>"\n',
}
DATA = MosesData(FILES.__getitem__, "a dictionary")


def metrics(generated, *given, **options):
    return molecule_metrics(generated, *given, **{"leave_out": FEW, "train": []} | options)


def test_validity_counts_what_is_no_molecule():
    generated = ["CCO", *NONE, "c1ccccc1"]
    assert metrics(generated)["valid"] == 2 / len(generated)


def test_uniqueness_is_of_the_first_valid_ones_whatever_their_spelling():
    found = metrics(["C("] + ["C"] * 999 + ["CCO", "OCC"])
    assert found["unique@1000"] == 2 / 1000 and found["unique@10000"] == 2 / 1001


def test_novelty_is_of_different_molecules():
    assert metrics(["OCC", "CC", "CC", "C("], train=["CCO"])["Novelty"] == 1 / 2
    assert metrics(["OCC"], train=["CCO"])["Novelty"] == 0.0


def test_a_set_is_like_itself():
    strings = [*MOLECULES, "O=C(NC1CCCCC1)c1ccc(-c2ccccc2)cc1"]
    found = metrics(strings, test=strings, scaffold_test=strings)
    for name in ("SNN", "Frag", "Scaf"):
        assert found[f"{name}/Test"] == found[f"{name}/TestSF"] == pytest.approx(1.0, abs=1e-12)
    assert [found[name] for name in ("logP", "SA", "QED", "weight")] == [0.0] * 4


def test_fragments_are_compared_by_the_cosine_of_their_counts():
    found = metrics(["CC", "CC", "CCO"], test=["CC"])  # none of which has a bond to cut
    assert found["Frag/Test"] == pytest.approx(2 / math.sqrt(5))
    # Benzoic acid's ethyl ester is cut into three; the acid's phenyl is one of them.
    parts = reference(["CCOC(=O)c1ccccc1"], leave_out=FEW).fragments
    assert set(parts.values()) == {1} and "[16*]c1ccccc1" in parts


def test_scaffolds_have_two_rings_or_more():
    bare, dressed, one_ring = "c1ccc(-c2ccccc2)cc1", "Cc1ccc(-c2ccc(C)cc2)cc1", "Cc1ccccc1"
    assert reference([bare, dressed, one_ring], leave_out=FEW).scaffolds == {bare: 2}
    other = "c1ccc(Cc2ccccc2)cc1"
    found = metrics([dressed, one_ring], test=[bare, other], scaffold_test=[other])
    assert found["Scaf/Test"] == pytest.approx(1 / math.sqrt(2)) and found["Scaf/TestSF"] == 0.0
    assert math.isnan(metrics([one_ring], test=[bare])["Scaf/Test"])


def test_a_cosine_of_large_counts_is_exact():
    assert cosine(Counter(a=10**10, b=1), Counter(a=10**10, b=1)) == 1.0
    assert cosine(Counter(a=1), Counter(b=1)) == 0.0
    assert math.isnan(cosine(Counter(), Counter(a=1)))


def test_distances_of_descriptors_are_in_their_units():
    found = metrics(["C", "CC"], test=["CC", "CCC"])
    assert found["weight"] == pytest.approx(14.027, abs=1e-9)  # CH2


def test_a_value_that_rdkit_has_none_for_is_left_out():
    strange = "O=C(COSc1ccc(Cl)c~c1F)N1CCOCC1"
    assert metrics(["CCO", strange], test=["CCO"])["QED"] == 0.0
    assert math.isnan(metrics([strange], test=["CCO"])["QED"])


def test_internal_diversity_of_equal_and_of_unlike_molecules():
    assert metrics(["CCO"] * 3)["IntDiv"] == metrics(["CCO"] * 3)["IntDiv2"] == 0.0
    found = metrics(["C", "[H][H]"])  # an atom each, and no environment in common
    assert found["IntDiv"] == 0.5 and found["IntDiv2"] == pytest.approx(1 - math.sqrt(0.5))


def test_filters_refuse_patterns_charges_elements_and_large_rings():
    refused = ["O=Cc1ccccc1", "CCCl", "c1ccncc1", "C[NH3+]", "C[Si]", "C1CCCCCCC1"]
    passed = ["CCO", "c1ccccc1", "CC(Cl)C", "C1CCCCCC1"]
    found = metrics([*refused, *passed, "C("], moses=DATA, leave_out=["FCD"])
    assert found["Filters"] == 4 / 10


def test_a_pattern_is_never_passed_over():
    """Those that are looked for at all are all that occur: by a search for each in each."""
    from rdkit import Chem

    texts = ("[#6&!H0]=[#8]", "[H]C([H])([#6])[F,Cl,Br,I]", "c1ccncc1", "[#7]-&!@[#6&!H0&!H1]")
    texts += ("[#9].[#8]", "[c;!H0]:[c;H0]", "[#6X4]-[#1]", "[!#1!#6]:*", "C1CCCCC1", "a-!@a")
    for text in texts:
        pattern = Chem.MolFromSmarts(text)
        for smiles in MOLECULES:
            found = molecule(smiles)
            if passes(found, ()):
                occurs = Chem.AddHs(found).HasSubstructMatch(pattern)
                assert passes(found, (text,)) != occurs, (text, smiles)
    with pytest.raises(InputError, match="no SMARTS pattern"):
        _patterns(("[#6",))


def test_what_cannot_be_computed_is_no_number():
    found = metrics(["C(", None], test=["CCO"], moses=DATA, leave_out=["FCD"])
    assert found.pop("valid") == 0.0 and len(found) == 13
    assert all(math.isnan(value) for value in found.values())


def test_only_what_was_given_is_compared_with():
    assert set(metrics(["CCO"], train=None, test=["CC"])) == {
        *("valid", "unique@1000", "unique@10000", "SNN/Test", "Frag/Test", "Scaf/Test"),
        *("IntDiv", "IntDiv2", "logP", "SA", "QED", "weight"),
    }
    assert set(metrics(["CCO"], leave_out=[*FEW, "IntDiv"])) == {
        *("valid", "unique@1000", "unique@10000", "Novelty")
    }


def test_statistics_stand_for_the_strings_that_they_are_of():
    made = {"test": reference(MOLECULES, leave_out=FEW)}
    generated = ["CCO", "CCN", "O=C(NC1CCCC1)c1ccc(-c2ccccc2)cc1"]
    assert metrics(generated, statistics=made) == metrics(generated, test=MOLECULES)


@pytest.mark.slow
def test_any_number_of_processes_gives_the_same(monkeypatch):
    monkeypatch.setattr("zoo.evaluation.molecules.workers.CHUNK", 5)
    generated = [*MOLECULES, *NONE[:-1], *MOLECULES[3:9]]
    options = {"test": MOLECULES, "moses": DATA, "leave_out": ["FCD"]}
    found = [metrics(generated, jobs=jobs, **options) for jobs in (1, 3)]
    assert json.dumps(found[0]) == json.dumps(found[1])


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        ([], {}, "one generated string or more"),
        ("CCO", {}, "wanted is a list"),
        (["CCO", 3], {}, "int was given as a molecule, at index 1"),
        (["CCO"], {"jobs": 0}, "jobs=0"),
        (["CCO"], {"leave_out": ["fcd"]}, r"\['fcd'\]; what can be left out"),
        (["CCO"], {"test": ["CC", "C("]}, r"1 of 2 strings .* at index 1: 'C\('"),
        (["CCO"], {"train": ["OCC", "CC"]}, r"'OCC', which RDKit writes 'CCO'"),
        (["CCO"], {"statistics": {"tests": Reference(1)}}, "wanted are those of"),
        (["CCO"], {"statistics": {"test": Reference(2)}}, r"nothing for \['SNN', 'Descriptors'\]"),
        (["CCO"], {"test": ["C"], "statistics": {"test": Reference(1)}}, "give one of them"),
    ],
)
def test_what_does_not_fit_is_refused(given, options, said):
    with pytest.raises(InputError, match=said):
        metrics(given, **options)


def test_training_strings_are_made_canonical_by_what_the_error_names():
    assert metrics(["CCO"], train=canonical_strings(["OCC", "CC"]))["Novelty"] == 0.0


def test_without_rdkit_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "rdkit.Chem", None)
    with pytest.raises(MissingDependency, match=r"vae-zoo\[molecules\]"):
        metrics(["CCO"])


def test_arrays_of_strings_will_do():
    assert metrics(np.array(["CCO", "C("]), test=np.array(["CCO"]))["valid"] == 0.5
