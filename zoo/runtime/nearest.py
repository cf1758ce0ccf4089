"""Of words that are known, the one that a word which is not may stand for."""

from collections.abc import Sequence

_ALIKE = 0.6  # of the letters of two words
_COMPARED = 80  # characters of a word that is none


def nearest(word: str, words: Sequence[str]) -> str | None:
    """The word that is most like this one, upper and lower case being one; None if none is like it.

    Like are words of whose letters, taken together, three in five are in common and in one order.
    """
    import difflib  # only who mistypes waits for it

    plain = {each[:_COMPARED].casefold(): each for each in reversed(words)}
    close = difflib.get_close_matches(word[:_COMPARED].casefold(), plain, n=1, cutoff=_ALIKE)
    return plain[close[0]] if close else None
