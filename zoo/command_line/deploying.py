"""`zoo deploy`: an artifact as the folder that a model server starts from."""

import shlex
from pathlib import Path

from zoo.command_line.printing import say


def add(commands):
    """Adds the command, and one below it for each server."""
    deploy = commands.add_parser(
        "deploy",
        help="an artifact as the folder that a model server starts from",
        description="Writes the folder that a model server starts from. The artifact's files are "
        "checked first; the folder appears whole or not at all, and says in its README.md how to "
        "start the server and what to ask it.",
    )
    servers = deploy.add_subparsers(metavar="SERVER", required=True)
    for name, run, what in (
        ("triton", _triton, "a model repository for Triton Inference Server"),
        ("tf-serving", _tf_serving, "a SavedModel folder for TensorFlow Serving"),
        ("kserve", _kserve, "an InferenceService for KServe, and the models to upload"),
    ):
        server = servers.add_parser(name, help=what, description=f"Writes {what}.")
        server.add_argument("artifact", metavar="ARTIFACT", help="its folder or its name")
        server.add_argument(
            "--out", required=True, metavar="DIR", help="the folder to write; must not exist"
        )
        server.add_argument("--name", help="to serve it by; default: the artifact's")
        if name != "tf-serving":
            _triton_options(server)
        if name == "kserve":
            _kserve_options(server)
        server.set_defaults(run=run)


def _triton_options(parser):
    parser.add_argument(
        "--max-batch-size",
        type=int,
        default=64,
        metavar="N",
        help="the largest batch that Triton forms or accepts; default: %(default)s",
    )
    parser.add_argument(
        "--max-queue-delay-microseconds",
        type=int,
        default=0,
        metavar="N",
        help="how long a request may wait for others to share a batch with; default: %(default)s",
    )
    parser.add_argument(
        "--tensorrt",
        action="store_true",
        help="on a GPU, run the graphs by TensorRT in float16, all but generate and score",
    )


def _kserve_options(parser):
    parser.add_argument(
        "--storage-uri",
        required=True,
        metavar="URI",
        help="where the cluster finds what models/ holds, such as s3://bucket/vae",
    )
    parser.add_argument(
        "--runtime-version",
        required=True,
        metavar="TAG",
        help="of the Triton image, such as 24.10-py3",
    )
    parser.add_argument(
        "--gpus", type=int, default=1, metavar="N", help="of each replica; default: %(default)s"
    )


def _triton(options):
    from zoo import deploy
    from zoo.deploy.triton import START

    deploy.triton(**_given(options))
    _print(options.out, "Start it, where tritonserver is (Triton's container)", START)
    return 0


def _tf_serving(options):
    from zoo import deploy
    from zoo.deploy.tf_serving import START

    deploy.tf_serving(**_given(options))
    _print(options.out, "Start it", START)
    return 0


def _kserve(options):
    from zoo import deploy
    from zoo.deploy.kserve import START

    deploy.kserve(**_given(options))
    upload = f"Upload what {Path(options.out, 'models')} holds to {options.storage_uri}; then start"
    _print(options.out, f"{upload} it", START)
    return 0


def _given(options):
    """The function's arguments: every option has the name of one."""
    return {name: value for name, value in vars(options).items() if name != "run"}


def _print(out, introduction, start):
    """What was written, and the one command that starts it."""
    say(f"Written to {out}:")
    for path in sorted(Path(out).iterdir()):
        say(f"  {path.name}{'/' if path.is_dir() else ''}")
    say(f"{introduction}:", f"  cd {shlex.quote(str(out))} && {start}")
    say(f"What to ask it, says {Path(out, 'README.md')}.")
