"""A recipe as it is started: its command line, what it says where it ends early, its exit codes."""

import os
import re
import sys
import traceback

from zoo.errors import Interrupted, NotExported, ZooError
from zoo.recipe import command, options, pipeline, short_help

NOT_EXPORTED = 3
"""Exit code of a run that was trained and evaluated where no artifact can be made."""

READ_NO_MORE = 141
"""Exit code where nobody reads what is printed: what a shell reports of SIGPIPE."""


def main(
    config_class,
    model,
    script,
    facts=lambda config, data: {},
    started=None,
    arguments=None,
    settle=lambda config, data: (config, ()),
):
    """A recipe's entry point: reads the command line, runs, and reports errors as sentences.

    Args:
        config_class: the recipe's `Config`; the docstring of its module heads the help.
        model: its name in `zoo.catalog`, whose builder takes what `options.of_model` gives.
        script: the recipe's `__file__`.
        facts: (config, data) -> {name: value}, what the builder takes besides.
        started: the words that the command line began with, as ("zoo", "train", "conv_vae"); None:
            python and the script.
        arguments: what followed them; None: those of this process.
        settle: (config, data) -> the config with what was left open settled, and `Reason`s.
    """
    words = started or ("python", command.shown(script))
    arguments = sys.argv[1:] if arguments is None else list(arguments)

    def build(config, data, likelihood):
        import zoo

        made = zoo.likelihoods.of_schema(likelihood, data.schema)
        given = options.of_model(config) | {"likelihood": made} | facts(config, data)
        return zoo.catalog.build(model, data.event_shape, **given)

    try:
        if config := _read(config_class, " ".join(words), arguments):
            pipeline.run(config, build, script, words, model, settle)
        sys.stdout.flush()
    except NotExported as error:
        print(f"\n{error}")
        _end(NOT_EXPORTED)
    except ZooError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        _end(2)
    except Interrupted as error:
        print(f"\n{error}", file=sys.stderr)
        _end(128 + error.number)
    except BrokenPipeError:  # `python recipes/conv_vae.py | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print("\nInterrupted: what it prints is read no more.", file=sys.stderr)
        _end(READ_NO_MORE)
    except KeyboardInterrupt:
        print("\nInterrupted before training began: nothing was written.", file=sys.stderr)
        _end(130)
    except Exception:
        if not _trains_along():
            raise
        traceback.print_exc()
        _end(1)  # the other processes would be waited for


def _read(config_class, started, arguments):
    """The config that a command line gives, None where it wants the short help."""
    import tyro

    about = sys.modules[config_class.__module__].__doc__
    if "--help" in arguments or "-h" in arguments:
        print(short_help.text(config_class, about.partition("\n")[0], started))
        return None
    # An empty line before each of its heads, which tyro would run together.
    full = re.sub(r"(?<!\n)\n(?=\S)", "\n\n", about)
    every = short_help.ALL in arguments
    given = ["--help" if each == short_help.ALL else each for each in arguments]
    try:
        return tyro.cli(config_class, args=given, description=full, prog=started, add_help=every)
    except SystemExit as error:
        sys.stdout.flush()
        if error.code and not every:  # tyro would point to --help, which shows a part of them
            print(f"Every option: {started} {short_help.ALL}", file=sys.stderr)
        raise


def _trains_along():
    """Whether others do; `zoo.training` is not there yet where the training stack is missing."""
    devices = sys.modules.get("zoo.training.devices")
    return bool(devices) and devices.processes() > 1


def _end(code):
    """Ends the process, see `zoo.training.devices.end`."""
    if _trains_along():
        sys.modules["zoo.training.devices"].end(code)
    sys.exit(code)
