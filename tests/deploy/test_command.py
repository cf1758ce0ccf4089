"""`zoo deploy`: what it writes is what the functions write, where an app has no training stack."""

import inspect
import shlex
import subprocess

import pytest

from zoo import command_line, deploy
from zoo.command_line import main

COMMAND = "from zoo.command_line import main\nsys.exit(main(sys.argv[1:]))"
KSERVE = ("--storage-uri", "s3://bucket/vae", "--runtime-version", "24.10-py3")
SERVERS = {"triton": (), "tf-serving": (), "kserve": KSERVE}


@pytest.fixture
def run(capsys):
    """Runs `zoo deploy` in this process: (exit code, standard output, standard error)."""

    def run(*arguments):
        capsys.readouterr()
        try:
            code = main(["deploy", *map(str, arguments)])
        except SystemExit as stop:  # argparse's way out
            code = stop.code
        return code, *capsys.readouterr()

    return run


def contents(folder):
    """{path: bytes} of all files in and below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def started(output):
    """The one command that the output gives: (folder, command)."""
    (line,) = (line.strip() for line in output.splitlines() if line.startswith("  cd "))
    change, command = line.split(" && ")
    return shlex.split(change)[1], command


@pytest.mark.parametrize("server", SERVERS)
def test_an_app_without_a_training_stack_writes_what_the_function_writes(
    artifact, app_python, tmp_path, server
):
    done = app_python.run(
        COMMAND, "deploy", server, artifact, "--out", tmp_path / "command", *SERVERS[server]
    )
    given = dict(zip(KSERVE[::2], KSERVE[1::2], strict=True)) if server == "kserve" else {}
    given = {name.removeprefix("--").replace("-", "_"): value for name, value in given.items()}
    getattr(deploy, server.replace("-", "_"))(artifact, tmp_path / "function", **given)
    assert contents(tmp_path / "command") == contents(tmp_path / "function")
    named = {line.strip().rstrip("/") for line in done.stdout.splitlines()}
    assert {path.name for path in (tmp_path / "command").iterdir()} <= named
    folder, command = started(done.stdout)
    assert folder == str(tmp_path / "command")
    assert f"    {command}\n" in (tmp_path / "command" / "README.md").read_text("utf-8")


@pytest.mark.parametrize("server", SERVERS)
def test_the_commands_defaults_are_the_functions(server):
    options = command_line._parser().parse_args(
        ["deploy", server, "a", "--out", "b", *SERVERS[server]]
    )
    parameters = inspect.signature(getattr(deploy, server.replace("-", "_"))).parameters
    given = {name: value for name, value in vars(options).items() if name != "run"}
    assert given.keys() == parameters.keys()
    for name, parameter in parameters.items():
        if parameter.default is not parameter.empty:
            assert given[name] == parameter.default, name


def test_tritons_message_reads_every_configuration_with_the_options_given(run, artifact, tmp_path):
    model_config = pytest.importorskip(
        "tritonclient.grpc.model_config_pb2",
        reason="tritonclient brings Triton's ModelConfig message",
    )
    text_format = pytest.importorskip("google.protobuf.text_format")
    options = "--name vae --max-batch-size 8 --max-queue-delay-microseconds 250 --tensorrt".split()
    code, _, error = run("triton", artifact, "--out", tmp_path / "out", *options)
    assert (code, error) == (0, "")
    found = {}
    for path in (tmp_path / "out").glob("*/config.pbtxt"):
        config = text_format.Parse(path.read_text("utf-8"), model_config.ModelConfig())
        assert config.name == path.parent.name and config.max_batch_size == 8
        assert config.dynamic_batching.max_queue_delay_microseconds == 250
        accelerators = config.optimization.execution_accelerators.gpu_execution_accelerator
        found[config.name] = [each.name for each in accelerators]
    assert found["vae-decode"] == ["tensorrt"] and found["vae-generate"] == []


def test_tensorflow_servings_message_reads_the_configuration(run, artifact, tmp_path):
    message = pytest.importorskip(
        "tensorflow_serving.config.model_server_config_pb2",
        reason="tensorflow-serving-api brings the ModelServerConfig message",
    )
    text_format = pytest.importorskip("google.protobuf.text_format")
    code, _, error = run("tf-serving", artifact, "--out", tmp_path / "out", "--name", "vae")
    assert (code, error) == (0, "")
    text = (tmp_path / "out" / "models.config").read_text("utf-8")
    (config,) = text_format.Parse(text, message.ModelServerConfig()).model_config_list.config
    assert (config.name, config.base_path) == ("vae", "/models/vae")
    assert (tmp_path / "out" / "vae" / "1" / "saved_model.pb").is_file()


def test_a_yaml_parser_reads_the_inference_service(run, artifact, tmp_path):
    yaml = pytest.importorskip("yaml", reason="PyYAML parses what the layout writes")
    out = tmp_path / "out"
    code, printed, error = run("kserve", artifact, "--out", out, *KSERVE, "--gpus", 2)
    assert (code, error) == (0, "") and "Upload" in printed and "s3://bucket/vae" in printed
    service = yaml.safe_load((out / "inference_service.yaml").read_text("utf-8"))
    model = service["spec"]["predictor"]["model"]
    assert model["storageUri"] == "s3://bucket/vae" and model["runtimeVersion"] == "24.10-py3"
    assert model["resources"] == {"limits": {"nvidia.com/gpu": "2"}}


@pytest.mark.parametrize("server", SERVERS)
def test_the_command_that_it_gives_is_one_that_a_shell_reads(run, artifact, tmp_path, server):
    out = tmp_path / "a folder's $name"
    _, printed, _ = run(server, artifact, "--out", out, *SERVERS[server])
    folder, command = started(printed)
    assert folder == str(out)
    subprocess.run(["sh", "-n", "-c", f"cd {shlex.quote(folder)} && {command}"], check=True)


@pytest.mark.parametrize(
    "arguments, why",
    [
        ([], "SERVER"),
        (["torchserve"], "invalid choice: 'torchserve'"),
        (["triton"], "ARTIFACT, --out"),
        (["kserve", "a", "--out", "b"], "--storage-uri, --runtime-version"),
        (["triton", "a", "--out", "b", "--max-batch-size", "many"], "invalid int value: 'many'"),
        (["tf-serving", "a", "--out", "b", "--gpus", "1"], "unrecognized arguments: --gpus"),
        (["triton", "nothing-there", "--out", "b"], "There is no artifact 'nothing-there'"),
    ],
)
def test_bad_usage_is_code_2_and_a_sentence(run, arguments, why):
    code, out, error = run(*arguments)
    assert (code, out) == (2, "") and why in error and "Traceback" not in error


@pytest.mark.parametrize(
    "options, why",
    [
        (["triton", "--max-batch-size", "0"], "max_batch_size: given 0, wanted a whole number"),
        (["triton", "--name", "a/b"], "--name"),
        (["kserve", *KSERVE[:2], "--runtime-version", "24 10"], "runtime_version: given '24 10'"),
        (["kserve", *KSERVE, "--gpus", "-1"], "gpus: given -1"),
    ],
)
def test_what_cannot_be_is_code_2_and_nothing_is_written(run, artifact, tmp_path, options, why):
    server, *rest = options
    code, out, error = run(server, artifact, "--out", tmp_path / "out", *rest)
    assert (code, out) == (2, "") and why in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("server", SERVERS)
def test_an_existing_folder_and_a_changed_artifact_are_code_2(
    run, copied_artifact, tmp_path, server
):
    (tmp_path / "mine").mkdir()
    code, _, error = run(server, copied_artifact, "--out", tmp_path / "mine", *SERVERS[server])
    assert code == 2 and "exists already" in error
    for path in (*copied_artifact.glob("onnx/*"), *copied_artifact.glob("saved_model/1/*.pb")):
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    code, _, error = run(server, copied_artifact, "--out", tmp_path / "out", *SERVERS[server])
    assert code == 2 and "sha256 differs" in error and not (tmp_path / "out").exists()
