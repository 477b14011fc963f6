"""Real proxies, on ports that were free a moment ago: they cannot be given one of the kernel's choice."""

import shutil
import socket

import harness


def free_address():
    with socket.socket() as probe:
        probe.bind((harness.quiet_host(), 0))
        return "%s:%d" % probe.getsockname()


def _listening(process, address):
    def connects():
        try:
            socket.create_connection(address.rsplit(":", 1), timeout=1).close()
            return True
        except OSError:
            return False
    process.wait_for(connects, f"{address} is listened on")
    process.address = address
    return process


def haproxy(stage, server, bind=""):
    """A haproxy that forwards connections to `server` ("127.0.0.1:80 send-proxy"); `bind` is what its own end speaks."""
    address = free_address()
    file = stage.write("haproxy.cfg", f"""
defaults
  mode tcp
  timeout connect 10s
  timeout client 60s
  timeout server 60s
frontend front
  bind {address} {bind}
  default_backend back
backend back
  server one {server}
""")
    return _listening(stage.process(["-db", "-f", file], binary=shutil.which("haproxy")), address)


def tinyproxy(stage, *lines):
    """A tinyproxy, which takes CONNECT."""
    address = free_address()
    host, port = address.split(":")
    file = stage.write("tinyproxy.conf", "\n".join([
        f"Port {port}", f"Listen {host}", "Timeout 60", "LogLevel Connect", *lines]) + "\n")
    return _listening(stage.process(["-d", "-c", file], binary=shutil.which("tinyproxy")), address)
