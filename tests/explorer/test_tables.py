"""A table's page: rows in its own words, and a form that says what each column costs."""

import pytest
import tables
from publishing import SEED

import zoo
from zoo import explorer
from zoo.explorer import writing

from .conftest import Served

pytestmark = pytest.mark.slow
ROW = {
    "city": "Jena",
    "length": 51.5,
    "price": 120.0,
    "visits": 3,
    "size": "large",
    "sold": "2022-07-01",
    "steps": 8000,
    "member": "yes",
}


@pytest.fixture(scope="module")
def of_table(tmp_path_factory):
    """The folder of a published `table_vae` of one epoch."""
    zoo.training.seed_everything(SEED)
    data = tables.data()
    likelihood = zoo.likelihoods.of_schema("auto", data.schema)
    model = zoo.catalog.build("table_vae", (8,), latent=2, units=(4,), likelihood=likelihood)
    run = zoo.fit(model, data, epochs=1, steps_per_epoch=2)
    folder = tmp_path_factory.mktemp("exports") / "table_vae-made"
    zoo.publish(model, data, folder, trained=run, samples=2)
    return folder


@pytest.fixture(scope="module")
def table_address(of_table, page, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "explorer"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(writing, "PAGE", page)
        explorer.write(of_table, folder)
    served = Served(folder)
    yield served.address
    served.stop()


def test_rows_and_costs_are_those_of_python_and_a_wrong_value_is_told(
    look, of_table, table_address
):
    page = look("table_vae-made", at=table_address)
    vae = zoo.load(of_table)
    drawn = vae.generate([7]).table
    shown = dict(
        zip(
            page.locator("#sample th").all_text_contents(),
            page.locator("#sample td").all_text_contents(),
            strict=True,
        )
    )
    assert list(shown) == list(ROW)
    for name in ("city", "size", "member", "sold"):
        assert shown[name] == str(drawn[name][0])[:10]  # of dates the day
    for name, value in ROW.items():
        control = page.get_by_label(name, exact=name not in ("length", "price"))
        if isinstance(value, str) and name != "sold":
            control.select_option(label=value)
        else:
            control.fill(str(value))
    page.wait_for_timeout(1000)
    costs = [
        float(each.replace("\N{MINUS SIGN}", "-"))
        for each in page.locator("#own .cost span:first-child").all_text_contents()
    ]
    wanted = vae.score({name: [value] for name, value in ROW.items()}).table
    assert costs == pytest.approx([float(wanted[name][0]) for name in ROW], abs=0.011)
    page.get_by_label("visits").fill("2.5")
    page.wait_for_selector("text=visits: wanted is a whole number from 0 on.")
