"""Filters of an HTTPRoute change requests and replies as they are written, and none is skipped in silence."""

import json
import threading

import pytest

import harness
import manifests
from peer import Peer, read_request

CHAT = "/v1/chat/completions"
STREAM = {**harness.CHAT, "stream": True}


def filtered(route, *filters, backend=None):
    """The route with filters on its rule, or on its only backendRef."""
    rule = route["spec"]["rules"][0]
    holder = rule["backendRefs"][0] if backend else rule
    holder.setdefault("filters", []).extend(filters)
    return route


def request_headers(**lists):
    return {"type": "RequestHeaderModifier", "requestHeaderModifier": lists}


def response_headers(**lists):
    return {"type": "ResponseHeaderModifier", "responseHeaderModifier": lists}


def lines(**values):
    return [{"name": name.replace("_", "-"), "value": value} for name, value in values.items()]


class Service:
    """A plain service behind the gateway with one route to it."""

    def __init__(self, stage, *filters, backend_filters=(), reply=None, prefix="/", hostnames=()):
        rule = {"match": {}, "respond": reply or {"status": 200, "headers": {"x-up": "1", "x-many": "a"}, "body": "ok"}}
        self.mock = stage.mock(script={"rules": [rule]})
        route = manifests.route("web", "web", prefix=prefix)
        if hostnames:
            route["spec"]["hostnames"] = list(hostnames)
        filtered(filtered(route, *filters), *backend_filters, backend=True)
        text = manifests.to_text(manifests.gateway(), route, manifests.static("web", self.mock.port))
        self.gateway = stage.gateway([stage.write("config.yaml", text)], binds=["edge"])
        self.port = self.gateway.port("edge")

    def ask(self, path="/page", headers=None, method="GET", body=None):
        return harness.post(self.port, path, body, headers, method=method)

    def seen(self, count=1):
        return self.mock.requests(count)[-1]


def header(request, name):
    """All values of a header that reached the mock."""
    return [value for key, value in request["fields"] if key.lower() == name.lower()]


def test_a_request_header_is_set_added_and_removed(stage):
    service = Service(stage, request_headers(set=lines(X_Set="new"), add=lines(X_Add="two"), remove=["x-gone"]))
    assert service.ask(headers={"x-set": "old", "x-add": "one", "X-Gone": "1", "X-Kept": "1"}).status == 200
    seen = service.seen()
    assert header(seen, "x-set") == ["new"]
    assert header(seen, "x-add") == ["one", "two"]
    assert header(seen, "x-gone") == [] and header(seen, "x-kept") == ["1"]


def test_a_response_header_is_set_added_and_removed(stage):
    service = Service(stage, response_headers(set=lines(X_New="1"), add=lines(X_Many="b"), remove=["X-Up"]))
    reply = service.ask()
    assert reply.headers.get_all("x-many") == ["a", "b"]
    assert reply.headers["x-new"] == "1" and reply.headers["x-up"] is None


def ai(stage, *filters, secret=None, script=None, backend_filters=()):
    """A model server with one route to it, and the port of its gateway."""
    mock = stage.mock(script=script)
    route = filtered(filtered(manifests.route("all", "model"), *filters), *backend_filters, backend=True)
    objects = [manifests.gateway(), route, manifests.openai("model", mock.port, "served", secret)]
    if secret:
        objects.append(manifests.secret(secret, "sk-own"))
    gateway = stage.gateway([stage.write("config.yaml", manifests.to_text(*objects))], binds=["edge"])
    return mock, gateway.port("edge")


def test_headers_of_a_model_are_changed_on_both_ways_and_on_streams(stage):
    changes = request_headers(set=lines(X_Team="search")), response_headers(set=lines(X_Served_By="edge"))
    mock, port = ai(stage, *changes)
    for body in (harness.CHAT, STREAM):
        reply = harness.post(port, CHAT, body)
        assert (reply.status, reply.headers["x-served-by"]) == (200, "edge"), reply.body
    assert [header(request, "x-team") for request in mock.requests(2)] == [["search"], ["search"]]


def test_response_headers_are_set_on_errors_of_the_gateway_too(stage):
    _, port = ai(stage, response_headers(set=lines(Strict_Transport_Security="max-age=1")))
    reply = harness.post(port, CHAT, "no json")
    assert (reply.status, reply.headers["strict-transport-security"]) == (400, "max-age=1")


def test_no_filter_and_no_client_puts_a_credential_beside_the_backends_own(stage):
    changes = request_headers(set=lines(Authorization="Bearer filter"), add=lines(X_Api_Key="filter"))
    mock, port = ai(stage, changes, secret="key")
    assert harness.post(port, CHAT, harness.CHAT, {"authorization": "Bearer client"}).status == 200
    seen = mock.requests(1)[0]
    assert header(seen, "authorization") == ["Bearer sk-own"] and header(seen, "x-api-key") == []


def test_without_a_credential_of_the_backends_the_filters_one_takes_the_place_of_the_clients(stage):
    service = Service(stage, request_headers(set=lines(Authorization="Bearer filter")))
    assert service.ask(headers={"authorization": "Bearer client"}).status == 200
    assert header(service.seen(), "authorization") == ["Bearer filter"]


def validated(stage, *filters, backend_filters=()):
    route = filtered(filtered(manifests.route("web", "web"), *filters), *backend_filters, backend=True)
    text = manifests.to_text(manifests.gateway(), route, manifests.static("web", 9))
    path = stage.write("wrong.yaml", text)
    program = stage.process(["validate", "-f", path])
    return program.exit_code(), program.text(), path


@pytest.mark.parametrize("wrong, field, said", [
    (request_headers(set=lines(Host="x")), "requestHeaderModifier.set[0].name", "hostname of a URLRewrite"),
    (request_headers(add=lines(Transfer_Encoding="x")), "requestHeaderModifier.add[0].name", "belongs to the connection"),
    (request_headers(remove=["connection"]), "requestHeaderModifier.remove[0]", "belongs to the connection"),
    (request_headers(remove=["a b"]), "requestHeaderModifier.remove[0]", "is no header name"),
    (response_headers(set=lines(X_A="1\r\nX-Evil: 1")), "responseHeaderModifier.set[0].value", "control character"),
    (response_headers(set=lines(Content_Length="1")), "responseHeaderModifier.set[0].name", "belongs to the connection"),
    (request_headers(set=lines(Traceparent="1")), "requestHeaderModifier.set[0].name", "gateway's own"),
], ids=json.dumps)
def test_a_header_that_cannot_be_changed_is_an_error_at_its_place_and_the_rule_answers_500(stage, wrong, field, said):
    code, text, path = validated(stage, wrong)
    assert code == 1 and f"spec.rules[0].filters[0].{field}: " in text and said in text, text
    gateway = stage.gateway([path], binds=["edge"])
    reply = harness.post(gateway.port("edge"), "/", None, method="GET")
    assert reply.status == 500 and b"X-Evil" not in reply.body, reply.body


def redirect(**fields):
    return {"type": "RequestRedirect", "requestRedirect": fields}


def rewrite(**fields):
    return {"type": "URLRewrite", "urlRewrite": fields}


def cors(**fields):
    return {"type": "CORS", "cors": fields}


def whole(path):
    return {"type": "ReplaceFullPath", "replaceFullPath": path}


def prefix(path):
    return {"type": "ReplacePrefixMatch", "replacePrefixMatch": path}


def redirecting(stage, wanted, match="/old", port=80):
    """The port of a gateway whose only rule is a redirect, which needs no backend."""
    route = manifests.route("away", "web", prefix=match)
    rule = route["spec"]["rules"][0]
    del rule["backendRefs"]
    rule["filters"] = [wanted]
    edge = manifests.gateway()
    edge["spec"]["listeners"][0]["port"] = port
    gateway = stage.gateway([stage.write("config.yaml", manifests.to_text(edge, route))], binds=["edge"])
    return gateway


def ask(port, path, method="GET", headers=None, body=None):
    return harness.post(port, path, body, {"host": "example.com:1234", **(headers or {})}, method=method)


@pytest.mark.parametrize("wanted, listener, status, location", [
    ({"scheme": "https"}, 80, 302, "https://example.com/old/a?b=c"),
    ({"statusCode": 301, "hostname": "new.example"}, 80, 301, "http://new.example/old/a?b=c"),
    ({"statusCode": 303, "hostname": "new.example"}, 8081, 303, "http://new.example:8081/old/a?b=c"),
    ({"statusCode": 307, "port": 8443, "scheme": "https"}, 80, 307, "https://example.com:8443/old/a?b=c"),
    ({"statusCode": 308, "path": prefix("/new")}, 80, 308, "http://example.com/new/a?b=c"),
    ({"path": whole("/new")}, 80, 302, "http://example.com/new?b=c"),
], ids=json.dumps)
def test_a_redirect_is_answered_without_any_backend(stage, wanted, listener, status, location):
    gateway = redirecting(stage, redirect(**wanted), port=listener)
    reply = ask(gateway.port("edge"), "/old/a?b=c")
    assert (reply.status, reply.headers["location"], reply.body) == (status, location, b"")
    assert f"redirect {status}" in gateway.text()
    entry = gateway.access_of(reply)
    assert entry["gatehouse.outcome"] == "LocalReply", entry
    assert ask(gateway.port("edge"), "/elsewhere").status == 404


def test_a_redirect_answers_a_request_whose_body_nobody_reads(stage):
    gateway = redirecting(stage, redirect(statusCode=307, hostname="new.example"))
    reply = ask(gateway.port("edge"), "/old", method="POST", body=b"x" * 100_000)
    assert (reply.status, reply.headers["location"]) == (307, "http://new.example/old")


@pytest.mark.parametrize("change, asked, arrived", [
    ({"path": whole("/new")}, "/old/a?b=c", "/new?b=c"),
    ({"path": prefix("/new")}, "/old/a?b=c%20d", "/new/a?b=c%20d"),
    ({"path": prefix("/new/")}, "/old", "/new/"),
    ({"path": prefix("/")}, "/old/a", "/a"),
    ({"path": prefix("/")}, "/old?b", "/?b"),
    ({"hostname": "up.example"}, "/old/a", "/old/a"),
], ids=json.dumps)
def test_path_and_host_are_rewritten_and_the_query_is_kept(stage, change, asked, arrived):
    service = Service(stage, rewrite(**change), prefix="/old")
    assert service.ask(asked).status == 200
    seen = service.seen()
    assert seen["target"] == arrived
    assert seen["authority"] == change.get("hostname", f"127.0.0.1:{service.mock.port}")


def test_a_rewrite_of_a_model_route_decides_which_api_is_asked_for(stage):
    mock, port = ai(stage, rewrite(path=whole("/v1/chat/completions")))
    assert harness.post(port, "/short?a=b", harness.CHAT).status == 200
    assert mock.requests(1)[0]["target"] == "/v1/chat/completions?a=b"


BROWSER = {"origin": "https://app.example.com"}
PREFLIGHT = {**BROWSER, "access-control-request-method": "PUT", "access-control-request-headers": "x-a"}


def cors_of(reply):
    return {name.lower(): value for name, value in reply.headers.items() if name.lower().startswith("access-control-")}


def test_a_preflight_is_answered_by_the_gateway(stage):
    service = Service(stage, cors(allowOrigins=["https://*.example.com"], allowMethods=["GET", "PUT"],
                                  allowHeaders=["x-a"], allowCredentials=True, maxAge=60))
    reply = service.ask(headers=PREFLIGHT, method="OPTIONS")
    assert (reply.status, reply.body) == (204, b"")
    assert cors_of(reply) == {
        "access-control-allow-origin": "https://app.example.com", "access-control-allow-credentials": "true",
        "access-control-allow-methods": "GET, PUT", "access-control-allow-headers": "x-a", "access-control-max-age": "60",
    }
    assert reply.headers["vary"] == "Origin"
    assert service.mock.requests() == []


def test_an_origin_that_is_not_allowed_gets_no_cors_headers_not_even_the_services_own(stage):
    upstream = {"status": 200, "headers": {"access-control-allow-origin": "*"}, "body": "ok"}
    service = Service(stage, cors(allowOrigins=["https://app.example.com"], exposeHeaders=["x-up"]), reply=upstream)
    evil = {**PREFLIGHT, "origin": "https://evil.example"}
    assert cors_of(service.ask(headers=evil, method="OPTIONS")) == {}
    reply = service.ask(headers={"origin": "https://evil.example"})
    assert (reply.status, cors_of(reply)) == (200, {})
    assert cors_of(service.ask(headers=BROWSER)) == {
        "access-control-allow-origin": "https://app.example.com", "access-control-expose-headers": "x-up",
    }


def test_a_script_can_read_replies_streams_and_errors_of_a_model(stage):
    _, port = ai(stage, cors(allowOrigins=["*"], allowHeaders=["*"]))
    assert harness.post(port, CHAT, None, PREFLIGHT, method="OPTIONS").status == 204
    for body, status in ((harness.CHAT, 200), (STREAM, 200), ("no json", 400)):
        reply = harness.post(port, CHAT, body, BROWSER)
        assert (reply.status, cors_of(reply)) == (status, {"access-control-allow-origin": "*"}), reply.body


def test_an_options_request_that_is_no_preflight_reaches_the_service(stage):
    service = Service(stage, cors(allowOrigins=["*"]))
    assert service.ask(method="OPTIONS").status == 200
    assert service.seen()["method"] == "OPTIONS"


def test_filters_of_a_backend_ref_come_behind_those_of_its_rule(stage):
    service = Service(
        stage, request_headers(set=lines(X_A="rule", X_B="rule")), rewrite(hostname="rule.example", path=whole("/rule")),
        backend_filters=[
            request_headers(set=lines(X_A="backend")), response_headers(set=lines(X_C="backend")),
            rewrite(hostname="backend.example"),
        ],
    )
    reply = service.ask()
    assert reply.headers["x-c"] == "backend"
    seen = service.seen()
    assert (header(seen, "x-a"), header(seen, "x-b")) == (["backend"], ["rule"])
    assert (seen["authority"], seen["target"]) == ("backend.example", "/rule")


@pytest.mark.parametrize("wrong, said", [
    (cors(allowOrigins=["*"]), "CORS is a filter of rules, not of backendRefs"),
    (rewrite(path=whole("no-slash")), "is no URL path"),
], ids=json.dumps)
def test_a_backend_ref_with_a_filter_that_cannot_run_answers_500(stage, wrong, said):
    code, text, path = validated(stage, backend_filters=[wrong])
    assert code == 1 and "spec.rules[0].backendRefs[0].filters[0]." in text and said in text, text
    gateway = stage.gateway([path], binds=["edge"])
    reply = ask(gateway.port("edge"), "/")
    assert reply.status == 500 and said in reply.json()["detail"], reply.body


def conditions_of(gateway, route):
    listed = json.loads(gateway.get("admin", f"/api/resources?kind=HTTPRoute&namespace=default&name={route}")[1])
    return {item["type"]: item for item in listed["items"][0]["status"]["parents"][0]["conditions"]}


def test_a_filter_nobody_knows_is_an_error_and_never_skipped(stage):
    unknown = {"type": "ExtensionRef", "extensionRef": {"group": "example.org", "kind": "Magic", "name": "wand"}}
    code, text, path = validated(stage, unknown)
    assert code == 1 and 'no filter of kind Magic in group "example.org" is known' in text, text
    gateway = stage.gateway([path], binds=["edge"])
    assert ask(gateway.port("edge"), "/").status == 500
    conditions = conditions_of(gateway, "web")
    assert (conditions["Accepted"]["status"], conditions["Accepted"]["reason"]) == ("False", "UnsupportedValue")
    assert (conditions["ResolvedRefs"]["status"], conditions["ResolvedRefs"]["reason"]) == ("False", "InvalidKind")


@pytest.mark.parametrize("filters, said", [
    ([redirect(scheme="https"), rewrite(hostname="x.example")], "may not be used together"),
    ([cors(allowOrigins=["*"]), cors(allowOrigins=["*"])], "may be used only once"),
], ids=json.dumps)
def test_filters_that_exclude_each_other_are_an_error_at_their_place(stage, filters, said):
    code, text, _ = validated(stage, *filters)
    assert code == 1 and "spec.rules[0].filters[1].type: " in text and said in text, text


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
    assert (seen["target"], json.loads(seen["body"])["model"]) == (CHAT, "served")
    assert header(seen, "authorization") == ["Bearer client"]
    assert header(main.requests(1)[0], "authorization") == ["Bearer sk-own"]


def test_a_mirror_that_is_not_there_is_told_and_its_rule_is_served(stage):
    main = stage.mock(script=OK)
    gateway = with_shadows(stage, manifests.static("main", main.port), [to_mirror("nowhere")])
    assert harness.post(gateway.port("edge"), "/", b"a").status == 200
    assert any("spec.rules[0].filters[0].requestMirror.backendRef.name" in line.get("text", "") for line in gateway.json_lines())
    resolved = conditions_of(gateway, "all")["ResolvedRefs"]
    assert (resolved["status"], resolved["reason"]) == ("False", "BackendNotFound")
