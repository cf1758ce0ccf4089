"""A cache folder for each test, in which what is left out is listed."""

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The folder."""
    monkeypatch.setenv("VAE_ZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
