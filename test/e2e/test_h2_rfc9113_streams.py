"""HTTP/2 streams and the messages on them: RFC 9113 sections 5 and 8, and flow control as a client sees it (6.9)."""

import threading

import pytest

import harness
from h2_expect import LIVES, ConnectionError, Dropped, Either, Fine, StreamError, holding_gateway, meets, others_are_unharmed
from h2_raw import (CONTINUATION, DATA, END_HEADERS, END_STREAM, FLOW_CONTROL_ERROR, HEADERS, INITIAL_WINDOW_SIZE,
                    MAX_CONCURRENT_STREAMS, PADDED, PING, PREFACE, PRIORITY, PROTOCOL_ERROR, REFUSED_STREAM, RST_STREAM, SETTINGS,
                    STREAM_CLOSED, WINDOW_UPDATE, WITH_PRIORITY, Wire, block, frame, literal, request_fields, setting)
from smuggling import Witness, gateway_before

WHOLE = END_HEADERS | END_STREAM
GET = block(request_fields())
HELD = block(request_fields(path="/held"))
POST = block(request_fields("POST"))
OPEN = frame(HEADERS, END_HEADERS, 1, block(request_fields("POST", "/held")))
HALF_CLOSED = frame(HEADERS, WHOLE, 1, HELD)
RESET = frame(RST_STREAM, 0, 1, bytes(3) + b"\x08")


@pytest.fixture(scope="module")
def edge(shared_stage):
    return holding_gateway(shared_stage)


def request(*fields, method="GET", flags=WHOLE, **pseudo):
    return frame(HEADERS, flags, 1, block(request_fields(method, fields=fields, **pseudo)))


def fields(*given):
    return frame(HEADERS, WHOLE, 1, block(given))


def post(length, *pieces):
    head = request(("content-length", length), method="POST", flags=END_HEADERS)
    return head + b"".join(frame(DATA, END_STREAM if piece is pieces[-1] else 0, 1, piece) for piece in pieces)


def dependent(on, stream=1):
    return on.to_bytes(4, "big") + b"\x10"


def answered(status):
    def check(wire):
        assert wire.over(1).status == status
    return check


protocol = ConnectionError(PROTOCOL_ERROR)
malformed = StreamError(PROTOCOL_ERROR, answered=True)
METHOD, SCHEME, AUTHORITY, PATH = request_fields()

CASES = {
    "5.1 DATA on an idle stream": (frame(DATA, END_STREAM, 1, b"x"), protocol),
    "5.1 DATA on an idle stream of the server's": (frame(DATA, END_STREAM, 2, b"x"), protocol),
    "5.1 RST_STREAM on an idle stream": (frame(RST_STREAM, 0, 1, bytes(4)), protocol),
    "5.1 WINDOW_UPDATE on an idle stream": (frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1"), protocol),
    "5.1 WINDOW_UPDATE on an idle stream of the server's": (frame(WINDOW_UPDATE, 0, 2, b"\0\0\0\1"), protocol),
    "5.1 CONTINUATION on an idle stream": (frame(CONTINUATION, END_HEADERS, 1, GET), protocol),
    "5.1.1 a stream that was passed over": (frame(HEADERS, WHOLE, 5, HELD) + frame(HEADERS, WHOLE, 3, GET), ConnectionError(PROTOCOL_ERROR)),
    "5.1 half closed, DATA": (HALF_CLOSED + frame(DATA, END_STREAM, 1, b"x"), Either(STREAM_CLOSED)),
    "5.1 half closed, HEADERS": (HALF_CLOSED + frame(HEADERS, WHOLE, 1, GET), Either(STREAM_CLOSED)),
    "5.1 half closed, CONTINUATION": (HALF_CLOSED + frame(CONTINUATION, END_HEADERS, 1, GET), ConnectionError(STREAM_CLOSED, PROTOCOL_ERROR)),
    "5.1 half closed, PRIORITY": (HALF_CLOSED + frame(PRIORITY, 0, 1, dependent(0)), Fine()),
    "5.1 half closed, WINDOW_UPDATE": (HALF_CLOSED + frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1"), Fine()),
    "5.1 half closed, RST_STREAM": (HALF_CLOSED + RESET, Fine()),
    "5.1 reset, DATA": (OPEN + RESET + frame(DATA, END_STREAM, 1, b"x"), Dropped(STREAM_CLOSED)),
    "5.1 reset, HEADERS": (OPEN + RESET + frame(HEADERS, WHOLE, 1, GET), ConnectionError(STREAM_CLOSED, PROTOCOL_ERROR)),
    "5.1 reset, CONTINUATION": (OPEN + RESET + frame(CONTINUATION, END_HEADERS, 1, GET), ConnectionError(STREAM_CLOSED, PROTOCOL_ERROR)),
    "5.1 reset, WINDOW_UPDATE": (OPEN + RESET + frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1"), Fine()),
    "5.1.1 a stream of the server's": (frame(HEADERS, WHOLE, 2, GET), protocol),
    "5.1.1 the last stream there is": (frame(HEADERS, WHOLE, LIVES - 2, GET), Fine()),

    "8.1 a second head that is not the end": (OPEN + frame(HEADERS, END_HEADERS, 1, block([("x-a", "1")])), malformed),
    "8.1 trailers": (frame(HEADERS, END_HEADERS, 1, POST) + frame(DATA, 0, 1, b"x") + fields(("x-a", "1")), Fine(answered(200))),
    "8.1 trailers and no content": (frame(HEADERS, END_HEADERS, 1, POST) + fields(("x-a", "1")), Fine(answered(200))),
    "8.1 pseudo in trailers": (frame(HEADERS, END_HEADERS, 1, POST) + fields(METHOD), malformed),
    "8.1.1 more than its length": (post("1", b"ab"), malformed),
    "8.1.1 less than its length": (post("3", b"ab"), malformed),
    "8.1.1 less than its length in pieces": (post("5", b"ab", b"cd"), malformed),
    "8.1.1 more than its length in pieces": (post("3", b"ab", b"cd"), malformed),
    "8.1.1 a length and nothing": (request(("content-length", "1")), malformed),
    "8.1.1 as much as its length": (post("4", b"ab", b"cd"), Fine(answered(200))),
    "8.1.1 padding is no content": (request(("content-length", "2"), method="POST", flags=END_HEADERS)
                                    + frame(DATA, END_STREAM | PADDED, 1, b"\x03ab\0\0\0"), Fine(answered(200))),
    "8.2.1 a capital": (request(("X-A", "1")), malformed),
    "8.2.1 a space in a name": (request(("x a", "1")), malformed),
    "8.2.1 a colon in a name": (request(("x:a", "1")), malformed),
    "8.2.1 a control character in a name": (request((b"x\x01", "1")), malformed),
    "8.2.1 DEL in a name": (request((b"x\x7f", "1")), malformed),
    "8.2.1 8 bits in a name": (request((b"x\x80", "1")), malformed),
    "8.2.1 no name": (request(("", "1")), malformed),
    "8.2.1 NUL in a value": (request(("x-a", b"1\0")), malformed),
    "8.2.1 LF in a value": (request(("x-a", b"1\n")), malformed),
    "8.2.1 CR in a value": (request(("x-a", b"1\r2")), malformed),
    "8.2.1 a space before a value": (request(("x-a", " 1")), malformed),
    "8.2.1 a tab behind a value": (request(("x-a", "1\t")), malformed),
    "8.2.1 no value": (request(("x-a", "")), Fine(answered(200))),
    **{f"8.2.2 {name}": (request((name, value)), malformed) for name, value in {
        "connection": "keep-alive", "keep-alive": "max=5", "proxy-connection": "keep-alive", "transfer-encoding": "chunked",
        "upgrade": "foo"}.items()},
    "8.2.2 te of something else": (request(("te", "trailers, deflate;q=0.5")), malformed),
    "8.2.2 te of trailers": (request(("te", "trailers")), Fine(answered(200))),
    "8.2.3 cookies in crumbs": (request(("cookie", "a=b"), ("cookie", "c=d")), Fine(answered(200))),
    "8.3 an unknown pseudo field": (request((":test", "1")), malformed),
    "8.3 a pseudo field of replies": (request((":status", "200")), malformed),
    "8.3 a pseudo field behind others": (fields(METHOD, SCHEME, AUTHORITY, ("x-a", "1"), PATH), malformed),
    "8.3.1 no method": (fields(SCHEME, AUTHORITY, PATH), malformed),
    "8.3.1 no scheme": (fields(METHOD, AUTHORITY, PATH), malformed),
    "8.3.1 no path": (fields(METHOD, SCHEME, AUTHORITY), malformed),
    "8.3.1 a path of nothing": (request(path=""), malformed),
    "8.3.1 two methods": (fields(METHOD, *request_fields()), malformed),
    "8.3.1 two schemes": (fields(SCHEME, *request_fields()), malformed),
    "8.3.1 two authorities": (fields(AUTHORITY, *request_fields()), malformed),
    "8.3.1 two paths": (fields(PATH, *request_fields()), malformed),
    "8.3.1 an authority with a user": (request(authority="me@gateway"), malformed),
    "8.3.1 a host that contradicts": (request(("host", "other")), malformed),
    "8.3.1 a host that agrees": (request(("host", "gateway")), Fine(answered(200))),
    "8.3.1 the order of pseudo fields is free": (fields(PATH, AUTHORITY, SCHEME, METHOD), Fine(answered(200))),
    "8.5 CONNECT with a scheme": (fields((":method", "CONNECT"), SCHEME, (":authority", "h:1")), malformed),
    "8.5 CONNECT with a path": (fields((":method", "CONNECT"), PATH, (":authority", "h:1")), malformed),
    "8.5 CONNECT without an authority": (fields((":method", "CONNECT")), malformed),
    "8.7 a head that is malformed and goes on": (request(("X-A", "1"), method="POST", flags=END_HEADERS) + frame(DATA, END_STREAM, 1, b"x"),
                                                 malformed),
    "10.5.1 a head too large": (b"".join([frame(HEADERS, END_STREAM, 1, GET),
                                          *[frame(CONTINUATION, 0, 1, literal("a", "x" * 16000)) for _ in range(7)],
                                          frame(CONTINUATION, END_HEADERS, 1)]), Fine(answered(431))),
}


@pytest.mark.parametrize("name", CASES)
def test_stream(edge, stage, name):
    data, expected = CASES[name]
    meets(stage, edge, data, expected)


# RFC 9113 section 5.3 leaves priorities of RFC 7540 behind: what they say must be read and may be anything.
@pytest.mark.parametrize("data", [frame(PRIORITY, 0, 1, dependent(1)), frame(HEADERS, WHOLE | WITH_PRIORITY, 1, dependent(1) + GET)],
                         ids=["PRIORITY", "HEADERS"])
def test_5_3_a_stream_that_depends_on_itself_is_an_error_of_the_stream_at_most(edge, stage, data):
    wire = stage.keep(Wire(edge.port("edge")))
    wire.send(data)
    wire.frame(PING, 0, 0, b"12345678")
    wire.until(lambda: wire.goaways or any(each.kind == PING for each in wire.frames), "an answer")
    if wire.goaways:
        assert wire.ended() == PROTOCOL_ERROR
    else:
        wire.lives(LIVES)
    others_are_unharmed(stage, edge)


@pytest.mark.parametrize("kind", [DATA, HEADERS])
def test_5_1_frames_behind_the_end_of_a_stream(edge, stage, kind):
    wire = stage.keep(Wire(edge.port("edge")))
    wire.get(1)
    assert wire.over(1).ended
    if kind == HEADERS:
        wire.frame(HEADERS, WHOLE, 1, GET)
        ConnectionError(STREAM_CLOSED, PROTOCOL_ERROR).check(wire)
    else:
        wire.frame(DATA, END_STREAM, 1, b"x")
        Dropped(STREAM_CLOSED).check(wire)
    others_are_unharmed(stage, edge)


def opened(wire, count):
    for number in range(1, 2 * count, 2):
        wire.frame(HEADERS, WHOLE, number, HELD)
    return 2 * count + 1


def test_5_1_2_streams_over_the_limit_are_refused_alone(edge, stage):
    """The others go on, and there is room again when one of them ends."""
    wire = stage.keep(Wire(edge.port("edge")))
    limit = wire.settings[MAX_CONCURRENT_STREAMS]
    wire.sync()
    over = opened(wire, limit)
    for number in (over, over + 2):
        wire.get(number)
        assert (wire.over(number).reset, wire.over(number).status) == (REFUSED_STREAM, None)
    wire.frame(HEADERS, END_HEADERS, over + 4, POST)
    wire.frame(DATA, END_STREAM, over + 4, b"x")
    assert wire.over(over + 4).reset == REFUSED_STREAM
    wire.frame(RST_STREAM, 0, 1, bytes(3) + b"\x08")
    wire.lives(over + 6)
    assert all(wire.reply(number).reset is None for number in range(3, over, 2))


def test_5_1_2_a_client_that_has_not_seen_the_limit_is_refused_as_well(edge, stage):
    wire = stage.keep(Wire(edge.port("edge"), hello=False))
    wire.send(PREFACE + frame(SETTINGS))
    over = opened(wire, 256)
    wire.get(over)
    assert wire.over(over).reset == REFUSED_STREAM
    wire.frame(SETTINGS, 1)
    wire.frame(RST_STREAM, 0, 1, bytes(3) + b"\x08")
    wire.lives(over + 2)


def test_6_9_nothing_is_sent_beyond_a_window(edge, stage):
    wire = stage.keep(Wire(edge.port("edge"), settings=setting(INITIAL_WINDOW_SIZE, 1)))
    wire.get(1, "/abc")
    for size in range(1, len(b"GET /abc") + 1):
        wire.until(lambda size=size: len(wire.reply(1).body) == size, f"{size} octets")
        wire.sync()
        assert len(wire.reply(1).body) == size
        wire.frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1")
    assert wire.over(1).body == b"GET /abc"


def test_6_9_1_no_window_holds_up_no_head_and_no_empty_content(edge, stage):
    wire = stage.keep(Wire(edge.port("edge"), settings=setting(INITIAL_WINDOW_SIZE, 0)))
    wire.headers(1, request_fields("HEAD", "/abc"))
    assert wire.over(1).status == 200
    wire.get(3, "/abc")
    wire.until(lambda: wire.reply(3).fields, "the head")
    wire.sync()
    assert wire.reply(3).body == b""
    wire.frame(SETTINGS, payload=setting(INITIAL_WINDOW_SIZE, 100))
    assert wire.over(3).body == b"GET /abc"


def test_6_9_2_a_window_may_become_negative(edge, stage):
    wire = stage.keep(Wire(edge.port("edge"), settings=setting(INITIAL_WINDOW_SIZE, 3)))
    wire.get(1, "/abc")
    wire.until(lambda: wire.reply(1).body == b"GET", "what the window lets through")
    wire.frame(SETTINGS, payload=setting(INITIAL_WINDOW_SIZE, 0))
    wire.frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\3")
    wire.sync()
    assert wire.reply(1).body == b"GET", "minus three and three are nothing"
    wire.frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\5")
    assert wire.over(1).body == b"GET /abc"


def test_6_9_the_window_of_the_connection_holds_all_streams(edge, stage):
    wire = stage.keep(Wire(edge.port("edge"), settings=setting(INITIAL_WINDOW_SIZE, 1 << 20)))
    path = "/" + "x" * 10000
    for number in range(1, 21, 2):
        wire.get(number, path)
    def body():
        return sum(len(wire.reply(number).body) for number in range(1, 21, 2))
    wire.until(lambda: body() == 65535, "what the connection's window lets through")
    wire.sync()
    assert body() == 65535
    wire.frame(WINDOW_UPDATE, 0, 0, (1 << 20).to_bytes(4, "big"))
    assert all(wire.over(number).body == b"GET " + path.encode() for number in range(1, 21, 2))


def test_6_9_content_beyond_the_window_is_an_error(stage):
    """The upstream reads nothing of it, so windows stay shut once the sockets on the way are full."""
    over, witness = threading.Event(), Witness()

    def handle(connection, number):
        return over.wait(harness.PATIENCE) if number == 0 else witness(connection, number)
    edge = gateway_before(stage, handle)
    wire = stage.keep(Wire(edge.port("edge")))
    wire.headers(1, request_fields("POST"), 0)
    for _ in range(1000):
        wire.frame(DATA, 0, 1, bytes(16384))
    Either(FLOW_CONTROL_ERROR).check(wire)
    others_are_unharmed(stage, edge)
    over.set()


def test_6_9_padding_counts_and_is_given_back(edge, stage):
    """Padding needs windows as content does, and they open again although nobody reads it."""
    wire = stage.keep(Wire(edge.port("edge")))
    wire.headers(1, request_fields("POST"), 0)
    sent = 0
    while sent < 6 << 20:
        room = sum(each.number() for each in wire.frames if each.kind == WINDOW_UPDATE and each.stream == 0) + 65535 - sent
        of_stream = sum(each.number() for each in wire.frames if each.kind == WINDOW_UPDATE and each.stream == 1) + wire.settings[INITIAL_WINDOW_SIZE] - sent
        if min(room, of_stream) < 512:
            wire.receive()
            continue
        wire.frame(DATA, PADDED, 1, b"\xff" + bytes(511))
        sent += 512
    wire.frame(DATA, END_STREAM, 1)
    assert wire.over(1).status == 200
