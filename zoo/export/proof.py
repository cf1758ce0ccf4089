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
    proof = Proof()
    for each in formats:
        rows, proof.left_out[each.name] = _proven(each, source, sizes)
        proof.rows += rows
    require_equal([row for row in proof.rows if not row.ok])
    return proof


def compare(form, stage, contract, sizes):
    """`Row`s of a written format against the stage's test data.

    Raises:
        ExportError: if it cannot be opened or run, or its names, dtypes or axes are not the
            contract's.
    """
    opened = form.open(stage)
    return [
        row
        for name, endpoint in contract.items()
        for row in _asked(form, opened, endpoint, stage, sizes[name])
    ]


def _proven(form, source, sizes):
    """(rows, {endpoint: why it is left out}) of a format, which is written as often as it takes.

    What was proven is what lies there in the end: where endpoints are left out, the others are
    written and asked anew.
    """
    left_out = dict(form.write(source, list(source.contract)))
    while True:
        kept = {name: each for name, each in source.contract.items() if name not in left_out}
        if form.required:
            return compare(form, source.stage, kept, sizes), left_out
        rows, failed = _of_a_variant(form, source.stage, kept, sizes)
        if not failed:
            return rows, left_out
        left_out |= failed
        form.write(source, [name for name in kept if name not in failed])


def _of_a_variant(form, stage, contract, sizes):
    """(rows, {endpoint: why it is not equal, or cannot be asked}) of a format not required."""
    rows, failed = [], {}
    opened = form.open(stage) if contract else None
    for name, endpoint in contract.items():
        try:
            mine = _asked(form, opened, endpoint, stage, sizes[name])
        except ExportError as error:
            failed[name] = str(error)
            continue
        bad = [row for row in mine if not row.ok]
        if bad:
            failed[name] = _reason(bad, form, endpoint)
        rows += mine
    return rows, failed


def _asked(form, opened, endpoint, stage, sizes):
    opened.require(endpoint)
    return replay(form.name, opened.run, endpoint, stage, sizes, tolerances=form.tolerances)


def require_equal(differing):
    """Raises an `ExportError` that shows the rows of what differs, if there are any."""
    if differing:
        raise ExportError("The export is not equal to the trained model:\n" + table(differing))


def _reason(bad, form, endpoint):
    """A sentence about the rows of an endpoint that differ: the worst of them."""
    kinds = {tensor.name: tensor.kind for tensor in endpoint.outputs}

    def measured(row):
        return row.max_abs if kinds[row.output] == PROBABILITY else row.max_rel

    def share(row):
        """Of what is allowed; nothing is worse than no number, or what may not differ at all."""
        allowed, error = form.tolerances[kinds[row.output]], measured(row)
        return math.inf if not allowed or math.isnan(error) else error / allowed

    worst = max(bad, key=share)
    return (
        f"`{worst.output}` differs by {measured(worst):.1e} at batch {worst.batch}; allowed is "
        f"{worst.tolerance}"
    )
