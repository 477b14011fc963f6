// A server of HTTP/2 that does what a path asks for, and says on its output what it sees, a JSON object a line.
// node h2_upstream.mjs '{"key": FILE, "cert": FILE, "http1": true, "onlyHttp1": true, "settings": {...}, "goawayAfter": N}'
import fs from "node:fs";
import http2 from "node:http2";
import https from "node:https";

const options = JSON.parse(process.argv[2] ?? "{}");
const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const pair = options.key && { key: fs.readFileSync(options.key), cert: fs.readFileSync(options.cert) };
const server = options.onlyHttp1 ? https.createServer({ ...pair, ALPNProtocols: ["http/1.1"] })
  : pair ? http2.createSecureServer({ ...pair, allowHTTP1: Boolean(options.http1), settings: options.settings })
  : http2.createServer({ settings: options.settings });

const chunk = (text) => `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", model: "m", created: 1,
  choices: [{ index: 0, delta: { content: text }, finish_reason: null }] })}\n\n`;
const last = `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", model: "m", created: 1,
  choices: [{ index: 0, delta: {}, finish_reason: "stop" }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } })}\n\n`;
const waiting = [];  // streams that are let go by /release

let sessions = 0;
server.on("session", (session) => {
  const number = sessions++;
  session.served = 0;
  say({ event: "session", number });
  session.on("close", () => say({ event: "session closed", number }));
  session.on("error", (error) => say({ event: "session error", number, error: String(error) }));
});
server.on("sessionError", (error) => say({ event: "session error", error: String(error) }));
if (pair) {  // a listener of requests sends trailers of its own for every stream
  server.on("request", (request, response) => { if (request.httpVersionMajor === 1) { http1(request, response); } });
}
server.on("stream", (stream, headers) => {
  const session = stream.session;
  let size = 0;
  stream.on("aborted", () => say({ event: "aborted", path: headers[":path"], code: stream.rstCode }));
  stream.on("error", () => {});
  stream.on("trailers", (trailers) => { stream.seenTrailers = trailers; });
  stream.on("data", (data) => {
    size += data.length;
    if (headers[":path"] === "/echo") { stream.write(data); }
  });
  say({ event: "stream", id: stream.id, path: headers[":path"], headers });
  if (options.goawayAfter && ++session.served === options.goawayAfter) { session.close(); }
  act(stream, headers, () => size);
});

function act(stream, headers, size) {
  const path = headers[":path"];
  const json = { ":status": 200, "content-type": "application/json" };
  const events = { ":status": 200, "content-type": "text/event-stream" };
  if (path === "/echo") {
    stream.respond({ ":status": 200 });
    stream.on("end", () => stream.end());
  } else if (path === "/grpc") {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0",
      "x-saw": JSON.stringify(stream.seenTrailers?.["x-sum"] ?? null) }));
    stream.on("end", () => stream.end(`${size()}`));
  } else if (path === "/grpc-error") {
    stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "5" }, { endStream: true });
  } else if (path === "/hold") {
    stream.respond({ ":status": 200 });
    stream.write("begin");
    waiting.push(stream);
  } else if (path === "/release") {
    for (const held of waiting.splice(0)) { held.end("end"); }
    stream.respond({ ":status": 200 });
    stream.end("released");
  } else if (path === "/refuse") {
    stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
  } else if (path === "/reset") {
    stream.respond({ ":status": 200 });
    stream.write("begin", () => stream.destroy(new Error("as asked for")));
  } else if (path === "/fail") {
    stream.on("end", () => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR));
    stream.resume();
  } else if (path === "/large") {
    stream.respond({ ":status": 200 });
    stream.end(Buffer.alloc(3 << 20, "x"));
  } else if (path.startsWith("/v1/chat")) {
    let body = "";
    stream.on("data", (data) => { body += data; });
    stream.on("end", () => {
      if (!JSON.parse(body).stream) {
        stream.respond(json);
        stream.end(JSON.stringify({ id: "c", object: "chat.completion", model: "m", created: 1,
          choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
          usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } }));
        return;
      }
      stream.respond(events);
      stream.write(chunk("Hel"));
      stream.write(chunk("lo"));
      stream.end(last + "data: [DONE]\n\n");
    });
  } else {
    stream.respond(json);
    stream.on("end", () => stream.end(JSON.stringify({ path, size: size(), version: "2" })));
    stream.resume();
  }
}

function http1(request, response) {
  say({ event: "request", path: request.url, version: request.httpVersion });
  request.resume();
  request.on("end", () => response.end(JSON.stringify({ path: request.url, version: request.httpVersion })));
}

server.listen(0, "127.0.0.1", () => say({ event: "listening", port: server.address().port }));
