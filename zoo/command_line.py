"""The command `zoo`: lists, describes, verifies and times artifacts.

It parses and prints; what it prints is found out by `zoo.runtime`. Exit codes: 0 all is well, 1 an
artifact differs from what was exported, 2 the command cannot be carried out (a sentence on
standard error says why).
"""

import argparse
import contextlib
import json
import os
import sys
from dataclasses import asdict

from zoo import __version__
from zoo.errors import ArtifactError, InputError, ZooError

DIFFERS, FAILED, INTERRUPTED = 1, 2, 130


def main(arguments=None):
    """Runs one command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code = options.run(options)
        sys.stdout.flush()
        return code
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:  # `zoo list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser():
    parser = argparse.ArgumentParser(
        prog="zoo", description="Lists, describes, verifies and times exported VAEs."
    )
    parser.add_argument("--version", action="version", version=f"zoo {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="the artifacts of some folders")
    listing.add_argument(
        "folders", nargs="*", metavar="FOLDER", help="default: $VAE_ZOO_EXPORTS and ./exports"
    )
    listing.set_defaults(run=_list)

    info = commands.add_parser("info", help="an artifact's endpoints, metrics and provenance")
    info.set_defaults(run=_info)

    verify = commands.add_parser(
        "verify",
        help="proves that an artifact is unchanged and answers as the trained model did",
        description="Checks every file's digest, every graph's interface, and replays the test "
        "data. Exit code 0 only when all holds.",
    )
    verify.add_argument("--runtime", choices=("onnx", "saved_model", "all"), default="onnx")
    verify.set_defaults(run=_verify)

    bench = commands.add_parser("bench", help="latency and throughput of an artifact's endpoints")
    bench.add_argument("--batch", nargs="+", type=_positive, default=[1, 32, 256], metavar="N")
    bench.add_argument("--endpoint", nargs="+", metavar="NAME", help="default: all")
    bench.add_argument(
        "--repeat",
        type=_positive,
        default=30,
        metavar="N",
        help="timed calls (%(default)s)",
    )
    bench.set_defaults(run=_bench)

    for command in (info, verify, bench):
        command.add_argument("artifact", metavar="ARTIFACT", help="its folder or its name")
    for command in (verify, bench):
        command.add_argument(
            "--provider", metavar="NAME", help="ONNX Runtime execution provider; default: the CPU"
        )
        command.add_argument("--json", action="store_true", help="one JSON object for machines")
    return parser


def _positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


# --- list and info ---------------------------------------------------------------------------


def _list(options):
    from zoo.runtime import manifest, places, verify

    head = ("name", "model", "data", "parameters", "nll, nats", "size")
    rows = []
    for folder in places.artifacts(options.folders):
        try:
            rows.append(_summary(folder, manifest.read(folder)))
        except ArtifactError as error:
            print(f"left out: {error}", file=sys.stderr)
    if rows:
        print(verify.columns([head, *rows]))
    else:
        looked = ", ".join(map(str, options.folders or places.roots()))
        print(f"There is no artifact in {looked}.", file=sys.stderr)
    return 0


def _summary(folder, manifest):
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    with _understood(folder):
        protocol, nll = manifest["protocol"], manifest["metrics"].get("nll")
        shown = "-" if nll is None else f"{nll:.2f} (K={protocol['K']:,}, n={protocol['n']:,})"
        parameters = f"{manifest['parameters']:,}"
        names = manifest["name"], manifest["model"], manifest["data"]["name"]
        return (*names, parameters, shown, f"{size / 2**20:.1f} MiB")


def _info(options):
    from zoo.runtime import manifest as manifests
    from zoo.runtime import places

    folder = places.find(options.artifact)
    manifest = manifests.read(folder)
    endpoints = manifests.endpoints(manifest)
    with _understood(folder):
        print("\n".join(_description(folder, manifest, endpoints)))
    return 0


def _description(folder, m, endpoints):
    """Lines about an artifact, from its manifest `m`."""
    from zoo.runtime import verify

    data, training, recipe = m["data"], m["training"], m["recipe"]
    yield f"{m['name']} ({folder})"
    yield f"{m['model']} trained on {data['name']}, {m['parameters']:,} parameters"
    yield "\nEndpoints"
    rows = [(name, _tensors(e.inputs), _tensors(e.outputs)) for name, e in endpoints.items()]
    yield verify.columns([("endpoint", "inputs", "outputs"), *rows])
    yield "\nMetrics"
    shown = {k: f"{v:.2f}" if isinstance(v, float) else str(v) for k, v in m["metrics"].items()}
    yield verify.columns([("metric", "value"), *shown.items()])
    yield f"  {m['protocol']['statement']}"
    yield "\nProvenance"
    options = " ".join(f"{key}={value}" for key, value in recipe["config"].items())
    best = f", best {training['best_epoch']}" if "best_epoch" in training else ""
    facts = {
        "recipe": recipe["script"],
        "options": options,
        "seed": recipe["seed"],
        "created": m["created"],
        "training": f"{training['epochs']} epochs{best}, {training['seconds']:,.0f} s on Keras "
        f"with {training['backend']}",
        "hardware": training["hardware"],
        "data": f"{data['source']}; {data['train']:,} training, {data['validation']:,} "
        f"validation, {data['test']:,} test examples",
        "data licence": data["licence"],
        "licence": m["licence"],
        "versions": ", ".join(
            f"{k} {v}" for k, v in {"vae-zoo": m["zoo_version"], **m["versions"]}.items()
        ),
    }
    width = max(map(len, facts))
    yield from (f"  {name:<{width}}  {value}" for name, value in facts.items())


def _tensors(tensors):
    return ", ".join(f"{t.name} {t.dtype} [{', '.join(map(str, t.shape))}]" for t in tensors)


@contextlib.contextmanager
def _understood(folder):
    """Turns a manifest that lacks something into a sentence."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtifactError(
            f"{folder / 'manifest.json'} is not as every manifest is ({error!r}). "
            f"What differs, says: zoo verify {folder}"
        ) from error


# --- verify and bench ------------------------------------------------------------------------


def _verify(options):
    from zoo.runtime import audit, verify

    if options.provider and options.runtime == "saved_model":
        raise InputError("--provider is ONNX Runtime's: it goes with --runtime onnx or all.")
    runtimes = audit.RUNTIMES if options.runtime == "all" else (options.runtime,)
    result = audit.audit(options.artifact, runtimes, options.provider, _open_saved_model)
    if options.json:
        print(json.dumps(result.to_json(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        if result.rows:
            print(verify.table(result.rows))
        print(_verdict(result))
    return 0 if result.ok else DIFFERS


def _open_saved_model(path):
    from zoo.export.signatures import Signatures  # needs TensorFlow once it is called

    return Signatures(path)


def _verdict(result):
    ran = ", ".join(f"{runtime} ({name})" for runtime, name in result.providers.items())
    if result.ok:
        return (
            f"Verified: {result.folder}. {result.files} files are as exported; "
            f"{', '.join(result.endpoints)} answer as the trained model did, in {ran}."
        )
    lines = [f"  {finding}" for finding in result.findings]
    ran = f" Replayed in {ran}." if ran else ""
    return "\n".join([f"NOT VERIFIED: {result.folder}, {len(lines)} found.{ran}", *lines])


def _bench(options):
    import onnxruntime

    from zoo import runtime
    from zoo.runtime import bench, verify

    artifact = runtime.load(options.artifact, providers=options.provider)
    timings = list(bench.bench(artifact, options.batch, options.endpoint, options.repeat))
    if options.json:
        rows = [asdict(each) | {"throughput": each.throughput} for each in timings]
        facts = {"artifact": str(artifact.folder), "name": artifact.manifest.get("name")}
        facts |= {"onnxruntime": onnxruntime.__version__, "warm_up": bench.WARM_UP, "rows": rows}
        print(json.dumps(facts, indent=2, ensure_ascii=False))
        return 0
    rows = [
        (
            t.endpoint,
            str(t.batch),
            f"{t.median * 1e3:.3f}",
            f"{t.p90 * 1e3:.3f}",
            f"{t.throughput:,.0f}",
            t.provider,
        )
        for t in timings
    ]
    head = ("endpoint", "batch", "median ms", "p90 ms", "examples/s", "provider")
    print(verify.columns([head, *rows]))
    print(
        f"  {artifact.folder}, ONNX Runtime {onnxruntime.__version__}, {options.repeat} calls of "
        f"each after {bench.WARM_UP} to warm up, checks of the input included"
    )
    return 0
