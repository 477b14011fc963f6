"""A client of HTTP/2 frames that follows no rule: what it sends is what a test says, octet by octet (RFC 9113 section 4)."""

import os
import socket
from typing import NamedTuple

import hpack

import harness

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, WITH_PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR,
 REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM) = range(12)
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = range(1, 7)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Frame(NamedTuple):
    kind: int
    flags: int = 0
    stream: int = 0
    payload: bytes = b""

    def number(self):
        return int.from_bytes(self.payload, "big")


def frame(kind, flags=0, stream=0, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def setting(name, value):
    return name.to_bytes(2, "big") + value.to_bytes(4, "big")


def literal(name, value, opening=b"\x00"):
    """A field that is told in full and indexed by nobody (RFC 7541 section 6.2.2)."""
    def text(octets):
        octets = octets if isinstance(octets, bytes) else octets.encode()
        size, begin = len(octets), b""
        if size < 127:
            return bytes([size]) + octets
        size -= 127
        while size >= 128:
            begin, size = begin + bytes([0x80 | size % 128]), size // 128
        return b"\x7f" + begin + bytes([size]) + octets
    return opening + text(name) + text(value)


def block(fields):
    return b"".join(literal(name, value) for name, value in fields)


def request_fields(method="GET", path="/", fields=(), scheme="http", authority="gateway"):
    return [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path), *fields]


class Reply:
    """What has come on one stream."""

    def __init__(self):
        self.fields, self.trailers, self.body, self.ended, self.reset = None, None, b"", False, None

    @property
    def status(self):
        return int(self.fields[b":status"]) if self.fields else None

    @property
    def over(self):
        return self.ended or self.reset is not None


class Wire:
    """One connection. Nothing is answered by itself, neither SETTINGS nor PING."""

    def __init__(self, port, hello=True, settings=b""):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received, self._decoder, self._head = b"", hpack.Decoder(), None
        self._decoder.max_header_list_size = 1 << 20
        self.frames, self.streams, self.goaways, self.closed, self.settings = [], {}, [], False, {}
        if hello:
            self.send(PREFACE + frame(SETTINGS, payload=settings))
            self.until(lambda: self.settings, "SETTINGS")
            self.send(frame(SETTINGS, ACK))

    def send(self, data):
        """What cannot be sent any more is dropped: what was said before the end is there to be read."""
        try:
            self.socket.sendall(data)
        except ConnectionError:
            pass

    def frame(self, *parts, **more):
        self.send(frame(*parts, **more))

    def headers(self, stream, fields, flags=END_STREAM, end=END_HEADERS):
        self.frame(HEADERS, flags | end, stream, block(fields))

    def get(self, stream, path="/"):
        self.headers(stream, request_fields(path=path))

    def reply(self, stream):
        return self.streams.setdefault(stream, Reply())

    def receive(self):
        """Waits for something, once."""
        try:
            piece = self.socket.recv(65536)
        except ConnectionError:
            piece = b""
        self.closed = not piece
        self._received += piece
        while len(self._received) >= 9 and len(self._received) >= (size := 9 + int.from_bytes(self._received[:3], "big")):
            head, payload = self._received[:9], self._received[9:size]
            self._received = self._received[size:]
            self._note(Frame(head[3], head[4], int.from_bytes(head[5:9], "big"), payload))

    def until(self, read, what):
        while not (value := read()):
            assert not self.closed, f"closed before: {what}; received {self.frames[-5:]}"
            self.receive()
        return value

    def sync(self):
        """Everything sent before has been seen by the other side, which is still there."""
        mark = os.urandom(8)
        self.frame(PING, 0, 0, mark)
        self.until(lambda: Frame(PING, ACK, 0, mark) in self.frames or self.goaways, "the answer to a ping")
        assert not self.goaways, f"ended with {self.goaways}"

    def ended(self):
        """The error code of the connection's GOAWAY, which must come, and the end behind it."""
        while not self.closed:
            self.receive()
        assert self.goaways, "no GOAWAY before the end"
        return self.goaways[-1][0]

    def over(self, stream):
        """The reply on a stream that is over."""
        return self.until(lambda: self.reply(stream).over and self.reply(stream), f"the end of stream {stream}")

    def lives(self, stream, path="/lives"):
        """A request on a new stream is still answered."""
        self.get(stream, path)
        assert self.over(stream).status == 200 and not self.goaways

    def _note(self, frame):
        self.frames.append(frame)
        reply = self.reply(frame.stream)
        if frame.kind == SETTINGS and not frame.flags & ACK:
            for at in range(0, len(frame.payload), 6):
                self.settings[int.from_bytes(frame.payload[at:at + 2], "big")] = int.from_bytes(frame.payload[at + 2:at + 6], "big")
            self.settings.setdefault(None, True)
        elif frame.kind == HEADERS:
            self._head = (frame, frame.payload)
        elif frame.kind == CONTINUATION:
            self._head = (self._head[0], self._head[1] + frame.payload)
        elif frame.kind == DATA:
            reply.body += frame.payload
        elif frame.kind == RST_STREAM:
            reply.reset = frame.number()
        elif frame.kind == GOAWAY:
            self.goaways.append((int.from_bytes(frame.payload[4:8], "big"), int.from_bytes(frame.payload[:4], "big")))
        if frame.kind in (HEADERS, CONTINUATION) and frame.flags & END_HEADERS:
            fields = dict(self._decoder.decode(self._head[1], raw=True))
            if reply.fields is None or reply.fields[b":status"].startswith(b"1"):
                reply.fields = fields
            else:
                reply.trailers = fields
            reply.ended |= bool(self._head[0].flags & END_STREAM)
        if frame.kind == DATA:
            reply.ended |= bool(frame.flags & END_STREAM)

    def stop(self):
        self.socket.close()
