"""Manifests for tests that need less than the seed: one Gateway named edge, and model servers behind it."""

import json

NAMESPACE = "default"


def to_text(*objects):
    """One file of several documents. JSON is YAML."""
    return "\n---\n".join(json.dumps(item, indent=1) for item in objects) + "\n"


def gateway(name="edge"):
    listener = {"name": "http", "protocol": "HTTP", "port": 80}
    return _object("gateway.networking.k8s.io/v1", "Gateway", name, {
        "gatewayClassName": "gatehouse", "listeners": [listener],
    })


def route(name, backend, prefix="/", timeouts=None, gateway="edge"):
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": prefix}}],
        "backendRefs": [{"name": backend, "group": "agentgateway.dev", "kind": "AgentgatewayBackend"}],
    }
    if timeouts:
        rule["timeouts"] = timeouts
    return _object("gateway.networking.k8s.io/v1", "HTTPRoute", name, {
        "parentRefs": [{"name": gateway}], "rules": [rule],
    })


def openai(name, port, model=None, secret=None, tls=None, host="127.0.0.1"):
    """A backend that speaks the OpenAI API."""
    kind = {"openai": {"model": model} if model else {}}
    return _backend(name, {"ai": {"provider": {**kind, "host": host, "port": port}}}, secret, tls)


def anthropic(name, port, secret=None, tls=None, host="127.0.0.1"):
    return _backend(name, {"ai": {"provider": {"anthropic": {}, "host": host, "port": port}}}, secret, tls)


def static(name, port, host="127.0.0.1"):
    """A backend that is no model: requests pass as they came."""
    return _backend(name, {"static": {"host": host, "port": port}}, None, None)


def secret(name, key):
    return {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": NAMESPACE},
        "stringData": {"Authorization": key},
    }


def one_model(port, model="served-model", **options):
    """Gateway edge with everything going to one OpenAI-speaking server."""
    return to_text(gateway(), route("all", "model", timeouts=options.pop("timeouts", None)),
                   openai("model", port, model, **options))


def _backend(name, spec, secret, tls):
    policies = {}
    if secret:
        policies["auth"] = {"secretRef": {"name": secret}}
    if tls:
        policies["tls"] = tls
    if policies:
        spec["policies"] = policies
    return _object("agentgateway.dev/v1alpha1", "AgentgatewayBackend", name, spec)


def _object(version, kind, name, spec):
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}
