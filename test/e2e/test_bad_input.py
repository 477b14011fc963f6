"""Mistakes in files: told with place, field, expectation and nearest name; the rest works, and a reload keeps what was good."""

import base64
import json
import re

import pytest

import harness
import manifests

CHAT = "/v1/chat/completions"
# The document that gets the mistakes; its lines are counted below.
SECOND = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: second
spec:
  parentRefs:
    - name: edge
      sectionName: http
  rules:
    - matches:
        - path:
            type: PathPrefix
            value: /second
          method: POST
      backendRefs:
        - group: agentgateway.dev
          kind: AgentgatewayBackend
          name: second
      timeouts:
        request: 30s
---
apiVersion: agentgateway.dev/v1alpha1
kind: AgentgatewayBackend
metadata:
  name: second
spec:
  ai:
    provider:
      openai:
        model: second
      host: 127.0.0.1
      port: PORT
  policies:
    auth:
      secretRef:
        name: key
---
apiVersion: v1
kind: Secret
metadata:
  name: key
stringData:
  Authorization: sk-bad-input-0001
"""
ROUTE = "HTTPRoute default/second"
BACKEND = "AgentgatewayBackend default/second"


class Mistake:
    """`old` becomes `new`; what is found then. A mistake that leaves no object has no `of` and `field`."""

    def __init__(self, old, new, at, of, field, *words, severity="error", reload="kept"):
        assert SECOND.count(old) == 1, old
        self.old, self.new, self.at, self.of, self.field, self.words = old, new, at, of, field, words
        self.severity, self.reload = severity, reload

    def text(self, port):
        return SECOND.replace(self.old, self.new).replace("PORT", str(port))

    def pattern(self, path):
        middle = f"{self.of}: {self.field}: " if self.of else ""
        return re.escape(f"{path}:{self.at}: {self.severity}: {middle}")

    def printed_in(self, lines, path):
        """The finding among lines of output."""
        found = [line for line in lines if re.search(self.pattern(path), line)]
        assert len(found) == 1, "\n".join(lines)
        for word in self.words:
            assert word in found[0], found[0]
        return found[0]


MISTAKES = {
    # Not YAML: the document is not there, those around it are.
    "a bracket that is not closed": Mistake(
        "  parentRefs:\n    - name: edge\n      sectionName: http\n", "  parentRefs: [{name: edge, sectionName: http}\n",
        "7:3", "", "", "expected ',' or ']'"),
    "a quote that is not closed": Mistake("value: /second", 'value: "/second', "13:20", "", "", "closing quote"),
    "a tab": Mistake("    - name: edge", "\t- name: edge", "7:1", "", "", "tab", "spaces"),
    "a key twice": Mistake("      timeouts:\n", "      matches: []\n      timeouts:\n", "19:7", "", "", "'matches'", "first on line 10"),
    "a wrong indentation": Mistake("            value: /second", "           value: /second", "13:12", "", "", "expected"),
    # YAML, but not what the field takes.
    "a number for a duration": Mistake(
        "request: 30s", "request: 30", "20:18", ROUTE, "spec.rules[0].timeouts.request", "expected a duration such as 10s", "got 30"),
    "a word for a number": Mistake(
        "port: PORT", "port: high", "32:13", BACKEND, "spec.ai.provider.port", "expected an integer", 'got "high"'),
    "a number out of its range": Mistake(
        "port: PORT", "port: 70000", "32:13", BACKEND, "spec.ai.provider.port", "from 1 to 65535", "70000"),
    "a quoted number": Mistake(
        "port: PORT", 'port: "8000"', "32:13", BACKEND, "spec.ai.provider.port", "expected an integer", "leave out the quotes"),
    "an object for a list": Mistake(
        "    - name: edge\n", "      name: edge\n", "7:7", ROUTE, "spec.parentRefs", "expected a list", "the '-' of the first item"),
    "a list for a string": Mistake(
        "        model: second", "        model: [second]", "30:16", BACKEND, "spec.ai.provider.openai.model", "expected a string", "an array"),
    "an unknown enum": Mistake(
        "type: PathPrefix", "type: PathPrefx", "12:19", ROUTE, "spec.rules[0].matches[0].path.type",
        "expected one of Exact, PathPrefix, RegularExpression", 'did you mean "PathPrefix"?'),
    "an enum in the wrong case": Mistake(
        "method: POST", "method: post", "14:19", ROUTE, "spec.rules[0].matches[0].method", "expected one of GET", 'did you mean "POST"?'),
    "a required field that is missing": Mistake(
        "          name: second\n      timeouts", "      timeouts", "16:11", ROUTE, "spec.rules[0].backendRefs[0].name", "required"),
    "an unknown provider": Mistake(
        "      openai:\n", "      openia:\n", "29:7", BACKEND, "spec.ai.provider", "exactly one of openai"),
    "a number for a secret": Mistake(
        "Authorization: sk-bad-input-0001", "Authorization: 42", "43:18", "Secret default/key", "stringData.Authorization",
        "expected a string", "put it in quotes", "this value is left out"),
    # A field we do not know is a warning, and the object works without it.
    "an unknown field": Mistake(
        "      timeouts:", "      timeout:", "19:7", ROUTE, "spec.rules[0].timeout", 'did you mean "timeouts"?',
        severity="warning", reload="taken"),
    # Well formed, but it names what is not there: only the requests that need it fail.
    "a Gateway that is not there": Mistake(
        "name: edge", "name: egde", "7:13", ROUTE, "spec.parentRefs[0].name", "Gateway default/egde not found",
        'did you mean "edge"?', reload="404"),
    "a listener that is not there": Mistake(
        "sectionName: http", "sectionName: htpp", "8:20", ROUTE, "spec.parentRefs[0].sectionName", "htpp",
        'did you mean "http"?', reload="404"),
    "a backend that is not there": Mistake(
        "          name: second", "          name: secnd", "18:17", ROUTE, "spec.rules[0].backendRefs[0].name",
        "AgentgatewayBackend default/secnd not found", 'did you mean "second"?', reload="500"),
    "a kind of backend that is not there": Mistake(
        "          kind: AgentgatewayBackend", "          kind: AgentgatewayBckend", "17:17", ROUTE,
        "spec.rules[0].backendRefs[0].kind", "AgentgatewayBckend", 'did you mean "AgentgatewayBackend"?', reload="500"),
    "a Secret that is not there": Mistake(
        "        name: key", "        name: kee", "36:15", BACKEND, "spec.policies.auth.secretRef.name",
        "Secret default/kee not found", 'did you mean "key"?', severity="warning", reload="503"),
}


@pytest.fixture
def first(stage):
    """A file without mistakes, and a mock behind it."""
    mock = stage.mock()
    stage.write("config/first.yaml", manifests.to_text(
        manifests.gateway(), manifests.route("first", "first", "/first"), manifests.openai("first", mock.port, "first")))
    return mock


def ask(gateway, name):
    return harness.post(gateway.port("edge"), f"/{name}{CHAT}", harness.CHAT)


def found_in_log(gateway, pattern):
    texts = [line["text"] for line in gateway.json_lines() if line.get("msg") == "finding"]
    return [text for text in texts if re.search(pattern, text)]


def write(stage, mistake, mock):
    return stage.write("config/second.yaml", mistake.text(mock.port))


@pytest.mark.parametrize("name", MISTAKES)
def test_validate_tells_place_field_expectation_and_the_nearest_name(stage, first, name):
    mistake = MISTAKES[name]
    path = write(stage, mistake, first)
    program = stage.process(["validate", "-f", stage.folder / "config"])
    assert program.exit_code() == (1 if mistake.severity == "error" else 0), program.text()
    mistake.printed_in(program.stdout, path)


def test_a_backend_with_errors_is_there_for_the_route_that_names_it(stage, first):
    path = stage.write("config/second.yaml", SECOND.replace("PORT", "high"))
    program = stage.process(["validate", "-f", stage.folder / "config"])
    assert program.exit_code() == 1
    said = "AgentgatewayBackend default/second has errors of its own"
    assert any(line.endswith(f"{ROUTE}: spec.rules[0].backendRefs[0].name: {said}") for line in program.stdout), program.text()
    assert "AgentgatewayBackend default/second not found" not in program.text()
    gateway = stage.gateway([stage.folder / "config"], binds=["edge"])
    (item,) = json.loads(gateway.get("admin", "/api/resources?kind=HTTPRoute&name=second")[1])["items"]
    (parent,) = item["status"]["parents"]
    (resolved,) = [each for each in parent["conditions"] if each["type"] == "ResolvedRefs"]
    assert (resolved["status"], resolved["reason"], resolved["message"]) == ("False", "BackendNotFound", said)
    assert ask(gateway, "second").status == 500
    gateway.reloaded(lambda: path.write_text(SECOND.replace("PORT", str(first.port))))
    assert ask(gateway, "second").status == 200


@pytest.mark.parametrize("name", MISTAKES)
def test_a_start_with_a_mistake_says_it_and_serves_the_rest(stage, first, name):
    mistake = MISTAKES[name]
    path = write(stage, mistake, first)
    gateway = stage.gateway([stage.folder / "config"], binds=["edge"])
    assert ask(gateway, "first").json()["model"] == "first"
    notes = [line for line in gateway.stderr if line.lstrip().startswith("note:")]
    said = mistake.printed_in(notes, path)
    findings = json.loads(gateway.get("admin", "/api/resources")[1])["findings"]
    line, column = map(int, mistake.at.split(":"))
    shown = [item for item in findings if (item["file"], item["line"], item["column"]) == (str(path), line, column)]
    assert any(item["message"] in said and item["path"] == mistake.field and item["severity"] == mistake.severity for item in shown)
    if not mistake.of:
        secret_only = gateway.get("admin", "/api/resources?kind=Secret&name=key")[1]
        assert json.loads(secret_only)["items"], "the documents around the one with the mistake are there"


@pytest.mark.parametrize("name", MISTAKES)
def test_a_reload_with_a_mistake_keeps_what_was_good(stage, first, name):
    mistake = MISTAKES[name]
    path = stage.write("config/second.yaml", SECOND.replace("PORT", str(first.port)))
    gateway = stage.gateway([stage.folder / "config"], binds=["edge"])
    assert ask(gateway, "second").json()["model"] == "second"
    before = gateway.configuration()
    write(stage, mistake, first)
    if mistake.reload == "kept":
        after = gateway.wait_for(
            lambda: (now := gateway.configuration())["rejected_reloads"] > before["rejected_reloads"] and now, "it is refused")
        assert (mistake.of or "second.yaml") in after["last_error"]
    else:
        gateway.wait_for(lambda: gateway.configuration()["generation"] > before["generation"], "it is taken over")
        assert gateway.configuration()["last_error"] is None
    assert ask(gateway, "first").json()["model"] == "first"
    reply = ask(gateway, "second")
    if mistake.reload in ("kept", "taken"):
        assert reply.status == 200, reply.body
    else:
        assert reply.status == int(mistake.reload), reply.body
    # The log says it a moment after the admin API does.
    mistake.printed_in(gateway.wait_for(lambda: found_in_log(gateway, mistake.pattern(path)), "the log says it"), path)
    gateway.reloaded(lambda: stage.write("config/second.yaml", SECOND.replace("PORT", str(first.port)).replace("model: second", "model: third")))
    assert ask(gateway, "second").json()["model"] == "third"
    assert gateway.configuration()["last_error"] is None


@pytest.mark.parametrize("mistake", [
    ("Secret", "stringData", "sk-SECRETLEAK-123"), ("Secret", "data", "sk-SECRETLEAK-123"),
    ("AgentgatewayBackend", "auth", "sk-SECRETLEAK-123"), ("AgentgatewayBackend", "secretRef", "sk-SECRETLEAK-123"),
], ids=lambda each: each[1])
def test_a_secret_in_a_place_that_is_none_is_never_printed(stage, first, mistake):
    kind, field, value = mistake
    if kind == "Secret":
        text = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: x}}\n{field}: {value}\n"
    else:
        auth = {"auth": value} if field == "auth" else {"auth": {"secretRef": value}}
        backend = manifests.openai("x", 9)
        backend["spec"]["policies"] = auth
        text = manifests.to_text(backend)
    path = stage.write("config/x.yaml", text)
    program = stage.process(["validate", "-f", path])
    assert program.exit_code() == 1 and "SECRETLEAK" not in program.text()
    assert f"{field}: expected an object, got a string" in program.text()
    gateway = stage.gateway([stage.folder / "config"], binds=["edge"])
    assert "SECRETLEAK" not in gateway.text() + gateway.get("admin", "/api/resources")[1]


def test_a_secret_with_a_mistake_is_never_printed(stage, first):
    """The finding says what was expected, not what was there."""
    text = SECOND.replace("PORT", str(first.port)).replace("Authorization: sk-bad-input-0001", "Authorization: [sk-bad-input-0001]")
    stage.write("config/second.yaml", text)
    program = stage.process(["validate", "-f", stage.folder / "config"])
    assert program.exit_code() == 1
    assert "stringData.Authorization: expected a string" in program.text()
    gateway = stage.gateway([stage.folder / "config"], binds=["edge"])
    shown = program.text() + gateway.text() + gateway.get("admin", "/api/resources")[1] + gateway.get("admin", "/api/config")[1]
    assert "sk-bad-input-0001" not in shown


def test_a_bad_value_of_a_secret_costs_its_own_key_alone(stage):
    """It is found, its backend says which key it lacks, and the backends of the other keys work."""
    mock = stage.mock()
    good = base64.b64encode(b"sk-good").decode()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": "default"},
              "data": {"good": good, "covered": good, "bad": "sk-hush-not-base64", "padding": good + "="},
              "stringData": {"unset": "sk-hush-${GATEHOUSE_E2E_UNSET}", "covered": "${GATEHOUSE_E2E_UNSET}"}}
    backends = [manifests.openai(key, mock.port, "m", secret="keys") for key in ("good", "bad", "padding", "unset", "covered")]
    for backend in backends:
        backend["spec"]["policies"]["auth"]["secretRef"]["key"] = backend["metadata"]["name"]
    routes = [manifests.route(name, name, f"/{name}") for name in ("good", "bad", "padding", "unset", "covered")]
    path = stage.write("c.yaml", manifests.to_text(manifests.gateway(), secret, *backends, *routes))
    gateway = stage.gateway([path], binds=["edge"])
    assert ask(gateway, "good").status == 200
    assert ["authorization", "Bearer sk-good"] in [[name.lower(), value] for name, value in mock.requests(1)[0]["fields"]]
    shown = json.loads(gateway.get("admin", "/api/resources")[1])
    for field, key in (("data", "bad"), ("data", "padding"), ("stringData", "unset"), ("stringData", "covered")):
        reply = ask(gateway, key)
        assert (reply.status, reply.json()["error"]["code"]) == (503, "credential_missing")
        said = f'key "{key}" of Secret default/keys has an error of its own'
        assert said in reply.json()["error"]["message"]
        (backend,) = [each for each in shown["items"] if each["kind"] == "AgentgatewayBackend" and each["metadata"]["name"] == key]
        (accepted,) = [each for each in backend["status"]["conditions"] if each["type"] == "Accepted"]
        assert accepted["status"] == "False" and said in accepted["message"]
        (found,) = [each for each in shown["findings"] if each["path"] == f"{field}.{key}"]
        assert found["severity"] == "error" and found["line"] > 1 and found["object"] == "Secret default/keys"
    assert len(mock.requests()) == 1
    assert "sk-" not in json.dumps(shown) + gateway.text()


@pytest.mark.parametrize("good, bad, said", [
    ('"port": 80', '"port": "high"', "spec.parentRefs[0].name: Gateway default/edge has errors of its own"),
    ('"protocol": "HTTP"', '"protocol": "TCP"', "spec.parentRefs[0]: the listeners of Gateway default/edge it asks for have errors of their own"),
])
def test_a_gateway_with_errors_is_the_cause_and_its_routes_are_none(stage, good, bad, said):
    routes = [manifests.route(name, "model", f"/{name}") for name in ("a", "b")]
    text = manifests.to_text(*routes, manifests.gateway(), manifests.openai("model", 9))
    assert text.count(good) == 1
    program = stage.process(["validate", "-f", stage.write("c.yaml", text.replace(good, bad))])
    assert program.exit_code() == 1
    errors = [line for line in program.stdout if ": error: " in line]
    assert len(errors) == 1 and "Gateway default/edge: spec.listeners[0]" in errors[0], program.text()
    for name in ("a", "b"):
        assert any(line.endswith(f": info: HTTPRoute default/{name}: {said}") for line in program.stdout), program.text()
    assert "not found" not in program.text() and "allows HTTPRoutes" not in program.text()


def test_a_variable_that_is_not_set_is_one_finding(stage):
    text = manifests.one_model(9, secret="key") + "---\n" + manifests.to_text(manifests.secret("key", "${GATEHOUSE_E2E_UNSET}"))
    program = stage.process(["validate", "-f", stage.write("c.yaml", text)])
    assert program.exit_code() == 1 and program.stdout[-1].endswith(", 1 error, 0 warnings")
    (found,) = [line for line in program.stdout if "error: " in line]
    assert "Secret default/key: stringData.Authorization: the environment variable GATEHOUSE_E2E_UNSET is not set" in found
