"""A client of HTTP/2 that does what a test says, step by step, on one connection."""

import socket
import ssl

import h2.config
import h2.connection
import h2.events
from h2.connection import ConnectionState
from h2.settings import SettingCodes, Settings

import harness


class Stream:
    """What has come on one stream."""

    def __init__(self):
        self.headers, self.trailers, self.body = None, None, bytearray()
        self.ended, self.reset = False, None
        self.interim = []

    @property
    def status(self):
        return int(self.headers[":status"])


class Client:
    """Opens windows only when told. What it sends may be wrong: nothing is checked on its way out."""

    def __init__(self, port, host="127.0.0.1", cafile=None, window=None, alpn=("h2", "http/1.1"), name="localhost"):
        self.socket = socket.create_connection((host, port), timeout=harness.PATIENCE)
        if cafile is not None:
            context = ssl.create_default_context(cafile=cafile)
            context.set_alpn_protocols(list(alpn))
            self.socket = context.wrap_socket(self.socket, server_hostname=name)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            header_encoding="utf-8", validate_outbound_headers=False, normalize_outbound_headers=False))
        self.streams, self.goaways, self.closed, self._received = {}, [], False, b""
        self.scheme = "https" if cafile else "http"
        if window is not None:
            self.h2.local_settings = Settings(client=True, initial_values={SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.h2.initiate_connection()
        self.flush()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def start(self, method, path, fields=(), body=None, end=True, pseudo=None):
        """Begins a request; its stream's number."""
        number = self.h2.get_next_available_stream_id()
        self.streams[number] = Stream()
        head = pseudo or [(":method", method), (":scheme", self.scheme), (":authority", "localhost"), (":path", path)]
        self.h2.send_headers(number, [*head, *fields], end_stream=end and body is None)
        if body is not None:
            self.h2.send_data(number, body, end_stream=end)
        self.flush()
        return number

    def data(self, number, body, end=False):
        self.h2.send_data(number, body, end_stream=end)
        self.flush()

    def reset(self, number, code=8):
        self.h2.reset_stream(number, code)
        self.flush()

    def widen(self, number, count):
        """Lets the other side send `count` more on a stream and on the connection."""
        self.h2.increment_flow_control_window(count, number)
        self.h2.increment_flow_control_window(count)
        self.flush()

    def receive(self):
        """Waits for something, once."""
        try:
            received = self.socket.recv(65536)
        except ConnectionError:
            received = b""
        self.closed = not received
        self._received += received
        while (frame := self._frame()) is not None:
            for event in self.h2.receive_data(frame):
                self._see(event)
            if self.h2.state_machine.state == ConnectionState.CLOSED:
                self.h2.state_machine.state = ConnectionState.CLIENT_OPEN  # a GOAWAY is no end: streams go on
        if not self.closed:
            try:
                self.flush()
            except OSError:
                pass  # it has said goodbye

    def _frame(self):
        size = 9 + int.from_bytes(self._received[:3], "big")
        if len(self._received) < size:
            return None
        frame, self._received = self._received[:size], self._received[size:]
        return frame

    def until(self, read, what):
        while not (value := read()):
            assert not self.closed, f"closed before: {what}"
            self.receive()
        return value

    def wait(self, number):
        """The stream, when it is over."""
        self.until(lambda: self.streams[number].ended or self.streams[number].reset is not None, f"stream {number}")
        return self.streams[number]

    def wait_close(self):
        while not self.closed:
            self.receive()

    def request(self, method, path, fields=(), body=None):
        return self.wait(self.start(method, path, fields, body))

    def _see(self, event):
        stream = self.streams.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ResponseReceived):
            stream.headers = dict(event.headers)
        elif isinstance(event, h2.events.InformationalResponseReceived):
            stream.interim.append(dict(event.headers))
        elif isinstance(event, h2.events.TrailersReceived):
            stream.trailers = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            stream.body += event.data
        elif isinstance(event, h2.events.StreamEnded):
            stream.ended = True
        elif isinstance(event, h2.events.StreamReset) and stream is not None:
            stream.reset = int(event.error_code)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaways.append(int(event.error_code))

    def stop(self):
        self.socket.close()
