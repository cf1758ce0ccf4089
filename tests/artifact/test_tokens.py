"""Strings as rows of tokens, and back."""

import random

import pytest

from zoo.artifact import tokens
from zoo.artifact.schema import Schema
from zoo.errors import InputError

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def random_text(seed):
    """Brackets, digits, letters, control characters and what lies beyond ASCII."""
    drawn = random.Random(seed)
    alphabet = "[]()=#%0123456789BrClCNOcnoé😀\n\t \\/@+-.日"
    return "".join(drawn.choice(alphabet) for _ in range(drawn.randrange(40)))


@pytest.mark.parametrize("tokenizer", tokens.TOKENIZERS)
def test_what_is_cut_and_joined_is_the_string_again(tokenizer):
    for text in (*map(random_text, range(500)), ASPIRIN, ""):
        assert "".join(tokens.split(tokenizer, text)) == text


@pytest.mark.parametrize(
    ("tokenizer", "text", "wanted"),
    [
        ("smiles", "BrCCl", ["Br", "C", "Cl"]),
        ("smiles", "[nH]1[13C@@H](C%12)", ["[nH]", "1", "[13C@@H]", "(", "C", "%12", ")"]),
        ("smiles", "[C", ["[", "C"]),
        ("selfies", "[C][=O][Branch1].[C]", ["[C]", "[=O]", "[Branch1]", ".", "[C]"]),
        ("characters", "Åsa", ["Å", "s", "a"]),
    ],
)
def test_tokens_are_atoms_and_bonds_brackets_or_characters(tokenizer, text, wanted):
    assert tokens.split(tokenizer, text) == wanted


def test_a_row_ends_after_its_tokens_and_is_read_back_to_its_end():
    known = tokens.Vocabulary("smiles", ("(", ")", "C", "Cl", "O", ""), 8)
    row = known.row("C(Cl)O")
    assert row == [2, 0, 3, 1, 4, 5, 5, 5]
    assert known.text(row) == "C(Cl)O"
    assert known.text([2, 5, 2, 2]) == "C"  # what follows the end is none of it
    assert known.text([-1] * 8) == ""  # of a row that had no answer
    assert known.row("") == [5] * 8


def test_what_the_model_does_not_know_is_named_with_its_place():
    known = tokens.Vocabulary("smiles", ("C", "O", ""), 4)
    with pytest.raises(InputError, match=r"'CBr' has the token 'Br' \(the 2\. of 2\).*knows C O"):
        known.row("CBr")
    assert len(known.row("CCC")) == 4
    with pytest.raises(InputError, match="has 4 tokens, and the model takes 3 at most"):
        known.row("CCCC")


def of_strings(**changes):
    given = {"tokens": ["a", "b", ""], "tokenizer": "characters", "high": 2.0, "spacing": 1.0}
    return Schema("tokens", (5,)).to_json() | given | changes


def test_a_schema_of_strings_is_read_back():
    schema = Schema.from_json(of_strings())
    assert Schema.from_json(schema.to_json()) == schema
    assert schema.vocabulary.row("ba") == [1, 0, 2, 2, 2]
    assert Schema("vector", (3,)).vocabulary is None


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"tokens": []}, "last token, and no other"),
        ({"tokens": ["a", "b"]}, "last token, and no other"),
        ({"tokens": ["", "b", ""]}, "each once"),
        ({"tokens": ["a", "a", ""]}, "each once"),
        ({"tokens": ["a", 3, ""]}, "all text"),
        ({"tokenizer": "words"}, "wanted is one of smiles, selfies, characters"),
        ({"tokenizer": ["smiles"]}, "wanted is one of smiles"),
        ({"shape": [5, 1]}, "its shape is"),
        ({"kind": "vector"}, "of no strings"),
    ],
)
def test_what_no_schema_of_strings_states_is_refused(changes, part):
    with pytest.raises(ValueError, match=part):
        Schema.from_json(of_strings(**changes))
