"""What a configuration says never becomes more than one request, nor a field that nobody configured."""

import json

import pytest

import harness
import manifests

CHAT = "/v1/chat/completions"
SPLIT = "/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\nGET /evil"


def with_provider(port, provider=None, auth=None):
    backend = manifests.openai("model", port)
    backend["spec"]["ai"]["provider"].update(provider or {})
    if auth:
        backend["spec"]["policies"] = {"auth": auth}
    return manifests.to_text(manifests.gateway(), manifests.route("all", "model"), backend)


def validated(stage, config):
    program = stage.process(["validate", "-f", config])
    return program.exit_code(), program.text()


@pytest.mark.parametrize("provider, field", [
    ({"pathPrefix": SPLIT}, "pathPrefix"),
    ({"path": SPLIT}, "path"),
    ({"pathPrefix": "/a b"}, "pathPrefix"),
    ({"pathPrefix": "v1"}, "pathPrefix"),
    ({"pathPrefix": "/v1?x=1"}, "pathPrefix"),
    ({"path": "noslash"}, "path"),
    ({"path": "/%zz"}, "path"),
    ({"host": "a\r\nX: 1"}, "host"),
    ({"host": "http://127.0.0.1"}, "host"),
    ({"host": "127.0.0.1:80"}, "host"),
], ids=lambda value: json.dumps(value))
def test_a_path_or_host_that_is_none_is_an_error_at_its_place_and_sends_nothing(stage, provider, field):
    mock = stage.mock()
    config = stage.write("c.yaml", with_provider(mock.port, provider))
    code, text = validated(stage, config)
    assert code == 1 and f"spec.ai.provider.{field}: " in text, text
    gateway = stage.gateway([config], binds=["edge"])
    assert harness.post(gateway.port("edge"), CHAT, harness.CHAT).status in (500, 502, 503)
    assert mock.requests() == []


@pytest.mark.parametrize("provider", [
    {"pathPrefix": "/openai/deployments/a%20b/v1.0/"}, {"path": "/v1/chat/completions?api-version=2024-10-21"}, {"host": "localhost"},
], ids=json.dumps)
def test_a_path_or_host_as_people_have_them_is_served(stage, provider):
    mock = stage.mock()
    gateway = stage.gateway([stage.write("c.yaml", with_provider(mock.port, provider))], binds=["edge"])
    assert harness.post(gateway.port("edge"), CHAT, harness.CHAT).status == 200


@pytest.mark.parametrize("auth, said", [
    ({"key": "sk-hidden\r\nX-Evil: 1"}, "control character"),
    ({"key": "sk-hidden\x7f"}, "control character"),
    ({"key": "sk-hidden", "location": {"header": {"name": "X-Key", "prefix": "p\r\nX-Evil: 1 "}}}, "control character"),
    ({"key": "sk-hidden", "location": {"header": {"name": "Content-Length"}}}, "belongs to the connection"),
    ({"key": "sk-hidden", "location": {"header": {"name": "Host"}}}, "belongs to the connection"),
    ({"key": "sk-hidden; admin=1", "location": {"cookie": {"name": "session"}}}, "ends a cookie"),
], ids=lambda value: json.dumps(value))
def test_a_credential_that_cannot_be_sent_is_told_and_nothing_is_sent_without_it(stage, auth, said):
    mock = stage.mock()
    config = stage.write("c.yaml", with_provider(mock.port, auth=auth))
    code, text = validated(stage, config)
    assert code == 1 and said in text and "sk-hidden" not in text, text
    gateway = stage.gateway([config], binds=["edge"])
    reply = harness.post(gateway.port("edge"), CHAT, harness.CHAT)
    assert reply.status == 503 and reply.json()["error"]["code"] == "credential_missing", reply.body
    assert said in reply.json()["error"]["message"] and "sk-hidden" not in reply.body.decode()
    assert mock.requests() == []
