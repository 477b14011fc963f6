"""An upstream that speaks TLS and notes what its clients show."""

import ssl

from peer import Peer, read_request, response


class TlsPeer(Peer):
    """Answers every request with 200; `shown` has of each connection the client's common name and whether it was resumed."""

    def __init__(self, pair, clients=None, required=True, keep=True, most=None):
        """`clients` is the file of their authorities; without `keep` a connection ends after its first answer."""
        self.shown = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pair.chain, pair.key)
        if most is not None:
            self._context.maximum_version = most
        if clients is not None:
            self._context.load_verify_locations(clients)
            self._context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
        self._keep = keep
        super().__init__(self._serve)

    def _serve(self, connection, _):
        secure = self._context.wrap_socket(connection, server_side=True)
        subject = dict(field for part in (secure.getpeercert() or {}).get("subject", ()) for field in part)
        noted = False
        while read_request(secure) is not None:
            if not noted:
                self.shown.append((subject.get("commonName"), secure.session_reused))
                noted = True
            secure.sendall(response(b"hello", fields=b"" if self._keep else b"Connection: close\r\n"))
            if not self._keep:
                secure.unwrap()
                return
