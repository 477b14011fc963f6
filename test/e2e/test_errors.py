"""Every error speaks the caller's dialect, says what to do, carries the request's id, and holds no key."""

import json
import re

import pytest

import harness
import manifests
from peer import Peer, read_request

CHAT = "/v1/chat/completions"
CLAUDE = {"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{13}", re.IGNORECASE)
KEYS = {"openai-key": "sk-test-provider-key-0001", "claude-key": "sk-ant-test-provider-key-0002"}
CLIENT_KEYS = ["sk-client-bearer-0003", "sk-client-x-api-0004", "client-query-key-0005"]


def unused_port():
    """A port nobody listens on: taken by nobody else while this socket holds it without listening."""
    import socket
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    return holder, holder.getsockname()[1]


class World:
    """One gateway with every kind of broken model server behind it, for both dialects."""

    def __init__(self, stage):
        self.mock = stage.mock()
        tls = stage.mock(tls_names="right.example")
        other = stage.mock(tls_names="right.example")
        silent = stage.keep(Peer(lambda connection, _: (read_request(connection), connection.recv(1))))
        self._holder, refused = unused_port()
        def both(name, port, **options):
            timeouts = options.pop("timeouts", None)
            secret = options.pop("secret", None)
            return [
                manifests.route(name, name, f"/{name}", timeouts=timeouts),
                manifests.openai(name, port, "served-model", secret=secret or "openai-key", **options),
                manifests.route(f"c-{name}", f"c-{name}", f"/claude/{name}", timeouts=timeouts),
                manifests.anthropic(f"c-{name}", port, secret=secret or "claude-key", **options),
            ]
        text = manifests.to_text(
            manifests.gateway(), *(manifests.secret(name, key) for name, key in KEYS.items()),
            *both("good", self.mock.port),
            *both("refused", refused),
            *both("nowhere", 443, host="no-such-host.invalid"),
            *both("tlsname", tls.port, tls={"sni": "wrong.example"}),
            *both("tlsroot", other.port, tls={"sni": "right.example"}),
            *both("nottls", self.mock.port, tls={"sni": "right.example"}),
            *both("silent", silent.port, timeouts={"request": "100ms"}),
            *both("keyless", self.mock.port, secret="no-such-secret"),
        )
        self.gateway = stage.gateway(
            [stage.write("config.yaml", text)], binds=["edge"], env={"SSL_CERT_FILE": str(tls.ca)}
        )
        self.port = self.gateway.port("edge")
        self.bodies = []

    def stop(self):
        self._holder.close()

    def send(self, path, body, method="POST", headers=None):
        reply = harness.post(self.port, f"{path}?key={CLIENT_KEYS[2]}", body, method=method, headers={
            "authorization": f"Bearer {CLIENT_KEYS[0]}", "x-api-key": CLIENT_KEYS[1], **(headers or {}),
        })
        self.bodies.append(reply.body + str(reply.headers).encode())
        return reply

    def chat(self, name, **more):
        return self.send(f"/{name}{CHAT}", harness.CHAT, **more)

    def messages(self, name, **more):
        return self.send(f"/claude/{name}/v1/messages", CLAUDE, **more)


@pytest.fixture(scope="module")
def world(shared_stage):
    return shared_stage.keep(World(shared_stage))


def check_openai(reply, status, kind, code):
    assert reply.status == status, reply.body
    assert reply.headers["content-type"] == "application/json"
    body = reply.json()
    assert list(body) == ["error"] and list(body["error"]) == ["message", "type", "param", "code"]
    assert (body["error"]["type"], body["error"]["code"]) == (kind, code)
    assert ID.fullmatch(reply.headers["x-gatehouse-request-id"])
    return body["error"]["message"]


def check_messages(reply, status, kind):
    assert reply.status == status, reply.body
    assert reply.headers["content-type"] == "application/json"
    body = reply.json()
    assert list(body) == ["type", "error", "request_id"] and list(body["error"]) == ["type", "message"]
    assert (body["type"], body["error"]["type"]) == ("error", kind)
    assert body["request_id"] == reply.headers["request-id"] == reply.headers["x-gatehouse-request-id"]
    return body["error"]["message"]


# name: status, OpenAI type, code, Messages type, words of the message, outcome, detail
FAILURES = {
    "refused": (503, "api_error", "upstream_unavailable", "api_error", "refused", "UpstreamFailed", "connection_refused"),
    "nowhere": (503, "api_error", "upstream_unavailable", "api_error", "no-such-host.invalid", "UpstreamFailed", "dns_error"),
    "tlsname": (502, "api_error", "upstream_tls", "api_error", "wrong.example", "UpstreamFailed", "tls_certificate_error"),
    "tlsroot": (502, "api_error", "upstream_tls", "api_error", "certificate", "UpstreamFailed", "tls_certificate_error"),
    "nottls": (503, "api_error", "upstream_unavailable", "api_error", "TLS", "UpstreamFailed", "tls_protocol_error"),
    "silent": (504, "timeout_error", "upstream_timeout", "timeout_error", "in time", "TimedOut", "http_response_timeout"),
    "keyless": (503, "api_error", "credential_missing", "api_error", "default/no-such-secret", "GatewayFailed", ""),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failing_model_server_is_told_in_openai_s_words(world, name):
    status, kind, code, _, words, outcome, detail = FAILURES[name]
    reply = world.chat(name)
    message = check_openai(reply, status, kind, code)
    assert words in message
    line = world.gateway.access_of(reply)
    assert line["gatehouse.outcome"] == outcome
    assert line["error"].startswith(detail)


@pytest.mark.parametrize("name", FAILURES)
def test_a_failing_model_server_is_told_in_the_words_of_messages(world, name):
    status, _, _, kind, words, _, _ = FAILURES[name]
    assert words in check_messages(world.messages(name), status, kind)


@pytest.mark.parametrize("stream", [False, True])
def test_no_route_is_told_in_the_dialect_of_the_path(world, stream):
    message = check_openai(world.send("/other/v1/chat/completions", {**harness.CHAT, "stream": stream}), 404,
                           "invalid_request_error", "route_not_found")
    assert "/other/v1/chat/completions" in message
    check_messages(world.send("/other/v1/messages", CLAUDE), 404, "not_found_error")
    check_messages(world.send("/other/thing", CLAUDE, headers={"anthropic-version": "2023-06-01"}), 404, "not_found_error")
    check_openai(world.send("/other/thing", None, method="GET"), 404, "invalid_request_error", "route_not_found")


def test_an_unknown_path_is_told_with_the_known_ones(world):
    message = check_openai(world.send("/good/v1/chatt/completion", None, method="GET"), 404, "invalid_request_error", "unknown_path")
    for known in ("/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/embeddings", "/v1/models"):
        assert known in message
    message = check_openai(world.send("/good/v1/surprise", {"hello": 1}), 404, "invalid_request_error", "unknown_path")
    assert "/v1/chat/completions" in message


def test_an_unknown_post_that_is_a_chat_is_served_as_one(world):
    before = len(world.mock.requests())
    assert world.send("/good/some/odd/path", harness.CHAT).status == 200
    assert world.mock.requests(before + 1)[before]["target"] == "/v1/chat/completions"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_a_wrong_method_is_told_with_the_right_one(world, method):
    reply = world.send(f"/good{CHAT}", None, method=method)
    check_openai(reply, 405, "invalid_request_error", "method_not_allowed")
    assert reply.headers["allow"] == "POST"
    reply = world.send("/claude/good/v1/messages", None, method=method)
    check_messages(reply, 405, "invalid_request_error")
    assert reply.headers["allow"] == "POST"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/good/v1/models", "/claude/good/v1/models"])
def test_a_wrong_method_on_a_model_list_is_told_with_the_right_ones(world, path, method):
    reply = world.send(path, None, method=method)
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")
    assert "/models takes GET, HEAD" in reply.json()["error"]["message"]


def test_a_websocket_is_asked_to_come_as_http(world):
    headers = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13", "sec-websocket-key": "x" * 24}
    reply = world.send("/good/v1/realtime", None, method="GET", headers=headers)
    check_openai(reply, 426, "invalid_request_error", "upgrade_required")
    assert reply.headers["upgrade"]


@pytest.mark.parametrize("coding", ["compress", "unknown", "gzip, br"])
def test_an_unknown_content_encoding_is_told(world, coding):
    headers = {"content-encoding": coding}
    reply = world.send(f"/good{CHAT}", b"\x00\x01", headers=headers)
    check_openai(reply, 415, "invalid_request_error", "unsupported_encoding")
    assert reply.headers["accept-encoding"] == "gzip, deflate, br, zstd"
    check_messages(world.send("/claude/good/v1/messages", b"\x00", headers=headers), 415, "invalid_request_error")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_what_is_not_coded_as_it_says_is_told(world, coding):
    headers = {"content-encoding": coding}
    reply = world.send(f"/good{CHAT}", json.dumps(harness.CHAT).encode(), headers=headers)
    check_openai(reply, 400, "invalid_request_error", "bad_request")
    assert coding in reply.json()["error"]["message"]
    check_messages(world.send("/claude/good/v1/messages", b"\x00", headers=headers), 400, "invalid_request_error")


def test_a_dialect_the_backend_does_not_speak_is_told(world):
    reply = world.send("/claude/good/v1/chat/completions", harness.CHAT)
    assert reply.status in (400, 501)
    assert reply.json()["error"]["code"] in ("not_supported", "unsupported_conversion")
    reply = world.send("/good/v1/messages", CLAUDE)
    assert reply.status in (400, 501) and reply.json()["type"] == "error"


def test_an_html_error_of_the_model_server_keeps_its_status(stage):
    page = "<html><body>Bad gateway</body></html>"
    mock = stage.mock(script={"rules": [{"respond": {"status": 502, "headers": {"content-type": "text/html"}, "body": page}}]})
    gateway = stage.gateway([stage.write("c.yaml", manifests.one_model(mock.port))], binds=["edge"])
    reply = harness.post(gateway.port("edge"), CHAT, harness.CHAT)
    assert check_openai(reply, 502, "api_error", "upstream_invalid") == page


def test_a_plain_route_answers_with_problem_json(stage):
    holder, port = unused_port()
    with holder:
        text = manifests.to_text(manifests.gateway(), manifests.route("web", "web"), manifests.static("web", port))
        gateway = stage.gateway([stage.write("c.yaml", text)], binds=["edge"])
        reply = harness.post(gateway.port("edge"), "/page", None, method="GET")
    assert reply.status == 503
    assert reply.headers["content-type"] == "application/problem+json"
    body = reply.json()
    assert body["status"] == 503 and body["code"] == "upstream_unavailable"
    assert body["request_id"] == reply.headers["x-gatehouse-request-id"]


def test_every_reply_has_an_id_of_its_own_that_the_log_knows(world):
    replies = [world.chat(name) for name in ("good", "refused", "good")]
    ids = [reply.headers["x-gatehouse-request-id"] for reply in replies]
    assert len(set(ids)) == 3
    for reply in replies:
        assert world.gateway.access_of(reply)["http.path"].endswith(CHAT)


def test_no_key_is_ever_shown(world):
    """After all the errors above: replies, logs, metrics and the admin API, scanned for every key."""
    for name in ("good", *FAILURES):
        world.chat(name)
        world.messages(name)
    places = {"replies": b"\n".join(world.bodies).decode("utf-8", "replace"), "log": world.gateway.text(),
              "metrics": world.gateway.metrics()}
    for path in ("/api/resources", "/api/config"):
        places[path] = world.gateway.get("admin", path)[1]
    for place, text in places.items():
        for key in [*KEYS.values(), *CLIENT_KEYS]:
            assert key not in text, f"{place} shows {key}"
    seen = json.dumps(world.mock.requests())
    assert not any(key in seen for key in CLIENT_KEYS)
    assert KEYS["openai-key"] in seen and KEYS["claude-key"] in seen
