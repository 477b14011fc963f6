"""Manifests that contradict each other: one wins by the rules, the other is named, and everything else works."""

import json

import pytest

import harness
import manifests

CHAT = "/v1/chat/completions"


def dated(item, year):
    item["metadata"]["creationTimestamp"] = f"{year}-01-01T00:00:00Z"
    return item


def conditions(gateway, kind, name):
    listed = json.loads(gateway.get("admin", f"/api/resources?kind={kind}&name={name}")[1])
    return listed["items"][0]["status"]


def accepted(holder):
    return next(item for item in holder["conditions"] if item["type"] == "Accepted")


def test_of_two_equal_routes_the_older_one_serves(stage):
    mock = stage.mock()
    text = manifests.to_text(
        manifests.gateway(), manifests.openai("young", mock.port, "from-young"), manifests.openai("old", mock.port, "from-old"),
        dated(manifests.route("a-young", "young"), 2025), dated(manifests.route("b-old", "old"), 2020),
    )
    path = stage.write("c.yaml", text)
    gateway = stage.gateway([path], binds=["edge"])
    for _ in range(4):
        assert harness.post(gateway.port("edge"), CHAT, harness.CHAT).json()["model"] == "from-old"
    program = stage.process(["validate", "-f", path])
    assert program.exit_code() == 0
    assert any("a-young" in line and "b-old" in line for line in program.stdout), program.text()
    young, old = (accepted(conditions(gateway, "HTTPRoute", name)["parents"][0]) for name in ("a-young", "b-old"))
    assert young["status"] == old["status"] == "True", "to be second is no fault"
    assert "default/a-young" in young["message"] and "default/b-old" in young["message"]
    assert "listener default/edge/http" in young["message"], "on which listener"
    assert "never reached" not in old["message"]


def test_a_route_that_is_second_on_one_listener_only_says_which(stage):
    mock = stage.mock()
    edge = manifests.gateway()
    edge["spec"]["listeners"].append({"name": "other", "protocol": "HTTP", "port": 81})
    first = manifests.route("first", "one")
    first["spec"]["parentRefs"][0]["sectionName"] = "other"
    text = manifests.to_text(edge, first, manifests.route("second", "two"),
                             manifests.openai("one", mock.port, "one"), manifests.openai("two", mock.port, "two"))
    path = stage.write("c.yaml", text)
    gateway = stage.gateway([path], binds=["edge/http", "edge/other"])
    for listener, model in (("http", "two"), ("other", "one")):
        assert harness.post(gateway.port("edge", listener), CHAT, harness.CHAT).json()["model"] == model
    program = stage.process(["validate", "-f", path])
    assert program.exit_code() == 0
    said = [line for line in program.stdout if "never reached" in line]
    assert len(said) == 1 and "default/second" in said[0] and "default/first" in said[0] and "listener default/edge/other" in said[0]


def test_the_younger_of_two_equal_routes_serves_when_the_older_goes(stage):
    mock = stage.mock()
    shared = [manifests.gateway(), manifests.openai("young", mock.port, "young"), manifests.openai("old", mock.port, "old"),
              dated(manifests.route("young", "young"), 2025)]
    path = stage.write("c.yaml", manifests.to_text(*shared, dated(manifests.route("old", "old"), 2020)))
    gateway = stage.gateway([path], binds=["edge"])
    assert harness.post(gateway.port("edge"), CHAT, harness.CHAT).json()["model"] == "old"
    gateway.reloaded(lambda: stage.write("c.yaml", manifests.to_text(*shared)))
    assert harness.post(gateway.port("edge"), CHAT, harness.CHAT).json()["model"] == "young"
    assert "never reached" not in accepted(conditions(gateway, "HTTPRoute", "young")["parents"][0])["message"]


# two listeners beside {"name": "http", "port": 80} that cannot both be: the reason, and what they share
LISTENERS = {
    "hostname": ("HostnameConflict", "a.example", [
        {"name": "same", "protocol": "HTTP", "port": 81, "hostname": "a.example"},
        {"name": "twin", "protocol": "HTTP", "port": 81, "hostname": "a.example"},
    ]),
    "protocol": ("ProtocolConflict", "81", [
        {"name": "same", "protocol": "HTTP", "port": 81},
        {"name": "twin", "protocol": "HTTPS", "port": 81, "tls": {"certificateRefs": [{"name": "cert"}]}},
    ]),
}


@pytest.mark.parametrize("kind", LISTENERS)
def test_listeners_that_conflict_are_both_named_and_the_others_serve(stage, kind):
    reason, shared, listeners = LISTENERS[kind]
    mock = stage.mock()
    edge = manifests.gateway()
    edge["spec"]["listeners"] += listeners
    text = manifests.to_text(edge, manifests.route("all", "model"), manifests.openai("model", mock.port, "m"))
    path = stage.write("c.yaml", text)
    gateway = stage.gateway([path], binds=["edge/http", "edge/same", "edge/twin"])
    status = conditions(gateway, "Gateway", "edge")
    assert accepted(status)["reason"] == "ListenersNotValid"
    found = {listener["name"]: {item["type"]: item for item in listener["conditions"]} for listener in status["listeners"]}
    assert found["http"]["Conflicted"]["status"] == "False"
    for name in ("same", "twin"):
        condition = found[name]["Conflicted"]
        assert (condition["status"], condition["reason"]) == ("True", reason)
        assert found[name]["Accepted"]["status"] == found[name]["Programmed"]["status"] == "False"
        for word in ('"same"', '"twin"', shared):
            assert word in condition["message"]
    assert harness.post(gateway.port("edge", "http"), CHAT, harness.CHAT).status == 200
    program = stage.process(["validate", "-f", path])
    assert program.exit_code() == 1
    said = [line for line in program.stdout if "conflicts" in line]
    assert len(said) == 2, program.text()
    for at, line in zip((1, 2), said, strict=True):
        assert f"Gateway default/edge: spec.listeners[{at}]" in line and '"same"' in line and '"twin"' in line


def test_two_gateways_that_want_one_address_are_both_named_and_the_first_serves(stage):
    mock, host = stage.mock(), harness.quiet_host()
    texts = []
    for name in ("one", "two"):
        item = manifests.gateway(name)
        item["metadata"]["annotations"] = {"gatehouse.dev/bind": f"{host}:8080"}
        texts += [item, manifests.route(name, name, gateway=name), manifests.openai(name, mock.port, name)]
    path = stage.write("c.yaml", manifests.to_text(*texts))
    gateway = stage.gateway([path])
    assert harness.post(8080, CHAT, harness.CHAT, host=host).json()["model"] == "one"
    status = conditions(gateway, "Gateway", "two")
    refused = accepted(status["listeners"][0])
    assert refused["reason"] == "PortUnavailable"
    assert "default/one" in refused["message"] and f"{host}:8080" in refused["message"] and "--bind" in refused["message"]
    program = stage.process(["validate", "-f", path])
    assert program.exit_code() == 1
    assert any("default/two" in line and "default/one" in line for line in program.stdout), program.text()


def test_a_route_to_a_gateway_that_is_not_there_says_so(stage):
    mock = stage.mock()
    text = manifests.to_text(
        manifests.gateway(), manifests.route("all", "model"), manifests.openai("model", mock.port, "m"),
        manifests.route("lost", "model", gateway="egde"),
    )
    path = stage.write("c.yaml", text)
    gateway = stage.gateway([path], binds=["edge"])
    assert harness.post(gateway.port("edge"), CHAT, harness.CHAT).status == 200
    findings = json.loads(gateway.get("admin", "/api/resources")[1])["findings"]
    lost = [finding for finding in findings if "lost" in finding["object"]]
    assert lost and "egde" in lost[0]["message"] and lost[0]["line"] > 0
