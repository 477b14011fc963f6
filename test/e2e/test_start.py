"""The start: with nothing, with keys in the environment, with mistakes; and what the other commands print."""

import datetime
import json
import re
import socket
import subprocess

import pytest

import harness
import manifests
from harness import PATIENCE

CHAT = "/v1/chat/completions"
SERVICES = ["--admin", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--readiness", "127.0.0.1:0"]
KEYS = {
    "OPENAI_API_KEY": "sk-zero-openai-0001", "ANTHROPIC_API_KEY": "sk-ant-zero-0002", "XAI_API_KEY": "xai-zero-0003",
    "MISTRAL_API_KEY": "mistral-zero-0004",
}


def zero(stage, env=None):
    """A start without configuration, its one gateway on a port of the kernel's choice."""
    return stage.gateway([], binds=["gatehouse/gateway"], env=env)


def test_a_start_with_nothing_answers_the_first_curl(stage):
    gateway = zero(stage)
    text = gateway.text()
    assert "sim/echo" in text and "Try it" in text
    for service in ("admin", "metrics", "readiness"):
        assert re.search(rf"{service}\s+http://127\.0\.0\.1:\d+/", text)
    path, body = re.search(r"curl http://[^/]+(/\S+) .*-d '([^']*)'", text).groups()
    reply = harness.post(gateway.port("gateway"), path, body)
    assert reply.status == 200
    answer = reply.json()
    assert answer["model"] == "sim/echo"
    assert "Hello!" in answer["choices"][0]["message"]["content"]
    entry = gateway.access_of(reply)
    assert entry["gatehouse.outcome"] == "LocalReply"
    assert entry["gen_ai.provider.name"] == "simulated"


def test_the_process_says_its_name_once_it_is_ready(stage):
    def instance(env):
        return [line for line in zero(stage, env=env).json_lines() if line.get("msg") == "ready"][0]["instance"]
    assert instance({"POD_NAME": "gatehouse-7d9f-x2"}) == "gatehouse-7d9f-x2"
    before = datetime.datetime.now(datetime.timezone.utc)
    one, other = instance({}), instance({"POD_NAME": ""})
    after = datetime.datetime.now(datetime.timezone.utc)
    assert one != other
    for name in (one, other):
        host, start = name.split("@")
        assert host == socket.gethostname() and before <= datetime.datetime.fromisoformat(start) <= after


def brings_none(gateway):
    """What the start says of places for trusted certificates that bring none."""
    return [line for line in gateway.json_lines() if "brings no certificate" in line["msg"]]


@pytest.mark.parametrize("variable, name, text, reason, next_step", [
    ("SSL_CERT_FILE", "none.pem", None, "cannot be read: No such file", "unset SSL_CERT_FILE"),
    ("SSL_CERT_FILE", "note.pem", "no certificate\n", "holds no certificate in PEM form", "unset SSL_CERT_FILE"),
    ("SSL_CERT_DIR", "none", None, "no folder that can be read", "unset SSL_CERT_DIR"),
    ("SSL_CERT_DIR", "plain", {"ca.pem": "CA"}, "under the hash of its name", "openssl rehash"),
    ("SSL_CERT_DIR", "false", {"12345678.0": "no certificate\n"}, "under the hash of its name", "openssl rehash"),
])
def test_a_place_for_roots_that_brings_none_is_said(stage, variable, name, text, reason, next_step):
    if isinstance(text, dict):
        for file, content in text.items():
            stage.write(f"{name}/{file}", stage.mock(tls_names="x.test").ca.read_text() if content == "CA" else content)
    elif text:
        stage.write(name, text)
    gateway = zero(stage, env={variable: str(stage.folder / name)})
    (said,) = brings_none(gateway)
    assert said["level"] == "warn" and said["msg"].startswith(variable) and said["path"] == str(stage.folder / name)
    assert reason in said["reason"] and next_step in said["next"]


def test_a_folder_of_hashed_roots_is_trusted(stage):
    mock = stage.mock(tls_names="api.openai.com")
    stage.write("roots/ca.pem", mock.ca.read_text())
    subprocess.run(["openssl", "rehash", stage.folder / "roots"], check=True)
    gateway = stage.gateway(
        [], binds=["gatehouse/gateway"], env={**KEYS, "SSL_CERT_DIR": f"{stage.folder / 'roots'}"},
        resolve=[f"api.openai.com:443:{mock.address}"],
    )
    assert harness.post(gateway.port("gateway"), f"/openai{CHAT}", harness.CHAT).status == 200
    assert brings_none(gateway) == []


def test_a_service_is_shown_with_where_it_is(stage):
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
    route = manifests.route("all", "web")
    route["spec"]["rules"][0]["backendRefs"] = [{"name": "web", "port": 80}]
    path = stage.write("c.yaml", manifests.to_text(manifests.gateway(), route, service))
    assert "default/web -> http://web.default.svc:80 " in stage.gateway([path], binds=["edge"]).text()


def test_the_line_to_try_is_one_that_has_its_key(stage):
    mock = stage.mock()
    text = manifests.to_text(
        manifests.gateway(), manifests.route("nosec", "nosec", "/a-nosec"), manifests.route("fix", "fix", "/fix"),
        manifests.openai("nosec", mock.port, "m", secret="absent"), manifests.openai("fix", mock.port, "m"))
    gateway = stage.gateway([stage.write("c.yaml", text)], binds=["edge"])
    assert re.search(r"curl http://[^/]+(/\S+)", gateway.text())[1] == "/fix/v1/chat/completions"


@pytest.mark.parametrize("path, body", [
    (CHAT, harness.CHAT), ("/v1/messages", {"model": "m", "max_tokens": 5, "messages": harness.CHAT["messages"]}),
])
def test_the_simulated_model_streams_and_says_what_it_is(stage, path, body):
    gateway = zero(stage)
    reply = harness.post(gateway.port("gateway"), f"/sim{path}", {**body, "stream": True})
    assert reply.headers["content-type"] == "text/event-stream"
    assert reply.headers["transfer-encoding"] == "chunked" and "content-length" not in reply.headers
    assert b"simulated" in reply.body and b"gatehouse-sim" in reply.body
    assert (b"data: [DONE]" if path == CHAT else b"event: message_stop") in reply.body
    assert gateway.access_of(reply)["gatehouse.usage.state"] == "known"


def test_the_simulated_model_is_listed_as_ours(stage):
    reply = harness.post(zero(stage).port("gateway"), "/sim/v1/models", None, method="GET")
    assert [(model["id"], model["owned_by"]) for model in reply.json()["data"]] == [("sim/echo", "gatehouse")]


def test_the_simulated_model_sends_its_events_one_by_one(stage):
    port = zero(stage).port("gateway")
    body = json.dumps({**harness.CHAT, "stream": True, "max_tokens": 3})
    head = f"POST /sim{CHAT} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    received = harness.raw_exchange(port, (head + body).encode()).split(b"\r\n\r\n", 1)[1]
    chunks = [line for line in received.split(b"\r\n") if line.startswith(b"data: ")]
    assert len(chunks) == 6 and all(chunk.endswith(b"\n\n") and chunk.count(b"data: ") == 1 for chunk in chunks)
    said = [json.loads(chunk[6:])["choices"][0] for chunk in chunks[:-1]]
    assert [one["delta"].get("content") for one in said] == ["", "This", " is", " the", None]
    assert said[-1]["finish_reason"] == "length" and chunks[-1] == b"data: [DONE]\n\n"


@pytest.mark.parametrize("path, body, words", [
    (CHAT, {"model": "m", "messages": "Hi"}, "messages is"),
    ("/v1/messages", {"model": "m", "messages": [], "max_tokens": -1}, "max_tokens is -1; it must be a whole number from 1."),
    ("/v1/responses", {"model": "m"}, "the request has no input"),
    ("/v1/embeddings", {"model": "m", "input": []}, "input has 0 entries"),
])
def test_the_simulated_model_says_what_is_wrong_in_the_dialect(stage, path, body, words):
    reply = harness.post(zero(stage).port("gateway"), f"/sim{path}", body)
    error = reply.json()["error"]
    assert reply.status == 400 and words in error["message"] and error["type"] == "invalid_request_error"
    assert ("request_id" in reply.json()) == (path == "/v1/messages")


def test_keys_of_the_environment_make_routes_and_are_never_printed(stage):
    gateway = zero(stage, env=KEYS)
    text = gateway.text()
    for name, prefix in (("OPENAI_API_KEY", "/openai"), ("ANTHROPIC_API_KEY", "/anthropic"), ("XAI_API_KEY", "/xai")):
        row = [line for line in text.splitlines() if f" {prefix} " in line]
        assert row and name in row[0], f"no row of {prefix} that names {name}:\n{text}"
    shown = text + gateway.get("admin", "/api/resources")[1] + gateway.metrics()
    assert not [key for key in KEYS.values() if key in shown]


def test_a_key_of_the_environment_reaches_its_provider(stage):
    mock = stage.mock(tls_names="api.openai.com")
    gateway = stage.gateway(
        [], binds=["gatehouse/gateway"], env={**KEYS, "SSL_CERT_FILE": str(mock.ca)},
        resolve=[f"api.openai.com:443:{mock.address}"],
    )
    reply = harness.post(gateway.port("gateway"), f"/openai{CHAT}", harness.CHAT)
    assert reply.status == 200, reply.body
    seen = mock.requests(1)[0]
    assert ["authorization", f"Bearer {KEYS['OPENAI_API_KEY']}"] in [[name.lower(), value] for name, value in seen["fields"]]


def test_an_upstream_is_sent_to_the_first_address_that_answers(stage):
    mock = stage.mock()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and nobody listens
        path = stage.write("c.yaml", manifests.one_model(9, host="model.test"))
        gateway = stage.gateway([path], binds=["edge"], resolve=[
            "*:9:127.0.0.1:9", f"model.test:9:127.0.0.1:{closed.getsockname()[1]},[::1]:{closed.getsockname()[1]},{mock.address}"])
        reply = harness.post(gateway.port("edge"), CHAT, harness.CHAT)
    assert reply.status == 200, reply.body
    assert len(mock.requests(1)) == 1


def test_a_local_model_server_is_found(stage):
    for port in (11434, 8000, 1234):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        break
    else:
        pytest.skip("every port that is probed is taken")
    mock = stage.mock(listen=f"127.0.0.1:{port}")
    gateway = zero(stage)
    row = [line for line in gateway.text().splitlines() if f"http://127.0.0.1:{port}" in line and "->" in line]
    prefix = re.search(r"\s(/\S+)\s", row[0])[1]
    reply = harness.post(gateway.port("gateway"), f"{prefix}{CHAT}", harness.CHAT)
    assert reply.status == 200
    assert [entry["target"] for entry in mock.requests() if entry["method"] == "POST"] == [CHAT]


def run(stage, *arguments, env=None):
    program = stage.process(arguments, env=env)
    return program.exit_code(), program.text()


def test_a_port_in_use_is_an_error_that_names_address_and_flag(stage):
    path = stage.write("c.yaml", manifests.one_model(9))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        code, text = run(stage, "run", "-f", path, "--bind", f"edge={address}", *SERVICES)
        assert code == 1
        assert address in text and "in use" in text and "--bind default/edge/http=" in text
        for service in ("admin", "metrics", "readiness"):
            others = [part if part != "127.0.0.1:0" or SERVICES[at - 1] != f"--{service}" else address
                      for at, part in enumerate(SERVICES)]
            code, text = run(stage, "run", "-f", path, "--bind", "edge=127.0.0.1:0", *others)
            assert code == 1
            assert address in text and "in use" in text and f"--{service}" in text


@pytest.mark.parametrize("arguments, words", [
    (["run", "--no-such-flag"], "--no-such-flag"),
    (["run", "--workers", "0"], "--workers"),
    (["run", "--log-format", "xml"], "--log-format"),
    (["serve"], "serve"),
    (["nosuch", "--help"], '"nosuch" is no subcommand'),
    (["help", "valdate"], 'did you mean "validate"?'),
    ([], "subcommand"),
    (["validate"], "--file"),
])
def test_a_mistake_on_the_command_line_is_named(stage, arguments, words):
    code, text = run(stage, *arguments)
    assert code == 2
    assert words in text and "--help" in text


@pytest.mark.parametrize("arguments, words", [
    (["--bind", "nobody=127.0.0.1:0"], "nobody"),
    (["--bind", "edge"], "GATEWAY[/LISTENER]=ADDR:PORT"),
    (["--bind", "edge/nolistener=127.0.0.1:0"], 'has no listener "nolistener"; it has http'),
    (["--resolve", "api.openai.com"], "--resolve 'api.openai.com' is not HOST:PORT"),
    (["--resolve", "a:443:127.0.0.1,b"], "--resolve 'a:443:127.0.0.1,b' is not HOST:PORT:ADDRESS[:PORT][,ADDRESS[:PORT]]... "
     "('b' is no address), such as api.example.com:443:127.0.0.1:8443,[::1]:8443"),
    (["--host", "localhost"], '--host "localhost": expected an IP address'),
    (["--admin", "15000"], '--admin "15000": expected ADDR:PORT'),
    (["--admin", "127.0.0.1:15000", "--metrics", "127.0.0.1:15000"], "--admin 127.0.0.1:15000 and --metrics"),
])
def test_a_flag_that_means_nothing_is_a_start_error(stage, arguments, words):
    path = stage.write("c.yaml", manifests.one_model(9))
    services = [word for flag, address in zip(SERVICES[::2], SERVICES[1::2]) if flag not in arguments
                for word in (flag, address)]
    code, text = run(stage, "run", "-f", path, *services, *arguments)
    assert code == 1 and words in text
    assert "listening" not in text and "in use" not in text, "no address is opened for such a start"


@pytest.mark.parametrize("arguments, words", [
    (["--listen", "9000"], "--listen '9000' is not an IP address with a port, such as"),
    (["--script", "no-such.yaml"], "cannot read no-such.yaml: No such file or directory"),
])
def test_a_mock_that_cannot_start_says_why(stage, arguments, words):
    code, text = run(stage, "mock", *arguments)
    assert code == 1 and words in text


def test_a_file_that_is_not_there_is_a_start_error(stage):
    code, text = run(stage, "run", "-f", stage.folder / "no-such.yaml", *SERVICES)
    assert code == 1 and "no-such.yaml" in text


@pytest.mark.parametrize("arguments", [[], ["run"], ["validate"], ["mock"], ["version"]])
def test_every_command_has_a_help(stage, arguments):
    code, text = run(stage, *arguments, "--help")
    assert code == 0
    assert "Usage" in text
    if arguments != ["version"]:
        assert "Examples:" in text


def test_the_version_is_one_line(stage):
    code, text = run(stage, "version")
    assert code == 0 and re.fullmatch(r"gatehouse \d+\.\d+\.\d+\S*", text)


# (file, a finding as it is printed after the file's name; {} is nothing)
BROKEN = {
    "syntax": ("kind: [\n", r":\d+:\d+: error: "),
    "tab": ("kind: Gateway\nspec:\n\tx: 1\n", r":3:1: error: .*tab"),
    "duplicate key": ("apiVersion: v1\nkind: Secret\nkind: Secret\nmetadata: {name: a}\n", r":3:1: error: .*kind"),
    "wrong type": (manifests.one_model("high"), r":\d+:\d+: error: AgentgatewayBackend default/model: spec\.ai\.provider\.port: "),
    "unknown enum": (
        manifests.one_model(9).replace("PathPrefix", "PathPrefx"),
        r":\d+:\d+: error: HTTPRoute default/all: spec\.rules\[0\]\.matches\[0\]\.path\.type: .*PathPrefix",
    ),
    "dangling reference": (
        manifests.one_model(9).replace('"name": "edge"\n   }', '"name": "egde"\n   }'),
        r":\d+:\d+: \w+: HTTPRoute default/all: spec\.parentRefs\[0\]\.name: .*edge",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_validate_prints_position_field_and_what_was_expected(stage, name):
    text, expected = BROKEN[name]
    path = stage.write("broken.yaml", text)
    code, printed = run(stage, "validate", "-f", path)
    assert re.search(re.escape(str(path)) + expected, printed), printed
    if name != "dangling reference":
        assert code == 1


def test_validate_of_good_files_exits_0_and_counts(stage):
    path = stage.write("good.yaml", manifests.one_model(9))
    code, text = run(stage, "validate", "-f", path)
    assert code == 0 and text.splitlines()[-1] == "3 objects, 0 errors, 0 warnings"


def test_several_providers_are_told_with_the_one_that_is_used(stage):
    model = manifests.openai("model", 9)
    model["spec"]["ai"] = {"groups": [
        {"providers": [{"name": "near", "openai": {}}, {"name": "far", "anthropic": {}}]},
        {"providers": [{"name": "last", "openai": {}}]},
    ]}
    path = stage.write("groups.yaml", manifests.to_text(manifests.gateway(), manifests.route("all", "model"), model))
    sentence = ("warning: AgentgatewayBackend default/model: spec.ai.groups: choosing among providers is not active "
                "yet: every request goes to provider near, the first that can be used")
    code, text = run(stage, "validate", "-f", path)
    assert code == 0 and sentence in text and text.splitlines()[-1] == "3 objects, 0 errors, 1 warning"
    log = stage.gateway([path], binds=["edge"]).json_lines()
    assert [line for line in log if line.get("msg") == "finding" and sentence in line["text"]]


def test_unknown_fields_warn_and_are_errors_when_strict(stage):
    objects = [json.loads(part) for part in manifests.one_model(9).split("---")]
    objects[0]["spec"]["gatewayClasName"] = "x"
    path = stage.write("typo.yaml", manifests.to_text(*objects))
    code, text = run(stage, "validate", "-f", path)
    assert code == 0 and "warning: Gateway default/edge: spec.gatewayClasName" in text and "gatewayClassName" in text
    code, text = run(stage, "validate", "--strict", "-f", path)
    assert code == 1 and "error: Gateway default/edge: spec.gatewayClasName" in text


def test_standard_input_is_a_file_too(stage):
    done = subprocess.run([str(harness.BINARY), "validate", "-f", "-"], input=manifests.one_model(9).encode(),
                          capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout


def test_a_start_without_a_gateway_says_that_nothing_is_served(stage):
    gateway = stage.gateway([stage.write("c.yaml", manifests.to_text(manifests.openai("alone", 9)))])
    assert "there is no Gateway that can be served" in gateway.text()
    assert re.search(r"looked at: \S+/c.yaml \(1 object, no Gateway\)", gateway.text())


def test_a_start_with_an_empty_folder_says_what_it_looked_at_and_is_ready(stage):
    folder = stage.folder / "empty"
    folder.mkdir()
    gateway = stage.gateway([folder])
    assert gateway.get("readiness", "/healthz/ready") == (200, "ready\n")
    text = gateway.text()
    assert "Gatehouse is running, and serves nothing" in text and f"looked at: {folder} (no manifest)" in text
    assert re.search(r"next: add a Gateway and an HTTPRoute there, .*; it is taken over at once", text)
    (warned,) = [line for line in gateway.json_lines() if line.get("msg") == "nothing is served"]
    assert warned["level"] == "warn" and warned["looked_at"] == f"{folder} (no manifest)" and warned["next"]
    mock = stage.mock()
    gateway.reloaded(lambda: stage.write("empty/c.yaml", manifests.one_model(mock.port)))
    assert gateway.get("readiness", "/healthz/ready")[0] == 200


def test_a_start_with_nothing_but_a_broken_gateway_points_at_the_notes(stage):
    path = stage.write("c.yaml", manifests.to_text(manifests.gateway()).replace('"port": 80', '"port": "high"'))
    text = stage.gateway([path]).text()
    assert f"looked at: {path} (nothing that can be read)" in text and "next: repair what the notes below say" in text


def test_what_is_wrong_stands_before_what_is_worth_knowing(stage):
    stage.write("c/a.yaml", manifests.one_model(9))
    path = stage.write("c/b.yaml", "kind: [\n")
    code, text = run(stage, "run", "--check", "-f", stage.folder / "c", "--host", harness.quiet_host(), *SERVICES)
    assert code == 1 and "Gatehouse would serve" in text and "Gatehouse is serving" not in text
    notes = [line for line in text.splitlines() if "note:" in line]
    assert f"note: {path}:2:1: error: " in notes[0] and "info:" in notes[-1] and len(notes) > 1


def nowhere():
    """A Gateway whose annotation gives no address."""
    gateway = manifests.gateway()
    gateway["metadata"]["annotations"] = {"gatehouse.dev/bind": "nonsense"}
    return gateway


# (file, the last line that is printed)
UNCHECKED = {
    "syntax": (manifests.one_model(9) + "---\nkind: [\n", r"gatehouse: not as written: 1 error"),
    "wrong type": (manifests.one_model("high"), r"gatehouse: not as written: 2 errors"),
    "no gateway": (manifests.to_text(manifests.openai("alone", 9)), r"gatehouse: nothing is served"),
    "bad annotation": (manifests.to_text(nowhere()), r"gatehouse: not as written: 1 error, and nothing is served"),
}


@pytest.mark.parametrize("name", UNCHECKED)
def test_a_check_fails_when_not_all_would_be_served_as_written(stage, name):
    text, last = UNCHECKED[name]
    path = stage.write("c.yaml", text)
    code, printed = run(stage, "run", "--check", "-f", path, "--host", harness.quiet_host(), *SERVICES)
    assert code == 1 and re.match(last, printed.splitlines()[-1]), printed


def test_a_check_of_good_files_exits_0(stage):
    path = stage.write("c.yaml", manifests.one_model(9))
    code, text = run(stage, "run", "--check", "-f", path, "--bind", "edge=127.0.0.1:0", *SERVICES)
    assert code == 0 and "not as written" not in text


def test_an_admin_api_for_all_addresses_is_warned_of_and_shown_where_it_opens(stage):
    path = stage.write("c.yaml", manifests.one_model(9))
    words = ["--admin", "0.0.0.0:0", "--metrics", "0.0.0.0:0", "--readiness", "127.0.0.1:0"]
    code, text = run(stage, "run", "--check", "-f", path, "--bind", "edge=127.0.0.1:0", *words)
    assert code == 0 and len(re.findall(r"(?:admin|metrics) +http://127\.0\.0\.1:\d+/", text)) == 2
    notes = [line for line in text.splitlines() if "beyond this machine" in line]
    assert len(notes) == 1 and re.search(r"the admin API is open .*: 0\.0\.0\.0:\d+$", notes[0])
