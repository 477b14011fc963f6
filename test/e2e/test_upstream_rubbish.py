"""Model servers that speak no clean HTTP, or hang up at the wrong moment: typed errors, nothing reused that is not clean."""

import socket
import threading

import pytest

import harness
import manifests
from peer import Peer, answering, read_request, response
from test_metrics import Exposition

CHAT = "/v1/chat/completions"


def before(stage, handle, workers=1):
    """A gateway before a scripted peer."""
    peer = stage.keep(Peer(handle))
    text = manifests.to_text(manifests.gateway(), manifests.route("all", "model"),
                             manifests.openai("model", peer.port, "served-model"))
    return peer, stage.gateway([stage.write("config.yaml", text)], binds=["edge"], workers=workers)


def ask(gateway, body=harness.CHAT):
    return harness.post(gateway.port("edge"), CHAT, body)


JSON = b"Content-Type: application/json\r\n"
OK = b"HTTP/1.1 200 OK\r\n"
SIZED = b"Content-Length: 2\r\n\r\n{}"
RUBBISH = {
    "no HTTP": b"hello there\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "binary": bytes(range(256)) * 4,
    "a page without a head": b"<html>hello</html>\r\n",
    "a request": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "version 2": b"HTTP/2.0 200 OK\r\n" + SIZED,
    "lower-case version": b"http/1.1 200 OK\r\n" + SIZED,
    "status before the version": b"200 HTTP/1.1 OK\r\n" + SIZED,
    "empty line first": b"\r\n" + OK + SIZED,
    "no status": b"HTTP/1.1 OK\r\n" + SIZED,
    "status 42": b"HTTP/1.1 42 OK\r\n" + SIZED,
    "status 099": b"HTTP/1.1 099 OK\r\n" + SIZED,
    "status 600": b"HTTP/1.1 600 OK\r\n" + SIZED,
    "status 1000": b"HTTP/1.1 1000 OK\r\n" + SIZED,
    "status with a letter": b"HTTP/1.1 2OO OK\r\n" + SIZED,
    "no space behind the status": b"HTTP/1.1 200OK\r\n" + SIZED,
    "two spaces before the status": b"HTTP/1.1  200 OK\r\n" + SIZED,
    "switching protocols unasked": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "length and chunked": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "length that is no number": OK + b"Content-Length: two\r\n\r\n{}",
    "negative length": OK + b"Content-Length: -2\r\n\r\n{}",
    "length beyond 64 bits": OK + b"Content-Length: 18446744073709551618\r\n\r\n{}",
    "length where no body may be": b"HTTP/1.1 204 No Content\r\n" + SIZED,
    "length of an informational answer": b"HTTP/1.1 103 Early Hints\r\n" + SIZED + OK + SIZED,
    "unknown coding": OK + b"Transfer-Encoding: gzip\r\n\r\n{}",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "folded field": OK + b"X-A: 1\r\n 2\r\n" + SIZED,
    "space before the colon": OK + b"Content-Length : 2\r\n\r\n{}",
    "NUL in a field": OK + b"X-A: \x00\r\n" + SIZED,
    "endless status line": b"HTTP/1.1 200 " + b"O" * 300_000,
    "endless head": OK + b"X-Endless: " + b"x" * 300_000,
    "endless fields": OK + b"".join(b"X-%d: 1\r\n" % n for n in range(20_000)),
    "endless informational answers": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 20_000,
    "head cut short": OK + b"Content-Le",
    "nothing": b"",
}
CUT_SHORT = ("head cut short", "nothing")


def end(connection):
    """Nothing more comes, and whatever the gateway still sends is taken: it never sees a reset."""
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(65536):
        pass


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", RUBBISH)
def test_an_answer_that_is_no_http_is_a_typed_502(stage, name, stream):
    detail = "connection_terminated" if name in CUT_SHORT else "http_protocol_error"
    peer, gateway = before(stage, answering(RUBBISH[name], then=end))
    for _ in range(2):
        reply = ask(gateway, {**harness.CHAT, "stream": stream})
        assert reply.status == 502, reply.body
        error = reply.json()["error"]
        assert (error["type"], error["code"]) == ("api_error", "upstream_invalid")
        line = gateway.access_of(reply)
        assert line["gatehouse.outcome"] == "UpstreamFailed" and line["error"].startswith(detail)
    assert peer.connections == 2, "the connection was used again"
    assert peer.errors == []
    metrics = Exposition(gateway.metrics())
    assert metrics.total("gatehouse_upstream_attempts_total", detail=detail) == 2
    assert metrics.total("gatehouse_requests_total", outcome="UpstreamFailed", status="502") == 2


def test_rubbish_is_told_in_the_words_of_each_kind_of_route(stage):
    peer = stage.keep(Peer(answering(RUBBISH["no HTTP"], then=end)))
    text = manifests.to_text(
        manifests.gateway(), manifests.route("claude", "claude", "/claude"), manifests.anthropic("claude", peer.port),
        manifests.route("plain", "plain", "/plain"), manifests.static("plain", peer.port),
    )
    gateway = stage.gateway([stage.write("config.yaml", text)], binds=["edge"])
    body = {"model": "claude", "max_tokens": 9, "messages": harness.CHAT["messages"]}
    reply = harness.post(gateway.port("edge"), "/claude/v1/messages", body)
    assert reply.status == 502 and reply.json()["error"]["type"] == "api_error" and reply.json()["type"] == "error"
    reply = harness.post(gateway.port("edge"), "/plain", None, method="GET")
    assert reply.status == 502 and reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["code"] == "upstream_invalid"
    assert peer.connections == 2


# What comes after a good head and makes the body unusable: the client must not take it for whole.
WITH_CHUNKS = OK + JSON + b"Transfer-Encoding: chunked\r\n\r\n"
BROKEN_BODIES = {
    "shorter than it says": OK + JSON + b"Content-Length: 100\r\n\r\n{}",
    "chunk size that is no number": WITH_CHUNKS + b"1\r\n{\r\nzz\r\n}\r\n",
    "chunk size beyond 64 bits": WITH_CHUNKS + b"1\r\n{\r\nfffffffffffffffff\r\n}\r\n",
    "no last chunk": WITH_CHUNKS + b"2\r\n{}\r\n",
    "chunk longer than it says": WITH_CHUNKS + b"1\r\n{}{}\r\n0\r\n\r\n",
    "chunk extension without an end": WITH_CHUNKS + b"2;" + b"x" * 300_000,
    "more framing than content": WITH_CHUNKS + (b"1;" + b"x" * 200 + b"\r\n{\r\n") * 3000 + b"0\r\n\r\n",
    "trailer without an end": WITH_CHUNKS + b"2\r\n{}\r\n0\r\n" + b"X-A: 1\r\n" * 50_000,
}


@pytest.mark.parametrize("name", BROKEN_BODIES)
def test_a_body_that_breaks_off_is_not_ended_cleanly(stage, name):
    peer, gateway = before(stage, answering(BROKEN_BODIES[name], then=end))
    for _ in range(2):
        try:
            reply = ask(gateway)
        except (harness.http.client.IncompleteRead, ConnectionError):
            pass
        else:
            assert reply.status == 502, reply.body
    for line in gateway.access_log(2):
        assert line["gatehouse.outcome"] in ("UpstreamTruncated", "UpstreamFailed")
    assert peer.connections == 2
    assert peer.errors == []


@pytest.mark.parametrize("framing", ["length", "chunked", "until close"])
def test_an_answer_of_single_bytes_is_put_together(stage, framing):
    body = b'{"object":"chat.completion","choices":[]}'
    answer = {
        "length": response(body),
        "chunked": b"HTTP/1.1 200 OK\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n"
                   + b"".join(b"1;ext=1\r\n%c\r\n" % byte for byte in body) + b"0\r\nX-Trailer: 1\r\n\r\n",
        "until close": b"HTTP/1.1 200 OK\r\n" + JSON + b"\r\n" + body,
    }[framing]

    def handle(connection, _):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while read_request(connection) is not None:
            for byte in answer:
                connection.sendall(bytes([byte]))
            if framing == "until close":
                return
    peer, gateway = before(stage, handle)
    for _ in range(2):
        reply = ask(gateway)
        assert (reply.status, reply.body) == (200, body)
    assert peer.connections == (2 if framing == "until close" else 1)
    assert gateway.access_log(2)[1]["gatehouse.outcome"] == "Completed"


def test_bytes_after_an_answer_end_the_connection(stage):
    peer, gateway = before(stage, answering(response() + b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsmuggle"))
    for _ in range(3):
        reply = ask(gateway)
        assert (reply.status, reply.body) == (200, b"{}")
    assert peer.connections == 3


def test_informational_answers_are_passed_over(stage):
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    peer, gateway = before(stage, answering(early + response()))
    for _ in range(2):
        assert ask(gateway).body == b"{}"
    assert peer.connections == 1


def test_a_connection_the_model_server_closed_while_idle_is_not_used_again(stage):
    """It closes after each answer without saying so, as servers with an idle limit do."""
    peer, gateway = before(stage, answering(response(), then=lambda connection: None))
    for _ in range(20):
        assert ask(gateway).status == 200
    assert peer.connections == 20


def test_a_request_on_a_stale_connection_is_sent_once_more_and_succeeds(stage):
    """The peer takes the second request of its first connection and hangs up on it without a byte of answer."""
    def handle(connection, number):
        served = 0
        while read_request(connection) is not None:
            if number == 0 and served == 1:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                return
            connection.sendall(response(b'{"on":%d}' % number))
            served += 1
    peer, gateway = before(stage, handle)
    assert ask(gateway).json() == {"on": 0}
    assert ask(gateway).json() == {"on": 1}
    assert ask(gateway).json() == {"on": 1}
    assert peer.connections == 2
    first, again, _ = gateway.access_log(3)
    assert "retry.attempt" not in first and first["gatehouse.attempts"] == 1
    assert (again["retry.attempt"], again["gatehouse.attempts"], again["gatehouse.outcome"]) == (1, 2, "Completed")
    assert Exposition(gateway.metrics()).total("gatehouse_retries_total", cause="retry_connect") == 1


def test_a_request_is_sent_once_more_and_no_oftener(stage):
    """The peer answers once; then it hangs up on every request, on whatever connection."""
    seen = []

    def handle(connection, number):
        while read_request(connection) is not None:
            seen.append(number)
            if len(seen) > 1:
                return
            connection.sendall(response())
    _, gateway = before(stage, handle)
    assert ask(gateway).status == 200
    assert ask(gateway).status == 502
    assert seen == [0, 0, 1]


def test_a_request_that_was_worked_on_is_not_sent_again(stage):
    """A model server that took the request of a kept connection and dies over it a good while later may have acted on it."""
    seen = []

    def handle(connection, number):
        while read_request(connection) is not None:
            seen.append(number)
            if len(seen) > 1:
                threading.Event().wait(1.5)  # its work
                return
            connection.sendall(response())
    _, gateway = before(stage, handle)
    assert ask(gateway).status == 200
    assert ask(gateway).status == 502
    assert seen == [0, 0]


def test_a_request_on_a_new_connection_is_not_sent_twice(stage):
    seen = []

    def handle(connection, number):
        if read_request(connection) is not None:
            seen.append(number)
    _, gateway = before(stage, handle)
    assert ask(gateway).status == 502
    assert seen == [0]


def test_an_answer_begun_is_not_asked_for_again(stage):
    seen = []

    def handle(connection, number):
        while read_request(connection) is not None:
            seen.append(number)
            connection.sendall(response() if len(seen) == 1 else b"HTTP/1.1 200 OK\r\nCont")
            if len(seen) > 1:
                return
    _, gateway = before(stage, handle)
    assert ask(gateway).status == 200
    assert ask(gateway).status == 502
    assert seen == [0, 0]


def test_an_early_refusal_reaches_the_client_while_it_sends(stage):
    """413 after the head of a large request, with the rest unread: what was half sent is not sent on over."""
    refusal = b'{"error":{"message":"too large","type":"invalid_request_error","code":"too_large"}}'
    stop = socket.socketpair()

    def handle(connection, _):
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        connection.sendall(response(refusal, status=b"413 Payload Too Large"))
        stop[0].recv(1)
    peer, gateway = before(stage, handle)
    for _ in range(2):
        reply = ask(gateway, {**harness.CHAT, "filler": "x" * (20 << 20)})
        assert (reply.status, reply.body) == (413, refusal)
    assert peer.connections == 2
    stop[1].close()


def test_a_model_server_that_never_reads_is_given_up_by_its_timeout(stage):
    stop = socket.socketpair()
    peer = stage.keep(Peer(lambda connection, _: stop[0].recv(1)))
    text = manifests.to_text(
        manifests.gateway(), manifests.route("all", "model", timeouts={"request": "200ms"}),
        manifests.openai("model", peer.port, "served-model"),
    )
    gateway = stage.gateway([stage.write("config.yaml", text)], binds=["edge"])
    reply = ask(gateway, {**harness.CHAT, "filler": "x" * (20 << 20)})
    stop[1].close()
    assert (reply.status, reply.json()["error"]["code"]) == (504, "upstream_timeout")
    assert gateway.access_of(reply)["gatehouse.outcome"] == "TimedOut"
