"""/openapi.json is true, and /docs needs nothing from elsewhere."""

import json
import re

import hypothesis
import pytest
import schemathesis
from schemathesis import checks

CASES = 5  # an operation


@pytest.fixture(scope="module")
def document(server):
    """The document that the server gives."""
    return json.loads(server.ask("GET", "/openapi.json")[2])


def test_every_example_is_answered(server, document):
    posted = {path: each["post"] for path, each in document["paths"].items() if "post" in each}
    assert len(posted) >= 40
    for path, operation in posted.items():
        example = operation["requestBody"]["content"]["application/json"]["example"]
        status, answer = server.post(path, example)
        assert status == 200, (path, answer)


@pytest.mark.slow
def test_whatever_it_allows_and_does_not_is_answered_as_it_says(server, document):
    kept = ("/v1/table", "/v1/conditional_vae-mnist/generate", "/v1/molecule_vae-qm9/score")
    kept += ("/v2/models/marked-decode", "/v2/health", "/v1/marked")
    paths = {path: each for path, each in document["paths"].items() if path.startswith(kept)}
    schema = schemathesis.openapi.from_dict(document | {"paths": paths})
    checked = [
        checks.not_a_server_error,
        schemathesis.checks.CHECKS.get_one("status_code_conformance"),
        schemathesis.checks.CHECKS.get_one("content_type_conformance"),
        schemathesis.checks.CHECKS.get_one("response_schema_conformance"),
    ]
    settings = hypothesis.settings(
        max_examples=CASES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    asked = []
    for operation in schema.get_all_operations():
        made = operation.ok()
        modes = [schemathesis.GenerationMode.POSITIVE]
        if made.method == "post":  # what has no body cannot be asked otherwise
            modes.append(schemathesis.GenerationMode.NEGATIVE)
        for mode in modes:

            @settings
            @hypothesis.given(case=made.as_strategy(generation_mode=mode))
            def ask(case):
                asked.append(case.call_and_validate(base_url=server.address, checks=checked))

            ask()
    assert len(asked) >= 50


def test_the_page_names_every_place_and_loads_nothing_from_elsewhere(server, document):
    status, headers, body = server.ask("GET", "/docs")
    page = body.decode()
    assert status == 200 and "default-src 'none'" in headers["Content-Security-Policy"]
    assert all(f"{path}</code>" in page for path in document["paths"])
    assert not re.search(r'(src|href)="(https?:)?//', page)
