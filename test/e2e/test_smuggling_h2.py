"""HTTP/2 that would be another request, or several, as HTTP/1.1: refused by its stream alone, or forwarded as one (RFC 9113 section 8)."""

import pytest

from h2_raw import (CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PADDED, PROTOCOL_ERROR, WITH_PRIORITY, Wire, block,
                    request_fields)
from smuggling import Witness, gateway_before, witnessed

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: gateway\r\n\r\n"
SPLIT = b"x\r\n\r\n" + SMUGGLED


@pytest.fixture(scope="module")
def edge(shared_stage):
    return gateway_before(shared_stage, Witness())


@pytest.fixture(scope="module")
def edge_of_the_cut(shared_stage):
    return gateway_before(shared_stage, Witness())


@pytest.fixture
def wire(stage, edge):
    return stage.keep(Wire(edge.port("edge")))


def pseudo(method="POST", scheme="http", authority="gateway", path="/probe"):
    """Those that are not None; of a list, each."""
    fields = []
    for name, value in ((":method", method), (":scheme", scheme), (":authority", authority), (":path", path)):
        values = value if isinstance(value, list) else [] if value is None else [value]
        fields += [(name, each) for each in values]
    return fields


def with_fields(*fields):
    return [*pseudo(), *fields]


def bad_fields():
    for name, value in {
        "chunked": "chunked", "identity": "identity", "nothing": "", "chunked and more": "chunked, gzip", "a request": SPLIT,
    }.items():
        yield f"transfer-encoding of {name}", with_fields(("transfer-encoding", value))
    yield "transfer-encoding and content-length", with_fields(("transfer-encoding", "chunked"), ("content-length", "5"))
    yield "Transfer-Encoding", with_fields(("Transfer-Encoding", "chunked"))
    for name, value in (("connection", "close"), ("connection", "transfer-encoding"), ("connection", ""), ("keep-alive", "timeout=5"),
                        ("proxy-connection", "keep-alive"), ("upgrade", "h2c"), ("upgrade", "websocket"), ("te", "gzip"),
                        ("te", "trailers, chunked"), ("te", "")):
        yield f"{name}: {value or '(nothing)'}", with_fields((name, value))
    for name, value in {
        "CR LF": b"a\r\nb", "CR": b"a\rb", "LF": b"a\nb", "NUL": b"a\0b", "CR LF at the end": b"a\r\n", "LF at the beginning": b"\na",
        "a field": b"a\r\ntransfer-encoding: chunked", "a request": SPLIT, "a bell": b"\a", "DEL": b"a\x7f", "a space before": b" a",
        "a space behind": b"a ", "a tab before": b"\ta", "a vertical tab": b"a\x0b", "the end of a head and a chunk": b"a\r\n\r\n0\r\n\r\n",
    }.items():
        yield f"a value with {name}", with_fields(("x-a", value))
    for name, each in {
        "a colon": b"x-a:", "a field": b"x-a: b\r\nx-c", "a request": b"x-a: b\r\n\r\n" + SMUGGLED,
        "a colon within": b"transfer-encoding: chunked\r\nx",
        "a space": b"x a", "a space behind": b"content-length ", "NUL": b"x\0a", "LF": b"x\na", "a capital": b"x-A",
        "all capitals": b"CONTENT-LENGTH",
        "nothing": b"", "8 bits": b"x-\xe9", "a parenthesis": b"x(a)", "a comma": b"x,a", "quotes": b'"x"', "DEL": b"x\x7f",
    }.items():
        yield f"a name with {name}", with_fields((each, "1"))
    for name, value in {
        "minus": "-1", "plus": "+5", "hexadecimal": "0x5", "a list of equals": "5, 5", "a list": "5,6", "nothing": "", "a space within": "5 5",
        "2 to the 64th": "18446744073709551616", "2 to the 63rd": "9223372036854775808", "a hundred nines": "9" * 100, "a letter": "5a",
        "a point": "5.0", "CR LF": b"5\r\nx: y", "an exponent": "5e0", "NUL": b"5\0",
    }.items():
        yield f"content-length with {name}", with_fields(("content-length", value))
    yield "content-length twice", with_fields(("content-length", "5"), ("content-length", "5"))
    yield "content-length twice, unequal", with_fields(("content-length", "5"), ("content-length", "0"))
    yield "a host that is another", with_fields(("host", "other"))
    yield "host twice", [*pseudo(authority=None), ("host", "gateway"), ("host", "gateway")]
    yield "host twice beside an authority", with_fields(("host", "gateway"), ("host", "gateway"))
    yield "a host with CR LF", [*pseudo(authority=None), ("host", b"gateway\r\nx: y")]
    yield "no host at all", pseudo(authority=None)


def bad_pseudo():
    for part, values in {
        "method": {"a space": "GET x", "a space behind": "GET ", "a request line": b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n", "nothing": "",
                   "a tab": "GET\t", "NUL": b"GET\0", "LF": b"GET\n", "a colon": "GET:", "8 bits": b"G\xc9T", "two": ["GET", "GET"], "none": None},
        "path": {"a space": "/pro be", "a version": "/probe HTTP/1.1", "a request": b"/probe HTTP/1.1\r\nHost: x\r\n\r\n" + SMUGGLED, "nothing": "",
                 "no slash": "probe", "an absolute form": "http://other/probe", "an absolute form of its own": "http://gateway/probe",
                 "a fragment": "/probe#x", "a tab": "/pro\tbe", "CR": b"/pro\rbe", "LF": b"/pro\nbe", "NUL": b"/pro\0be", "DEL": b"/pro\x7fbe",
                 "8 bits": b"/prob\xe9", "an asterisk": "*", "a backslash": "/\\probe", "an escaped NUL": "/%00", "half an escape": "/%2",
                 "two": ["/a", "/b"],
                 "a space before": " /probe", "an authority": "gateway:80", "none": None},
        "authority": {"a space": "gateway other", "CR LF": b"gateway\r\nx: y", "a request": b"gateway\r\n\r\n" + SMUGGLED,
                      "user": "me@gateway", "a path": "gateway/x",
                      "a query": "gateway?x", "a fragment": "gateway#x", "two": ["gateway", "gateway"],
                      "two that differ": ["gateway", "other"], "nothing": "",
                      "NUL": b"gate\0way", "a comma": "gateway, other", "a port of letters": "gateway:x",
                      "a port too large": "gateway:65536", "8 bits": b"gatew\xe4y"},
        "scheme": {"another": "ftp", "CR LF": b"http\r\nx: y", "an authority": "http://other/x?", "nothing": "", "a space": "http ",
                   "two": ["http", "https"],
                   "none": None, "a request": b"http://x/ HTTP/1.1\r\n\r\n"},
    }.items():
        for name, value in values.items():
            yield f"{part} with {name}", pseudo(**{part: value})
    yield "pseudo behind others", [*pseudo(path=None), ("x-a", "1"), (":path", "/probe")]
    yield "pseudo twice, once behind", with_fields(("x-a", "1"), (":path", "/smuggled"))
    yield "unknown pseudo", [*pseudo(), (":host", "other")]
    yield "pseudo of nothing", [*pseudo(), (":", "x")]
    yield "status", [*pseudo(), (":status", "200")]
    yield "protocol", [*pseudo(), (":protocol", "websocket")]
    yield "extended CONNECT that nobody offered", [*pseudo(method="CONNECT"), (":protocol", "websocket")]
    yield "pseudo in capitals", [*pseudo(path=None), (":Path", "/probe")]
    yield "pseudo with a space", [*pseudo(path=None), (":path ", "/probe")]
    yield "CONNECT with a path", pseudo(method="CONNECT")
    yield "CONNECT without an authority", pseudo(method="CONNECT", scheme=None, authority=None, path=None)
    yield "CONNECT without a port", pseudo(method="CONNECT", scheme=None, path=None)
    yield "CONNECT with a request for authority", pseudo(method="CONNECT", scheme=None, authority=b"x:1 HTTP/1.1\r\n\r\n" + SMUGGLED, path=None)


REFUSED = {name: (400, fields) for part in (bad_fields, bad_pseudo) for name, fields in part()}
REFUSED |= {
    "CONNECT": (501, pseudo(method="CONNECT", scheme=None, authority="other:443", path=None)),
    "unknown method": (501, pseudo(method="BREW")),
    "method in lower case": (501, pseudo(method="post")),
}


@pytest.mark.parametrize("ended", [True, False], ids=["whole", "with a body"])
@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_on_its_stream_and_nothing_of_it_goes_on(edge, wire, name, ended):
    status, fields = REFUSED[name]
    wire.headers(1, fields, END_STREAM if ended else 0)
    if not ended:
        wire.frame(DATA, END_STREAM, 1, SMUGGLED)
    reply = wire.over(1)
    assert reply.status == status or (reply.status is None and reply.reset == PROTOCOL_ERROR)
    wire.lives(3)
    requests, rests = witnessed(edge)
    assert ([request.line for request in requests], rests) == ([b"GET /lives HTTP/1.1"], [])


# Frames behind a head with Content-Length: 5 whose sum is another. What may be whole before it is seen is no more than 5.
LENGTHS = {
    "none": [(DATA, END_STREAM, b"")], "less": [(DATA, END_STREAM, b"abc")], "less in pieces": [(DATA, 0, b"ab"), (DATA, END_STREAM, b"cd")],
    "more": [(DATA, END_STREAM, b"abcde" + SMUGGLED)], "more without an end": [(DATA, 0, b"abcde" + SMUGGLED)],
    "more in pieces": [(DATA, 0, b"abcde"), (DATA, END_STREAM, SMUGGLED)], "one more": [(DATA, 0, b"abc"), (DATA, END_STREAM, b"def")],
    "padding for the rest": [(DATA, END_STREAM | PADDED, b"\x02abc\0\0")],
    "trailers for the rest": [(DATA, 0, b"abc"), (HEADERS, END_STREAM | END_HEADERS, block([("de", "")]))],
}


@pytest.mark.parametrize("name", LENGTHS)
def test_content_of_another_length_is_no_request_and_none_behind(stage, name):
    edge = gateway_before(stage, Witness())  # of its own: even a whole one may come late where it was given up
    wire = stage.keep(Wire(edge.port("edge")))
    wire.headers(1, with_fields(("content-length", "5")), 0)
    for kind, flags, payload in LENGTHS[name]:
        wire.frame(kind, flags, 1, payload)
    reply = wire.over(1)
    whole = name == "more in pieces"  # five octets have come before the sixth
    assert reply.status in (400, *([200] if whole else [])) or (reply.status is None and reply.reset == PROTOCOL_ERROR)
    wire.lives(3)
    requests, rests = witnessed(edge)
    lines = {(request.line, request.body) for request in requests}
    lives, probe = (b"GET /lives HTTP/1.1", b""), (b"POST /probe HTTP/1.1", b"abcde")
    assert len(lines) == len(requests) and lines in ({lives}, *([{lives, probe}] if whole else []))
    assert all(SMUGGLED not in rest for rest in rests)


@pytest.mark.parametrize("value", ["5", "0005", "9223372036854775807"])
def test_a_length_without_content_is_no_request(edge, wire, value):
    wire.headers(1, with_fields(("content-length", value)))
    assert wire.over(1).status == 400
    wire.lives(3)
    assert [request.line for request in witnessed(edge)[0]] == [b"GET /lives HTTP/1.1"]


TRAILERS = {
    "a pseudo field": [(":path", "/smuggled")], "a status": [(":status", "200")], "a capital": [("X-A", "1")],
    "a coding": [("transfer-encoding", "chunked")],
    "a connection": [("connection", "close")], "CR LF": [("x-a", b"1\r\n\r\n" + SMUGGLED)], "a field in a name": [(b"x-a: 1\r\nx-b", "2")],
    "NUL": [("x-a", b"\0")],
    "an upgrade": [("upgrade", "h2c")], "a colon in a name": [("x:a", "1")], "te": [("te", "gzip")],
}


@pytest.mark.parametrize("name", TRAILERS)
def test_bad_trailers_end_the_request_and_nothing_of_them_goes_on(edge_of_the_cut, stage, name):
    wire = stage.keep(Wire(edge_of_the_cut.port("edge")))
    wire.headers(1, pseudo(), 0)
    wire.frame(DATA, 0, 1, b"abc")
    wire.headers(1, TRAILERS[name])
    reply = wire.over(1)
    assert reply.status == 400 or (reply.status is None and reply.reset == PROTOCOL_ERROR)
    wire.lives(3)
    requests, rests = witnessed(edge_of_the_cut)
    assert [request.line for request in requests] == [b"GET /lives HTTP/1.1"]
    assert all(b"smuggled" not in rest and b"x-a" not in rest for rest in rests)


def padded(payload, size):
    return bytes([size]) + payload + bytes(size)


def frames_of(fields, body=None, trailers=None):
    frames = [(HEADERS, END_HEADERS | (END_STREAM if body is None else 0), block(fields))]
    if body is not None:
        frames.append((DATA, 0 if trailers else END_STREAM, body))
    if trailers:
        frames.append((HEADERS, END_HEADERS | END_STREAM, block(trailers)))
    return frames


def passing():
    """(frames, request line, body, fields received, those that must not be)"""
    post, get = b"POST /probe", b"GET /probe"
    yield "a request for a body", frames_of(with_fields(), SMUGGLED), post, SMUGGLED, {}, ()
    yield "a request for a body of known length", frames_of(with_fields(("content-length", "41")),
                                                            SMUGGLED), post, SMUGGLED, {b"content-length": [b"41"]}, ()
    yield "a length with zeros before", frames_of(with_fields(("content-length", "0041")), SMUGGLED), post, SMUGGLED, {b"content-length": [b"41"]}, ()
    yield "the end of a chunked body for a body", frames_of(with_fields(), b"0\r\n\r\n" + SMUGGLED), post, b"0\r\n\r\n" + SMUGGLED, {}, ()
    yield "a body of GET", frames_of(pseudo(method="GET"), SMUGGLED), get, SMUGGLED, {}, ()
    yield "a body of DELETE", frames_of(pseudo(method="DELETE"), SMUGGLED), b"DELETE /probe", SMUGGLED, {}, ()
    yield "a body of nothing", frames_of(with_fields(("content-length", "0")), b""), post, b"", {}, ()
    yield "a length of nothing", frames_of(with_fields(("content-length", "0"))), post, b"", {}, ()
    yield "padded data", [(HEADERS, END_HEADERS, block(with_fields(("content-length", "41")))),
                          (DATA, END_STREAM | PADDED, padded(SMUGGLED, 200))], post, SMUGGLED, {}, ()
    yield "a padded head", [(HEADERS, END_HEADERS | END_STREAM | PADDED, padded(block(pseudo(method="GET")), 255))], get, b"", {}, ()
    yield "a head with a priority", [(HEADERS, END_HEADERS | END_STREAM | WITH_PRIORITY,
                                      bytes(4) + b"\x10" + block(pseudo(method="GET")))], get, b"", {}, ()
    whole = block(with_fields(("x-a", "1")))
    yield "a head in octets", [(HEADERS, 0, whole[:1]), *[(CONTINUATION, 0, whole[at:at + 8]) for at in range(1, len(whole), 8)],
                               (CONTINUATION, END_HEADERS, b""), (DATA, END_STREAM, b"abc")], post, b"abc", {b"x-a": [b"1"]}, ()
    yield "data in octets", [(HEADERS, END_HEADERS, block(with_fields())), *[(DATA, 0, SMUGGLED[at:at + 1]) for at in range(41)],
                             (DATA, END_STREAM, b"")], post, SMUGGLED, {}, ()
    yield "crumbs", frames_of(with_fields(("cookie", "a=1"), ("x-b", "2"), ("cookie", "c=3"))), post, b"", {b"x-b": [b"2"]}, ()
    yield "te: trailers", frames_of(with_fields(("te", "trailers"))), post, b"", {}, ()
    yield "host that agrees", frames_of(with_fields(("host", "GATEWAY"))), post, b"", {b"host": [None]}, ()
    yield "host instead", frames_of([*pseudo(authority=None), ("host", "gateway")]), post, b"", {b"host": [None]}, ()
    yield "expect", frames_of(with_fields(("expect", "100-continue")), SMUGGLED), post, SMUGGLED, {}, ()
    yield "8 bits", frames_of(with_fields(("x-a", b"\xe9\xff"))), post, b"", {b"x-a": [b"\xe9\xff"]}, ()
    yield "method override", frames_of(with_fields(("x-http-method-override", "GET"))), post, b"", {b"x-http-method-override": [b"GET"]}, ()
    yield "a value that looks like fields", frames_of(with_fields(("x-a",
                                                                   "1: content-length: 5"))), post, b"", {b"x-a": [b"1: content-length: 5"]}, ()
    yield "names with underscores", frames_of(with_fields(("transfer_encoding", "chunked"), ("content_length", "5")),
                                              SMUGGLED), post, SMUGGLED, {}, ()
    yield "escaped CR LF", frames_of(pseudo(path="/probe%0d%0ax:%20y?%0a")), b"POST /probe%0d%0ax:%20y?%0a", b"", {}, ()
    yield "two slashes", frames_of(pseudo(path="//other/probe")), b"POST //other/probe", b"", {b"host": [None]}, ()
    for name in ("content-length", "host", "authorization", "cookie"):
        yield f"trailer {name}", frames_of(with_fields(), b"abc", [(name, "5")]), post, b"abc", {b"host": [None]}, ()


PASSING = {name: expected for name, *expected in passing()}


@pytest.mark.parametrize("name", PASSING)
def test_it_goes_on_as_one_request(edge, wire, name):
    frames, asked, body, fields, absent = PASSING[name]
    for kind, flags, payload in frames:
        wire.frame(kind, flags, 1, payload)
    reply = wire.over(1)
    assert (reply.status, reply.body) == (200, asked)
    wire.lives(3)
    requests, rests = witnessed(edge)
    assert rests == [] and len(requests) == 2
    request = requests[0]
    assert (request.line, request.body) == (asked + b" HTTP/1.1", body)
    host = b"127.0.0.1:%d" % edge.peer.port
    for each, values in fields.items():
        assert request.values(each) == [host if value is None else value for value in values]
    assert not {each for each, _ in request.fields} & set(absent)


def test_streams_side_by_side_get_their_own_answers(edge, wire):
    for number in range(1, 101, 2):
        wire.headers(number, request_fields("POST", f"/probe{number}"), 0)
    for number in range(99, 0, -2):
        wire.frame(DATA, END_STREAM, number, b"%d" % number)
    for number in range(1, 101, 2):
        assert wire.over(number).body == b"POST /probe%d" % number
    requests, _ = witnessed(edge)
    assert {request.line.split()[1]: request.body for request in requests} == {b"/probe%d" % n: b"%d" % n for n in range(1, 101, 2)}
