"""The world around one case: a server for each Service of its manifests, and the gateway that serves them."""

import dataclasses
import http.client
import http.server
import json
import os
import re
import socket
import ssl
import subprocess
import threading
import urllib.parse

import yaml

import harness

# On a Service: how its server answers instead of saying what it saw.
ANSWERS = "conformance/answers"
# On a Service: the letter of the certificate it has TLS with, and the names in that, as openssl writes them.
CERTIFICATE = "conformance/certificate"
NAMES = "conformance/names"
OURS = ("gatehouse", "agentgateway", "enterprise-agentgateway")


def identity(item):
    """"Kind namespace/name", "Kind name" for what has no namespace."""
    meta = item["metadata"]
    alone = item["kind"] in ("GatewayClass", "Namespace")
    return f"{item['kind']} {meta['name']}" if alone else f"{item['kind']} {meta.get('namespace', 'default')}/{meta['name']}"


def annotations(item):
    return item["metadata"].get("annotations", {})


class Backend:
    """One Service: says which it is and what it saw, as JSON; or does what its annotation says."""

    def __init__(self, service, pair):
        self.name = identity(service).split(" ")[1]
        self.seen = []
        answers = annotations(service).get(ANSWERS, "")
        failures = [int(code) for code in answers.split() if code.isdigit()]
        self._release = threading.Event()
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("content-length", 0))
                body = self.rfile.read(length)
                seen = {"backend": backend.name, "method": self.command, "target": self.path,
                        "headers": [[name.lower(), value] for name, value in self.headers.items()],
                        "sni": getattr(self.connection, "asked", None)}
                backend.seen.append(seen)
                if answers == "silent":
                    backend._release.wait(harness.PATIENCE)
                    self.close_connection = True
                    return
                text = json.dumps({**seen, "body": body.decode()}).encode()
                self.send_response(failures.pop(0) if failures else 200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.send_header("x-backend", backend.name)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = answer

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 128

            def handle_error(self, *_):
                pass  # the gateway went first

        self._server = Server(("127.0.0.1", 0), Handler)
        if pair:
            self._server.socket = tls_socket(self._server.socket, *pair)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self):
        self._release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(harness.PATIENCE)


def tls_socket(listener, chain, key):
    """The same with TLS; connections know by what name they were `asked` for."""
    def note(connection, name, _):
        connection.asked = name
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    context.sni_callback = note
    return context.wrap_socket(listener, server_side=True, do_handshake_on_connect=False)


@dataclasses.dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes
    certificate: bytes | None


class World:
    def __init__(self, stage, manifests, host):
        self._stage = stage
        self._backends = {}
        self._host = host
        self._certificates = {}
        self.objects = {identity(item): item for item in manifests}
        self._path = self._write()
        self.gateway = stage.gateway([self._path], extra=["--host", host], env=self._environment(), workers=1)

    def change(self, manifests, removed):
        """Objects take the place of those of the same identity; the gateway serves them when this returns."""
        for name in removed:
            del self.objects[name]
        self.objects |= {identity(item): item for item in manifests}
        self.gateway.reloaded(self._write)

    def status(self, name):
        """Of the object "Kind namespace/name"; None where there is none."""
        for item in self._resources()["items"]:
            if identity(item) == name:
                return item.get("status")
        return None

    def statuses(self):
        """Identity -> status, of all that have one."""
        return {identity(item): item["status"] for item in self._resources()["items"] if item.get("status")}

    def findings(self):
        return self._resources()["findings"]

    def backend(self, name):
        return self._backends[name]

    def ask(self, method, url, gateway=None, headers=(), sni=None, body=None):
        """One request on a connection of its own; the URL's port is the listener's, its host goes into Host."""
        parts = urllib.parse.urlsplit(url)
        secure = parts.scheme == "https"
        address, port = self.address(gateway, parts.port or (443 if secure else 80))
        with socket.create_connection((address, port), timeout=harness.PATIENCE) as plain:
            stream, certificate = plain, None
            if secure:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
                stream = context.wrap_socket(plain, server_hostname=sni or parts.hostname)
                certificate = stream.getpeercert(binary_form=True)
            connection = http.client.HTTPConnection(address, port, timeout=harness.PATIENCE)
            connection.sock = stream
            target = url.split("://", 1)[1]
            target = target[len(parts.netloc):] or "/"
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            named = [name.lower() for name, _ in headers]
            if "host" not in named:
                connection.putheader("Host", parts.hostname)
            for name, value in headers:
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            reply = Reply(response.status, response.headers, response.read(), certificate)
            connection.close()
            return reply

    def address(self, gateway, port):
        """Where a listener port of a Gateway, or of its ListenerSets, listens: its status says it."""
        gateways = [name for name, item in self.objects.items()
                    if item["kind"] == "Gateway" and item["spec"]["gatewayClassName"] in OURS]
        name = f"Gateway {gateway}" if gateway else gateways[0]
        assert gateway or len(gateways) == 1, "the request must say which Gateway"
        for owner in [name, *self._listener_sets(name)]:
            found = self._programmed_at(owner, port)
            if found:
                return found
        raise AssertionError(f"{name} listens nowhere for port {port}: {json.dumps(self.status(name), indent=1)}")

    def certificate(self, name):
        """A new certificate and its key, PEM, for every name."""
        return tuple(file.read_text() for file in self._pair(name))

    def _pair(self, name):
        if name not in self._certificates:
            key, chain = self._stage.folder / f"{name}.key", self._stage.folder / f"{name}.crt"
            names = [notes[NAMES] for notes in map(annotations, self.objects.values()) if notes.get(CERTIFICATE) == name]
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-days", "2", "-subj", f"/CN={name}", *(["-addext", f"subjectAltName={names[0]}"] if names else []),
                 "-keyout", key, "-out", chain],
                check=True, capture_output=True,
            )
            self._certificates[name] = chain, key
        return self._certificates[name]

    def _listener_sets(self, gateway):
        kind, name = gateway.split(" ")
        for owner, item in self.objects.items():
            if item["kind"] == "ListenerSet":
                ref = item["spec"]["parentRef"]
                space = ref.get("namespace", item["metadata"].get("namespace", "default"))
                if f"{kind} {name}" == f"Gateway {space}/{ref['name']}":
                    yield owner

    def _programmed_at(self, owner, port):
        status = self.status(owner) or {}
        ports = {item["name"]: item.get("port") for item in self.objects[owner]["spec"]["listeners"]}
        for listener in status.get("listeners", []):
            for condition in listener["conditions"]:
                found = re.search(r"listening on ([\d.]+):(\d+)", condition["message"])
                if condition["type"] == "Programmed" and ports[listener["name"]] == port and found:
                    return found[1], int(found[2])
        return None

    def _resources(self):
        return json.loads(self.gateway.get("admin", "/api/resources")[1])

    def _environment(self):
        """The manifests say ${CERTIFICATE_A} and ${KEY_A}: what differs every time is no part of a case."""
        names = re.findall(r"\$\{CERTIFICATE_(\w+)\}", self._path.read_text())
        pairs = {name: self.certificate(name) for name in names}
        return {**{f"CERTIFICATE_{name}": pair[0] for name, pair in pairs.items()},
                **{f"KEY_{name}": pair[1] for name, pair in pairs.items()}}

    def _write(self):
        slices = [self._slice(item) for item in self.objects.values() if self._needs_slice(item)]
        text = "\n---\n".join(json.dumps(self._filled(item)) for item in [*self.objects.values(), *slices])
        return self._stage.write("config/manifests.yaml", text + "\n")

    def _filled(self, item):
        """Certificates in ConfigMaps; those in Secrets come by the environment."""
        if item["kind"] != "ConfigMap":
            return item
        def certificate(match):
            return self.certificate(match[1])[0]
        return {**item, "data": {key: re.sub(r"\$\{CERTIFICATE_(\w+)\}", certificate, text) for key, text in item["data"].items()}}

    def _needs_slice(self, item):
        if item["kind"] != "Service" or item["spec"].get("type") == "ExternalName":
            return False
        own = {"kubernetes.io/service-name": item["metadata"]["name"]}
        space = item["metadata"].get("namespace", "default")
        return not any(
            other["kind"] == "EndpointSlice" and other["metadata"].get("namespace", "default") == space
            and own.items() <= other["metadata"].get("labels", {}).items() for other in self.objects.values())

    def _slice(self, service):
        """The server of a Service as its only ready endpoint, as a cluster would say it."""
        name = identity(service).split(" ")[1]
        if name not in self._backends:
            letter = annotations(service).get(CERTIFICATE)
            self._backends[name] = self._stage.keep(Backend(service, self._pair(letter) if letter else None))
        meta = service["metadata"]
        ports = [{"name": entry.get("name", ""), "port": self._backends[name].port} for entry in service["spec"]["ports"]]
        return {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": f"{meta['name']}-made", "namespace": meta.get("namespace", "default"),
                         "labels": {"kubernetes.io/service-name": meta["name"]}},
            "ports": ports, "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": True}}],
        }


def read(path, host):
    """The documents of a file, with ${HOST} as an address that the case has to itself."""
    return [item for item in yaml.safe_load_all(path.read_text().replace("${HOST}", host)) if item]
