"""Clients of HTTP/2 that make work and bring nothing: their connection ends, is counted by what it did, and nobody else notices."""

import re

import pytest

import harness
from h2_expect import holding_gateway, others_are_unharmed
from h2_raw import (CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, HEADERS, INITIAL_WINDOW_SIZE, NO_ERROR, PADDED,
                    PING, PRIORITY, RST_STREAM, SETTINGS, WINDOW_UPDATE, Wire, block, frame, literal, request_fields, setting)
from test_metrics import Exposition

HELD = block(request_fields(path="/held"))
HEAD = frame(HEADERS, 0, 1, block(request_fields()))
CANCEL = bytes(3) + b"\x08"


@pytest.fixture(scope="module")
def edge(shared_stage):
    return holding_gateway(shared_stage)


def open_streams(make):
    """What `make` gives for stream after stream."""
    return (make(number) for number in range(3, 200_001, 2))


def for_ever(*frames):
    return (b"".join(frames) * 100 for _ in range(2000))


def opened(number):
    return frame(HEADERS, END_HEADERS, number, HELD)


FLOODS = {
    "rapid reset": ("h2_rapid_reset", lambda: open_streams(lambda n: frame(HEADERS, END_HEADERS | END_STREAM, n, HELD) + frame(RST_STREAM,
                                                                                                                               0, n, CANCEL))),
    "rapid reset of uploads": ("h2_rapid_reset", lambda: open_streams(lambda n: opened(n) + frame(DATA, 0, n, b"x") + frame(RST_STREAM, 0,
                                                                                                                            n, CANCEL))),
    "resets that the server is made to send": ("h2_rapid_reset", lambda: open_streams(lambda n: opened(n) + frame(WINDOW_UPDATE, 0, n,
                                                                                                                  b"\x7f\xff\xff\xff"))),
    "malformed requests": ("h2_rapid_reset", lambda: open_streams(lambda n: frame(HEADERS, END_HEADERS | END_STREAM, n,
                                                                                  block(request_fields(fields=[("X", "1")]))))),
    "streams over the limit": ("h2_rapid_reset", lambda: open_streams(opened)),
    "CONTINUATION": ("h2_head_flood", lambda: iter([HEAD, *for_ever(frame(CONTINUATION, 0, 1, literal("a", "b")))])),
    "CONTINUATION of nothing": ("h2_head_flood", lambda: iter([HEAD, *for_ever(frame(CONTINUATION, 0, 1))])),
    "CONTINUATION of large pieces": ("h2_head_flood", lambda: iter([HEAD,
                                                                    *(frame(CONTINUATION, 0, 1, literal("a", "b" * 16000)) for _ in range(2000))])),
    "a small head that unpacks to a large one": ("h2_head_flood", lambda: iter([frame(HEADERS, END_HEADERS | END_STREAM, 3,
                                                                                      literal("x", "v" * 3900, b"\x40") + b"\xbe" * 12000)])),
    "PING": ("h2_flood", lambda: for_ever(frame(PING, 0, 0, b"12345678"))),
    "SETTINGS": ("h2_flood", lambda: for_ever(frame(SETTINGS))),
    "SETTINGS that say something": ("h2_flood", lambda: for_ever(frame(SETTINGS, payload=setting(INITIAL_WINDOW_SIZE, 1000) * 100))),
    "PRIORITY": ("h2_flood", lambda: for_ever(frame(PRIORITY, 0, 1, bytes(4) + b"\x10"))),
    "DATA of nothing": ("h2_flood", lambda: iter([frame(HEADERS, END_HEADERS, 1, HELD), *for_ever(frame(DATA, 0, 1))])),
    "DATA of padding": ("h2_flood", lambda: iter([frame(HEADERS, END_HEADERS, 1, HELD), *for_ever(frame(DATA, PADDED, 1, b"\x03\0\0\0"))])),
    "WINDOW_UPDATE": ("h2_flood", lambda: iter([frame(HEADERS, END_HEADERS | END_STREAM, 1, HELD),
                                                *for_ever(frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1"))])),
    "WINDOW_UPDATE of the connection": ("h2_flood", lambda: for_ever(frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\1"))),
    "frames of an unknown type": ("h2_flood", lambda: (frame(0xbe, 0, 0, bytes(16000)) for _ in range(5000))),
    "answers that nobody asked for": ("h2_flood", lambda: (frame(PING, 1, 0, b"12345678") * 1000 for _ in range(5000))),
}


def test_every_kind_is_told_to_operators():
    kinds = {kind for path in (harness.ROOT / "src/http/h2").glob("*.cc") if not path.name.endswith("_test.cc")
             for kind in re.findall(r'"(h2_[a-z_]+)"', path.read_text())}
    assert len(kinds) >= 9
    told = (harness.ROOT / "docs/telemetry.md").read_text()
    assert [kind for kind in kinds if f"`{kind}`" not in told] == []


def counted(gateway, kind):
    return Exposition(gateway.metrics()).total("gatehouse_protocol_errors_total", kind=kind)


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_ends_its_connection_and_is_counted(edge, stage, name):
    kind, flood = FLOODS[name]
    before = counted(edge, kind)
    beside = stage.keep(Wire(edge.port("edge")))
    beside.get(1, "/held")
    wire = stage.keep(Wire(edge.port("edge")))
    for piece in flood():
        try:
            wire.socket.sendall(piece)
        except ConnectionError:
            break
    edge.wait_for(lambda: counted(edge, kind) == before + 1, f"{kind} is counted once")
    while not wire.closed:
        wire.receive()
    assert [code for code, _ in wire.goaways] in ([ENHANCE_YOUR_CALM], []), "a reset may have come before it"
    beside.lives(3)
    assert not beside.reply(1).over, "a stream of another connection was ended"
    others_are_unharmed(stage, edge)


def test_a_flood_leaves_no_request_behind(edge):
    def in_flight():
        return Exposition(edge.metrics()).total("gatehouse_requests_in_flight")
    edge.wait_for(lambda: in_flight() == 0, "nothing is in flight")


def test_a_busy_client_is_none(edge, stage):
    """A thousand requests, each begun when another ends, with a ping and windows in between, and some given up."""
    wire = stage.keep(Wire(edge.port("edge")))
    for number in range(1, 2001, 2):
        wire.get(number, "/busy")
        if number % 10 == 1:
            wire.frame(RST_STREAM, 0, number, CANCEL)
        else:
            assert wire.over(number).status == 200
        wire.frame(WINDOW_UPDATE, 0, 0, b"\0\0\1\0")
        if number % 100 == 1:
            wire.sync()
    assert not wire.goaways


def test_windows_that_stay_shut_hold_up_nobody_else(edge, stage):
    """Each stream waits with its reply in hand; other connections, and a stream with a window on this one, are answered."""
    wire = stage.keep(Wire(edge.port("edge"), settings=setting(INITIAL_WINDOW_SIZE, 0)))
    for number in range(1, 201, 2):
        wire.get(number, "/stalled")
    wire.until(lambda: all(wire.reply(number).fields for number in range(1, 201, 2)), "all heads")
    wire.sync()
    assert all(wire.reply(number).body == b"" for number in range(1, 201, 2))
    others_are_unharmed(stage, edge)
    wire.get(201, "/other")
    wire.frame(WINDOW_UPDATE, 0, 201, b"\0\0\1\0")
    assert wire.over(201).body == b"GET /other"
    wire.stop()
    def in_flight():
        return Exposition(edge.metrics()).total("gatehouse_requests_in_flight")
    edge.wait_for(lambda: in_flight() == 0, "nothing is left in flight")
    assert NO_ERROR not in [code for code, _ in wire.goaways]
