"""Certificates made by openssl, as an operator would make them, and the objects that carry them."""

import itertools
import subprocess

import manifests

EC = ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
RSA = ("rsa:2048",)
_numbers = itertools.count()


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Pair:
    """A chain and its key, as files."""

    def __init__(self, chain, key):
        self.chain, self.key = chain, key

    def secret(self, name="cert", namespace=manifests.NAMESPACE):
        return {
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace},
            "type": "kubernetes.io/tls",
            "stringData": {"tls.crt": self.chain.read_text(), "tls.key": self.key.read_text()},
        }


class Authority:
    """Issues certificates. With `above` it is an intermediate one."""

    def __init__(self, folder, name, above=None):
        self._folder = folder / f"authority{next(_numbers)}"
        self._folder.mkdir()
        self.pem, self._key = self._folder / "ca.pem", self._folder / "ca.key"
        self._above = above
        if above is None:
            _openssl("req", "-x509", "-newkey", *EC, "-nodes", "-days", 2, "-subj", f"/CN={name}",
                     "-keyout", self._key, "-out", self.pem)
        else:
            made = above.issue(name, extensions=["basicConstraints=critical,CA:TRUE"])
            self.pem, self._key = made.chain, made.key

    def issue(self, name, *sans, days=2, key=EC, extensions=()):
        """For the subject CN=name. A negative number of days makes one that has expired."""
        number = next(_numbers)
        chain, secret, request = (self._folder / f"{number}.{kind}" for kind in ("pem", "key", "csr"))
        lines = list(extensions) + ([f"subjectAltName={','.join(sans)}"] if sans else [])
        extra = self._folder / f"{number}.ext"
        extra.write_text("\n".join(lines) + "\n")
        _openssl("req", "-new", "-newkey", *key, "-nodes", "-subj", f"/CN={name}", "-keyout", secret, "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self.pem, "-CAkey", self._key, "-CAcreateserial", "-days", days,
                 "-extfile", extra, "-out", chain)
        return Pair(chain, secret)

    def config_map(self, name="ca", namespace=manifests.NAMESPACE):
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace},
                "data": {"ca.crt": self.pem.read_text()}}


def https(name="https", port=443, hostname=None, secrets=("cert",)):
    """An HTTPS listener that shows the certificates of these Secrets."""
    listener = {"name": name, "protocol": "HTTPS", "port": port,
                "tls": {"certificateRefs": [{"name": secret} for secret in secrets]}}
    return listener | ({"hostname": hostname} if hostname else {})
