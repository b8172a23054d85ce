"""Anthropic's own library for Python against a server that speaks as Anthropic does.

usage: anthropic_client.py BASE TOKEN MODEL, with the questions that the double at the other end knows. Prints one line of JSON
for each case.
"""

import json
import sys

import anthropic

base, token, MODEL = sys.argv[1:]
client = anthropic.Anthropic(base_url=base, api_key=token, max_retries=0)
WEATHER = {
    "name": "weather",
    "description": "The weather of a place.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def ask(text: str, **more) -> dict:
    return {"model": MODEL, "max_tokens": 100, "messages": [{"role": "user", "content": text}], **more}


def tell(case: str, **what) -> None:
    print(json.dumps({"case": case, **what}), flush=True)


raw = client.messages.with_raw_response.create(**ask("Say hello"))
whole = raw.parse()
tell(
    "plain",
    text=whole.content[0].text,
    finish=whole.stop_reason,
    usage=[whole.usage.input_tokens, whole.usage.output_tokens],
    model=whole.model,
    heads=[raw.headers.get("x-keyway-" + name) for name in ("provider", "model", "key", "payer", "cost")],
)

with client.messages.stream(**ask("Say hello")) as stream:
    text = "".join(stream.text_stream)
    last = stream.get_final_message()
tell("stream", text=text, finish=last.stop_reason, usage=[last.usage.input_tokens, last.usage.output_tokens])

kinds = [event.type for event in client.messages.create(**ask("Say hello", stream=True))]
tell("events", first=kinds[0], last=kinds[-2:], blocks=kinds.count("content_block_start") == kinds.count("content_block_stop") == 1)

called = client.messages.create(**ask("Weather in Ulm", tools=[WEATHER]))
call = next(block for block in called.content if block.type == "tool_use")
tell("tools", finish=called.stop_reason, name=call.name, arguments=call.input)

after = client.messages.create(
    model=MODEL,
    max_tokens=100,
    tools=[WEATHER],
    messages=[
        {"role": "user", "content": "Weather in Ulm"},
        {"role": "assistant", "content": called.content},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "12 degrees"}]},
    ],
)
tell("tools answered", text=after.content[0].text)

with client.messages.stream(**ask("Weather in Ulm", tools=[WEATHER])) as stream:
    last = stream.get_final_message()
call = next(block for block in last.content if block.type == "tool_use")
tell("tools streamed", finish=last.stop_reason, name=call.name, arguments=call.input)

schema = {
    "type": "object",
    "properties": {"urgency": {"type": "integer"}, "reason": {"type": "string"}},
    "required": ["urgency", "reason"],
    "additionalProperties": False,
}
ranked = client.messages.create(
    **ask("How urgent is a fire?", extra_body={"output_config": {"format": {"type": "json_schema", "schema": schema}}})
)
tell("structured", value=json.loads(ranked.content[0].text))

names = [model.id for model in client.models.list()]
tell("models", has=MODEL in names and "keyway/low" in names, one=client.models.retrieve(MODEL).id)


def refused(case: str, act) -> None:
    try:
        act()
        tell(case, error=None)
    except anthropic.APIStatusError as error:
        kind = error.body.get("error", {}).get("type") if isinstance(error.body, dict) else None
        tell(case, error=type(error).__name__, status=error.status_code, type=kind)


refused("no token", lambda: anthropic.Anthropic(base_url=base, api_key="kw_wrong", max_retries=0).messages.create(**ask("x")))
refused("no model", lambda: client.messages.create(**{**ask("x"), "model": "claude-of-tomorrow"}))
refused("wrong", lambda: client.messages.create(**ask("x", extra_body={"container": "x"})))
refused("too long", lambda: client.messages.create(**ask("Say too much")))
refused("no key", lambda: client.messages.create(**ask("Say it without a key")))
