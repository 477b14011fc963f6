"""Expectations and what is said before a reply: 100, 103 and 417."""

import re
import socket
import subprocess

import pytest

import harness
import manifests
from h2_client import Client
from peer import Peer, read_head, read_request, response

ASK = b"PUT /up HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = (b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n")
OTHERS = b"HTTP/1.1 102 Processing\r\n\r\n" + CONTINUE


def to_service(stage, handle):
    peer = stage.keep(Peer(handle))
    text = manifests.to_text(manifests.gateway(), manifests.route("r", "b"), manifests.static("b", peer.port))
    return stage.gateway([stage.write("c.yaml", text)], binds=["edge"])


def to_model(stage, handle):
    peer = stage.keep(Peer(handle))
    return stage.gateway([stage.write("c.yaml", manifests.one_model(peer.port))], binds=["edge"])


class Wire:
    def __init__(self, gateway):
        self.socket = socket.create_connection(("127.0.0.1", gateway.port("edge")), timeout=harness.PATIENCE)
        self.received = b""

    def send(self, data):
        self.socket.sendall(data)

    def head(self):
        while b"\r\n\r\n" not in self.received:
            piece = self.socket.recv(65536)
            assert piece, f"ended within a head: {self.received!r}"
            self.received += piece
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        return head.lower()

    def stop(self):
        self.socket.close()


def wants(head):
    return re.search(rb"\r\nexpect: 100-continue", head.lower()) is not None


def test_a_client_is_invited_when_the_service_invites(stage):
    seen = []

    def handle(connection, _):
        head, _, body = read_head(connection)
        seen.append((wants(head), body))
        connection.sendall(CONTINUE)
        while len(body) < 5:
            body += connection.recv(5)
        connection.sendall(response(body))
    wire = stage.keep(Wire(to_service(stage, handle)))
    wire.send(ASK)
    assert wire.head().startswith(b"http/1.1 100 ")
    assert seen == [(True, b"")]
    wire.send(b"hello")
    assert wire.head().startswith(b"http/1.1 200 ")
    assert wire.received == b"hello"


def test_a_client_that_is_refused_is_not_invited(stage):
    def handle(connection, _):
        read_head(connection)
        connection.sendall(response(b"no", b"413 Content Too Large"))
        connection.recv(1)
    gateway = to_service(stage, handle)
    wire = stage.keep(Wire(gateway))
    wire.send(ASK)
    assert wire.head().startswith(b"http/1.1 413 ")
    line = gateway.access_log(1)[0]
    assert line["http.status"] == 413


def test_a_service_that_says_nothing_gets_the_body_all_the_same(stage):
    wire = stage.keep(Wire(to_service(stage, lambda connection, _: connection.sendall(response(read_request(connection)[1])))))
    wire.send(ASK)
    assert wire.head().startswith(b"http/1.1 100 ")
    wire.send(b"hello")
    assert wire.head().startswith(b"http/1.1 200 ") and wire.received == b"hello"


def test_a_body_that_has_come_needs_no_invitation(stage):
    heads = []

    def handle(connection, _):
        heads.append(read_request(connection)[0])
        connection.sendall(response())
    wire = stage.keep(Wire(to_service(stage, handle)))
    wire.send(ASK + b"hello")
    assert wire.head().startswith(b"http/1.1 200 ")
    assert not wants(heads[0])


def test_curl_uploads_with_an_expectation(stage, tmp_path):
    big = tmp_path / "big"
    big.write_bytes(b"x" * 3_000_000)
    heads = []

    def handle(connection, _):
        head, length, body = read_head(connection)
        heads.append(head)
        connection.sendall(CONTINUE)
        while len(body) < length:
            body += connection.recv(1 << 20)
        connection.sendall(response(b"%d" % len(body)))
    gateway = to_service(stage, handle)
    done = subprocess.run(["curl", "-sS", "--expect100-timeout", "60", "-H", "Expect: 100-continue", "-T", big,
                           f"http://127.0.0.1:{gateway.port('edge')}/up"], capture_output=True, timeout=harness.PATIENCE)
    assert done.stdout == b"3000000", done.stderr
    assert wants(heads[0])


def test_http2_clients_are_invited_too(stage):
    def handle(connection, _):
        head, _, body = read_head(connection)
        assert wants(head)
        connection.sendall(HINTS + CONTINUE)
        while len(body) < 5:
            body += connection.recv(5)
        connection.sendall(response(body))
    gateway = to_service(stage, handle)
    client = stage.keep(Client(gateway.port("edge")))
    number = client.start("PUT", "/up", [("expect", "100-continue"), ("content-length", "5")], end=False)
    client.until(lambda: any(head[":status"] == "100" for head in client.streams[number].interim), "the invitation")
    client.data(number, b"hello", end=True)
    client.wait(number)
    assert client.streams[number].status == 200 and client.streams[number].body == b"hello"
    assert [head[":status"] for head in client.streams[number].interim] == ["103", "100"]


@pytest.mark.parametrize("expectation", [b"something", b"100-continue, more", b"100-continue=1"])
def test_another_expectation_is_417(stage, expectation):
    gateway = to_model(stage, lambda connection, _: connection.recv(1))
    received = harness.raw_exchange(gateway.port("edge"), b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nExpect: "
                                    + expectation + b"\r\nContent-Length: 5\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 417 ") and b'"error"' in received and b'"expectation"' in received
    line = gateway.access_log(1)[0]
    assert line["gatehouse.outcome"] == "Refused" and line["http.status"] == 417


def test_another_expectation_ends_its_stream_alone(stage):
    gateway = to_service(stage, lambda connection, _: read_request(connection) and connection.sendall(response(b"fine")))
    client = stage.keep(Client(gateway.port("edge")))
    odd = client.start("GET", "/", [("expect", "the-unexpected")])
    good = client.start("GET", "/")
    client.wait(odd)
    client.wait(good)
    assert client.streams[odd].status == 417 and client.streams[good].status == 200


def test_early_hints_pass_and_the_rest_does_not(stage):
    def handle(connection, _):
        while read_request(connection) is not None:
            connection.sendall(OTHERS + HINTS)
            connection.sendall(HINTS.replace(b"a.css", b"b.css") + OTHERS + response(b"page"))
    gateway = to_service(stage, handle)
    wire = stage.keep(Wire(gateway))
    for _ in range(2):
        wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        first, second, last = wire.head(), wire.head(), wire.head()
        assert first == b"http/1.1 103 early hints\r\nlink: </a.css>; rel=preload"
        assert second == first.replace(b"a.css", b"b.css")
        assert last.startswith(b"http/1.1 200 ")
        assert wire.received == b"page"
        wire.received = b""
    client = stage.keep(Client(gateway.port("edge")))
    number = client.start("GET", "/")
    client.wait(number)
    assert client.streams[number].interim == [
        {":status": "103", "link": f"</{name}.css>; rel=preload"} for name in "ab"]
    assert client.streams[number].status == 200 and client.streams[number].body == b"page"


def test_clients_of_http_1_0_and_of_models_hear_nothing_of_it(stage):
    gateway = to_service(stage, lambda connection, _: read_request(connection) and connection.sendall(HINTS + response(b"page")))
    received = harness.raw_exchange(gateway.port("edge"), b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 200 ") and b" 103 " not in received
    model = to_model(stage, lambda connection, _: read_request(connection) and connection.sendall(HINTS + response(b"{}")))
    wire = stage.keep(Wire(model))
    wire.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n"
              b'{"model":"gpt-4o","messages":[]         }'[:40])
    assert not wire.head().startswith(b"http/1.1 103 ")
