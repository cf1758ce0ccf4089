"""`--help` of a recipe on one screen: the options that most runs need, and where the others are."""

import ast
import dataclasses
import inspect
import itertools
import re
import shutil
import textwrap

from zoo.recipe import command

COMMON = {
    "dataset": "a name (embedded, or of TensorFlow Datasets), a file, a folder",
    "latent": "size of the latent vector",
    "likelihood": "of a value; auto is by what the data holds",
    "prior": "standard, mixture, vampprior or flow",
    "objective": "see zoo.objectives",
    "epochs": "passes over the training data; 70 or 1,000 steps",
    "batch_size": "examples a step; 128, or fewer of few pictures",
    "learning_rate": "the highest, between warm-up and decay",
    "seed": "of everything random",
    "tuned_from": "artifact whose model is trained on",
    "out": "folder that the artifact is put into",
    "resume": "go on with a run that was interrupted",
    "replace": "replace an artifact of the same name",
    "dry_run": "print the model and the plan, and stop",
}
"""Those of all recipes that are shown, in this order and these few words; what a recipe's
`data_options` names follows `dataset`, its own, less its `details`, follow `latent`, with the
beginning of what is said of them."""

ALL = "--help-all"
NARROWEST, WIDEST = 80, 100


def text(config_class, what, started):
    """The screen.

    Args:
        config_class: a recipe's `Config`.
        what: the first line of its docstring.
        started: the words that start it, as "zoo train conv_vae".
    """
    width = min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)
    fields = {field.name: field for field in dataclasses.fields(config_class)}
    meanings = _meanings(config_class)
    shown = [name for name in _order(config_class) if name in fields]
    heads = [f"  {_head(fields[name])}" for name in shown]
    column = max(map(len, heads)) + 2
    lines = [f"usage: {started} [OPTIONS]", "", what, "", "Options, with their defaults:"]
    for head, name in zip(heads, shown, strict=True):
        own = name == "dataset" and name in inspect.get_annotations(config_class)
        said = _clause(meanings[name]) if own or name not in COMMON else COMMON[name]
        lines.append(f"{head:<{column}}{textwrap.shorten(said, width - column, placeholder='...')}")
    others = len(fields) - len(shown)
    lines += ["", f"{ALL} explains these and {others} others, and what the run costs and gives."]
    return "\n".join(lines)


def _order(config_class):
    of_data = config_class.data_options
    known = {*COMMON, *of_data}
    left_out = {*known, *config_class.details}
    own = [name for name in inspect.get_annotations(config_class) if name not in left_out]
    common = list(COMMON)
    first, cut = common.index("dataset") + 1, common.index("latent") + 1
    return [*common[:first], *of_data, *common[first:cut], *own, *common[cut:]]


def _head(field):
    option, value = f"--{command.option(field.name)}", field.default
    if isinstance(value, bool) or value is None or value == ():
        return option
    shown = " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f"{option} {shown}"


def _clause(meaning):
    """What is said before the first semicolon or the end of the first sentence."""
    clause = re.split(r";|\.(?=\s|$)", " ".join(meaning.split()).replace("`", ""))[0]
    return clause[:1].lower() + clause[1:]


def _meanings(config_class):
    """{field: the text below it}, of a dataclass and those that it is derived from."""
    found = {}
    for each in reversed(config_class.__mro__[:-1]):
        body = ast.parse(textwrap.dedent(inspect.getsource(each))).body[0].body
        for line, below in itertools.pairwise(body):
            if isinstance(line, ast.AnnAssign) and isinstance(below, ast.Expr):
                found[line.target.id] = below.value.value
    return found
