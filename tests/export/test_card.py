"""What the card says of an artifact, from its manifest alone."""

import dataclasses
import json
import math
import re

import pytest

from zoo.command_line import main
from zoo.export import card
from zoo.runtime import verify


@pytest.fixture
def text(artifact, tmp_path):
    """The card of the artifact's manifest after a change."""

    def write(**changes):
        manifest = json.loads((artifact / "manifest.json").read_text(encoding="utf-8"))
        card.write(tmp_path, manifest | changes)
        return (tmp_path / "README.md").read_text(encoding="utf-8")

    write.schema = json.loads((artifact / "manifest.json").read_text())["schema"]
    return write


def section(card_text, heading):
    return re.search(rf"^## {heading}\n\n(.*?)(?=^## |\Z)", card_text, re.DOTALL | re.MULTILINE)[1]


def test_warnings_head_the_metrics_and_without_one_there_is_none(text):
    said = ["No latent is active.", "The ELBO is worse than that of a constant."]
    metrics = section(text(warnings=said), "Metrics")
    assert metrics.startswith(
        "**Warning:** No latent is active.\n\n"
        "**Warning:** The ELBO is worse than that of a constant.\n\n| metric | value |"
    )
    assert "Warning" not in text(warnings=[])


def test_how_samples_were_measured_follows_the_nats_and_of_older_artifacts_nothing_does(text):
    said = ["frechet_distance of n=60 generated means", "fid of n=60 generated means"]
    protocol = {"statement": "n=60", "elbo_samples": 16}
    quality = [{"statement": each} for each in said]
    metrics = section(text(protocol=protocol | {"sample_quality": quality}), "Metrics")
    assert metrics.endswith(f"averaged over the test set.\n\n{said[0]}.\n\n{said[1]}.\n\n")
    older = section(text(protocol=protocol), "Metrics")
    assert older.endswith("averaged over the test set.\n\n")


def test_what_was_measured_of_strings_is_said_and_shares_are_in_per_cent(text):
    protocol = {"statement": "n=60", "elbo_samples": 16, "strings": {"statement": "of 60 strings"}}
    metrics = {"exact_reconstruction": 0.625, "nats_per_token": 0.43216, "precision": 0.625}
    said = section(text(protocol=protocol, metrics=metrics), "Metrics")
    for row in ("exact_reconstruction | 62.5%", "nats_per_token | 0.4322", "precision | 0.62"):
        assert f"| {row} |" in said
    assert said.endswith("averaged over the test set.\n\nof 60 strings.\n\n")
    without = section(text(protocol=protocol | {"strings": None}), "Metrics")
    assert without.endswith("averaged over the test set.\n\n")


def test_captions_of_figures_are_of_what_an_example_is(text, tmp_path):
    (tmp_path / "figures").mkdir()
    for name in ("samples", "reconstructions", "interpolation"):
        (tmp_path / "figures" / f"{name}.png").touch()
    strings = {"kind": "tokens", "tokenizer": "characters", "tokens": ["a", ""], "shape": [4]}
    said = {
        "image": ("samples from the prior", "Test images (above)", "between test images"),
        "tokens": ("Generated strings", "Test strings (left)", "between test strings"),
        "vector": ("samples from the prior", "Test examples and", "interpolation"),
    }
    for kind, captions in said.items():
        changes = strings if kind == "tokens" else {"kind": kind}
        written = text(schema=text.schema | {"classes": []} | changes)
        assert all(caption in written for caption in captions), kind


def test_the_metrics_end_with_what_the_model_has_beaten(text, artifact, trained):
    protocol = json.loads((artifact / "manifest.json").read_text(encoding="utf-8"))["protocol"]
    said = list(trained.report.against_baselines())
    assert protocol["baselines"] == said and len(said) == 2
    assert section(text(), "Metrics").rstrip().endswith("\n\n".join(said))
    earlier = {name: value for name, value in protocol.items() if name != "baselines"}
    assert "baseline" not in section(text(protocol=earlier, metrics={}), "Metrics")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {},
            "An example is of the kind image, [8, 8, 1]: values from 0 to 1, multiples of 1/16. "
            "A value says how much ink is there. Its classes are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9.",
        ),
        (
            {"spacing": 1 / 255, "ink": False, "uint8": True, "classes": []},
            "values from 0 to 1, multiples of 1/255. Bytes from 0 to 255 stand for the same range.",
        ),
        (
            {"kind": "vector", "shape": [7], "spacing": None, "unit": "seconds", "low": -1.5},
            "the kind vector, [7]: values from -1.5 to 1, continuous, in seconds.",
        ),
        ({"low": 0.0, "high": None, "spacing": 1.0}, "values of 0 or more, multiples of 1."),
        ({"low": None, "high": 2.0, "spacing": 0.5}, "values of 2 or less, multiples of 1/2."),
        ({"low": None, "high": None, "spacing": None}, "[8, 8, 1]: values, continuous."),
        ({"kind": "sequence", "lengths": True}, "It may end before its last step."),
        ({"classes": ["a\n# b", "<c>"]}, "Its classes are a?# b, &lt;c&gt;."),
        ({"classes": [f"c{i}" for i in range(1234)]}, "c18, c19 and 1,214 more."),
    ],
)
def test_the_data_states_what_an_example_is(text, changes, said):
    assert said in section(text(schema=text.schema | changes), "Data")


@pytest.mark.slow
def test_what_was_settled_in_loading_the_data_is_listed(artifact, text, capsys):
    data = json.loads((artifact / "manifest.json").read_text())["data"]
    said = ["3 of 12 files left out: <b>.txt, a\nb.csv", "Pictures are 20x16 pixels."]
    listed = section(text(data=data | {"notes": said}), "Data")
    first, second = "3 of 12 files left out: &lt;b&gt;.txt, a b.csv", "Pictures are 20x16 pixels."
    assert listed.endswith(f"settled:\n\n- {first}\n- {second}\n\n")
    assert "settled" not in section(text(data=data | {"notes": []}), "Data")


@pytest.mark.slow
def test_a_metric_that_is_not_finite_is_said_to_be(artifact, trained, tmp_path, capsys):
    """Null in the manifest, since JSON knows no NaN; in words for people."""
    metrics = trained.report.metrics | {"nll": math.nan, "elbo": -math.inf}
    report = dataclasses.replace(trained.report, metrics=metrics)
    target = tmp_path / "exports" / "conv_vae-digits"
    trained.publish(target, report=report, float16=False)
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["metrics"] == trained.report.metrics | {"nll": None, "elbo": None}
    written = (target / "README.md").read_text(encoding="utf-8")
    assert "| nll | not finite |" in written and "| elbo | not finite |" in written
    for command in (
        ["list", str(target)],
        ["list", str(target), "--markdown"],
        ["info", str(target)],
    ):
        assert main(command) == 0
        assert "conv_vae-digits" in capsys.readouterr().out
    assert verify.audit(target).findings == []


def test_fewer_rows_and_smaller_batches_are_stated(text):
    sizes = {name: [1, 3, 64] for name in ("encode", "decode", "reconstruct", "generate")}
    proof = {"rows": 1, "batches": sizes | {"score": [1, 3, 5]}, "memory": 2**30}
    said = section(text(proof=proof), "Proof of equality")
    assert "1 row is stored; batches of 1, 3, 64 repeat them." in said
    assert "would take more than 1,024 MiB: `score` with 1 and 3 and 5." in said


def test_what_is_left_out_in_float16_is_stated_with_its_reason(text):
    why = dict.fromkeys(("encode", "decode", "reconstruct", "generate"))
    said = section(text(float16=why | {"score": "`kl` differs"}), "Proof of equality")
    assert "Left out in float16: `score`: `kl` differs." in said and "were run on the CPU" in said
    said = section(text(float16=dict.fromkeys(why, "not wanted")), "Proof of equality")
    assert "were run on the CPU" not in said and "`decode`: not wanted" in said


def test_an_app_needs_to_import_numpy_and_the_zoo_alone(text):
    code = re.search(r"```python\n(.*?)```", section(text(), "Loading"), re.DOTALL)[1]
    assert code.startswith("import numpy as np, zoo\nvae = zoo.load(")
