"""All numbers of one trained model on one test set, with what is needed to compare them."""

import hashlib
import json
import math
import sys
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np

from zoo.artifact.manifest import metric_in_words
from zoo.atomic_write import tidy, whole
from zoo.evaluation import (
    comparison,
    evaluated_examples,
    imputation,
    latent,
    nats,
    properties,
    strings,
    units,
)
from zoo.evaluation.sample_quality import sample_quality

PARTIAL = "log_likelihood.npz"


@dataclass(frozen=True)
class Report:
    """Metrics by name, and the protocol under which they were measured.

    `seconds` are the clock's; where importance sampling was interrupted, of its earlier sittings
    too.
    """

    metrics: dict
    protocol: dict
    seconds: float
    means: np.ndarray = field(repr=False, default=None)

    def __str__(self):
        return "\n".join(self.lines())

    def lines(self):
        """A line a metric, protocol below."""
        width = max(map(len, self.metrics))
        units_of = units.of(self.protocol)
        for name, value in self.metrics.items():
            shown = metric_in_words(name, value)
            yield f"  {name:<{width}}  {shown:>9} {units_of.get(name, units.NATS)}"
        yield "  " + self.statement()
        yield from (f"  {how['statement']}" for how in self.protocol["sample_quality"])
        if self.protocol["strings"]:
            yield f"  {self.protocol['strings']['statement']}"
        yield from (f"  {sentence}" for sentence in self.against_baselines())

    def against_baselines(self):
        """Sentences: what the model has learned beyond each value by itself, and beyond PCA."""
        yield from comparison.sentences(self.metrics, self.protocol)

    def statement(self):
        """The protocol in one sentence."""
        p = self.protocol
        drawn = {
            "none": "no binarization",
            "static": f"static binarization, seed {p['binarization_seed']}",
            "dynamic": f"dynamic binarization drawn once with seed {p['binarization_seed']}",
        }[p["binarization"]]
        kl = "exact KL" if p["exact_kl"] else "its KL too"
        estimated = (
            f"nll by K={p['K']} importance samples; elbo by {p['elbo_samples']} samples, {kl}; "
            f"noise of seed {p['seed']}"
        )
        if p["K"] is None:
            estimated = "no bound on log p(x): the model has no prior"
        elif p["elbo_samples"] is None:
            estimated = (
                "elbo exact; nll is its negative, a bound from above: x has one grid of codes, of "
                f"which K={p['K']} importance sample says all"
            )
        n = f"n={p['n']:,} test examples"
        if p["n"] < p["test"]:
            n = f"n={p['n']:,} of {p['test']:,} test examples, evenly spaced"
        return f"{n}, {drawn}; {estimated}; nats of {p['nats_are']}"


def report(
    model, data, seed=0, samples=1000, elbo_samples=16, folder=None, networks=(), evaluated=None
):
    """Evaluates a model on the test split of what `zoo.datasets.binarize` gives.

    `nll` is -log p(x) estimated with K=`samples`; `reconstruction_train` is `reconstruction` of
    evenly spaced training examples, as many as test examples and those held out for validation
    among them: what the model gains there over the baseline and loses on the test set, it knows by
    heart. `bits_per_dimension` is `nll`
    where the likelihood is of 8-bit values. `baseline_nll`, `reconstruction_mse` and `pca_mse` are
    as in `baselines`; PCA has as many components as there are latents, and in `pca_used_mse` as
    many as there are active ones, at most one a nat of the KL. Of a table, and of series of which
    values are missing, there is `imputation` besides. A model whose `score` is exact, since x has
    one latent alone, is scored by it, and `nll` is -`elbo`. Of strings there is `string_metrics`
    besides, and of a model with a property head `property_metrics`. The rest as in `nats` and
    `latent`.

    Args:
        seed: of the posterior samples.
        samples: K of the importance sampling.
        elbo_samples: posterior samples that the reconstruction term averages.
        folder: where the importance sampling keeps what it has done, so that an interrupted
            evaluation of the same model goes on; None keeps nothing.
        networks: in whose features samples are measured, see `zoo.evaluation.sample_quality`.
        evaluated: test examples that are evaluated, evenly spaced; None: all, of strings 10,000 at
            most.

    Raises:
        InputError: for fewer than one.
    """
    began, earlier = time.monotonic(), 0.0
    test, data = len(data.test), evaluated_examples.evaluated(data, evaluated)
    sampled = model.samples_posterior  # a plain autoencoder and codes have nothing to sample
    bounded = "elbo" in model.nats
    seen = np.linspace(0, len(data.train) - 1, min(len(data.test), len(data.train)))
    seen = data.train.subset(np.unique(seen.astype(int)))
    if sampled:
        metrics = dict(nats.elbo(model, data.test, seed, elbo_samples))
        known = dict(nats.elbo(model, seen, seed, elbo_samples))
        metrics["reconstruction_train"] = known["reconstruction"]
        keep = _Partial(
            folder,
            _identity(model, test, len(data.test), data.binarization, data.seed, seed, samples),
        )
        log_p = nats.log_likelihood(model, data.test, seed, samples, keep.load(), keep.on_chunk)
        earlier = keep.earlier
        metrics["nll"] = -np.mean(log_p)
    else:
        metrics = _means(nats.scores(model, data.test))
        known = _means(nats.scores(model, seen))
        metrics["reconstruction_train"] = known["reconstruction"]
        if bounded:
            metrics["nll"] = -metrics["elbo"]
    if bounded and model.likelihood.levels == 256 and "length" not in model.conditions:
        metrics["bits_per_dimension"] = bits_per_dimension(metrics["nll"], model.event_shape)
    means = latent.posterior_means(model, data.test)
    if model.code_count is None:
        metrics |= dict(latent.active_units(means))
    else:
        metrics |= dict(latent.code_use(model, data.test))
    if imputation.can_be_measured(data.schema):
        metrics |= dict(imputation.imputation(model, data, seed))
    compared = comparison.compare(model, data, metrics, seen, seed)
    metrics |= compared.pop("metrics")
    protocol = {
        "n": len(data.test),
        "test": test,
        "K": samples if sampled else 1 if bounded else None,
        "elbo_samples": elbo_samples if sampled else None,
        "exact_kl": model.exact_kl if bounded else None,
        "binarization": data.binarization,
        "binarization_seed": data.seed,
        "seed": seed,
        "train": len(data.train),
        "values": math.prod(model.event_shape),
        "latent": model.latent,
        "autoregressive": model.autoregressive,
        "kind": data.schema.kind,
        "nats_are": model.likelihood.nats_are(data.binarization != "none"),
        **compared,
    }
    if model.code_count is not None:
        protocol["codes"] = model.code_count
    if imputation.can_be_measured(data.schema):
        protocol["hidden"] = imputation.hidden_count(data, seed)
    protocol["strings"] = None
    if strings.can_be_measured(data.schema):
        found, protocol["strings"] = strings.string_metrics(model, data, metrics.get("nll"), seed)
        metrics |= found
    protocol["properties"] = []
    if properties.can_be_measured(model, data):
        found = properties.property_metrics(model, data, means)
        protocol["properties"] = list(model.properties)
        metrics |= found
    protocol["sample_quality"] = []
    for network in networks:
        found, how = sample_quality(model, data, network, seed)
        metrics |= found
        protocol["sample_quality"].append(how)
    metrics = {k: v if isinstance(v, int) else float(v) for k, v in metrics.items()}
    return Report(metrics, protocol, earlier + time.monotonic() - began, means)


def bits_per_dimension(nats_of_event, event_shape):
    """Nats of an event -> bits of each of its values; 8 where 256 levels are equally likely."""
    return nats_of_event / (math.log(2.0) * math.prod(event_shape))


def _means(values):
    """Of what is one number an example: a table's contributions are a number a column."""
    return {name: np.mean(each) for name, each in values.items() if each.ndim == 1}


def clear(folder):
    """Removes what an interrupted evaluation would go on from, once it is of no more use."""
    tidy(Path(folder) / PARTIAL)
    (Path(folder) / PARTIAL).unlink(missing_ok=True)


def _identity(model, *protocol):
    """A digest of the weights and the protocol: what a partial evaluation belongs to."""
    digest = hashlib.sha256(json.dumps(protocol).encode())
    for weight in model.weights:
        digest.update(np.ascontiguousarray(keras.ops.convert_to_numpy(weight)).tobytes())
    return digest.hexdigest()


class _Partial:
    """Shows progress and keeps log p(x) of the examples done so far: every half minute, and all."""

    def __init__(self, folder, identity, every=30.0):
        self.path = Path(folder) / PARTIAL if folder else None
        self.identity = identity
        self.every = every
        self.began = self.saved_at = time.monotonic()
        self.earlier = 0.0  # seconds of the sittings before this one
        self.bar = None

    def load(self):
        if self.path is None or not self.path.exists():
            return None
        try:
            with np.load(self.path, allow_pickle=False) as file:
                if str(file["identity"]) != self.identity:
                    return None
                log_p, self.earlier = file["log_p"], float(file["seconds"])
                return log_p
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return None  # damaged: what it held is computed anew

    def on_chunk(self, log_p):
        done = int(np.isfinite(log_p).sum())
        if sys.stdout.isatty():
            self.bar = self.bar or keras.utils.Progbar(len(log_p), unit_name="example")
            self.bar.update(done)
        now = time.monotonic()
        waits = done < len(log_p) and now - self.saved_at < self.every
        if self.path is None or waits:
            return
        self.saved_at = now
        if not sys.stdout.isatty():
            print(f"  log p(x): {done:,} of {len(log_p):,} examples", flush=True)
        with whole(self.path) as file:
            seconds = self.earlier + now - self.began
            np.savez(file, log_p=log_p, identity=self.identity, seconds=seconds)
