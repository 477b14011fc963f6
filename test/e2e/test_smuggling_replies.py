"""Replies that would become two, or that are not finished where they seem to be: what is behind a reply never answers another request."""

import socket
import threading

import pytest

import harness
from h2_raw import INTERNAL_ERROR, Wire
from harness import raw_exchange
from smuggling import Witness, gateway_before, take_request

OK = b"HTTP/1.1 200 OK\r\n"
STOLEN = OK + b"Content-Length: 6\r\n\r\nstolen"
GOOD = OK + b"Content-Length: 4\r\n\r\ngood"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


class Liar(Witness):
    """Answers a request for /probe/N with the bytes of the reply called N; every other request rightly."""

    def __init__(self, replies):
        super().__init__()
        self._replies = replies

    def reply(self, request):
        target = request.line.split()[1]
        if target.startswith(b"/probe/"):
            return self._replies[int(target[7:])]
        return super().reply(request)


INVALID = {
    "two lengths": OK + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(STOLEN),
    "two lengths that agree": OK + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "a list of lengths": OK + b"Content-Length: 0, 0\r\n\r\n",
    "length and coding": OK + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
    "coding and length": OK + CHUNKED + b"Content-Length: %d\r\n\r\n0\r\n\r\n" % (len(STOLEN) + 5),
    "plus": OK + b"Content-Length: +0\r\n\r\n", "minus": OK + b"Content-Length: -0\r\n\r\n", "hexadecimal": OK + b"Content-Length: 0x0\r\n\r\n",
    "a length of nothing": OK + b"Content-Length:\r\n\r\n", "a length too long": OK + b"Content-Length: 18446744073709551616\r\n\r\n",
    "chunked and identity": OK + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", "identity": OK + b"Transfer-Encoding: identity\r\n\r\n",
    "chunked twice": OK + CHUNKED + CHUNKED + b"\r\n0\r\n\r\n", "xchunked": OK + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a coding behind a vertical tab": OK + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": OK + b"Content-Length : 0\r\n\r\n",
    "a space before the colon of the coding": OK + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a folded coding": OK + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a coding in HTTP/1.0": b"HTTP/1.0 200 OK\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
    "CR in a value": OK + b"X-A: b\rContent-Length: 0\r\n\r\n", "LF in a value": OK + b"X-A: b\nContent-Length: 0\r\n\r\n",
    "NUL in a value": OK + b"X-A: \0\r\nContent-Length: 0\r\n\r\n",
    "LF alone at the end": OK + b"Content-Length: 0\n\n", "a fold": OK + b"X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
    "a name with a space": OK + b"X A: b\r\nContent-Length: 0\r\n\r\n",
    "no colon": OK + b"Content-Length 0\r\n\r\n", "an empty line before": b"\r\n" + GOOD,
    "a length of 204": b"HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\n",
    "a coding of 204": b"HTTP/1.1 204 No Content\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
    "a length of 103": b"HTTP/1.1 103 Early Hints\r\nContent-Length: 6\r\n\r\n",
    "a coding of 100": b"HTTP/1.1 100 Continue\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
    "101 unasked": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
    "a flood of 100": b"HTTP/1.1 100 Continue\r\n\r\n" * 100, "a flood of 103": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 10_000,
    "a status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "status 0": b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/2.0": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "CR in the reason": b"HTTP/1.1 200 O\rK\r\nContent-Length: 0\r\n\r\n", "a request": b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
}
# A good reply and something behind it: (method, reply, status, content).
FOLLOWED = {
    "a length": ("GET", GOOD, 200, b"good"), "a length of nothing": ("GET", OK + b"Content-Length: 0\r\n\r\n", 200, b""),
    "chunks": ("GET", OK + CHUNKED + b"\r\n4\r\ngood\r\n0\r\n\r\n", 200, b"good"),
    "chunks with trailers": ("GET", OK + CHUNKED + b"\r\n4\r\ngood\r\n0\r\nX-A: b\r\n\r\n", 200, b"good"),
    "204": ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""), "304": ("GET", b"HTTP/1.1 304 Not Modified\r\n\r\n", 304, b""),
    "304 with a length": ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: %d\r\n\r\n" % len(STOLEN), 304, b""),
    "304 with a coding": ("GET", b"HTTP/1.1 304 Not Modified\r\n" + CHUNKED + b"\r\n", 304, b""),
    "HEAD with a length": ("HEAD", OK + b"Content-Length: %d\r\n\r\n" % len(STOLEN), 200, b""),
    "HEAD with a coding": ("HEAD", OK + CHUNKED + b"\r\n", 200, b""),
    "HEAD without either": ("HEAD", OK + b"\r\n", 200, b""), "some 100 before": ("GET", b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + GOOD, 200, b"good"),
    "an error": ("GET", b"HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\ngood", 500, b"good"),
    "a redirect": ("GET", b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", 302, b""),
    "fields of the hop": ("GET",
                          OK + b"Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nProxy-Connection: close\r\nUpgrade: h2c\r\nTrailer: x\r\n"
                          b"Proxy-Authenticate: Basic\r\nTE: x\r\nX-KEPT: 1\r\nContent-Length: 4\r\n\r\ngood", 200, b"good"),
    "coding in capitals": ("GET", OK + b"TRANSFER-ENCODING: CHUNKED\r\n\r\n4\r\ngood\r\n0\r\n\r\n", 200, b"good"),
    "lengths with spaces": ("GET", OK + b"Content-Length: \t 4\t\r\n\r\ngood", 200, b"good"),
    "fields of no bearing": ("GET", OK + b"Content_Length: 9\r\nTransfer_Encoding: chunked\r\nContent-Length: 4\r\n\r\ngood", 200, b"good"),
}
# Good heads with a body that is none: the client must see that it is not whole.
BROKEN = {
    "a size of letters": b"4\r\ngood\r\nzz\r\n", "a size with a prefix": b"4\r\ngood\r\n0x0\r\n\r\n",
    "a size too large": b"4\r\ngood\r\n10000000000000000\r\n\r\n",
    "LF behind a size": b"4\r\ngood\r\n0\n\n", "no CRLF behind the data": b"4\r\ngood0\r\n\r\n", "more data": b"3\r\ngood\r\n0\r\n\r\n",
    "a bad trailer": b"4\r\ngood\r\n0\r\nno colon\r\n\r\n", "LF in a trailer": b"4\r\ngood\r\n0\r\nA: b\nC: d\r\n\r\n",
    "LF in an extension": b"4;a\n\r\ngood\r\n0\r\n\r\n",
    "a minus": b"4\r\ngood\r\n-0\r\n\r\n", "a space before": b"4\r\ngood\r\n 0\r\n\r\n",
}
REPLIES = [*(reply + STOLEN for reply in INVALID.values()), *(reply + STOLEN for _, reply, _, _ in FOLLOWED.values()),
           *(OK + CHUNKED + b"\r\n" + body + STOLEN for body in BROKEN.values())]


@pytest.fixture(scope="module")
def edge(shared_stage):
    return gateway_before(shared_stage, Liar(REPLIES))


def asked(method, number):
    return b"%s /probe/%d HTTP/1.1\r\nHost: gateway\r\n\r\nGET /behind HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n" % (method.encode(), number)


def next_is_right(edge):
    for _ in range(2):
        canary = harness.post(edge.port("edge"), "/canary", None, method="GET")
        assert (canary.status, canary.body) == (200, b"GET /canary")


def parts(received):
    """Status, head and the rest of the first final reply."""
    head, _, rest = received.partition(b"\r\n\r\n")
    while head[9:10] == b"1":
        head, _, rest = rest.partition(b"\r\n\r\n")
    return int(head[9:12]), head, rest


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_reply_is_none_and_answers_nobody(edge, stage, name):
    number = [*INVALID].index(name)
    received = raw_exchange(edge.port("edge"), asked("GET", number))
    status, _, rest = parts(received)
    assert status == 502 and b"stolen" not in received
    assert rest.endswith(b"\r\n\r\nGET /behind")
    next_is_right(edge)
    wire = stage.keep(Wire(edge.port("edge")))
    wire.get(1, f"/probe/{number}")
    assert wire.over(1).status == 502
    wire.get(3, "/behind")
    assert wire.over(3).body == b"GET /behind"
    next_is_right(edge)


@pytest.mark.parametrize("name", FOLLOWED)
def test_what_is_behind_a_reply_answers_nobody(edge, stage, name):
    number = len(INVALID) + [*FOLLOWED].index(name)
    method, _, status, content = FOLLOWED[name]
    received = raw_exchange(edge.port("edge"), asked(method, number))
    seen, head, rest = parts(received)
    assert seen == status and b"stolen" not in received
    assert rest.endswith(b"\r\n\r\nGET /behind")
    own = rest.partition(b"HTTP/1.1 200 ")[0]
    assert own in (content, b"4\r\n%s\r\n0\r\n\r\n" % content, b"4\r\n%s\r\n0\r\nX-A: b\r\n\r\n" % content)
    next_is_right(edge)
    wire = stage.keep(Wire(edge.port("edge")))
    wire.headers(1, [(":method", method), (":scheme", "http"), (":authority", "gateway"), (":path", f"/probe/{number}")])
    assert (wire.over(1).status, wire.over(1).body, wire.over(1).reset) == (status, content, None)
    wire.get(3, "/behind")
    assert wire.over(3).body == b"GET /behind"
    next_is_right(edge)


SWITCHES = {
    "to nothing": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "to another protocol": b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    "with a length": b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 6\r\n\r\n",
    "with a coding": b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n\r\n",
    "without Connection": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
}


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_that_was_not_asked_for_is_none(stage, name):
    gateway = gateway_before(stage, Liar([SWITCHES[name] + STOLEN]))
    ask = (b"GET /probe/0 HTTP/1.1\r\nHost: gateway\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
           b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
    received = raw_exchange(gateway.port("edge"), ask + b"GET /behind HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n")
    assert parts(received)[0] in (426, 502) and b"stolen" not in received
    next_is_right(gateway)


def test_fields_of_the_hop_stay_there(edge, stage):
    number = len(INVALID) + [*FOLLOWED].index("fields of the hop")
    _, head, _ = parts(raw_exchange(edge.port("edge"), asked("GET", number)))
    names = {line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:]}
    wire = stage.keep(Wire(edge.port("edge")))
    wire.get(1, f"/probe/{number}")
    of_stream = set(wire.over(1).fields)
    for each in (names, of_stream):
        assert {b"x-kept", b"content-length"} <= each
        assert not each & {b"connection", b"x-hop", b"keep-alive", b"proxy-connection", b"upgrade", b"trailer", b"proxy-authenticate",
                           b"te", b"transfer-encoding"}
    assert all(name == name.lower() for name in of_stream)
    next_is_right(edge)


@pytest.mark.parametrize("name", BROKEN)
def test_a_reply_that_breaks_is_seen_to_be_broken_and_answers_nobody(edge, stage, name):
    number = len(INVALID) + len(FOLLOWED) + [*BROKEN].index(name)
    received = raw_exchange(edge.port("edge"), asked("GET", number))
    status, _, rest = parts(received)
    assert b"stolen" not in received
    if status == 200:
        assert not rest.endswith(b"0\r\n\r\n") and b"/behind" not in rest, "it has an end that it does not have"
    else:
        assert status == 502
    next_is_right(edge)
    wire = stage.keep(Wire(edge.port("edge")))
    wire.get(1, f"/probe/{number}")
    reply = wire.over(1)
    assert reply.status == 502 or (reply.status == 200 and reply.reset == INTERNAL_ERROR and not reply.ended)
    wire.get(3, "/behind")
    assert wire.over(3).body == b"GET /behind"
    next_is_right(edge)


def test_a_reply_that_comes_unasked_on_a_waiting_connection_answers_nobody(stage):
    """Sent when the connection has been idle: it is there before the next request is."""
    waiting, told = threading.Event(), socket.socketpair()

    def handle(connection, number):
        data = b""
        while True:
            request, data = take_request(data)
            if request is None:
                piece = connection.recv(65536)
                if not piece:
                    return
                data += piece
                continue
            connection.sendall(Witness.reply(request))
            if number == 0:
                told[1].recv(1)
                connection.sendall(STOLEN)
                waiting.set()
    gateway = gateway_before(stage, handle)
    assert harness.post(gateway.port("edge"), "/first", None, method="GET").body == b"GET /first"
    told[0].send(b"x")
    assert waiting.wait(harness.PATIENCE)
    assert harness.post(gateway.port("edge"), "/second", None, method="GET").body == b"GET /second"
    assert gateway.peer.connections == 2
    for end in told:
        end.close()


def test_a_reply_to_a_request_that_is_still_being_sent_ends_its_connection(stage):
    """The upstream answers the head; what the client sends after that is no request to anybody."""
    seen = []

    def handle(connection, number):
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        while piece := connection.recv(65536):
            data += piece
        seen.append(data)
    gateway = gateway_before(stage, handle)
    body = b"GET /smuggled HTTP/1.1\r\nHost: gateway\r\n\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port("edge")), timeout=harness.PATIENCE) as connection:
        connection.sendall(b"POST /first HTTP/1.1\r\nHost: gateway\r\nContent-Length: %d\r\n\r\n" % len(body))
        received = b""
        while not received.endswith(b"\r\n\r\nno"):
            received += connection.recv(65536)
        connection.sendall(body)
    harness.eventually(lambda: seen, "the upstream's connection ends")
    assert b"smuggled" not in seen[0] and gateway.peer.connections == 1
