"""What is measured of a model of strings, against models of which the answer is known."""

import keras
import numpy as np
import pytest
from scipy import integrate, stats

import zoo
from zoo.datasets import binarize
from zoo.datasets.strings.loading import of_list
from zoo.errors import InputError
from zoo.evaluation import evaluated_examples, strings
from zoo.latents import Flat

TRAIN = ["abc"] * 10
TEST = ["a", "ab", "abc", "ba", "ca", "b", "bb", "cab", "aa", "bab"]
STEPS, COUNT = 4, 4  # the end among both
SHARPNESS = 6.0


def data(test=TEST):
    return binarize(of_list(TRAIN, test), "none")


def copier(log_var, lost=False):
    """A VAE whose posterior's mean is x itself, a 1 at each token, and whose logits are 6 z.

    `lost`: it takes c for a.
    """
    x = keras.Input((STEPS, COUNT))
    seen = np.eye(COUNT, dtype=np.float32)
    if lost:
        seen[2] = seen[0]
    copy = keras.layers.Dense(COUNT, use_bias=False)
    mean = keras.layers.Reshape((STEPS * COUNT,))(copy(x))
    copy.kernel.assign(seen)
    parts = {"mean": mean, "log_var": mean * 0.0 + log_var}
    z = keras.Input((STEPS * COUNT,))
    logits = keras.layers.Reshape((STEPS, COUNT))(z) * SHARPNESS
    return zoo.VAE(
        keras.Model(x, parts),
        keras.Model(z, logits),
        Flat(STEPS * COUNT),
        zoo.likelihoods.Tokens(COUNT),
    )


def test_the_share_that_is_given_back_is_that_of_strings_the_model_does_not_confuse():
    made = data()
    assert strings.reconstructed(copier(-20.0), made.test).all()
    same = strings.reconstructed(copier(-20.0, lost=True), made.test)
    assert same.tolist() == ["c" not in text for text in TEST]


def test_the_share_of_draws_that_are_given_back_is_the_probability_of_it():
    """Of each step that is no forced end, that 1 + noise is above the noise of three others."""
    scale, draws = 0.5, 4000

    def density(noise):
        return stats.norm.pdf(noise) * stats.norm.cdf(noise + 1.0 / scale) ** (COUNT - 1)

    right, _ = integrate.quad(density, -12, 12)
    same = strings.reconstructed_from_draws(copier(2 * np.log(scale)), data().test, 3, draws)
    assert same.shape == (len(TEST), draws)
    for text, found in zip(TEST, same.mean(axis=1), strict=True):
        wanted = right ** min(len(text) + 1, STEPS - 1)
        assert abs(found - wanted) < 5 * np.sqrt(wanted * (1 - wanted) / draws), text


def test_log_p_given_the_next_strings_z_is_that_of_its_tokens():
    found = strings.from_other_z(copier(-28.0), data().test, draws=2)
    log_p = {
        True: SHARPNESS - np.log(np.exp(SHARPNESS) + COUNT - 1),
        False: -np.log(np.exp(SHARPNESS) + COUNT - 1),
    }
    for text, other, values in zip(TEST, TEST[1:] + TEST[:1], found, strict=True):
        step = zip((text + ".")[: STEPS - 1], (other + "...")[: STEPS - 1], strict=False)
        wanted = -sum(log_p[one == two] for one, two in step)
        np.testing.assert_allclose(values, wanted, rtol=1e-5)


def test_a_report_has_the_nats_of_a_token_and_says_of_what_each_share_is():
    made, model = data(), copier(2 * np.log(0.5))
    report = zoo.evaluation.report(model, made, samples=5)
    found, lines = report.metrics, "\n".join(report.lines())
    mean = np.mean([len(text) + 1 for text in TEST])
    assert found["nats_per_token"] == pytest.approx(found["nll"] / mean)
    assert found["exact_reconstruction"] == 1.0 and 0.1 < found["exact_reconstruction_sampled"] < 1
    assert found["reconstruction_from_other_z"] > found["reconstruction"] + 1.0
    assert "valid" not in found and 0.0 < found["unique"] < 1.0
    assert "100.0% of 10 test strings\n" in lines
    assert "of 100 draws of each of 10 test strings\n" in lines
    assert "of 1,000 generated strings\n" in lines and "seeds 0 to 999" in lines
    assert strings.string_metrics(model, made, seed=1)[1]["first_seed"] == 1000


def test_a_plain_autoencoder_has_what_needs_no_posterior_and_no_prior():
    vae = copier(-20.0)
    x = keras.Input((STEPS, COUNT))
    encoder = keras.Model(x, {"z": vae.encoder(x)["mean"]})
    coder = zoo.models.Autoencoder(encoder, vae.decoder, likelihood=zoo.likelihoods.Tokens(COUNT))
    assert set(strings.string_metrics(coder, data())[0]) == {"exact_reconstruction"}


def test_fewer_test_examples_are_evenly_spaced_ones_and_the_report_says_of_how_many():
    made, model = data(), copier(-20.0)
    few = evaluated_examples.evaluated(made, 4)
    text = made.schema.vocabulary.text
    chosen = [text(row) for row in few.test.examples(np.arange(4)).astype(int).tolist()]
    assert chosen == [TEST[0], TEST[3], TEST[6], TEST[9]]
    report = zoo.evaluation.report(model, made, samples=2, evaluated=4)
    assert (report.protocol["n"], report.protocol["test"], len(report.means)) == (4, 10, 4)
    assert "n=4 of 10 test examples, evenly spaced, no binarization" in report.statement()
    same = zoo.evaluation.report(model, few, samples=2).metrics
    assert report.metrics == same
    for bad in (0, -3):
        with pytest.raises(InputError, match=f"evaluated={bad}: give the test examples"):
            zoo.evaluation.report(model, made, evaluated=bad)


def test_of_strings_ten_thousand_are_evaluated_unless_told_otherwise(digits):
    many = data(["a", "b", "c"] * 4000)
    assert len(evaluated_examples.evaluated(many).test) == 10_000
    assert len(evaluated_examples.evaluated(many, 11_000).test) == 11_000
    pictures = binarize(digits, "none")
    assert evaluated_examples.evaluated(pictures) is pictures
    assert evaluated_examples.evaluated(pictures, 10**6) is pictures
