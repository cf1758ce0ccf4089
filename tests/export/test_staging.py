"""An artifact appears whole or not at all, whatever happens to the process that writes it."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import zoo
from zoo.errors import ExportError
from zoo.export.staging import require_writable, staged

# `zoo.export.staging` alone: its package would load the training stack into every process below.
ALONE = f"""
import os, resource, sys, time, types
sys.path.insert(0, {str(Path(zoo.__file__).parents[1])!r})
package = types.ModuleType("zoo.export")
package.__path__ = [{str(Path(zoo.__file__).parent / "export")!r}]
sys.modules["zoo.export"] = package
from pathlib import Path
from zoo.errors import ExportError
from zoo.export.staging import require_writable, staged
target = Path(sys.argv[1])
"""


def process(code, target):
    return subprocess.Popen(
        [sys.executable, "-c", ALONE + code, str(target)], stdout=subprocess.PIPE, text=True
    )


def finished(code, target):
    """What a process printed that ran this code to its end."""
    with process(code, target) as running:
        printed, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    return printed


@pytest.fixture
def target(tmp_path):
    return tmp_path / "exports" / "model-data"


@pytest.fixture
def old(target):
    """An artifact that lies there already."""
    (target / "onnx").mkdir(parents=True)
    (target / "manifest.json").write_bytes(b"old manifest")
    (target / "onnx" / "decode.onnx").write_bytes(bytes(range(256)))
    return target


def contents(folder):
    """{path: bytes} of all files in and below a folder, hidden ones too."""
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def sibling(target, what, token="0123456789abcdef"):
    """What a killed process left beside the target."""
    folder = target.parent / f".{target.name}.{what}-{token}"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(what)
    return folder


def test_nothing_is_at_the_target_until_the_block_ends(target):
    with staged(target) as stage:
        (stage / "file").write_text("new")
        assert not target.exists() and stage.parent == target.parent
    assert contents(target.parent) == {Path("model-data/file"): b"new"}
    assert os.listdir(target.parent) == ["model-data"]


def test_an_existing_artifact_is_refused_and_untouched(old):
    before = contents(old.parent)
    with pytest.raises(ExportError, match=r"exists already.*--replace"):
        with staged(old):
            pytest.fail("the block must not begin")
    assert contents(old.parent) == before


def test_an_existing_artifact_is_replaced_whole_when_asked(old):
    with staged(old, replace=True) as stage:
        (stage / "manifest.json").write_text("new")
        assert (old / "manifest.json").read_bytes() == b"old manifest"
    assert contents(old) == {Path("manifest.json"): b"new"}
    assert os.listdir(old.parent) == ["model-data"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError, MemoryError])
def test_any_exception_passes_and_leaves_the_old_artifact_alone(old, error):
    before = contents(old.parent)
    with pytest.raises(error):
        with staged(old, replace=True) as stage:
            (stage / "half").write_text("half")
            raise error
    assert contents(old.parent) == before and os.listdir(old.parent) == ["model-data"]


def test_an_artifact_that_appears_meanwhile_is_kept(target):
    with pytest.raises(ExportError, match="appeared meanwhile"):
        with staged(target) as stage:
            (stage / "mine").write_text("mine")
            target.mkdir()
            (target / "theirs").write_text("theirs")
    assert contents(target.parent) == {Path("model-data/theirs"): b"theirs"}


def test_a_parent_that_is_a_file_is_refused_before_any_work(tmp_path):
    (tmp_path / "exports").write_text("a file")
    with pytest.raises(ExportError, match=r"Nothing can be written to .*exports.*--out FOLDER"):
        require_writable(tmp_path / "exports" / "model-data")
    with pytest.raises(ExportError, match="Nothing can be written to"):
        require_writable(tmp_path / "exports" / "deeper" / "model-data", replace=True)


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="needs users")
@pytest.mark.parametrize("mode, why", [(0o555, "read-only"), (0o000, "closed")])
def test_a_folder_of_somebody_else_is_refused_before_any_work(mode, why):
    code = """
if os.geteuid() == 0:
    os.setuid(65534)  # root may write everywhere
try:
    require_writable(target)
except ExportError as error:
    print(error)
"""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        os.chmod(folder, 0o755)
        parent = Path(folder) / why
        parent.mkdir()
        parent.chmod(mode)
        printed = finished(code, parent / "model-data")
        parent.chmod(0o755)
    assert f"Nothing can be written to {parent} (Permission denied)" in printed


def test_leftovers_of_a_killed_process_are_tidied(old):
    before = contents(old)
    sibling(old, "partial")
    sibling(old, "replaced")
    require_writable(old, replace=True)
    assert os.listdir(old.parent) == ["model-data"] and contents(old) == before


def test_an_artifact_that_a_killed_process_had_set_aside_is_restored(target):
    sibling(target, "replaced")
    sibling(target, "partial")
    with pytest.raises(ExportError, match="exists already"):
        require_writable(target)
    assert contents(target.parent) == {Path("model-data/manifest.json"): b"replaced"}


def test_what_a_living_process_is_writing_is_left_alone(old):
    code = (
        "with staged(target, replace=True) as stage:\n print(stage, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", ALONE + code, str(old)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        stage = Path(other.stdout.readline().strip())
        require_writable(old, replace=True)
        assert stage.is_dir()
        other.communicate(timeout=60)
    assert other.returncode == 0 and contents(old) == {}


def test_the_old_artifact_survives_a_kill_and_the_next_run_tidies(old):
    code = """
with staged(target, replace=True) as stage:
    (stage / "half").write_text("half")
    print("inside", flush=True)
    time.sleep(60)
"""
    before = contents(old)
    with process(code, old) as running:
        assert running.stdout.readline() == "inside\n"
        running.send_signal(signal.SIGKILL)
        running.wait(timeout=60)
    assert contents(old) == before and len(os.listdir(old.parent)) == 3
    with staged(old, replace=True) as stage:
        (stage / "manifest.json").write_text("new")
    assert contents(old.parent) == {Path("model-data/manifest.json"): b"new"}


def test_a_write_that_the_system_refuses_leaves_the_old_artifact(old):
    code = """
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # writing more fails, as on a full disk
try:
    with staged(target, replace=True) as stage:
        (stage / "small").write_bytes(bytes(1000))
        (stage / "large").write_bytes(bytes(1001))
except ExportError as error:
    print(error)
"""
    before = contents(old.parent)
    printed = finished(code, old)
    assert "could not be written" in printed and "File too large" in printed
    assert "the artifact before it is untouched" in printed and "--resume" in printed
    assert contents(old.parent) == before and os.listdir(old.parent) == ["model-data"]
