"""HTTP/2 frames, one by one: RFC 9113 sections 3, 4 and 6, and field sections after RFC 7541."""

import pytest

from h2_expect import ConnectionError, Either, Fine, Gone, StreamError, holding_gateway, meets, others_are_unharmed
from h2_raw import (ACK, COMPRESSION_ERROR, CONTINUATION, DATA, ENABLE_PUSH, END_HEADERS, END_STREAM, FLOW_CONTROL_ERROR,
                    FRAME_SIZE_ERROR, GOAWAY, HEADER_TABLE_SIZE, HEADERS, INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS,
                    MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE, NO_ERROR, PADDED, PING, PREFACE, PRIORITY, PROTOCOL_ERROR, PUSH_PROMISE,
                    RST_STREAM, SETTINGS, STREAM_CLOSED, WINDOW_UPDATE, WITH_PRIORITY, Frame, Wire, block, frame, literal,
                    request_fields, setting)

POST = block(request_fields("POST", "/held"))
GET = block(request_fields())
OPEN = frame(HEADERS, END_HEADERS, 1, POST)  # and its body to come
ASKED = frame(HEADERS, END_HEADERS | END_STREAM, 1, block(request_fields(path="/held")))
BEGUN = frame(HEADERS, 0, 1, GET[:10])  # of a head
LARGEST = 1 << 14
UNKNOWN = 0xbe


@pytest.fixture(scope="module")
def edge(shared_stage):
    return holding_gateway(shared_stage)


def window(increment):
    return increment.to_bytes(4, "big")


def answered(status, stream=1):
    def check(wire):
        assert wire.over(stream).status == status
    return check


def acked(count):
    def check(wire):
        wire.until(lambda: sum(each.kind == SETTINGS and each.flags & ACK for each in wire.frames) >= count, "SETTINGS are acknowledged")
    return check


def ponged(payload):
    return lambda wire: wire.until(lambda: Frame(PING, ACK, 0, payload) in wire.frames, "PING is answered")


def silent_about_pings(payload):
    def check(wire):
        assert not any(each.kind == PING and each.payload == payload for each in wire.frames)
    return check


protocol, size = ConnectionError(PROTOCOL_ERROR), ConnectionError(FRAME_SIZE_ERROR)
compression = ConnectionError(COMPRESSION_ERROR)

CASES = {
    "4.1 a frame of unknown type is ignored": (frame(UNKNOWN, 0, 0, b"x" * 8), Fine()),
    "4.1 a frame of unknown type on a stream is ignored": (OPEN + frame(UNKNOWN, 0xff, 1, b"x") + frame(DATA, END_STREAM, 1, b"x"), Fine()),
    "4.1 a frame of unknown type on an idle stream is ignored": (frame(UNKNOWN, 0xff, 99, b""), Fine()),
    "4.1 unknown flags are ignored": (frame(PING, 0xfe, 0, b"12345678"), Fine(ponged(b"12345678"))),
    "4.1 unknown flags of HEADERS are ignored": (frame(HEADERS, END_HEADERS | END_STREAM | 0xd2, 1, GET), Fine(answered(200))),
    "4.1 the reserved bit is ignored": (frame(PING, 0, 1 << 31, b"12345678"), Fine(ponged(b"12345678"))),
    "4.1 the reserved bit of a stream is ignored": (frame(HEADERS, END_HEADERS | END_STREAM, 1 << 31 | 1, GET), Fine(answered(200))),
    "4.2 the largest DATA frame": (frame(HEADERS, END_HEADERS, 1, block(request_fields("POST"))) + frame(DATA, END_STREAM, 1,
                                                                                                         b"x" * LARGEST), Fine(answered(200))),
    "4.2 a DATA frame that is too large": (OPEN + frame(DATA, 0, 1, b"x" * (LARGEST + 1)), Either(FRAME_SIZE_ERROR)),
    "4.2 a HEADERS frame that is too large": (frame(HEADERS, END_HEADERS | END_STREAM, 1, GET + literal("a", "x" * LARGEST)), size),
    "4.2 a CONTINUATION frame that is too large": (BEGUN + frame(CONTINUATION, END_HEADERS, 1, GET[10:] + literal("a", "x" * LARGEST)), size),
    "4.2 a SETTINGS frame that is too large": (frame(SETTINGS, payload=setting(0xfff0, 0) * 2731), size),
    "4.2 an unknown frame that is too large": (frame(UNKNOWN, 0, 0, b"x" * (LARGEST + 1)), size),
    "4.2 a frame that says the largest size there is": (b"\xff\xff\xff\0\0\0\0\0\1", size),
    "4.3 PRIORITY within a head": (BEGUN + frame(PRIORITY, 0, 1, bytes(4) + b"\x10"), protocol),
    "4.3 HEADERS of another stream within a head": (BEGUN + frame(HEADERS, END_HEADERS, 3, GET), protocol),
    "4.3 DATA within a head": (BEGUN + frame(DATA, 0, 1, b"x"), protocol),
    "4.3 PING within a head": (BEGUN + frame(PING, 0, 0, b"12345678"), protocol),
    "4.3 SETTINGS within a head": (BEGUN + frame(SETTINGS), protocol),
    "4.3 RST_STREAM within a head": (BEGUN + frame(RST_STREAM, 0, 1, window(8)), protocol),
    "4.3 WINDOW_UPDATE within a head": (BEGUN + frame(WINDOW_UPDATE, 0, 0, window(1)), protocol),
    "5.5 an unknown frame within a head": (BEGUN + frame(UNKNOWN, 0, 1), protocol),

    "6.1 DATA on stream 0": (frame(DATA, 0, 0, b"x"), protocol),
    "6.1 padding longer than DATA": (OPEN + frame(DATA, END_STREAM | PADDED, 1, b"\x05xxxx"), protocol),
    "6.1 padding as long as DATA": (OPEN + frame(DATA, END_STREAM | PADDED, 1, b"\x05xxxxx"), Fine()),
    "6.1 padding without a length": (OPEN + frame(DATA, END_STREAM | PADDED, 1), Either(PROTOCOL_ERROR, FRAME_SIZE_ERROR)),
    "6.1 padding that is not zero": (OPEN + frame(DATA, END_STREAM | PADDED, 1, b"\x03xyz"), Fine()),
    "6.2 HEADERS on stream 0": (frame(HEADERS, END_HEADERS | END_STREAM, 0, GET), protocol),
    "6.2 padding longer than HEADERS": (frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b"\xff" + GET), protocol),
    "6.2 HEADERS without room for their priority": (frame(HEADERS, END_HEADERS | END_STREAM | WITH_PRIORITY, 1, b"\0\0\0"),
                                                    Either(FRAME_SIZE_ERROR, PROTOCOL_ERROR)),
    "6.2 padding and priority": (frame(HEADERS, END_HEADERS | END_STREAM | PADDED | WITH_PRIORITY, 1,
                                       b"\x02" + bytes(4) + b"\x10" + GET + b"\0\0"), Fine(answered(200))),
    "6.3 PRIORITY on stream 0": (frame(PRIORITY, 0, 0, bytes(4) + b"\x10"), protocol),
    "6.3 PRIORITY of four octets": (OPEN + frame(PRIORITY, 0, 1, bytes(4)), Either(FRAME_SIZE_ERROR)),
    "6.3 PRIORITY of six octets": (OPEN + frame(PRIORITY, 0, 1, bytes(6)), Either(FRAME_SIZE_ERROR)),
    "6.3 PRIORITY of an idle stream": (frame(PRIORITY, 0, 99, bytes(4) + b"\x10"), Fine()),
    "6.3 PRIORITY of a stream that is over": (OPEN + frame(RST_STREAM, 0, 1, window(8)) + frame(PRIORITY, 0, 1, bytes(4) + b"\x10"), Fine()),
    "6.4 RST_STREAM on stream 0": (frame(RST_STREAM, 0, 0, window(8)), protocol),
    "6.4 RST_STREAM of an idle stream": (frame(RST_STREAM, 0, 1, window(8)), protocol),
    "6.4 RST_STREAM of three octets": (OPEN + frame(RST_STREAM, 0, 1, b"\0\0\0"), size),
    "6.4 RST_STREAM of five octets": (OPEN + frame(RST_STREAM, 0, 1, bytes(5)), size),
    "6.4 RST_STREAM of an open stream": (OPEN + frame(RST_STREAM, 0, 1, window(8)), Fine()),
    "6.4 RST_STREAM twice": (OPEN + frame(RST_STREAM, 0, 1, window(8)) * 2, Fine()),
    "7 RST_STREAM with an unknown code": (OPEN + frame(RST_STREAM, 0, 1, window(0xff)), Fine()),
    "6.5 SETTINGS acknowledged with a payload": (frame(SETTINGS, ACK, 0, setting(MAX_FRAME_SIZE, LARGEST)), size),
    "6.5 SETTINGS on a stream": (OPEN + frame(SETTINGS, 0, 1), protocol),
    "6.5 SETTINGS of five octets": (frame(SETTINGS, payload=bytes(5)), size),
    "6.5 SETTINGS of three and a half": (frame(SETTINGS, payload=bytes(21)), size),
    "6.5.2 ENABLE_PUSH of 2": (frame(SETTINGS, payload=setting(ENABLE_PUSH, 2)), protocol),
    "6.5.2 ENABLE_PUSH of 1": (frame(SETTINGS, payload=setting(ENABLE_PUSH, 1)), Fine(acked(2))),
    "6.5.2 a window too large": (frame(SETTINGS, payload=setting(INITIAL_WINDOW_SIZE, 1 << 31)), ConnectionError(FLOW_CONTROL_ERROR)),
    "6.5.2 the largest window": (frame(SETTINGS, payload=setting(INITIAL_WINDOW_SIZE, (1 << 31) - 1)), Fine(acked(2))),
    "6.5.2 MAX_FRAME_SIZE too small": (frame(SETTINGS, payload=setting(MAX_FRAME_SIZE, LARGEST - 1)), protocol),
    "6.5.2 MAX_FRAME_SIZE of nothing": (frame(SETTINGS, payload=setting(MAX_FRAME_SIZE, 0)), protocol),
    "6.5.2 MAX_FRAME_SIZE too large": (frame(SETTINGS, payload=setting(MAX_FRAME_SIZE, 1 << 24)), protocol),
    "6.5.2 the largest MAX_FRAME_SIZE": (frame(SETTINGS, payload=setting(MAX_FRAME_SIZE, (1 << 24) - 1)), Fine(acked(2))),
    "6.5.2 unknown settings are ignored": (frame(SETTINGS, payload=setting(0xff, 1) + setting(0, 1)), Fine(acked(2))),
    "6.5.2 no table": (frame(SETTINGS, payload=setting(HEADER_TABLE_SIZE, 0)), Fine(acked(2))),
    "6.5.2 no streams of the server's": (frame(SETTINGS, payload=setting(MAX_CONCURRENT_STREAMS, 0)), Fine(acked(2))),
    "6.5.2 no fields": (frame(SETTINGS, payload=setting(MAX_HEADER_LIST_SIZE, 0)), Fine(acked(2))),
    "6.5.3 the last of equals counts": (frame(SETTINGS, payload=setting(INITIAL_WINDOW_SIZE, 0) + setting(INITIAL_WINDOW_SIZE, 100)), Fine(acked(2))),
    "6.5.3 each is acknowledged": (frame(SETTINGS) * 5, Fine(acked(6))),
    "6.6 PUSH_PROMISE of a client": (OPEN + frame(PUSH_PROMISE, END_HEADERS, 1, window(2) + GET), protocol),
    "6.7 PING is answered": (frame(PING, 0, 0, b"\0\1\2\3\4\5\6\7"), Fine(ponged(b"\0\1\2\3\4\5\6\7"))),
    "6.7 an answer that nobody asked for is ignored": (frame(PING, ACK, 0, b"12345678"), Fine(silent_about_pings(b"12345678"))),
    "6.7 PING on a stream": (OPEN + frame(PING, 0, 1, b"12345678"), protocol),
    "6.7 PING of seven octets": (frame(PING, 0, 0, b"1234567"), size),
    "6.7 PING of nine octets": (frame(PING, 0, 0, b"123456789"), size),
    "6.8 GOAWAY on a stream": (OPEN + frame(GOAWAY, 0, 1, bytes(8)), protocol),
    "6.8 GOAWAY of seven octets": (frame(GOAWAY, 0, 0, bytes(7)), size),
    "6.9 WINDOW_UPDATE of nothing": (frame(WINDOW_UPDATE, 0, 0, window(0)), protocol),
    "6.9 WINDOW_UPDATE of nothing on a stream": (OPEN + frame(WINDOW_UPDATE, 0, 1, window(0)), Either(PROTOCOL_ERROR)),
    "6.9 WINDOW_UPDATE of an idle stream": (frame(WINDOW_UPDATE, 0, 1, window(1)), protocol),
    "6.9 WINDOW_UPDATE of three octets": (frame(WINDOW_UPDATE, 0, 0, bytes(3)), size),
    "6.9 WINDOW_UPDATE of five octets": (OPEN + frame(WINDOW_UPDATE, 0, 1, bytes(5)), size),
    "6.9 WINDOW_UPDATE behind the end": (frame(HEADERS, END_HEADERS | END_STREAM, 1, GET) + frame(WINDOW_UPDATE, 0, 1, window(1)),
                                         Fine(answered(200))),
    "6.9.1 the connection's window overflows": (frame(WINDOW_UPDATE, 0, 0, window((1 << 31) - 1)) * 2, ConnectionError(FLOW_CONTROL_ERROR)),
    "6.9.1 a stream's window overflows": (OPEN + frame(WINDOW_UPDATE, 0, 1, window((1 << 31) - 1)) * 2, StreamError(FLOW_CONTROL_ERROR)),
    "6.9.2 SETTINGS make a stream's window overflow": (OPEN + frame(WINDOW_UPDATE, 0, 1, window((1 << 31) - 1 - 65535)) + frame(SETTINGS,
                                                                                                                                payload=setting(INITIAL_WINDOW_SIZE, 65536)),
                                                       Either(FLOW_CONTROL_ERROR)),
    "6.10 CONTINUATION goes on": (BEGUN + frame(CONTINUATION, 0, 1, GET[10:12]) + frame(CONTINUATION, 0, 1) + frame(CONTINUATION,
                                                                                                                    END_HEADERS, 1, GET[12:])
                                  + frame(DATA, END_STREAM, 1), Fine(answered(200))),
    "6.10 CONTINUATION of another stream": (BEGUN + frame(CONTINUATION, END_HEADERS, 3, GET[10:]), protocol),
    "6.10 CONTINUATION on stream 0": (BEGUN + frame(CONTINUATION, END_HEADERS, 0, GET[10:]), protocol),
    "6.10 CONTINUATION behind a whole head": (OPEN + frame(CONTINUATION, END_HEADERS, 1, GET), protocol),
    "6.10 CONTINUATION behind its end": (BEGUN + frame(CONTINUATION, END_HEADERS, 1, GET[10:]) + frame(CONTINUATION, END_HEADERS, 1), protocol),
    "6.10 CONTINUATION behind DATA": (OPEN + frame(DATA, 0, 1, b"x") + frame(CONTINUATION, END_HEADERS, 1), protocol),
    "6.10 CONTINUATION of an idle stream": (frame(CONTINUATION, END_HEADERS, 1, GET), protocol),

    "7541 2.3.3 an index that there is not": (frame(HEADERS, END_HEADERS | END_STREAM, 1, GET + b"\xbe"), compression),
    "7541 6.1 index 0": (frame(HEADERS, END_HEADERS | END_STREAM, 1, GET + b"\x80"), compression),
    "7541 5.1 an integer without an end": (frame(HEADERS, END_HEADERS | END_STREAM, 1, GET + b"\xff" + b"\xff" * 20), compression),
    "7541 5.2 a text longer than the section": (frame(HEADERS, END_HEADERS | END_STREAM, 1, GET + b"\x00\x7fx"), compression),
    "7541 5.2 padding of eight bits": (frame(HEADERS, END_HEADERS | END_STREAM, 1,
                                             GET + b"\x00\x85\xf2\xb2\x4a\x84\xff\x84\x49\x50\x9f\xff"), compression),
    "7541 5.2 padding of zeros": (frame(HEADERS, END_HEADERS | END_STREAM, 1, GET + b"\x00\x85\xf2\xb2\x4a\x84\xff\x83\x49\x50\x90"), compression),
    "7541 5.2 the symbol that ends strings": (frame(HEADERS, END_HEADERS | END_STREAM, 1,
                                                    GET + b"\x00\x85\xf2\xb2\x4a\x84\xff\x87\x49\x51\xff\xff\xff\xfa\x7f"), compression),
    "7541 4.2 a table larger than allowed": (frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x3f\xe1\xff\x03" + GET), compression),
    "7541 4.2 a change of the table behind fields": (frame(HEADERS, END_HEADERS | END_STREAM, 1, GET + b"\x20"), compression),
    "7541 4.2 no table": (frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x20" + GET), Fine(answered(200))),
    "7541 a section cut short": (frame(HEADERS, END_HEADERS | END_STREAM, 1, GET[:-3]), compression),
}


@pytest.mark.parametrize("name", CASES)
def test_frame(edge, stage, name):
    data, expected = CASES[name]
    meets(stage, edge, data, expected)


PREFACES = {
    "another": b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n" + frame(SETTINGS),
    "PING for SETTINGS": PREFACE + frame(PING, 0, 0, b"12345678"),
    "HEADERS for SETTINGS": PREFACE + frame(HEADERS, END_HEADERS | END_STREAM, 1, GET),
    "acknowledged SETTINGS for SETTINGS": PREFACE + frame(SETTINGS, ACK),
    "rubbish for SETTINGS": PREFACE + b"GET / HTTP/1.1\r\nHost: gateway\r\n\r\n",
}


@pytest.mark.parametrize("name", PREFACES)
def test_3_4_a_connection_begins_with_its_preface(edge, stage, name):
    wire = stage.keep(Wire(edge.port("edge"), hello=False))
    wire.send(PREFACES[name])
    if name == "another":  # HTTP/1.1 as anybody understands it
        received = b""
        while piece := wire.socket.recv(65536):
            received += piece
        assert received.startswith(b"HTTP/1.1 505 ") or received.endswith(frame(GOAWAY, 0, 0, bytes(7) + b"\x01"))
    else:
        Gone().check(wire)
    others_are_unharmed(stage, edge)


def test_3_4_the_server_says_its_settings_first_and_acknowledges(edge, stage):
    wire = stage.keep(Wire(edge.port("edge")))
    wire.sync()
    kinds = [(each.kind, each.flags) for each in wire.frames]
    assert kinds[0] == (SETTINGS, 0) and (SETTINGS, ACK) in kinds
    assert wire.settings[MAX_CONCURRENT_STREAMS] >= 100 and wire.settings[MAX_HEADER_LIST_SIZE] > 0
    assert ENABLE_PUSH not in wire.settings


def test_5_4_1_an_error_of_the_connection_tells_the_last_stream(edge, stage):
    wire = stage.keep(Wire(edge.port("edge")))
    wire.lives(1)
    wire.get(7)
    wire.over(7)
    wire.frame(DATA, 0, 0, b"x")
    wire.ended()
    assert wire.goaways == [(PROTOCOL_ERROR, 7)]


@pytest.mark.parametrize("code", [NO_ERROR, STREAM_CLOSED, 0xff])
def test_6_8_after_goaway_of_the_client_its_streams_are_answered(edge, stage, code):
    wire = stage.keep(Wire(edge.port("edge")))
    wire.get(1, "/last")
    wire.frame(GOAWAY, 0, 0, bytes(4) + code.to_bytes(4, "big") + b"some words")
    assert wire.over(1).body == b"GET /last"
    others_are_unharmed(stage, edge)
