"""Files of strings: what is read, what is left out and why, and what cannot be."""

import numpy as np
import pytest

from datasets.strings.files import MOLECULES, WORDS, strings_of, written
from zoo import datasets
from zoo.datasets.strings import lines
from zoo.datasets.strings.loading import of_list
from zoo.errors import DatasetError, MissingDependency


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("name", ["mine.smi", "mine.smi.gz", "mine.smiles"])
def test_a_smi_is_read_whatever_its_line_ends(tmp_path, end, last, name):
    text = end.join(["# a comment", *MOLECULES, "", "CN\tmethylamine 7"]) + end * last
    data = datasets.load(str(written(tmp_path, text, name)))
    assert strings_of(data) == sorted([*MOLECULES, "CN"])
    assert data.schema.kind == "tokens" and data.schema.tokenizer == "smiles"
    assert data.name == "mine"


def test_a_line_end_between_two_pieces_of_a_file_is_one(tmp_path):
    long = "C" * (2**20 - 1)
    path = written(tmp_path, f"{long}\r\nCC\r\n")
    assert [(each.number, each.text) for each in lines.read(path)] == [(1, long), (2, "CC")]


def test_a_txt_has_a_string_a_line_with_its_spaces(tmp_path):
    text = "\n".join(["\ufeffAda Lovelace", "# five", "", "  Emmy Noether  ", *WORDS])
    data = datasets.load(written(tmp_path, text, "names.txt"))
    assert strings_of(data) == ["# five", "Ada Lovelace", "Emmy Noether", *WORDS]
    assert data.schema.tokenizer == "characters" and " " in data.schema.tokens


@pytest.mark.parametrize(("name", "comma"), [("t.csv", ","), ("t.tsv", "\t"), ("t.csv.gz", ",")])
def test_a_column_of_a_table_is_read_by_its_name(tmp_path, name, comma):
    rows = [f"{i}{comma}{each}" for i, each in enumerate(MOLECULES)]
    path = written(tmp_path, "\n".join([f"id{comma}smiles", *rows, f"9{comma}", "10"]), name)
    data = datasets.load(path, column="smiles")
    assert strings_of(data) == sorted(MOLECULES)
    assert data.schema.tokenizer == "smiles"
    with pytest.raises(DatasetError, match="no column 'SMILES'; it has id, smiles"):
        datasets.load(path, column="SMILES")
    with pytest.raises(DatasetError, match="Say which of its columns holds the strings"):
        datasets.load(path, tokenizer="smiles")


def test_a_cell_may_hold_the_separator_and_a_line_end(tmp_path):
    text = "\n".join(["name", '"Noether, Emmy"', '"two\nlines"', *WORDS])
    data = datasets.load(written(tmp_path, text, "names.csv"), column="name")
    assert strings_of(data) == ["Noether, Emmy", *WORDS, "two\nlines"]


def test_what_is_no_molecule_is_left_out_counted_and_listed(tmp_path, cache):
    pytest.importorskip("rdkit")
    text = "\n".join([*MOLECULES, "C1CC", "not one", "C(C)(C)(C)(C)C"])
    data = datasets.load(written(tmp_path, text))
    assert strings_of(data) == sorted(MOLECULES)
    (note,) = data.notes
    assert "3 (no molecule that RDKit reads)" in note and "left_out_mine.txt" in note
    listed = (cache / "left_out_mine.txt").read_text().splitlines()
    assert [line.split("\t")[0::2] for line in listed] == [
        ["11", "C1CC"],
        ["12", "not"],
        ["13", "C(C)(C)(C)(C)C"],
    ]


def test_the_list_of_an_earlier_reading_does_not_grow(tmp_path, cache):
    path = written(tmp_path, b"abc\n\xff\xfe\n" + b"d\n" * 10, "words.txt")
    for _ in range(2):
        data = datasets.load(path)
        assert "1 (no UTF-8 text)" in data.notes[0]
        assert len((cache / "left_out_words.txt").read_text().splitlines()) == 1


def test_longer_strings_than_asked_are_left_out_counted_and_listed(tmp_path, cache):
    path = written(tmp_path, "\n".join([*WORDS, "abc", "abcd", "abcde"]), "words.txt")
    data = datasets.load(path, steps=3)
    assert strings_of(data) == sorted([*WORDS, "abc"]) and data.schema.shape == (4,)
    assert "2 (longer than 3 tokens)" in data.notes[0]
    listed = (cache / "left_out_words.txt").read_text().splitlines()
    assert [line.split("\t") for line in listed] == [
        ["12", "longer than 3 tokens", "abcd"],
        ["13", "longer than 3 tokens", "abcde"],
    ]


def test_more_tokens_than_there_are_numbers_are_refused(monkeypatch):
    from zoo.datasets.strings import kept

    monkeypatch.setattr(kept, "MOST_TOKENS", 9)
    with pytest.raises(DatasetError, match="Up to line 10 there are more than 9 different tokens"):
        of_list(WORDS)


def test_a_few_that_are_far_longer_than_the_others_are_left_out():
    data = of_list(["ab"] * 500 + ["abc" * 100])
    assert data.schema.shape == (3,) and "longer than 2 tokens" in data.notes[0]
    assert of_list(["ab"] * 500 + ["abc"]).schema.shape == (4,)


@pytest.mark.parametrize("steps", [2, 3, None])
def test_tokens_are_those_of_the_strings_that_are_kept(steps):
    """Of `wxyz`, which is left out unless strings may be as long, the model knows no letter."""
    data = of_list(["ba", "c"] * 300 + ["wxyz"], steps=steps)
    assert data.schema.tokens == ("a", "b", "c", "")
    assert strings_of(data) == sorted(["ba", "c"] * 300)
    assert "1 (longer than" in data.notes[0]
    assert of_list(["ba", "c"] * 300 + ["wxyz"], steps=4).schema.tokens == (*"abcwxyz", "")


def test_a_test_set_of_ones_own_has_no_part_in_how_long_strings_are():
    data = of_list(["ab", "b"], ["aaaa", "a", "c"])
    assert strings_of(data) == ["a", "ab", "b", "c"]
    assert data.schema.shape == (3,) and len(data.test) == 2
    assert "test set, n=2" in data.test_split


def test_selfies_are_made_of_smiles_and_read_as_they_are(tmp_path):
    selfies = pytest.importorskip("selfies")
    path = written(tmp_path, "\n".join(MOLECULES))
    data = datasets.load(path, tokenizer="selfies")
    assert strings_of(data) == sorted(map(selfies.encoder, MOLECULES))
    text = "\n".join(["selfies", "[C][C]", "[C][=O]", *["[N]"] * 10])
    again = datasets.load(written(tmp_path, text, "them.csv"), column="selfies")
    assert again.schema.tokenizer == "selfies" and again.schema.tokens == (
        "[=O]",
        "[C]",
        "[N]",
        "",
    )


def test_molecules_come_with_rdkit():
    pytest.importorskip("rdkit")
    data = datasets.load("nci")
    assert 4_000 < len(data.train) + len(data.test) <= 5_000
    assert data.schema.tokenizer == "smiles" and "public domain" in data.licence


@pytest.mark.parametrize(
    ("content", "name", "part"),
    [
        ("", "mine.smi", "has no string; wanted: one a line"),
        ("# nothing\n\n", "mine.smi", "has no string"),
        ("C\n", "mine.smi", "1 examples are too few"),
        (b"\xff\x00\n\xff", "mine.txt", r"has no string.*2 \(no UTF-8 text\)"),
        (b"a" * (2**21 + 5), "mine.txt", "longer than 1,048,576 bytes"),
        (b"not packed", "mine.smi.gz", "cannot be read"),
    ],
)
def test_a_file_without_strings_is_refused_with_a_sentence(tmp_path, content, name, part):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DatasetError, match=part):
        datasets.load(path)


def test_what_was_said_of_strings_is_refused_of_other_data(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, x=np.zeros((3, 4)))
    with pytest.raises(DatasetError, match="no file of strings"):
        datasets.load(path, tokenizer="smiles")
    with pytest.raises(DatasetError, match="one of auto, smiles"):
        datasets.load(path, tokenizer="words")
    with pytest.raises(DatasetError, match="options of other data"):
        datasets.load(written(tmp_path, "C\nCC\n"), image_shape=(8, 8))
    with pytest.raises(DatasetError, match="column='a' is of a"):
        datasets.load(written(tmp_path, "C\nCC\n"), column="a")
    with pytest.raises(DatasetError, match="Path not found"):
        datasets.load(str(tmp_path / "absent.smi"))
    with pytest.raises(DatasetError, match="String 2 is a int"):
        of_list(["a", 3])


def test_what_is_not_installed_is_named_with_how_to_install_it(monkeypatch, tmp_path):
    from zoo.datasets.strings import molecules

    monkeypatch.setattr(molecules.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match=r"RDKit.*vae-zoo\[molecules\]"):
        datasets.load("nci")
    data = datasets.load(written(tmp_path, "\n".join([*MOLECULES, "C1CC"])))
    assert "not looked at: RDKit is not installed" in data.notes[0]
    assert "C1CC" in strings_of(data)
