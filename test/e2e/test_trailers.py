"""Trailers of plain routes: those of requests where they are announced, those of replies where they are taken."""

import re

import pytest

import harness
import manifests
from h2_client import Client
from peer import Peer, read_request, response

REPLY = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
         b"2\r\nab\r\n0\r\nX-Sum: 7\r\nSet-Cookie: a=b\r\nX-Api-Key: k\r\n\r\n")
BODY = b"3\r\nabc\r\n0\r\nX-Sum: 9\r\nX-Quiet: 1\r\nCookie: a=b\r\n\r\n"


def to_service(stage, handle):
    peer = stage.keep(Peer(handle))
    text = manifests.to_text(manifests.gateway(), manifests.route("r", "b"), manifests.static("b", peer.port))
    return stage.gateway([stage.write("c.yaml", text)], binds=["edge"])


def collecting(seen):
    """Notes the head and all that follows it of one chunked request."""
    def handle(connection, _):
        data = b""
        while not re.search(rb"\r\n0\r\n(?:[^\r]+\r\n)*\r\n$", data):
            piece = connection.recv(65536)
            if not piece:
                return
            data += piece
        seen.append(data.partition(b"\r\n\r\n"))
        connection.sendall(response(b"fine", fields=b"Connection: close\r\n"))
    return handle


@pytest.mark.parametrize("announced, trailers", [
    (b"X-Sum, Cookie", b"X-Sum: 9\r\n"), (b"x-sum", b"X-Sum: 9\r\n"), (b"X-Other", b""), (None, b""),
])
def test_trailers_of_a_request_pass_if_announced(stage, announced, trailers):
    gateway = to_service(stage, collecting(seen := []))
    field = b"" if announced is None else b"Trailer: " + announced + b"\r\n"
    reply = harness.raw_exchange(gateway.port("edge"), b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + field
                                 + b"Transfer-Encoding: chunked\r\n\r\n" + BODY)
    assert reply.startswith(b"HTTP/1.1 200 ")
    head, _, body = seen[0]
    assert body == b"3\r\nabc\r\n0\r\n" + trailers + b"\r\n"
    names = re.findall(rb"\r\ntrailer: ([^\r]*)", head.lower())
    assert names == ([announced.lower().partition(b",")[0]] if announced else [])


def test_trailers_of_http2_pass_too(stage):
    gateway = to_service(stage, collecting(seen := []))
    client = stage.keep(Client(gateway.port("edge")))
    number = client.start("POST", "/", [("trailer", "x-sum")], b"abc", end=False)
    client.h2.send_headers(number, [("x-sum", "9"), ("x-quiet", "1")], end_stream=True)
    client.flush()
    client.wait(number)
    assert seen[0][2].endswith(b"0\r\nx-sum: 9\r\n\r\n")


def test_trailers_of_a_reply_pass_to_who_takes_them(stage):
    heads = []

    def handle(connection, _):
        while (request := read_request(connection)) is not None:
            heads.append(request[0].lower())
            connection.sendall(REPLY)
    gateway = to_service(stage, handle)
    ask = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close%s\r\n\r\n"
    taken = harness.raw_exchange(gateway.port("edge"), ask % b", TE\r\nTE: trailers")
    assert taken.endswith(b"2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n")
    assert b"\r\nte: trailers" in heads[0] and re.search(rb"\r\nconnection: te\b", heads[0])
    left = harness.raw_exchange(gateway.port("edge"), ask % b"")
    assert left.endswith(b"2\r\nab\r\n0\r\n\r\n")
    assert b"\r\nte:" not in heads[1]
    old = harness.raw_exchange(gateway.port("edge"), b"GET / HTTP/1.0\r\nHost: x\r\nTE: trailers\r\n\r\n")
    assert old.endswith(b"\r\n\r\nab")


def test_a_connection_goes_on_behind_trailers(stage):
    def handle(connection, _):
        while read_request(connection) is not None:
            connection.sendall(REPLY)
    gateway = to_service(stage, handle)
    one = b"GET / HTTP/1.1\r\nHost: x\r\nTE: trailers\r\n\r\n"
    received = harness.raw_exchange(gateway.port("edge"), one * 2 + one.replace(b"Host: x", b"Host: x\r\nConnection: close"))
    assert received.count(b"0\r\nX-Sum: 7\r\n\r\n") == 3
