"""Authorities and certificates for tests, made by openssl."""

import subprocess


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    """An authority of its own; `pem` is what its clients must trust."""

    def __init__(self, folder, name="ca"):
        self._folder, self._name, self._count = folder, name, 0
        self._key, self._certificate = folder / f"{name}.key", folder / f"{name}.pem"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                 "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE",
                 "-addext", "keyUsage=critical,keyCertSign", "-keyout", self._key, "-out", self._certificate)
        self.pem = self._certificate.read_text()

    def issue(self, *names):
        """Files of a certificate and its key; names as openssl writes them: DNS:web.test, URI:spiffe://a/b."""
        self._count += 1
        stem = self._folder / f"{self._name}-{self._count}"
        key, request, chain, extensions = (stem.with_suffix(f".{end}") for end in ("key", "csr", "crt", "ext"))
        extensions.write_text(f"subjectAltName={','.join(names)}\n")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=leaf",
                 "-keyout", key, "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self._certificate, "-CAkey", self._key, "-CAcreateserial",
                 "-days", "2", "-extfile", extensions, "-out", chain)
        return chain, key
