"""Files that are damaged or of other programs: refused, or left out line by line."""

import gzip
import sys
import tracemalloc

import pytest

from datasets.strings.files import MOLECULES, WORDS, strings_of, written
from zoo import datasets
from zoo.datasets.strings import lines, molecules
from zoo.datasets.strings.loading import of_list
from zoo.errors import DatasetError, MissingDependency


def test_the_three_ends_of_a_line_may_stand_in_one_file(tmp_path):
    ends = ["\r\n", "\n", "\r"] * len(MOLECULES)
    text = "".join(molecule + end for molecule, end in zip(MOLECULES, ends, strict=False))
    path = written(tmp_path, text)
    assert [each.number for each in lines.read(path)] == [*range(1, len(MOLECULES) + 1)]
    assert strings_of(datasets.load(path)) == sorted(MOLECULES)


def test_what_a_reader_of_text_would_lose_is_left_out_counted_and_listed(tmp_path, cache):
    content = "\n".join(MOLECULES).encode() + b"\nCC\0O\nCC\xe9\n\xef\xbb\xbfCCC\n"
    data = datasets.load(written(tmp_path, b"\xef\xbb\xbf" + content))
    assert strings_of(data) == sorted([*MOLECULES, "CCC"])  # without marks of byte order
    listed = (cache / "left_out_mine.txt").read_text().splitlines()
    assert listed[:2] == ["11\ta null byte in it\tCC\\x00O", "12\tno UTF-8 text\t"]
    assert "1 (a null byte in it)" in data.notes[0] and "1 (no UTF-8 text)" in data.notes[0]


def test_a_line_is_listed_on_one_line(tmp_path, cache):
    text = "\n".join(["name", '"two\nlines\tand\0more"', *WORDS])
    datasets.load(written(tmp_path, text, "names.csv"), column="name")
    listed = (cache / "left_out_names.txt").read_text()
    assert listed == "3\ta null byte in it\ttwo\\nlines\\tand\\x00more\n"


def test_a_file_without_a_molecule_says_how_strings_of_another_kind_are_read(tmp_path):
    pytest.importorskip("rdkit")
    text = "\n".join(["hello world", "((", "C1CC"] * 5)
    with pytest.raises(DatasetError) as raised:
        datasets.load(written(tmp_path, text))
    for said in ("no string that can be taken", "15 (no molecule", "left_out_mine.txt", "--token"):
        assert said in str(raised.value)


def test_what_is_in_no_brackets_is_no_selfies_unless_they_are_made_of_smiles(tmp_path):
    data = datasets.load(
        written(tmp_path, "\n".join(["[C][=O]"] * 10 + ["CC", "[C][N"]), "them.txt"),
        tokenizer="selfies",
    )
    assert strings_of(data) == ["[C][=O]"] * 10 and "2 (no SELFIES)" in data.notes[0]
    with pytest.raises(DatasetError, match=r"no SELFIES.*made in a \.smi, or in a column"):
        datasets.load(written(tmp_path, "C\nCC\nCCO\n", "mine.txt"), tokenizer="selfies")


@pytest.mark.parametrize("text", ["C\ufeffC", "C\u2013C", "C\x01C", "\u0421\u0421"])
def test_a_molecule_is_of_the_characters_of_smiles_whatever_rdkit_forgives(text):
    pytest.importorskip("rdkit")
    assert molecules.judge()(text) == molecules.NO_MOLECULE


def test_a_molecule_too_long_for_rdkit_is_left_out_unread(tmp_path):
    pytest.importorskip("rdkit")
    data = datasets.load(written(tmp_path, "\n".join([*MOLECULES, "C(C)" * 10_000])))
    assert strings_of(data) == sorted(MOLECULES)
    assert "1 (longer than 10,000 characters)" in data.notes[0]


def damaged(content, place):
    """A .gz of this content with a byte changed."""
    packed = bytearray(gzip.compress(content.encode()))
    packed[place] ^= 0xFF
    return bytes(packed)


MANY = "\n".join(f"{'C' * (each % 50)}O{'N' * (each % 7)}" for each in range(5000))


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (gzip.compress(MANY.encode())[:-500], "ended before the end-of-stream marker"),
        (damaged(MANY, 200), "cannot be read"),
        (damaged(MANY, -6), "cannot be read: CRC check failed"),
        (gzip.compress(b"C\n" * 20) + b"more", "cannot be read: Not a gzipped file"),
    ],
    ids=["cut off", "changed", "another sum", "something behind it"],
)
def test_a_packed_file_that_is_not_whole_is_refused(tmp_path, content, part):
    path = tmp_path / "mine.smi.gz"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=rf"mine\.smi\.gz.*{part}"):
        datasets.load(path)


def test_utf_16_is_refused_with_what_is_wanted(tmp_path):
    for coding in ("utf-16-le", "utf-16-be"):
        path = written(tmp_path, "\ufeffC\nCC\n".encode(coding), "mine.txt")
        with pytest.raises(DatasetError, match="UTF-16, by its first two bytes; wanted: UTF-8"):
            datasets.load(path)


@pytest.mark.parametrize("name", ["mine.smi", "mine.csv"])
def test_one_endless_line_is_refused_in_bounded_memory(tmp_path, name):
    path = written(tmp_path, "SMILES\n" + "C" * 3 * 10**7, name)
    tracemalloc.start()
    with pytest.raises(DatasetError, match=r"line 2, is longer than 1,048,576 bytes"):
        list(lines.read(path, "SMILES" if name == "mine.csv" else None))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 2**20


def test_the_longest_line_is_the_same_wherever_it_stands(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "LONGEST", 10)
    for before in range(3):
        path = written(tmp_path, "C\n" * before + "C" * 11 + "\nC\n", "mine.txt")
        with pytest.raises(DatasetError, match=f"line {before + 1}, is longer than 10 bytes"):
            list(lines.read(path))
    assert [len(each.text) for each in lines.read(written(tmp_path, "C" * 10 + "\n"))] == [10]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", r"has no string; wanted: names of columns"),
        ("id,SMILES\n", "has no string; wanted: one a line"),
        ("id,SMILES\n1,C\n", r"no column 'Smile'; it has id, SMILES\. Nearest: SMILES\."),
        ('id,Smile\n1,C\n2,"C\n3,CC\n', "row that begins in line 3, cannot .* marks in pairs"),
        ("id,Smile\n1," + "C" * 200_000 + "\n", "row that begins in line 2, cannot be read: field"),
    ],
    ids=["empty", "no rows", "another column", "a mark alone", "a long cell"],
)
def test_a_table_that_cannot_be_read_says_where(tmp_path, text, part):
    column = "SMILES" if "no rows" in part or "one a line" in part else "Smile"
    with pytest.raises(DatasetError, match=part):
        datasets.load(written(tmp_path, text, "t.csv"), column=column)


def test_a_folder_is_no_file_of_strings(tmp_path):
    (tmp_path / "mine.smi").mkdir()
    with pytest.raises(DatasetError, match=r"mine\.smi is a folder; wanted: a regular file"):
        datasets.load(tmp_path / "mine.smi")
    with pytest.raises(DatasetError, match=r"is no file of strings"):
        datasets.load(tmp_path, tokenizer="smiles")


def test_rows_that_fit_in_no_memory_are_refused_before_they_are_made():
    with pytest.raises(DatasetError, match="12 strings of up to 1,000,000,000,000 tokens take"):
        of_list(["ab"] * 12, steps=10**12)


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VAE_ZOO_CACHE", str(tmp_path / "file"))
    path = written(tmp_path, b"\xff\n" + "\n".join(WORDS).encode(), "words.txt")
    with pytest.raises(DatasetError, match=r"left_out_words\.txt, which cannot be written.*_CACHE"):
        datasets.load(path)


def test_without_selfies_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "selfies", None)
    with pytest.raises(MissingDependency, match=r"not installed: pip install 'vae-zoo\[molecules"):
        datasets.load(written(tmp_path, "\n".join(MOLECULES)), tokenizer="selfies")
