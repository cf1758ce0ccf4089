"""Which data each recipe can be trained on, by the schema's kind; what cannot be is refused."""

from zoo.artifact import schema as schemas
from zoo.datasets import tabular
from zoo.datasets.reading import exists, expanded, printable
from zoo.datasets.series import Cut
from zoo.errors import InputError

IMAGE, VECTOR, TABLE, SERIES = schemas.IMAGE, schemas.VECTOR, schemas.TABLE, schemas.SERIES
TOKENS = schemas.TOKENS
SEQUENCE, SEVERAL_LENGTHS, DRAWING, COUNTS = (
    schemas.SEQUENCE,
    "sequence of several lengths",
    "drawing",
    "counts",
)

WORDS = {
    IMAGE: "pictures",
    VECTOR: "vectors of numbers",
    COUNTS: "counts",
    TABLE: "a table",
    SERIES: "windows of series",
    SEQUENCE: "sequences of one length",
    SEVERAL_LENGTHS: "sequences of several lengths",
    DRAWING: "drawings",
    TOKENS: "strings",
}
"""kind -> what such data is."""

MADE_FOR = {
    IMAGE: "conv_vae",
    VECTOR: "dense_vae",
    COUNTS: "count_vae",
    TABLE: "table_vae",
    SERIES: "series_vae",
    SEQUENCE: "rnn_vae",
    SEVERAL_LENGTHS: "rnn_vae",
    DRAWING: "stroke_vae",
    TOKENS: "molecule_vae",
}
"""kind -> the recipe to begin with."""

# A dense network takes padding for data: no sequences of several lengths, nor drawings, which end.
_DENSE = (IMAGE, VECTOR, COUNTS, SERIES, SEQUENCE)
TAKES = {
    "dense_ae": _DENSE,
    "dense_vae": _DENSE,
    "beta_vae": _DENSE,
    "iwae": _DENSE,
    "laplace_vae": _DENSE,
    "hyperspherical_vae": _DENSE,
    "gumbel_vae": _DENSE,
    "vampprior_vae": _DENSE,
    "flow_vae": _DENSE,
    "conv_vae": (IMAGE,),
    "residual_vae": (IMAGE,),
    "conditional_vae": (IMAGE,),
    "hierarchical_vae": (IMAGE,),
    "vq_vae": (IMAGE,),
    "rnn_vae": (IMAGE, SERIES, SEQUENCE, SEVERAL_LENGTHS, DRAWING),
    "series_vae": (SERIES, SEQUENCE),
    "stroke_vae": (DRAWING,),
    "count_vae": (COUNTS,),
    "table_vae": (TABLE,),
    "molecule_vae": (TOKENS,),
}
"""model -> the kinds that it takes."""

_ARRAYS = (".npz", ".npy")


def of(schema):
    """The kind of data that a `zoo.datasets.Schema` describes, a key of `WORDS`."""
    if schema.is_strokes:
        return DRAWING
    if schema.kind == SEQUENCE and schema.lengths:
        return SEVERAL_LENGTHS
    if schema.kind == VECTOR and schema.is_counts:
        return COUNTS
    return schema.kind


def foreseen(config):
    """`TABLE` of what is one before it is read; None of anything else."""
    if config.kind != "auto" or _cut(config).is_asked_for or _of_strings(config):
        return None
    path = expanded(config.dataset)
    file = path.suffix.lower() in tabular.SUFFIXES and exists(path) and not path.is_dir()
    return TABLE if file or config.dataset in tabular.EMBEDDED else None


def require(model, kind, config):
    """Raises unless a model takes data of a kind; one that has no recipe takes any.

    Args:
        model: its name.
        kind: a key of `WORDS`, or None where it is not known yet.
        config: of the recipe, for what was given and how it might be read otherwise.

    Raises:
        InputError: names the recipe that takes such data.
    """
    takes = TAKES.get(model, (kind,))
    if kind is not None and kind not in takes:
        said = _refusal(model, kind, printable(config.dataset))
        raise InputError(said + _otherwise(takes, kind, config))


def require_schema(model, schema, given):
    """The same of data that is there.

    Args:
        model: its name.
        schema: of the data.
        given: what it is called.
    """
    kind = of(schema)
    if kind not in TAKES.get(model, (kind,)):
        raise InputError(_refusal(model, kind, given))


def _refusal(model, kind, given):
    wanted = [WORDS[each] for each in TAKES[model]]
    listed = " or ".join(filter(None, [", ".join(wanted[:-1]), wanted[-1]]))
    return (
        f"{model} takes {listed}, and {given:.80} is {WORDS[kind]}. Take {MADE_FOR[kind]} for that."
    )


def _otherwise(takes, kind, config):
    """How a file might be read for a model that takes no vectors; "" where there is no other."""
    suffix = expanded(config.dataset).suffix.lower()
    if takes == (DRAWING,) and kind == SEVERAL_LENGTHS and suffix in _ARRAYS:
        return (
            " Where its steps are (dx, dy, pen) of drawings, say so in an .npz: beside the arrays "
            "features=numpy.array(['dx', 'dy', 'pen'])."
        )
    if TOKENS in takes and kind == TABLE and suffix in tabular.SUFFIXES:
        return " Where one of its columns holds strings, name it: --column NAME."
    if VECTOR in takes or config.kind != "auto" or suffix not in (*tabular.SUFFIXES, *_ARRAYS):
        return ""
    if SERIES in takes and kind == TABLE and suffix != ".npz":
        return (
            " Where its rows are the steps of series, say which column is the time, --time COLUMN, "
            "and whose they are, --entity COLUMN; or --kind series, where they are in its order."
        )
    if SERIES in takes and suffix in _ARRAYS and kind != TABLE:
        return " Where it holds series, pass --kind series."
    if COUNTS in takes and not (kind == TABLE and suffix == ".npz"):
        return " Where all of its values are counts, pass --kind counts."
    return ""


def _of_strings(config):
    """Whether a table's column of strings is asked for."""
    return config.column is not None or config.tokenizer != "auto"


def _cut(config):
    return Cut(config.time, config.entity, config.window, config.stride)
