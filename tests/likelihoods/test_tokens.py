"""Strings of any length as one probability mass: a token a step, and the end."""

import itertools

import numpy as np
import pytest
from scipy import special

from zoo import catalog, likelihoods
from zoo.errors import InputError
from zoo.likelihoods.tokens import Tokens

COUNT, STEPS = 4, 4
END = COUNT - 1
LIKELIHOOD = Tokens(COUNT)


def raw(rows, seed=0, steps=STEPS):
    return np.random.default_rng(seed).normal(size=(rows, steps, COUNT)).astype(np.float32) * 2


def row(*tokens, steps=STEPS):
    return np.float32([*tokens, *[END] * (steps - len(tokens))])


def every_string():
    """All strings that fit."""
    for length in range(STEPS):
        yield from (row(*each) for each in itertools.product(range(END), repeat=length))


def test_probabilities_of_all_strings_that_fit_add_up_to_one():
    x = np.stack(list(every_string()))
    assert len(x) == 1 + 3 + 9 + 27
    output = np.repeat(raw(1), len(x), axis=0)
    total = np.exp(np.asarray(LIKELIHOOD.log_prob(x, output), float)).sum()
    assert total == pytest.approx(1.0, abs=1e-5)


def test_a_string_has_the_nats_of_its_tokens_and_of_its_end_and_none_past_it():
    output = raw(2)
    log_p = special.log_softmax(output.astype(float), axis=-1)
    x = np.stack([row(2, 0), row(1, 1, 2)])
    wanted = [
        log_p[0, 0, 2] + log_p[0, 1, 0] + log_p[0, 2, END],
        log_p[1, 0, 1] + log_p[1, 1, 1] + log_p[1, 2, 2],  # the last step can only be the end
    ]
    np.testing.assert_allclose(LIKELIHOOD.log_prob(x, output), wanted, rtol=1e-5)


def test_rows_that_are_no_strings_are_impossible():
    x = np.stack([row(1, 2), [0, END, 0, END], [0, 1, 2, 0], [0, 1, 4, END], [-1, 0, END, END]])
    np.testing.assert_array_equal(LIKELIHOOD.possible(np.float32(x)), [1, 0, 0, 0, 0])
    place, said = LIKELIHOOD.impossible(x)
    assert place == 1 and "[0, 3, 0, 3]" in said and "whatever follows it, is 3" in said
    assert LIKELIHOOD.impossible(x[:1]) is None


def test_answers_end_where_the_string_does():
    output = raw(5)
    output[:, 1, END] = 50.0  # it ends before its second token
    answer = LIKELIHOOD.outputs(output)
    tokens = np.asarray(answer["tokens_mode"])
    np.testing.assert_array_equal(tokens[:, 0], output[:, 0].argmax(-1))
    ended = tokens[:, 0] == END
    assert (tokens[:, 1:] == END).all() and tokens.dtype == np.int32
    probabilities = np.asarray(answer["probabilities"])
    np.testing.assert_allclose(
        probabilities[:, 0], special.softmax(output[:, 0], axis=-1), rtol=1e-5
    )
    np.testing.assert_array_equal(probabilities[:, 2:, END], 1.0)
    np.testing.assert_array_equal(probabilities[ended, 1:, END], 1.0)


def test_a_draw_ends_at_its_last_step_whatever_the_logits():
    output = np.zeros((3, STEPS, COUNT), np.float32)
    output[..., END] = -50.0
    noise = np.full((3, STEPS), 0.4, np.float32)
    tokens = np.asarray(LIKELIHOOD.drawn(output, noise)["tokens"])
    assert (tokens[:, :-1] == 1).all() and (tokens[:, -1] == END).all()
    assert np.asarray(LIKELIHOOD.possible(np.float32(tokens))).all()
    assert (np.asarray(LIKELIHOOD.margin(output, noise)) > 0.01).all()


def test_draws_have_the_stated_frequencies():
    output = np.repeat(raw(1), 20_000, axis=0)
    noise = np.random.default_rng(0).uniform(size=output.shape[:2]).astype(np.float32)
    first = np.asarray(LIKELIHOOD.drawn(output, noise)["tokens"])[:, 0]
    found = np.bincount(first, minlength=COUNT) / len(first)
    np.testing.assert_allclose(found, special.softmax(output[0, 0]), atol=0.02)


def test_independent_frequencies_are_a_probability_mass_of_strings_too():
    random = np.random.default_rng(3)
    x = np.stack([row(*random.integers(0, END, random.integers(0, STEPS))) for _ in range(200)])
    (law,) = LIKELIHOOD.independent(STEPS)
    parameters = law.fit(x)
    strings = np.stack(list(every_string()))
    total = np.exp(law.log_prob(strings, *parameters, None)).sum()
    assert 0.9 < total <= 1.0 + 1e-6  # it does not know that the last step is the end
    assert law.sentence == "frequencies of tokens of each step by itself"


def test_nats_of_a_model_add_up_whatever_it_is_fed():
    """Of the autoregressive decoder given each string itself: a probability mass again."""
    model = catalog.molecule_vae((STEPS,), 2, units=5, likelihood=Tokens(COUNT))
    x = np.stack(list(every_string()))
    z = np.random.default_rng(0).normal(size=(1, 2)).astype(np.float32).repeat(len(x), axis=0)
    raw_output = model.raw(model.state(z), (), x)
    total = np.exp(np.asarray(model.likelihood.log_prob(x, raw_output), float)).sum()
    assert total == pytest.approx(1.0, abs=1e-5)


def test_what_is_drawn_step_after_step_is_what_the_taught_decoder_gives():
    model = catalog.molecule_vae((9,), 3, units=6, likelihood=Tokens(COUNT))
    answer = model.generate(np.arange(8, dtype=np.int64))
    tokens = np.asarray(answer["tokens"])
    taught = model.raw(model.state(answer["z"]), (), np.float32(tokens))
    wanted = special.softmax(np.asarray(taught, float), axis=-1)
    inside = np.cumsum(tokens == END, axis=1) - (tokens == END) < 1
    inside[:, -1] = False  # an end for certain
    np.testing.assert_allclose(
        np.asarray(answer["probabilities"])[inside], wanted[inside], atol=1e-5
    )


def test_it_is_made_of_a_schema_and_refuses_other_events():
    from zoo.datasets.strings.loading import of_list

    data = of_list(["abc", "ab", "c", "bca"] * 3)
    assert likelihoods.of_schema("tokens", data.schema).count == 4
    with pytest.raises(InputError, match=r"strings \[steps\]"):
        LIKELIHOOD.network_shape((4, 4, 1))
    with pytest.raises(InputError, match="count=1"):
        Tokens(1)
