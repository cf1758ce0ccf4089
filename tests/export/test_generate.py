"""One seed, one image: in Keras, in a SavedModel and in ONNX Runtime, alone and in any batch."""

import numpy as np
import pytest

import zoo
from zoo import noise
from zoo.export.signatures import Signatures

SEEDS = np.array([7, 7, 8])


@pytest.fixture(scope="module")
def runtimes(artifact, trained):
    """{runtime: (endpoint, {input: array}) -> {output: array}}."""
    app = zoo.load(artifact)

    def keras_run(name, inputs):
        answer = getattr(trained.model, name)(*inputs.values())
        return {key: np.asarray(value) for key, value in answer.items()}

    return {
        "keras": keras_run,
        "saved_model": Signatures(artifact / "saved_model" / "1").run,
        "onnx": lambda name, inputs: getattr(app, name)(**inputs)._asdict(),
    }


def test_one_seed_gives_one_image_in_every_runtime(runtimes):
    answers = {name: run("generate", {"seed": SEEDS}) for name, run in runtimes.items()}
    wanted = np.asarray(noise.normal(SEEDS, (3,)))
    for name, answer in answers.items():
        np.testing.assert_array_equal(answer["z"], wanted, err_msg=name)  # bit for bit
        np.testing.assert_array_equal(answer["x_mean"][0], answer["x_mean"][1], err_msg=name)
        assert np.abs(answer["x_mean"][0] - answer["x_mean"][2]).max() > 1e-3
        np.testing.assert_allclose(answer["x_mean"], answers["keras"]["x_mean"], rtol=0, atol=1e-5)


def test_a_seed_gives_the_same_image_in_a_batch_of_64(runtimes):
    among = np.random.default_rng(0).integers(-(2**63), 2**63, 64)
    places = [5, 20, 63]
    among[places] = SEEDS
    for name, run in runtimes.items():
        alone, together = run("generate", {"seed": SEEDS}), run("generate", {"seed": among})
        np.testing.assert_array_equal(together["z"][places], alone["z"], err_msg=name)
        np.testing.assert_allclose(together["x_mean"][places], alone["x_mean"], rtol=0, atol=1e-5)


def test_seeds_may_be_python_numbers(artifact):
    answer = zoo.load(artifact).generate([1, -2, 2**40])
    np.testing.assert_array_equal(answer.z, np.asarray(noise.normal([1, -2, 2**40], (3,))))


def test_generated_latents_are_drawn_from_the_prior(artifact):
    z = zoo.load(artifact).generate(np.arange(20_000)).z
    assert np.abs(z.mean(axis=0)).max() < 5 / 20_000**0.5
    assert np.abs(z.var(axis=0) - 1).max() < 5 * (2 / 20_000) ** 0.5


def test_scores_are_deterministic_and_their_parts_add_up(runtimes, trained):
    x = trained.data.test.observe(range(40))
    for name, run in runtimes.items():
        score, again = run("score", {"x": x}), run("score", {"x": x})
        for key in ("elbo", "reconstruction", "kl"):
            assert score[key].shape == (40,)
            np.testing.assert_array_equal(score[key], again[key], err_msg=name)
        parts = score["reconstruction"] + score["kl"]
        np.testing.assert_allclose(score["elbo"], -parts, rtol=1e-6)
        alone = run("score", {"x": x[17:18]})["elbo"]  # whatever the batch around it
        np.testing.assert_allclose(alone, score["elbo"][17:18], rtol=1e-5)


def test_the_mean_score_is_the_elbo_of_the_report(runtimes, trained):
    """Two estimates of one number, from different noise: 16 samples each of 359 examples."""
    x = trained.data.test.observe(range(359))
    score = runtimes["onnx"]("score", {"x": x})
    assert np.mean(score["kl"]) == pytest.approx(trained.report.metrics["kl"], rel=1e-4)
    assert np.mean(score["elbo"]) == pytest.approx(trained.report.metrics["elbo"], abs=0.3)
