"""The proof of an artifact, for people."""

from zoo.artifact import layout
from zoo.artifact.endpoints import PROOF_BATCHES
from zoo.export.comparison import Row, table


def section(m):
    """The card's last section, from the manifest: how equality was proven, and every row."""
    rows = [Row(**row) for row in m["comparisons"]]
    return (
        "## Proof of equality\n\nEach format was read back from disk and answered as the trained "
        f"model did, on the inputs in `{layout.TEST_DATA}`, within the tolerance: absolute for "
        "probabilities; for other values relative to the largest magnitude in the same example's "
        "output, or to what is usual among the examples where that is larger; of nats at least to "
        "1 nat, and for a term of the bound to the largest of its terms. "
        f"{_sizes(m)}{_float16(m)}\n\n" + table(rows, markdown=True)
    )


def _sizes(m):
    """What was asked where the usual batches would not fit."""
    usual, few = list(PROOF_BATCHES), []
    for name, sizes in m["proof"]["batches"].items():
        if sizes != usual:
            few.append(f"`{name}` with {' and '.join(map(str, sizes))}")
    rows = m["proof"]["rows"]
    stored = "row is" if rows == 1 else "rows are"
    text = f"{rows} {stored} stored; batches of {', '.join(map(str, usual))} repeat them. "
    if few:
        limit = m["proof"]["memory"] // 2**20
        text += f"A larger batch would take more than {limit:,} MiB: {'; '.join(few)}. "
    return text


def _float16(m):
    left_out = {name: why for name, why in m["float16"].items() if why is not None}
    text = ""
    if len(left_out) < len(m["float16"]):
        text = (
            "Float16 graphs (`onnx/<endpoint>.fp16.onnx`) were run on the CPU, which computes most "
            "of their operators in float32, with casts in between. "
        )
    if left_out:
        reasons = "; ".join(f"`{name}`: {why}" for name, why in left_out.items())
        text += f"Left out in float16: {reasons}."
    return text.rstrip()
