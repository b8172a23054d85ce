"""What a program does with a client that others' generator makes of the description: a token, a workflow, a run, its output."""

import json
import os
import time
from http import HTTPStatus

from keyway_api import AuthenticatedClient
from keyway_api.api.runs import get_runs_by_run
from keyway_api.api.tokens import post_tokens
from keyway_api.api.workflows import post_workflows, post_workflows_by_name_runs
from keyway_api.models import (
    PostTokensBody,
    PostTokensBodyScopeType0,
    PostTokensResponse201,
    PostWorkflowsBody,
    PostWorkflowsByNameRunsBody,
    PostWorkflowsByNameRunsBodyInputsType0,
    PostWorkflowsByNameRunsResponse201,
    PostWorkflowsResponse201,
    Refusal,
    Run,
)

TEXT = """name: typed
inputs: { who: string }
steps: { a: { set: { text: "hello {{ inputs.who }}" } } }
output: "{{ steps.a.text }}"
"""


def signed_in(token: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=os.environ["KEYWAY_URL"], token=token, raise_on_unexpected_status=True)


admin = signed_in(os.environ["KEYWAY_TOKEN"])
made = post_tokens.sync(client=admin, body=PostTokensBody(name="typed", scope=PostTokensBodyScopeType0.EDIT))
assert isinstance(made, PostTokensResponse201), made

client = signed_in(made.token)
deployed = post_workflows.sync(client=client, body=PostWorkflowsBody(text=TEXT))
assert isinstance(deployed, PostWorkflowsResponse201), deployed
assert deployed.version == 1 and deployed.enabled, deployed

inputs = PostWorkflowsByNameRunsBodyInputsType0()
inputs["who"] = "you"
wish = PostWorkflowsByNameRunsBody(inputs=inputs)
begun = post_workflows_by_name_runs.sync(deployed.workflow, client=client, body=wish, idempotency_key="once")
again = post_workflows_by_name_runs.sync(deployed.workflow, client=client, body=wish, idempotency_key="once")
assert isinstance(begun, PostWorkflowsByNameRunsResponse201), begun
assert isinstance(again, PostWorkflowsByNameRunsResponse201), again
assert begun.run == again.run, "the same key stands for the same run"

end = time.monotonic() + 20
while True:
    run = get_runs_by_run.sync(begun.run, client=client)
    assert isinstance(run, Run), run
    if run.status == "succeeded":
        break
    assert time.monotonic() < end, run
    time.sleep(0.05)
step = run.steps["a"]

refused = post_tokens.sync_detailed(client=client, body=PostTokensBody(name="more"))
assert refused.status_code == HTTPStatus.FORBIDDEN, refused
assert isinstance(refused.parsed, Refusal), refused
print(json.dumps({"output": run.output, "step": step.state, "refused": refused.parsed.code}))
