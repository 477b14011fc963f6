"""The one line to try that a start prints is run as it stands, and gets its answer."""

import re
import subprocess

import pytest

import harness
import manifests
from test_reload import GOOD, certificate

SCRIPT = {"rules": [{"match": {"method": method}, "respond": {"status": 200, "body": "plain"}}
                    for method in ("GET", "HEAD", "DELETE")]}


def path(kind, value):
    return {"path": {"type": kind, "value": value}}


def route(match, hostnames=(), name="all", backend="model"):
    made = manifests.route(name, backend)
    made["spec"]["rules"][0]["matches"] = [match]
    if hostnames:
        made["spec"]["hostnames"] = list(hostnames)
    return made


def gateway(**listener):
    made = manifests.gateway()
    made["spec"]["listeners"][0].update(listener)
    return made


def answer(stage, *objects):
    """The line that is printed for these objects and the status its request gets."""
    started = stage.gateway([stage.write("c.yaml", manifests.to_text(*objects))], binds=["edge"])
    printed = re.search(r"Try it:\n\n  (curl .*)\n", started.text() + "\n")
    assert printed, started.text()
    script = printed[1] + " -s -o answer -w '%{http_code}'"
    done = subprocess.run(["sh", "-c", script], cwd=stage.folder, capture_output=True, text=True, timeout=harness.PATIENCE)
    assert done.returncode == 0, printed[1] + done.stderr
    return printed[1], done.stdout


HEADERS = [{"name": "x-case", "value": "it's"}]
QUERY = [{"name": "api-version", "value": "a&b"}]
# (listener, match, hostnames)
FORMS = {
    "any": ({}, path("PathPrefix", "/"), ()),
    "prefix": ({}, path("PathPrefix", "/x"), ()),
    "prefix with a slash": ({}, path("PathPrefix", "/x/"), ()),
    "prefix with a quote": ({}, path("PathPrefix", "/it's$HOME"), ()),
    "prefix with a bracket": ({}, path("PathPrefix", "/a(b)!*"), ()),
    "prefix of the API": ({}, path("PathPrefix", "/v1"), ()),
    "exact": ({}, path("Exact", "/ask"), ()),
    "expression": ({}, path("RegularExpression", "/api/.*"), ()),
    "hostname of the route": ({}, path("PathPrefix", "/x"), ("api.example.com",)),
    "wildcard of the route": ({}, path("PathPrefix", "/x"), ("*.example.com",)),
    "hostname of the listener": ({"hostname": "api.example.com"}, path("PathPrefix", "/"), ()),
    "wildcard of the listener": ({"hostname": "*.example.com"}, path("PathPrefix", "/"), ()),
    "header": ({}, {**path("PathPrefix", "/x"), "headers": HEADERS}, ()),
    "query": ({}, {**path("PathPrefix", "/x"), "queryParams": QUERY}, ()),
    "method": ({}, {**path("PathPrefix", "/x"), "method": "POST"}, ()),
}
BACKENDS = {
    "openai": lambda port: manifests.openai("model", port, "m"),
    "anthropic": lambda port: manifests.anthropic("model", port),
    "static": lambda port: manifests.static("model", port),
}


@pytest.mark.parametrize("kind", BACKENDS)
@pytest.mark.parametrize("form", FORMS)
def test_the_line_gets_an_answer(stage, form, kind):
    listener, match, hostnames = FORMS[form]
    if kind == "static" and match.get("method") == "POST":
        match = {**match, "method": "DELETE"}
    if kind == "anthropic" and form == "exact":
        match = path("Exact", "/ask/v1/messages")
    mock = stage.mock(script=SCRIPT) if kind == "static" else stage.mock()
    line, status = answer(stage, gateway(**listener), route(match, hostnames), BACKENDS[kind](mock.port))
    assert status == "200", (line, (stage.folder / "answer").read_text())
    target = mock.requests(1)[0]["target"].partition("?")[0]
    if kind == "openai":
        assert target == "/v1/chat/completions"
    elif kind == "anthropic":
        assert target == "/v1/messages" and "max_tokens" in line and "anthropic-version" in line
    else:
        assert " -d " not in line


@pytest.mark.parametrize("hostname", [{}, {"hostname": "localhost"}, {"hostname": "*.example.com"}])
def test_a_line_over_tls_gets_an_answer(stage, hostname):
    _, secret = certificate(stage, *GOOD)
    tls = {"protocol": "HTTPS", "port": 443, "tls": {"certificateRefs": [{"name": "cert"}]}, **hostname}
    line, status = answer(stage, gateway(**tls), route(path("PathPrefix", "/x")),
                          manifests.openai("model", stage.mock().port, "m"), secret)
    assert status == "200" and line.startswith("curl -k https://")


def test_a_route_without_conditions_is_tried_before_one_with_them(stage):
    mock = stage.mock()
    line, status = answer(
        stage, gateway(), route({**path("PathPrefix", "/a"), "headers": HEADERS}, name="a"),
        route(path("PathPrefix", "/b"), name="b"), manifests.openai("model", mock.port, "m"))
    assert status == "200" and "/b/v1/chat/completions" in line


def test_a_line_for_all_addresses_is_sent_to_this_machine(stage):
    made = gateway()
    made["metadata"]["annotations"] = {"gatehouse.dev/bind": "0.0.0.0:0"}
    text = manifests.to_text(made, route(path("PathPrefix", "/x")), manifests.openai("model", stage.mock().port, "m"))
    started = stage.gateway([stage.write("c.yaml", text)])
    assert re.search(r"  curl http://127\.0\.0\.1:\d+/x/", started.text())
