"""What an HTTP/2 server does about octets it receives: takes them, ends the stream, or ends the connection (RFC 9113 section 5.4)."""

from h2_raw import ACK, NO_ERROR, PING, Frame, Wire
from smuggling import Witness, gateway_before

LIVES = 9001  # a stream that nothing else uses, to see whether the connection goes on


class Holding(Witness):
    """Never answers a request for /held."""

    def reply(self, request):
        return b"" if b"/held" in request.line else super().reply(request)


def holding_gateway(stage):
    return gateway_before(stage, Holding())


class Fine:
    """The connection goes on; `also(wire)` holds."""

    def __init__(self, also=None):
        self._also = also

    def check(self, wire):
        wire.sync()
        if self._also is not None:
            self._also(wire)
        wire.lives(LIVES)


class StreamError:
    """Stream 1 ends with one of the codes, or its request is answered with 400 first (section 8.1.1); the connection goes on."""

    def __init__(self, *codes, stream=1, answered=False):
        self._codes, self._stream, self._answered = codes, stream, answered

    def check(self, wire):
        reply = wire.over(self._stream)
        if self._answered and reply.status is not None:
            assert reply.status == 400
        else:
            assert reply.reset in self._codes, (reply.reset, reply.status)
        wire.lives(LIVES)


class ConnectionError:
    """A GOAWAY with one of the codes, then the end."""

    def __init__(self, *codes):
        self._codes = codes

    def check(self, wire):
        assert wire.ended() in self._codes, wire.goaways


class Either:
    """An error that ends the stream or, as an endpoint may choose, the connection."""

    def __init__(self, *codes, stream=1):
        self._codes, self._stream = codes, stream

    def check(self, wire):
        wire.until(lambda: wire.closed or wire.goaways or wire.reply(self._stream).reset is not None, "an error")
        if wire.goaways:
            assert wire.ended() in self._codes
        else:
            assert wire.reply(self._stream).reset in self._codes
            wire.lives(LIVES)


class Dropped:
    """It is ignored, or the connection ends with one of the codes, as an endpoint may choose."""

    def __init__(self, *codes):
        self._codes = codes

    def check(self, wire):
        wire.frame(PING, 0, 0, b"received")
        wire.until(lambda: wire.goaways or Frame(PING, ACK, 0, b"received") in wire.frames, "an answer")
        if wire.goaways:
            assert wire.ended() in self._codes
        else:
            wire.lives(LIVES)


class Gone:
    """The connection ends, with a GOAWAY or without."""

    def check(self, wire):
        while not wire.closed:
            wire.receive()
        assert all(code != NO_ERROR for code, _ in wire.goaways)


def meets(stage, gateway, data, expected, settings=b""):
    wire = stage.keep(Wire(gateway.port("edge"), settings=settings))
    wire.send(data)
    expected.check(wire)
    others_are_unharmed(stage, gateway)


def others_are_unharmed(stage, gateway):
    stage.keep(Wire(gateway.port("edge"))).lives(1)
