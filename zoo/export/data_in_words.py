"""What a card says of the data."""

import html

from zoo.artifact import schema_in_words
from zoo.artifact.schema import Schema


def _example(schema):
    """What an example is."""
    return _plain(" ".join(schema_in_words.sentences(schema)))


def _plain(text):
    """A word of somebody's data may hold what Markdown takes for HTML, or a file's name a line."""
    return html.escape(" ".join(text.split()), quote=False)


def section(m):
    """The section, of a manifest."""
    data, schema = m["data"], Schema.from_json(m["schema"])
    noted = "".join(f"\n- {_plain(each)}" for each in data.get("notes", ()))
    return (
        f"## Data\n\n{data['source']}\n\nLicence of the data: {data['licence']}. "
        f"{data['train']:,} training, {data['validation']:,} validation and {data['test']:,} test "
        f"examples. {_example(schema)} {data['test_split']} {_seen(m)}"
        + (f"\n\nIn loading it was settled:\n{noted}" if noted else "")
    )


def _seen(m):
    tuned = m["training"].get("tuned_from")
    if "best_epoch" in m["training"] and tuned:
        return (
            "This training never saw a test example; what the model saw before, as "
            f"`{tuned['name']}`, is on that artifact's card."
        )
    if "best_epoch" in m["training"]:
        return (
            "Training never saw a test example; the validation split was cut from the training "
            "data."
        )
    return (
        "The zoo did not see the training: that it never saw a test example is for whoever "
        "trained the model to say."
    )
