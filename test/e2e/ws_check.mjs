// A WebSocket server or client of the package ws. `serve` echoes on a port it prints; `talk URL` sends to such a server and
// prints what it saw as one JSON line.
import { createRequire } from "node:module";
import { join } from "node:path";

const [does, packages, url] = process.argv.slice(2);
const { WebSocket, WebSocketServer } = createRequire(join(packages, "package.json"))("ws");

function serve() {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: () => "chat.v2" });
  server.on("connection", (socket) => socket.on("message", (data, isBinary) => {
    if (data.toString() === "bye") socket.close(4001, "as you wish");
    else socket.send(data, { binary: isBinary });
  }));
  server.on("listening", () => console.log(server.address().port));
}

function talk() {
  const seen = { messages: [] };
  const socket = new WebSocket(url, ["chat.v1", "chat.v2"]);
  const large = "x".repeat(300000);
  socket.on("open", () => {
    seen.protocol = socket.protocol;
    socket.ping("are you there");
    socket.send("héllo");
    socket.send(Buffer.from([0, 1, 255]));
    socket.send(large);
    socket.send("bye");
  });
  socket.on("pong", (data) => { seen.pong = data.toString(); });
  socket.on("message", (data, isBinary) =>
    seen.messages.push(isBinary ? [...data] : data.length > 1000 ? data.length : data.toString()));
  socket.on("close", (code, reason) => {
    seen.closed = [code, reason.toString()];
    console.log(JSON.stringify(seen));
  });
}

({ serve, talk })[does]();
