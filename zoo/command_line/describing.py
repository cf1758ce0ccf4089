"""`zoo list` and `zoo info`: what artifacts say of themselves, and which models there are."""

import contextlib
import os
import sys

from zoo.command_line.printing import columns, say, say_markdown
from zoo.errors import ArtifactError, InputError


def add(commands):
    """Adds both commands to the parser's."""
    listing = commands.add_parser("list", help="the artifacts of some folders, or the models")
    listing.add_argument(
        "folders",
        nargs="*",
        metavar="FOLDER",
        help="default: $VAE_ZOO_EXPORTS, ./exports and the exports of the clone this runs from",
    )
    listing.add_argument(
        "--catalog",
        action="store_true",
        help="the models that can be trained, as built by default for 28x28 images of one channel "
        "(needs the training stack)",
    )
    listing.add_argument(
        "--markdown", action="store_true", help="a table for a README; of artifacts, with pictures"
    )
    listing.set_defaults(run=_list)
    info = commands.add_parser("info", help="an artifact's endpoints, metrics and provenance")
    info.add_argument("artifact", metavar="ARTIFACT", help="its folder or its name")
    info.set_defaults(run=_info)


def _list(options):
    from zoo.artifact import manifest, search_path

    if options.catalog:
        return _catalog(options)
    describe = _illustrated if options.markdown else _summary
    rows = []
    for folder in search_path.artifacts(options.folders):
        try:
            rows.append(describe(folder, manifest.read(folder)))
        except ArtifactError as error:
            say(f"left out: {error}", to=sys.stderr)
    if rows and options.markdown:
        say_markdown(("samples", "artifact", "data", "parameters", "test NLL, nats", "size"), rows)
    elif rows:
        head = ("name", "model", "data", "parameters", "nll, nats", "size")
        say(*columns([head, *rows]))
    else:
        looked = ", ".join(map(str, options.folders or search_path.roots()))
        say(f"There is no artifact in {looked}.", to=sys.stderr)
    return 0


def _catalog(options):
    import zoo
    from zoo.recipe import backend

    if options.folders:
        raise InputError(
            f"--catalog lists the models that can be trained, {options.folders[0]} may hold "
            "artifacts: give one or the other."
        )
    head = ("model", "family", "posterior", "prior", "likelihood", "objective", "parameters")
    with backend.native_messages_kept_back():  # of what is imported and built here
        rows = [(*facts, f"{count:,}") for *facts, count in zoo.catalog.table()]
    if not options.markdown:
        say(*columns([head, *rows]))
        return 0
    rows = [(f"[`{name}`](recipes/{name}.py)", *others) for name, *others in rows]
    say_markdown(head, rows)
    return 0


def _size(folder):
    """Of all files in a folder; what cannot be looked at counts for nothing."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                size += os.stat(os.path.join(place, name)).st_size
    return f"{size / 2**20:.1f} MiB"


def _illustrated(folder, manifest):
    """A row of an index: as `_summary`, with a picture, and the protocol beside the nats."""
    with _understood(folder):
        name, metrics = manifest["name"], manifest["metrics"]
        drawn = [
            each for each in ("samples", "reconstructions") if _figure(each) in manifest["files"]
        ]
        picture = ""
        if drawn:
            source = f"{folder.as_posix()}/{_figure(drawn[0])}"
            picture = f'<img src="{source}" alt="{drawn[0]} of {name}" width="120">'
        return (
            picture,
            f"[`{name}`]({folder.as_posix()}/README.md)",
            manifest["data"]["name"],
            f"{manifest['parameters']:,}",
            _nats(metrics, manifest["protocol"], manifest["endpoints"]["reconstruct"]["inputs"]),
            _size(folder),
        )


def _figure(name):
    return f"figures/{name}.png"


def _nats(metrics, protocol, inputs):
    """The bound with its protocol in a few words, or what a model without one has instead."""
    drawn = "not binarized"
    if protocol["binarization"] != "none":
        drawn = f"{protocol['binarization']} binarization of seed {protocol['binarization_seed']}"
    if metrics.get("nll", metrics["reconstruction"]) is None:
        return "not finite: the model has diverged"
    if "nll" not in metrics:
        return (
            f"none; reconstruction {metrics['reconstruction']:.2f} (n={protocol['n']:,}, {drawn})"
        )
    given = "".join(f", {each['name']} given" for each in inputs[1:])
    return f"{metrics['nll']:.2f} (K={protocol['K']:,}, n={protocol['n']:,}, {drawn}{given})"


def _summary(folder, manifest):
    with _understood(folder):
        protocol, nll = manifest["protocol"], manifest["metrics"].get("nll")
        shown = "-" if nll is None else f"{nll:.2f} (K={protocol['K']:,}, n={protocol['n']:,})"
        parameters = f"{manifest['parameters']:,}"
        names = manifest["name"], manifest["model"], manifest["data"]["name"]
        return (*names, parameters, shown, _size(folder))


def _info(options):
    from zoo.artifact import manifest as manifests
    from zoo.artifact import search_path

    folder = search_path.find(options.artifact)
    manifest = manifests.read(folder)
    endpoints = manifests.endpoints(manifest)
    with _understood(folder):
        say(*_description(folder, manifest, endpoints))
    return 0


def _description(folder, m, endpoints):
    """Lines about an artifact, from its manifest `m`."""
    from zoo.artifact import layout, schema_in_words
    from zoo.artifact import manifest as manifests

    data, training, recipe = m["data"], m["training"], m["recipe"]
    yield f"{m['name']} ({folder})"
    yield f"{m['model']} trained on {data['name']}, {m['parameters']:,} parameters"
    yield from ("", "Endpoints")
    rows = [(name, _tensors(e.inputs), _tensors(e.outputs)) for name, e in endpoints.items()]
    yield from columns([("endpoint", "inputs", "outputs"), *rows])
    half = [name for name in endpoints if layout.graph(name, layout.FLOAT16) in m["files"]]
    yield f"  ONNX graphs in float32{'; in float16: ' + ', '.join(half) if half else ''}"
    yield from ("", "Examples")
    yield from (f"  {said}" for said in schema_in_words.sentences(manifests.schema(m)))
    yield from (f"  {said}" for said in data.get("notes", ()))
    yield from ("", "Metrics")
    shown = {name: manifests.metric_in_words(name, v) for name, v in m["metrics"].items()}
    yield from columns([("metric", "value"), *shown.items()])
    yield f"  {m['protocol']['statement']}"
    yield from (f"  {how['statement']}" for how in m["protocol"].get("sample_quality", ()))
    yield from (f"  {sentence}" for sentence in m["protocol"].get("baselines", ()))
    yield from (f"  warning: {warning}" for warning in m.get("warnings", ()))
    yield from ("", "Provenance")
    options = " ".join(f"{key}={value}" for key, value in recipe["config"].items())
    best = f", best {training['best_epoch']}" if "best_epoch" in training else ""
    epochs = f"{training['epochs']} epoch{'s' if training['epochs'] != 1 else ''}"
    seconds = f", {training['seconds']:,.0f} s" if "seconds" in training else ""
    facts = {
        "recipe": recipe["script"] or "none: by a program in Python",
        "options": options,
        "seed": recipe["seed"],
        "created": m["created"],
        "training": f"{epochs}{best}{seconds} on Keras with {training['backend']}",
        **_tuned_from(training),
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


def _tuned_from(training):
    """What the model was before, where it was not a new one."""
    if "tuned_from" not in training:
        return {}
    earlier = training["tuned_from"]
    return {"tuned from": f"{earlier['name']}, manifest of sha256 {earlier['manifest_sha256']}"}


def _tensors(tensors):
    return ", ".join(f"{t.name} {t.dtype} [{', '.join(map(str, t.shape))}]" for t in tensors)


@contextlib.contextmanager
def _understood(folder):
    """Turns a manifest that lacks something into a sentence."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise ArtifactError(
            f"{folder / 'manifest.json'} is not as every manifest is ({error!r}). "
            f"What differs, says: zoo verify {folder}"
        ) from error
