"""`Refused`: a request that is not answered, by which status and with what sentence."""

from zoo.errors import ZooError


class Refused(ZooError):
    """A request that is refused.

    Args:
        status: of HTTP, 4xx, or 503 where the server has no place or no time.
        sentence: what was given, what is wanted and what to do.
        headers: to answer besides.
    """

    def __init__(
        self, status: int, sentence: str, headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers = headers


class HungUp(Exception):
    """The client closed its connection before its request was there."""


def short(value: object) -> str:
    """What a client gave, as a sentence may repeat it."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits
        return "what cannot be shown"
    return text if len(text) <= 80 else f"{text[:77]}..."
