"""Uploads to a plain service: bodies that come with pauses, and services that answer before they have all of one."""

import contextlib
import threading

import pytest

import harness
import manifests
from peer import Peer
from test_http import Wire

HEAD = b"POST /up HTTP/1.1\r\nHost: gateway\r\n"
SIZED = HEAD + b"Content-Length: 9\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"


class Service(Peer):
    """Reads a request until `received` ends with what a step names, then says what the step says; None hangs up."""

    def __init__(self, *steps):
        self.received = b""
        self.ended = threading.Event()
        super().__init__(lambda connection, _: self._follow(connection, steps))

    def _follow(self, connection, steps):
        received = b""
        for end, says in steps:
            while not received.endswith(end):
                piece = connection.recv(65536)
                if not piece:
                    self.ended.set()
                    return
                received += piece
                self.received += piece
            if says is None:
                return
            connection.sendall(says)
        with contextlib.suppress(ConnectionResetError):  # what was said last may not have been read
            while piece := connection.recv(65536):
                self.received += piece
        self.ended.set()


def before(stage, *steps):
    service = stage.keep(Service(*steps))
    text = manifests.to_text(manifests.gateway(), manifests.route("web", "web"), manifests.static("web", service.port))
    return service, stage.gateway([stage.write("config.yaml", text)], binds=["edge"], workers=1)


@pytest.mark.parametrize("start", [SIZED + b"abc", CHUNKED + b"3\r\nabc\r\n"])
def test_an_answer_within_a_paused_body_reaches_the_client_at_once(stage, start):
    service, gateway = before(stage, (b"abc" if b"Length" in start else b"abc\r\n", TOO_LARGE))
    with Wire(gateway.port("edge")) as wire:
        wire.send(start)
        status, fields, body = wire.reply()
        assert (status, body, fields[b"connection"]) == (413, b"big", b"close")
        # The rest is no request, and nothing is said to it.
        wire.send(b"defghi" + SIZED)
        assert wire.ended() == b""
    assert service.ended.wait(harness.PATIENCE), "the connection to the service is not kept"
    assert b"defghi" not in service.received
    line = gateway.access_log(1)[0]
    assert (line["gatehouse.outcome"], line["http.status"]) == ("Completed", 413)
    with Wire(gateway.port("edge")) as wire:
        wire.send(start)
        assert wire.reply()[0] == 413
    assert service.connections == 2


def test_a_client_invited_to_its_body_hears_the_answer_while_it_pauses(stage):
    _, gateway = before(stage, (b"\r\n\r\n", CONTINUE), (b"abc", TOO_LARGE))
    with Wire(gateway.port("edge")) as wire:
        wire.send(HEAD + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n")
        assert wire.reply(bodyless=True)[0] == 100
        wire.send(b"abc")
        status, fields, body = wire.reply()
        assert (status, body, fields[b"connection"]) == (413, b"big", b"close")


def test_a_service_that_leaves_within_a_paused_body_is_a_failure_at_once(stage):
    _, gateway = before(stage, (b"abc", None))
    with Wire(gateway.port("edge")) as wire:
        wire.send(SIZED + b"abc")
        status, fields, _ = wire.reply()
        assert (status, fields[b"connection"]) == (502, b"close")
    line = gateway.access_log(1)[0]
    assert line["gatehouse.outcome"] == "UpstreamFailed"


def test_hints_within_a_paused_body_let_it_go_on(stage):
    service, gateway = before(stage, (b"abc", HINT), (b"defghi", OK), (b"abc", HINT + HINT), (b"defghi", OK))
    with Wire(gateway.port("edge")) as wire:
        for hints in (1, 2):
            wire.send(SIZED + b"abc")
            harness.eventually(lambda: service.received.endswith(b"abc"), "the first piece is there")
            wire.send(b"def")
            wire.send(b"ghi")
            assert [wire.reply(bodyless=True)[0] for _ in range(hints)] == [103] * hints
            assert wire.reply()[::2] == (200, b"ok")
    assert service.connections == 1, "both connections are used again"
    assert service.received.count(b"\r\n\r\nabcdefghi") == 2


def test_an_early_yes_within_a_paused_body_does_not_cut_it(stage):
    service, gateway = before(stage, (b"abc", OK))
    with Wire(gateway.port("edge")) as wire:
        wire.send(SIZED + b"abc")
        harness.eventually(lambda: service.received.endswith(b"abc"), "the first piece is there")
        wire.send(b"defghi")
        assert wire.reply()[::2] == (200, b"ok")
        harness.eventually(lambda: service.received.endswith(b"abcdefghi"), "the upload is whole")


@pytest.mark.parametrize("pieces", [[b"zz\r\n"], [b"3\r\nabc\r\n", b"zz\r\n"], [b"3\r\nabcdef"]])
def test_a_malformed_chunk_is_the_client_s_fault_and_no_address_of_a_service_is_told(stage, pieces):
    service, gateway = before(stage, (b"0\r\n\r\n", OK))
    with Wire(gateway.port("edge")) as wire:
        wire.send(CHUNKED + pieces[0])
        if pieces[1:]:
            harness.eventually(lambda: service.received.endswith(pieces[0]), "the first chunk is on its way")
            wire.send(pieces[1])
        status, fields, body = wire.reply()
    assert (status, fields[b"content-type"]) == (400, b"application/problem+json")
    address = f"127.0.0.1:{service.port}"
    assert b"127.0.0.1" not in body and str(service.port).encode() not in body, body
    line = gateway.access_log(1)[0]
    assert (line["gatehouse.outcome"], line["reason"], line["http.status"]) == ("Refused", "InvalidRequest", 400)
    assert line["error"].startswith("bad_request: malformed HTTP/1.1 message: ") and address not in line["error"]
    assert line["endpoint"] == address, "whom it was meant for"
    assert service.ended.wait(harness.PATIENCE), "the connection to the service is not kept"
    assert not service.received.endswith(b"0\r\n\r\n")


def test_a_client_that_leaves_its_paused_body_leaves_nothing_behind(stage):
    service, gateway = before(stage, (b"abc", HINT))
    with Wire(gateway.port("edge")) as wire:
        wire.send(SIZED + b"abc")
        harness.eventually(lambda: service.received.endswith(b"abc"), "the first piece is there")
    assert service.ended.wait(harness.PATIENCE)
    assert gateway.access_log(1)[0]["gatehouse.outcome"] == "ClientGone"
