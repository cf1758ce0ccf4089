"""The lines of a card that use an artifact through `zoo.load`, in the units of its data."""

import json

from zoo.artifact.schema import SEQUENCE, SERIES, STROKES, VECTOR

LIBRARY = "library"
_PLURALS = {VECTOR: "vectors", SERIES: "series", SEQUENCE: "sequences"}
_SEEDS = "[1, 2, 3]"


def of(manifest):
    """One or two lines of Python, of a variable `vae`."""
    schema = manifest["schema"]
    example = ", ".join(str(n) for n in manifest["event_shape"])
    if "generate" not in manifest["endpoints"]:
        return f"z = vae.encode(np.zeros((1, {example}), np.float32)).z"
    if schema.get("columns"):
        return _of_a_table(schema["columns"], manifest["endpoints"]["reconstruct"]["inputs"])
    if any(each["name"] == "strokes" for each in manifest["endpoints"]["decode"]["outputs"]):
        return (
            f"drawings = vae.generate({_SEEDS}).strokes  # float32 [3, {example}]: "
            f"{', '.join(STROKES)} of each step\n"
            "mean = vae.encode([np.array([[5, 0, 0], [0, 5, 1]])]).mean  # of any numbers of steps"
        )
    if schema.get("tokens"):
        return (
            f"strings = vae.generate({_SEEDS}).strings  # three strings\n"
            "surprise = -vae.score(strings).elbo  # nats\n"
            "means = vae.encode(strings).mean"
        )
    besides = [each["name"] for each in manifest["endpoints"]["generate"]["inputs"][1:]]
    if LIBRARY in besides:
        return (
            f"made = vae.generate({_SEEDS}, library=[500, 1000, 1000])\n"
            f"means = made.x_mean  # float32 [3, {example}]; a row adds up to its library\n"
            f"counts = made.draw({_SEEDS})  # int64 [3, {example}]"
        )
    ones = ", [1, 1, 1]" * len(besides)
    what = _PLURALS.get(schema["kind"], "images")
    made = f"{what} = vae.generate({_SEEDS}{ones}).x_mean  # float32 [3, {example}]"
    if schema["kind"] == SERIES and not besides:
        longer = "a longer series is cut by vae.windows(longer).x"
        made += f"\nsurprise = -vae.score(series).elbo  # nats; {longer}"
    return made


def _of_a_table(columns, inputs):
    name = json.dumps(columns[0]["name"], ensure_ascii=False)
    lines = [
        f"rows = vae.generate({_SEEDS}).table  # a dict of columns, {{{name}: array [3], ...}}",
        "surprise = -vae.score(rows).elbo  # nats; a frame, or a dict of lists, does as well",
        "why = vae.score(rows).table  # the share of each column in it, nats",
    ]
    if columns[0]["missing"] or any(each["missing"] for each in inputs):
        given = f'rows | {{{name}: [float("nan")] * 3}}'
        lines.append(f"filled = vae.reconstruct({given}).table  # what is missing is filled in")
    return "\n".join(lines)
