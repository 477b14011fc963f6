"""Errors of routes that lead to no model: problem+json, also before anything is forwarded."""

import pytest

import harness
import manifests

CHAT = "/v1/chat/completions"
MODEL = {"name": "model", "group": "agentgateway.dev", "kind": "AgentgatewayBackend"}
WEB = {**MODEL, "name": "web"}


def ruled(name, **rule):
    made = manifests.route(name, "model", f"/{name}")
    made["spec"]["rules"][0].update(rule)
    return made


@pytest.fixture(name="port", scope="module")
def _port(shared_stage):
    mock = shared_stage.mock()
    modifier = [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["connection"]}}]
    nowhere = {"path": {"type": "ReplaceFullPath", "replaceFullPath": "no-path"}}
    text = manifests.to_text(
        manifests.gateway(), manifests.static("web", mock.port), manifests.openai("model", mock.port),
        ruled("service", backendRefs=[{"name": "gone", "port": 80}]),
        ruled("filter", backendRefs=[WEB], filters=modifier), ruled("weightless", backendRefs=[{**WEB, "weight": 0}]),
        ruled("redirect", backendRefs=[], filters=[{"type": "RequestRedirect", "requestRedirect": nowhere}]),
        ruled("reference-filter", backendRefs=[{**WEB, "filters": modifier}]),
        ruled("model-filter", filters=modifier), ruled("model-gone", backendRefs=[{**MODEL, "name": "gone"}]),
        ruled("model-weightless", backendRefs=[{**MODEL, "weight": 0}]),
    )
    return shared_stage.gateway([shared_stage.write("c.yaml", text)], binds=["edge"]).port("edge")


@pytest.mark.parametrize("name,status", [
    ("service", 500), ("filter", 500), ("weightless", 500), ("redirect", 500), ("reference-filter", 500),
])
def test_a_plain_route_that_is_not_served_says_so_as_a_problem(port, name, status):
    reply = harness.post(port, f"/{name}{CHAT}", harness.CHAT)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
    body = reply.json()
    assert body["status"] == status and body["request_id"] == reply.headers["x-gatehouse-request-id"]


@pytest.mark.parametrize("name", ["model-filter", "model-gone", "model-weightless"])
def test_a_route_to_a_model_says_so_in_the_caller_s_dialect(port, name):
    reply = harness.post(port, f"/{name}{CHAT}", harness.CHAT)
    assert (reply.status, reply.headers["content-type"]) == (500, "application/json")
    assert reply.json()["error"]["code"]
