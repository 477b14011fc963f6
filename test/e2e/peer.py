"""A peer that is no HTTP server but a script: it does to a socket what a test says."""

import contextlib
import socket
import threading

import harness


class Peer:
    """Listens on a port of the kernel's choice and runs handle(connection, n) for connection n = 0, 1, ...

    A handler that returns leaves its connection to be closed; what it raises is kept in `errors`.
    """

    def __init__(self, handle):
        self._handle = handle
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = []
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        self.errors = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(harness.PATIENCE)
            self._sockets.append(connection)
            number = self.connections
            self.connections += 1
            threading.Thread(target=self._run, args=(connection, number), daemon=True).start()

    def _run(self, connection, number):
        try:
            self._handle(connection, number)
        except OSError:
            pass  # the other side went first
        except Exception as error:
            self.errors.append(error)
        finally:
            connection.close()

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(harness.PATIENCE)
        for connection in self._sockets:
            connection.close()


def read_head(connection):
    """Head of one request, the length it declares, and what has come of its body; None when the connection ends before."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return None
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return head, length, body


def read_request(connection):
    """Head and body of one request with Content-Length; None when the connection ends before one."""
    begun = read_head(connection)
    if begun is None:
        return None
    head, length, body = begun
    while len(body) < length:
        piece = connection.recv(65536)
        if not piece:
            return None
        body += piece
    return head, body


def until_gone(connection):
    """Reads until the other side has gone, which it may do without having read all: then it is a reset."""
    with contextlib.suppress(ConnectionError):
        while connection.recv(65536):
            pass


def answering(reply, then=None):
    """A handler that answers every request with these bytes, then does `then(connection)` and closes if given."""
    def handle(connection, _):
        while read_request(connection) is not None:
            connection.sendall(reply)
            if then is not None:
                then(connection)
                return
    return handle


def response(body=b"{}", status=b"200 OK", fields=b"Content-Type: application/json\r\n"):
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status, fields, len(body), body)
