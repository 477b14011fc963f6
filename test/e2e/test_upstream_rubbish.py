"""Model servers that speak no clean HTTP, or hang up at the wrong moment: typed errors, nothing reused that is not clean."""

import socket

import pytest

import harness
import manifests
from peer import Peer, answering, read_request, response

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
RUBBISH = {
    "no HTTP": b"hello there\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "binary": bytes(range(256)) * 4,
    "version 2": b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "no status": b"HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\n{}",
    "status 42": b"HTTP/1.1 42 OK\r\nContent-Length: 2\r\n\r\n{}",
    "status 1000": b"HTTP/1.1 1000 OK\r\nContent-Length: 2\r\n\r\n{}",
    "switching protocols unasked": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "length and chunked": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "length that is no number": b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}",
    "unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "folded field": b"HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 2\r\n\r\n{}",
    "space before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n{}",
    "NUL in a field": b"HTTP/1.1 200 OK\r\nX-A: \x00\r\nContent-Length: 2\r\n\r\n{}",
    "endless head": b"HTTP/1.1 200 OK\r\n" + b"X-Endless: " + b"x" * 300_000,
    "endless fields": b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(20_000)),
    "head cut short": b"HTTP/1.1 200 OK\r\nContent-Le",
    "nothing": b"",
}


@pytest.mark.parametrize("name", RUBBISH)
def test_an_answer_that_is_no_http_is_a_typed_502(stage, name):
    peer, gateway = before(stage, answering(RUBBISH[name], then=lambda connection: connection.shutdown(socket.SHUT_WR)))
    for _ in range(2):
        reply = ask(gateway)
        assert reply.status == 502, reply.body
        error = reply.json()["error"]
        assert (error["type"], error["code"]) == ("api_error", "upstream_invalid")
        line = gateway.access_of(reply)
        assert line["gatehouse.outcome"] == "UpstreamFailed"
    assert peer.connections == 2, "the connection was used again"
    assert peer.errors == []


# What comes after a good head and makes the body unusable: the client must not take it for whole.
BROKEN_BODIES = {
    "shorter than it says": b"HTTP/1.1 200 OK\r\n" + JSON + b"Content-Length: 100\r\n\r\n{}",
    "chunk size that is no number": b"HTTP/1.1 200 OK\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\nzz\r\n}\r\n",
    "no last chunk": b"HTTP/1.1 200 OK\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    "chunk longer than it says": b"HTTP/1.1 200 OK\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}{}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN_BODIES)
def test_a_body_that_breaks_off_is_not_ended_cleanly(stage, name):
    peer, gateway = before(stage, answering(BROKEN_BODIES[name], then=lambda connection: connection.shutdown(socket.SHUT_WR)))
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
