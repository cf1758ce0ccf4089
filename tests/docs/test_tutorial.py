"""docs/tutorial.ipynb: runs as it is kept, and what its text claims is what comes out."""

import base64
import json
import re

import notebooks
import pytest
from blocks import ROOT

PAGE = ROOT / "docs" / "tutorial.ipynb"
MOST_BYTES = 400_000
MOST_BYTES_OF_A_PICTURE = 60_000


@pytest.fixture(scope="module")
def notebook():
    return notebooks.read(PAGE)


@pytest.mark.slow
def test_the_notebook_runs_from_its_first_cell_to_its_last_and_shows_what_it_says(
    notebook, tmp_path
):
    names, outputs = notebooks.run(notebook, tmp_path)
    kept = [cell["outputs"] for cell in notebooks.code_cells(notebook)]
    kinds = [[output["output_type"] for output in each] for each in outputs]
    assert kinds == [[output["output_type"] for output in each] for each in kept]
    gaps, shares, steps = names["gaps"], names["shares"], names["steps"]
    assert gaps[8] < gaps[32] < gaps[512]  # the more units, the more is learned by heart
    assert steps["autoencoder"] > steps["VAE"]  # leaps
    assert shares["autoencoder"]["far"] > 0.5 > 0.1 > shares["VAE"]["far"]  # holes
    assert shares["VAE"]["accepted"] > shares["autoencoder"]["accepted"]
    assert shares["real digits"]["accepted"] > 0.85 and shares["pixels of noise"]["accepted"] == 0
    surprise = names["surprise"]
    assert surprise["digits"] < surprise["upside down"] < surprise["pixels shuffled"]
    assert (tmp_path / "exports" / "tutorial-digits" / "manifest.json").exists()


def test_every_cell_was_run_in_order_and_its_outputs_are_small(notebook):
    cells = notebooks.code_cells(notebook)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert PAGE.stat().st_size <= MOST_BYTES
    pictures = [
        base64.b64decode(output["data"]["image/png"])
        for cell in cells
        for output in cell["outputs"]
        if output["output_type"] == "display_data"
    ]
    assert len(pictures) >= 6
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    assert max(map(len, pictures)) <= MOST_BYTES_OF_A_PICTURE


def test_nothing_of_a_machine_is_kept_in_it(notebook):
    assert notebook["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert all(cell["metadata"] == {} for cell in notebook["cells"])
    text = re.sub(r'"image/png": "[^"]+"', "", json.dumps(notebook))
    assert not re.search(r"/(home|root|tmp|work|Users|usr)/|[A-Z]:\\\\", text)


def test_the_pages_that_it_leads_to_are_there(notebook):
    text = "".join("".join(cell["source"]) for cell in notebook["cells"])
    for page in re.findall(r"\]\(([\w/]+\.md)\)", text):
        assert (ROOT / "docs" / page).is_file(), page
