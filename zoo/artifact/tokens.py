"""Strings as rows of tokens: how one is cut, and which number each token has.

A tokenizer is one regular expression, of which every character of a string belongs to one match:
to cut a string and to join its tokens gives the string again, whatever it is.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from zoo.errors import InputError

TOKENS, MODE = "tokens", "tokens_mode"
"""Tensors: strings that are given or drawn, and the likeliest of each step."""

END = ""
"""The last of a vocabulary's tokens: what follows the last token of each string, once and on."""

TOKENIZERS = {
    "smiles": r"\[[^\[\]]*\]|Br|Cl|%\d\d|.",
    "selfies": r"\[[^\[\]]*\]|.",
    "characters": r".",
}
"""name -> what a token is.

Of SMILES (Weininger 1988) an atom in brackets, the two of two letters that need none, a ring's
closure of two digits, and any other character: an atom, a bond, a branch, a ring's digit. Of
SELFIES (Krenn et al. 2020) what stands in brackets.
"""

_EXPRESSIONS = {name: re.compile(each, re.DOTALL) for name, each in TOKENIZERS.items()}
_SHOWN = 60  # tokens of a vocabulary that an error names


def split(tokenizer: str, text: str) -> list[str]:
    """The tokens of a string."""
    return _EXPRESSIONS[tokenizer].findall(text)


@dataclass(frozen=True)
class Vocabulary:
    """Tokens and their numbers.

    Args:
        tokenizer: one of `TOKENIZERS`.
        tokens: in the order of their numbers; the last one is `END`.
        steps: of a row, one more than the longest string has tokens.
    """

    tokenizer: str
    tokens: tuple[str, ...]
    steps: int

    @cached_property
    def numbers(self) -> dict[str, int]:
        """{token: number}."""
        return {token: number for number, token in enumerate(self.tokens)}

    @property
    def end(self) -> int:
        """The number of `END`."""
        return len(self.tokens) - 1

    def row(self, text: str) -> list[int]:
        """The numbers of a string's tokens, and of the end after them, `steps` in all.

        Raises:
            InputError: for a token that is none of these, or too many of them.
        """
        cut = split(self.tokenizer, text)
        found = [self.numbers.get(token, -1) for token in cut]
        if -1 in found:
            place = found.index(-1)
            raise InputError(
                f"{text!r:.200} has the token {cut[place]!r:.40} (the {place + 1}. of "
                f"{len(cut)}), which the model does not know. It knows {self._shown()}."
            )
        if len(found) >= self.steps:
            raise InputError(
                f"{text!r:.200} has {len(found)} tokens, and the model takes {self.steps - 1} at "
                "most. Leave it out, or train with longer strings."
            )
        return found + [self.end] * (self.steps - len(found))

    def text(self, row: Iterable[int]) -> str:
        """The string of a row of numbers, which ends before the first end."""
        tokens = []
        for number in row:
            if not 0 <= number < self.end:
                break
            tokens.append(self.tokens[number])
        return "".join(tokens)

    def _shown(self) -> str:
        known = self.tokens[:-1]
        more = f" and {len(known) - _SHOWN:,} more" if len(known) > _SHOWN else ""
        return " ".join(map(_plain, known[:_SHOWN])) + more


def problems(tokenizer: object, tokens: Sequence[object], of_tokens: bool) -> Iterable[str]:
    """What tokens and tokenizer of a schema may not be; `of_tokens`: it is one of strings."""
    if not of_tokens:
        if tokenizer or tokens:
            yield "it has tokens and is of no strings"
        return
    if not isinstance(tokenizer, str) or tokenizer not in TOKENIZERS:
        yield f"its tokenizer is {tokenizer!r:.40}, wanted is one of {', '.join(TOKENIZERS)}"
    if not all(isinstance(each, str) for each in tokens) or len({*tokens}) < len(tokens):
        yield "its tokens are not all text, each once"
    elif len(tokens) < 2 or tokens[-1] != END or END in tokens[:-1]:
        yield "its last token, and no other, is to be empty: the end"


def _plain(token: str) -> str:
    return token if token.isprintable() and not token.isspace() else repr(token)
