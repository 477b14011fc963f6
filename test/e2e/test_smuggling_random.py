"""Requests changed at random: whatever a gateway makes of them, its upstream and its client agree about what was asked and answered.

A failing seed is in the message; GATEHOUSE_SEED repeats it.
"""

import os
import random
import socket

import pytest

import harness
from h2_raw import DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS, Wire, block, frame, request_fields
from smuggling import Malformed, Witness, gateway_before, replies, witnessed

SEED = int(os.environ.get("GATEHOUSE_SEED", random.randrange(1 << 32)))
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: gateway\r\n\r\n"
BEHIND = b"GET /behind HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n"
NASTY = [b"\r", b"\n", b"\r\n", b"\0", b" ", b"\t", b":", b",", b";", b"\x0b", b"\x7f", b"\xff", b"0", b"1", b"a", b'"', b"\r\n ",
         b"chunked", b"HTTP/1.1",
         b"Content-Length: 1\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: other\r\n", b"0\r\n\r\n", b"Connection: close\r\n",
         b"Expect: 100-continue\r\n"]
BASES = [
    b"POST /a HTTP/1.1\r\nHost: gateway\r\nContent-Length: 41\r\nX-A: b\r\n\r\n" + SMUGGLED,
    b"POST /b?x=1 HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n29\r\n" + SMUGGLED + b"\r\n0\r\n\r\n",
    b"POST /c HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nX-T: 1\r\n\r\n",
    b"GET http://gateway/d HTTP/1.1\r\nHost: gateway\r\nConnection: keep-alive, X-A\r\nX-A: b\r\n\r\n",
    b"PUT /e HTTP/1.1\r\nHost: gateway\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    b"HEAD /f HTTP/1.1\r\nHost: gateway\r\n\r\n",
]


@pytest.fixture(scope="module")
def edge(shared_stage):
    return gateway_before(shared_stage, Witness())


def changed(dice, data):
    for _ in range(dice.choice((1, 1, 2, 3))):
        at = dice.randrange(len(data))
        kind = dice.randrange(5)
        if kind == 0:
            data = data[:at] + dice.choice(NASTY) + data[at:]
        elif kind == 1:
            data = data[:at] + data[at + 1:]
        elif kind == 2:
            data = data[:at] + dice.choice(NASTY) + data[at + 1:]
        elif kind == 3:
            lines = data.split(b"\r\n")
            lines.insert(dice.randrange(len(lines)), dice.choice(lines))
            data = b"\r\n".join(lines)
        else:
            other = dice.randrange(len(data))
            data = data[:min(at, other)] + data[max(at, other):] or data
    return data


def received_by(port, data):
    """What comes until the end, or until the gateway waits for more of a body than there is, or gives up waiting for us to have
    sent all; whether it was the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        received = b""
        try:
            connection.sendall(data)
            while piece := connection.recv(65536):
                received += piece
        except (TimeoutError, ConnectionError):
            return received, False
        return received, True


def test_who_asked_and_who_answered_agree(edge):
    dice = random.Random(SEED)
    for turn in range(400):
        data = changed(dice, dice.choice(BASES))
        told = f"seed {SEED}, turn {turn}: {data}"
        received, ended = received_by(edge.port("edge"), data + BEHIND * 40)
        try:
            requests, _ = witnessed(edge)
        except (Malformed, AssertionError) as error:
            raise AssertionError(f"{told}: upstream got {error!r}") from None
        lines = [request.line.rpartition(b" ")[0] for request in requests]
        if ended and b"HEAD " not in data:  # whose answers are without bodies, refusals too
            answered = [body for status, body in replies(received) if status == 200]
            assert answered == lines, told
        assert b"GET /canary" not in received, told


FIELDS = [(":method", "GET"), (":path", "/x"), (":authority", "other"), (":scheme", "https"), (":status", "200"), ("host", "gateway"),
          ("host", "other"),
          ("content-length", "3"), ("content-length", "0"), ("transfer-encoding", "chunked"), ("connection", "close"), ("X-A", "1"),
          ("x-a", b"1\r\nx-b: 2"),
          ("x-a", b"\0"), (b"x-a\r\n", "1"), ("te", "trailers"), ("cookie", "a=b"), ("expect", "100-continue"), ("upgrade", "h2c"),
          ("x-a", " 1"), ("", "1")]


def frames_at_random(dice):
    """A connection's worth: mostly requests that may be wrong, some frames that are."""
    for _ in range(dice.randrange(1, 12)):
        number = dice.choice((1, 1, 3, 5, 7, 9))
        kind = dice.randrange(8)
        if kind < 4:
            fields = request_fields(dice.choice(("GET", "POST")), f"/r{number}")
            for _ in range(dice.randrange(3)):
                fields.insert(dice.randrange(len(fields) + 1), dice.choice(FIELDS))
            if dice.randrange(6) == 0:
                fields.pop(dice.randrange(len(fields)))
            yield frame(HEADERS, END_HEADERS | dice.choice((0, END_STREAM)), number, block(fields))
        elif kind < 6:
            yield frame(DATA, dice.choice((0, END_STREAM)), number, dice.choice((b"", b"abc", SMUGGLED)))
        elif kind == 6:
            yield frame(dice.randrange(12), dice.randrange(256), dice.choice((0, number)), dice.randbytes(dice.choice((0, 4, 5, 6, 8, 30))))
        else:
            yield dice.randbytes(dice.randrange(1, 30))


def test_frames_at_random_hurt_nobody_else(edge, stage):
    dice = random.Random(SEED)
    beside = stage.keep(Wire(edge.port("edge")))
    for turn in range(200):
        data = PREFACE + frame(SETTINGS) + b"".join(frames_at_random(dice))
        with socket.create_connection(("127.0.0.1", edge.port("edge")), timeout=harness.PATIENCE) as connection:
            try:
                connection.sendall(data)
                connection.recv(65536)
            except ConnectionError:
                pass
        beside.lives(2 * turn + 1)
        try:
            edge.witness.take()
        except Malformed as error:
            raise AssertionError(f"seed {SEED}, turn {turn}: {data}: upstream got {error}") from None
    edge.wait_for(lambda: "gatehouse_requests_in_flight" in edge.metrics() and not in_flight(edge), "nothing is left in flight")


def in_flight(edge):
    return sum(float(line.rsplit(" ", 1)[1]) for line in edge.metrics().splitlines() if line.startswith("gatehouse_requests_in_flight{"))
