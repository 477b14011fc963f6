"""Mirrors get copies of requests; nothing of them, and no failure, reaches the client."""

import json
import signal
import threading

import harness
import manifests
import pytest
from peer import Peer, read_request
from test_filters import CHAT, STREAM, conditions_of, filtered, header, lines, request_headers


def to_mirror(name, **share):
    target = {"group": "agentgateway.dev", "kind": "AgentgatewayBackend", "name": name}
    return {"type": "RequestMirror", "requestMirror": {"backendRef": target, **share}}


def mirrored(gateway, backend, result):
    """How many copies for a mirror had this result."""
    name = f'gatehouse_mirrored_requests_total{{backend="default/{backend}",result="{result}"}} '
    return sum(int(float(line.split(" ")[-1])) for line in gateway.metrics().splitlines() if line.startswith(name))


def with_shadows(stage, main, filters, **ports):
    """A gateway for the backend `main` (a manifest named so) with static backends of these ports to mirror to."""
    name = main["metadata"]["name"]
    objects = [manifests.gateway(), filtered(manifests.route("all", name), *filters), main]
    objects += [manifests.static(shadow, port) for shadow, port in ports.items()]
    return stage.gateway([stage.write("config.yaml", manifests.to_text(*objects))], binds=["edge"])


OK = {"rules": [{"match": {}, "respond": {"status": 200, "body": "main"}}]}
ELSE = {"rules": [{"match": {}, "respond": {"status": 500, "body": "shadow"}}]}


def test_a_request_is_mirrored_whole_and_the_answers_of_mirrors_are_not_seen(stage):
    main, first, second = stage.mock(script=OK), stage.mock(script=ELSE), stage.mock(script=ELSE)
    filters = [request_headers(set=lines(X_A="1")), to_mirror("first"), to_mirror("second", fraction={"numerator": 3, "denominator": 3})]
    gateway = with_shadows(stage, manifests.static("main", main.port), filters, first=first.port, second=second.port)
    for method, body in (("POST", b"x" * 300_000), ("GET", None)):
        reply = harness.post(gateway.port("edge"), "/a?b=c", body, method=method)
        assert (reply.status, reply.body) == (200, b"main")
    for mock in (first, second):
        seen = sorted(mock.requests(2), key=lambda request: request["method"], reverse=True)
        assert [(request["method"], request["target"]) for request in seen] == [("POST", "/a?b=c"), ("GET", "/a?b=c")]
        assert seen[0]["body_sha256"] == harness.sha256(b"x" * 300_000) and seen[1]["body_size"] == 0
        assert header(seen[0], "x-a") == ["1"]
    harness.eventually(lambda: mirrored(gateway, "first", "sent") == 2, "both copies are counted")


def test_a_share_of_none_is_never_mirrored(stage):
    main, shadow = stage.mock(script=OK), stage.mock(script=ELSE)
    filters = [to_mirror("shadow", percent=0), to_mirror("shadow", fraction={"numerator": 0})]
    gateway = with_shadows(stage, manifests.static("main", main.port), filters, shadow=shadow.port)
    assert harness.post(gateway.port("edge"), "/", b"a").status == 200
    assert shadow.requests() == [] and "gatehouse_mirrored_requests_total{" not in gateway.metrics()


@pytest.mark.parametrize("share, wanted", [({"percent": 30}, 0.3), ({"fraction": {"numerator": 1, "denominator": 2}}, 0.5)])
def test_a_share_is_mirrored(stage, share, wanted):
    main, shadow = stage.mock(script=OK), stage.mock(script=ELSE)
    gateway = with_shadows(stage, manifests.static("main", main.port), [to_mirror("shadow", **share)], shadow=shadow.port)
    count = 300
    for _ in range(count):
        assert harness.post(gateway.port("edge"), "/", b"a").body == b"main"
    def copies():
        return sum(mirrored(gateway, "shadow", result) for result in ("sent", "failed", "dropped"))
    slack = 5 * (count * wanted * (1 - wanted)) ** 0.5  # what chance gives
    harness.eventually(lambda: abs(copies() - count * wanted) <= slack, "the share is copied")
    assert len(shadow.requests()) <= count * wanted + slack


def test_mirrors_that_hang_or_are_gone_neither_delay_nor_fail_the_request(stage):
    main = stage.mock(script=OK)
    hold = threading.Event()
    hanging = stage.keep(Peer(lambda connection, _: (read_request(connection), hold.wait(harness.PATIENCE))))
    gateway = with_shadows(stage, manifests.static("main", main.port), [to_mirror("hanging"), to_mirror("gone")],
                           hanging=hanging.port, gone=1)
    for _ in range(3):
        assert harness.post(gateway.port("edge"), "/", b"a").body == b"main"
    harness.eventually(lambda: mirrored(gateway, "gone", "failed") == 3, "what failed is counted")
    assert mirrored(gateway, "hanging", "sent") == 0
    hold.set()


def test_a_body_too_large_to_keep_reaches_the_backend_and_no_mirror(stage):
    main, shadow = stage.mock(script=OK), stage.mock(script=ELSE)
    gateway = with_shadows(stage, manifests.static("main", main.port), [to_mirror("shadow")], shadow=shadow.port)
    assert harness.post(gateway.port("edge"), "/", b"x" * (2 << 20)).status == 200
    assert main.requests(1)[0]["body_size"] == 2 << 20
    harness.eventually(lambda: mirrored(gateway, "shadow", "dropped") == 1, "what was left out is counted")
    assert shadow.requests() == []


def test_a_model_request_is_mirrored_without_the_backends_credential(stage):
    main, shadow = stage.mock(), stage.mock(script=ELSE)
    route = filtered(manifests.route("all", "model"), to_mirror("shadow"))
    text = manifests.to_text(manifests.gateway(), route, manifests.openai("model", main.port, "served", "key"),
                             manifests.secret("key", "sk-own"), manifests.static("shadow", shadow.port))
    gateway = stage.gateway([stage.write("config.yaml", text)], binds=["edge"])
    reply = harness.post(gateway.port("edge"), CHAT, STREAM, {"authorization": "Bearer client"})
    assert reply.status == 200 and b"[DONE]" in reply.body
    seen = shadow.requests(1)[0]
    assert (seen["target"], json.loads(seen["body"])["model"]) == (main.requests(1)[0]["target"], "served")
    assert header(seen, "authorization") == [], "neither the backend's credential nor one the backend does not get"
    assert header(main.requests(1)[0], "authorization") == ["Bearer sk-own"]


def test_a_mirror_that_is_not_there_is_told_and_its_rule_is_served(stage):
    main = stage.mock(script=OK)
    gateway = with_shadows(stage, manifests.static("main", main.port), [to_mirror("nowhere")])
    assert harness.post(gateway.port("edge"), "/", b"a").status == 200
    assert any("spec.rules[0].filters[0].requestMirror.backendRef.name" in line.get("text", "") for line in gateway.json_lines())
    resolved = conditions_of(gateway, "all")["ResolvedRefs"]
    assert (resolved["status"], resolved["reason"]) == ("False", "BackendNotFound")


def test_no_more_copies_than_a_mirror_may_have_under_way(stage):
    main = stage.mock(script=OK)
    hold = threading.Event()
    hanging = stage.keep(Peer(lambda connection, _: (read_request(connection), hold.wait(harness.PATIENCE))))
    route = filtered(manifests.route("all", "main"), to_mirror("hanging"))
    text = manifests.to_text(manifests.gateway(), route, manifests.static("main", main.port), manifests.static("hanging", hanging.port))
    gateway = stage.gateway([stage.write("config.yaml", text)], binds=["edge"], workers=1)
    for _ in range(18):
        assert harness.post(gateway.port("edge"), "/", None, method="GET").body == b"main"
    assert mirrored(gateway, "hanging", "dropped") == 2
    hold.set()


def test_what_a_backend_ref_sets_is_not_for_the_mirrors_of_its_rule(stage):
    main, shadow, own = stage.mock(script=OK), stage.mock(script=ELSE), stage.mock(script=ELSE)
    route = filtered(manifests.route("all", "main"), request_headers(set=lines(X_Rule="1")), to_mirror("shadow"))
    secrets = request_headers(set=lines(Authorization="Bearer main", X_Internal="2"))
    route["spec"]["rules"][0]["backendRefs"][0]["filters"] = [secrets, to_mirror("own")]
    text = manifests.to_text(manifests.gateway(), route, manifests.static("main", main.port),
                             manifests.static("shadow", shadow.port), manifests.static("own", own.port))
    gateway = stage.gateway([stage.write("config.yaml", text)], binds=["edge"])
    assert harness.post(gateway.port("edge"), "/", b"a").status == 200
    assert header(main.requests(1)[0], "authorization") == ["Bearer main"]
    seen = shadow.requests(1)[0]
    assert [header(seen, name) for name in ("x-rule", "x-internal", "authorization")] == [["1"], [], []]
    seen = own.requests(1)[0]
    assert [header(seen, name) for name in ("x-rule", "x-internal", "authorization")] == [["1"], ["2"], []]


def test_one_mirror_that_hangs_keeps_no_other_from_its_copies(stage):
    main, shadow = stage.mock(script=OK), stage.mock(script=ELSE)
    hold = threading.Event()
    hanging = stage.keep(Peer(lambda connection, _: (read_request(connection), hold.wait())))
    gateway = with_shadows(stage, manifests.static("main", main.port), [to_mirror("hanging"), to_mirror("shadow")],
                           hanging=hanging.port, shadow=shadow.port)
    for _ in range(40):
        assert harness.post(gateway.port("edge"), "/", None, method="GET").body == b"main"
    harness.eventually(lambda: mirrored(gateway, "hanging", "dropped") != 0, "it has no place for more")
    harness.eventually(lambda: mirrored(gateway, "shadow", "sent") == 40, "the other got them all")
    gateway.signal(signal.SIGTERM)
    assert gateway.process.wait(timeout=25) == 0, "shutdown does not wait for copies, which have 30 seconds to be answered"
    hold.set()


def test_requests_for_the_simulated_model_are_mirrored_too(stage):
    shadow = stage.mock(script=ELSE)
    simulated = manifests.static("sim", 9)
    simulated["metadata"]["annotations"] = {"gatehouse.dev/simulated": "true"}
    gateway = with_shadows(stage, simulated, [to_mirror("shadow")], shadow=shadow.port)
    assert harness.post(gateway.port("edge"), CHAT, harness.CHAT).status == 200
    assert json.loads(shadow.requests(1)[0]["body"])["messages"] == harness.CHAT["messages"]
