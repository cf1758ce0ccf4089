"""A model beside its baselines: their metrics, how they were fitted, and sentences of both."""

import math

import numpy as np

from zoo.evaluation import baselines


def sentences(metrics, protocol):
    """What a model has learned beyond each value by itself, and beyond PCA.

    Args:
        metrics, protocol: of `zoo.evaluation.Report`.
    """
    found, fitted = metrics, protocol["baseline"]
    if fitted:
        name = "nll" if "nll" in found else "reconstruction"
        gain = found["baseline_nll"] - found[name]
        beats = f"beats by {gain:.2f} nats" if gain > 0.0 else "does not beat"
        yield (
            f"The {name} of {found[name]:.2f} {beats} the independent baseline, "
            f"{fitted['law']}, whose nll is "
            f"{found['baseline_nll']:.2f} (fitted to {fitted['examples']:,} training examples)."
        )
    fitted = protocol["pca"]
    if fitted:
        used = ""
        if fitted.get("used", fitted["components"]) < fitted["components"]:
            used = (
                f", by {fitted['used']}, as many as latents are active or as the KL has nats, "
                f"{found['pca_used_mse']:.4g}"
            )
        yield (
            f"Reconstructions have a mean squared error of {found['reconstruction_mse']:.4g} a "
            f"{fitted['value']}, those by {fitted['components']} principal components (PCA "
            f"fitted to {fitted['examples']:,} training examples) {found['pca_mse']:.4g}{used}."
        )


def used_components(metrics):
    """How many principal components say as much as the latents do; None of codes.

    As many as there are active latents, and where these are limited by a KL at most one a nat.
    """
    active = metrics.get("active_units")
    if active is None or not math.isfinite(metrics.get("kl", 0.0)):
        return None
    return max(1, min(active, math.ceil(metrics.get("kl", active))))


def compare(model, data, metrics, seen, seed):
    """{"metrics": theirs, "baseline": how the one was fitted or None, "pca": the other or None}.

    Args:
        data: what `zoo.datasets.binarize` gives.
        metrics: what is known of the model.
        seen: the training examples of which there is a `reconstruction_train`, a split.
        seed: of a randomised PCA.
    """
    used, metrics, found = used_components(metrics), {}, {"baseline": None, "pca": None}
    independent = baselines.independent(model, data, seen)
    if independent:
        metrics["baseline_nll"] = np.mean(independent.nats)
        found["baseline"] = {
            "law": independent.law,
            "examples": independent.examples,
            "nll_train": float(np.mean(independent.known)),
        }
    if baselines.has_reconstruction_error(model):
        counts = [model.latent, *([used] if used else [])]
        (whole, *few), examples = baselines.principal_components(model, data, counts, seed)
        metrics["reconstruction_mse"] = baselines.reconstruction_mse(model, data.test)
        metrics["pca_mse"] = whole.mse
        found["pca"] = {
            "components": whole.components,
            "examples": examples,
            "value": model.likelihood.network_value,
            "means": model.likelihood.network_affine,
        }
        for each in few:
            metrics["pca_used_mse"] = each.mse
            found["pca"]["used"] = each.components
    return found | {"metrics": metrics}
