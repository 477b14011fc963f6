// Responses of the OpenAI SDK for npm, at the base URL given; prints what it saw as one JSON line.
import { createRequire } from "node:module";
import { join } from "node:path";

const [baseURL, packages] = process.argv.slice(2);
const { OpenAI } = createRequire(join(packages, "package.json"))("openai");
const client = new OpenAI({ apiKey: "any", baseURL, maxRetries: 0 });
const ask = { model: "m", instructions: "Be brief", input: [{ role: "user", content: "Hello!" }] };

const seen = {};
const whole = await client.responses.create(ask);
seen.text = whole.output_text;
seen.tokens = whole.usage.output_tokens;
const stream = client.responses.stream(ask);
seen.streamed = "";
for await (const event of stream) if (event.type === "response.output_text.delta") seen.streamed += event.delta;
seen.status = [whole.status, (await stream.finalResponse()).status];
console.log(JSON.stringify(seen));
