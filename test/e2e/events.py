"""Event streams as model servers send them, and clients that read them piece by piece."""

import http.client
import json
import socket

import harness
from peer import read_request

DONE = "data: [DONE]\n\n"


def chunk(content=None, finish=None, **more):
    """One event of a chat stream."""
    delta = {} if content is None else {"content": content}
    return "data: " + json.dumps({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "up",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more,
    }, ensure_ascii=False) + "\n\n"


def usage_chunk(tokens_in=11, tokens_out=5):
    usage = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out}
    return "data: " + json.dumps({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "up", "choices": [], "usage": usage,
    }) + "\n\n"


# Content with what breaks naive readers: multi-byte characters, escapes, CR in text, the end mark as a word.
WORDS = ["Héllo", " wörld 😀", " \\n \"quoted\"", " data: [DONE]", " €", ""]
CHAT_EVENTS = [
    ": keep-alive\n\n",
    chunk(""), *(chunk(word) for word in WORDS), chunk(None, "stop"), usage_chunk(), DONE,
]
CRLF_EVENTS = [event.replace("\n", "\r\n") for event in CHAT_EVENTS]
MESSAGES_EVENTS = [
    'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],"stop_reason":null,"usage":{"input_tokens":9,"output_tokens":1}}}\n\n',
    'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
    'event: ping\ndata: {"type": "ping"}\n\n',
    'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hé 😀"}}\n\n',
    'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
    'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":4}}\n\n',
    'event: message_stop\ndata: {"type":"message_stop"}\n\n',
]


def without_usage(events):
    return [event for event in events if '"choices": []' not in event]


def dispatched(received):
    """(type, data) of the events that a client sees: those with data."""
    seen = []
    for block in received.decode("utf-8", "replace").replace("\r\n", "\n").split("\n\n"):
        lines = [line.partition(":")[::2] for line in block.split("\n")]
        data = [value.removeprefix(" ") for name, value in lines if name == "data"]
        if data:
            seen.append(("".join(value.strip() for name, value in lines if name == "event"), "\n".join(data)))
    return seen


def respond(events, **more):
    """A mock's script that answers everything with these events."""
    reply = {"headers": {"content-type": "text/event-stream"}, "events": events, **more}
    return {"rules": [{"respond": reply}]}


class Broken(Exception):
    """The reply ended without its end; holds what came before."""

    def __init__(self, received):
        super().__init__("broken off")
        self.received = received


class Reader:
    """A client that reads an event stream as it comes."""

    def __init__(self, port, path, body, headers=None):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=harness.PATIENCE)
        self._connection.request("POST", path, json.dumps(body), {"content-type": "application/json", **(headers or {})})
        self._response = self._connection.getresponse()
        self.status, self.headers = self._response.status, self._response.headers
        self.received = b""

    def until(self, text):
        """Reads up to and including `text`."""
        while text not in self.received:
            piece = self._response.read1(65536)
            assert piece, f"ended before {text!r}: {self.received!r}"
            self.received += piece
        return self.received

    def rest(self):
        """Everything to the end, or Broken if there is no clean one."""
        try:
            self.received += self._response.read()
        except (http.client.IncompleteRead, ConnectionError) as error:
            self.received += getattr(error, "partial", b"")
            raise Broken(self.received) from None
        return self.received

    def leave(self):
        """Goes away as a killed client does."""
        connection = self._connection.sock or self._response.fp.raw._sock
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._response.close()
        self._connection.close()

    def close(self):
        self._response.close()
        self._connection.close()


class Held:
    """A peer that begins a stream and ends it when told."""

    def __init__(self):
        self.go_on, self._told = socket.socketpair()

    def __call__(self, connection, _):
        if read_request(connection) is None:
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(self._chunk(CHAT_EVENTS[1]))
        if self._told.recv(1):
            connection.sendall(b"".join(map(self._chunk, CHAT_EVENTS[2:])) + b"0\r\n\r\n")
            connection.recv(1)

    @staticmethod
    def _chunk(event):
        return b"%x\r\n%s\r\n" % (len(event.encode()), event.encode())

    def finish(self):
        self.go_on.send(b"x")

    def stop(self):
        self.go_on.close()
