"""Which recipe takes which data, and what is said of the pairs that cannot be."""

import dataclasses
import itertools

import numpy as np
import pytest
import tables
from PIL import Image
from processes import run_here

import zoo
from zoo import catalog, likelihoods
from zoo.artifact.schema import STROKES
from zoo.datasets import Schema, counts
from zoo.errors import InputError
from zoo.recipe import choices, kinds, options

SCHEMAS = {
    kinds.IMAGE: Schema("image", (8, 8, 1)),
    kinds.VECTOR: Schema("vector", (6,)),
    kinds.COUNTS: counts.schema_of(6),
    kinds.TABLE: tables.schema(),
    kinds.SERIES: Schema("series", (8, 3), None, None),
    kinds.SEQUENCE: Schema("sequence", (8, 3), None, None),
    kinds.SEVERAL_LENGTHS: Schema("sequence", (8, 3), None, None, lengths=True),
    kinds.DRAWING: Schema(
        "sequence",
        (8, 3),
        None,
        None,
        features=STROKES,
        lengths=True,
        center=(0.0, 0.0, 0.0),
        scale=(1.0, 1.0, 1.0),
    ),
    kinds.TOKENS: Schema(
        "tokens", (8,), 0.0, 3.0, 1.0, tokens=("a", "b", "c", ""), tokenizer="characters"
    ),
}
PAIRS = list(itertools.product(catalog.names(), SCHEMAS))
POSSIBLE = [pair for pair in PAIRS if pair[1] in kinds.TAKES[pair[0]]]
IMPOSSIBLE = [pair for pair in PAIRS if pair not in POSSIBLE]


def test_every_recipe_and_every_kind_is_in_the_rule():
    assert set(kinds.TAKES) == set(catalog.names())
    assert set(SCHEMAS) == set(kinds.WORDS) == set(kinds.MADE_FOR)
    for kind, schema in SCHEMAS.items():
        assert kinds.of(schema) == kind and kind in kinds.TAKES[kinds.MADE_FOR[kind]]


@pytest.mark.parametrize(("name", "kind"), IMPOSSIBLE)
def test_a_pair_that_cannot_be_is_one_sentence_that_names_the_right_recipe(name, kind):
    config = options.Config(dataset="given")
    with pytest.raises(
        InputError, match=f"^{name} takes .*, and given is {kinds.WORDS[kind]}"
    ) as e:
        kinds.require(name, kind, config)
    assert f"Take {kinds.MADE_FOR[kind]} for that." in str(e.value)


@pytest.mark.parametrize(("name", "kind"), POSSIBLE)
def test_a_pair_that_can_be_is_built(name, kind):
    schema = SCHEMAS[kind]
    kinds.require(name, kind, options.Config())
    data = dataclasses.make_dataclass("Data", ["schema"])(schema)
    chosen = choices.likelihood("auto", data).value
    given = {"likelihood": likelihoods.of_schema(chosen, schema), "latent": 3, "units": (4,)}
    convolutional = ("conv_vae", "residual_vae", "conditional_vae", "hierarchical_vae", "vq_vae")
    if name in (*convolutional, "series_vae"):
        del given["units"]
    if name in ("hierarchical_vae", "vq_vae"):
        del given["latent"]
    if name in ("rnn_vae", "stroke_vae"):
        given |= {"units": 4, "lengths": schema.lengths}
    if name == "molecule_vae":
        given |= {"units": 4}
    assert catalog.build(name, schema.shape, **given).event_shape == tuple(schema.shape)


def test_a_model_without_a_recipe_takes_anything():
    kinds.require("somebodys_own", kinds.TABLE, options.Config())


@pytest.fixture
def here(tmp_path):
    """A folder with a table, pictures, a drawing's sequences and arrays."""
    lines = [f"2024-01-{1 + i // 2:02d},{'ab'[i % 2]},{i}.5" for i in range(60)]
    (tmp_path / "sales.csv").write_text("\n".join(["day,shop,sold", *lines]))
    (tmp_path / "pumps.csv").write_text("\n".join(["t;level", *(f"{i};0,5" for i in range(9))]))
    (tmp_path / "level.csv").write_text("\n".join(["level", *map(str, range(40))]))
    (tmp_path / "photos").mkdir()
    for i in range(12):
        Image.new("L", (8, 8), i).save(tmp_path / "photos" / f"{i}.png")
    random = np.random.default_rng(0)
    np.save(tmp_path / "windows.npy", random.random((40, 8, 3)).astype(np.float32))
    sketches = np.empty(20, object)
    sketches[:] = [np.ones((i % 5 + 2, 3), np.int16) for i in range(20)]
    np.savez(tmp_path / "sketches.npz", x=sketches)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "dataset", "said"),
    [
        ("conv_vae", "sales.csv", ("takes pictures", "sales.csv is a table", "Take table_vae")),
        ("dense_vae", "sales.csv", ("sales.csv is a table", "Take table_vae")),
        ("table_vae", "photos/", ("takes a table", "photos/ is pictures", "Take conv_vae")),
        ("count_vae", "wine", ("takes counts", "wine is a table", "Take table_vae")),
        ("count_vae", "sales.csv", ("Take table_vae", "--kind counts")),
        ("stroke_vae", "digits", ("takes drawings", "digits is pictures", "Take conv_vae")),
        ("stroke_vae", "sketches.npz", ("of several lengths", "features=numpy.array(['dx', 'dy'")),
        ("series_vae", "sales.csv", ("--time COLUMN", "--entity COLUMN", "--kind series")),
        ("series_vae", "pumps.csv", ("--time COLUMN", "--entity COLUMN", "--kind series")),
        ("series_vae", "level.csv", ("--time COLUMN", "--entity COLUMN", "--kind series")),
        ("series_vae", "windows.npy", ("windows.npy is pictures", "--kind series")),
        ("rnn_vae", "wine", ("wine is a table", "Take table_vae for that.")),
        ("dense_vae", "glyphs", ("glyphs is drawings", "Take stroke_vae")),
        ("conv_vae", "oscillations", ("windows of series", "Take series_vae")),
        ("table_vae", "cell_counts", ("cell_counts is counts", "Take count_vae")),
    ],
)
def test_a_recipe_refuses_data_of_another_kind_before_it_is_built(here, name, dataset, said):
    done = run_here(f"recipes/{name}.py", "--dataset", dataset, cwd=here)
    assert done.returncode == 2 and done.stderr.startswith(f"\nerror: {name} takes ")
    assert all(part in done.stderr for part in said) and "parameters" not in done.stdout
    assert not (here / "exports").exists()


def test_a_file_is_refused_by_its_name_before_it_is_read(here):
    (here / "sales.csv").write_bytes(b"\x00")  # which is no table that can be read
    done = run_here("recipes/conv_vae.py", "--dataset", "sales.csv", cwd=here)
    assert "sales.csv is a table" in done.stderr
    with pytest.raises(zoo.errors.DatasetError):
        zoo.datasets.load(here / "sales.csv")


@pytest.mark.slow
def test_series_counts_and_labels_of_files_reach_a_model(here):
    """What the sentences advise."""
    (here / "words.csv").write_text(
        "\n".join(["row,a,b", *(f"r{i},{i % 5},{i % 3}" for i in range(40))])
    )
    for name, *given in (
        ("series_vae", "sales.csv", "--time", "day", "--entity", "shop"),
        ("series_vae", "level.csv", "--kind", "series"),
        ("series_vae", "windows.npy", "--kind", "series"),
        ("count_vae", "words.csv", "--kind", "counts"),
        ("table_vae", "wine", "--label", "cultivar"),
        ("stroke_vae", "glyphs"),
    ):
        done = run_here(f"recipes/{name}.py", "--dry-run", "--dataset", *given, cwd=here)
        assert done.returncode == 0, done.stderr
        assert f"exports/{name}-" in done.stdout
