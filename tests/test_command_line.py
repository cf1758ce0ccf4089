"""The command `zoo`: what it prints, its exit codes, and its errors as sentences."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
import spoiling
from spoiling import change_manifest

import zoo
from zoo.artifact import search_path
from zoo.artifact.manifest import metric_in_words
from zoo.command_line import main

ROOT = Path(zoo.__file__).parents[1]
COMMAND = "from zoo.command_line import main\nsys.exit(main(sys.argv[1:]))"
HEAVY = ("tensorflow", "keras", "jax", "onnx", "zoo.export", "zoo.models.vae", "zoo.noise")


@pytest.fixture
def run(capsys):
    """Runs a command line in this process: (exit code, standard output, standard error)."""

    def run(*arguments):
        capsys.readouterr()
        try:
            code = main([str(each) for each in arguments])
        except SystemExit as stop:  # argparse's way out
            code = stop.code
        return code, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def manifest(artifact):
    return json.loads((artifact / "manifest.json").read_text(encoding="utf-8"))


def outputs(manifest):
    return [
        (name, tensor["name"])
        for name, endpoint in manifest["endpoints"].items()
        for tensor in endpoint["outputs"]
    ]


# --- verify ----------------------------------------------------------------------------------


def cells(line):
    """A line of a table for people, cell by cell."""
    return re.split(r"\s{2,}", line.strip())


def test_an_app_without_a_training_stack_verifies_an_untouched_artifact(
    artifact, app_python, manifest
):
    done = app_python.run(COMMAND, "verify", artifact)
    head, *lines, verdict = done.stdout.splitlines()
    assert cells(head) == [
        *("runtime", "endpoint", "outputs", "batches", "worst of them"),
        *("max abs", "max rel", "tolerance", "verdict"),
    ]
    runtimes = ("onnx", "onnx float16")
    assert [tuple(cells(line)[:2]) for line in lines] == [
        *((runtime, endpoint) for endpoint in manifest["endpoints"] for runtime in runtimes)
    ]
    assert all(line.endswith("equal") and cells(line)[3] == "1 3 64" for line in lines)
    assert verdict.startswith("Verified: ") and "CPUExecutionProvider" in verdict
    assert f"{len(manifest['files'])} files" in verdict


def test_every_output_and_batch_has_a_line_where_it_is_asked_for(run, artifact, manifest):
    code, out, _ = run("verify", artifact, "--verbose")
    head, *lines, _ = out.splitlines()
    assert code == 0
    assert head.split() == "runtime endpoint output batch max abs max rel tolerance verdict".split()
    assert {tuple(cells(line)[:4]) for line in lines} == {
        (runtime, *output, batch)
        for runtime in ("onnx", "onnx float16")
        for output in outputs(manifest)
        for batch in ("1", "3", "64")
    }
    assert all(line.endswith("equal") for line in lines)


def test_a_saved_model_needs_tensorflow_and_says_so_where_it_is_absent(artifact, app_python):
    done = app_python.run(COMMAND, "verify", artifact, "--runtime", "saved_model", check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert "error: A SavedModel runs on TensorFlow" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_runtime_is_verified_when_all_are_asked_for(run, artifact, manifest):
    code, out, _ = run("verify", artifact, "--runtime", "all", "--verbose")
    rows = [cells(line)[:4] for line in out.splitlines()[1:-1]]
    assert code == 0 and len(rows) == 3 * 3 * len(outputs(manifest))
    assert {row[0] for row in rows} == {"onnx", "onnx float16", "saved_model"}


@pytest.mark.slow
@pytest.mark.parametrize("runtime", ["onnx", "saved_model"])
def test_verifying_loads_no_training_code(artifact, runtime):
    code = (
        "import sys\nfrom zoo.command_line import main\n"
        "code = main(['verify', sys.argv[1], '--runtime', sys.argv[2]])\n"
        f"print(code, *[name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(artifact), runtime],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    code, *loaded = done.stdout.splitlines()[-1].split()
    # TensorFlow imports Keras of its own accord; zoo.export is loaded without what is in it.
    assert code == "0" and set(loaded) <= (
        set() if runtime == "onnx" else {"tensorflow", "keras", "jax", "zoo.export"}
    ), done.stderr


def test_an_artifact_that_differs_is_code_1_and_everything_found_is_named(run, copied_artifact):
    for name in ("README.md", "onnx/decode.onnx"):
        path = copied_artifact / name
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    (copied_artifact / "model.keras").unlink()
    (copied_artifact / "surplus").write_text("")
    code, out, error = run("verify", copied_artifact)
    assert (code, error) == (1, "")
    verdict = out[out.index("NOT VERIFIED") :].splitlines()
    assert "5 found" in verdict[0]
    for line, start in zip(
        verdict[1:],
        (
            "README.md: ",
            "model.keras: is missing",
            "onnx/decode.onnx: ",
            "surplus: is there",
            "onnx decode: ",
        ),
        strict=True,
    ):
        assert line.startswith("  " + start)


@pytest.mark.slow
@pytest.mark.parametrize(
    "spoil, named",
    [
        (lambda folder, _: spoiling.flip_one_bit(folder / "model.keras"), ["model.keras: is not"]),
        (
            lambda folder, _: spoiling.swap(folder, "onnx/encode.onnx", "onnx/decode.onnx"),
            ["onnx/decode.onnx: has", "onnx/encode.onnx: has"],
        ),
        (
            lambda folder, _: os.truncate(folder / "saved_model/1/saved_model.pb", 1000),
            ["saved_model/1/saved_model.pb: has 1,000 bytes"],
        ),
        (
            lambda folder, _: spoiling.edit_graph(folder, "decode", spoiling.rename_output),
            ["onnx/decode.onnx: decode: its outputs are"],
        ),
        (
            lambda folder, trained: spoiling.add_to_one_weight(folder, trained, 0.01),
            ["onnx decode.x_mean: differs from the trained model's answers"],
        ),
        (
            lambda folder, _: change_manifest(
                folder, lambda m: m["metrics"].update(nll=1.0), restate=False
            ),
            ["manifest.json: it is not as it was exported"],
        ),
    ],
    ids=["a bit", "two files", "a cut", "an output's name", "a weight", "a metric"],
)
def test_whatever_is_spoilt_is_code_1_and_named(run, copied_artifact, trained, spoil, named):
    spoil(copied_artifact, trained)
    code, out, error = run("verify", copied_artifact)
    assert (code, error) == (1, "")
    for start in named:
        assert f"\n  {start}" in out[out.index("NOT VERIFIED") :]


def test_a_manifest_that_cannot_be_read_is_code_1(run, copied_artifact):
    (copied_artifact / "manifest.json").write_text("{")
    code, out, _ = run("verify", copied_artifact)
    assert code == 1 and "manifest.json" in out


def test_the_json_of_verify_agrees_with_its_table(run, artifact):
    _, table, _ = run("verify", artifact, "--verbose")
    code, out, error = run("verify", artifact, "--json")
    facts = json.loads(out)
    assert (code, error) == (0, "")
    assert facts["ok"] is True and facts["findings"] == []
    assert facts["runtimes"] == {"onnx": "CPUExecutionProvider"}
    shown = [
        f"{r['runtime']} {r['endpoint']} {r['output']} {r['batch']} {r['max_abs']:.1e} "
        f"{r['max_rel']:.1e} {r['tolerance']} {'equal' if r['ok'] else 'DIFFERS'}"
        for r in facts["rows"]
    ]
    assert [" ".join(line.split()) for line in table.splitlines()[1:-1]] == shown


def test_the_json_of_an_artifact_that_differs_lists_what_the_sentences_do(run, copied_artifact):
    (copied_artifact / "onnx" / "score.onnx").unlink()
    _, out, _ = run("verify", copied_artifact)
    code, raw, _ = run("verify", copied_artifact, "--json")
    facts = json.loads(raw)
    assert code == 1 and facts["ok"] is False
    assert [f"  {f['where']}: {f['what']}" for f in facts["findings"]] == out.splitlines()[-2:]


# --- errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["verify", "info", "bench"])
def test_an_unknown_artifact_says_what_was_looked_for(run, command, monkeypatch, tmp_path):
    monkeypatch.setenv("VAE_ZOO_EXPORTS", str(tmp_path))
    code, out, error = run(command, "conv_vae-nothing")
    assert (code, out) == (2, "") and error.count("\n") == 1
    assert error.startswith("error: There is no artifact 'conv_vae-nothing'")
    assert str(tmp_path / "conv_vae-nothing") in error and "VAE_ZOO_EXPORTS" in error


@pytest.mark.parametrize("command", ["verify", "info", "bench"])
def test_a_folder_that_is_no_artifact_is_code_2(run, command, tmp_path):
    code, out, error = run(command, tmp_path)
    assert (code, out) == (2, "") and "is not an artifact" in error


@pytest.mark.parametrize("command", ["verify", "bench"])
def test_a_provider_that_is_not_there_is_no_silent_cpu(run, command, artifact):
    code, out, error = run(command, artifact, "--provider", "NoSuchExecutionProvider")
    assert (code, out) == (2, "")
    assert "has no NoSuchExecutionProvider here; it has " in error


@pytest.mark.parametrize(
    "arguments, why",
    [
        ([], "COMMAND"),
        (["prove"], "invalid choice: 'prove'"),
        (["verify"], "ARTIFACT"),
        (["verify", "a", "--runtime", "keras"], "invalid choice: 'keras'"),
        (
            ["verify", "a", "--runtime", "saved_model", "--provider", "b"],
            "goes with --runtime onnx",
        ),
        (["bench", "a", "--batch", "0"], "'0' is not a whole number of 1 or more"),
        (["bench", "a", "--batch", "many"], "'many' is not a whole number"),
        (["bench", "--batch", "8", "a"], "ARTIFACT goes before the options"),
        (["bench", "a", "--threads", "0"], "'0' is not a whole number"),
        (["bench", "a", "--batch-limit", "0"], "'0' is not a whole number"),
        (["bench", "a", "--precision", "int8"], "invalid choice: 'int8'"),
        (["bench", "a", "--repeat", "-1"], "'-1' is not a whole number"),
        (["list", "no/such/folder"], "There is no folder 'no/such/folder'"),
    ],
)
def test_bad_usage_is_code_2_and_a_sentence(run, arguments, why):
    code, out, error = run(*arguments)
    assert (code, out) == (2, "") and why in error and "Traceback" not in error


def test_a_manifest_that_lacks_something_is_a_sentence(run, copied_artifact):
    change_manifest(copied_artifact, lambda manifest: manifest.pop("training"))
    code, _, error = run("info", copied_artifact)
    assert code == 2 and "KeyError('training')" in error and "zoo verify" in error


# --- what a terminal gets --------------------------------------------------------------------

HOSTILE = "\x1b[2J\x1b]0;mine\x07 a\nVerified: all is well\r\u202e\x9b\x7f"


def assert_printable(text):
    bad = {each for each in text if not each.isprintable()} - {"\n"}
    assert not bad and not any(line.startswith("Verified") for line in text.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(name=HOSTILE),
        lambda m: m.update(model=HOSTILE),
        lambda m: m["data"].update(name=HOSTILE, licence=HOSTILE, source=HOSTILE),
        lambda m: m["metrics"].update({HOSTILE: HOSTILE}),
        lambda m: m["protocol"].update(statement=HOSTILE),
        lambda m: m["protocol"].update(sample_quality=[{"statement": HOSTILE}]),
        lambda m: m["recipe"].update(config={HOSTILE: HOSTILE}),
        lambda m: m["versions"].update({HOSTILE: HOSTILE}),
        lambda m: m["files"].update({HOSTILE: m["files"]["README.md"]}),
        lambda m: m["endpoints"].update({HOSTILE: m["endpoints"]["decode"] | {"name": HOSTILE}}),
        lambda m: m["endpoints"]["decode"]["outputs"][0].update(name=HOSTILE),
        lambda m: m["comparisons"][0].update(endpoint=HOSTILE, tolerance=HOSTILE),
        lambda m: m.pop("training") and m.update(training={HOSTILE: 1}),
    ],
)
def test_whatever_a_manifest_holds_a_terminal_gets_printable_characters(
    run, copied_artifact, change
):
    change_manifest(copied_artifact, change)
    folder = str(copied_artifact)
    for command in (["verify", folder], ["verify", folder, "--json"], ["info", folder]):
        code, out, error = run(*command)
        assert code in (0, 1, 2) and "Traceback" not in error
        assert_printable(out if code or "--json" in command else out.rpartition("\nVerified")[0])
        assert_printable(error)
    for command in (["list", folder], ["list", folder, "--markdown"], ["bench", folder]):
        assert_printable("".join(run(*command)[1:]))


@pytest.mark.slow
@pytest.mark.parametrize("name", [HOSTILE.encode(), b"\xff\xfe", "\u202e".encode()])
def test_a_name_of_bytes_that_are_no_text_or_move_the_cursor_is_escaped(
    run, copied_artifact, name, artifact
):
    with open(os.path.join(os.fsencode(copied_artifact), name), "wb"):
        pass
    for command in (["verify", copied_artifact], ["verify", copied_artifact, "--json"]):
        code, out, error = run(*command)
        assert code == 1 and error == "" and "does not list it" in out
        assert_printable(out)
    hostile = os.fsdecode(os.path.join(os.fsencode(copied_artifact.parent), name))
    for command in ("verify", "info", "bench", "list"):
        code, out, error = run(command, hostile)
        assert code == 2 and out == "" and error.startswith("error: There is no ")
        assert_printable(error)
    os.rename(copied_artifact, hostile)
    for command in (["list", os.path.dirname(hostile)], ["info", hostile], ["verify", hostile]):
        code, out, error = run(*command)
        assert_printable(out.replace("\nVerified: ", "\n") + error)


def test_usage_errors_repeat_what_was_given_in_printable_characters(run):
    for command in (["verify", "a", HOSTILE], [HOSTILE], ["bench", "a", "--batch", HOSTILE]):
        code, out, error = run(*command)
        assert (code, out) == (2, "")
        assert_printable(error)


def test_a_terminal_of_few_characters_gets_escapes_and_no_traceback(copied_artifact):
    change_manifest(copied_artifact, lambda m: m["data"].update(name="\u00e4\u4e16"))
    done = subprocess.run(
        [sys.executable, "-m", "zoo", "info", str(copied_artifact)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
    )
    assert done.returncode == 0 and b"\\xe4\\u4e16" in done.stdout, done.stderr


def test_what_is_read_no_more_is_the_code_of_sigpipe_and_no_traceback(artifact):
    """As in `zoo list | head -0`."""
    command = [sys.executable, "-c", f"import sys\n{COMMAND}", "list", artifact]
    pipe = subprocess.PIPE
    with subprocess.Popen([*map(str, command)], stdout=pipe, stderr=pipe, text=True) as process:
        process.stdout.close()  # before it can have printed anything
        said = process.stderr.read()
    assert process.returncode == 141, said
    assert not said


def test_numbers_that_no_float_holds_are_a_sentence(run, copied_artifact):
    change_manifest(copied_artifact, lambda m: m["training"].update(seconds=10**400))
    code, _, error = run("info", copied_artifact)
    assert code == 2 and "is not as every manifest is" in error


@pytest.mark.parametrize("command", ["info", "verify", "bench", "list"])
def test_a_pipe_in_the_manifests_place_does_not_hang(run, copied_artifact, command):
    (copied_artifact / "manifest.json").unlink()
    os.mkfifo(copied_artifact / "manifest.json")
    code, out, error = run(command, copied_artifact)
    assert "is a pipe and no regular file" in out + error
    assert code == {"verify": 1, "list": 0}.get(command, 2)


# --- list ------------------------------------------------------------------------------------


def test_list_shows_what_the_manifest_states(run, artifact, manifest):
    code, out, error = run("list", artifact.parent)
    head, line = out.splitlines()
    assert (code, error) == (0, "")
    assert head.split() == ["name", "model", "data", "parameters", "nll,", "nats", "size"]
    nll, n = manifest["metrics"]["nll"], manifest["protocol"]["n"]
    size = sum(path.stat().st_size for path in artifact.rglob("*") if path.is_file())
    assert " ".join(line.split()) == (
        f"conv_vae-digits conv_vae digits {manifest['parameters']:,} "
        f"{nll:.2f} (K=20, n={n}) {size / 2**20:.1f} MiB"
    )


def test_list_looks_into_exports_and_the_environment_variable(
    run, artifact, copied_artifact, monkeypatch
):
    monkeypatch.chdir(copied_artifact.parents[1])
    monkeypatch.setattr(search_path, "BESIDE", Path("no clone"))
    copied_artifact.parent.rename("exports")
    shutil.copytree(artifact, Path("exports") / ".conv_vae-digits.partial-1")
    monkeypatch.setenv("VAE_ZOO_EXPORTS", os.pathsep.join([str(artifact.parent), "nowhere"]))
    code, out, _ = run("list")
    assert code == 0 and len(out.splitlines()) == 3  # the head, one here and one there
    monkeypatch.setenv("VAE_ZOO_EXPORTS", os.path.abspath("exports"))
    assert len(run("list")[1].splitlines()) == 2  # the same folder twice is one


def test_list_in_markdown_states_the_protocol_beside_the_nats(run, artifact, manifest):
    code, out, error = run("list", artifact.parent, "--markdown")
    head, rule, line = out.splitlines()
    picture, name, data, _, nats, _ = line.strip("| ").split(" | ")
    folder = f"{artifact.parent.as_posix()}/conv_vae-digits"
    assert (code, error) == (0, "") and head.count("|") == rule.count("|") == line.count("|")
    assert f'src="{folder}/figures/samples.png"' in picture
    assert (artifact / "figures" / "samples.png").is_file()
    assert (name, data) == (f"[`conv_vae-digits`]({folder}/README.md)", "digits")
    assert nats == (
        f"{manifest['metrics']['nll']:.2f} (K=20, n={manifest['protocol']['n']}, "
        f"dynamic binarization of seed {manifest['protocol']['binarization_seed']})"
    )


def test_list_takes_an_artifact_itself(run, artifact):
    assert "conv_vae-digits" in run("list", artifact)[1]


def test_list_of_nothing_says_where_it_looked(run, tmp_path):
    assert run("list", tmp_path) == (0, "", f"There is no artifact in {tmp_path}.\n")


def test_the_readme_has_the_catalog_that_the_command_prints(run):
    code, said, _ = run("list", "--catalog", "--markdown")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    between = readme.partition("<!-- catalog: begin -->\n")[2].partition("<!-- catalog: end -->")[0]
    assert code == 0 and between == said, "README: python -m zoo list --catalog --markdown"


def test_the_catalog_is_listed_with_what_tells_its_models_apart(run):
    code, said, _ = run("list", "--catalog")
    head, *rows = [line.split() for line in said.splitlines()]
    assert code == 0 and head[0] == "model" and head[-1] == "parameters"
    assert [row[0] for row in rows] == zoo.catalog.names()
    by_name = {row[0]: row for row in rows}
    assert "ELBO(beta=2.0)" in by_name["beta_vae"]
    encoder = 784 * 512 + 512 + 512 * 512 + 512 + 512 * 16 + 16
    decoder = 16 * 512 + 512 + 512 * 512 + 512 + 512 * 784 + 784
    assert by_name["dense_ae"][-1] == f"{encoder + decoder:,}"


@pytest.mark.parametrize(
    "arguments, part",
    [(["--catalog", "exports"], "one or the other")],
)
def test_options_of_list_that_do_not_go_together_are_refused(run, arguments, part):
    code, _, said = run("list", *arguments)
    assert code == 2 and part in said


def test_without_the_training_stack_the_catalog_says_what_to_install(app_python):
    done = app_python.run(COMMAND, "list", "--catalog", check=False)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "keras" in done.stderr and "pip install" in done.stderr


def test_list_leaves_out_what_cannot_be_read_and_says_so(run, copied_artifact):
    broken = copied_artifact.parent / "broken"
    broken.mkdir()
    (broken / "manifest.json").write_text("{")
    code, out, error = run("list", copied_artifact.parent)
    assert code == 0 and len(out.splitlines()) == 2
    assert error.startswith("left out: ") and str(broken / "manifest.json") in error


# --- info ------------------------------------------------------------------------------------


def test_info_shows_endpoints_metrics_and_provenance(run, artifact, manifest):
    code, out, error = run("info", artifact)
    text = " ".join(out.split())
    assert (code, error) == (0, "")
    for name, endpoint in manifest["endpoints"].items():
        for side in ("inputs", "outputs"):
            for t in endpoint[side]:
                shape = ", ".join(map(str, t["shape"]))
                line = next(row for row in out.splitlines() if row.split()[:1] == [name])
                assert f"{t['name']} {t['dtype']} [{shape}]" in line
    for name, value in manifest["metrics"].items():
        assert f"{name} {metric_in_words(name, value)}" in text
    assert manifest["protocol"]["statement"] in text
    recipe, training = manifest["recipe"], manifest["training"]
    for fact in (
        f"recipe {recipe['script']}",
        f"seed {recipe['seed']}",
        f"created {manifest['created']}",
        f"hardware {training['hardware']}",
        *(f"{name} {version}" for name, version in manifest["versions"].items()),
        *(f"{name}={value}" for name, value in recipe["config"].items()),
    ):
        assert " ".join(fact.split()) in text


def test_info_shows_what_the_evaluation_warns_of(run, copied_artifact):
    change_manifest(copied_artifact, lambda m: m.update(warnings=["no latent is active"]))
    assert "  warning: no latent is active\n" in run("info", copied_artifact)[1]


# --- bench -----------------------------------------------------------------------------------


def test_bench_shows_every_endpoint_batch_and_the_provider(run, artifact, manifest):
    code, out, error = run("bench", artifact, "--batch", 1, 65, "--repeat", 2)
    head, *lines, foot = out.splitlines()
    assert (code, error) == (0, "")
    assert head.split() == [
        "endpoint",
        "batch",
        "median",
        "ms",
        "p90",
        "ms",
        "examples/s",
        "provider",
    ]
    assert [tuple(line.split()[:2]) for line in lines] == [
        (name, batch) for name in manifest["endpoints"] for batch in ("1", "65")
    ]
    assert all(line.endswith("CPUExecutionProvider") for line in lines)
    assert "2 calls of each after 3 to warm up" in foot


def test_bench_times_the_endpoints_that_are_asked_for(run, artifact):
    code, out, _ = run(
        "bench", artifact, "--endpoint", "decode", "--batch", 3, "--repeat", 5, "--json"
    )
    facts = json.loads(out)
    (row,) = facts["rows"]
    assert code == 0 and facts["name"] == "conv_vae-digits" and facts["warm_up"] == 3
    assert (row["endpoint"], row["batch"], row["repeat"]) == ("decode", 3, 5)
    assert 0 < row["median"] <= row["p90"]
    assert row["throughput"] == pytest.approx(3 / row["median"])


def test_an_endpoint_that_is_not_there_names_those_there_are(run, artifact, manifest):
    code, out, error = run("bench", artifact, "--endpoint", "decoed")
    assert (code, out) == (2, "")
    assert "no endpoint decoed" in error and ", ".join(manifest["endpoints"]) in error


def test_a_changed_graph_is_not_timed(run, copied_artifact):
    path = copied_artifact / "onnx" / "decode.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    code, _, error = run("bench", copied_artifact, "--endpoint", "decode")
    assert code == 2 and "sha256 differs" in error


# --- the command itself ----------------------------------------------------------------------


def test_python_m_zoo_is_the_command(artifact):
    done = subprocess.run(
        [sys.executable, "-m", "zoo", "list", str(artifact.parent)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "conv_vae-digits" in done.stdout, done.stderr


def test_the_installed_command_is_this_function():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, function = project["scripts"]["zoo"].split(":")
    assert getattr(import_module(module), function) is main


def test_the_version_is_the_packages(run):
    assert run("--version")[:2] == (0, f"zoo {zoo.__version__}\n")


# --- columns ---------------------------------------------------------------------------------


@pytest.fixture
def table(tmp_path):
    """A .csv whose columns are of three kinds."""
    rows = [f"{row * 0.5},{('Oslo', 'Moss')[row % 2]},k{row}" for row in range(40)]
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(["age,city,key", *rows]) + "\n")
    return path


def test_columns_prints_what_each_is_taken_for_and_why(run, table):
    code, said, _ = run("columns", table)
    assert code == 0
    assert "  city:\n    kind: categorical  # 2 different words" in said
    assert "  key:\n    drop: true  # all values differ, as identifiers do" in said


def test_columns_writes_a_file_that_is_read_back_and_replaces_none_unasked(run, table, tmp_path):
    out = tmp_path / "columns.yaml"
    assert run("columns", table, "--out", out)[0] == 0
    schema = zoo.datasets.load(table).schema
    assert zoo.datasets.load(table, columns=out).schema == schema
    code, _, said = run("columns", table, "--out", out)
    assert code == 2 and "is there already. Pass --replace" in said
    out.write_text("columns: {age: {kind: real, unit: years}}")
    code, said, _ = run("columns", table, "--columns", out)
    assert code == 0 and "unit: years" in said


def test_columns_of_what_is_no_table_is_a_sentence(run, tmp_path):
    code, _, said = run("columns", tmp_path / "photos.zip")
    assert code == 2 and "is no table. Wanted: a .csv" in said
