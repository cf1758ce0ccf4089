"""`zoo serve`: artifacts over HTTP, until the command is ended."""

import argparse
import contextlib
import os
import sys

_MALLOC = {-8: 2, -3: 2**20, -1: 2**22}
"""glibc's M_ARENA_MAX, M_MMAP_THRESHOLD and M_TRIM_THRESHOLD, by their numbers in malloc.h."""

TOKEN = "VAE_ZOO_TOKEN"
"""The environment variable that holds a token, which command lines show to everybody."""


def add(commands):
    """Adds the command."""
    parser = commands.add_parser(
        "serve",
        help="artifacts over HTTP, by the Open Inference Protocol and by words",
        description="Serves artifacts by the Open Inference Protocol (/v2: clients of Triton and "
        "KServe work unchanged) and by the words of their schemas (/v1; /docs shows how). A newer "
        "version of a folder is picked up. SIGTERM ends it when every request is answered.",
    )
    parser.add_argument(
        "artifacts",
        nargs="+",
        metavar="ARTIFACT",
        help="its folder or its name; NAME=ARTIFACT serves it by another name",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen at; default: %(default)s, which other machines do not reach",
    )
    parser.add_argument(
        "--port", type=int, default=8000, help="0 takes a free one; default: %(default)s"
    )
    parser.add_argument(
        "--provider", action="append", help="of ONNX Runtime; may be repeated; default: the CPU"
    )
    parser.add_argument("--threads", type=int, metavar="N", help="of one operator")
    parser.add_argument(
        "--token",
        action="append",
        default=[],
        help=f"a request must carry one as Authorization: Bearer; may be repeated; ${TOKEN} is "
        "one, which other users of the machine do not see",
    )
    parser.add_argument(
        "--cors",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="a web page's origin whose scripts may read answers, or *; may be repeated",
    )
    parser.add_argument(
        "--look-seconds",
        type=float,
        default=2.0,
        metavar="N",
        help="how often folders are looked at for newer versions; 0: never; default: %(default)s",
    )
    parser.add_argument(
        "--no-request-log", action="store_true", help="no line of JSON for each request"
    )
    parser.add_argument(
        "--explorer",
        action=argparse.BooleanOptionalAction,
        help="whether / shows the explorer, for which whoever may ask gets weights and test data; "
        "default: where no token is asked for and this machine alone is answered",
    )
    _limits(parser)
    parser.set_defaults(run=_serve)


def _limits(parser):
    for option, default, what in (
        ("--max-body-bytes", 2**26, "of a request's body, unpacked"),
        ("--max-json-bytes", 2**21, "of the JSON in it, which others wait for while it is read"),
        ("--max-rows", 1024, "of a request"),
        ("--queue", 64, "requests that are computed or wait; more are answered with 503"),
        ("--workers", 2, "threads that compute what takes long"),
    ):
        parser.add_argument(
            option, type=int, default=default, metavar="N", help=f"{what}; default: %(default)s"
        )
    for option, default, what in (
        ("--timeout", 30.0, "seconds that a request may take, waiting included"),
        ("--body-timeout", 10.0, "seconds until a request's body is there"),
    ):
        parser.add_argument(
            option, type=float, default=default, metavar="N", help=f"{what}; default: %(default)s"
        )


def _serve(options):
    from zoo.errors import MissingDependency
    from zoo.serve import Access, Limits

    try:
        from zoo.serve.server import serve
    except ModuleNotFoundError as error:
        raise MissingDependency(
            f'{error.name} is not installed, which serving needs: pip install "vae-zoo[serve]"'
        ) from error
    tokens = [*options.token, *filter(None, [os.environ.get(TOKEN)])]
    limits = Limits(
        body_bytes=options.max_body_bytes,
        json_bytes=options.max_json_bytes,
        rows=options.max_rows,
        queue=options.queue,
        workers=options.workers,
        seconds=options.timeout,
        body_seconds=options.body_timeout,
    )
    _give_back_what_is_free()
    serve(
        options.artifacts,
        options.host,
        options.port,
        providers=options.provider,
        threads=options.threads,
        limits=limits,
        access=Access(tuple(tokens), tuple(options.cors)),
        look_seconds=options.look_seconds,
        request_log=not options.no_request_log,
        explorer=options.explorer,
    )
    return 0


def _give_back_what_is_free():
    """Tells glibc to give freed blocks of a MiB or more back, and to keep two heaps at most.

    Otherwise it keeps ever larger ones for later, up to 32 MiB each, in a heap of each thread: a
    server that once had large requests would stay as large.
    """
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(AttributeError, OSError):  # another C library than glibc
            mallopt = ctypes.CDLL(None).mallopt
            for option, value in _MALLOC.items():
                mallopt(option, value)
