"""Of every catalog entry: sizes that make it tiny, and what the contract wants of it.

A new entry states its case here; without one the suite fails.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import top_down

import zoo
from zoo.artifact.endpoints import BATCH
from zoo.objectives import FreeBits

SEED = 5
TRAINING, TEST = 192, 70  # examples; the proof takes 64 of the latter


def digits():
    """A few of the embedded 8x8 digits."""
    whole = zoo.datasets.load("digits")
    return dataclasses.replace(
        whole,
        train=whole.train.subset(range(TRAINING)),
        test=whole.test.subset(range(TEST)),
    )


@dataclasses.dataclass(frozen=True)
class Case:
    """What the suite needs to know of an entry.

    Args:
        options: of its builder, which make it tiny.
        default: values of z as the recipe builds it for the digits.
        conditions: {name: count} of its inputs beside x.
        encoded: {name: width} of what `encode` gives; names alone are as wide as z.
        nats: what `score` gives.
        width: values of z, where they are not as many as latents.
        codes: how many values each latent may take, where they are whole numbers.
        exact_bits: whether z of `generate` has the same bits in every runtime.
        generates: whether there is a prior to draw from.
        data: () -> Dataset.
    """

    options: dict
    default: int
    conditions: dict = dataclasses.field(default_factory=dict)
    encoded: tuple | dict = ("mean", "log_var")
    nats: tuple = ("elbo", "reconstruction", "kl")
    generates: bool = True
    width: int | None = None
    codes: int | None = None
    exact_bits: bool = True
    data: Callable = digits

    @property
    def latent(self):
        """Values of z."""
        return self.width or self.options["latent"]

    def endpoints(self, event):
        """{name: (inputs, outputs)}, each (name, dtype, shape): the design's table."""
        x, z = ("x", "float32", (BATCH, *event)), ("z", "float32", (BATCH, self.latent))
        besides = [(name, "int32", (BATCH,)) for name in self.conditions]
        if self.codes:
            z = ("codes", "int32", (BATCH, self.latent))
        x_mean = ("x_mean", "float32", (BATCH, *event))
        widths = self.encoded
        if not isinstance(widths, dict):
            widths = dict.fromkeys(widths, self.latent)
        encoded = [(name, "float32", (BATCH, width)) for name, width in widths.items()]
        encoded = [z] if self.codes else encoded
        table = {
            "encode": ([x, *besides], encoded),
            "decode": ([z, *besides], [x_mean]),
            "reconstruct": ([x, *besides], [x_mean]),
            "generate": ([("seed", "int64", (BATCH,)), *besides], [x_mean, z]),
            "score": ([x, *besides], [(name, "float32", (BATCH,)) for name in self.nats]),
        }
        if not self.generates:
            del table["generate"]
        return table


DENSE = {"latent": 3, "units": (16,)}
CONV = {"latent": 3, "filters": (4, 8), "dense": 16}
TEST_ONLY = "top_down"  # a model of the tests, which no recipe trains
CASES = {
    "dense_ae": Case(DENSE, 16, encoded=("z",), nats=("reconstruction",), generates=False),
    "dense_vae": Case(DENSE, 50),
    "conv_vae": Case(CONV, 32),
    "conditional_vae": Case(CONV, 32, conditions={"label": 10}),
    "residual_vae": Case(CONV | {"blocks": 1}, 32),
    "rnn_vae": Case({"latent": 3, "units": 6}, 32),
    "stroke_vae": Case(
        {"latent": 3, "units": 6, "objective": FreeBits(0.0, together=True)}, 32, exact_bits=False
    ),
    "beta_vae": Case(DENSE, 10),
    "iwae": Case(DENSE, 50),
    "laplace_vae": Case(DENSE, 50, encoded=("mean", "log_scale")),
    "hyperspherical_vae": Case(DENSE, 10, encoded={"direction": 3, "kappa": 1}, exact_bits=False),
    "gumbel_vae": Case(DENSE | {"classes": 4}, 200, encoded=("logits",), width=12),
    "vampprior_vae": Case(DENSE | {"components": 4}, 50, exact_bits=False),
    "flow_vae": Case(
        DENSE | {"flow_layers": 2, "flow_units": (8,), "context": 5},
        50,
        encoded={"mean": 3, "log_var": 3, "context": 5},
    ),
    TEST_ONLY: Case(
        {"latent": 5},
        5,
        encoded={"mean_top": 2, "log_var_top": 2, "mean_bottom": 3, "log_var_bottom": 3},
        exact_bits=False,
    ),
    "vq_vae": Case(
        {"codes": 8, "dimension": 3, "filters": (4, 8), "prior_units": 6}, 4, width=4, codes=8
    ),
}


def build(name, event_shape):
    """A tiny untrained model of a catalog entry."""
    zoo.training.seed_everything(SEED)
    if name == TEST_ONLY:
        return top_down.model(event_shape)
    return zoo.catalog.build(name, event_shape, **CASES[name].options)


def inputs(name, data, rows, endpoint="encode", latent=None):
    """Arrays for an endpoint, in order: test examples, seeds or latents; then the conditions.

    `latent` is how many values z has, unless those of the tiny model.
    """
    case, drawn = CASES[name], np.random.default_rng(rows)
    latent = latent or case.latent
    first = {
        "generate": lambda: drawn.integers(-(2**63), 2**63, rows),
        "decode": lambda: (
            drawn.integers(0, case.codes, (rows, latent), np.int32)
            if case.codes
            else drawn.standard_normal((rows, latent)).astype(np.float32)
        ),
    }.get(endpoint, lambda: data.test.examples(np.arange(rows)))()
    return [first, *(data.test.condition(key)[:rows] for key in case.conditions)]
