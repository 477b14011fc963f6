"""The seed's start: what `validate` says of it, which ports it takes, what happens to certificates and Secrets."""

import json
import re
import socket

import harness
import manifests
from harness import SEED
from seed import EVERYTHING, FILES, NODE_PORTS, WITHOUT_SECRETS, WITHOUT_SERVICES, Seed

SERVICES_ELSEWHERE = ["--admin", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--readiness", "127.0.0.1:0"]


def from_files(paths):
    return [part for path in paths for part in ("-f", path)]


def findings(text):
    """The finding lines by severity, without the folder the seed lies in."""
    lines = [line.replace(f"{SEED}/", "") for line in text.splitlines()]
    found = {}
    for line in lines:
        match = re.match(r"(\S+:\d+:\d+): (info|warning|error): (.*)", line)
        if match:
            found.setdefault(match[2], []).append(f"{match[1]}: {match[3]}")
    return found


def test_validate_finds_exactly_the_oddities_of_the_seed(stage):
    program = stage.process(["validate", *from_files(EVERYTHING)])
    assert program.exit_code() == 0
    found = findings(program.text())
    assert "error" not in found
    assert found["warning"] == [
        "manifests/secrets/clustersecretstore.yaml:6:3: ClusterSecretStore vault: metadata.namespace: "
        "ClusterSecretStore is cluster-scoped, the namespace is dropped",
        "manifests/secrets/clustersecretstore.yaml:12:7: ClusterSecretStore vault: spec.provider.vault.kind: unknown field",
    ]
    ignored = [line for line in found["info"] if "Application" in line]
    assert len(ignored) == 1 and "ignored" in ignored[0] and "(and 1 more)" in ignored[0]


def test_strict_validation_names_the_unknown_field_at_its_place(stage):
    program = stage.process(["validate", "--strict", *from_files(EVERYTHING)])
    assert program.exit_code() == 1
    assert any(
        line.startswith("manifests/secrets/clustersecretstore.yaml:12:7:") and "spec.provider.vault.kind" in line
        for line in findings(program.text())["error"]
    )


def listening(program):
    return {line["gateway"].split("/")[1]: line["address"] for line in program.json_lines() if line.get("msg") == "listening"
            and not line["address"].startswith("[")}


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def checked_addresses(stage, files):
    """Addresses of `run --check`. A port another program holds is named by the error that says so."""
    program = stage.process(["run", "--check", "--log-format", "json", *from_files(files), *SERVICES_ELSEWHERE])
    code = program.exit_code()
    if code != 0:
        taken = re.findall(r"cannot listen on \S+:(\d+): address in use", program.text())
        assert taken and not any(is_free(int(port)) for port in taken), program.text()
    return listening(program), code


def check_addresses(addresses, code, wanted):
    """All those wanted; or, where another program holds one, those that could be opened."""
    assert addresses == wanted if code == 0 else addresses.items() <= wanted.items()


def test_node_port_services_give_the_gateways_their_ports(stage):
    addresses, code = checked_addresses(stage, FILES)
    wanted = {gateway: f"0.0.0.0:{port}" for gateway, port in NODE_PORTS.items()}
    check_addresses(addresses, code, wanted)


def test_without_services_the_first_gateway_gets_8080_and_the_others_stable_ports(stage):
    first, code = checked_addresses(stage, WITHOUT_SERVICES)
    wanted = {
        "agentgateway-proxy": "127.0.0.1:8080",
        "dgx-spark-gateway": f"127.0.0.1:{stable_port('agentgateway-system/dgx-spark-gateway/80')}",
        "xai-grok-gateway": f"127.0.0.1:{stable_port('agentgateway-system/xai-grok-gateway/80')}",
    }
    check_addresses(first, code, wanted)


def stable_port(key):
    """resources.md 10, rule 5."""
    value = 0xCBF29CE484222325
    for byte in key.encode():
        value = ((value ^ byte) * 0x100000001B3) % 2**64
    return 30000 + value % 2768


def test_a_wrong_certificate_is_refused_with_its_reason(stage):
    seed = Seed(stage, names={"xai": "elsewhere.example"})
    reply = seed.post("xai", "/grok/v1/chat/completions")
    assert reply.status == 502
    error = reply.json()["error"]
    assert (error["type"], error["code"], error["param"]) == ("api_error", "upstream_tls", None)
    assert "certificate" in error["message"] and "api.x.ai" in error["message"]
    assert seed.mocks["xai"].requests() == []
    line = seed.gateway.access_of(reply)
    assert line["gatehouse.outcome"] == "UpstreamFailed" and line["error"].startswith("tls_certificate_error")
    assert seed.post("openai", "/openai/v1/chat/completions").status == 200


def test_a_missing_secret_stops_its_backend_alone_and_heals_when_it_appears(stage):
    keys = stage.folder / "keys"
    keys.mkdir()
    for name in ("openai", "anthropic"):
        stage.write(f"keys/{name}.yaml", (SEED / "plain-secrets" / f"{name}-secret.yaml").read_text())
    seed = Seed(stage, files=[*WITHOUT_SECRETS, keys])
    reply = seed.post("xai", "/grok/v1/chat/completions")
    assert reply.status == 503
    assert reply.json()["error"]["code"] == "credential_missing"
    assert "agentgateway-system/xai-secret" in reply.json()["error"]["message"]
    assert seed.mocks["xai"].requests() == []
    assert seed.post("openai", "/openai/v1/chat/completions").status == 200
    seed.gateway.reloaded(
        lambda: stage.write("keys/xai.yaml", (SEED / "plain-secrets" / "xai-secret.yaml").read_text())
    )
    assert seed.post("xai", "/grok/v1/chat/completions").status == 200


def test_a_malformed_reference_in_a_secret_never_goes_upstream_as_the_key(stage):
    keys = stage.folder / "keys"
    keys.mkdir()
    for name in ("openai", "anthropic", "xai"):
        stage.write(f"keys/{name}.yaml", (SEED / "plain-secrets" / f"{name}-secret.yaml").read_text())
    stage.write("keys/xai.yaml", manifests.to_text({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "xai-secret", "namespace": "agentgateway-system"},
        "stringData": {"Authorization": "${REV_A:-d}"}}))
    seed = Seed(stage, files=[*WITHOUT_SECRETS, keys])
    reply = seed.post("xai", "/grok/v1/chat/completions")
    assert (reply.status, reply.json()["error"]["code"]) == (503, "credential_missing")
    assert "agentgateway-system/xai-secret" in reply.json()["error"]["message"]
    assert seed.mocks["xai"].requests() == []
    findings = json.loads(seed.gateway.get("admin", "/api/resources")[1])["findings"]
    found = [item for item in findings if item["path"] == "stringData.Authorization"]
    assert len(found) == 1 and found[0]["severity"] == "error" and found[0]["line"] > 1
    assert "REV_A" not in json.dumps(findings)
    assert seed.post("openai", "/openai/v1/chat/completions").status == 200


def test_the_seed_s_conditions_are_complete(seed):
    status, text = seed.gateway.get("admin", "/api/resources")
    assert status == 200
    items = {(item["kind"], item["metadata"]["name"]): item for item in json.loads(text)["items"]}

    def true_conditions(conditions):
        return {condition["type"] for condition in conditions if condition["status"] == "True"}

    for name in NODE_PORTS:
        gateway = items["Gateway", name]["status"]
        assert true_conditions(gateway["conditions"]) >= {"Accepted", "Programmed"}
        listener = gateway["listeners"][0]
        assert true_conditions(listener["conditions"]) >= {"Accepted", "Programmed", "ResolvedRefs"}
        assert listener["attachedRoutes"] == (2 if name == "agentgateway-proxy" else 1)
    for name in ("openai", "anthropic", "xai-grok", "dgx-spark-llm"):
        parents = items["HTTPRoute", name]["status"]["parents"]
        assert [true_conditions(parent["conditions"]) for parent in parents] == [{"Accepted", "ResolvedRefs"}]
        assert "Accepted" in true_conditions(items["AgentgatewayBackend", name]["status"]["conditions"])
    ancestors = items["EnterpriseAgentgatewayPolicy", "tracing"]["status"]["ancestors"]
    assert sorted(ancestor["ancestorRef"]["name"] for ancestor in ancestors) == sorted(NODE_PORTS)
    assert all(true_conditions(ancestor["conditions"]) >= {"Accepted", "Attached"} for ancestor in ancestors)


def test_secrets_are_shown_by_the_names_of_their_keys_only(seed):
    _, text = seed.gateway.get("admin", "/api/resources?kind=Secret")
    items = json.loads(text)["items"]
    assert [(item["metadata"]["name"], item["keys"]) for item in items] == [
        (f"{name}-secret", ["Authorization"]) for name in ("anthropic", "openai", "xai")
    ]
    assert "test-key" not in text
