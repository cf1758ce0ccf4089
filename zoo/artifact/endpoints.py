"""The artifact contract in data: endpoint names, and each one's tensors. Standard library only.

Exporters and the runtime both read this file and never each other. Shapes are tuples of int, with
the string "batch" for the one dynamic axis.
"""

from dataclasses import asdict, dataclass
from typing import Any

BATCH = "batch"
SCHEMA_VERSION = 2
PROOF_BATCHES = (1, 3, 64)

PROBABILITY = "probability"
REAL = "real"
FEATURE = "feature"
NATS = "nats"
BOUND = "bound"
WHOLE = "whole"
TOLERANCES = {PROBABILITY: 1e-5, REAL: 1e-4, FEATURE: 1e-4, NATS: 1e-4, BOUND: 1e-4, WHOLE: 0.0}
"""Largest error allowed: absolute for probabilities; none for whole numbers such as codes; for
other values a share of a scale, which is that of the output and not of the one number compared.
A number may come out near 0 by chance: a latent at 0.0001, an ELBO where a positive and a negative
term cancel. To ask for four digits of it would be to ask for an accuracy that float32 sums of
hundreds of terms do not have in any runtime, and refuse a good model. So the scale is

- REAL: the largest magnitude in the same example's output, or that of half of the examples compared
  where it is larger: what one answer of this output is as large as;
- FEATURE: the same of each feature, along the last axis, for itself: each has a unit of its own,
  and an error of a dollar is none of an income and much of a price;
- NATS: REAL's, and at least 1 nat. Nats are logarithms, so that they have a unit of their own: an
  error of 1e-4 nats is one of 0.01 % of a density, however near to 0 the density's logarithm is;
- BOUND: the same of all that the endpoint answers for the example together. A reconstruction, a KL
  that is sampled, and the ELBO are sums of terms of either sign: what is rounded are the terms, and
  the sum is as exact as the largest of them."""

LIKELIHOOD_RATIO = "likelihood_ratio"
"""What `score` of a hierarchy of latents gives besides, [batch, n]: of n numbers k, see the
manifest's `latent`, the ELBO less that of draws whose lowest k groups the prior makes."""

HALF = ".fp16"
"""onnx/decode.fp16.onnx is the float16 variant of onnx/decode.onnx."""

HALF_TOLERANCES = dict.fromkeys(TOLERANCES, 5e-3) | {WHOLE: 0.0}
"""The same for float16 graphs. Rounding to float16 errs by up to u = 2**-11 = 0.0005 of a value. In
a product a value meets three roundings: of the weight, the input and the result. The longest
endpoints hold eight products in a row, and 24 independent errors add up to sqrt(24) u = 0.0024 of
a value; twice that is allowed. A probability errs by a quarter of its logit's error at most, and is
settled where the logit is beyond 8: 0.0024 x 8 / 4 = 0.005. What each artifact measured is in its
manifest's comparisons."""


ONNX, ONNX_HALF = "onnx", "onnx float16"
"""Runtimes of the comparisons; the graphs of the second hold float16, on the CPU computed in
float32 with casts in between, since ONNX Runtime has no float16 kernels of most operators there."""


def tolerances_of(runtime: str) -> dict[str, float]:
    """{kind: largest error allowed} of a runtime."""
    return HALF_TOLERANCES if runtime == ONNX_HALF else TOLERANCES


def tolerance_in_words(kind: str, tolerances: dict[str, float] = TOLERANCES) -> str:
    """The tolerance of a kind of tensor, as comparisons state it."""
    if kind == WHOLE:
        return "none"
    measured = {
        PROBABILITY: "absolute",
        FEATURE: "by feature",
        NATS: "of the nats",
        BOUND: "of the bound",
    }
    return f"{tolerances[kind]:.0e} {measured.get(kind, 'relative')}"


@dataclass(frozen=True)
class Tensor:
    """One input or output: name, dtype as numpy spells it, shape, and how its error is measured.

    Whole numbers that stand for something, such as labels, are from 0 to below `below`. With
    `missing` a value of any column may be missing: NaN, or -1 of whole numbers, says so; without
    it, one of the columns that a schema says it of.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    kind: str = REAL
    below: int | None = None
    missing: bool = False


@dataclass(frozen=True)
class Endpoint:
    """One function of an artifact."""

    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    def to_json(self) -> dict[str, Any]:
        """A dict that `from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Endpoint":
        """An endpoint from a manifest's entry."""
        inputs, outputs = (
            tuple(
                Tensor(
                    t["name"],
                    t["dtype"],
                    tuple(t["shape"]),
                    t["kind"],
                    t.get("below"),
                    t.get("missing", False),
                )
                for t in value[side]
            )
            for side in ("inputs", "outputs")
        )
        return cls(value["name"], inputs, outputs)
