"""Requests that two readers could take for two different things: each is refused, or goes on as one request that everybody reads alike.

What is asserted is what the upstream received, octet by octet, and that each client gets the answer to what it asked.
"""

import pytest

from harness import raw_exchange
from smuggling import Witness, gateway_before, replies, witnessed

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: gateway.b\r\n\r\n"
assert len(SMUGGLED) == 43  # the length that probes lie about
BEHIND = b"GET /behind HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n"
HIDDEN = b"%x\r\n%s\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)  # in a chunk
EMPTY = b"0\r\n\r\n" + SMUGGLED
CHUNKED = b"Transfer-Encoding: chunked"
SIZED = b"Content-Length: %d" % len(SMUGGLED)


def head(*lines, method=b"POST", target=b"/probe", version=b"HTTP/1.1", host=b"Host: gateway"):
    return b"\r\n".join([b"%s %s %s" % (method, target, version), *([host] if host else []), *lines, b"", b""])


def coded(value, *more):
    """One who knows this coding reads a chunk; one who does not, by the length."""
    return head(b"Transfer-Encoding:" + value, *more) + EMPTY


def sized(value):
    return head(b"Content-Length:" + value) + SMUGGLED


def chunks(body):
    return head(CHUNKED) + body + SMUGGLED


@pytest.fixture(scope="module")
def edge(shared_stage):
    return gateway_before(shared_stage, Witness())


@pytest.fixture(scope="module")
def edge_of_the_cut(shared_stage):
    return gateway_before(shared_stage, Witness())


def lengths_and_codings():
    yield "CL.TE", head(b"Content-Length: 6", CHUNKED) + b"0\r\n\r\nG"
    yield "TE.CL", head(CHUNKED, b"Content-Length: 4") + HIDDEN
    yield "CL.TE with a length of nothing", head(b"Content-Length: 0", CHUNKED) + HIDDEN
    yield "TE.CL on a GET", head(CHUNKED, b"Content-Length: 4", method=b"GET") + HIDDEN
    yield "CL.TE in lower case", head(b"content-length: 5", b"transfer-encoding: chunked") + EMPTY
    yield "CL.TE where the coding is folded", head(b"Content-Length: 5", b"Transfer-Encoding:\r\n\tchunked") + EMPTY
    yield "CL.TE where the coding is unknown", head(b"Content-Length: 5", b"Transfer-Encoding: x") + EMPTY
    yield "CL.TE where the coding is identity", head(SIZED, b"Transfer-Encoding: identity") + SMUGGLED
    yield "TE.CL where Connection names the coding", head(b"Connection: transfer-encoding", CHUNKED, b"Content-Length: 4") + HIDDEN
    yield "CL.TE where Connection names the length", head(b"Connection: content-length", b"Content-Length: 5", CHUNKED) + EMPTY
    for name, value in {
        "a list that ends in identity": b" chunked, identity", "a list that begins with identity": b" identity, chunked",
        "identity alone": b" identity", "chunked twice": b" chunked, chunked", "chunked before gzip": b" chunked, gzip",
        "gzip before chunked": b" gzip, chunked", "gzip alone": b" gzip", "a letter before": b" xchunked", "a letter behind": b" chunkedx",
        "quotes": b' "chunked"', "single quotes": b" 'chunked'", "a parameter": b" chunked;q=1", "an empty parameter": b" chunked;",
        "a comma behind": b" chunked,", "a comma before": b" ,chunked", "a vertical tab before": b" \x0bchunked",
        "a vertical tab behind": b" chunked\x0b", "a form feed": b"\x0cchunked", "a space behind": b" chunked ", "a tab behind": b" chunked\t",
        "NUL behind": b" chunked\0", "nothing": b"", "only a comma": b" ,", "an accent": b" chunk\xc3\xa9d", "a no-break space": b" \xa0chunked",
        "an octet of 8 bits behind": b" chunked\xff",
        "a bare CR before": b"\rchunked", "a bare LF before": b"\n chunked", "a fold before": b"\r\n chunked", "a fold behind": b" chunked\r\n ",
        "a space within": b" chun ked", "a comment": b" (a) chunked",
    }.items():
        yield f"TE.TE with {name}", coded(value)
    for name, line in {
        "the same again": CHUNKED, "identity": b"Transfer-Encoding: identity", "another case": b"transfer-ENCODING: x",
        "a space before the colon": b"Transfer-Encoding : chunked", "nothing": b"Transfer-Encoding:",
    }.items():
        yield f"TE.TE with a second line of {name}", head(CHUNKED, line) + EMPTY
        yield f"TE.TE with a first line of {name}", head(line, CHUNKED) + EMPTY
    for name, value in {
        "a list of equals": b" 43, 43", "a list without spaces": b" 43,43", "a list of unequals": b" 0, 43", "plus": b" +43", "minus": b" -43",
        "minus nothing": b" -0", "hexadecimal": b" 0x2b", "letters": b" 2b", "a space within": b" 4 3", "a point": b" 43.0",
        "an exponent": b" 43e0", "an underscore": b" 4_3", "a semicolon": b" 43;", "a comma behind": b" 43,", "quotes": b' "43"',
        "digits of another script": " ٤٣".encode(), "nothing": b"", "spaces": b"   ", "2 to the 63rd": b" 9223372036854775808",
        "2 to the 64th": b" 18446744073709551616", "2 to the 64th and 43": b" 18446744073709551659", "a hundred nines": b" " + b"9" * 100,
        "a vertical tab": b" \x0b43", "NUL": b" 43\0", "a bare CR": b" 43\r", "a fold": b"\r\n 43", "a fold behind": b" 4\r\n 3",
        "a bare LF": b" 4\n3",
    }.items():
        yield f"CL with {name}", sized(value)
    yield "two CL that agree", head(SIZED, SIZED) + SMUGGLED
    yield "two CL that do not", head(b"Content-Length: 0", SIZED) + SMUGGLED
    yield "two CL, one in another case", head(b"content-length: 0", SIZED) + SMUGGLED
    yield "CL and an empty one", head(SIZED, b"Content-Length:") + SMUGGLED
    yield "a coding in HTTP/1.0", head(CHUNKED, version=b"HTTP/1.0") + HIDDEN
    yield "a coding and a kept connection in HTTP/1.0", head(b"Connection: keep-alive", CHUNKED, version=b"HTTP/1.0") + HIDDEN


def lines_and_names():
    for name, line in {
        "space before the colon": b"Content-Length : 43", "tab before the colon": b"Content-Length\t: 43", "space in a name": b"Content Length: 43",
        "space before a name": b"X: 1\r\n Content-Length: 43", "no colon": b"Content-Length 43", "no name": b": 43",
        "NUL in a name": b"Content\0-Length: 43",
        "8 bits in a name": b"Cont\xe9nt-Length: 43", "8 bits before a name": b"\xffContent-Length: 43", "quotes in a name": b'"Content-Length": 43',
        "semicolon in a name": b"Content-Length;: 43", "parenthesis in a name": b"Content-Length(: 43", "slash in a name": b"Content/Length: 43",
        "DEL in a name": b"Content-Length\x7f: 43", "vertical tab in a name": b"\x0bContent-Length: 43",
        "bare LF before a field": b"X: 1\nContent-Length: 43", "bare CR before a field": b"X: 1\rContent-Length: 43",
        "two CR before LF": b"X: 1\r\r\nContent-Length: 43", "LF before CR": b"X: 1\n\rContent-Length: 43",
        "bare LF that ends the head": b"X: 1\n\n" + SMUGGLED,
        "bare CR that ends the head": b"X: 1\r\r" + SMUGGLED, "NUL in a value": b"X: \0\r\nContent-Length: 43", "bell in a value": b"X: \a",
        "escape in a value": b"X: \x1b[0m", "DEL in a value": b"X: \x7f", "vertical tab in a value": b"X: a\x0bb", "a fold": b"X: 1\r\n 2",
        "a fold of nothing": b"X: 1\r\n \r\nContent-Length: 43", "a fold that hides a field": b"X: 1\r\n\tContent-Length: 43",
    }.items():
        yield name, head(line) + SMUGGLED
    yield "fold before the first field", head(b"X: 1", host=b" Host: gateway") + SMUGGLED
    yield "the head ends in LF CR LF", head()[:-2] + b"\n\r\n" + SMUGGLED
    yield "the head ends in CR LF LF", head()[:-2] + b"\n" + SMUGGLED
    yield "LF alone in the start line", b"GET /probe HTTP/1.1\nHost: gateway\r\n\r\n" + SMUGGLED
    yield "CR alone in the start line", b"GET /probe HTTP/1.1\rHost: gateway\r\n\r\n" + SMUGGLED
    yield "two empty lines before", b"\r\n\r\n" + head()
    yield "LF before", b"\n" + head()
    yield "space before", b" " + head()
    yield "NUL before", b"\0" + head()


def hosts_and_targets():
    yield "no Host", head(host=None)
    yield "two Hosts that agree", head(b"Host: gateway")
    yield "two Hosts that do not", head(b"Host: other")
    yield "two Hosts, one of 8 bits", head(b"Host: \xff")
    yield "absolute target, no Host", head(target=b"http://gateway/probe", host=None)
    yield "absolute target, two Hosts", head(b"Host: other", target=b"http://other/probe")
    for name, value in {
        "a list": b"gateway, other", "user": b"me@gateway", "user and password": b"me:secret@gateway", "a path": b"gateway/x",
        "a query": b"gateway?x",
        "a fragment": b"gateway#x", "a space": b"gateway other", "a tab": b"gateway\tother", "two ports": b"gateway:80:81",
        "letters for a port": b"gateway:x",
        "a port too large": b"gateway:65536", "a signed port": b"gateway:+80", "only a port": b":80", "a bracket": b"[::1",
        "no address in brackets": b"[gateway]",
        "something behind the bracket": b"[::1]x", "a scheme": b"http://gateway", "an escape": b"gate%77ay",
        "a backslash": b"gateway\\other", "8 bits": b"gatew\xe4y",
    }.items():
        yield f"Host with {name}", head(host=b"Host: " + value)
    for name, target in {
        "user": b"http://me@gateway/probe", "user of another host": b"http://gateway@other/probe", "no host": b"http:///probe",
        "one slash": b"http:/gateway/probe",
        "another scheme": b"ftp://gateway/probe", "no slash": b"probe", "a query alone": b"?probe", "a fragment": b"/probe#x", "a space": b"/pro be",
        "a space and a version": b"/probe HTTP/1.1", "a tab": b"/pro\tbe", "a vertical tab": b"/pro\x0bbe", "NUL": b"/pro\0be", "DEL": b"/pro\x7fbe",
        "CR": b"/pro\rbe", "LF": b"/pro\nbe", "8 bits": b"/prob\xe9", "an escaped NUL": b"/pro%00be", "half an escape": b"/probe%2",
        "no escape": b"/probe%zz",
        "a backslash": b"/\\probe", "an asterisk": b"*", "an authority": b"gateway:80", "a fragment of nothing": b"/probe#",
        "a fragment in a query": b"/probe?x#y", "an escape in the host": b"http://gate%77ay/probe",
        "a backslash in the host": b"http://gateway\\other/probe",
    }.items():
        yield f"target with {name}", head(target=target) + SMUGGLED
    yield "no target", b"GET HTTP/1.1\r\nHost: gateway\r\n\r\n"
    yield "an empty target", b"GET  HTTP/1.1\r\nHost: gateway\r\n\r\n"
    yield "a tab for a space", b"GET\t/probe\tHTTP/1.1\r\nHost: gateway\r\n\r\n"
    yield "a space behind the version", b"GET /probe HTTP/1.1 \r\nHost: gateway\r\n\r\n"
    yield "HTTP/0.9", b"GET /probe\r\n"
    yield "HTTP/0.9 with fields", b"GET /probe\r\nHost: gateway\r\n\r\n"
    for name, version in {
        "in lower case": b"http/1.1", "of two digits": b"HTTP/1.10", "with a leading zero": b"HTTP/01.1", "with a letter behind": b"HTTP/1.1x",
        "with a space": b"HTTP /1.1", "of another name": b"HTTQ/1.1", "without a minor": b"HTTP/1", "with a comma": b"HTTP/1,1",
        "in roman": b"HTTP/I.I",
    }.items():
        yield f"version {name}", head(version=version)
    yield "a method with a colon", head(method=b"GET:")
    yield "a method of 8 bits", head(method=b"G\xc9T")
    yield "a method with NUL", head(method=b"GE\0T")
    yield "no method", b" /probe HTTP/1.1\r\nHost: gateway\r\n\r\n"


CHUNKS = {
    "a size of no digits": b"\r\nabc\r\n0\r\n\r\n", "a size that is no number": b"zz\r\nabc\r\n0\r\n\r\n",
    "a size with a prefix": b"0x3\r\nabc\r\n0\r\n\r\n",
    "a size with plus": b"+3\r\nabc\r\n0\r\n\r\n", "a size with minus": b"-3\r\nabc\r\n0\r\n\r\n", "a space before a size": b" 3\r\nabc\r\n0\r\n\r\n",
    "a space in a size": b"3 0\r\nabc\r\n0\r\n\r\n", "an underscore in a size": b"0_3\r\nabc\r\n0\r\n\r\n",
    "a size of 2 to the 64th": b"10000000000000003\r\nabc\r\n0\r\n\r\n",
    "a size of 2 to the 63rd": b"8000000000000000\r\nabc\r\n0\r\n\r\n", "a size of all ones": b"ffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "NUL in a size": b"3\0\r\nabc\r\n0\r\n\r\n",
    "a vertical tab behind a size": b"3\x0b\r\nabc\r\n0\r\n\r\n", "8 bits in a size": b"\xb3\r\nabc\r\n0\r\n\r\n",
    "LF behind a size": b"3\nabc\r\n0\r\n\r\n",
    "CR behind a size": b"3\rabc\r\n0\r\n\r\n", "two CR behind a size": b"3\r\r\nabc\r\n0\r\n\r\n", "LF behind the last size": b"0\n\r\n",
    "LF behind the data": b"3\r\nabc\n0\r\n\r\n", "CR behind the data": b"3\r\nabc\r0\r\n\r\n", "nothing behind the data": b"3\r\nabc0\r\n\r\n",
    "more data than its size": b"3\r\nabcd\r\n0\r\n\r\n", "less data than its size": b"5\r\nabc\r\n0\r\n\r\n",
    "an empty line before a size": b"3\r\nabc\r\n\r\n0\r\n\r\n",
    "LF in an extension": b"3;a\nb\r\nabc\r\n0\r\n\r\n", "CR in an extension": b"3;a\rb\r\nabc\r\n0\r\n\r\n",
    "LF in a quoted extension": b'3;a="\n"\r\nabc\r\n0\r\n\r\n',
    "NUL in an extension": b"3;a\0\r\nabc\r\n0\r\n\r\n", "an extension of 100 KB": b"3;" + b"a" * 100_000 + b"\r\nabc\r\n0\r\n\r\n",
    "an extension of 100 KB at the end": b"0;" + b"a" * 100_000 + b"\r\n\r\n",
    "a trailer without a colon": b"0\r\nno colon\r\n\r\n", "a trailer that is a request": b"0\r\nGET /smuggled HTTP/1.1\r\n\r\n",
    "LF in a trailer": b"0\r\nA: 1\nB: 2\r\n\r\n",
    "CR in a trailer": b"0\r\nA: 1\rB: 2\r\n\r\n", "NUL in a trailer": b"0\r\nA: \0\r\n\r\n", "a fold in a trailer": b"0\r\nA: 1\r\n 2\r\n\r\n",
    "a fold first in a trailer": b"0\r\n A: 1\r\n\r\n", "a space before a trailer's colon": b"0\r\nA : 1\r\n\r\n",
    "a trailer that ends in LF": b"0\r\nA: 1\n\r\n",
    "a trailer that says a length": b"3\r\nabc\r\n0\r\nContent-Length: 43\r\n\r\n",
    "a trailer that says a coding": b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a trailer without a name": b"0\r\n: 1\r\n\r\n", "trailers without an end": b"0\r\n" + b"A: 1\r\n" * 30_000,
    "the end without its last CRLF": b"0\r\n",
    "the end in LF": b"0\r\n\n", "the end in CR": b"0\r\n\r",
}

REFUSED = {
    **{name: (400, data) for part in (lengths_and_codings, lines_and_names, hosts_and_targets) for name, data in part()},
    **{f"method {method.decode()}": (501, head(method=method) + SMUGGLED) for method in (b"get", b"Post", b"BREW", b"PRI")},
    **{f"version {version.decode()}": (505, head(version=version) + SMUGGLED) for version in (b"HTTP/0.9", b"HTTP/2.0", b"HTTP/3.0")},
    "the preface of HTTP/2 behind a request's head": (505, b"PRI * HTTP/2.0\r\n\r\n" + SMUGGLED),
}


def passing():
    """(octets sent, method and target received, body, fields received, those that must not be). A body is what it is."""
    post, get = b"POST /probe", b"GET /probe"
    yield "CL.0", head(SIZED, method=b"GET") + SMUGGLED, get, SMUGGLED, {}, ()
    yield "CL.0 of DELETE", head(SIZED, method=b"DELETE") + SMUGGLED, b"DELETE /probe", SMUGGLED, {}, ()
    yield "CL.0 of OPTIONS", head(SIZED, method=b"OPTIONS") + SMUGGLED, b"OPTIONS /probe", SMUGGLED, {}, ()
    yield "TE.0", head(CHUNKED, method=b"GET") + HIDDEN, get, SMUGGLED, {}, ()
    yield "TE.0 of OPTIONS", head(CHUNKED, method=b"OPTIONS") + HIDDEN, b"OPTIONS /probe", SMUGGLED, {}, ()
    yield "a request in a body", head(SIZED) + SMUGGLED, post, SMUGGLED, {b"content-length": [b"%d" % len(SMUGGLED)]}, ()
    yield "a request in a chunk", head(CHUNKED) + HIDDEN, post, SMUGGLED, {}, ()
    yield "no length", head(), post, b"", {}, ()
    yield "length of nothing", head(b"Content-Length: 0"), post, b"", {}, ()
    yield "length with zeros before", head(b"Content-Length: 00%d" % len(SMUGGLED)) + SMUGGLED, post, SMUGGLED, {}, ()
    yield "length with spaces around", head(b"Content-Length:  \t%d \t" % len(SMUGGLED)) + SMUGGLED, post, SMUGGLED, {}, ()
    yield "coding in another case", head(b"tRANSFER-eNCODING: cHUNKED") + HIDDEN, post, SMUGGLED, {}, ()
    yield "coding behind a tab", head(b"Transfer-Encoding:\tchunked") + HIDDEN, post, SMUGGLED, {}, ()
    yield "coding without a space", head(b"Transfer-Encoding:chunked") + HIDDEN, post, SMUGGLED, {}, ()
    yield "coding with an underscore", head(b"Transfer_Encoding: chunked", SIZED) + SMUGGLED, post, SMUGGLED, {}, ()
    yield "length with an underscore", head(b"Content_Length: 0", SIZED) + SMUGGLED, post, SMUGGLED, {}, ()
    yield "an extension", head(CHUNKED) + b"3;a=b\r\nabc\r\n0;c\r\n\r\n", post, b"abc", {}, ()
    yield "a quoted extension", head(CHUNKED) + b'3;a="b;\\"c"\r\nabc\r\n0\r\n\r\n', post, b"abc", {}, ()
    yield "a quoted extension with what looks like a chunk", head(CHUNKED) + b'3;a="0"\r\nabc\r\n0\r\n\r\n', post, b"abc", {}, ()
    yield "sizes with zeros before", head(CHUNKED) + b"0003\r\nabc\r\n000\r\n\r\n", post, b"abc", {}, ()
    yield "a size in upper case", head(CHUNKED) + b"A\r\n0123456789\r\n0\r\n\r\n", post, b"0123456789", {}, ()
    for name in (b"Host: other", b"Authorization: x", b"Cookie: x", b"Connection: close", b"Expect: 100-continue"):
        trailer = head(CHUNKED, b"Trailer: x") + b"3\r\nabc\r\n0\r\n" + name + b"\r\n\r\n"
        field = name.split(b":")[0].lower()
        yield f"a trailer {field.decode()}", trailer, post, b"abc", {b"host": [None]}, {field} - {b"host"}
    for name in (b"content-length", b"content-length, x", b"Content-Length,close"):
        close = b"close" in name
        data = head(b"Connection: " + name, SIZED) + SMUGGLED
        yield f"Connection that names {name.decode()}", data, post, SMUGGLED, {}, (b"connection", *([b"-closed"] if close else []))
    yield "Connection that names transfer-encoding", head(b"Connection: transfer-encoding", CHUNKED) + HIDDEN, post, SMUGGLED, {}, ()
    yield "Connection that names host", head(b"Connection: host"), post, b"", {b"host": [None]}, ()
    yield "Connection that names a field", head(b"Connection: X-Mine, keep-alive", b"X-Mine: 1"), post, b"", {}, (b"x-mine",)
    yield "Connection in two lines", head(b"Connection: x-mine", b"Connection: x-other", b"X-Mine: 1",
                                          b"X-Other: 2"), post, b"", {}, (b"x-mine", b"x-other")
    yield "Connection of commas", head(b"Connection: , ,,x-mine,", b"X-Mine: 1"), post, b"", {}, (b"x-mine",)
    yield "Connection that names itself", head(b"Connection: connection, x-mine", b"X-Mine: 1"), post, b"", {}, (b"x-mine",)
    yield "Proxy-Connection and Keep-Alive", head(b"Proxy-Connection: keep-alive", b"Keep-Alive: 5"), post, b"", {}, ()
    yield "TE that asks for chunks", head(b"TE: chunked, trailers", SIZED) + SMUGGLED, post, SMUGGLED, {}, ()
    yield "Expect and the body at once", head(b"Expect: 100-continue", SIZED) + SMUGGLED, post, SMUGGLED, {}, ()
    yield "Expect without a body", head(b"Expect: 100-continue", method=b"GET"), get, b"", {}, ()
    yield "Expect and a length of nothing", head(b"Expect: 100-continue", b"Content-Length: 0"), post, b"", {}, ()
    yield "Expect in chunks", head(b"Expect: 100-continue", CHUNKED) + HIDDEN, post, SMUGGLED, {}, ()
    yield "method override", head(b"X-HTTP-Method-Override: GET", b"X-Method-Override: DELETE", SIZED) + SMUGGLED, post, SMUGGLED, {}, ()
    yield "one empty line before", b"\r\n" + head(), post, b"", {}, ()
    yield "absolute target of another host", head(target=b"http://other:81/probe?x"), b"POST /probe?x", b"", {b"host": [None]}, ()
    yield "absolute target of https", head(target=b"https://gateway/probe"), post, b"", {}, ()
    yield "absolute target without a path", head(target=b"http://gateway?x"), b"POST /?x", b"", {}, ()
    yield "absolute target beside an empty Host", head(target=b"http://other/probe", host=b"Host:"), post, b"", {}, ()
    yield "escaped CRLF", head(target=b"/probe%0d%0aX:%201?%0d%0a%00"), b"POST /probe%0d%0aX:%201?%0d%0a%00", b"", {}, ()
    yield "escaped slash and dots", head(target=b"/probe%2f..%2F%2e%2e/"), b"POST /probe%2f..%2F%2e%2e/", b"", {}, ()
    yield "8 bits in a value", head(b"X-A: \xe9\xff"), post, b"", {b"x-a": [b"\xe9\xff"]}, ()
    yield "tab in a value", head(b"X-A: a\tb"), post, b"", {b"x-a": [b"a\tb"]}, ()
    yield "colons in a value", head(b"X-A: Content-Length: 5"), post, b"", {b"x-a": [b"Content-Length: 5"]}, ()
    yield "a name of rare characters", head(b"!#$%&'*+.^_`|~: 1"), post, b"", {b"!#$%&'*+.^_`|~": [b"1"]}, ()
    yield "Via and Forwarded", head(b"Via: 1.1 x", b"Forwarded: for=1.2.3.4", b"X-Forwarded-Host: other"), post, b"", {}, (b"forwarded",
                                                                                                                           b"x-forwarded-host")


PASSING = {name: expected for name, *expected in passing()}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_and_nothing_of_it_goes_on(edge, name):
    status, data = REFUSED[name]
    received = raw_exchange(edge.port("edge"), data + BEHIND)
    assert [reply[0] for reply in replies(received)] == [status]
    assert witnessed(edge) == ([], [])


@pytest.mark.parametrize("name", CHUNKS)
def test_a_bad_chunk_ends_the_request_and_nothing_behind_it_is_one(edge_of_the_cut, name):
    received = raw_exchange(edge_of_the_cut.port("edge"), chunks(CHUNKS[name]) + BEHIND)
    assert [reply[0] for reply in replies(received)] in ([400], [431], [413]), received
    requests, rests = witnessed(edge_of_the_cut)
    assert requests == [], "it was ended for the upstream"
    assert all(b"smuggled" not in rest and b"behind" not in rest for rest in rests)


@pytest.mark.parametrize("name", PASSING)
def test_it_goes_on_as_one_request(edge, name):
    data, asked, body, fields, absent = PASSING[name]
    closed = b"-closed" in absent
    received = raw_exchange(edge.port("edge"), data + BEHIND)
    assert replies(received) == [(200, asked), *([] if closed else [(200, b"GET /behind")])]
    requests, rests = witnessed(edge)
    assert rests == [] and len(requests) == (1 if closed else 2)
    request = requests[0]
    assert (request.line, request.body) == (asked + b" HTTP/1.1", body)
    host = b"127.0.0.1:%d" % edge.peer.port
    for each, values in fields.items():
        assert request.values(each) == [host if value is None else value for value in values]
    assert not {each for each, _ in request.fields} & set(absent)


UPGRADES = {
    "h2c": head(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAoAAA", method=b"GET"),
    "h2c that Connection does not name": head(b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAoAAA", method=b"GET"),
    "h2c with a body": head(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAoAAA", SIZED) + SMUGGLED,
    "h2c in a list": head(b"Connection: upgrade", b"Upgrade: websocket, h2c", method=b"GET"),
    "TLS/1.0": head(b"Connection: upgrade", b"Upgrade: TLS/1.0", method=b"OPTIONS"),
    "something": head(b"Connection: upgrade", b"Upgrade: something/2", method=b"GET"),
    "a websocket of no version": head(b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 777",
                                      b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", method=b"GET"),
    "a websocket without a key": head(b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", method=b"GET"),
    "a websocket with a body": head(b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13",
                                    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", SIZED) + SMUGGLED,
    "a websocket that is refused": head(b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13",
                                        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", method=b"GET"),
}


@pytest.mark.parametrize("name", UPGRADES)
def test_nothing_is_tunnelled_that_has_not_been_switched(edge, name):
    """The upstream switches to nothing: what is behind the request is another one to everybody."""
    received = raw_exchange(edge.port("edge"), UPGRADES[name] + BEHIND)
    seen = replies(received)
    assert seen[0][0] in (200, 400, 426, 501) and seen[1:] in ([(200, b"GET /behind")], [])
    requests, rests = witnessed(edge)
    lines = [request.line.split()[1] for request in requests]
    assert rests == [] and lines in ([b"/probe", b"/behind"], [b"/probe"], [b"/behind"], [])
    assert (b"/behind" in lines) == (len(seen) == 2) and (b"/probe" in lines) == (seen[0][0] == 200)
    assert all(request.values(b"upgrade") in ([], [b"websocket"]) for request in requests)
