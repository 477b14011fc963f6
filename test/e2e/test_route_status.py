"""What an HTTPRoute says of its references, as objects come, change and go; and what its requests get meanwhile."""

import json

import harness
import manifests
from peer import Peer, answering, response
from test_services import endpoint_slice, service, to_service

UNKNOWN_KIND = {"group": "example.org", "kind": "Magic", "name": "wand"}


def parent_of(gateway, name="web"):
    """The status of the route's one parent: generations and conditions by type."""
    listed = json.loads(gateway.get("admin", f"/api/resources?kind=HTTPRoute&namespace=default&name={name}")[1])
    parent, = listed["items"][0]["status"]["parents"]
    return {item["type"]: item for item in parent["conditions"]}


def resolved(gateway):
    condition = parent_of(gateway)["ResolvedRefs"]
    return condition["status"], condition["reason"], condition["message"]


GOOD = ("True", "ResolvedRefs", "Successfully resolved all references")


def test_reasons_follow_the_objects_a_route_refers_to(stage):
    peer = stage.keep(Peer(answering(response(b"there"))))
    slices = endpoint_slice("web", peer.port)

    def write(*objects):
        return stage.write("config.yaml", manifests.to_text(manifests.gateway(), *objects))

    def ask():
        return harness.post(gateway.port("edge"), "/", b"x").status
    gateway = stage.gateway([write(to_service("web"))], binds=["edge"])
    spoken = service("web")
    spoken["spec"]["ports"][0]["appProtocol"] = "example.org/own"
    unknown = to_service("web")
    unknown["spec"]["rules"][0]["backendRefs"] = [UNKNOWN_KIND]
    steps = [
        ((to_service("web"),), 500, ("False", "BackendNotFound", "Service default/web not found")),
        ((to_service("web"), service("web"), slices), 200, GOOD),
        ((to_service("web", 81), service("web"), slices), 500, ("False", "BackendNotFound", "Service default/web has no port 81")),
        ((to_service("web"), spoken, slices), 500,
         ("False", "UnsupportedProtocol", 'appProtocol "example.org/own" of port 80 of Service default/web is not supported')),
        ((unknown,), 500, ("False", "InvalidKind", 'backendRefs of kind Magic in group "example.org" are not supported')),
        ((to_service("web"), service("web"), slices), 200, GOOD),
        ((to_service("web"),), 500, ("False", "BackendNotFound", "Service default/web not found")),
    ]
    for number, (objects, status, condition) in enumerate(steps):
        if number:
            gateway.reloaded(lambda: write(*objects))
        assert (ask(), resolved(gateway)) == (status, condition), number
        assert parent_of(gateway)["Accepted"]["status"] == "True", "a route whose backend is missing is accepted"


def test_every_condition_is_of_the_newest_generation_and_its_time_that_of_its_status(stage):
    def write(route, *objects):
        return stage.write("config.yaml", manifests.to_text(manifests.gateway(), route, *objects))
    gateway = stage.gateway([write(to_service("web"))], binds=["edge"])
    first = parent_of(gateway)
    assert {item["observedGeneration"] for item in first.values()} == {1}
    gateway.reloaded(lambda: write(to_service("web"), service("other")))
    assert parent_of(gateway) == first, "nothing of the route has changed"
    gateway.reloaded(lambda: write(to_service("web", 81)))
    second = parent_of(gateway)
    assert {item["observedGeneration"] for item in second.values()} == {2}
    assert second["Accepted"]["lastTransitionTime"] == first["Accepted"]["lastTransitionTime"]
    gateway.reloaded(lambda: write(to_service("web", 81), service("web", 81)))
    third = parent_of(gateway)
    assert third["ResolvedRefs"]["status"] == "True"
    assert {item["observedGeneration"] for item in third.values()} == {2}


def test_a_parent_that_is_not_named_any_more_is_not_in_the_status(stage):
    def write(*parents):
        route = to_service("web")
        route["spec"]["parentRefs"] = [{"name": name} for name in parents]
        return stage.write("config.yaml", manifests.to_text(manifests.gateway(), manifests.gateway("side"), route, service("web")))
    gateway = stage.gateway([write("edge", "side")], binds=["edge", "side"])

    def parents():
        listed = json.loads(gateway.get("admin", "/api/resources?kind=HTTPRoute&namespace=default&name=web")[1])
        return [parent["parentRef"]["name"] for parent in listed["items"][0]["status"]["parents"]]
    assert parents() == ["edge", "side"]
    gateway.reloaded(lambda: write("side"))
    assert parents() == ["side"]


def test_all_faults_of_references_are_told(stage):
    route = to_service("web")
    route["spec"]["rules"][0]["backendRefs"] = [{"name": "gone", "port": 80}, UNKNOWN_KIND, {"name": "gone", "port": 80}]
    gateway = stage.gateway([stage.write("config.yaml", manifests.to_text(manifests.gateway(), route))], binds=["edge"])
    assert resolved(gateway) == (
        "False", "BackendNotFound",
        'Service default/gone not found; backendRefs of kind Magic in group "example.org" are not supported',
    )


def test_weights_of_nothing_but_zero_are_answered_with_500(stage):
    peer = stage.keep(Peer(answering(response(b"there"))))
    none, some = to_service("none", prefix="/none"), to_service("some", prefix="/some")
    for route in (none, some):
        route["spec"]["rules"][0]["backendRefs"] = [{"name": "web", "port": 80, "weight": 0}, {"name": "gone", "port": 80, "weight": 0}]
    some["spec"]["rules"][0]["backendRefs"][0]["weight"] = 1
    text = manifests.to_text(manifests.gateway(), none, some, service("web"), endpoint_slice("web", peer.port))
    gateway = stage.gateway([stage.write("config.yaml", text)], binds=["edge"])
    assert {harness.post(gateway.port("edge"), "/none", b"x").status for _ in range(8)} == {500}
    assert {harness.post(gateway.port("edge"), "/some", b"x").status for _ in range(16)} == {200}
    assert parent_of(gateway, "some")["ResolvedRefs"]["reason"] == "BackendNotFound"


def test_a_rule_that_cannot_be_served_is_dropped_and_said_and_the_others_are_served(stage):
    peer = stage.keep(Peer(answering(response(b"there"))))
    route = to_service("web")
    bad = {"matches": [{"path": {"type": "RegularExpression", "value": "/[bad"}}], "backendRefs": [{"name": "web", "port": 80}]}

    def write(*rules):
        route["spec"]["rules"][1:] = rules
        return stage.write("config.yaml", manifests.to_text(manifests.gateway(), route, service("web"), endpoint_slice("web", peer.port)))
    gateway = stage.gateway([write(bad)], binds=["edge"])
    condition = parent_of(gateway)["PartiallyInvalid"]
    assert (condition["status"], condition["reason"]) == ("True", "UnsupportedValue")
    assert condition["message"].startswith("Dropped Rule 1: ")
    assert harness.post(gateway.port("edge"), "/", b"x").body == b"there"
    gateway.reloaded(lambda: write())
    assert "PartiallyInvalid" not in parent_of(gateway)
