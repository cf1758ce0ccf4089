"""`zoo republish`: an artifact of an older schema, or an older export, written anew."""

from zoo.command_line.printing import say


def add(commands):
    """Adds the command to the parser's."""
    command = commands.add_parser(
        "republish",
        help="writes an artifact anew from its own model, in the schema of this version",
        description="Makes every format again from the artifact's model.keras and proves it, as "
        "an export after training does. Metrics, figures and provenance are kept; no data set is "
        "needed, the training stack is.",
    )
    command.add_argument("artifact", metavar="ARTIFACT", help="its folder or its name")
    command.add_argument(
        "--out", metavar="DIR", help="the folder that gets it; default: beside the earlier one"
    )
    command.add_argument(
        "--replace",
        action="store_true",
        help="replace what has its name there, once the new one is proven",
    )
    command.add_argument(
        "--no-float16", action="store_true", help="write no graphs that compute in float16"
    )
    command.set_defaults(run=_run)


def _run(options):
    from zoo.export.republishing import republish

    done = republish(options.artifact, options.out, options.replace, float16=not options.no_float16)
    for each in done.lines():
        say(*each.splitlines())
    say(f"Every format answers as the trained model did. Artifact: {done.folder}")
    return 0
