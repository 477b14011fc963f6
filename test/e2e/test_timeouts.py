"""The timeouts of a rule cover the whole exchange; of an event stream, what comes before its body."""

import http.client
import json
import socket

import pytest

import events
import harness
import manifests
from peer import Peer, read_request

CHAT = "/v1/chat/completions"
HEADS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{",
    "chunked": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
}
LIMITS = {"request": {"request": "1s"}, "backendRequest": {"backendRequest": "1s"}}  # time enough for a head


def route_to(kind, port, timeouts):
    backend = manifests.static("b", port) if kind == "plain" else manifests.openai("b", port, "served-model")
    return manifests.to_text(manifests.gateway(), manifests.route("r", "b", timeouts=timeouts), backend)


def before(stage, handle, kind, timeouts):
    peer = stage.keep(Peer(handle))
    return stage.gateway([stage.write("c.yaml", route_to(kind, peer.port, timeouts))], binds=["edge"])


def pausing(beginning):
    def handle(connection, _):
        read_request(connection)
        connection.sendall(beginning)
        connection.recv(1)  # until the gateway lets go
    return handle


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("framing", HEADS)
@pytest.mark.parametrize("kind", ["model", "plain"])
def test_a_reply_that_stops_behind_its_head_is_broken_off(stage, kind, framing, limit):
    gateway = before(stage, pausing(HEADS[framing]), kind, LIMITS[limit])
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        harness.post(gateway.port("edge"), CHAT, harness.CHAT)
    line = gateway.access_log(1)[0]
    assert line["gatehouse.outcome"] == "TimedOut" and line["error"].startswith("http_response_timeout")


@pytest.mark.parametrize("kind", ["model", "plain"])
def test_a_request_body_that_stops_is_answered_in_time(stage, kind):
    gateway = before(stage, lambda connection, _: connection.recv(65536) and read_request(connection), kind, LIMITS["request"])
    with socket.create_connection(("127.0.0.1", gateway.port("edge")), timeout=harness.PATIENCE) as client:
        client.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n"
                       b'{"a":' % CHAT.encode())
        response = http.client.HTTPResponse(client)
        response.begin()
        reply = harness.Reply(response, response.read())
    assert reply.status == 504
    body = reply.json()
    assert (body["code"] if kind == "plain" else body["error"]["code"]) == "upstream_timeout"
    assert gateway.access_of(reply)["gatehouse.outcome"] == "TimedOut"


@pytest.mark.parametrize("limit", LIMITS)
def test_an_event_stream_outlives_the_limits(stage, limit):
    """The stream goes on only after a request beside it, begun later under the same limit, was cut by it."""
    held = events.Held()
    stage.keep(held)

    def handle(connection, number):
        if number == 0:
            held(connection, number)
        else:
            pausing(HEADS["length"])(connection, number)
    gateway = before(stage, handle, "model", LIMITS[limit])
    body = {**harness.CHAT, "stream": True, "stream_options": {"include_usage": True}}
    reader = events.Reader(gateway.port("edge"), CHAT, body)
    reader.until(b"data: ")
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        harness.post(gateway.port("edge"), CHAT, harness.CHAT)
    held.finish()
    assert reader.rest() == "".join(events.CHAT_EVENTS[1:]).encode()
    outcomes = sorted(line["gatehouse.outcome"] for line in gateway.access_log(2))
    assert outcomes == ["Completed", "TimedOut"]


def test_a_client_that_leaves_within_the_limit_is_gone(stage):
    arrived = []

    def handle(connection, _):
        arrived.append(read_request(connection))
        connection.recv(1)
    gateway = before(stage, handle, "model", {"request": "1h"})
    with socket.create_connection(("127.0.0.1", gateway.port("edge")), timeout=harness.PATIENCE) as client:
        body = json.dumps(harness.CHAT).encode()
        client.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                       % (CHAT.encode(), len(body), body))
        harness.eventually(lambda: arrived, "the request at the model server")
    assert gateway.access_log(1)[0]["gatehouse.outcome"] == "ClientGone"
