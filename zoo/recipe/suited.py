"""Which recipe takes data that another one was asked to train on."""

from zoo.artifact.schema import IMAGE, SEQUENCE, SERIES, TABLE, VECTOR

TAKES = {
    **dict.fromkeys(("conv_vae", "residual_vae", "conditional_vae", "vq_vae"), (IMAGE,)),
    "rnn_vae": (IMAGE, SEQUENCE, SERIES),
    "series_vae": (SERIES, SEQUENCE),
    "stroke_vae": (SEQUENCE,),
    "table_vae": (TABLE,),
}
"""Recipes whose networks are made for some kinds of data; the others flatten what they get."""

_SUITED = {
    IMAGE: "These are pictures, which conv_vae takes.",
    VECTOR: "These are vectors, which dense_vae takes, or count_vae where they are counts.",
    SERIES: "These are series, which series_vae takes.",
    SEQUENCE: "These are sequences, which rnn_vae takes, or stroke_vae where they are drawings.",
    TABLE: (
        "This is a table, which table_vae takes; a .csv is series with --time COLUMN, and counts "
        "with --kind counts."
    ),
}


def hint(name, schema):
    """A sentence that names the recipe for the data, with a space before it; "" if this is one."""
    return "" if schema.kind in TAKES.get(name, (schema.kind,)) else f" {_SUITED[schema.kind]}"
