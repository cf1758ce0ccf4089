"""Strings in, strings out: in a program of numpy and onnxruntime alone as where it was trained."""

import json

import numpy as np
import pytest

import zoo
from zoo.errors import InputError

SEEDS = [1, 2, 3, 7]
STRINGS = ["CCO", "c1ccccc1", "CCCl", "[NH3+]CBr"]

ANSWERS = """
import json, sys
import zoo

vae = zoo.load(sys.argv[1])
seeds, strings = json.loads(sys.argv[2])
encoded, scored = vae.encode(strings), vae.score(strings)
print(json.dumps({
    "generate": vae.generate(seeds).strings,
    "reconstruct": vae.reconstruct(strings).strings,
    "decode": vae.decode(encoded.mean).strings,
    "mean": encoded.mean.tolist(),
    "elbo": scored.elbo.tolist(),
    "heavy": sorted({"tensorflow", "keras", "onnx", "rdkit", "tqdm"} & set(sys.modules)),
}))
"""


@pytest.fixture(scope="module")
def vae(of_molecules):
    return zoo.load(of_molecules)


@pytest.fixture(scope="module")
def alone(app_python, of_molecules):
    """What a program of numpy and onnxruntime is answered."""
    asked = json.dumps([SEEDS, STRINGS])
    return json.loads(app_python.run(ANSWERS, of_molecules, asked).stdout)


@pytest.mark.slow
def test_an_app_without_a_training_stack_is_answered_the_same(vae, alone):
    assert alone["heavy"] == []
    assert alone["generate"] == vae.generate(SEEDS).strings
    assert alone["reconstruct"] == vae.reconstruct(STRINGS).strings == alone["decode"]
    np.testing.assert_allclose(alone["mean"], vae.encode(STRINGS).mean, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(alone["elbo"], vae.score(STRINGS).elbo, rtol=1e-6)


@pytest.mark.slow
def test_strings_are_what_their_tokens_spell_and_tokens_may_be_given_in_their_place(vae):
    known = vae.schema.vocabulary
    rows = np.array([known.row(each) for each in STRINGS], np.int32)
    np.testing.assert_array_equal(vae.encode(rows).mean, vae.encode(STRINGS).mean)
    np.testing.assert_array_equal(vae.score(rows).elbo, vae.score(STRINGS).elbo)
    drawn = vae.generate(SEEDS)
    assert drawn.strings == [known.text(row) for row in drawn.tokens.tolist()]


@pytest.mark.slow
def test_a_string_is_answered_alone_as_among_others(vae):
    together = vae.reconstruct(STRINGS).strings
    assert [vae.reconstruct([each]).strings[0] for each in STRINGS] == together
    assert vae.reconstruct("CCO").strings == together[:1]
    assert vae.reconstruct(np.array(STRINGS)).strings == together
    assert vae.generate(SEEDS[::-1]).strings == vae.generate(SEEDS).strings[::-1]


@pytest.mark.slow
@pytest.mark.parametrize("endpoint", ["encode", "score", "reconstruct"])
@pytest.mark.parametrize(
    ("strings", "said"),
    [
        (["CCO", "CCSi"], r"row 1: 'CCSi' has the token 'i' \(the 4\. of 4\).*knows .*Br C Cl"),
        (["CCO", "", "C" * 10], "row 2: 'CCCCCCCCCC' has 10 tokens, and the model takes 9 at most"),
        (["CCO", None], "row 1 is a NoneType; wanted is text"),
        (["CCO", b"C"], "row 1 is a bytes; wanted is text"),
        ("C?", r"row 0: 'C\?' has the token '\?' \(the 2\. of 2\)"),
    ],
    ids=["a token", "too long", "nothing", "bytes", "one string"],
)
def test_a_string_that_the_model_does_not_take_is_named_with_its_place(
    vae, endpoint, strings, said
):
    with pytest.raises(InputError, match=rf"{endpoint}.*{said}"):
        getattr(vae, endpoint)(strings)
