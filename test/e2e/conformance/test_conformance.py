"""The behaviours of Gateway API that README.md lists, one case each, against the standalone binary.

cases/NAME.yaml holds the manifests of a case and cases/NAME.table.yaml what must come of them; README.md says how they are
written.
"""

import json
import pathlib
import ssl

import pytest

import harness
import world

CASES = pathlib.Path(__file__).parent / "cases"
NAMES = sorted(path.name.removesuffix(".table.yaml") for path in CASES.glob("*.table.yaml"))
# What is supported and needs more than requests to be shown: the tests in ../ that show it.
ELSEWHERE = {
    "GatewayBackendClientCertificate": "test_upstream_certificates.py",
    "GatewayFrontendClientCertificateValidation": "test_client_certificates.py",
    "GatewayFrontendClientCertificateValidationInsecureFallback": "test_client_certificates.py",
    "HTTPRouteBackendProtocolH2C": "test_http2_upstream.py",
    "HTTPRouteBackendProtocolWebSocket": "test_websocket.py",
    "HTTPRouteRetryBackendTimeout": "test_retry.py",
    "HTTPRouteRetryConnectionError": "test_retry.py",
}
FIELDS = {"type", "status", "reason", "message", "observedGeneration", "lastTransitionTime"}


@pytest.mark.parametrize("name", NAMES)
def test_conforms(stage, name):
    host = harness.quiet_host()
    (table,) = world.read(CASES / f"{name}.table.yaml", host)
    assert set(table) <= {"behaviour", "features", "requests", "shares", "status", "findings", "then"}, set(table)
    around = world.World(stage, world.read(CASES / f"{name}.yaml", host), host)
    check(around, table)
    for step in table.get("then", []):
        assert set(step) <= {"after", "change", "remove", "requests", "shares", "status", "findings"}, set(step)
        around.change(step.get("change", []), step.get("remove", []))
        check(around, step)


def test_every_manifest_has_its_table():
    assert sorted(path.name for path in CASES.iterdir()) == sorted(
        f"{name}{end}" for name in NAMES for end in (".yaml", ".table.yaml"))


def test_features_are_those_that_cases_show(stage):
    """What a GatewayClass says is supported is what the tables and the list above name, in order."""
    assert all((pathlib.Path(harness.__file__).parent / name).exists() for name in ELSEWHERE.values())
    tables = [table for name in NAMES for table in world.read(CASES / f"{name}.table.yaml", "127.0.0.1")]
    shown = {feature for table in tables for feature in table.get("features", [])}
    host = harness.quiet_host()
    around = world.World(stage, world.read(CASES / "gateway_class.yaml", host), host)
    claimed = [feature["name"] for feature in around.status("GatewayClass mine")["supportedFeatures"]]
    assert claimed == sorted(shown | ELSEWHERE.keys())
    assert around.status("GatewayClass wrong")["supportedFeatures"] == []


def check(around, table):
    for status in around.statuses().items():
        check_form(around, *status)
    for name, wanted in table.get("status", {}).items():
        check_status(name, around.status(name), wanted)
    for wanted in table.get("findings", []):
        lines = [f"{item['severity']}: {item['object']}: {item['path']}: {item['message']}" for item in around.findings()]
        assert any(line.startswith(wanted) for line in lines), (wanted, lines)
    for request in table.get("requests", []):
        check_request(around, dict(request))
    for share in table.get("shares", []):
        check_share(around, **share)


def check_form(around, name, status):
    """What holds for every status of every case."""
    holders = [status, *status.get("listeners", []), *status.get("parents", []), *status.get("ancestors", [])]
    generation = around.objects.get(name, {}).get("metadata", {}).get("generation")
    for holder in holders:
        listed = holder.get("conditions", [])
        for condition in listed:
            assert set(condition) == FIELDS, (name, condition)
            assert condition["message"], (name, condition)
            if generation is not None:
                assert condition["observedGeneration"] == generation, (name, condition)
        types = [condition["type"] for condition in listed]
        assert len(types) == len(set(types)), (name, types)
    for entry in status.get("parents", []):
        assert {"group", "kind", "namespace", "name"} <= set(entry["parentRef"]), "defaults are written out"
        assert entry["controllerName"] and entry["conditions"], entry
    for address in status.get("addresses", []):
        assert set(address) == {"type", "value"}, address


def check_status(name, status, wanted):
    if wanted is None:
        assert not status, (name, status)
        return
    assert status is not None, f"{name} has no status"
    wanted = dict(wanted)
    listeners, parents, ancestors = (wanted.pop(key, None) for key in ("listeners", "parents", "ancestors"))
    for key in [key for key in wanted if not key[0].isupper()]:
        assert status.get(key) == wanted[key], (name, key, status.get(key))
        del wanted[key]
    check_conditions(name, status.get("conditions", []), wanted)
    if listeners is not None:
        check_listeners(name, status, listeners)
    if parents is not None:
        check_parents(name, status["parents"], parents)
    if ancestors is not None:
        check_parents(name, status["ancestors"], ancestors, "ancestorRef")


def check_listeners(name, status, wanted):
    found = {item["name"]: item for item in status["listeners"]}
    assert list(found) == list(wanted), (name, list(found))
    for listener, rest in wanted.items():
        rest = dict(rest)
        where = f"{name} listener {listener}"
        if (routes := rest.pop("routes", None)) is not None:
            assert found[listener]["attachedRoutes"] == routes, (where, found[listener])
        if (kinds := rest.pop("kinds", None)) is not None:
            assert [kind["kind"] for kind in found[listener]["supportedKinds"]] == kinds, (where, found[listener])
        check_conditions(where, found[listener]["conditions"], rest)


def check_parents(name, found, wanted, key_of_ref="parentRef"):
    refs = [{key: item[key_of_ref].get(key) for key in expected["ref"]} for item, expected in zip(found, wanted)]
    assert len(found) == len(wanted), (name, [item[key_of_ref] for item in found])
    assert refs == [expected["ref"] for expected in wanted], (name, refs)
    for item, expected in zip(found, wanted):
        rest = {key: value for key, value in expected.items() if key != "ref"}
        check_conditions(f"{name} parent {expected['ref']}", item["conditions"], rest)


def check_conditions(where, found, wanted):
    """A condition is wanted as "True Reason", with ": text" of its message; null: absent."""
    conditions = {item["type"]: item for item in found}
    for kind, text in wanted.items():
        condition = conditions.get(kind)
        if text is None:
            assert condition is None, (where, condition)
            continue
        assert condition is not None, f"{where} has no condition {kind}"
        value, _, message = text.partition(": ")
        assert f"{condition['status']} {condition['reason']}" == value, (where, condition)
        assert message in condition["message"], (where, condition)


def check_request(around, request):
    method, url = request.pop("to").split(" ")
    headers = headers_of(request.pop("headers", {}))
    body = request.pop("body", None)
    reply = around.ask(method, url, request.pop("gateway", None), headers, request.pop("sni", None),
                       None if body is None else body.encode())
    where = f"{method} {url} {headers}: {reply.status} {reply.body[:300]}"
    backend = request.pop("backend", None)
    assert reply.status == request.pop("status", 200), where
    if backend:
        assert reply.headers["x-backend"] == backend, where
        check_seen(where, around.backend(backend).seen[-1], request.pop("sees", {}))
    else:
        assert reply.headers["x-backend"] is None, where
    for name, value in request.pop("answer", {}).items():
        assert reply.headers.get_all(name) == values_of(value), (where, name, reply.headers.get_all(name))
    if (certificate := request.pop("certificate", None)) is not None:
        assert reply.certificate == ssl.PEM_cert_to_DER_cert(around.certificate(certificate)[0]), where
    for mirrored in request.pop("mirrored", []):
        seen = around.backend(mirrored).seen
        harness.eventually(lambda: seen, f"the mirror {mirrored} has the request")
        assert seen.pop()["target"] == url.split("://", 1)[1].partition("/")[1] + url.split("://", 1)[1].partition("/")[2]
    assert not request, f"unknown in the table: {request}"


def check_seen(where, seen, wanted):
    """Of the request as it reached the backend."""
    for key, value in wanted.items():
        if key == "headers":
            for name, text in value.items():
                found = [found for given, found in seen["headers"] if given == name.lower()]
                assert found == (values_of(text) or []), (where, name, seen)
        else:
            assert seen[key] == value, (where, key, seen)


def check_share(around, to, of, shares):
    """Of `of` requests every backend, or status, has its share, give or take what chance gives (five deviations)."""
    method, url = to.split(" ")
    counts = {}
    for _ in range(of):
        reply = around.ask(method, url)
        who = reply.headers["x-backend"] or reply.status
        counts[who] = counts.get(who, 0) + 1
    for who, share in shares.items():
        slack = 5 * (of * share * (1 - share)) ** 0.5
        assert abs(counts.get(who, 0) - of * share) <= slack, (json.dumps(counts, default=str), shares)
    assert set(counts) == {who for who, share in shares.items() if share}, counts


def headers_of(headers):
    """Name -> value or list of values, as lines."""
    return [(name, value) for name, values in headers.items() for value in values_of(values) or []]


def values_of(value):
    if value is None:
        return None
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
