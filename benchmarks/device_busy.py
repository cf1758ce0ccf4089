"""The share of the time for which a GPU computes, read from a profile of JAX or of PyTorch.

Of the time from the first to the last operation on the device: what kernels cover, whichever stream
they run in; copies between host and device count for none. (share, None), or (None, why not).
"""

import json
import tempfile
from pathlib import Path

COPIES = ("memcpy", "memset")


def share(intervals):
    """Of [(begin, end), ...], in any unit and order: covered time over the time from end to end."""
    covered = 0.0
    reached = first = min(begin for begin, _ in intervals)
    for begin, end in sorted(intervals):
        covered += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return covered / (reached - first)


def of_jax(run):
    """`run` is called once, and ends when the device is done."""
    import jax

    with tempfile.TemporaryDirectory() as folder:
        options = jax.profiler.ProfileOptions()
        options.python_tracer_level = 0  # or the host would be slower than it is
        options.host_tracer_level = 1
        with jax.profiler.trace(folder, profiler_options=options):
            run()
        files = list(Path(folder).rglob("*.xplane.pb"))
        lines = [
            line
            for file in files
            for plane in jax.profiler.ProfileData.from_file(str(file)).planes
            if plane.name.startswith("/device:GPU")
            for line in plane.lines
        ]
        intervals = [
            (event.start_ns, event.end_ns)
            for line in lines
            if line.name.startswith("Stream")
            for event in line.events
            if not event.name.lower().startswith(COPIES)
        ]
    found = ", ".join(line.name for line in lines) or "nothing of a GPU"
    return _answer(intervals, f"JAX's profile has no stream of kernels, it has {found}")


def of_torch(run):
    """`run` is called once, and ends when the device is done."""
    import torch

    kinds = torch.profiler.ProfilerActivity
    kind = kinds.CUDA if torch.cuda.is_available() else kinds.CPU
    with torch.profiler.profile(activities=[kind]) as profile:
        run()
    with tempfile.TemporaryDirectory() as folder:
        profile.export_chrome_trace(f"{folder}/trace.json")
        events = json.loads(Path(folder, "trace.json").read_text())["traceEvents"]
    intervals = [
        (event["ts"], event["ts"] + event["dur"])
        for event in events
        if event.get("cat") == "kernel"
    ]
    return _answer(intervals, "PyTorch's profile has no kernel of a GPU")


def _answer(intervals, otherwise):
    return (share(intervals), None) if intervals else (None, f"not measured: {otherwise}")
