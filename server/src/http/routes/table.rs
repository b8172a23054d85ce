//! All routes, by their addresses.

use ai::gateway::Shape;

use super::super::shapes::*;
use super::super::{
    account, audit, connecting, connections, connectors, gateway, health, hooks, issuers, keys, live,
    members, openapi, runs, schedules, secrets, session, signals, tokens, usage, webhooks, workflows,
};
use super::{Handler, Policy, Route, Takes};
use crate::role::Role;
use crate::token::Scope;

/// The usual size of a body.
const BODY: Takes = Takes::Json { most: 1 << 20 };

/// The size of a call from outside.
const CALL: Takes = Takes::Bytes { most: hooks::MOST };

/// The size of a question with pictures; providers take as much.
const QUESTION: Takes = Takes::Bytes { most: 32 << 20 };

/// All routes, by their addresses.
pub const ROUTES: &[Route] = &[
    Route::on(("GET", "/api/v1/account/identities"), Policy::Person, Handler::Blocks(issuers::own), "Lists by which services the account signs in.").gives(&[(200, IDENTITIES)]),
    Route::on(("POST", "/api/v1/account/identities/{issuer}"), Policy::Person, Handler::Blocks(issuers::link), "Begins to let the account sign in by a service: a browser goes to the address, and comes back.").body(BODY, NONE).gives(&[(200, ATTEMPT)]),
    Route::on(("DELETE", "/api/v1/account/identities/{issuer}"), Policy::Person, Handler::Blocks(issuers::unlink), "Lets the account sign in by a service no more.").gives(&[(200, REMOVED)]),
    Route::on(("POST", "/api/v1/account/password"), Policy::Person, Handler::Blocks(account::change_password), "Sets another password, for who knows the one before: all sessions end, and another one begins.").body(BODY, PASSWORD).gives(&[(200, SESSION)]),
    Route::on(("POST", "/api/v1/account/reset"), Policy::Public, Handler::Blocks(account::reset), "Sets another password by a link of `keyway user reset`; all sessions end.").body(BODY, RESET).gives(&[(200, PASSWORD_SET)]),
    Route::on(("GET", "/api/v1/account/sessions"), Policy::Person, Handler::Blocks(account::sessions), "Lists the browsers in which the account is signed in.").gives(&[(200, SESSIONS)]),
    Route::on(("DELETE", "/api/v1/account/sessions"), Policy::Person, Handler::Blocks(account::end_sessions), "Signs the account out everywhere.").gives(&[(200, SIGNED_OUT)]),
    Route::on(("GET", "/api/v1/account/tokens"), Policy::Person, Handler::Blocks(tokens::own), "Lists one's own tokens, without what they are.").gives(&[(200, TOKENS)]),
    Route::on(("POST", "/api/v1/account/tokens"), Policy::Person, Handler::Blocks(tokens::make_own), "Makes a token of one's own, which goes no further than one's role, also later; it is told this once.").body(BODY, TOKEN_MAKE).gives(&[(201, TOKEN_MADE)]),
    Route::on(("DELETE", "/api/v1/account/tokens/{name}"), Policy::Person, Handler::Blocks(tokens::remove_own), "Removes one of one's own tokens.").gives(&[(200, REMOVED)]),
    Route::on(("GET", "/api/v1/approvals"), Policy::Token(Scope::Read), Handler::Blocks(runs::approvals), "Lists the steps that wait for a person.").gives(&[(200, APPROVALS)]),
    Route::on(("GET", "/api/v1/audit"), Policy::Token(Scope::Admin), Handler::Blocks(audit::list), "Tells who did what with keys, secrets, tokens and seats.").query(AUDIT_QUERY).gives(&[(200, AUDIT)]),
    Route::on(("GET", "/api/v1/budgets"), Policy::Token(Scope::Read), Handler::Blocks(usage::budgets), "Lists budgets with what is spent of them in this month.").gives(&[(200, BUDGET_LIST)]),
    Route::on(("PUT", "/api/v1/budgets"), Policy::Token(Scope::Admin), Handler::Blocks(usage::set_budget), "Sets what may be spent on models in a month.").body(BODY, BUDGET_SET).gives(&[(200, BUDGET_WAS_SET)]),
    Route::on(("DELETE", "/api/v1/budgets"), Policy::Token(Scope::Admin), Handler::Blocks(usage::remove_budget), "Removes a budget.").query(BUDGET_QUERY).gives(&[(200, BUDGET_REMOVED)]),
    Route::on(("POST", "/api/v1/check"), Policy::Token(Scope::Read), Handler::Blocks(workflows::check), "Tells what is wrong with a text, as `keyway check --json` does; nothing is run.").body(BODY, CHECK).gives(&[(200, CHECKED)]),
    Route::on(("GET", "/api/v1/connections"), Policy::Token(Scope::Read), Handler::Blocks(connections::list), "Lists accounts at services, and how they stand.").gives(&[(200, CONNECTIONS)]),
    Route::on(("POST", "/api/v1/connections/{connector}"), Policy::Token(Scope::Admin), Handler::Blocks(connecting::begin), "Connects an account at a service: at once with what is given, or with somebody who agrees there.").body(BODY, CONNECT).gives(&[(201, CONNECTING), (202, CONNECTING)]),
    Route::on(("DELETE", "/api/v1/connections/{connector}/{name}"), Policy::Token(Scope::Admin), Handler::Blocks(connections::remove), "Removes an account at a service with its secrets, and asks the service to take its tokens back.").gives(&[(200, DISCONNECTED)]),
    Route::on(("POST", "/api/v1/connections/{connector}/{name}/finish"), Policy::Token(Scope::Admin), Handler::Blocks(connecting::finish), "Goes on with connecting an account, for who began: with the address at which a browser ended, with what was chosen, or to ask whether it is agreed.").body(BODY, CONNECT_ON).gives(&[(201, CONNECTING), (202, CONNECTING)]),
    Route::on(("POST", "/api/v1/connections/{connector}/{name}/test"), Policy::Token(Scope::Admin), Handler::Blocks(connections::test), "Asks a service whether an account works.").body(BODY, NONE).gives(&[(200, CONNECTION_TESTED)]),
    Route::on(("GET", "/api/v1/connectors"), Policy::Token(Scope::Read), Handler::Blocks(connectors::list), "Lists the services that workflows can name, and how many of them are set up and work.").gives(&[(200, CONNECTORS)]),
    Route::on(("GET", "/api/v1/connectors/{connector}"), Policy::Token(Scope::Read), Handler::Blocks(connectors::show), "Shows what a service can do.").gives(&[(200, CONNECTOR)]),
    Route::on(("POST", "/api/v1/graph"), Policy::Token(Scope::Read), Handler::Blocks(workflows::draw), "Draws a text.").body(BODY, DRAW).gives(&[(200, GRAPH)]),
    Route::on(("GET", "/api/v1/invitations"), Policy::Role(Role::Admin), Handler::Blocks(members::invitations), "Lists the invitations that count still.").gives(&[(200, INVITATIONS)]),
    Route::on(("POST", "/api/v1/invitations"), Policy::Role(Role::Admin), Handler::Blocks(members::invite), "Invites somebody to a seat; what the link shows is told this once.").body(BODY, INVITE).gives(&[(201, INVITED)]),
    Route::on(("POST", "/api/v1/invitations/accept"), Policy::Public, Handler::Blocks(members::accept), "Accepts an invitation, with an account that is made or the one of this name and password, and signs in.").body(BODY, BY_LINK).gives(&[(201, SESSION)]),
    Route::on(("DELETE", "/api/v1/invitations/{invitation}"), Policy::Role(Role::Admin), Handler::Blocks(members::take_back), "Takes an invitation back.").gives(&[(200, REMOVED)]),
    Route::on(("GET", "/api/v1/issuers"), Policy::Public, Handler::Blocks(issuers::list), "Lists the services by which somebody can sign in.").gives(&[(200, ISSUERS)]),
    Route::on(("GET", "/api/v1/issuers/{issuer}/back"), Policy::Public, Handler::Blocks(issuers::back), "Takes what a browser comes back with from a service, and signs in.").query(BACK_QUERY).open().gives(&[(303, SIGNED_IN)]),
    Route::on(("POST", "/api/v1/issuers/{issuer}/begin"), Policy::Public, Handler::Blocks(issuers::begin), "Begins to sign in by a service, or to accept an invitation by it: a browser goes to the address, and comes back.").body(BODY, COME_IN).gives(&[(200, ATTEMPT)]),
    Route::on(("GET", "/api/v1/keys"), Policy::Token(Scope::Read), Handler::Blocks(keys::list), "Lists keys of providers of models, without what they hold.").gives(&[(200, KEYS)]),
    Route::on(("POST", "/api/v1/keys"), Policy::Token(Scope::Admin), Handler::Blocks(keys::add), "Stores a key, without asking its provider.").body(BODY, KEY_ADD).gives(&[(201, STORED)]),
    Route::on(("DELETE", "/api/v1/keys/{name}"), Policy::Token(Scope::Admin), Handler::Blocks(keys::remove), "Removes a key.").gives(&[(200, REMOVED)]),
    Route::on(("POST", "/api/v1/keys/{name}/prefer"), Policy::Token(Scope::Admin), Handler::Blocks(keys::prefer), "Takes a key first, before the others of its provider.").body(BODY, NONE).gives(&[(200, PREFERRED)]),
    Route::on(("POST", "/api/v1/keys/{name}/rotate"), Policy::Token(Scope::Admin), Handler::Blocks(keys::rotate), "Stores another key in the place of one.").body(BODY, KEY_ROTATE).gives(&[(200, STORED)]),
    Route::on(("POST", "/api/v1/keys/{name}/test"), Policy::Token(Scope::Admin), Handler::Blocks(keys::test), "Asks the provider of a key whether it is right.").body(BODY, NONE).gives(&[(200, KEY_TESTED)]),
    Route::on(("GET", "/api/v1/members"), Policy::Role(Role::Viewer), Handler::Blocks(members::list), "Lists who has a seat.").gives(&[(200, MEMBERS)]),
    Route::on(("PUT", "/api/v1/members/{account}"), Policy::Role(Role::Admin), Handler::Blocks(members::change), "Gives somebody another role, no further than one's own.").body(BODY, ROLE).gives(&[(200, MEMBER)]),
    Route::on(("DELETE", "/api/v1/members/{account}"), Policy::Role(Role::Admin), Handler::Blocks(members::remove), "Takes somebody's seat away.").gives(&[(200, REMOVED)]),
    Route::on(("GET", "/api/v1/openapi.json"), Policy::Public, Handler::Blocks(openapi::show), "Describes all routes, in OpenAPI 3.1.").gives(&[(200, OPEN)]),
    Route::on(("GET", "/api/v1/orgs"), Policy::Person, Handler::Blocks(members::orgs), "Lists where the account has a seat.").gives(&[(200, ORGS)]),
    Route::on(("POST", "/api/v1/orgs"), Policy::Role(Role::Admin), Handler::Blocks(members::organise), "Makes an organisation, for owners and admins of `local`.").body(BODY, ORG_MAKE).gives(&[(201, ORG_MADE)]),
    Route::on(("POST", "/api/v1/plan"), Policy::Token(Scope::Read), Handler::Blocks(workflows::plan_text), "Tells what a run of a text would do.").body(BODY, PLAN_TEXT).gives(&[(200, PLAN)]),
    Route::on(("GET", "/api/v1/providers"), Policy::Token(Scope::Read), Handler::Blocks(keys::providers), "Lists the providers of models, and how many of them are set up and work.").gives(&[(200, PROVIDERS)]),
    Route::on(("GET", "/api/v1/runs"), Policy::Token(Scope::Read), Handler::Blocks(runs::list), "Lists runs, the latest first: `limit` of them (100), that began before the run `before`.").query(RUNS_QUERY).gives(&[(200, RUNS)]),
    Route::on(("GET", "/api/v1/runs/{run}"), Policy::Token(Scope::Read), Handler::Blocks(runs::show), "Shows a run with all its steps, as `keyway show --json` does.").gives(&[(200, RUN)]),
    Route::on(("POST", "/api/v1/runs/{run}/answer"), Policy::Token(Scope::Run), Handler::Blocks(runs::answer), "Answers a step that asks, or says whether a call took effect.").body(BODY, ANSWER).gives(&[(202, RUN_NOW)]),
    Route::on(("POST", "/api/v1/runs/{run}/cancel"), Policy::Token(Scope::Run), Handler::Blocks(runs::cancel), "Cancels a run; its `finally` blocks still run.").body(BODY, NONE).gives(&[(202, RUN_NOW)]),
    Route::on(("GET", "/api/v1/runs/{run}/events"), Policy::Token(Scope::Read), Handler::Streams(live::events), "Tells what happens in a run: a page of it, or a stream with `accept: text/event-stream`, which goes on after `last-event-id`.").query(EVENTS_QUERY).gives(&[(200, EVENTS)]).streams(),
    Route::on(("GET", "/api/v1/runs/{run}/explanation"), Policy::Token(Scope::Read), Handler::Blocks(runs::story), "Tells why a run began, stands or ended as it does, as `keyway explain-run --json` does.").gives(&[(200, STORY)]),
    Route::on(("POST", "/api/v1/runs/{run}/fork"), Policy::Token(Scope::Run), Handler::Blocks(runs::fork), "Starts a run that takes over what another did before some steps; once for each `idempotency-key`.").body(BODY, FORK).gives(&[(201, BEGUN)]).once(),
    Route::on(("POST", "/api/v1/runs/{run}/pause"), Policy::Token(Scope::Run), Handler::Blocks(runs::pause), "Pauses a run: calls under way finish, nothing new starts.").body(BODY, NONE).gives(&[(202, RUN_NOW)]),
    Route::on(("POST", "/api/v1/runs/{run}/resume"), Policy::Token(Scope::Run), Handler::Blocks(runs::resume), "Goes on with a run that is paused.").body(BODY, NONE).gives(&[(202, RUN_NOW)]),
    Route::on(("POST", "/api/v1/runs/{run}/retry"), Policy::Token(Scope::Run), Handler::Blocks(runs::retry), "Tries a run that failed once more, from the step that failed; once for each `idempotency-key`.").body(BODY, NONE).gives(&[(201, BEGUN)]).once(),
    Route::on(("GET", "/api/v1/schedules"), Policy::Token(Scope::Read), Handler::Blocks(schedules::list), "Lists schedules with their next and last times, and what is late.").gives(&[(200, SCHEDULES)]),
    Route::on(("GET", "/api/v1/secrets"), Policy::Token(Scope::Read), Handler::Blocks(secrets::list), "Lists secrets, without what they hold.").gives(&[(200, SECRETS)]),
    Route::on(("POST", "/api/v1/secrets"), Policy::Token(Scope::Admin), Handler::Blocks(secrets::add), "Stores a secret.").body(BODY, SECRET_ADD).gives(&[(201, STORED)]),
    Route::on(("DELETE", "/api/v1/secrets/{name}"), Policy::Token(Scope::Admin), Handler::Blocks(secrets::remove), "Removes a secret.").gives(&[(200, REMOVED)]),
    Route::on(("POST", "/api/v1/secrets/{name}/rotate"), Policy::Token(Scope::Admin), Handler::Blocks(secrets::rotate), "Stores another value in the place of a secret.").body(BODY, SECRET_ROTATE).gives(&[(200, STORED)]),
    Route::on(("GET", "/api/v1/session"), Policy::Person, Handler::Blocks(session::show), "Tells who is signed in, where, and what a page sends as `x-csrf-token`.").gives(&[(200, SESSION)]),
    Route::on(("POST", "/api/v1/session"), Policy::Public, Handler::Blocks(session::begin), "Signs in; the cookie is the session.").body(BODY, SIGN_IN).gives(&[(200, SESSION)]),
    Route::on(("DELETE", "/api/v1/session"), Policy::Person, Handler::Blocks(session::end), "Signs out.").gives(&[(200, SIGNED_OUT)]),
    Route::on(("PUT", "/api/v1/session/space"), Policy::Person, Handler::Blocks(session::space), "Acts on the things of another owner from here on, where the account has a seat.").body(BODY, MOVE).gives(&[(200, SESSION)]),
    Route::on(("GET", "/api/v1/setup"), Policy::Public, Handler::Blocks(session::needed), "Tells whether the first account is still to be made.").gives(&[(200, NEEDED)]),
    Route::on(("POST", "/api/v1/setup"), Policy::Public, Handler::Blocks(session::setup), "Makes the first account by the link that `keyway serve` told, and signs in.").body(BODY, BY_LINK).gives(&[(201, SESSION)]),
    Route::on(("POST", "/api/v1/signals/{name}"), Policy::Token(Scope::Run), Handler::Blocks(signals::raise), "Raises a signal that carries `with`, for whoever has listened longest or for the run `run`.").body(BODY, SIGNAL).gives(&[(202, SIGNALLED)]),
    Route::on(("GET", "/api/v1/tokens"), Policy::Token(Scope::Admin), Handler::Blocks(tokens::list), "Lists tokens, without what they are.").gives(&[(200, TOKENS)]),
    Route::on(("POST", "/api/v1/tokens"), Policy::Token(Scope::Admin), Handler::Blocks(tokens::make), "Makes a token of no person; it is told this once.").body(BODY, TOKEN_MAKE).gives(&[(201, TOKEN_MADE)]),
    Route::on(("DELETE", "/api/v1/tokens/{name}"), Policy::Token(Scope::Admin), Handler::Blocks(tokens::remove), "Removes a token: it counts no more.").gives(&[(200, REMOVED)]),
    Route::on(("GET", "/api/v1/usage"), Policy::Token(Scope::Read), Handler::Blocks(usage::show), "Tells what calls to models took and cost.").query(USAGE_QUERY).gives(&[(200, USAGE)]),
    Route::on(("GET", "/api/v1/webhooks"), Policy::Token(Scope::Read), Handler::Blocks(webhooks::list), "Lists what waits for calls, events and signals, and what came last; addresses are not told.").gives(&[(200, WEBHOOKS)]),
    Route::on(("GET", "/api/v1/workflows"), Policy::Token(Scope::Read), Handler::Blocks(workflows::list), "Lists the workflows that are deployed.").gives(&[(200, WORKFLOWS)]),
    Route::on(("POST", "/api/v1/workflows"), Policy::Token(Scope::Edit), Handler::Blocks(workflows::deploy), "Deploys a text: keeps a version where something has changed.").body(BODY, DEPLOY).gives(&[(200, DEPLOYED), (201, DEPLOYED)]),
    Route::on(("GET", "/api/v1/workflows/{name}"), Policy::Token(Scope::Read), Handler::Blocks(workflows::show), "Shows the text of a workflow.").query(VERSION_QUERY).gives(&[(200, WORKFLOW)]),
    Route::on(("POST", "/api/v1/workflows/{name}/disable"), Policy::Token(Scope::Edit), Handler::Blocks(workflows::disable), "Lets the triggers of a workflow start no runs.").body(BODY, NONE).gives(&[(200, DEPLOYED)]),
    Route::on(("POST", "/api/v1/workflows/{name}/enable"), Policy::Token(Scope::Edit), Handler::Blocks(workflows::enable), "Lets the triggers of a workflow start runs, from now on.").body(BODY, NONE).gives(&[(200, DEPLOYED)]),
    Route::on(("GET", "/api/v1/workflows/{name}/graph"), Policy::Token(Scope::Read), Handler::Blocks(workflows::graph), "Draws a workflow.").query(GRAPH_QUERY).gives(&[(200, GRAPH)]),
    Route::on(("GET", "/api/v1/workflows/{name}/plan"), Policy::Token(Scope::Read), Handler::Blocks(workflows::plan), "Tells what a run of a workflow would do, as `keyway plan --json` does without what is missing and what it costs.").query(VERSION_QUERY).gives(&[(200, PLAN)]),
    Route::on(("POST", "/api/v1/workflows/{name}/rollback"), Policy::Token(Scope::Edit), Handler::Blocks(workflows::rollback), "Puts an earlier version of a workflow in force.").body(BODY, ROLLBACK).gives(&[(200, DEPLOYED)]),
    Route::on(("POST", "/api/v1/workflows/{name}/runs"), Policy::Token(Scope::Run), Handler::Blocks(runs::start), "Starts the version in force with `inputs`; once for each `idempotency-key`.").body(BODY, INPUTS).gives(&[(201, BEGUN)]).once(),
    Route::on(("GET", "/api/v1/workflows/{name}/versions"), Policy::Token(Scope::Read), Handler::Blocks(workflows::versions), "Lists the versions of a workflow, the latest first.").gives(&[(200, VERSIONS)]),
    Route::on(("GET", "/connect/{connector}"), Policy::Public, Handler::Blocks(connecting::back), "Takes what a browser comes back with that agreed at a service, and connects the account for who began there.").query(BACK_QUERY).open().gives(&[(303, CONNECTING)]),
    Route::on(("GET", "/healthz"), Policy::Public, Handler::Blocks(health::alive), "Answers while the process lives.").gives(&[(200, ALIVE)]),
    Route::on(("GET", "/hooks/{token}"), Policy::Address, Handler::Hears, "Answers a service that looks whether somebody is there before it calls: [triggers.md](triggers.md).").body(CALL, ANYTHING).gives(&[(200, ANYTHING)]),
    Route::on(("POST", "/hooks/{token}"), Policy::Address, Handler::Hears, "Hears a call from outside, and starts a run of the workflow whose address it is.").body(CALL, ANYTHING).gives(&[(200, ANYTHING), (202, ANYTHING)]),
    Route::on(("GET", "/readyz"), Policy::Public, Handler::Blocks(health::ready), "Answers 200 where the service can do its work, else 503, and tells how its parts stand.").gives(&[(200, READY), (503, READY)]),
    Route::on(("POST", "/v1/chat/completions"), Policy::Token(Scope::Ai), Handler::Speaks(Shape::OpenAi, gateway::question), "Asks a model, in OpenAI's shape: [gateway.md](gateway.md).").body(QUESTION, OPEN).gives(&[(200, OPEN)]).streams(),
    Route::on(("POST", "/v1/embeddings"), Policy::Token(Scope::Ai), Handler::Speaks(Shape::OpenAi, gateway::meaning), "Tells the meaning of texts as numbers, in OpenAI's shape.").body(QUESTION, OPEN).gives(&[(200, OPEN)]),
    Route::on(("POST", "/v1/messages"), Policy::Token(Scope::Ai), Handler::Speaks(Shape::Anthropic, gateway::question), "Asks a model, in Anthropic's shape.").body(QUESTION, OPEN).gives(&[(200, OPEN)]).streams(),
    Route::on(("GET", "/v1/models"), Policy::Token(Scope::Ai), Handler::Speaks(Shape::OpenAi, gateway::models), "Lists the models that can be asked; in Anthropic's shape with a head `anthropic-version`.").gives(&[(200, OPEN)]),
    Route::on(("GET", "/v1/models/{model}"), Policy::Token(Scope::Ai), Handler::Speaks(Shape::OpenAi, gateway::model), "Shows one of them.").gives(&[(200, OPEN)]),
];
