"""`zoo train`: runs a recipe, or lists them."""

from zoo.command_line.printing import say
from zoo.recipe import shipped

NO_PREFIX = "\0"
"""Of options: what follows `train` is the recipe's, whatever it begins with."""

HELP = ("-h", "--help", "--help-all")


def add(commands):
    """Adds the command to the parser's."""
    command = commands.add_parser(
        "train",
        help="trains a recipe and exports it, or lists the recipes",
        add_help=False,
        prefix_chars=NO_PREFIX,
    )
    command.add_argument("arguments", nargs="*")
    command.set_defaults(run=_run)


def _run(options):
    name, *arguments = options.arguments or HELP
    if name in HELP:
        say(*_list())
        return 0
    module = shipped.load(name)  # before anything of Keras is asked for: it says what is missing
    from zoo.recipe import main

    own = {what: vars(module)[what] for what in ("facts", "settle") if what in vars(module)}
    main(
        module.Config,
        name,
        module.__file__,
        **own,
        started=("zoo", "train", name),
        arguments=arguments,
    )
    return 0


def _list():
    names = shipped.names()
    width = max(map(len, names))
    yield "usage: zoo train RECIPE [OPTIONS]"
    yield ""
    yield "Trains a model, evaluates it in nats, and exports an artifact that is proven equal."
    yield ""
    yield from (f"  {name:<{width}}  {shipped.what(name)}" for name in names)
    yield ""
    yield "On the embedded digits:  zoo train conv_vae"
    yield "Options of a recipe:     zoo train conv_vae --help"
