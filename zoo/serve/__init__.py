"""Serve: artifacts over HTTP, by the Open Inference Protocol and by the words of their schemas.

Needs the extra `serve`: uvicorn and httptools, which read HTTP, and prometheus-client. The training
stack is not needed, and nothing of it is loaded.
"""

from zoo.serve.settings import Access, Limits

__all__ = ["Access", "Limits"]
