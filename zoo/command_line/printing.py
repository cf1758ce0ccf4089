"""Prints. Whatever a name, a manifest or an error holds, a terminal gets printable characters."""

import json
import sys


def printable(text):
    """A line in which control characters are escaped, and whatever else is not to be seen.

    Escape sequences, which move a terminal's cursor or change its title; line ends, by which a
    name could pretend to be a line of ours; characters that turn the direction of writing; halves
    of characters, which no encoding has.
    """
    text = str(text)
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def say(*lines, to=None):
    """Prints each line."""
    for line in lines:
        print(printable(line), file=to or sys.stdout)


def columns(lines):
    """Lines of cells, the first one the heading, as the lines of a table."""
    from zoo.runtime import replay_in_words

    cells = [[printable(cell) for cell in line] for line in lines]
    return replay_in_words.columns(cells).splitlines()


def say_markdown(head, rows):
    """Prints a table in Markdown."""
    for row in (head, ["---"] * len(head), *rows):
        say("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |")


def say_json(value):
    """Prints a value as JSON, in ASCII."""
    text = json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False)
    print(text.replace("\x7f", "\\u007f"), file=sys.stdout)


def _escaped(character):
    return character.encode("unicode_escape").decode("ascii")
