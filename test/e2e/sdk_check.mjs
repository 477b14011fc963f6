// What a user of the OpenAI SDK for npm does, against the base URL given; prints what it saw as one JSON line.
import { createRequire } from "node:module";
import { join } from "node:path";

const [base, packages] = process.argv.slice(2);
const { OpenAI } = createRequire(join(packages, "package.json"))("openai");
const client = new OpenAI({ apiKey: "not-needed-proxy", baseURL: `${base}/v1`, maxRetries: 0 });
const messages = [{ role: "user", content: "Hello!" }];
const say = (content) => [{ role: "user", content }];

async function text(stream) {
  let all = "";
  for await (const chunk of stream) all += chunk.choices[0]?.delta?.content ?? "";
  return all;
}

async function failure(attempt) {
  try {
    await attempt();
  } catch (error) {
    return error;
  }
  throw new Error("should have failed");
}

const seen = {};
seen.chat = (await client.chat.completions.create({ model: "m", messages })).choices[0].message.content;
seen.stream = await text(await client.chat.completions.create({ model: "m", messages, stream: true }));
const counted = { model: "m", messages, stream: true, stream_options: { include_usage: true } };
for await (const chunk of await client.chat.completions.create(counted)) seen.usage = chunk.usage?.total_tokens ?? seen.usage;
const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object", properties: {} } } }];
seen.tool = (await client.chat.completions.create({ model: "m", messages, tools })).choices[0].message.tool_calls[0].function.name;
seen.models = (await client.models.list()).data.map((model) => model.id);
const broken = { model: "m", messages: say("cut me off"), stream: true };
seen.broken = (await failure(async () => text(await client.chat.completions.create(broken)))).constructor.name;
const limited = await failure(() => client.chat.completions.create({ model: "m", messages: say("too fast") }));
seen.limited = [limited.constructor.name, limited.status, limited.code];
const elsewhere = client.withOptions({ baseURL: base.replace(/\/openai$/, "/nowhere") });
const nowhere = await failure(() => elsewhere.chat.completions.create({ model: "m", messages }));
seen.nowhere = [nowhere.constructor.name, nowhere.status, nowhere.code];
console.log(JSON.stringify(seen));
