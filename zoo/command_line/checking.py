"""`zoo verify` and `zoo bench`: whether artifacts answer as they should here, and how fast."""

import argparse
from dataclasses import asdict

from zoo.command_line.printing import columns, say, say_json
from zoo.errors import InputError

DIFFERS = 1


def add(commands):
    """Adds both commands to the parser's."""
    verify = commands.add_parser(
        "verify",
        help="proves that an artifact is unchanged and answers as the trained model did",
        description="Checks every file's digest, every graph's interface, and replays the test "
        "data. Exit code 0 only when all holds.",
    )
    verify.add_argument("--runtime", choices=("onnx", "saved_model", "all"), default="onnx")
    verify.add_argument(
        "--verbose", action="store_true", help="a line for each output and batch, not the worst"
    )
    verify.set_defaults(run=_verify)

    bench = commands.add_parser(
        "bench",
        help="latency and throughput of an artifact's endpoints",
        usage="%(prog)s ARTIFACT [options]",  # --batch and --endpoint would take it for theirs
    )
    bench.add_argument(
        "--batch",
        nargs="+",
        type=_positive,
        default=[1, 32, 256],
        metavar="N",
        help="batch sizes; default: 1 32 256",
    )
    bench.add_argument("--endpoint", nargs="+", metavar="NAME", help="default: all")
    bench.add_argument(
        "--repeat",
        type=_positive,
        default=30,
        metavar="N",
        help="timed calls; default: %(default)s",
    )
    bench.add_argument("--precision", choices=("float32", "float16"), default="float32")
    bench.add_argument(
        "--threads", type=_positive, metavar="N", help="default: what ONNX Runtime chooses"
    )
    bench.add_argument(
        "--batch-limit",
        type=_positive,
        metavar="N",
        help="rows that go through a graph at a time; default: what zoo.load takes",
    )
    bench.set_defaults(run=_bench)

    for command in (verify, bench):
        command.add_argument("artifact", metavar="ARTIFACT", help="its folder or its name")
        command.add_argument(
            "--provider", metavar="NAME", help="ONNX Runtime execution provider; default: the CPU"
        )
        command.add_argument("--json", action="store_true", help="one JSON object for machines")


def _positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a whole number of 1 or more (ARTIFACT goes before the options)"
        )
    return int(text)


def _verify(options):
    from zoo.runtime import replay_in_words, verify

    if options.provider and options.runtime == "saved_model":
        raise InputError("--provider is ONNX Runtime's: it goes with --runtime onnx or all.")
    runtimes = verify.RUNTIMES if options.runtime == "all" else (options.runtime,)
    result = verify.audit(options.artifact, runtimes, options.provider, _open_saved_model)
    if options.json:
        say_json(result.to_json())
    else:
        if result.rows:
            shown = replay_in_words.table if options.verbose else replay_in_words.summary
            say(*shown(result.rows).splitlines())
        say(*_verdict(result))
    return 0 if result.ok else DIFFERS


def _open_saved_model(path):
    from zoo.export.signatures import Signatures  # needs TensorFlow once it is called

    return Signatures(path)


def _verdict(result):
    """Lines."""
    ran = ", ".join(f"{runtime} ({name})" for runtime, name in result.providers.items())
    if result.ok:
        return [
            f"Verified: {result.folder}. {result.files} files are as exported; "
            f"{', '.join(result.endpoints)} answer as the trained model did, in {ran}."
        ]
    lines = [f"  {finding}" for finding in result.findings]
    ran = f" Replayed in {ran}." if ran else ""
    return [f"NOT VERIFIED: {result.folder}, {len(lines)} found.{ran}", *lines]


def _bench(options):
    import onnxruntime

    from zoo import runtime
    from zoo.runtime import bench

    chosen = {"providers": options.provider, "threads": options.threads}
    chosen |= {"batch_limit": options.batch_limit} if options.batch_limit else {}
    artifact = runtime.load(options.artifact, precision=options.precision, **chosen)
    timings = list(bench.bench(artifact, options.batch, options.endpoint, options.repeat))
    facts = {
        "artifact": str(artifact.folder),
        "name": artifact.manifest.get("name"),
        "onnxruntime": onnxruntime.__version__,
        "precision": artifact.precision,
        "threads": options.threads,
        "batch_limit": artifact.batch_limit,
        "warm_up": bench.WARM_UP,
    }
    if options.json:
        rows = [asdict(each) | {"throughput": each.throughput} for each in timings]
        say_json(facts | {"rows": rows})
        return 0
    head = ("endpoint", "batch", "median ms", "p90 ms", "examples/s", "provider")
    say(*columns([head, *map(_timing, timings)]))
    threads = (
        f"{options.threads} threads" if options.threads else "ONNX Runtime's choice of threads"
    )
    split = f"batches over {artifact.batch_limit} are split"
    if artifact.batch_limit == "auto":
        split = "large batches are split"
    say(
        f"  {artifact.folder} in {artifact.precision}, ONNX Runtime {onnxruntime.__version__}, "
        f"{threads}, {options.repeat} calls of each after {bench.WARM_UP} to warm up, checks of "
        f"the input included; {split}"
    )
    return 0


def _timing(t):
    """A row of the table."""
    median, p90 = f"{t.median * 1e3:.3f}", f"{t.p90 * 1e3:.3f}"
    return t.endpoint, str(t.batch), median, p90, f"{t.throughput:,.0f}", t.provider
