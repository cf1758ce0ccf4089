"""Every code block of README.md and docs/ does what its reader expects of it."""

import shutil

import blocks
import numpy as np
import pytest
import yaml
from PIL import Image
from prepared import FREY_FACES, is_prepared

COMMITTED = ("conditional_vae-mnist", "dense_ae-mnist", "molecule_vae-qm9")
FREY_NAME = "frey_faces.npz"  # as docs/faces.md calls it
FEWEST = 12  # blocks that run: a parser that finds none would pass


@pytest.fixture
def folder(tmp_path, artifact):
    """What readers have at hand: the artifact of `make demo`, some committed ones, some photos."""
    exports = tmp_path / "exports"
    shutil.copytree(artifact, exports / artifact.name)
    for name in COMMITTED:
        (exports / name).symlink_to(blocks.ROOT / "exports" / name, target_is_directory=True)
    hours = [f"{i},{pump},{i % 24 * 0.5}" for pump in "abc" for i in range(900)]
    (tmp_path / "pumps.csv").write_text("\n".join(["when,pump,flow", *hours]))
    np.savez(tmp_path / "cells.npz", x=np.random.default_rng(0).poisson(3.0, (40, 20)))
    drawings = np.empty(20, object)
    drawings[:] = [np.int16([[1, 2, 0]] * steps + [[3, 0, 1]]) for steps in range(3, 23)]
    np.savez(
        tmp_path / "drawings.npz", train=drawings[:15], valid=drawings[15:17], test=drawings[17:]
    )
    sales = [f"{i * 0.5},{('Oslo', 'Moss')[i % 2]}" for i in range(60)]
    (tmp_path / "sales.csv").write_text("\n".join(["price,city", *sales]))
    molecules = ["C" * count + end for count in range(1, 11) for end in ("", "O", "=O", "N")]
    (tmp_path / "mine.smi").write_text("\n".join(molecules))
    photos = tmp_path / "my_photos"
    photos.mkdir()
    rng = np.random.default_rng(0)
    for i in range(12):
        pixels = rng.integers(0, 256, (32, 32, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(photos / f"{i}.png")
    if FREY_FACES.is_file():
        (tmp_path / FREY_NAME).symlink_to(FREY_FACES)
    return tmp_path


def lacks(page, block):
    """What a block needs and is not here, with where it is looked for; None: it can be run."""
    if "--dataset mnist" in block.text or 'load("mnist")' in block.text:
        return None if is_prepared("mnist") else "MNIST is not prepared (TFDS_DATA_DIR)"
    if page.name == "faces.md" and not FREY_FACES.is_file():  # its blocks build on one another
        return "the Frey faces are not here (FREY_FACES, a file)"
    return None


@pytest.mark.slow
@pytest.mark.parametrize("page", blocks.PAGES, ids=lambda page: page.name)
def test_the_blocks_of_a_page_run_one_after_the_other(page, folder, capsys):
    names = {"__name__": "a_page"}
    found = [block for block in blocks.of(page) if block.language in blocks.RUN]
    left_out = {}
    for block in found:
        if block.reason is not None:
            continue
        if missing := lacks(page, block):
            left_out.setdefault(missing, []).append(block.where)
            continue
        blocks.run(block, names, folder)
    if left_out:
        said = [f"{why}: not run are {', '.join(where)}" for why, where in left_out.items()]
        pytest.skip("; ".join(said))


@pytest.mark.parametrize("page", blocks.PAGES, ids=lambda page: page.name)
def test_every_block_states_its_language_and_every_one_that_is_not_run_why(page):
    for block in blocks.of(page):
        assert block.language in blocks.LANGUAGES, (
            f"{block.where} begins with ```{block.language}; wanted: {', '.join(blocks.LANGUAGES)}"
        )
        if block.language == "yaml":
            assert isinstance(yaml.safe_load(block.text), dict), block.where
        if block.mark:
            assert len(block.reason.split()) >= 3, f"{block.where}: not run, without a reason"
            assert block.language in blocks.RUN, f"{block.where}: text is never run: no mark"
    marks = page.read_text(encoding="utf-8").count("<!-- not run")
    assert marks == sum(block.mark is not None for block in blocks.of(page)), "a mark of no block"


def test_most_blocks_run():
    every = [block for page in blocks.PAGES for block in blocks.of(page)]
    run = [block for block in every if block.language in blocks.RUN and block.reason is None]
    assert len(run) >= FEWEST and len(run) > len(every) / 2


def page(tmp_path, text):
    (tmp_path / "page.md").write_text(text)
    return tmp_path / "page.md"


@pytest.mark.parametrize(
    "text",
    [
        "```python\nassert 1 == 2\n```\n",
        "```pycon\n>>> 1 + 1\n3\n```\n",
        "```bash\nzoo info exports/no_such\n```\n",
        "```bash\nzoo train conv_vae --latnt 3\n```\n",
        "```bash\nrm -r exports\n```\n",
    ],
)
def test_a_block_that_is_wrong_fails(tmp_path, text, monkeypatch):
    monkeypatch.setattr(blocks, "ROOT", tmp_path)
    (block,) = blocks.of(page(tmp_path, text))
    with pytest.raises(AssertionError, match=r"page\.md:1 fails"):
        blocks.run(block, {}, tmp_path)


def test_a_mark_is_of_the_block_that_follows_it_alone(tmp_path):
    text = "<!-- not run: it is for the index -->\n```bash\na\n```\n\nb\n\n```bash\nc\n```\n"
    first, second = blocks.of(page(tmp_path, text))
    assert (first.reason, second.reason) == ("it is for the index", None)
    assert (first.line, second.line, second.text) == (2, 8, "c\n")


def test_the_example_of_a_model_of_ones_own_is_short():
    first = blocks.of(blocks.ROOT / "docs" / "library.md")[0]
    assert len(first.text.splitlines()) <= 25 and "zoo.publish" in first.text
