"""The hostile half of a soak: upstreams that fail and flood, clients that read slowly and leave."""

import asyncio
import collections
import contextlib
import itertools

BODY = b'{"model":"any","stream":true,"messages":[{"role":"user","content":"hello"}]}'
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENT = b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"word "}}]}\n\n'
PATIENCE = 60  # seconds until a client that waits has found a task that is stuck


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


# What an upstream sends before it closes; None: it keeps silent until the gateway gives up.
FAULTS = {
    "closes": b"",
    "closes in the head": b"HTTP/1.1 200 OK\r\nContent-Ty",
    "sends no HTTP": b"\x16\x03\x01\x00\x05hello",
    "is unavailable": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}",
    "limits": b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\n{}",
    "cuts an event": STREAM + chunk(EVENT) + chunk(EVENT[:40]),
    "cuts a chunk": STREAM + chunk(EVENT) + b"fff\r\n" + EVENT,
    "sends a broken chunk": STREAM + chunk(EVENT) + b"xyz\r\n",
    "sends a huge head": b"HTTP/1.1 200 OK\r\nX-Filler: " + b"a" * 200_000,
    "is silent": None,
}


async def read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(length)


class Peers:
    def __init__(self):
        self.counts = collections.Counter()
        self._faults = itertools.cycle(FAULTS.values())
        self._servers = []

    async def listen(self, answer):
        """Port of a server that lets answer(reader, writer) have each connection."""

        async def serve(reader, writer):
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await answer(reader, writer)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self._servers.append(server)
        return server.sockets[0].getsockname()[1]

    async def fail(self, reader, writer):
        await read_request(reader)
        fault = next(self._faults)
        if fault is None:
            await reader.read()  # until it is given up
        else:
            writer.write(fault)
            await writer.drain()

    async def flood(self, reader, writer):
        await read_request(reader)
        writer.write(STREAM)
        while True:
            writer.write(chunk(EVENT * 50))
            await writer.drain()

    async def _ask(self, port, path):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
        head = f"POST {path}/v1/chat/completions HTTP/1.1\r\nHost: soak\r\nContent-Type: application/json\r\nConnection: close\r\n"
        writer.write(head.encode() + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
        return reader, writer

    async def meet_faults(self, port, ended):
        """One request after the other; each must come to an end."""
        while not ended.is_set():
            reader, writer = await self._ask(port, "/faults")
            answer = await asyncio.wait_for(reader.read(-1), PATIENCE)
            status = answer[9:12].decode(errors="replace")
            self.counts[f"faults answered {status or 'by a close'}"] += 1
            writer.close()

    async def read_slowly(self, port, ended, seconds):
        """Takes a flood drop by drop, then leaves in the middle of it."""
        while not ended.is_set():
            reader, writer = await self._ask(port, "/flood")
            for _ in range(int(seconds * 10)):
                if not await asyncio.wait_for(reader.read(1024), PATIENCE):
                    raise RuntimeError("a slow reader's stream ended by itself")
                await asyncio.sleep(0.1)
            self.counts["slow readers left"] += 1
            writer.transport.abort()
