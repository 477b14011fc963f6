"""Silence within a model's stream: the client is told that it goes on, in its dialect, between events and nowhere else."""

import queue

import pytest

import events
import harness
import manifests
from peer import Peer, read_request

CHAT = "/v1/chat/completions"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
CHAT_BEGIN = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n'
CHAT_END = b'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
MESSAGES_BEGIN = b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","usage":{"input_tokens":1}}}\n\n'
MESSAGES_END = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


class Silent(Peer):
    """Says a piece of a stream each time it is told to; silent between."""

    def __init__(self, *pieces):
        self._pieces = pieces
        self._told = queue.SimpleQueue()
        super().__init__(self._serve)

    def _serve(self, connection, _):
        if read_request(connection) is None:
            return
        connection.sendall(HEAD)
        for piece in self._pieces:
            connection.sendall(piece)
            self._told.get(timeout=harness.PATIENCE)

    def go_on(self):
        self._told.put(None)


def before(stage, backend, peer, keep_alive="0.05"):
    text = manifests.to_text(manifests.gateway(), manifests.route("all", "model"), backend("model", peer.port))
    return stage.gateway([stage.write("config.yaml", text)], binds=["edge"], extra=["--keep-alive", keep_alive])


def without(received, told):
    return received.replace(told, b"")


@pytest.mark.parametrize("backend, path, told, pieces", [
    (manifests.openai, CHAT, b": keep-alive\n\n", (CHAT_BEGIN, CHAT_END)),
    (manifests.anthropic, "/v1/messages", b'event: ping\ndata: {"type":"ping"}\n\n', (MESSAGES_BEGIN, MESSAGES_END)),
], ids=["chat", "messages"])
def test_a_silent_stream_is_kept_alive_in_its_dialect(stage, backend, path, told, pieces):
    peer = stage.keep(Silent(*pieces))
    gateway = before(stage, backend, peer)
    reader = events.Reader(gateway.port("edge"), path, {**harness.CHAT, "max_tokens": 9, "stream": True})
    assert reader.until(told * 3).startswith(pieces[0] + told), "again and again"
    peer.go_on()
    reader.until(pieces[1])
    peer.go_on()
    assert without(reader.rest(), told) == b"".join(pieces), "and not one byte else"
    assert not reader.received[reader.received.index(pieces[1]) + len(pieces[1]):], "nothing behind the end"
    line = gateway.access_log(1)[0]
    assert line["gatehouse.outcome"] == "Completed"


def test_nothing_is_said_within_an_event(stage):
    half = len(CHAT_BEGIN) // 2
    peer = stage.keep(Silent(CHAT_BEGIN[:half], CHAT_BEGIN[half:] + CHAT_END))
    beside = stage.keep(Silent(CHAT_BEGIN, CHAT_END))  # silent between events: there is time for three
    text = manifests.to_text(
        manifests.gateway(), manifests.route("within", "within"), manifests.openai("within", peer.port),
        manifests.route("beside", "beside", "/beside"), manifests.openai("beside", beside.port))
    gateway = stage.gateway([stage.write("config.yaml", text)], binds=["edge"], workers=1, extra=["--keep-alive", "0.05"])
    body = {**harness.CHAT, "stream": True, "stream_options": {"include_usage": True}}
    reader = events.Reader(gateway.port("edge"), CHAT, body)
    reader.until(CHAT_BEGIN[:half])
    events.Reader(gateway.port("edge"), f"/beside{CHAT}", body).until(b": keep-alive\n\n" * 3)
    peer.go_on()
    reader.until(CHAT_END)
    peer.go_on()
    assert reader.rest() == CHAT_BEGIN + CHAT_END


def test_none_is_sent_where_none_is_wanted(stage):
    peer = stage.keep(Silent(CHAT_BEGIN, CHAT_END))
    gateway = before(stage, manifests.openai, peer, keep_alive="0")
    reader = events.Reader(gateway.port("edge"), CHAT, {**harness.CHAT, "stream": True})
    reader.until(CHAT_BEGIN)
    peer.go_on()
    reader.until(CHAT_END)
    peer.go_on()
    assert reader.rest() == CHAT_BEGIN + CHAT_END
