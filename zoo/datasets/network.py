"""Is there a network? Known within seconds: a download without one retries for minutes."""

import queue
import threading
import time
from collections.abc import Sequence

REFERENCE_URL = "https://storage.googleapis.com"

_PROXY_REFUSALS = {407, 502, 503, 504}


def reachable(urls: Sequence[str], seconds: float = 4.0) -> bool:
    """Whether any of the addresses' hosts answers at all, through the environment's proxies."""
    answers: queue.Queue[bool] = queue.Queue()
    # Threads of their own, because no timeout of a library covers a name server that is silent.
    for url in urls:
        ask = threading.Thread(target=lambda url=url: answers.put(_answers(url, seconds)))
        ask.daemon = True
        ask.start()
    deadline = time.monotonic() + seconds
    for _ in urls:
        try:
            if answers.get(timeout=max(0.01, deadline - time.monotonic())):
                return True
        except queue.Empty:
            return False
    return False


def _answers(url: str, seconds: float) -> bool:
    import requests  # What TFDS downloads with: the same proxies and certificates.

    try:
        response = requests.head(url, timeout=seconds, allow_redirects=False)
    except (requests.RequestException, OSError, ValueError):
        return False
    return response.status_code not in _PROXY_REFUSALS
