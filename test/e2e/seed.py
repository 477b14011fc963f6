"""The seed as it stands in examples/seed, with mocks in the place of the four model servers."""

import harness
from harness import SEED

KEYS = {"openai": "test-key-openai", "xai": "test-key-xai", "anthropic": "test-key-anthropic"}
TLS_HOSTS = {"openai": "api.openai.com", "xai": "api.x.ai", "anthropic": "api.anthropic.com"}
SPARK = "172.16.10.173:8000"
GATEWAYS = {"openai": "agentgateway-proxy", "anthropic": "agentgateway-proxy", "xai": "xai-grok-gateway",
            "spark": "dgx-spark-gateway"}
NODE_PORTS = {"agentgateway-proxy": 30160, "dgx-spark-gateway": 31944, "xai-grok-gateway": 31500}

EVERYTHING = [SEED / "manifests", SEED / "implied", SEED / "standalone-only"]
WITHOUT_SECRETS = [SEED / "manifests", *(SEED / "implied" / part for part in ("backends", "gateways", "routes", "services")),
                   SEED / "standalone-only"]
FILES = [*WITHOUT_SECRETS, SEED / "plain-secrets"]
WITHOUT_SERVICES = [SEED / "manifests", *(SEED / "implied" / part for part in ("backends", "gateways", "routes")),
                    SEED / "standalone-only", SEED / "plain-secrets"]


class Seed:
    """The gateway of the seed and what stands behind it: mocks `openai`, `xai`, `anthropic`, `spark`."""

    def __init__(self, stage, files=None, scripts=None, names=None):
        """`scripts` gives a mock its rules; `names` another name for its certificate than its host's."""
        scripts, names = scripts or {}, names or {}
        self.mocks = {
            name: stage.mock(tls_names=names.get(name, host), script=scripts.get(name))
            for name, host in TLS_HOSTS.items()
        }
        self.mocks["spark"] = stage.mock(script=scripts.get("spark"))
        roots = stage.write("roots.pem", "".join(self.mocks[name].ca.read_text() for name in TLS_HOSTS))
        resolve = [f"{host}:443:{self.mocks[name].address}" for name, host in TLS_HOSTS.items()]
        resolve.append(f"{SPARK}:{self.mocks['spark'].address}")
        self.gateway = stage.gateway(
            files or FILES, binds=NODE_PORTS, resolve=resolve, env={"SSL_CERT_FILE": str(roots)}
        )

    def port(self, backend):
        return self.gateway.port(GATEWAYS[backend])

    def post(self, backend, path, body=harness.CHAT, headers=None, method="POST"):
        return harness.post(self.port(backend), path, body, headers, method=method)


def fields(entry, name):
    """All values of a field in a mock's record."""
    return [value for key, value in entry["fields"] if key.lower() == name]
