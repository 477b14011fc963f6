"""Errors of model servers that are no JSON: a client reads them in its dialect, with status and text kept."""

import gzip
import socket
import threading

import pytest

import harness
import manifests
from peer import Peer, answering, read_request, response, until_gone

CHAT = "/v1/chat/completions"
CLAUDE = {"model": "claude", "max_tokens": 9, "messages": harness.CHAT["messages"]}
HTML = b"Content-Type: text/html; charset=utf-8\r\n"
PLAIN = b"Content-Type: text/plain\r\n"
PAGE = "\n<html><body>\"Bad\" gateway \u00e9</body></html>\n"


def before(stage, handle, timeouts=None):
    """A gateway before a scripted peer that is both kinds of model server."""
    peer = stage.keep(Peer(handle))
    text = manifests.to_text(
        manifests.gateway(),
        manifests.route("claude", "claude", "/claude", timeouts=timeouts), manifests.anthropic("claude", peer.port),
        manifests.route("all", "model", timeouts=timeouts), manifests.openai("model", peer.port, "served-model"),
    )
    return peer, stage.gateway([stage.write("config.yaml", text)], binds=["edge"], workers=1)


def ask(gateway, **more):
    return harness.post(gateway.port("edge"), CHAT, {**harness.CHAT, **more})


def error_of(reply, status):
    assert reply.status == status, reply.body
    assert reply.headers["content-type"] == "application/json"
    assert int(reply.headers["content-length"]) == len(reply.body)
    return reply.json()["error"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_page_is_told_in_openai_s_words(stage, stream):
    page = response(PAGE.encode(), b"502 Bad Gateway", HTML + b'ETag: "1"\r\nLast-Modified: x\r\nX-Request-Id: theirs\r\n')
    peer, gateway = before(stage, answering(page))
    for _ in range(2):
        reply = ask(gateway, stream=stream)
        assert error_of(reply, 502) == {"message": PAGE.strip(), "type": "api_error", "param": None, "code": "upstream_invalid"}
        assert reply.headers["x-request-id"] == "theirs"
        assert "etag" not in reply.headers and "last-modified" not in reply.headers
    assert peer.connections == 1
    for line in gateway.access_log(2):
        assert (line["gatehouse.outcome"], line["http.status"]) == ("Completed", 502)


def test_a_page_is_told_in_the_words_of_messages(stage):
    _, gateway = before(stage, answering(response(PAGE.encode(), b"529 Overloaded", HTML)))
    reply = harness.post(gateway.port("edge"), "/claude/v1/messages", CLAUDE)
    assert error_of(reply, 529) == {"type": "overloaded_error", "message": PAGE.strip()}
    assert reply.json()["type"] == "error"
    assert reply.json()["request_id"] == reply.headers["request-id"] == reply.headers["x-gatehouse-request-id"]


def test_a_limit_told_in_plain_text_keeps_its_fields(stage):
    fields = PLAIN + b"Retry-After: 7\r\nX-RateLimit-Remaining-Requests: 0\r\n"
    _, gateway = before(stage, answering(response(b"slow down", b"429 Too Many", fields)))
    reply = ask(gateway)
    error = error_of(reply, 429)
    assert (error["message"], error["type"], error["code"]) == ("slow down", "rate_limit_error", "rate_limit_exceeded")
    assert (reply.headers["retry-after"], reply.headers["x-ratelimit-remaining-requests"]) == ("7", "0")


UNTOUCHED = {
    "JSON called text": (PLAIN, b' \n{"error": {"message":"as it is",  "code":17}}\n'),
    "JSON called nothing": (b"", b'{"error":  "no type"}'),
    "a list": (b"", b'[{"error":  1}]'),
    "JSON": (b"Content-Type: application/json\r\n", b'{"detail" : "FastAPI"}'),
    "called JSON": (b"Content-Type: application/problem+json\r\n", b"<html>"),
    "a long JSON": (PLAIN, b'{"error":"' + b"x" * 300_000 + b'"}'),
    "compressed": (HTML + b"Content-Encoding: gzip\r\n", gzip.compress(b"<html>no</html>")),
    "empty": (HTML, b""),
    "blank": (HTML, b" \r\n"),
    "very blank": (HTML, b" " * 300_000 + b"<html>"),
    "events": (b"Content-Type: text/event-stream\r\n", b"data: no\n\n"),
}


@pytest.mark.parametrize("name", UNTOUCHED)
def test_what_is_json_or_cannot_be_read_passes_as_it_is(stage, name):
    fields, body = UNTOUCHED[name]
    peer, gateway = before(stage, answering(response(body, b"503 Unavailable", fields)))
    for _ in range(2):
        reply = ask(gateway)
        assert (reply.status, reply.body) == (503, body)
        said = fields.partition(b"\r\n")[0].partition(b": ")[2].decode() or None
        assert reply.headers["content-type"] == said
    assert peer.connections == 1


@pytest.mark.parametrize("character", ["\u00e9", "\u20ac", "\U0001f600"])
def test_a_long_text_is_cut_behind_its_500th_character(stage, character):
    text = "x" * 499 + character * 300
    peer, gateway = before(stage, answering(response(text.encode(), b"500 Oops", PLAIN)))
    for _ in range(2):
        assert error_of(ask(gateway), 500)["message"] == "x" * 499 + character
    assert peer.connections == 1


def test_a_text_in_another_charset_is_made_valid(stage):
    _, gateway = before(stage, answering(response(b"caf\xe9 \x00 zu", b"500 Oops", PLAIN)))
    assert error_of(ask(gateway), 500)["message"] == "caf\ufffd \0 zu"


@pytest.mark.parametrize("framing", ["length", "chunked", "until close"])
@pytest.mark.parametrize("text", [PAGE, ' \n{"error":"in pieces"}\n'], ids=["page", "json"])
def test_an_error_that_comes_byte_by_byte_is_put_together(stage, framing, text):
    body = text.encode()
    head = b"HTTP/1.1 502 Bad Gateway\r\n" + HTML
    answer = {
        "length": response(body, b"502 Bad Gateway", HTML),
        "chunked": head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n",
        "until close": head + b"\r\n" + body,
    }[framing]

    def handle(connection, _):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if read_request(connection) is not None:
            for byte in answer:
                connection.sendall(bytes([byte]))
    peer, gateway = before(stage, handle)
    reply = ask(gateway)
    if "{" in text:
        assert (reply.status, reply.body) == (502, body)
    else:
        assert error_of(reply, 502)["message"] == PAGE.strip()
    assert gateway.access_of(reply)["gatehouse.outcome"] == "Completed"
    assert peer.errors == []


def test_a_page_without_an_end_is_told_when_enough_of_it_is_there(stage):
    told = threading.Event()

    def handle(connection, _):
        read_request(connection)
        connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\n" + HTML + b"Content-Length: 9000\r\n\r\n" + b"y" * 600)
        told.wait(harness.PATIENCE)
    _, gateway = before(stage, handle)
    assert error_of(ask(gateway), 502)["message"] == "y" * 500
    told.set()


def test_a_text_cut_short_is_told_and_recorded_as_such(stage):
    answer = b"HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 100\r\n\r\nslow"
    _, gateway = before(stage, answering(answer, then=lambda connection: None))
    reply = ask(gateway)
    assert error_of(reply, 429)["message"] == "slow"
    assert reply.headers["retry-after"] == "7"
    line = gateway.access_of(reply)
    assert line["gatehouse.outcome"] == "UpstreamTruncated" and line["http.status"] == 429


@pytest.mark.parametrize("begin", [b"", b" \n"])
def test_an_error_cut_short_before_its_text_is_a_typed_502(stage, begin):
    answer = b"HTTP/1.1 429 Too Many\r\nContent-Length: 100\r\n\r\n" + begin
    _, gateway = before(stage, answering(answer, then=lambda connection: None))
    reply = ask(gateway)
    assert error_of(reply, 502)["code"] == "upstream_invalid"
    assert gateway.access_of(reply)["gatehouse.outcome"] == "UpstreamFailed"


def test_json_cut_short_is_not_ended_cleanly(stage):
    answer = b"HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\n{\"error\""
    _, gateway = before(stage, answering(answer, then=lambda connection: None))
    with pytest.raises((harness.http.client.IncompleteRead, ConnectionError)):
        ask(gateway)
    assert gateway.access_log(1)[0]["gatehouse.outcome"] == "UpstreamTruncated"


@pytest.mark.parametrize("limit", ["request", "backendRequest"])
def test_a_text_that_does_not_come_is_given_up_in_the_rule_s_time(stage, limit):
    def handle(connection, _):
        read_request(connection)
        connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\n" + HTML + b"Content-Length: 9000\r\n\r\n")
        connection.recv(1)
    _, gateway = before(stage, handle, timeouts={limit: "200ms"})
    reply = ask(gateway)
    assert error_of(reply, 504)["code"] == "upstream_timeout"
    assert gateway.access_of(reply)["gatehouse.outcome"] == "TimedOut"


def test_a_client_that_leaves_before_the_text_ends_the_waiting(stage):
    asked, left = threading.Event(), threading.Event()

    def handle(connection, _):
        read_request(connection)
        connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\n" + HTML + b"Content-Length: 9000\r\n\r\n<html>")
        asked.set()
        until_gone(connection)
        left.set()
    _, gateway = before(stage, handle)
    body = harness.json.dumps(harness.CHAT).encode()
    with socket.create_connection(("127.0.0.1", gateway.port("edge")), timeout=harness.PATIENCE) as client:
        client.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (CHAT.encode(), len(body), body))
        assert asked.wait(harness.PATIENCE)
    assert left.wait(harness.PATIENCE)
    assert gateway.access_log(1)[0]["gatehouse.outcome"] == "ClientGone"


def test_an_operation_that_is_not_read_passes_its_page(stage):
    _, gateway = before(stage, answering(response(PAGE.encode(), b"502 Bad Gateway", HTML)))
    reply = harness.post(gateway.port("edge"), "/v1/files", None, method="GET")
    assert (reply.status, reply.body) == (502, PAGE.encode())


def test_a_text_that_does_not_end_is_told_after_a_moment(stage):
    done = threading.Event()

    def handle(connection, _):
        if read_request(connection) is not None:
            head = b"HTTP/1.1 503 Busy\r\n" + PLAIN + b"Retry-After: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
            connection.sendall(head + b"d\r\nout of memory\r\n")
            done.wait(harness.PATIENCE)
    _, gateway = before(stage, handle)
    reply = ask(gateway)
    done.set()
    assert error_of(reply, 503)["message"] == "out of memory"
    assert reply.headers["retry-after"] == "1"
    assert gateway.access_log(1)[0]["gatehouse.outcome"] == "Completed"


@pytest.mark.parametrize("key", ["own-key-without-a-shape", "sk-proj-SECRETSECRET1234"])
def test_the_backend_s_key_is_not_told(stage, key):
    """A provider may quote the key that it refuses; the client has never seen it."""
    text = f"Incorrect API key provided: {key}. Check it."
    peer = stage.keep(Peer(answering(response(text.encode(), b"401 Unauthorized", PLAIN))))
    config = manifests.to_text(
        manifests.gateway(), manifests.route("all", "model"), manifests.openai("model", peer.port, secret="key"),
        manifests.secret("key", key),
    )
    gateway = stage.gateway([stage.write("config.yaml", config)], binds=["edge"])
    reply = ask(gateway)
    assert error_of(reply, 401)["message"] == "Incorrect API key provided: [redacted]. Check it."
    assert key not in gateway.text()
