"""The end of the program: SIGTERM lets streams finish, the limit cuts them off, and SIGKILL leaves nothing behind."""

import signal
import socket

import pytest

import events
import harness
import manifests
from events import CHAT_EVENTS, Broken, Held, Reader, respond
from peer import Peer

CHAT = "/v1/chat/completions"
STREAM = {**harness.CHAT, "stream": True, "stream_options": {"include_usage": True}}


def begun(stage, extra=()):
    """A gateway with one stream running through it."""
    held = stage.keep(Held())
    peer = stage.keep(Peer(held))
    gateway = stage.gateway([stage.write("c.yaml", manifests.one_model(peer.port))], binds=["edge"], extra=extra)
    reader = Reader(gateway.port("edge"), CHAT, STREAM)
    reader.until(b"data: ")
    return held, gateway, reader


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_running_stream_finishes_and_new_connections_are_refused(stage, number):
    held, gateway, reader = begun(stage)
    gateway.signal(number)
    port = gateway.port("edge")
    harness.eventually(lambda: refuses(port), "the gateway stops accepting")
    status, text = gateway.get("readiness", "/healthz/ready")
    assert (status, text) == (503, "draining\n")
    held.finish()
    assert reader.rest() == "".join(CHAT_EVENTS[1:]).encode()
    assert gateway.exit_code() == 0
    assert [line["gatehouse.outcome"] for line in gateway.access_lines()] == ["Completed"]


def refuses(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_idle_connections_are_closed_at_once(stage):
    mock = stage.mock()
    gateway = stage.gateway([stage.write("c.yaml", manifests.one_model(mock.port))], binds=["edge"],
                            extra=["--drain-timeout", "3600"])
    connection = harness.http.client.HTTPConnection("127.0.0.1", gateway.port("edge"), timeout=harness.PATIENCE)
    connection.request("GET", "/v1/models")
    assert connection.getresponse().read()
    gateway.signal(signal.SIGTERM)
    assert connection.sock.recv(1) == b""
    assert gateway.exit_code() == 0


def test_the_limit_cuts_a_stream_off_and_says_so(stage):
    _, gateway, reader = begun(stage, extra=["--drain-timeout", "0.2"])
    gateway.signal(signal.SIGTERM)
    with pytest.raises(Broken):
        reader.rest()
    assert b'"code":"overloaded"' in reader.received and b"The gateway is shutting down" in reader.received
    assert gateway.exit_code() == 0
    line = gateway.access_lines()[0]
    assert line["gatehouse.outcome"] == "GatewayFailed" and line["error"].startswith("shutdown")


def test_after_sigkill_a_restart_serves_the_same(stage):
    mock = stage.mock(script=respond(CHAT_EVENTS, fault={"after": 100, "kind": "hang"}))
    path = stage.write("c.yaml", manifests.one_model(mock.port))
    before = sorted(file.name for file in stage.folder.iterdir())
    gateway = stage.gateway([path], binds=["edge"])
    reader = Reader(gateway.port("edge"), CHAT, STREAM)
    reader.until(b"data: ")
    port = gateway.port("edge")
    gateway.signal(signal.SIGKILL)
    with pytest.raises(Broken):
        reader.rest()
    assert gateway.exit_code() == -signal.SIGKILL
    mock.aborted()
    assert sorted(file.name for file in stage.folder.iterdir()) == before
    again = stage.process(["run", "-f", path, "--log-format", "json", "--bind", f"edge=127.0.0.1:{port}",
                           *(part for name in ("admin", "metrics", "readiness") for part in (f"--{name}", "127.0.0.1:0"))])
    again.wait_for(lambda: [line for line in again.json_lines() if line.get("msg") == "ready"], "ready again")
    assert harness.post(port, "/v1/models", None, method="GET").json()["data"][0]["id"] == "served-model"
    assert events.Reader(port, CHAT, STREAM).until(b"data: ")
