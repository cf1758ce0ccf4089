"""HTTP in its less usual forms: understood, or refused without a second meaning."""

import json

import pytest

from serve.running import Running, all_of, connected, raw

PLACE = "/v1/marked/decode"
BODY = json.dumps({"z": [[1, 2, 3, 4]]}).encode()
ANSWER = b'"x_mean":[[1001.0,1002.0,1003.0,1004.0]]'


def request(*headers, method="POST", path=PLACE, body=BODY, version="1.1", length=True):
    lines = [f"{method} {path} HTTP/{version}", "Host: a", *headers]
    lines += [f"Content-Length: {len(body)}"] if length else []
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def closing(*headers, **options):
    return request("Connection: close", *headers, **options)


def status(found):
    return int(found.split(b" ", 2)[1])


@pytest.mark.parametrize(
    "path", ["/v2", "/v2/health/live", "/v1/marked", "/metrics", "/docs", "/openapi.json"]
)
def test_head_is_get_without_the_body(server, path):
    head, rest = raw(server, closing(method="HEAD", path=path, body=b"")).split(b"\r\n\r\n")
    assert status(head) == 200 and rest == b""
    same = server.ask("GET", path)
    assert same[0] == 200
    if path != "/metrics":
        assert f"content-length: {len(same[2])}".encode() in head.lower()


def test_head_of_what_is_posted_and_methods_there_are_none_of(server):
    for method, path, allowed in (
        ("HEAD", PLACE, b"POST"),
        ("OPTIONS", PLACE, b"POST"),
        ("OPTIONS", "/v2", b"GET, HEAD"),
        ("TRACE", "/v2", b"GET, HEAD"),
    ):
        found = raw(server, closing(method=method, path=path, body=b""))
        assert status(found) == 405 and b"allow: " + allowed + b"\r\n" in found
    assert status(raw(server, closing(method="OPTIONS", path="*", body=b""))) == 404
    assert status(raw(server, closing(method="CONNECT", path="a:80", body=b""))) == 400


def test_expect_100_continue_is_told_to_go_on_before_the_body_is_sent(server):
    whole = closing("Expect: 100-continue")
    with connected(server) as connection:
        connection.sendall(whole[: -len(BODY)])
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        found, _ = all_of(connection)
    assert status(found) == 200 and ANSWER in found


def test_a_body_that_would_be_refused_is_not_asked_for(server):
    with connected(server) as connection:
        lines = ("Expect: 100-continue", "Connection: close", f"Content-Length: {2**40}")
        connection.sendall(request(*lines, body=b"", length=False))
        found, closed = all_of(connection)
    assert status(found) == 413 and closed


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("end", ["", "Trailer: a\r\n"], ids=["plain", "with a trailer"])
def test_a_body_in_chunks_is_one_body(server, size, end):
    parts = [BODY[at : at + size] for at in range(0, len(BODY), size)]
    chunks = b"".join(b"%X;x=y\r\n%s\r\n" % (len(each), each) for each in parts)
    whole = chunks + b"0\r\n" + end.encode() + b"\r\n"
    found = raw(server, closing("Transfer-Encoding: chunked", body=whole, length=False))
    assert status(found) == 200 and ANSWER in found


@pytest.mark.parametrize("chunk", [b"zz\r\n", b"-1\r\n", b"f" * 20 + b"\r\n", b"2\r\n{}x\r\n"])
def test_chunks_that_are_none(server, chunk):
    found = raw(server, closing("Transfer-Encoding: chunked", body=chunk, length=False))
    assert status(found) == 400


@pytest.mark.parametrize("headers", [(), ("Connection: keep-alive",)])
def test_http_1_0_is_answered_and_closed(server, headers):
    with connected(server) as connection:
        connection.sendall(request(*headers, version="1.0"))
        found, closed = all_of(connection)
    assert status(found) == 200 and ANSWER in found and closed
    assert b"transfer-encoding" not in found.lower()


def test_requests_that_come_at_once_are_answered_in_their_order(server):
    given = [[[n, 0, 0, 0]] for n in range(50)]
    asked = [request(body=json.dumps({"z": each}).encode()) for each in given]
    asked[-1] = asked[-1].replace(b"Host: a", b"Host: a\r\nConnection: close")
    found = raw(server, b"".join(asked))
    firsts = [float(each.split(b"[[")[1].split(b",")[0]) for each in found.split(b"HTTP/1.1 ")[1:]]
    assert firsts == [1000.0 + n for n in range(50)]


def test_a_refusal_leaves_the_connection_in_step(server):
    """The body of a request that is refused before it is read is not the next request."""
    hidden = request(path="/v1/hidden", method="GET", body=b"")
    first = request(path="/v1/absent/decode", body=hidden)
    found = raw(server, first + closing())
    assert [status(each) for each in found.split(b"HTTP/1.1")[1:]] == [404, 200]


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/v1/m%61rked/decode", 200),
        ("/%761/marked/decode", 200),
        ("/v1/marked/decode?a=b", 200),
        ("http://other.example/v1/marked/decode", 200),
        ("/v1/marked%2fdecode", 200),
        ("/v1/marked/decode/", 404),
        ("/v1/marked//decode", 404),
        ("/v1/./marked/decode", 404),
        ("/v1/x/../marked/decode", 404),
        ("/v1/marked/decode%00", 404),
        ("/v1/marked/decode%0d%0aX:%20y", 404),
        ("/v1/marked/decode%", 404),
        ("/v1/marked/decode%zz", 404),
        ("/v1/marked/%ff%fe", 404),
        ("/V1/marked/decode", 404),
        ("/v1/marked/decode\0", 400),
        ("/v1/marked/decode\x7f", 400),
        ("/v1/marked/decode\xff", 400),
        ("v1/marked/decode", 400),
    ],
)
def test_paths_that_are_written_otherwise(server, path, wanted):
    assert status(raw(server, closing(path=path))) == wanted


@pytest.mark.parametrize(
    "header",
    ["A: b\rC: d", "A: b\nC: d", "A: b\0", "A\0: b", "A : b", " A: b", "A: b\r\n c", "A", ": b"],
)
def test_headers_that_could_be_read_in_two_ways(server, header):
    found = raw(server, closing(header))
    assert status(found) == 400 and found.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("origin", ["https://lab.example\rX: y", "https://lab.example\0"])
def test_no_header_of_an_answer_is_made_of_a_request(guarded, origin):
    found = raw(guarded, closing(f"Origin: {origin}", "Authorization: Bearer sesame"))
    assert status(found) == 400 and b"X: y" not in found


@pytest.mark.parametrize(
    "given", ["Bearer s\xe9same", "Bearer \xff", "Bearer sesame\t\xa0", "\xe9"]
)
def test_a_token_that_is_no_ascii_is_none(guarded, given):
    found = raw(guarded, closing(f"Authorization: {given}"))
    assert status(found) == 401 and b"Bearer TOKEN" in found
    found = raw(guarded, closing("Authorization: Bearer sesame"))
    assert status(found) == 200 and ANSWER in found


def test_the_token_is_asked_of_a_head_and_of_what_there_is_none_of(guarded):
    for method, path in (("HEAD", "/v2"), ("GET", "/absent"), ("PUT", PLACE)):
        assert status(raw(guarded, closing(method=method, path=path, body=b""))) == 401
    assert status(raw(guarded, closing(method="HEAD", path="/v2/health/ready", body=b""))) == 200


def test_a_client_that_would_rather_speak_http_2_is_answered_in_http_1(server):
    """Java's does so unless told otherwise; of a body beside it the parser makes none."""
    upgrade = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
    with connected(server) as connection:
        connection.sendall(request(*upgrade, method="GET", path="/v2", body=b"", length=False))
        found = b""
        while not found.endswith(b"]}"):
            found += connection.recv(65536)
        assert status(found) == 200
        connection.sendall(closing())
        assert ANSWER in all_of(connection)[0]
    hidden = request(path="/v1/hidden", method="GET", body=b"")
    with connected(server) as connection:
        connection.sendall(request(*upgrade, body=hidden)[: -len(hidden)])
        connection.sendall(hidden)
        found, closed = all_of(connection)
    assert status(found) == 400 and b"HTTP/1.1 alone" in found and closed
    assert found.count(b"HTTP/1.1 4") == 1


def test_an_upgrade_that_is_not_asked_of_the_connection_is_none(server):
    found = raw(server, closing("Upgrade: h2c"))
    assert status(found) == 200 and ANSWER in found


def test_a_token_of_the_environment_is_asked_for(made, tmp_path, monkeypatch):
    monkeypatch.setenv("VAE_ZOO_TOKEN", "open")
    running = Running(tmp_path / "log", made / "marked")
    assert running.ask("GET", "/v2")[0] == 401
    assert running.ask("GET", "/v2", headers={"Authorization": "Bearer open"})[0] == 200
    assert running.end() == 0
