"""`zoo train`: the recipes by name, from a clone and from a wheel."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import isolated
import pytest
from processes import run_here

import zoo
from zoo.command_line import main
from zoo.recipe import shipped

ROOT = Path(zoo.__file__).parents[1]
NAMES = sorted(zoo.catalog.names())
TINY = ["--epochs", "1", "--samples", "2", "--latent", "2", "--units", "4"]
TINY += ["--no-float16", "--no-sample-quality"]


@pytest.fixture
def train(capsys):
    """Runs `zoo train ...` in this process: (exit code, standard output, standard error)."""

    def train(*arguments):
        capsys.readouterr()
        return main(["train", *arguments]), *capsys.readouterr()

    return train


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_the_recipes_are_listed_on_one_screen_a_line_each(train, arguments):
    code, out, _ = train(*arguments)
    assert code == 0
    lines = out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ")] == NAMES
    assert len(lines) <= 30 and max(map(len, lines)) <= 100


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("columns", [80, 100])
def test_the_help_of_a_recipe_fits_one_screen(train, name, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    code, out, _ = train(name, "--help")
    lines = out.splitlines()
    assert code == 0 and lines[0] == f"usage: zoo train {name} [OPTIONS]"
    assert len(lines) <= 30 and max(map(len, lines)) <= 100
    for option in ("--dataset ", "--likelihood", "--epochs", "--out exports", "--help-all"):
        assert option in out
    config = shipped.load(name).Config
    assert {*config.details} <= {*config.__annotations__}
    for own in {*config.__annotations__} - {*config.details}:
        assert "--" + own.replace("_", "-") in out


@pytest.mark.parametrize(
    ("name", "asked", "not_asked"),
    [
        ("series_vae", ["--kind", "--time", "--entity", "--window", "--stride"], "--image-shape"),
        ("table_vae", ["--columns", "--label", "--unseen", ".csv"], "--image-shape"),
        ("count_vae", ["--kind"], "--image-shape"),
        ("stroke_vae", ["--steps "], "--image-shape"),
        ("conv_vae", ["--image-shape"], "--entity"),
    ],
)
def test_the_help_shows_what_the_recipes_kind_of_data_asks_for(train, name, asked, not_asked):
    out = train(name, "--help")[1]
    assert all(each in out for each in asked) and not_asked not in out


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_command_plans_what_the_script_plans(train, name, tmp_path, monkeypatch):
    """What a recipe gives `main` besides its options, such as what the data settles, included."""
    monkeypatch.chdir(tmp_path)
    code, out, error = train(name, "--dry-run")
    assert code == 0, error
    script = run_here(f"recipes/{name}.py", "--dry-run", cwd=tmp_path)
    plan, layers, _ = out.partition("Model: ")  # whose names Keras numbers within a process
    assert script.returncode == 0 and layers
    assert script.stdout.partition("Model: ")[0] == plan


def test_a_name_that_no_recipe_has_is_refused_with_the_nearest(train):
    code, _, error = train("conv_va")
    assert code == 2 and "no recipe 'conv_va'" in error and "conv_vae" in error


def test_without_the_training_stack_recipes_are_listed_and_one_command_is_named(app_python):
    command = "import sys\nfrom zoo.command_line import main\nsys.exit(main(sys.argv[1:]))"
    listed = app_python.run(command, "train").stdout
    assert all(name in listed for name in NAMES)
    done = app_python.run(command, "train", "conv_vae", check=False)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "keras" in done.stderr and "pip install -c constraints.txt" in done.stderr  # a clone


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that pip has installed this repository's wheel into."""
    pytest.importorskip("hatchling", reason="builds the wheel: pip install -e '.[test]'")
    folder = tmp_path_factory.mktemp("wheel")
    for command in (
        ["hatchling", "build", "-t", "wheel", "-d", str(folder)],
        ["pip", "install", "-q", "--no-index", "--no-deps", "--target", str(folder / "site")],
    ):
        wheels = list(map(str, folder.glob("*.whl")))
        subprocess.run([sys.executable, "-m", *command, *wheels], cwd=ROOT, check=True)
    return folder / "site"


@pytest.mark.slow
def test_a_wheel_holds_the_package_and_the_recipes_and_no_more(installed):
    (wheel,) = installed.parent.glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "zoo", "recipes"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    files = {name for name in listed.stdout.split() if (ROOT / name).exists()}
    sources = {name for name in files if name.startswith("zoo/explorer/web/")}
    page = ROOT / "zoo/explorer/page"  # what `make page` builds of them, where it has run
    built = {str(file.relative_to(ROOT)) for file in page.rglob("*") if file.is_file()}
    assert sources and held == built | {
        name.replace("recipes/", "zoo/_recipes/", 1) if name.startswith("recipes/") else name
        for name in files - sources
    }


@pytest.mark.slow
def test_an_installed_wheel_lists_recipes_and_says_what_to_install(installed, tmp_path):
    python = isolated.python(tmp_path, ["numpy", "onnxruntime"])
    (python.packages / "zoo").symlink_to(installed / "zoo", target_is_directory=True)
    command = "import sys\nfrom zoo.command_line import main\nsys.exit(main(sys.argv[1:]))"
    assert "conv_vae" in python.run(command, "train", "--help").stdout
    done = python.run(command, "train", "conv_vae", "--help", check=False)
    assert done.returncode == 2 and 'pip install "vae-zoo[train]"' in done.stderr
    assert "constraints.txt" not in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
def test_an_installed_wheel_trains_and_its_card_says_how(installed, tmp_path):
    """In a folder that has nothing of the clone."""
    command = [sys.executable, "-P", "-m", "zoo", "train", "dense_vae"]
    environment = os.environ | {"PYTHONPATH": str(installed)}
    for key in [key for key in environment if key.startswith("PYTEST")]:
        del environment[key]

    def run(*arguments):
        return subprocess.run(
            [*command, *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            check=True,
        ).stdout

    assert run("--help").startswith("usage: zoo train dense_vae")
    said = run(*TINY)
    assert "Every format answers as the trained model does." in said
    folder = tmp_path / "exports" / "dense_vae-digits"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["recipe"]["script"] == "recipes/dense_vae.py"
    wanted = "zoo train dense_vae --latent 2 --units 4"
    assert manifest["recipe"]["command"].startswith("zoo train dense_vae --")
    assert all(part in manifest["recipe"]["command"] for part in wanted.split("--"))
    assert manifest["recipe"]["command"] in (folder / "README.md").read_text()
    shutil.rmtree(folder)


def test_the_wheel_takes_recipes_from_where_a_clone_has_them():
    """An editable install has no copy of them, which would grow old."""
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    wheel = built["targets"]["wheel"]
    assert wheel["sources"] == {"recipes": "zoo/_recipes"} and wheel["dev-mode-dirs"] == ["."]
    assert shipped.folder() == ROOT / "recipes"
