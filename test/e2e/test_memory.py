"""Back-pressure: a reader that does not read costs no memory, and holds up the model server instead."""

import json
import os
import resource
import socket
import subprocess
import threading

import pytest

import events
import harness
import manifests
from peer import Peer, read_request

BLOCK = events.chunk("x" * 65000).encode()
TOTAL = 220 << 20
# What a gateway may hold for one slow stream beyond its two kernel buffers.
ALLOWED = 16 << 20


class Pusher:
    """Pushes an event stream as fast as it is taken, and counts what was taken."""

    def __init__(self):
        self.sent = 0
        self.done = threading.Event()

    def __call__(self, connection, _):
        connection.settimeout(None)
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        end = events.chunk(None, "stop").encode() + events.DONE.encode()
        while self.sent < TOTAL:
            connection.sendall(b"%x\r\n%s\r\n" % (len(BLOCK), BLOCK))
            self.sent += len(BLOCK)
        connection.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(end), end))
        self.done.set()


def stands_still(read):
    """Waits until `read` gives the same value again and again: whoever changes it is blocked."""
    last, same = read(), 0
    def look():
        nonlocal last, same
        now = read()
        same, last = (same + 1, last) if now == last else (0, now)
        return same >= 50
    harness.eventually(look, "the pusher is held up")


def test_a_slow_reader_holds_up_the_model_server_and_costs_no_memory(stage):
    push = Pusher()
    peer = stage.keep(Peer(push))
    gateway = stage.gateway([stage.write("c.yaml", manifests.one_model(peer.port))], binds=["edge"])
    before = gateway.resident_bytes()
    with socket.create_connection(("127.0.0.1", gateway.port("edge")), timeout=harness.PATIENCE) as client:
        body = json.dumps({**harness.CHAT, "stream": True, "stream_options": {"include_usage": True}}).encode()
        client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                       b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
        harness.eventually(lambda: push.sent > 0, "the stream begins")
        stands_still(lambda: push.sent)
        assert push.sent < TOTAL, "nothing held the model server up"
        held = gateway.resident_bytes() - before
        received = 0
        tail = b""
        largest = held
        while piece := client.recv(1 << 20):
            received += len(piece)
            tail = (tail + piece)[-100:]
            largest = max(largest, gateway.resident_bytes() - before)
    assert push.done.wait(harness.PATIENCE)
    assert received > TOTAL
    assert tail.endswith(b"0\r\n\r\n") and b"data: [DONE]" in tail
    if "GATEHOUSE_SANITIZED" not in os.environ:
        assert largest < ALLOWED, f"grew by {largest} bytes"
    assert gateway.access_log(1)[0]["gatehouse.outcome"] == "Completed"


@pytest.mark.skipif("GATEHOUSE_SANITIZED" in os.environ, reason="a sanitizer keeps freed memory")
def test_memory_of_large_bodies_is_given_back(stage):
    mock = stage.mock(script={"rules": [{"respond": {"headers": {"content-type": "application/json"}, "body": "{}"}}]})
    gateway = stage.gateway([stage.write("c.yaml", manifests.one_model(mock.port))], binds=["edge"], workers=1)
    body = json.dumps({**harness.CHAT, "filler": "x" * (24 << 20)})
    def once():
        assert harness.post(gateway.port("edge"), "/v1/chat/completions", body).status == 200
        return gateway.resident_bytes()
    first = once()
    later = max(once() for _ in range(5))
    assert later < first + (32 << 20), f"from {first} to {later} bytes"


@pytest.mark.skipif("GATEHOUSE_SANITIZED" in os.environ, reason="a sanitizer needs more addresses than any limit")
def test_a_limit_on_addresses_stops_nothing(stage):
    """The program reserves more of them for its small blocks than it will ever use, and goes without where it may not."""
    file = stage.write("c.yaml", manifests.one_model(9))
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    done = subprocess.run([harness.BINARY, "validate", "-f", file], preexec_fn=limit, capture_output=True, text=True, timeout=harness.PATIENCE)
    assert done.returncode == 0, done.stderr
