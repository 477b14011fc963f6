"""Filters of an HTTPRoute change requests and replies as they are written, and none is skipped in silence."""

import http.client
import json

import pytest

import harness
import manifests

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
    (request_headers(set=lines(X_A="1"), remove=["x-a"]), "requestHeaderModifier.set[0].name", "changed twice"),
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


def test_a_backend_ref_may_redirect(stage):
    service = Service(stage, backend_filters=[redirect(statusCode=307, path=prefix("/new"))], prefix="/old")
    reply = ask(service.port, "/old/a")
    assert (reply.status, reply.headers["location"]) == (307, "http://example.com/new/a")
    assert service.mock.requests() == []


def test_cors_of_a_backend_ref_goes_before_that_of_its_rule(stage):
    rule, backend = cors(allowOrigins=["https://rule.example"]), cors(allowOrigins=["https://app.example.com"])
    service = Service(stage, backend_filters=[backend])
    assert cors_of(service.ask(headers=PREFLIGHT, method="OPTIONS"))["access-control-allow-origin"] == BROWSER["origin"]
    service = Service(stage, rule, backend_filters=[backend])
    assert cors_of(service.ask(headers=BROWSER))["access-control-allow-origin"] == BROWSER["origin"]
    assert cors_of(service.ask(headers={"origin": "https://rule.example"})) == {}


def test_all_headers_of_a_reply_are_exposed_by_name_where_credentials_allow_no_star(stage):
    service = Service(stage, cors(allowOrigins=["*"], allowCredentials=True, exposeHeaders=["*"]))
    exposed = cors_of(service.ask(headers=BROWSER))["access-control-expose-headers"].lower().split(", ")
    assert {"x-up", "x-many"} <= set(exposed) and "*" not in exposed


@pytest.mark.parametrize("wrong, said", [
    (request_headers(set=lines(Host="x")), "hostname of a URLRewrite"),
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


def test_a_stream_cut_short_is_broken_off_whatever_a_filter_says_it_is(stage):
    events = ['data: {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n']
    respond = {"status": 200, "headers": {"content-type": "text/event-stream"}, "events": events}
    script = {"rules": [{"match": {}, "respond": respond}]}
    _, port = ai(stage, response_headers(set=lines(Content_Type="text/plain")), script=script)
    with pytest.raises(http.client.IncompleteRead):
        harness.post(port, CHAT, STREAM)
