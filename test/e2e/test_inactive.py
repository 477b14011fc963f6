"""What is accepted and has no effect yet is said where a user looks: validate, the log of the start, status."""

import json

import manifests

MODERATED = {
    "provider": {"openai": {"model": "m", "moderation": {"model": "x", "policy": {"input": {"mode": "Block"}}}}},
}
NOT_ACTIVE = "accepted but not active yet"


def thing(version, kind, name, spec):
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": manifests.NAMESPACE}, "spec": spec}


def secured_gateway():
    edge = manifests.gateway()
    edge["spec"]["tls"] = {
        "backend": {"clientCertificateRef": {"name": "nope"}},
        "frontend": {"default": {"validation": {
            "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "ca"}], "mode": "AllowInsecureFallback",
        }}},
    }
    return edge


def everything():
    target = [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "edge"}]
    return manifests.to_text(
        secured_gateway(), manifests.route("all", "moderated"),
        thing("agentgateway.dev/v1alpha1", "AgentgatewayBackend", "moderated", {"ai": MODERATED}),
        thing("agentgateway.dev/v1alpha1", "AgentgatewayModel", "gpt", {"parentRefs": [{"name": "edge"}], "provider": "OpenAI"}),
        thing("agentgateway.dev/v1alpha1", "AgentgatewayParameters", "proxy", {"logging": {"level": "debug"}}),
        thing("agentgateway.dev/v1alpha1", "AgentgatewayPolicy", "locked", {
            "targetRefs": target, "strategy": {"inheritance": "Override"}, "traffic": {"csrf": {}},
        }),
    )


# Field of an object, severity.
SAID = [
    ("AgentgatewayBackend default/moderated: spec.ai.provider.openai.moderation", "warning"),
    ("AgentgatewayModel default/gpt: spec", "warning"),
    ("AgentgatewayParameters default/proxy: spec", "info"),
    ("AgentgatewayPolicy default/locked: spec.strategy.inheritance", "info"),
    ("AgentgatewayPolicy default/locked: spec.traffic.csrf", "warning"),
]


def test_validate_says_what_is_not_active(stage):
    program = stage.process(["validate", "-f", stage.write("c.yaml", everything())])
    program.exit_code()
    for field, severity in SAID:
        lines = [line for line in program.stdout if line.endswith(f": {severity}: {field}: {NOT_ACTIVE}")]
        assert len(lines) == 1, f"{field}\n{program.text()}"
    missing = "error: Gateway default/edge: spec.tls.backend.clientCertificateRef.name: Secret default/nope not found"
    assert any(missing in line for line in program.stdout), program.text()


def test_the_log_of_the_start_warns_of_guards_that_are_not_active(stage):
    gateway = stage.gateway([stage.write("c.yaml", everything())], binds=["edge"])
    logged = [line["text"] for line in gateway.json_lines() if line.get("msg") == "finding"]
    for field, severity in SAID:
        said = [text for text in logged if text.endswith(f"{severity}: {field}: {NOT_ACTIVE}")]
        assert len(said) == (severity == "warning"), field


def status_of(gateway, kind, name):
    listed = json.loads(gateway.get("admin", f"/api/resources?kind={kind}&namespace=default&name={name}")[1])
    return listed["items"][0]["status"]


def condition(holder, kind):
    return next(item for item in holder["conditions"] if item["type"] == kind)


def test_status_says_what_is_not_active(stage):
    gateway = stage.gateway([stage.write("c.yaml", everything())], binds=["edge"])
    for kind, name, field in (
        ("AgentgatewayBackend", "moderated", "spec.ai.provider.openai.moderation"), ("AgentgatewayModel", "gpt", "spec"),
        ("AgentgatewayParameters", "proxy", "spec"),
    ):
        accepted = condition(status_of(gateway, kind, name), "Accepted")
        assert accepted["status"] == "True" and f"{field} is {NOT_ACTIVE}" in accepted["message"], accepted
    policy = condition(status_of(gateway, "AgentgatewayPolicy", "locked")["ancestors"][0], "Accepted")
    assert (policy["status"], policy["reason"]) == ("True", "PartiallyValid")
    assert f"spec.traffic.csrf is {NOT_ACTIVE}" in policy["message"]


def test_a_gateway_says_which_of_its_references_does_not_resolve(stage):
    path = stage.write("c.yaml", everything())
    gateway = stage.gateway([path], binds=["edge"])
    status = status_of(gateway, "Gateway", "edge")
    resolved = condition(status, "ResolvedRefs")
    assert (resolved["status"], resolved["reason"]) == ("False", "InvalidClientCertificateRef")
    assert "Secret default/nope" in resolved["message"]
    insecure = condition(status, "InsecureFrontendValidationMode")
    assert (insecure["status"], insecure["reason"]) == ("True", "ConfigurationChanged")
    plain = manifests.to_text(manifests.gateway(), manifests.route("all", "echo"), manifests.static("echo", 9))
    gateway.reloaded(lambda: stage.write("c.yaml", plain))
    status = status_of(gateway, "Gateway", "edge")
    assert condition(status, "ResolvedRefs")["status"] == "True"
    assert all(item["type"] != "InsecureFrontendValidationMode" for item in status["conditions"])


def test_a_listener_that_knows_no_authority_for_its_clients_is_not_served(stage):
    edge = secured_gateway()
    edge["spec"]["listeners"].append({
        "name": "tls", "protocol": "HTTPS", "port": 443, "tls": {"certificateRefs": [{"name": "cert"}]},
    })
    path = stage.write("c.yaml", manifests.to_text(edge, manifests.route("all", "echo"), manifests.static("echo", 9)))
    gateway = stage.gateway([path], binds=["edge/http"])
    tls = next(item for item in status_of(gateway, "Gateway", "edge")["listeners"] if item["name"] == "tls")
    assert condition(tls, "Accepted")["reason"] == "NoValidCACertificate"
    assert condition(tls, "ResolvedRefs")["reason"] == "InvalidCACertificateRef"
    program = stage.process(["validate", "-f", path])
    assert program.exit_code() == 1
    said = "spec.tls.frontend.default.validation.caCertificateRefs[0].name: ConfigMap default/ca with key ca.crt not found"
    assert any(said in line for line in program.stdout), program.text()
