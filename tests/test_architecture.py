"""The import rules of the design, read from the source: who may import whom."""

import ast
import subprocess
import sys
from pathlib import Path

import architecture
import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {
    path.stem
    for path in (ROOT / "zoo").iterdir()
    if path.is_dir() or path.suffix == ".py"  # and not py.typed
} - {"__init__", "__pycache__"}
TRAINING_STACK = {"tensorflow", "tensorflow_datasets", "tf2onnx", "onnx", "keras", "jax"}
ADAM = ROOT / "zoo" / "training" / "adam.py"
SIGNATURES = ROOT / "zoo" / "export" / "signatures.py"
FAMILIES = {
    "networks",
    "catalog",
    "models",
    "latents",
    "recurrent_cells",
    "objectives",
    "likelihoods",
}

ALLOWED = {room: set(allowed) for room, (_, allowed) in architecture.ROOMS.items()}


def sources(room):
    """The files of a room under zoo/, a module or a package."""
    folder = ROOT / "zoo" / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


def imports(path):
    """Dotted names that a file imports, anywhere in it, `from a import b` as both a and a.b."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "zoo":  # lazy submodules: `import zoo; zoo.models.vae`
                yield f"zoo.{node.attr}"


def rooms_imported(room):
    """Rooms of the zoo that a room imports, itself left out."""
    found = {
        name.split(".")[1]
        for path in sources(room)
        for name in imports(path)
        if name.startswith("zoo.") and name.split(".")[1] in ROOMS
    }
    return found - {room}


def libraries_imported(room):
    return {name.split(".")[0] for path in sources(room) for name in imports(path)}


def test_every_room_is_in_the_table():
    assert ROOMS == set(ALLOWED), "a new room states here what it may import"


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_imports_only_what_the_design_allows(room):
    assert rooms_imported(room) <= ALLOWED[room]


def test_networks_never_import_what_holds_them_together_or_lies_between():
    assert not {"networks", "catalog"} & (rooms_imported("models") | rooms_imported("latents"))
    assert not {"models", "latents"} & rooms_imported("networks")


def test_no_room_imports_upward():
    """A room imports, and may import, those that the table has above it alone: the lower ones."""
    lower = set()
    for room, allowed in ALLOWED.items():
        assert allowed | rooms_imported(room) <= lower, room
        lower.add(room)


def test_contributing_shows_the_table():
    assert architecture.PAGE.read_text(encoding="utf-8") == architecture.written(), "make index"


@pytest.mark.parametrize("room", ["datasets", "training", "evaluation", "export"])
def test_what_receives_a_model_imports_no_family(room):
    assert not rooms_imported(room) & FAMILIES


def test_only_the_comparison_imports_the_runtime_within_export():
    for path in sources("export"):
        runtime = [name for name in imports(path) if name.startswith("zoo.runtime")]
        assert not runtime or path.name == "comparison.py", path


def test_the_runtime_imports_numpy_onnxruntime_and_the_standard_library_only():
    allowed = {"numpy", "onnxruntime", "zoo"} | sys.stdlib_module_names
    assert libraries_imported("runtime") <= allowed


def test_the_runtime_names_an_upper_room_where_it_is_asked_to_explore_and_nowhere_else():
    """`vae.explore()`: what its users call loads the explorer, and nothing before it does."""
    named = {
        (path.name, function.name, call.args[0].value)
        for path in sources("runtime")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("import_module")
    }
    text = "".join(path.read_text() for path in sources("runtime"))
    assert named == {("artifact.py", "explore", "zoo.explorer")}
    assert text.count("import_module") == 1


def test_a_saved_model_is_opened_with_tensorflow_then_and_not_before():
    at_once = ast.parse(SIGNATURES.read_text()).body
    at_once = [node for node in at_once if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not any("tensorflow" in ast.unparse(node) for node in at_once)
    assert "tensorflow" in imports(SIGNATURES)


def test_the_command_line_takes_nothing_of_export_but_what_opens_a_saved_model_or_republishes():
    for path in sources("command_line"):
        taken = {name for name in imports(path) if name.startswith("zoo.export")}
        allowed = {"zoo.export.signatures", "zoo.export.signatures.Signatures"}
        if path.name == "republishing.py":
            allowed = {"zoo.export.republishing", "zoo.export.republishing.republish"}
            at_once = [
                each for each in ast.parse(path.read_text()).body if "zoo.export" in ast.dump(each)
            ]
            assert not any(isinstance(each, ast.Import | ast.ImportFrom) for each in at_once)
        assert taken <= allowed, path


def test_the_command_line_needs_no_more_than_an_app_has():
    for room in ("command_line", "__main__"):
        assert libraries_imported(room) <= {"onnxruntime", "zoo"} | sys.stdlib_module_names


@pytest.mark.parametrize("room", ["artifact", "errors", "atomic_write", "deploy"])
def test_the_contract_and_errors_need_the_standard_library_only(room):
    assert libraries_imported(room) <= sys.stdlib_module_names | {"zoo"}


@pytest.mark.parametrize("room", sorted(set(ALLOWED) - {"datasets", "export"}))
def test_tensorflow_is_named_in_datasets_and_export_only(room):
    """But for two kernels of the optimizer, which Keras composes of several operations."""
    named = {name for path in sources(room) if path != ADAM for name in imports(path)}
    libraries = {name.split(".")[0] for name in named}
    assert not libraries & {"tensorflow", "tensorflow_datasets", "tf2onnx"}


def test_nothing_imports_recipes():
    for path in (ROOT / "zoo").rglob("*.py"):
        assert not any(name.split(".")[0] == "recipes" for name in imports(path)), path


def test_importing_the_package_loads_no_training_stack():
    code = "import sys, zoo; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert not set(done.stdout.split()) & (TRAINING_STACK | {"onnxruntime", "numpy"})
