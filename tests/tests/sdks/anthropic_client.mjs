// Anthropic's own library for JavaScript against a server that speaks as Anthropic does.
//
// usage: node anthropic_client.mjs BASE TOKEN MODEL, with the questions that the double at the other end knows. Prints one line
// of JSON for each case.

import { createRequire } from "node:module";

const require = createRequire(`${process.env.KEYWAY_DOUBLES}/npm/`);
const { Anthropic } = require("@anthropic-ai/sdk");

const [base, token, MODEL] = process.argv.slice(2);
const client = new Anthropic({ baseURL: base, apiKey: token, maxRetries: 0 });
const weather = {
  name: "weather",
  description: "The weather of a place.",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const ask = (text, more = {}) => ({ model: MODEL, max_tokens: 100, messages: [{ role: "user", content: text }], ...more });
const tell = (name, what) => console.log(JSON.stringify({ case: name, ...what }));
const usage = (of) => [of.input_tokens, of.output_tokens];
const used = (message) => message.content.find((block) => block.type === "tool_use");

const { data: whole, response } = await client.messages.create(ask("Say hello")).withResponse();
tell("plain", {
  text: whole.content[0].text,
  finish: whole.stop_reason,
  usage: usage(whole.usage),
  model: whole.model,
  heads: ["provider", "model", "key", "payer", "cost"].map((name) => response.headers.get(`x-keyway-${name}`)),
});

const stream = client.messages.stream(ask("Say hello"));
let text = "";
stream.on("text", (piece) => (text += piece));
const last = await stream.finalMessage();
tell("stream", { text, finish: last.stop_reason, usage: usage(last.usage) });

const kinds = [];
for await (const event of await client.messages.create(ask("Say hello", { stream: true }))) kinds.push(event.type);
const count = (kind) => kinds.filter((other) => other === kind).length;
tell("events", {
  first: kinds[0],
  last: kinds.slice(-2),
  blocks: count("content_block_start") === 1 && count("content_block_stop") === 1,
});

const called = await client.messages.create(ask("Weather in Ulm", { tools: [weather] }));
const shown = (message) => ({ finish: message.stop_reason, name: used(message).name, arguments: used(message).input });
tell("tools", shown(called));

const after = await client.messages.create({
  model: MODEL,
  max_tokens: 100,
  tools: [weather],
  messages: [
    { role: "user", content: "Weather in Ulm" },
    { role: "assistant", content: called.content },
    { role: "user", content: [{ type: "tool_result", tool_use_id: used(called).id, content: "12 degrees" }] },
  ],
});
tell("tools answered", { text: after.content[0].text });
tell("tools streamed", shown(await client.messages.stream(ask("Weather in Ulm", { tools: [weather] })).finalMessage()));

const names = [];
for await (const model of client.models.list()) names.push(model.id);
tell("models", { has: names.includes(MODEL) && names.includes("keyway/low"), one: (await client.models.retrieve(MODEL)).id });

const refused = async (name, act) => {
  try {
    await act();
    tell(name, { error: null });
  } catch (error) {
    tell(name, { error: error.constructor.name, status: error.status, type: error.error?.error?.type });
  }
};
const stranger = new Anthropic({ baseURL: base, apiKey: "kw_wrong", maxRetries: 0 });
await refused("no token", () => stranger.messages.create(ask("x")));
await refused("no model", () => client.messages.create({ ...ask("x"), model: "claude-of-tomorrow" }));
await refused("wrong", () => client.messages.create(ask("x", { container: "x" })));
await refused("too long", () => client.messages.create(ask("Say too much")));
await refused("no key", () => client.messages.create(ask("Say it without a key")));
