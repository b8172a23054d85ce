// OpenAI's own library for JavaScript against a server that speaks as OpenAI does.
//
// usage: node openai_client.mjs BASE TOKEN MODEL, with the questions that the double at the other end knows. Prints one line of
// JSON for each case.

import { createRequire } from "node:module";

const require = createRequire(`${process.env.KEYWAY_DOUBLES}/npm/`);
const { OpenAI } = require("openai");

const [base, token, MODEL] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: token, maxRetries: 0 });
const weather = {
  type: "function",
  function: {
    name: "weather",
    description: "The weather of a place.",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};
const ask = (text, more = {}) => ({ model: MODEL, messages: [{ role: "user", content: text }], ...more });
const tell = (name, what) => console.log(JSON.stringify({ case: name, ...what }));
const usage = (of) => [of.prompt_tokens, of.completion_tokens, of.total_tokens];

const { data: whole, response } = await client.chat.completions.create(ask("Say hello")).withResponse();
tell("plain", {
  text: whole.choices[0].message.content,
  finish: whole.choices[0].finish_reason,
  usage: usage(whole.usage),
  model: whole.model,
  heads: ["provider", "model", "key", "payer", "cost"].map((name) => response.headers.get(`x-keyway-${name}`)),
});

let [text, told, chunks] = ["", null, 0];
const streamed = ask("Say hello", { stream: true, stream_options: { include_usage: true } });
for await (const chunk of await client.chat.completions.create(streamed)) {
  chunks += 1;
  text += chunk.choices[0]?.delta?.content ?? "";
  told = chunk.usage ?? told;
}
tell("stream", { text, usage: usage(told), pieces: chunks > 4 });

const last = await client.chat.completions.stream(ask("Say hello")).finalChatCompletion();
tell("stream helper", { text: last.choices[0].message.content, finish: last.choices[0].finish_reason });

const called = await client.chat.completions.create(ask("Weather in Ulm", { tools: [weather] }));
let call = called.choices[0].message.tool_calls[0];
const shown = (from) => ({
  finish: from.choices[0].finish_reason,
  name: call.function.name,
  arguments: JSON.parse(call.function.arguments),
});
tell("tools", shown(called));

const after = await client.chat.completions.create({
  model: MODEL,
  tools: [weather],
  messages: [
    { role: "user", content: "Weather in Ulm" },
    called.choices[0].message,
    { role: "tool", tool_call_id: call.id, content: "12 degrees" },
  ],
});
tell("tools answered", { text: after.choices[0].message.content });

const toolStream = await client.chat.completions.stream(ask("Weather in Ulm", { tools: [weather] })).finalChatCompletion();
call = toolStream.choices[0].message.tool_calls[0];
tell("tools streamed", shown(toolStream));

const vectors = await client.embeddings.create({ model: "openai/text-embedding-3-small", input: ["one thing", "another"] });
const plain = await client.embeddings.create({
  model: "openai/text-embedding-3-small",
  input: "one thing",
  encoding_format: "float",
});
tell("embeddings", {
  count: vectors.data.length,
  same: vectors.data[0].embedding.every((a, at) => Math.abs(a - plain.data[0].embedding[at]) < 1e-6),
  long: plain.data[0].embedding.length > 1,
});

const names = [];
for await (const model of client.models.list()) names.push(model.id);
tell("models", { has: names.includes(MODEL) && names.includes("keyway/low"), one: (await client.models.retrieve(MODEL)).id });

const refused = async (name, act) => {
  try {
    await act();
    tell(name, { error: null });
  } catch (error) {
    tell(name, { error: error.constructor.name, status: error.status, code: error.code, type: error.type });
  }
};
const stranger = new OpenAI({ baseURL: `${base}/v1`, apiKey: "kw_wrong", maxRetries: 0 });
await refused("no token", () => stranger.models.list());
await refused("no model", () => client.chat.completions.create({ ...ask("x"), model: "gpt-of-tomorrow" }));
await refused("wrong", () => client.chat.completions.create(ask("x", { n: 2 })));
await refused("too long", () => client.chat.completions.create(ask("Say too much")));
await refused("no key", () => client.chat.completions.create(ask("Say it without a key")));
