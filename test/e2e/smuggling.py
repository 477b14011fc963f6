"""Judges a gateway by the bytes that its upstream receives: a peer that keeps them, and a reader of requests that forgives nothing."""

import re
import threading
from typing import NamedTuple

import harness
import manifests
from peer import Peer

TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
ONCE = (b"host", b"content-length", b"transfer-encoding")
# No trailer section holds what says how a message is read, where it goes or who sent it (RFC 9110 section 6.5.1).
NEVER_BEHIND = (*ONCE, b"authorization", b"cookie", b"trailer", b"connection", b"expect")
# What says something about a connection and has no place on another one.
OF_CONNECTIONS = (b"connection", b"keep-alive", b"proxy-connection", b"upgrade", b"te")


class Malformed(Exception):
    pass


class Request(NamedTuple):
    line: bytes
    fields: list
    body: bytes
    trailers: list = []

    def values(self, name):
        return [value for each, value in self.fields if each == name]


def asked_of_hop(told):
    """Fields of a connection that a gateway may say on its own: it takes trailers, or asks for a WebSocket."""
    options = sorted(option.strip().lower() for option in told.get(b"connection", b"").split(b","))
    if told.get(b"te") == b"trailers" and options == [b"te"]:
        return b"te", b"connection"
    if told.get(b"upgrade") == b"websocket" and options == [b"upgrade"]:
        return b"upgrade", b"connection"
    return ()


def take_request(data):
    """The first whole request and what follows, or (None, data) when it is not whole yet. Raises what any reader could object to."""
    head, found, rest = data.partition(b"\r\n\r\n")
    if not found:
        return None, data
    line, *lines = head.split(b"\r\n")
    if re.fullmatch(rb"[A-Z]+ [!-~]+ HTTP/1\.1", line) is None:
        raise Malformed(line)
    fields = read_fields(lines)
    names = [name for name, _ in fields]
    told = dict(fields)
    names = [name for name in names if name not in asked_of_hop(told)]
    if any(names.count(name) > 1 for name in ONCE) or b"host" not in names or {*names} & {*OF_CONNECTIONS}:
        raise Malformed(head)
    if b"transfer-encoding" in names:
        if b"content-length" in names or told[b"transfer-encoding"] != b"chunked":
            raise Malformed(head)
        chunks = take_chunks(rest)
        return (None, data) if chunks is None else (Request(line, fields, *chunks[:2]), chunks[2])
    length = told.get(b"content-length", b"0")
    if re.fullmatch(rb"0|[1-9][0-9]*", length) is None:
        raise Malformed(head)
    if len(rest) < int(length):
        return None, data
    return Request(line, fields, rest[:int(length)]), rest[int(length):]


def read_fields(lines):
    fields = []
    for each in lines:
        name, colon, value = each.partition(b":")
        if not colon or TOKEN.fullmatch(name) is None or re.search(rb"[\0-\x08\x0a-\x1f\x7f]", value):
            raise Malformed(each)
        fields.append((name.lower(), value.strip(b" \t")))
    return fields


def take_chunks(data):
    """(content, trailers, what follows) of a chunked body, or None when it is not whole yet."""
    pieces, at = [], 0
    while True:
        end = data.find(b"\r\n", at)
        if end < 0:
            return None
        if re.fullmatch(rb"[0-9a-f]+", data[at:end]) is None:
            raise Malformed(data[at:end])
        count, at = int(data[at:end], 16), end + 2
        if count == 0:
            break
        if len(data) < at + count + 2:
            return None
        if data[at + count:at + count + 2] != b"\r\n":
            raise Malformed(data[at + count:])
        pieces.append(data[at:at + count])
        at += count + 2
    rest = data[at:]
    lines = []
    while True:
        line, found, rest = rest.partition(b"\r\n")
        if not found:
            return None
        if not line:
            break
        lines.append(line)
    trailers = read_fields(lines)
    if {name for name, _ in trailers} & {*NEVER_BEHIND}:
        raise Malformed(lines)
    return b"".join(pieces), trailers, rest


class Witness:
    """A handler that answers each request with its method and target, and keeps the bytes of every connection."""

    def __init__(self):
        self._lock = threading.Lock()
        self._received = {}
        self._begun = {}

    def __call__(self, connection, number):
        data = b""
        while True:
            piece = connection.recv(65536)
            if not piece:
                return
            with self._lock:
                self._received[number] = self._received.get(number, b"") + piece
            data += piece
            while True:
                try:
                    request, data = take_request(data)
                except Malformed:
                    return  # the test that looks at the bytes says what was wrong
                if request is None:
                    break
                connection.sendall(self.reply(request))

    @staticmethod
    def reply(request):
        told = request.line.rpartition(b" ")[0]
        body = b"" if told.startswith(b"HEAD ") else told
        return b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(told), body)

    def take(self):
        """(whole requests, bytes of unfinished ones) of the connections on which something came since it was last asked."""
        with self._lock:
            received, self._received = self._received, {}
        requests, rests = [], []
        for number, data in received.items():
            data = self._begun.pop(number, b"") + data  # what was given up may still go on for a moment
            while True:
                request, data = take_request(data)
                if request is None:
                    break
                requests.append(request)
            if data:
                self._begun[number] = data
                rests.append(data)
        return requests, rests


def gateway_before(stage, witness, **options):
    """A gateway of one worker that passes everything to the witness."""
    peer = stage.keep(Peer(witness))
    text = manifests.to_text(manifests.gateway(), manifests.route("all", "plain"), manifests.static("plain", peer.port))
    gateway = stage.gateway([stage.write(f"smuggling-{peer.port}.yaml", text)], binds=["edge"], workers=1, **options)
    gateway.witness, gateway.peer = witness, peer
    return gateway


def witnessed(gateway):
    """What its upstream received, less one more request that must be answered as it was asked.

    What is answered has been received, so whole requests are all there. What was cut short may still be on its way and come
    later: tests that cut share no gateway with tests that say nothing was left.
    """
    canary = harness.post(gateway.port("edge"), "/canary", None, method="GET")
    assert (canary.status, canary.body) == (200, b"GET /canary")
    requests, rests = gateway.witness.take()
    others = [request for request in requests if request.line != b"GET /canary HTTP/1.1"]  # by connection, not by time
    assert len(others) == len(requests) - 1
    return others, rests


def replies(received, head_only=()):
    """(status, body) of each final reply in the bytes received; those with an index in `head_only` have no body."""
    seen = []
    while received:
        head, found, received = received.partition(b"\r\n\r\n")
        assert found and head.startswith(b"HTTP/1.1 "), (head, received)
        if head[9:10] == b"1":
            continue
        lengths = re.findall(rb"(?im)^content-length: (\d+)\r?$", head)
        assert len(lengths) <= 1 and b"transfer-encoding" not in head.lower(), head
        length = int(lengths[0]) if lengths and len(seen) not in head_only else 0
        assert len(received) >= length, "the reply is cut short"
        seen.append((int(head[9:12]), received[:length]))
        received = received[length:]
    return seen
