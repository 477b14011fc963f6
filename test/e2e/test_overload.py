"""Too much load: what is too much is told 503 at once, the rest is served as before, and the doors beside the traffic answer."""

import json
import socket
import subprocess
import threading

import h2_client
import harness
import manifests
import peer
import pytest

CHAT = "/v1/chat/completions"
WHOLE = peer.response(json.dumps({
    "id": "c", "object": "chat.completion", "model": "served", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}).encode())


class Held:
    """A model server that answers when told."""

    def __init__(self, stage):
        self.go = threading.Event()
        self.waiting = threading.Semaphore(0)
        self.peer = stage.keep(peer.Peer(self._handle))

    def _handle(self, connection, _):
        while peer.read_request(connection) is not None:
            self.waiting.release()
            assert self.go.wait(harness.PATIENCE)
            connection.sendall(WHOLE)

    def await_requests(self, count):
        for _ in range(count):
            assert self.waiting.acquire(timeout=harness.PATIENCE)


def start(stage, port, *extra, plain=False, **options):
    backend = manifests.static("b", port) if plain else manifests.openai("b", port, "served")
    file = stage.write("edge.yaml", manifests.to_text(manifests.gateway(), manifests.route("all", "b"), backend))
    return stage.gateway([file], binds=["edge"], extra=extra, workers=1, **options)


def in_background(call):
    result = []
    thread = threading.Thread(target=lambda: result.append(call()), daemon=True)
    thread.start()
    def finish():
        thread.join(harness.PATIENCE)
        return result[0]
    return finish


def shed(gateway, cause):
    for line in gateway.metrics().splitlines():
        if line.startswith(f'gatehouse_shed_total{{cause="{cause}"}}'):
            return float(line.rsplit(" ", 1)[1])
    return 0


def log_lines(gateway, start_of_message):
    return [line for line in gateway.json_lines() if line.get("msg", "").startswith(start_of_message)]


def test_requests_beyond_the_limit_are_told_so_in_their_dialect(stage):
    held = Held(stage)
    gateway = start(stage, held.peer.port, "--max-requests", "2")
    port = gateway.port("edge")
    running = [in_background(lambda: harness.post(port, CHAT, harness.CHAT)) for _ in range(2)]
    held.await_requests(2)
    refused = harness.post(port, CHAT, harness.CHAT)
    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    assert refused.json()["error"]["code"] == "overloaded"
    refused = harness.post(port, "/v1/messages", {"model": "m", "max_tokens": 1, "messages": []})
    assert refused.json()["error"]["type"] == "overloaded_error"
    assert gateway.get("readiness", "/healthz/ready")[0] == 200
    assert shed(gateway, "requests") == 2
    held.go.set()
    assert [finish().status for finish in running] == [200, 200]
    assert harness.post(port, CHAT, harness.CHAT).status == 200
    lines = gateway.access_log(5)
    assert [line["gatehouse.outcome"] for line in lines].count("Refused") == 2
    assert [line.get("reason") for line in lines].count("Overload") == 2
    assert len(log_lines(gateway, "overloaded")) == 1


def test_a_plain_route_is_told_in_a_problem(stage):
    held = Held(stage)
    gateway = start(stage, held.peer.port, "--max-requests", "1", plain=True)
    running = in_background(lambda: harness.post(gateway.port("edge"), "/", b"x"))
    held.await_requests(1)
    refused = harness.post(gateway.port("edge"), "/", b"x")
    assert refused.status == 503 and refused.headers["content-type"] == "application/problem+json"
    held.go.set()
    assert running().status == 200


def kept(port):
    """A connection that has had an answer and stays."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE)
    connection.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b" 200 " in connection.recv(65536)
    return connection


def test_connections_beyond_the_limit_get_one_answer(stage):
    mock = stage.mock()
    gateway = start(stage, mock.port, "--max-connections", "2")
    port = gateway.port("edge")
    first, second = kept(port), kept(port)
    refused = harness.raw_exchange(port, b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
    assert refused.startswith(b"HTTP/1.1 503 ") and b"\r\nRetry-After: 1\r\n" in refused
    assert b"\r\nConnection: close\r\n" in refused
    nowhere = harness.raw_exchange(port, b"GET /no/route HTTP/1.1\r\nHost: x\r\n\r\n")
    assert nowhere.startswith(b"HTTP/1.1 503 "), "it is the connection that is too much"
    client = h2_client.Client(port)
    number = client.start("GET", "/v1/models")
    client.until(lambda: client.streams[number].ended and client.goaways, "an answer and GOAWAY")
    assert client.streams[number].status == 503
    assert shed(gateway, "connections") == 3
    # Those that were there first go on.
    first.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b" 200 " in first.recv(65536)
    second.close()
    client.socket.close()
    harness.eventually(lambda: harness.post(port, "/v1/models", None, method="GET").status == 200, "room again")
    first.close()


def test_short_of_descriptors_connections_wait_and_the_doors_answer(stage):
    mock = stage.mock()
    file = stage.write("edge.yaml", manifests.one_model(mock.port))
    # The gateway with 200 descriptors, hard.
    script = stage.write("low.sh", f'#!/bin/sh\nulimit -n 200\nexec "{harness.BINARY}" "$@"\n')
    script.chmod(0o755)
    gateway = stage.gateway([file], binds=["edge"], workers=1, extra=["--max-connections", "100000"], binary=script)
    port = gateway.port("edge")
    crowd = [socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE) for _ in range(220)]
    gateway.wait_for(lambda: shed(gateway, "descriptors") >= 1, "taking connections is paused")
    assert gateway.get("readiness", "/healthz/ready")[0] == 200
    assert gateway.get("admin", "/api/config")[0] == 200
    for connection in crowd:
        connection.close()
    assert harness.post(port, CHAT, harness.CHAT).status == 200
    assert log_lines(gateway, "overloaded")[0]["cause"] == "descriptors"


def test_others_are_answered_beside_a_stream_without_end(stage):
    """An upstream that sends as fast as it can, a client that takes as fast as it can, one worker."""
    def pour(connection, _):
        peer.read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n")
        piece = b"x" * (1 << 20)
        while True:
            connection.sendall(piece)
    endless = stage.keep(peer.Peer(pour))
    quick = stage.keep(peer.Peer(peer.answering(peer.response(b"quick"))))
    file = stage.write("edge.yaml", manifests.to_text(
        manifests.gateway(), manifests.route("slow", "endless", "/endless"), manifests.route("fast", "quick", "/quick"),
        manifests.static("endless", endless.port), manifests.static("quick", quick.port)))
    gateway = stage.gateway([file], binds=["edge"], workers=1)
    port = gateway.port("edge")
    with socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE) as greedy:
        greedy.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        taken = [0]
        def drink():
            try:
                while piece := greedy.recv(1 << 20):
                    taken[0] += len(piece)
            except OSError:
                pass
        thread = threading.Thread(target=drink, daemon=True)
        thread.start()
        harness.eventually(lambda: taken[0] > 64 << 20, "the endless stream flows")
        for _ in range(50):
            assert harness.post(port, "/quick", None, method="GET").body == b"quick"
        greedy.shutdown(socket.SHUT_RDWR)
        thread.join(harness.PATIENCE)


def test_others_are_answered_beside_a_hundred_streams_of_one_connection(stage):
    held = Held(stage)
    quick = stage.keep(peer.Peer(peer.answering(peer.response(b"quick"))))
    file = stage.write("edge.yaml", manifests.to_text(
        manifests.gateway(), manifests.route("slow", "held", "/held"), manifests.route("fast", "quick", "/quick"),
        manifests.static("held", held.peer.port), manifests.static("quick", quick.port)))
    gateway = stage.gateway([file], binds=["edge"], workers=1)
    port = gateway.port("edge")
    client = h2_client.Client(port)
    numbers = [client.start("POST", "/held", body=b"x") for _ in range(100)]
    held.await_requests(100)
    assert harness.post(port, "/quick", None, method="GET").body == b"quick"
    held.go.set()
    client.until(lambda: all(client.streams[number].ended for number in numbers), "a hundred answers")
    assert {client.streams[number].status for number in numbers} == {200}


def test_a_body_larger_than_all_memory_for_bodies_is_413(stage):
    mock = stage.mock()
    gateway = start(stage, mock.port, "--max-buffered", "1")
    big = {**harness.CHAT, "messages": [{"role": "user", "content": "x" * (2 << 20)}]}
    assert harness.post(gateway.port("edge"), CHAT, big).status == 413
    assert harness.post(gateway.port("edge"), CHAT, harness.CHAT).status == 200


@pytest.mark.parametrize("flag", ["--max-connections", "--max-requests", "--max-buffered"])
def test_a_limit_of_nothing_is_refused(flag):
    done = subprocess.run([harness.BINARY, "run", flag, "0"], capture_output=True, text=True, timeout=harness.PATIENCE)
    assert done.returncode == 2 and flag in done.stderr
