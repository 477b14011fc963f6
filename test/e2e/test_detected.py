"""Paths that are forwarded as they are, but for the model: what a backend configures reaches the upstream, not what a client says."""

import json

import pytest

import harness
import manifests

EXPECTING = ["/v1/responses/compact", "/v1/responses/input_tokens", "/v1/moderations", "/v1/images/generations", "/v1/audio/speech"]


@pytest.fixture(name="line", scope="module")
def _line(shared_stage):
    """One mock behind a backend with a model, and at /free behind one without."""
    mock = shared_stage.mock()
    text = manifests.to_text(
        manifests.gateway(), manifests.route("fixed", "fixed"), manifests.openai("fixed", mock.port, "configured"),
        manifests.route("free", "free", "/free"), manifests.openai("free", mock.port),
    )
    gateway = shared_stage.gateway([shared_stage.write("c.yaml", text)], binds=["edge"])

    def send(path, body, content_type="application/json"):
        """The body that the upstream got."""
        before = len(mock.requests())
        harness.post(gateway.port("edge"), path, body, {"content-type": content_type})
        return mock.requests(before + 1)[before]["body"]
    send.gateway, send.mock = gateway, mock
    return send


@pytest.mark.parametrize("path", [*EXPECTING, "/v1/batches"])
@pytest.mark.parametrize("model", ['"q"', '""', "null"])
def test_the_configured_model_replaces_the_client_s(line, path, model):
    assert line(path, '{"a": 1, "model": %s}' % model) == '{"a": 1, "model": "configured"}'


@pytest.mark.parametrize("path", EXPECTING)
def test_a_model_that_is_absent_is_added_where_one_is_expected(line, path):
    assert json.loads(line(path, '{"a": 1}')) == {"model": "configured", "a": 1}


def test_what_names_no_model_and_expects_none_goes_on_as_it_is(line):
    assert line("/v1/batches", '{"a": 1}') == '{"a": 1}'
    assert line("/v1/files", "model=q", "multipart/form-data; boundary=b") == "model=q"


def test_without_a_configured_model_all_goes_on_as_it_is(line):
    assert line("/free/v1/moderations", '{"model": "q", "model": "r"}') == '{"model": "q", "model": "r"}'


def test_a_body_that_could_hide_a_model_is_refused(line):
    before = len(line.mock.requests())
    reply = harness.post(line.gateway.port("edge"), "/v1/moderations", '{"model": "configured", "model": "q"}')
    assert reply.status == 400 and reply.json()["error"]["code"] == "invalid_json"
    assert len(line.mock.requests()) == before
