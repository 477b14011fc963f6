"""What the record of a request knows, and what it leaves out because nobody knows it."""

import pathlib
import signal
import socket

import pytest

import events
import harness
import manifests
from peer import Peer, read_request
from test_http import Wire

CHAT = "/v1/chat/completions"
NO_MODEL = {"messages": harness.CHAT["messages"]}


def gateway_of(stage, *objects):
    path = stage.write("config.yaml", manifests.to_text(manifests.gateway(), *objects))
    return stage.gateway([path], binds=["edge"], workers=1)


@pytest.fixture(scope="module")
def edge(shared_stage):
    """A model server at /free, with a model of ours at /fixed, and nobody at /closed."""
    mock = shared_stage.mock()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    return gateway_of(
        shared_stage,
        manifests.route("free", "free", "/free"), manifests.openai("free", mock.port),
        manifests.route("fixed", "fixed", "/fixed"), manifests.openai("fixed", mock.port, "served"),
        manifests.route("closed", "closed", "/closed"), manifests.openai("closed", closed),
    )


def line_of(edge, path, body=None, **more):
    return edge.access_of(harness.post(edge.port("edge"), path, body, **more))


@pytest.mark.parametrize("route", ["free", "fixed"])
def test_a_model_that_the_path_names_is_the_one_requested(edge, route):
    line = line_of(edge, f"/{route}/openai/deployments/mine%20own/chat/completions", NO_MODEL)
    assert (line["http.status"], line["gen_ai.request.model"]) == (200, "mine own")


@pytest.mark.parametrize("path, body, method", [
    ("/free/v1/responses/r1", None, "GET"), ("/free" + CHAT, "{", "POST"), ("/closed" + CHAT, harness.CHAT, "POST"),
    ("/closed/v1/responses/r1", None, "GET"), ("/free" + CHAT, harness.CHAT, "POST"),
])
def test_a_session_that_the_head_names_is_known_whatever_becomes_of_the_body(edge, path, body, method):
    line = line_of(edge, path, body, method=method, headers={"x-claude-code-session-id": "s1"})
    assert line["gatehouse.session"] == "s1"


def test_a_response_that_is_fetched_is_told_as_that_and_counts_nothing(edge):
    line = line_of(edge, "/free/v1/responses/r1", method="GET")
    assert (line["gen_ai.operation.name"], line["gatehouse.usage.state"]) == ("fetch_response", "none")


def test_usage_is_unknown_where_an_upstream_was_asked_and_none_where_nobody_was(edge):
    assert line_of(edge, "/closed" + CHAT, harness.CHAT)["gatehouse.usage.state"] == "unknown"
    assert line_of(edge, "/free" + CHAT, "{")["gatehouse.usage.state"] == "none"


def test_a_client_that_was_gone_before_the_reply_was_sent_no_status(edge):
    def stopped():
        tasks = pathlib.Path(f"/proc/{edge.process.pid}/task").glob("*/status")
        return all("\nState:\tT" in task.read_text() for task in tasks)
    with Wire(edge.port("edge")) as wire:
        wire.send(b"GET /fixed/v1/models HTTP/1.1\r\nHost: first\r\n\r\n")
        assert wire.reply()[0] == 200
        edge.process.send_signal(signal.SIGSTOP)
        try:
            harness.eventually(stopped, "the gateway stands still")
            wire.send(b"GET /fixed/v1/models HTTP/1.1\r\nHost: gone\r\n\r\n")
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            wire.socket.close()
        finally:
            edge.process.send_signal(signal.SIGCONT)
    lines = edge.wait_for(
        lambda: [line for line in edge.access_lines() if line.get("http.host") == "gone"], "the request is logged")
    assert len(lines) == 1 and lines[0]["gatehouse.outcome"] == "ClientGone"
    assert "http.status" not in lines[0]


class Stalling(events.Held):
    """Sends two events and then nothing until it breaks off."""

    def __call__(self, connection, _):
        if read_request(connection) is None:
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(self._chunk(events.chunk("one")))
        self._told.recv(1)
        connection.sendall(self._chunk(events.chunk("two and some words more")))
        self._told.recv(1)


def test_the_pace_of_a_stream_that_breaks_off_is_that_of_what_came(stage):
    stalling = Stalling()
    peer, mock = stage.keep(Peer(stalling)), stage.mock()
    gateway = gateway_of(
        stage,
        manifests.route("held", "held"), manifests.openai("held", peer.port),
        manifests.route("other", "other", "/other"), manifests.openai("other", mock.port),
    )
    reader = events.Reader(gateway.port("edge"), CHAT, {**harness.CHAT, "stream": True})
    reader.until(b"one")
    stalling.finish()
    reader.until(b"two and")
    # As long as these took, nothing came.
    stalled = sum(line_of(gateway, "/other" + CHAT, harness.CHAT)["duration_us"] for _ in range(20))
    stalling.finish()
    with pytest.raises(events.Broken):
        reader.rest()
    line = gateway.access_of(reader)
    assert line["gatehouse.outcome"] == "UpstreamTruncated"
    paced = line["gatehouse.time_per_output_token"] * (line["gen_ai.usage.output_tokens"] - 1)
    spent = (line["gatehouse.time_to_first_token"] + paced) * 1e6
    assert line["duration_us"] - spent > stalled
