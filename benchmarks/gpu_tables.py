"""The markdown tables of `gpu.py`, of the entries that it has kept."""

import statistics

import paired
import paired_steps


def every(entries):
    """Yields a heading and a table, as text, for each part that has entries."""
    for part, table in (
        ("verify", parity),
        ("step", steps),
        ("inference", calls),
        ("train", trained),
    ):
        found = {
            key.partition("/")[2]: entry
            for key, entry in entries.items()
            if key.startswith(f"{part}/")
        }
        if not found:
            continue
        yield f"## {HEADINGS[part]}\n"
        done = {key: entry for key, entry in found.items() if "failed" not in entry}
        if done:
            yield table(done) + "\n"
        for key, entry in found.items():
            if "failed" in entry:
                yield f"`{key}`: {entry['failed']}\n"


def parity(found):
    """Largest difference from the trained model's answers, of all outputs and batches."""
    head = ["artifact", "provider", "float32", "max abs", "float16", "max abs"]
    rows = []
    for name, entry in found.items():
        row = [name, entry["provider"].removesuffix("ExecutionProvider")]
        for precision in ("float32", "float16"):
            each = entry[precision]
            if not each["endpoints"]:
                row += ["-", "-"]
                continue
            said = f"{len(each['endpoints'])} endpoints"
            row += [said if each["ok"] else f"{said}: DIFFER", f"{each['abs']:.1e}"]
        rows.append(row)
        others = [each for each in entry["findings"] if "differs" not in each["what"]]
        rows[-1][0] += "".join(f"; {each['where']}: {each['what']}" for each in others)
    return paired.table(head, rows)


def steps(found):
    """Milliseconds of a step, the ratio to PyTorch's best way, and the device's busy share."""
    every = [row for name, entry in found.items() for row in paired_steps.rows(name, entry)]
    return paired.table(paired_steps.HEAD, every)


def calls(found):
    """Milliseconds a call, by endpoint and batch, and each as many times ONNX Runtime's."""
    ways = list(dict.fromkeys(way for entry in found.values() for way in entry))
    rows = []
    for name, entry in found.items():
        base = next((each["ms"] for each in entry.values() if "failed" not in each), {})
        for call, reference in base.items():
            row = [name, *call.split(" ")]
            for way in ways:
                row.append(_call(entry.get(way, {"failed": "-"}), call, reference))
            rows.append(row)
    notes = [
        f"\n`{way}` of {name}: {entry[way]['failed']}"
        for name, entry in found.items()
        for way in entry
        if "failed" in entry[way]
    ]
    head = ["artifact", "endpoint", "batch", *(_runtime(way) for way in ways)]
    return paired.table(head, rows) + "".join(notes)


def _call(entry, call, reference):
    if "failed" in entry or call not in entry["ms"]:
        return "-"
    wrong = not entry["check"][call.partition(" ")[0]]["ok"]
    count = min(len(entry["ms"][call]), len(reference))
    said = statistics.median(entry["ms"][call])
    said = f"{said:.3f} ({paired_steps.ratio(entry['ms'][call][:count], reference[:count]):.2f})"
    return said + (", DIFFERS" if wrong else "")


def _runtime(way):
    kind, _, mode = way.partition(" ")
    if kind == "torch":
        return f"PyTorch, {paired_steps.MODES[mode]}"
    return "JAX" if kind == "jax" else f"ONNX Runtime, {mode}"


def trained(found):
    """What each recipe said of its training."""
    rows = [
        [
            f"`{name}`",
            f"{entry['seconds']:.0f}",
            "; ".join(" ".join(line.split()) for line in entry["said"]),
        ]
        for name, entry in found.items()
    ]
    return paired.table(["recipe", "seconds of the last call", "it said"], rows)


HEADINGS = {
    "verify": "Parity",
    "step": "A training step",
    "inference": "Inference",
    "train": "Trained",
}
