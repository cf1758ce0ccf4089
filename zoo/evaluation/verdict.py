"""What a trained model's users must know before they trust it: sentences, with what to do.

A rule a function, its threshold a constant above it: each looks at what a `Report` states alone.
"""

import math

from zoo.artifact.schema import IMAGE

EXPLODED = 10.0
"""Times as far above the baseline as that is from 0, or as there are values: it has diverged."""

FEW_ACTIVE = 0.1
"""Share of the latents up to which those that are active are few."""

COLLAPSED = 0.1
"""Nats of KL below which the posterior is the prior."""

FAR_FROM_TRAINING = 0.25
"""Share of what it gains over the baseline in training, that a model may lose on the test set."""

BETTER_PCA = 1.0
"""Times PCA's squared error above which a model's is the larger."""

FEW_EXAMPLES = 1000
"""Training examples below which there are few."""

BLIND = 0.25
"""Share of the way from chance to certainty up to which a network of features tells nothing."""

FEW_TESTS = 100
"""Test examples below which a mean over them says little."""


def warnings(metrics, protocol):
    """Sentences about a model that is not well; [] if there is nothing to say.

    Args:
        metrics, protocol: of `zoo.evaluation.Report`.
    """
    rules = (_diverged, _no_better_than_the_baseline, _dead, _collapsed, _worse_than_pca)
    rules += (_far_from_training, _few_examples, _blind_judge)
    return [sentence for rule in rules for sentence in rule(metrics, protocol)]


def is_finite(metrics):
    """Whether every metric is a number: otherwise the model has diverged."""
    return all(math.isfinite(value) for value in metrics.values())


def _scored(metrics):
    """(name, value) of the score that the baseline is compared with: a bound on -log p(x)."""
    name = "nll" if "nll" in metrics else "reconstruction"
    return name, metrics[name]


def _diverged(metrics, protocol):
    names = [name for name, value in metrics.items() if not math.isfinite(value)]
    shown = ", ".join(f"{name} is {metrics[name]}" for name in names)
    if not names and _has_exploded(metrics, protocol):
        name, value = _scored(metrics)
        shown = f"{name} is {value:.5g} nats, the baseline's {metrics['baseline_nll']:.5g}"
    if shown:
        yield (
            f"The model has diverged: {shown}. It is of no use: train it again with --restart and "
            "a smaller --learning-rate (a third, say) or more --epochs, or look for extreme values "
            "in the data."
        )


def _has_exploded(metrics, protocol):
    if "baseline_nll" not in metrics:
        return False
    baseline = metrics["baseline_nll"]
    return _scored(metrics)[1] > baseline + EXPLODED * max(abs(baseline), protocol["values"])


def _no_better_than_the_baseline(metrics, protocol):
    if "baseline_nll" not in metrics or _has_exploded(metrics, protocol):
        return
    name, reached = _scored(metrics)
    baseline = metrics["baseline_nll"]
    if reached >= baseline:
        yield (
            f"The {name} of {reached:.2f} nats is no better than the {baseline:.2f} nats of "
            f"{protocol['baseline']['law']}: the model has learned nothing of what values "
            "have in common. Train it for more --epochs or with another "
            "--learning-rate, or give it a larger network."
        )


def _dead(metrics, protocol):
    active = metrics.get("active_units")
    if active == 0:
        yield (
            "No latent is active: the encoder gives (nearly) the same posterior for every x, and "
            "what is generated does not depend on z as it should. Train a VAE with --anneal "
            "linear, --objective free_bits or a smaller --beta; an autoencoder with another "
            "--learning-rate."
        )
    elif active is not None and active <= FEW_ACTIVE * protocol["latent"]:
        yield (
            f"Only {active} of {protocol['latent']} latents are active: the others carry nothing "
            "of x. A smaller --latent does as well; to use more of them, train for more --epochs, "
            "or with --anneal linear or --objective free_bits."
        )
    if metrics.get("codes_used") == 1:
        yield (
            "One code stands for everything: the codebook has collapsed. Train with a larger "
            "--restart-below or another --learning-rate."
        )


def _collapsed(metrics, protocol):
    if "kl" in metrics and metrics.get("active_units") and metrics["kl"] < COLLAPSED:
        yield (
            f"The KL is {metrics['kl']:.3f} nats: the posterior has collapsed into the prior, and "
            "z says (nearly) nothing of x. Train with --anneal linear, --objective free_bits or a "
            "smaller --beta."
        )


def _worse_than_pca(metrics, protocol):
    """Of latents that are real numbers, and a decoder that is not led by what it chose before.

    Where errors are of logarithms, the logarithm of a mean is no mean of theirs: nothing is said.
    """
    if "pca_used_mse" not in metrics or protocol["autoregressive"] or not protocol["pca"]["means"]:
        return
    reached, pca = metrics["reconstruction_mse"], metrics["pca_used_mse"]
    used = protocol["pca"]["used"]
    if used < protocol["values"] and reached > BETTER_PCA * pca:
        components = f"{used} component{'s' if used > 1 else ''}"
        yield (
            f"Reconstructions are worse than those of PCA with {components}, as many as latents "
            f"are active or as the KL has nats: a squared error of {reached:.4g} a "
            f"{protocol['pca']['value']} against {pca:.4g}. "
            "Train for more --epochs or with a larger network; a VAE that is meant to reconstruct "
            "takes a smaller --beta."
        )


def _far_from_training(metrics, protocol):
    if "baseline_nll" not in metrics or "reconstruction_train" not in metrics:
        return
    gain = protocol["baseline"]["nll_train"] - metrics["reconstruction_train"]
    lost = gain - (metrics["baseline_nll"] - metrics["reconstruction"])
    if gain > 0.0 and lost > FAR_FROM_TRAINING * gain:
        yield (
            f"The reconstruction term gains {gain:.2f} nats over the baseline on training "
            f"examples, and {lost:.2f} nats less on test examples: the model knows its training "
            f"examples by heart. Give it more examples, {_augmented(protocol)}a smaller network, "
            "or --weight-decay."
        )


def _augmented(protocol):
    return "--augment flip shift where that makes sense, " if protocol["kind"] == IMAGE else ""


def _few_examples(metrics, protocol):
    if protocol["train"] < FEW_EXAMPLES:
        yield (
            f"{protocol['train']:,} training examples are few: below {FEW_EXAMPLES:,} a network "
            "learns them more than what they have in common. Collect more, or train with "
            f"{_augmented(protocol)}a smaller network."
        )
    if protocol["n"] < FEW_TESTS:
        chosen = protocol["n"] < protocol.get("test", 0)
        more = "Raise --evaluated." if chosen else "Raise --test-share, or collect more."
        yield (
            f"{protocol['n']:,} test examples are few: with fewer than {FEW_TESTS} another choice "
            f"of them would give other numbers. {more}"
        )


def _blind_judge(metrics, protocol):
    """Of networks that had a task of which they learned next to nothing, as from random crops."""
    for how in protocol.get("sample_quality", ()):
        accuracy, chance = how["accuracy"], how["chance"]
        if accuracy is not None and accuracy - chance <= BLIND * (1 - chance):
            yield (
                f"The network that samples are compared by tells {accuracy:.1%} of test images "
                f"rightly, and {chance:.1%} were guessing: frechet_distance, precision and recall "
                "say little here. Look at the samples, or measure with --inception, too."
            )
