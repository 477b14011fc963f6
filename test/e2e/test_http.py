"""HTTP/1.1 as it is on the wire: what is not HTTP is refused, what is HTTP works, and the worker lives after all of it."""

import json
import re
import socket

import pytest

import harness
import manifests
from harness import raw_exchange
from test_metrics import Exposition

PATH = b"/v1/chat/completions"
BODY = json.dumps(harness.CHAT).encode()


@pytest.fixture(scope="module")
def edge(shared_stage):
    """A gateway of one worker before one mock: a worker that died or hung would be noticed by the next test."""
    mock = shared_stage.mock()
    named = manifests.route("named", "plain")
    named["spec"]["hostnames"] = ["named.example"]
    text = manifests.to_text(
        manifests.gateway(), manifests.route("all", "model"), manifests.openai("model", mock.port, "served-model"),
        manifests.route("plain", "plain", "/plain"), manifests.static("plain", mock.port), named,
    )
    gateway = shared_stage.gateway([shared_stage.write("http.yaml", text)], binds=["edge"], workers=1)
    gateway.mock = mock
    return gateway


def lives(gateway):
    assert harness.post(gateway.port("edge"), PATH.decode(), harness.CHAT).status == 200


def head(*lines, method=b"POST", target=PATH, version=b"HTTP/1.1", host=b"Host: gateway"):
    start = b"%s %s %s" % (method, target, version)
    return b"\r\n".join([start, *([host] if host else []), *lines, b"", b""])


def chat(*lines, body=BODY):
    return head(b"Content-Type: application/json", b"Content-Length: %d" % len(body), *lines) + body


def chunked(*pieces, trailer=b""):
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n" + trailer + b"\r\n"


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: gateway\r\n\r\n"
SIZED = b"Content-Length: %d" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked"
# What a request must not be, by the kind of fault it is counted as, and what could be hidden in it.
STATUS = {"version": 505, "method": 501, "too_large": 431}  # of a kind of fault; of all others 400
MALFORMED = {
    "length and chunked": ("framing", head(SIZED, CHUNKED) + chunked(BODY) + SMUGGLED),
    "chunked and length": ("framing", head(CHUNKED, b"Content-Length: 5") + chunked(BODY) + SMUGGLED),
    "two lengths": ("framing", head(b"Content-Length: 0", SIZED) + BODY + SMUGGLED),
    "two lengths in one": ("framing", head(b"Content-Length: 0, 10") + SMUGGLED),
    "length with plus": ("framing", head(b"Content-Length: +%d" % len(BODY)) + BODY),
    "negative length": ("framing", head(b"Content-Length: -1") + BODY),
    "length with a letter": ("framing", head(b"Content-Length: 1a") + BODY),
    "hexadecimal length": ("framing", head(b"Content-Length: 0x10") + BODY),
    "empty length": ("framing", head(b"Content-Length:") + SMUGGLED),
    "length beyond 64 bits": ("framing", head(b"Content-Length: 18446744073709551617") + SMUGGLED),
    "space before the colon": ("field", head(b"Content-Length : %d" % len(BODY)) + BODY + SMUGGLED),
    "space before the colon of the coding": ("field", head(b"Transfer-Encoding : chunked") + chunked(BODY)),
    "tab before the colon": ("field", head(b"Transfer-Encoding\t: chunked") + chunked(BODY)),
    "folded field": ("field", head(b"X-A: 1\r\n  more", SIZED) + BODY),
    "folded coding": ("field", head(b"Transfer-Encoding:\r\n chunked") + chunked(BODY)),
    "coding that is not last": ("framing", head(b"Transfer-Encoding: chunked, gzip") + chunked(BODY)),
    "chunked twice": ("framing", head(b"Transfer-Encoding: chunked, chunked") + chunked(BODY)),
    "two coding fields": ("framing", head(CHUNKED, CHUNKED) + chunked(BODY)),
    "misspelt coding": ("framing", head(b"Transfer-Encoding: xchunked") + chunked(BODY)),
    "quoted coding": ("framing", head(b'Transfer-Encoding: "chunked"') + chunked(BODY)),
    "coding in HTTP/1.0": ("framing", head(CHUNKED, version=b"HTTP/1.0") + chunked(BODY)),
    "bare LF in the head": ("line_ending", head(SIZED).replace(b"\r\n", b"\n") + BODY),
    "one bare LF": ("line_ending", head(b"X-A: 1\nContent-Length: 0", SIZED) + BODY),
    "bare CR in a value": ("line_ending", head(b"X-A: 1\rX-B: 2", SIZED) + BODY),
    "NUL in a value": ("control_character", head(b"X-A: 1\x002", SIZED) + BODY),
    "control character in a name": ("control_character", head(b"X\x01A: 1", SIZED) + BODY),
    "no colon": ("field", head(b"X-A 1", SIZED) + BODY),
    "empty name": ("field", head(b": 1", SIZED) + BODY),
    "no host": ("host", head(SIZED, host=None) + BODY),
    "two hosts": ("host", head(b"Host: other", SIZED) + BODY),
    "host with a path": ("host", head(SIZED, host=b"Host: gateway/x") + BODY),
    "host with user": ("host", head(SIZED, host=b"Host: me@gateway") + BODY),
    "absolute target beside two hosts": ("host", head(b"Host: other", target=b"http://other" + PATH) + BODY),
    "two spaces in the start line": ("start_line", head(SIZED, method=b"POST ") + BODY),
    "tab in the start line": ("start_line", b"POST\t" + PATH + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
    "target with a space": ("start_line", head(SIZED, target=PATH + b" x") + BODY),
    "target with a control character": ("control_character", head(SIZED, target=PATH + b"\x7f") + BODY),
    "relative target": ("target", head(SIZED, target=b"v1/chat/completions") + BODY),
    "fragment in the target": ("target", head(SIZED, target=PATH + b"#x") + BODY),
    "version 2 by hand": ("version", head(SIZED, version=b"HTTP/2.0") + BODY),
    "version 0.9 by name": ("version", head(SIZED, version=b"HTTP/0.9") + BODY),
    "no version": ("start_line", b"GET /\r\n\r\n"),
    "another protocol": ("start_line", b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "a TLS hello": ("control_character", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64 + b"\r\n\r\n"),
    "half a preface of HTTP/2": ("version", b"PRI * HTTP/2.0\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
    "lower-case method": ("method", head(SIZED, method=b"post") + BODY),
    "unknown method with a bad character": ("start_line", head(SIZED, method=b"PO(ST") + BODY),
    "unknown method": ("method", head(SIZED, method=b"BREW") + BODY),
    "field section over its limit": ("too_large", head(b"X-Big: " + b"x" * 70000, SIZED) + BODY),
    "field section without an end": ("too_large", head(SIZED)[:-2] + b"X-Big: " + b"x" * 300_000),
    "more fields than the limit": ("too_large", head(*[b"X-%d: 1" % n for n in range(200)], SIZED) + BODY),
    "target over its limit": ("too_large", head(SIZED, target=PATH + b"?" + b"q" * 20000) + BODY),
    "start line without an end": ("too_large", b"GET /" + b"q" * 300_000),
}
SPEAKING = {"fragment in the target", "relative target"}  # no path to be told, but what says the dialect
CHUNKS = {
    "size that is no number": b"zz\r\nabc\r\n0\r\n\r\n",
    "size with a prefix": b"0x5\r\nabcde\r\n0\r\n\r\n",
    "negative size": b"-1\r\na\r\n0\r\n\r\n",
    "size beyond 64 bits": b"fffffffffffffffff\r\na\r\n0\r\n\r\n",
    "longer than it says": b"3\r\nabcdef\r\n0\r\n\r\n",
    "bare LF after the size": b"3\nabc\r\n0\r\n\r\n",
    "bare LF after the data": b"3\r\nabc\n0\r\n\r\n",
    "space in the size": b"3 3\r\nabc\r\n0\r\n\r\n",
    "bare CR in an extension": b"3;a\rb\r\nabc\r\n0\r\n\r\n",
    "LF in an extension": b"3;a\nb\r\nabc\r\n0\r\n\r\n",
    "trailer that is none": b"0\r\nno colon\r\n\r\n",
    "trailer with a bare LF": b"0\r\nA: 1\nB: 2\r\n\r\n",
}


def statuses(received):
    """Status of each reply in the bytes received; a body cannot look like a status line here."""
    return [int(line.split()[1]) for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


def logged(gateway, received):
    """The access-log line of the one reply in the bytes received."""
    wanted = re.search(rb"\r\nx-gatehouse-request-id: (\S+)\r\n", received, re.IGNORECASE)[1].decode()
    def find():
        return [line for line in gateway.access_lines() if line["request.id"] == wanted]
    return gateway.wait_for(find, f"access-log line of {wanted}")[0]


def refused_heads(gateway, **labels):
    return Exposition(gateway.metrics()).total("gatehouse_protocol_errors_total", listener="http", **labels)


def refused_requests(gateway):
    return Exposition(gateway.metrics()).total("gatehouse_requests_total", outcome="Refused", status="400")


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_not_http_is_refused_once_counted_and_the_connection_ends(edge, name):
    kind, data = MALFORMED[name]
    before, of_kind, in_all = len(edge.mock.requests()), refused_heads(edge, kind=kind), refused_heads(edge)
    received = raw_exchange(edge.port("edge"), data)
    assert statuses(received) == [STATUS.get(kind, 400)], received
    harness.eventually(lambda: refused_heads(edge, kind=kind) == of_kind + 1, f"{kind} is counted once")
    assert refused_heads(edge) == in_all + 1, "and as nothing else"
    line = logged(edge, received)
    if line.get("http.path") == PATH.decode() or name in SPEAKING:  # else nobody knows which dialect the client speaks
        assert b"Content-Type: application/json\r\n" in received
        error = json.loads(received.partition(b"\r\n\r\n")[2])["error"]
        assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", kind, None)
    else:
        problem = json.loads(received.partition(b"\r\n\r\n")[2])
        assert (problem["status"], problem["code"]) == (STATUS.get(kind, 400), kind)
        assert problem["request_id"] == line["request.id"]
    assert (line["gatehouse.outcome"], line["http.status"]) == ("Refused", STATUS.get(kind, 400))
    assert line["error"].startswith("bad_request: malformed HTTP/1.1 message: ")
    assert (line["gateway"], line["listener"]) == ("default/edge", "http") and line["src.addr"].startswith("127.0.0.1:")
    assert len(edge.mock.requests()) == before, "something of it went upstream"
    lives(edge)


@pytest.mark.parametrize("host, route", [(b"named.example", "named"), (b"Named.Example.", "named"), (b"named.example.:80", "named"),
                                         (b"named.example..", "all"), (b".", "all"), (b"", "all")])
def test_a_host_is_routed_the_same_with_a_dot_behind_it(edge, host, route):
    received = raw_exchange(edge.port("edge"), head(b"Connection: close", method=b"GET", target=b"/v1/models", host=b"Host: " + host))
    line = logged(edge, received)
    assert line["route"] == f"default/{route}" and line.get("http.host", "") == host.decode()


def test_a_higher_minor_version_is_taken_as_ours(edge):
    lines = (b"Connection: close", b"Content-Type: application/json", SIZED)
    received = raw_exchange(edge.port("edge"), head(*lines, version=b"HTTP/1.2") + BODY)
    assert statuses(received) == [200] and logged(edge, received)["http.version"] == "1.1"


def test_the_authority_of_an_absolute_target_counts_and_not_host(edge):
    received = raw_exchange(edge.port("edge"), head(b"Connection: close", method=b"GET", target=b"http://other:81/plain/x"))
    assert logged(edge, received)["http.host"] == "other:81"
    sent = edge.mock.requests()[-1]
    assert sent["target"] == "/plain/x" and sent["authority"] == f"127.0.0.1:{edge.mock.port}"


@pytest.mark.parametrize("method, fault, status", [(b"QUERY", SIZED, 501), (b"POST", b"Bad Name: x", 400),
                                                   (b"POST", b"X-Big: " + b"x" * 300_000, 431)])
def test_a_request_is_refused_in_the_dialect_of_its_path(edge, method, fault, status):
    def answer(path):
        received = raw_exchange(edge.port("edge"), head(fault, method=method, target=path))
        assert statuses(received) == [status], received
        assert logged(edge, received)["http.path"] == path.decode()
        return json.loads(received.partition(b"\r\n\r\n")[2])
    assert answer(b"/openai/v1/chat/completions")["error"]["type"] == "invalid_request_error"
    messages = answer(b"/v1/messages")
    assert messages["type"] == "error" and messages["request_id"]
    assert answer(b"/v1beta/models/m:generateContent")["error"]["code"] == status
    assert answer(b"/elsewhere")["status"] == status


@pytest.mark.parametrize("version, behind, status", [
    (b"HTTP/2.0", b"", 505), (b"HTTP/0.9", b"?key=secret", 505), (b"HTTP/1.1", b"#part", 400), (b"HTTP/1.1", b"?q#part", 400),
    (b"HTTP/1.1", b"?\xc3\xa9", 400),
])
def test_a_wrong_version_or_target_is_refused_in_the_dialect_of_the_path(edge, version, behind, status):
    def answer(path):
        received = raw_exchange(edge.port("edge"), head(SIZED, target=path + behind, version=version) + BODY)
        assert statuses(received) == [status], received
        line = logged(edge, received)
        valid = status == 505
        assert line.get("http.path") == (path.decode() if valid else None), "only a valid path is told"
        assert line.get("http.version") == (None if valid else "1.1")
        return json.loads(received.partition(b"\r\n\r\n")[2])
    assert answer(b"/openai/v1/chat/completions")["error"]["type"] == "invalid_request_error"
    messages = answer(b"/v1/messages")
    assert messages["type"] == "error" and messages["request_id"]
    assert answer(b"/v1beta/models/m:generateContent")["error"]["code"] == status
    assert answer(b"/elsewhere")["status"] == status


def test_the_method_of_a_refused_request_is_told_if_it_was_read(edge):
    lines = {name: logged(edge, raw_exchange(edge.port("edge"), MALFORMED[name][1]))
             for name in ("unknown method", "two lengths", "another protocol")}
    told = {name: (line.get("http.method"), line.get("http.version")) for name, line in lines.items()}
    assert told == {"unknown method": ("_OTHER", "1.1"), "two lengths": ("POST", "1.1"), "another protocol": (None, None)}


def test_the_place_of_a_refused_request_is_told_if_it_was_read_and_is_right(edge):
    def told(*request_lines):
        received = raw_exchange(edge.port("edge"), b"\r\n".join(request_lines) + b"\r\n\r\n")
        line = logged(edge, received)
        return line.get("http.host"), line.get("http.path")
    twice = (b"Content-Length: 1", b"Content-Length: 2")
    assert told(b"POST /a?key=secret HTTP/1.1", b"Host: one", *twice) == ("one", "/a")
    assert told(b"POST /a HTTP/1.1", b"Host: one", b"Host: two") == (None, "/a")
    assert told(b"POST http://one/a HTTP/1.1", b"Bad Name: x") == ("one", "/a")
    assert told(b"rubbish") == (None, None)


def test_a_refused_request_is_counted_among_the_requests_and_ends_there(edge):
    def requests(name, **labels):
        return Exposition(edge.metrics()).total(name, **labels)
    of_brew = {"method": "_OTHER", "status": "501", "outcome": "Refused", "gateway": "default/edge", "listener": "http"}
    before = requests("gatehouse_requests_total", **of_brew)
    raw_exchange(edge.port("edge"), MALFORMED["unknown method"][1])
    harness.eventually(lambda: requests("gatehouse_requests_total", **of_brew) == before + 1, "it is counted")
    harness.eventually(lambda: requests("gatehouse_requests_in_flight") == 0, "none is in flight")


def test_a_client_that_sends_nothing_made_no_request(edge):
    with socket.create_connection(("127.0.0.1", edge.port("edge"))):
        pass
    lives(edge)
    edge.wait_for(lambda: edge.access_lines()[-1]["http.status"] == 200, "the request after it is logged")
    assert all("http.status" in line for line in edge.access_lines())


def test_what_is_not_http_is_refused_as_well_behind_a_request_that_is(edge):
    before = refused_heads(edge, kind="host")
    with Wire(edge.port("edge")) as wire:
        wire.send(chat() + MALFORMED["two hosts"][1] + SMUGGLED)
        assert (wire.reply()[0], wire.reply()[0]) == (200, 400)
        assert wire.ended() == b""
    harness.eventually(lambda: refused_heads(edge, kind="host") == before + 1, "it is counted")
    lives(edge)


@pytest.mark.parametrize("name", CHUNKS)
def test_a_malformed_chunk_is_refused_logged_and_nothing_after_it_is_a_request(edge, name):
    before, counted = len(edge.mock.requests()), refused_requests(edge)
    received = raw_exchange(edge.port("edge"), head(CHUNKED, b"Content-Type: application/json") + CHUNKS[name] + SMUGGLED)
    assert statuses(received) == [400], received
    harness.eventually(lambda: refused_requests(edge) == counted + 1, "it is counted")
    line = logged(edge, received)
    assert (line["gatehouse.outcome"], line["http.status"]) == ("Refused", 400)
    assert line["error"].startswith("bad_request: malformed HTTP/1.1 message: ")
    assert len(edge.mock.requests()) == before
    lives(edge)


def test_a_body_over_its_limit_is_refused_before_it_is_sent(edge):
    received = raw_exchange(edge.port("edge"), head(b"Content-Type: application/json", b"Content-Length: 99999999999"))
    assert statuses(received) == [413]
    line = logged(edge, received)
    assert (line["gatehouse.outcome"], line["http.status"]) == ("Refused", 413)
    assert line["error"].startswith("body_too_large")
    lives(edge)


@pytest.mark.parametrize("method, target, status", [(b"TRACE", PATH, 405), (b"CONNECT", b"gateway:80", 501)])
def test_a_method_that_is_not_served_is_refused_and_logged(edge, method, target, status):
    received = raw_exchange(edge.port("edge"), head(b"Connection: close", method=method, target=target))
    assert statuses(received) == [status]
    line = logged(edge, received)
    assert (line["gatehouse.outcome"], line["http.status"], line["http.method"]) == ("Refused", status, method.decode())
    lives(edge)


class Wire:
    """A client that sends and reads bytes on one connection."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE)
        self._received = b""

    def send(self, data):
        self.socket.sendall(data)

    def reply(self, bodyless=False):
        """(status, head, body) of the next reply."""
        head, _, self._received = self._until(b"\r\n\r\n").partition(b"\r\n\r\n")
        fields = {}
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            fields[name.lower()] = value.strip()
        length = 0 if bodyless else int(fields.get(b"content-length", b"0"))
        while len(self._received) < length:
            self._more()
        body, self._received = self._received[:length], self._received[length:]
        return int(head.split()[1]), fields, body

    def ended(self):
        """Reads to the end; what was still received."""
        while piece := self.socket.recv(65536):
            self._received += piece
        return self._received

    def _until(self, text):
        while text not in self._received:
            self._more()
        return self._received

    def _more(self):
        piece = self.socket.recv(65536)
        assert piece, f"the connection ended after {self._received!r}"
        self._received += piece

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def test_a_connection_serves_one_request_after_another(edge):
    with Wire(edge.port("edge")) as wire:
        for _ in range(20):
            wire.send(chat())
            assert wire.reply()[0] == 200


def test_pipelined_requests_are_answered_in_order(edge):
    names = [f"word{n}" for n in range(12)]
    bodies = [json.dumps({"messages": [{"role": "user", "content": name}]}).encode() for name in names]
    with Wire(edge.port("edge")) as wire:
        wire.send(b"".join(chat(body=body) for body in bodies))
        for name in names:
            status, _, body = wire.reply()
            assert status == 200 and body.decode().count(name) == 1


@pytest.mark.parametrize("step", [1, 3, 50])
def test_a_request_cut_anywhere_is_the_same_request(edge, step):
    data = chat()
    with Wire(edge.port("edge")) as wire:
        wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(data), step):
            wire.send(data[at:at + step])
        assert wire.reply()[0] == 200


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_chunked_request_body_goes_on_whole(edge, size):
    before = len(edge.mock.requests())
    pieces = [BODY[at:at + size] for at in range(0, len(BODY), size)]
    with Wire(edge.port("edge")) as wire:
        wire.send(head(CHUNKED, b"Content-Type: application/json") + chunked(*pieces, trailer=b"X-Trailer: 1\r\n"))
        assert wire.reply()[0] == 200
        wire.send(chat())
        assert wire.reply()[0] == 200
    first, second = edge.mock.requests(before + 2)[before:]
    assert first["body_sha256"] == second["body_sha256"]
    assert ["content-length", str(first["body_size"])] in [[name.lower(), value] for name, value in first["fields"]]


def test_a_client_that_waits_for_100_continue_gets_it(edge):
    with Wire(edge.port("edge")) as wire:
        wire.send(head(SIZED, b"Content-Type: application/json", b"Expect: 100-continue"))
        assert wire.reply()[0] == 100
        wire.send(BODY)
        assert wire.reply()[0] == 200


def test_a_refused_request_gets_no_100_continue(edge):
    with Wire(edge.port("edge")) as wire:
        wire.send(head(SIZED, b"Expect: 100-continue", method=b"PUT"))
        assert wire.reply()[0] == 405


def test_head_has_the_head_of_get_and_no_body(edge):
    with Wire(edge.port("edge")) as wire:
        wire.send(head(method=b"GET", target=b"/v1/models"))
        status, fields, body = wire.reply()
        assert status == 200 and len(body) == int(fields[b"content-length"])
        wire.send(head(method=b"HEAD", target=b"/v1/models") + chat())
        status, without, _ = wire.reply(bodyless=True)
        assert status == 200 and without[b"content-length"] == fields[b"content-length"]
        assert wire.reply()[0] == 200, "no body of the HEAD lies between"


def test_http_1_0_gets_an_answer_and_the_end_of_the_connection(edge):
    received = raw_exchange(edge.port("edge"), head(SIZED, version=b"HTTP/1.0") + BODY)
    assert statuses(received) == [200]
    assert b"transfer-encoding" not in received.lower()
    streamed = json.dumps({**harness.CHAT, "stream": True}).encode()
    request = head(b"Content-Length: %d" % len(streamed), version=b"HTTP/1.0") + streamed
    received = raw_exchange(edge.port("edge"), request)
    assert received.endswith(b"data: [DONE]\n\n"), "not chunked, ended by the end of the connection"


def test_connection_close_is_obeyed(edge):
    received = raw_exchange(edge.port("edge"), chat(b"Connection: close") + SMUGGLED)
    assert statuses(received) == [200]
    assert b"\r\nconnection: close\r\n" in received.lower()


def test_hop_by_hop_fields_stay_here(edge):
    before = len(edge.mock.requests())
    with Wire(edge.port("edge")) as wire:
        wire.send(chat(b"Connection: keep-alive, X-Mine", b"X-Mine: 1", b"TE: trailers", b"Keep-Alive: timeout=5",
                       b"Proxy-Connection: x", b"Cookie: a=b", b"X-Other: kept"))
        assert wire.reply()[0] == 200
    names = [name.lower() for name, _ in edge.mock.requests(before + 1)[before]["fields"]]
    assert "x-other" in names
    assert not {"x-mine", "te", "keep-alive", "proxy-connection", "cookie"} & set(names)


def test_a_body_nobody_reads_does_not_become_the_next_request(edge):
    with Wire(edge.port("edge")) as wire:
        wire.send(head(b"Content-Length: %d" % len(SMUGGLED), method=b"PUT") + SMUGGLED + chat())
        assert wire.reply()[0] == 405
        assert wire.reply()[0] == 200


def test_clients_that_leave_at_any_byte_leave_nothing_behind(edge):
    data = chat()
    for at in range(0, len(data), 9):
        with socket.create_connection(("127.0.0.1", edge.port("edge")), timeout=harness.PATIENCE) as connection:
            connection.sendall(data[:at])
    lives(edge)
    harness.eventually(lambda: in_flight(edge) == 0, "no request is left in flight")


def in_flight(gateway):
    lines = [line for line in gateway.metrics().splitlines() if line.startswith("gatehouse_requests_in_flight{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)
