"""The proof: what was written is read back from disk and must answer as the trained model did.

One way for every format. A format that is required and differs is an error; of one that is not, an
endpoint that differs is taken out again, and the reason is kept.
"""

import math
from dataclasses import dataclass, field

from zoo.artifact.endpoints import PROBABILITY, PROOF_BATCHES
from zoo.errors import ExportError
from zoo.export.comparison import replay, table
from zoo.export.keras import Keras
from zoo.export.onnx import Onnx, OnnxFloat16
from zoo.export.saved_model import SavedModel

FORMATS = (Keras(), SavedModel(), Onnx(), OnnxFloat16())
"""In the order in which they are written; those that the contract names come first."""

MEMORY = 2**30
"""Bytes that a batch may take in the proof, by the estimate of `batches`: a laptop has them."""

FEATURES = 64
"""Values that a network holds at once for each value of an example, for the same estimate: 32 of
the first layer's features, and as many of what it reads or what follows it."""


@dataclass
class Proof:
    """What was compared, and what was left out: {format: {endpoint: sentence}}."""

    rows: list = field(default_factory=list)
    left_out: dict = field(default_factory=dict)


def batches(endpoint, draws=1):
    """Batch sizes that an endpoint is proven with: `PROOF_BATCHES`, but where memory ends, fewer.

    Args:
        endpoint: an `Endpoint`.
        draws: how many latents `score` decodes for each example.
    """
    tensors = (*endpoint.inputs, *endpoint.outputs)
    largest = max(4 * math.prod(tensor.shape[1:]) for tensor in tensors)
    most = max(1, MEMORY // (largest * FEATURES * draws))
    return tuple(sorted({min(batch, most) for batch in PROOF_BATCHES}))


def make_and_prove(source, sizes, formats=FORMATS):
    """Writes every format of a `Source` and proves it against the stage's test data: a `Proof`.

    Args:
        source: what is exported.
        sizes: {endpoint: batch sizes}.
        formats: what to write, in this order.

    Raises:
        ExportError: if a required format cannot be written, or naming every endpoint and output
            that is not equal to the trained model.
    """
    proof, differing = Proof(), []
    for each in formats:
        left_out = dict(each.write(source, list(source.contract)))
        while True:
            kept = {k: v for k, v in source.contract.items() if k not in left_out}
            rows = compare(each, source.stage, kept, sizes)
            bad = [row for row in rows if not row.ok]
            if each.required or not bad:
                break
            left_out |= _reasons(bad, each, source.contract)
            each.write(source, [name for name in kept if name not in left_out])
        proof.rows += rows
        differing += bad
        proof.left_out[each.name] = left_out
    require_equal(differing)
    return proof


def compare(form, stage, contract, sizes):
    """`Row`s of a written format against the stage's test data.

    Raises:
        ExportError: if it cannot be opened or run, or its names, dtypes or axes are not the
            contract's.
    """
    if not contract:
        return []
    opened, rows = form.open(stage), []
    for name, endpoint in contract.items():
        opened.require(endpoint)
        given = form.name, opened.run, endpoint, stage, sizes[name]
        rows += replay(*given, tolerances=form.tolerances)
    return rows


def require_equal(differing):
    """Raises an `ExportError` that shows the rows of what differs, if there are any."""
    if differing:
        raise ExportError("The export is not equal to the trained model:\n" + table(differing))


def _reasons(bad, form, contract):
    """{endpoint: sentence} of rows that differ: the worst of each endpoint's."""
    kinds = {(e.name, t.name): t.kind for e in contract.values() for t in e.outputs}
    worst = {}
    for row in bad:
        kind = kinds[row.endpoint, row.output]
        measured = row.max_abs if kind == PROBABILITY else row.max_rel
        allowed = form.tolerances[kind]
        # Nothing is worse than what is no number, or differs where nothing may.
        share = measured / allowed if allowed and not math.isnan(measured) else math.inf
        if row.endpoint not in worst or share > worst[row.endpoint][0]:
            worst[row.endpoint] = (
                share,
                (
                    f"`{row.output}` differs by {measured:.1e} at batch {row.batch}; allowed is "
                    f"{row.tolerance}"
                ),
            )
    return {name: sentence for name, (_, sentence) in worst.items()}
