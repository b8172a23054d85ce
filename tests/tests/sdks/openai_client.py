"""OpenAI's own library for Python against a server that speaks as OpenAI does.

usage: openai_client.py BASE TOKEN MODEL, with the questions that the double at the other end knows. Prints one line of JSON for
each case.
"""

import json
import sys

import openai
from pydantic import BaseModel

base, token, MODEL = sys.argv[1:]
client = openai.OpenAI(base_url=base + "/v1", api_key=token, max_retries=0)
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a place.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


class Rank(BaseModel):
    urgency: int
    reason: str


def ask(text: str, **more) -> dict:
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], **more}


def tell(case: str, **what) -> None:
    print(json.dumps({"case": case, **what}), flush=True)


def usage(of) -> list:
    return [of.prompt_tokens, of.completion_tokens, of.total_tokens]


raw = client.chat.completions.with_raw_response.create(**ask("Say hello"))
whole = raw.parse()
tell(
    "plain",
    text=whole.choices[0].message.content,
    finish=whole.choices[0].finish_reason,
    usage=usage(whole.usage),
    model=whole.model,
    heads=[raw.headers.get("x-keyway-" + name) for name in ("provider", "model", "key", "payer", "cost")],
)

text, told, chunks = "", None, 0
for chunk in client.chat.completions.create(**ask("Say hello", stream=True, stream_options={"include_usage": True})):
    chunks += 1
    for choice in chunk.choices:
        text += choice.delta.content or ""
    told = chunk.usage or told
tell("stream", text=text, usage=usage(told), pieces=chunks > 4)

with client.chat.completions.stream(**ask("Say hello")) as stream:
    last = stream.get_final_completion()
tell("stream helper", text=last.choices[0].message.content, finish=last.choices[0].finish_reason)

called = client.chat.completions.create(**ask("Weather in Ulm", tools=[WEATHER]))
call = called.choices[0].message.tool_calls[0]
tell("tools", finish=called.choices[0].finish_reason, name=call.function.name, arguments=json.loads(call.function.arguments))

after = client.chat.completions.create(
    model=MODEL,
    tools=[WEATHER],
    messages=[
        {"role": "user", "content": "Weather in Ulm"},
        called.choices[0].message,
        {"role": "tool", "tool_call_id": call.id, "content": "12 degrees"},
    ],
)
tell("tools answered", text=after.choices[0].message.content)

with client.chat.completions.stream(**ask("Weather in Ulm", tools=[WEATHER])) as stream:
    last = stream.get_final_completion()
call = last.choices[0].message.tool_calls[0]
tell("tools streamed", finish=last.choices[0].finish_reason, name=call.function.name, arguments=json.loads(call.function.arguments))

ranked = client.chat.completions.parse(**ask("How urgent is a fire?", response_format=Rank))
tell("structured", value=ranked.choices[0].message.parsed.model_dump())

vectors = client.embeddings.create(model="openai/text-embedding-3-small", input=["one thing", "another"])
plain = client.embeddings.create(model="openai/text-embedding-3-small", input="one thing", encoding_format="float")
tell(
    "embeddings",
    count=len(vectors.data),
    same=all(abs(a - b) < 1e-6 for a, b in zip(vectors.data[0].embedding, plain.data[0].embedding)),
    long=len(plain.data[0].embedding) > 1,
)

names = [model.id for model in client.models.list()]
tell("models", has=MODEL in names and "keyway/low" in names, one=client.models.retrieve(MODEL).id)

chosen = client.chat.completions.with_raw_response.create(**{**ask("Say hello"), "model": "keyway/low"})
tell("chosen", model=chosen.headers["x-keyway-model"], why=chosen.headers["x-keyway-why"])


def refused(case: str, act) -> None:
    try:
        act()
        tell(case, error=None)
    except openai.APIStatusError as error:
        tell(case, error=type(error).__name__, status=error.status_code, code=error.code, type=error.type)
    except openai.APIError as error:
        tell(case, error=type(error).__name__, code=error.code, type=error.type)


refused("no token", lambda: openai.OpenAI(base_url=base + "/v1", api_key="kw_wrong", max_retries=0).models.list())
refused("no model", lambda: client.chat.completions.create(**{**ask("x"), "model": "gpt-of-tomorrow"}))
refused("wrong", lambda: client.chat.completions.create(**ask("x", n=2)))
refused("too long", lambda: client.chat.completions.create(**ask("Say too much")))
refused("no key", lambda: client.chat.completions.create(**ask("Say it without a key")))
