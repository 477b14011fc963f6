"""Manifests that contradict each other: one wins by the rules, the other is named, and everything else works."""

import json

import harness
import manifests

CHAT = "/v1/chat/completions"


def dated(item, year):
    item["metadata"]["creationTimestamp"] = f"{year}-01-01T00:00:00Z"
    return item


def conditions(gateway, kind, name):
    listed = json.loads(gateway.get("admin", f"/api/resources?kind={kind}&name={name}")[1])
    return listed["items"][0]["status"]


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


def test_listeners_that_conflict_are_both_named_and_the_others_serve(stage):
    mock = stage.mock()
    edge = manifests.gateway()
    edge["spec"]["listeners"] += [
        {"name": "same", "protocol": "HTTP", "port": 81, "hostname": "a.example"},
        {"name": "twin", "protocol": "HTTP", "port": 81, "hostname": "a.example"},
    ]
    text = manifests.to_text(edge, manifests.route("all", "model"), manifests.openai("model", mock.port, "m"))
    gateway = stage.gateway([stage.write("c.yaml", text)], binds=["edge/http", "edge/same", "edge/twin"])
    listeners = {listener["name"]: {item["type"]: item["status"] for item in listener["conditions"]}
                 for listener in conditions(gateway, "Gateway", "edge")["listeners"]}
    assert listeners["http"]["Conflicted"] == "False"
    assert listeners["same"]["Conflicted"] == listeners["twin"]["Conflicted"] == "True"
    assert harness.post(gateway.port("edge", "http"), CHAT, harness.CHAT).status == 200


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
