// Made of `openapi.json` by `npm run types`.
export interface paths {
    "/api/v1/account/identities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists by which services the account signs in. */
        get: operations["get_account_identities"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/account/identities/{issuer}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begins to let the account sign in by a service: a browser goes to the address, and comes back. */
        post: operations["post_account_identities_by_issuer"];
        /** Lets the account sign in by a service no more. */
        delete: operations["delete_account_identities_by_issuer"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/account/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sets another password, for who knows the one before: all sessions end, and another one begins. */
        post: operations["post_account_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/account/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sets another password by a link of `keyway user reset`; all sessions end. */
        post: operations["post_account_reset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/account/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the browsers in which the account is signed in. */
        get: operations["get_account_sessions"];
        put?: never;
        post?: never;
        /** Signs the account out everywhere. */
        delete: operations["delete_account_sessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/account/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists one's own tokens, without what they are. */
        get: operations["get_account_tokens"];
        put?: never;
        /** Makes a token of one's own, which goes no further than one's role, also later; it is told this once. */
        post: operations["post_account_tokens"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/account/tokens/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes one of one's own tokens. */
        delete: operations["delete_account_tokens_by_name"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/approvals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the steps that wait for a person. */
        get: operations["get_approvals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells who did what with keys, secrets, tokens and seats. */
        get: operations["get_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/budgets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists budgets with what is spent of them in this month. */
        get: operations["get_budgets"];
        /** Sets what may be spent on models in a month. */
        put: operations["put_budgets"];
        post?: never;
        /** Removes a budget. */
        delete: operations["delete_budgets"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells what is wrong with a text, as `keyway check --json` does; nothing is run. */
        post: operations["post_check"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists accounts at services, and how they stand. */
        get: operations["get_connections"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{connector}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Connects an account at a service: at once with what is given, or with somebody who agrees there. */
        post: operations["post_connections_by_connector"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{connector}/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes an account at a service with its secrets, and asks the service to take its tokens back. */
        delete: operations["delete_connections_by_connector_by_name"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{connector}/{name}/finish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Goes on with connecting an account, for who began: with the address at which a browser ended, with what was chosen, or to ask whether it is agreed. */
        post: operations["post_connections_by_connector_by_name_finish"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{connector}/{name}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks a service whether an account works. */
        post: operations["post_connections_by_connector_by_name_test"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connectors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the services that workflows can name, and how many of them are set up and work. */
        get: operations["get_connectors"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connectors/{connector}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows what a service can do, and what connecting an account there takes. */
        get: operations["get_connectors_by_connector"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connectors/{connector}/app": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stores the app that is registered at a service, so that people can sign in there. */
        post: operations["post_connectors_by_connector_app"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/editor/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells what may stand at a place of a text. */
        post: operations["post_editor_complete"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/editor/hover": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells what stands at a place of a text. */
        post: operations["post_editor_hover"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/editor/picture": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells where the steps of a text stand in a picture, and what a run of it is asked for; null while the text has errors. */
        post: operations["post_editor_picture"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/generate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Drafts a workflow out of plain words, changes a text by them, or mends it, as `keyway generate --json` and `keyway fix --json` do; nothing is stored or started. Once for each `idempotency-key`, as long as the process runs. */
        post: operations["post_generate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/graph": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Draws a text. */
        post: operations["post_graph"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the invitations that count still. */
        get: operations["get_invitations"];
        put?: never;
        /** Invites somebody to a seat; what the link shows is told this once. */
        post: operations["post_invitations"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/invitations/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Accepts an invitation, with an account that is made or the one of this name and password, and signs in. */
        post: operations["post_invitations_accept"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/invitations/{invitation}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes an invitation back. */
        delete: operations["delete_invitations_by_invitation"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/issuers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the services by which somebody can sign in. */
        get: operations["get_issuers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/issuers/{issuer}/back": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Takes what a browser comes back with from a service, and signs in. */
        get: operations["get_issuers_by_issuer_back"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/issuers/{issuer}/begin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begins to sign in by a service, or to accept an invitation by it: a browser goes to the address, and comes back. */
        post: operations["post_issuers_by_issuer_begin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists keys of providers of models, without what they hold. */
        get: operations["get_keys"];
        put?: never;
        /** Stores a key, without asking its provider. */
        post: operations["post_keys"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a key. */
        delete: operations["delete_keys_by_name"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/{name}/prefer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes a key first, before the others of its provider. */
        post: operations["post_keys_by_name_prefer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/{name}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stores another key in the place of one. */
        post: operations["post_keys_by_name_rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/{name}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks the provider of a key whether it is right. */
        post: operations["post_keys_by_name_test"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists who has a seat. */
        get: operations["get_members"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/members/{account}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Gives somebody another role, no further than one's own. */
        put: operations["put_members_by_account"];
        post?: never;
        /** Takes somebody's seat away. */
        delete: operations["delete_members_by_account"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Describes all routes, in OpenAPI 3.1. */
        get: operations["get_openapi_json"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orgs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists where the account has a seat. */
        get: operations["get_orgs"];
        put?: never;
        /** Makes an organisation, for owners and admins of `local`. */
        post: operations["post_orgs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells what a run of a text would do. */
        post: operations["post_plan"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/providers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the providers of models, and how many of them are set up and work. */
        get: operations["get_providers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists runs, the latest first: `limit` of them (100), that began before the run `before`. */
        get: operations["get_runs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a run with all its steps, as `keyway show --json` does. */
        get: operations["get_runs_by_run"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/answer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Answers a step that asks, or says whether a call took effect. */
        post: operations["post_runs_by_run_answer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancels a run; its `finally` blocks still run. */
        post: operations["post_runs_by_run_cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/differences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what differs between a run and the one that is named in `with`, as `keyway diff --json` does. */
        get: operations["get_runs_by_run_differences"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what happens in a run: a page of it, or a stream with `accept: text/event-stream`, which goes on after `last-event-id`. */
        get: operations["get_runs_by_run_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/explanation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells why a run began, stands or ended as it does, as `keyway explain-run --json` does. */
        get: operations["get_runs_by_run_explanation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/fork": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Starts a run that takes over what another did before some steps; once for each `idempotency-key`. */
        post: operations["post_runs_by_run_fork"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/given": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what a run was given, and each of its steps that was called. */
        get: operations["get_runs_by_run_given"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pauses a run: calls under way finish, nothing new starts. */
        post: operations["post_runs_by_run_pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/picture": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells where the steps of a run stand in a picture. */
        get: operations["get_runs_by_run_picture"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Goes on with a run that is paused. */
        post: operations["post_runs_by_run_resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tries a run that failed once more, from the step that failed; once for each `idempotency-key`. */
        post: operations["post_runs_by_run_retry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/schedules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists schedules with their next and last times, and what is late. */
        get: operations["get_schedules"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/secrets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists secrets, without what they hold. */
        get: operations["get_secrets"];
        put?: never;
        /** Stores a secret. */
        post: operations["post_secrets"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/secrets/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a secret. */
        delete: operations["delete_secrets_by_name"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/secrets/{name}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stores another value in the place of a secret. */
        post: operations["post_secrets_by_name_rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells who is signed in, where, and what a page sends as `x-csrf-token`. */
        get: operations["get_session"];
        put?: never;
        /** Signs in; the cookie is the session. */
        post: operations["post_session"];
        /** Signs out. */
        delete: operations["delete_session"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/space": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Acts on the things of another owner from here on, where the account has a seat. */
        put: operations["put_session_space"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells whether the first account is still to be made. */
        get: operations["get_setup"];
        put?: never;
        /** Makes the first account by the link that `keyway serve` told, and signs in. */
        post: operations["post_setup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/signals/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Raises a signal that carries `with`, for whoever has listened longest or for the run `run`. */
        post: operations["post_signals_by_name"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists tokens, without what they are. */
        get: operations["get_tokens"];
        put?: never;
        /** Makes a token of no person; it is told this once. */
        post: operations["post_tokens"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tokens/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a token: it counts no more. */
        delete: operations["delete_tokens_by_name"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what calls to models took and cost. */
        get: operations["get_usage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/usage/savings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what answers of models would have cost otherwise, as `keyway usage --savings --json` does. */
        get: operations["get_usage_savings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what waits for calls, events and signals, and what came last; addresses are not told. */
        get: operations["get_webhooks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the workflows that are deployed. */
        get: operations["get_workflows"];
        put?: never;
        /** Deploys a text: keeps a version where something has changed. */
        post: operations["post_workflows"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the text of a workflow. */
        get: operations["get_workflows_by_name"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets the triggers of a workflow start no runs. */
        post: operations["post_workflows_by_name_disable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets the triggers of a workflow start runs, from now on. */
        post: operations["post_workflows_by_name_enable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/graph": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Draws a workflow. */
        get: operations["get_workflows_by_name_graph"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what a run of a workflow would do, as `keyway plan --json` does. */
        get: operations["get_workflows_by_name_plan"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Puts an earlier version of a workflow in force. */
        post: operations["post_workflows_by_name_rollback"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Starts the version in force with `inputs`; once for each `idempotency-key`. */
        post: operations["post_workflows_by_name_runs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{name}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the versions of a workflow, the latest first. */
        get: operations["get_workflows_by_name_versions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/connect/{connector}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Takes what a browser comes back with that agreed at a service, and connects the account for who began there. */
        get: operations["get_connect_by_connector"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Answers while the process lives. */
        get: operations["get_healthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/hooks/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Answers a service that looks whether somebody is there before it calls: triggers.md. */
        get: operations["get_hooks_by_token"];
        put?: never;
        /** Hears a call from outside, and starts a run of the workflow whose address it is. */
        post: operations["post_hooks_by_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Answers 200 where the service can do its work, else 503, and tells how its parts stand. */
        get: operations["get_readyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/completions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks a model, in OpenAI's shape: gateway.md. */
        post: operations["post_chat_completions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/embeddings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the meaning of texts as numbers, in OpenAI's shape. */
        post: operations["post_embeddings"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks a model, in Anthropic's shape. */
        post: operations["post_messages"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the models that can be asked; in Anthropic's shape with a head `anthropic-version`. */
        get: operations["get_models"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows one of them. */
        get: operations["get_models_by_model"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description An account at a service that is connected, or on its way there. */
        Connecting: {
            connector: string;
            name: string;
            /**
             * @description Somebody is to agree in a browser, to choose, or to agree at another device; or it is done, or over.
             * @enum {string}
             */
            state: "browser" | "choose" | "connected" | "device" | "refused";
            /** @description Where somebody agrees. */
            address?: string;
            /** @description What they type there at another device. */
            code?: string;
            /**
             * Format: date-time
             * @description When it is too late.
             */
            expires?: string;
            /** @description Where the browser ends. */
            comes_back_to?: string;
            /** @description What is asked for, or was given. */
            scopes?: string[];
            /** @description What is to be chosen. */
            field?: string;
            choices?: {
                value: string;
                label: string;
            }[];
            /** @description What it is called at the service. */
            account?: string;
            /** @description Whether the service takes it, where it was asked. */
            works?: boolean;
            /** @description Why it does not. */
            why?: string;
        };
        /** @description An account at a service, without its secrets. */
        Connection: {
            connector: string;
            name: string;
            auth: string;
            fields: unknown;
            base_url: string | null;
            state: string;
            account: string;
            scopes: string[] | null;
            missing_scopes: string[];
            expires: string | null;
            health: unknown;
            reconnect: unknown;
            /** @description The deployed workflows that need it. */
            workflows: string[];
            /** Format: date-time */
            created: string;
            used: string | null;
        };
        /** @description Something that happened in a run: how the run stands since, and the steps that it changed. */
        Event: {
            /** @description Its number. */
            seq: number;
            /** Format: date-time */
            time: string;
            status: string;
            steps: {
                [key: string]: components["schemas"]["Step"];
            };
        };
        /** @description A key of a provider, without what it holds. */
        Key: {
            name: string;
            kind: string;
            owner: string;
            /** @description What may use it. */
            connector: string;
            /** @description Where it may be sent. */
            hosts: string[];
            settings: {
                [key: string]: string;
            };
            /** @description What may be seen of it. */
            shown: string;
            status: string;
            /** @description How often it was entered. */
            version: number;
            priority: number;
            /** Format: date-time */
            created: string;
            used: string | null;
            /** @description What it cost so far. */
            cost_usd: string;
            calls_of_unknown_cost: number;
        };
        /** @description An account with a seat. */
        Member: {
            account: string;
            name: string;
            role: string;
            /** Format: date-time */
            since: string;
        };
        /** @description Boxes and lines of a workflow, in pixels. */
        Picture: {
            workflow: string;
            title: string;
            width: unknown;
            height: unknown;
            /** @description The boxes, outer ones first. */
            frames: {
                /** @description The path of its step, without the numbers of items. */
                step: string | null;
                x: unknown;
                y: unknown;
                width: unknown;
                height: unknown;
                /** @enum {string} */
                tone: "step" | "holder" | "part" | "end";
                sort: string | null;
                /** @description Whether it can be skipped. */
                skips: boolean;
                title: string;
                lines: {
                    x: unknown;
                    y: unknown;
                    text: string;
                    /** @enum {string} */
                    voice: "name" | "about" | "condition" | "label";
                }[];
            }[];
            curves: {
                /** @enum {string} */
                kind: "hard" | "soft" | "after" | "start";
                points: unknown;
            }[];
            /** @description What a run is asked for. */
            inputs: {
                name: string;
                type: string;
                optional: boolean;
                default: unknown;
            }[];
            /** @description What starts runs, in words. */
            triggers: string[];
        };
        /** @description Why something was not done. */
        Refusal: {
            /** @description A word for programs. */
            code: string;
            /** @description What is the case. */
            message: string;
            /** @description What to do about it. */
            help: string | null;
        };
        /** @description A run with all its steps, as `keyway show --json` shows it. */
        Run: {
            run: string;
            workflow: string;
            status: string;
            output: unknown;
            error?: unknown;
            /** @description The steps by their paths. */
            steps: {
                [key: string]: components["schemas"]["Step"];
            };
        } & {
            [key: string]: unknown;
        };
        /** @description A run in a list. */
        RunListed: {
            /** @description Its name. */
            run: string;
            workflow: string;
            /** @enum {string} */
            status: "running" | "succeeded" | "failed" | "cancelled";
            /** @description How it stands, more closely: also `waiting`, `paused` or `queued`. */
            state: string;
            /** Format: date-time */
            started: string;
            ended: string | null;
            /** @description The version that it started with, where it was deployed. */
            version?: number;
            /** @description The run that called it. */
            called_by?: string;
            /** @description The run that it takes over from. */
            takes_over_from?: string;
            /** @description For whom or what it waits. */
            waits?: string[];
        };
        /** @description A secret, without what it holds. */
        Secret: {
            name: string;
            kind: string;
            owner: string;
            /** @description What may use it. */
            connector: string;
            /** @description Where it may be sent. */
            hosts: string[];
            settings: {
                [key: string]: string;
            };
            /** @description What may be seen of it. */
            shown: string;
            status: string;
            /** @description How often it was entered. */
            version: number;
            priority: number;
            /** Format: date-time */
            created: string;
            used: string | null;
        };
        /** @description Who is signed in, and on whose things the session acts. */
        Session: {
            account: string;
            name: string;
            /** @description On whose things it acts; empty where the account has no seat. */
            space: string;
            role: ("owner" | "admin" | "editor" | "viewer") | null;
            /** @description What a page sends as `x-csrf-token` with everything that changes something. */
            csrf: string;
            /**
             * Format: date-time
             * @description When it ends in any case; a day without a request ends it before.
             */
            expires: string;
            /** @description Where the account has a seat. */
            spaces: components["schemas"]["Space"][];
        };
        /** @description An owner of things, and what the account may do with them. */
        Space: {
            /** @description `local`, or the id of an organisation. */
            space: string;
            name: string;
            role: ("owner" | "admin" | "editor" | "viewer") | null;
        };
        /** @description How a step of a run stands: what there is of it. */
        Step: {
            state: string;
            attempts: number;
            started: string | null;
            ended: string | null;
            /** Format: date-time */
            until?: string;
            value?: unknown;
            error?: unknown;
            why?: string;
            waits_for?: unknown;
            reused?: unknown;
            action?: string;
            /** Format: date-time */
            sent?: string;
            key?: string;
            /** @description What models took that it has asked. */
            models?: unknown;
            children_done?: number;
            children_total?: number;
            /** @description The run that it called. */
            run?: string;
        };
        /** @description How many there are, how many of them are set up, and how many work, as far as that was found out. */
        Summary: {
            available: number;
            configured: number;
            working: number;
        };
        /** @description What became of a time of a schedule, or of several in a row. */
        Told: {
            /** Format: date-time */
            first: string;
            /** Format: date-time */
            last: string;
            count: number | null;
            outcome: string;
            reason: string;
            run: string | null;
            version: number;
            /** Format: date-time */
            decided: string;
        };
        /** @description Why a question was not answered, as the libraries of OpenAI and Anthropic read it. */
        Trouble: {
            error: {
                /** @description What is the case. */
                message: string;
                /** @description A word for programs, as the provider has it. */
                type: string;
            } & {
                [key: string]: unknown;
            };
        } & {
            [key: string]: unknown;
        };
        /** @description A version of a workflow. */
        Version: {
            version: number;
            /** Format: date-time */
            deployed: string;
            by: string;
            file: string | null;
            in_force: boolean;
        };
        /** @description A workflow that is deployed. */
        Workflow: {
            workflow: string;
            /** @description The one in force. */
            version: number;
            /** @description Whether its triggers start runs. */
            enabled: boolean;
            /**
             * Format: date-time
             * @description When it was enabled or disabled last.
             */
            changed: string;
        };
    };
    responses: {
        /** @description It was not done; `code` says why, in a word for programs. */
        Refused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Refusal"];
            };
        };
        /** @description It was not done; a provider of models says so in this form. */
        Troubled: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Trouble"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    get_account_identities: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        identities: {
                            /** @description The name of the service here; what it calls itself where it is kept no more. */
                            issuer: string;
                            /** @description What it calls itself. */
                            address: string;
                            /** @description What it calls the person. */
                            subject: string;
                            /** Format: date-time */
                            since: string;
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_account_identities_by_issuer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                issuer: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description Where the person goes, in the browser that asked. */
                        address: string;
                        /**
                         * Format: date-time
                         * @description When it is too late to come back.
                         */
                        expires: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    delete_account_identities_by_issuer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                issuer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        removed: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_account_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The one before. */
                    password: string;
                    /** @description 12 letters at least. */
                    new: string;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_account_reset: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    link: string;
                    password: string;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        password_set: boolean;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_account_sessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        sessions: {
                            /** Format: date-time */
                            began: string;
                            /**
                             * Format: date-time
                             * @description To the minute.
                             */
                            used: string;
                            /** Format: date-time */
                            expires: string;
                            /** @description Whether it is the one that asks. */
                            this: boolean;
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    delete_account_sessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        signed_out: boolean;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_account_tokens: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        tokens: {
                            name: string;
                            scope: string;
                            /** Format: date-time */
                            created: string;
                            expires: string | null;
                            used: string | null;
                            /** @description Whether it is a person's, and goes no further than they do. */
                            personal: boolean;
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_account_tokens: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name: string;
                    /** @description How far it goes; `read` without. */
                    scope?: ("ai" | "read" | "run" | "edit" | "admin") | null;
                    /** @description How long it counts, as in `90d`; for ever without. */
                    expires?: string | null;
                };
            };
        };
        responses: {
            /** @description It is made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        name: string;
                        /** @enum {string} */
                        scope: "ai" | "read" | "run" | "edit" | "admin";
                        /** @description The token; it is told this once. */
                        token: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    delete_account_tokens_by_name: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        removed: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_approvals: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        approvals: {
                            run: string;
                            workflow: string;
                            step: string;
                            /**
                             * @description A doubt is whether a call took effect.
                             * @enum {string}
                             */
                            kind: "approval" | "doubt";
                            /** @description Who may answer; null for the owner. */
                            person: unknown;
                            message: string | null;
                            until: string | null;
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_audit: {
        parameters: {
            query?: {
                /** @description Only what this person, token or part did. */
                actor?: string;
                /** @description Only rows after the one of this number. */
                after?: number;
                /** @description How many, up to 1000; 200 where nothing is said. */
                limit?: number;
                /** @description Only what is not older: a moment, a day, or a length such as `24h`. */
                since?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        audit: {
                            seq: number;
                            /** Format: date-time */
                            time: string;
                            owner: string;
                            actor: string;
                            action: string;
                            subject: string;
                            detail: string;
                        }[];
                        /** @description Where it is not null, more come `after` it. */
                        next: number | null;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_budgets: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        budgets: {
                            /** @enum {string} */
                            scope: "owner" | "workflow" | "key" | "token";
                            name: string;
                            most_usd: string;
                            /** @description Spent and reserved in this month. */
                            spent_usd: string;
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    put_budgets: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description What it counts.
                     * @enum {string}
                     */
                    scope: "owner" | "workflow" | "key" | "token";
                    /** @description Of which workflow, key or token. */
                    name?: string | null;
                    /** @description US dollars for each month of UTC. */
                    most_usd: string;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        scope: string;
                        name: string;
                        most_usd: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    delete_budgets: {
        parameters: {
            query?: {
                /** @description What it counts; all of the owner without. */
                scope?: "owner" | "workflow" | "key" | "token";
                /** @description Of which workflow, key or token. */
                name?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        removed: string;
                        name: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_check: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description A workflow in YAML. */
                    text: string;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description Its name, where it has no errors. */
                        workflow: string | null;
                        errors: number;
                        warnings: number;
                        diagnostics: ({
                            code: string;
                            /** @enum {string} */
                            severity: "error" | "warning";
                            message: string;
                            line: number;
                            column: number;
                        } & {
                            [key: string]: unknown;
                        })[];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_connections: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        connections: components["schemas"]["Connection"][];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_connections_by_connector: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                connector: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description What to call it; `main` without. */
                    name?: string | null;
                    /** @description The way to sign in; that of an app that is stored, or the first by keys alone, without. */
                    auth?: string | null;
                    /** @description What the service asks for, as its page says. */
                    fields?: {
                        [key: string]: string;
                    } | null;
                    /** @description What is secret of it; no route tells it. */
                    secrets?: {
                        [key: string]: string;
                    } | null;
                    /** @description What to ask for beside what workflows need that are deployed. */
                    scopes?: string[] | null;
                    /** @description Where the service stands, if not where its connector says. */
                    base_url?: string | null;
                    /** @description Connect it again where it is connected already and works. */
                    again?: boolean | null;
                    /** @description Whether the service is asked if it takes what was given; it is without. */
                    verify?: boolean | null;
                };
            };
        };
        responses: {
            /** @description It is made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connecting"];
                };
            };
            /** @description It is taken on. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connecting"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    delete_connections_by_connector_by_name: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                connector: string;
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        removed: string;
                        /** @description Whether the service took its tokens back. */
                        revoked: boolean;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_connections_by_connector_by_name_finish: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                connector: string;
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The address at which the browser ended, where it does not end here. */
                    answer?: string | null;
                    /** @description What was chosen, by the names of fields. */
                    chosen?: {
                        [key: string]: string;
                    } | null;
                };
            };
        };
        responses: {
            /** @description It is made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connecting"];
                };
            };
            /** @description It is taken on. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connecting"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_connections_by_connector_by_name_test: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                connector: string;
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        connector: string;
                        name: string;
                        account: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            502: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_connectors: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        connectors: {
                            connector: string;
                            name: string;
                            version: string;
                            about: string;
                            actions: string[];
                            events: string[];
                            auth: string[];
                            connections: number;
                            working: boolean;
                        }[];
                        summary: components["schemas"]["Summary"];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_connectors_by_connector: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                connector: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        connector: string;
                        name: string;
                        version: string;
                        about: string;
                        actions: string[];
                        events: string[];
                        auth: string[];
                        docs: string | null;
                        setup: string[];
                        /** @description Its page, as Markdown. */
                        page: string;
                        /** @description The address to register an app with, so that browsers come back here. */
                        comes_back_to: string;
                        /** @description The way that is taken where none is named. */
                        usual: string | null;
                        /** @description How an account is connected. */
                        ways: {
                            /** @description What `auth` names. */
                            way: string;
                            kind: string;
                            about: string;
                            /**
                             * @description What is to be done: nothing more, agreeing in a browser or at another device, or giving what is secret.
                             * @enum {string}
                             */
                            begins: "alone" | "browser" | "device" | "given";
                            /** @description Whether somebody has to register an app at the service first. */
                            needs_app: boolean;
                            /** @description The app that is stored, where one is needed. */
                            app: {
                                /** @description Where browsers end. */
                                comes_back_to: string;
                                /** @description Whether that is here. */
                                here: boolean;
                            } | null;
                            /** @description What is asked for and not secret. */
                            fields: {
                                name: string;
                                about: string;
                                /** @description As it is written in workflows. */
                                type: string;
                                /** @description What there is to choose from; none where anything of the type fits. */
                                choices: string[];
                                optional: boolean;
                                default: unknown;
                            }[];
                            secrets: {
                                name: string;
                                about: string;
                            }[];
                            /** @description What is asked for in any case. */
                            scopes: string[];
                        }[];
                        /** @description What deployed workflows need. */
                        needs: {
                            workflow: string;
                            /** @description The account that it names. */
                            connection: string | null;
                            scopes: string[];
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_connectors_by_connector_app: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                connector: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description What the service calls the app: its client id. */
                    id: string;
                    /** @description What the app says to be believed; without it, it has none. */
                    secret?: string | null;
                    /** @description Where browsers end, as the app is registered with it; here without. */
                    comes_back_to?: string | null;
                    /** @description Hosts that the secret may be sent to, beside those that the connector names. */
                    hosts?: string[] | null;
                };
            };
        };
        responses: {
            /** @description It is made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        stored: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_editor_complete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description A workflow in YAML, which may be unfinished. */
                    text: string;
                    /** @description How many bytes of the text, in UTF-8, come before the place. */
                    at: number;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            label: string;
                            kind: string;
                            /** @description Its form or type. */
                            detail: string;
                            /** @description Markdown. */
                            documentation: string;
                            /** @description What is replaced: from this byte on, */
                            from: number;
                            /** @description to before this one. */
                            to: number;
                            /** @description By what. */
                            text: string;
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_editor_hover: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description A workflow in YAML, which may be unfinished. */
                    text: string;
                    /** @description How many bytes of the text, in UTF-8, come before the place. */
                    at: number;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        hover: {
                            from: number;
                            to: number;
                            /** @description Markdown. */
                            text: string;
                        } | null;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_editor_picture: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description A workflow in YAML. */
                    text: string;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        picture: components["schemas"]["Picture"] | null;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_generate: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within a day, the same key with the same wish is done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description What is to be done, or with `text` what is to change; up to 4000 bytes. */
                    prompt?: string | null;
                    /** @description A workflow in YAML that is changed; without `prompt` it is mended. */
                    text?: string | null;
                    /** @description What was answered to the questions before, in their order; up to 20. */
                    answers?: string[] | null;
                    /** @description The zone of the times, as `Europe/Berlin`; without it that of the machine. */
                    zone?: string | null;
                    /** @description Ask no model. */
                    offline?: boolean | null;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        kind: "draft" | "question" | "refusal";
                        /** @description The text, of a draft, and of what was mended in part. */
                        yaml?: string;
                        /** @description What has to be known first. */
                        question?: string;
                        /** @description Answers that would do. */
                        choices?: string[];
                        /** @description Why not, and what is near. */
                        reason?: string;
                        /** @description What was taken to be meant. */
                        assumptions: string[];
                        /** @description What it does, and what came of playing it. */
                        explanation: string;
                        /** @description What a run would do, as `keyway plan --json` tells it; null without a draft. */
                        plan: unknown;
                        /** @description What its models would cost, as `models` there. */
                        cost: unknown;
                        /** @description What is open before it can run. */
                        missing: ({
                            what: string;
                            message: string;
                            /** @description The command that helps. */
                            type?: string | null;
                        } & {
                            [key: string]: unknown;
                        })[];
                        /** @description What differs from `text`, as `diff -u` tells it. */
                        diff?: string;
                        /** @description What it does otherwise than `text`. */
                        changes?: {
                            of: string;
                            how: string;
                            name: string;
                        }[];
                        /** @description What mended it. */
                        applied?: ({
                            by: string;
                            title: string;
                        } & {
                            [key: string]: unknown;
                        })[];
                        /** @description What is still wrong with it, as `keyway check --json` tells it. */
                        left?: unknown;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_graph: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description A workflow in YAML. */
                    text: string;
                    /** @description How it is drawn; a picture without. */
                    format?: ("svg" | "mermaid" | "dot" | "text") | null;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        format: "svg" | "mermaid" | "dot" | "text";
                        graph: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_invitations: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        invitations: {
                            id: string;
                            name: string;
                            role: string;
                            by: string;
                            /** Format: date-time */
                            created: string;
                            /** Format: date-time */
                            expires: string;
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_invitations: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description For whom it is meant; whoever has the link can accept it. */
                    name: string;
                    /**
                     * @description No more than one's own.
                     * @enum {string}
                     */
                    role: "owner" | "admin" | "editor" | "viewer";
                };
            };
        };
        responses: {
            /** @description It is made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        name: string;
                        role: string;
                        by: string;
                        /** Format: date-time */
                        created: string;
                        /** Format: date-time */
                        expires: string;
                        /** @description What the link shows; it is told this once. */
                        link: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_invitations_accept: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description What the link shows. */
                    link: string;
                    /** @description What is typed to sign in, such as an address of mail. */
                    name: string;
                    /** @description 12 letters at least. */
                    password: string;
                };
            };
        };
        responses: {
            /** @description It is made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    delete_invitations_by_invitation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                invitation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        removed: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_issuers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        issuers: {
                            /** @description Its name here, which stands in addresses. */
                            issuer: string;
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
        };
    };
    get_issuers_by_issuer_back: {
        parameters: {
            query?: {
                /** @description What the service gives for who signed in. */
                code?: string;
                /** @description What was sent along. */
                state?: string;
                /** @description Who the service says that it is. */
                iss?: string;
                /** @description Why it does not. */
                error?: string;
            };
            header?: never;
            path: {
                issuer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        signed_in: boolean;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_issuers_by_issuer_begin: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                issuer: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description What the link of an invitation shows, where one is accepted. */
                    link?: string | null;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description Where the person goes, in the browser that asked. */
                        address: string;
                        /**
                         * Format: date-time
                         * @description When it is too late to come back.
                         */
                        expires: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_keys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        keys: components["schemas"]["Key"][];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_keys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    provider: string;
                    /** @description The key; no route tells it. */
                    key: string;
                    /** @description What to call it; as the provider without. */
                    name?: string | null;
                    /** @description Where its API begins; the key is sent nowhere else. */
                    base_url?: string | null;
                    api_version?: string | null;
                    /** @description Deployments of Azure, and the models behind them. */
                    deployments?: {
                        [key: string]: string;
                    } | null;
                    /** @description Its place among the keys of its provider; the lowest is taken first. */
                    priority?: number | null;
                };
            };
        };
        responses: {
            /** @description It is made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        stored: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    delete_keys_by_name: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        removed: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_keys_by_name_prefer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        preferred: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_keys_by_name_rotate: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    key: string;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        stored: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_keys_by_name_test: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        name: string;
                        /** @description How it stands from here on. */
                        status: string;
                        /** @description The status of HTTP that the provider answered with. */
                        answered: number;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            502: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_members: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        members: components["schemas"]["Member"][];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    put_members_by_account: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                account: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @enum {string} */
                    role: "owner" | "admin" | "editor" | "viewer";
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Member"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    delete_members_by_account: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        removed: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_openapi_json: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            400: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
        };
    };
    get_orgs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        orgs: components["schemas"]["Space"][];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_orgs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name: string;
                };
            };
        };
        responses: {
            /** @description It is made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Space"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_plan: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description A workflow in YAML. */
                    text: string;
                    /** @description Inputs, so that what depends on them is known. */
                    inputs?: {
                        [key: string]: unknown;
                    } | null;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_providers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        providers: {
                            provider: string;
                            title: string;
                            base_url: string | null;
                            keys: number;
                            working: boolean;
                        }[];
                        summary: components["schemas"]["Summary"];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_runs: {
        parameters: {
            query?: {
                /** @description Only runs that began before this one. */
                before?: string;
                /** @description How many, up to 1000; 100 where nothing is said. */
                limit?: number;
                /** @description Only runs that began then or later: a moment, a day, or a length such as `24h`. */
                since?: string;
                /** @description Only runs that stand like this. */
                status?: "running" | "succeeded" | "failed" | "cancelled";
                /** @description Only runs of this workflow. */
                workflow?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        runs: components["schemas"]["RunListed"][];
                        /** @description Where it is not null, more come `before` it. */
                        next: string | null;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_runs_by_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_runs_by_run_answer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The step that asks; it may be left out where only one does. */
                    step?: string | null;
                    /** @description To a doubt, `yes` means that it happened, `no` that it did not and is done again, `stop` that the step fails. */
                    reply?: ("yes" | "no" | "stop") | null;
                    /** @description Yes, with what was asked for. */
                    value?: unknown;
                    comment?: string | null;
                };
            };
        };
        responses: {
            /** @description It is taken on. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunListed"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_runs_by_run_cancel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description It is taken on. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunListed"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_runs_by_run_differences: {
        parameters: {
            query: {
                /** @description The other run. */
                with: string;
            };
            header?: never;
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description The two runs. */
                        runs: string[];
                        /** @description How many steps both have that do not differ but in how long they took. */
                        same: number;
                        /** @description From the outside inward. */
                        differences: {
                            /** @description Of what: `version`, `inputs.NAME`, `status`, `output`, or a step and what of it. */
                            place: string;
                            /** @description What the two runs have there; null where one has nothing. */
                            values: unknown[];
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_runs_by_run_events: {
        parameters: {
            query?: {
                /** @description Only what came after the one of this number; `last-event-id` says the same. */
                after?: number;
                /** @description How many, up to 1000; 200 where nothing is said. A stream tells all. */
                limit?: number;
            };
            header?: never;
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        events: components["schemas"]["Event"][];
                        /** @description Where it is not null, more come `after` it. */
                        next: number | null;
                    };
                    "text/event-stream": string;
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_runs_by_run_explanation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        run: string;
                        workflow: string;
                        status: string;
                        /** @description Why the run began, stands or ended as it does. */
                        text: string;
                        facts: {
                            [key: string]: unknown;
                        }[];
                        steps: ({
                            step: string;
                            text: string;
                        } & {
                            [key: string]: unknown;
                        })[];
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_runs_by_run_fork: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within a day, the same key with the same wish is done once. */
                "idempotency-key"?: string;
            };
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The steps that are done anew, with what rests on them. */
                    from?: string[] | null;
                    /** @description Other values of steps, by their paths. */
                    set?: {
                        [key: string]: unknown;
                    } | null;
                    /** @description Other inputs; the rest stays. */
                    inputs?: {
                        [key: string]: unknown;
                    } | null;
                };
            };
        };
        responses: {
            /** @description It is made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        run: string;
                        workflow: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_runs_by_run_given: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description Secrets are names here, as everywhere. */
                        inputs: unknown;
                        /** @description What each step was called with, by its path. */
                        steps: {
                            [key: string]: unknown;
                        };
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_runs_by_run_pause: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description It is taken on. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunListed"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_runs_by_run_picture: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        picture: components["schemas"]["Picture"] | null;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_runs_by_run_resume: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description It is taken on. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunListed"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_runs_by_run_retry: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within a day, the same key with the same wish is done once. */
                "idempotency-key"?: string;
            };
            path: {
                run: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description It is made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        run: string;
                        workflow: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_schedules: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        schedules: {
                            workflow: string;
                            schedule: string;
                            enabled: boolean;
                            next: string | null;
                            queued: number;
                            last: components["schemas"]["Told"] | null;
                        }[];
                        service: {
                            /** @description When it looked last for what is late. */
                            looked: string | null;
                            late: string[];
                            found_late: number;
                            trouble: string | null;
                            /** @description The services that are asked again and again. */
                            polls: {
                                workflow: string;
                                trigger: string;
                                /** @description When the service was asked last. */
                                asked: string | null;
                                /** @description When it is asked next; null while it is being asked. */
                                next: string | null;
                            }[];
                        } | null;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_secrets: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        secrets: components["schemas"]["Secret"][];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_secrets: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description As in `secret("NAME")`. */
                    name: string;
                    /** @description What it holds; no route tells it. */
                    value: string;
                    /** @description Where it may be sent; nowhere without. */
                    hosts?: string[] | null;
                    /** @description Calls of webhooks are held against it, and it is sent nowhere. */
                    webhook?: boolean | null;
                };
            };
        };
        responses: {
            /** @description It is made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        stored: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    delete_secrets_by_name: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        removed: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_secrets_by_name_rotate: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    value: string;
                    /** @description Where it may be sent from here on; as before without. */
                    hosts?: string[] | null;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        stored: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_session: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_session: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name: string;
                    password: string;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    delete_session: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        signed_out: boolean;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    put_session_space: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description `local`, or the id of an organisation. */
                    space: string;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_setup: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        needed: boolean;
                    };
                };
            };
            400: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
        };
    };
    post_setup: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description What the link shows. */
                    link: string;
                    /** @description What is typed to sign in, such as an address of mail. */
                    name: string;
                    /** @description 12 letters at least. */
                    password: string;
                };
            };
        };
        responses: {
            /** @description It is made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_signals_by_name: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description Only for this run; else for whoever has listened longest. */
                    run?: string | null;
                    /** @description What it carries. */
                    with?: unknown;
                };
            };
        };
        responses: {
            /** @description It is taken on. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        signal: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_tokens: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        tokens: {
                            name: string;
                            scope: string;
                            /** Format: date-time */
                            created: string;
                            expires: string | null;
                            used: string | null;
                            /** @description Whether it is a person's, and goes no further than they do. */
                            personal: boolean;
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_tokens: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name: string;
                    /** @description How far it goes; `read` without. */
                    scope?: ("ai" | "read" | "run" | "edit" | "admin") | null;
                    /** @description How long it counts, as in `90d`; for ever without. */
                    expires?: string | null;
                };
            };
        };
        responses: {
            /** @description It is made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        name: string;
                        /** @enum {string} */
                        scope: "ai" | "read" | "run" | "edit" | "admin";
                        /** @description The token; it is told this once. */
                        token: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    delete_tokens_by_name: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        removed: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_usage: {
        parameters: {
            query?: {
                /** @description What is counted together; the model without. */
                by?: "day" | "key" | "model" | "owner" | "provider" | "step" | "token" | "workflow";
                /** @description Only what is not older: a moment, a day, or a length such as `24h`. */
                since?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        by: "day" | "key" | "model" | "owner" | "provider" | "step" | "token" | "workflow";
                        /** @description What all cost, as far as it is known. */
                        cost_usd: string;
                        usage: {
                            name: string;
                            calls: number;
                            failed: number;
                            estimated: number;
                            unpriced: number;
                            tokens: {
                                [key: string]: number;
                            };
                            cost_usd: string | null;
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_usage_savings: {
        parameters: {
            query?: {
                /** @description What is counted together; the model without. */
                by?: "day" | "key" | "model" | "owner" | "provider" | "step" | "token" | "workflow";
                /** @description Only what is not older: a moment, a day, or a length such as `24h`. */
                since?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        by: "day" | "key" | "model" | "owner" | "provider" | "step" | "token" | "workflow";
                        savings: {
                            name: string;
                            calls: number;
                            answers: number;
                            /** @description Answers of a model below what the step asks for. */
                            below: number;
                            /** @description Answers that did not fit, and were asked again of a better model. */
                            escalated: number;
                            /** @description Answers that count the same on all sides. */
                            uncompared: number;
                            /** @description Answers from before, by `cache`. */
                            reused: number;
                            reused_unknown: number;
                            reused_saved_usd: string;
                            cost_usd: string;
                            /** @description With the cheapest model that is as good as the step asks. */
                            by_price_alone_usd: string;
                            /** @description With the cheapest of the best grade. */
                            with_the_best_usd: string;
                            saved_beside_price_alone_percent: unknown;
                            saved_beside_the_best_percent: unknown;
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_webhooks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        webhooks: {
                            workflow: string;
                            trigger: string;
                            enabled: boolean;
                            /** @description Whether it has an address; `keyway webhooks show` tells it. */
                            address: boolean;
                            /** @description How far its service was asked, where it is asked. */
                            poll: unknown;
                            /** @description Whether its service knows the address, where it has to be told. */
                            subscription: unknown;
                            /** @description What came last. */
                            last: unknown;
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_workflows: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        workflows: components["schemas"]["Workflow"][];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_workflows: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description A workflow in YAML. It has no folder, so that it reads and writes no files. */
                    text: string;
                    /** @description Only tell what would change. */
                    dry_run?: boolean | null;
                    /** @description Whether its triggers start runs; as before without it, and those of a new one do. */
                    enabled?: boolean | null;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        workflow: string;
                        /** @description The version in force before. */
                        before: number | null;
                        /** @description The version from here on; null where nothing has changed. */
                        version: number | null;
                        enabled: boolean;
                        /** @description Whether anything was changed by this. */
                        deployed: boolean;
                        /** @description What it does otherwise. */
                        changes: {
                            of: string;
                            how: string;
                            name: string;
                        }[];
                        addresses: {
                            trigger: string;
                            url: string;
                        }[];
                    };
                };
            };
            /** @description It is made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        workflow: string;
                        /** @description The version in force before. */
                        before: number | null;
                        /** @description The version from here on; null where nothing has changed. */
                        version: number | null;
                        enabled: boolean;
                        /** @description Whether anything was changed by this. */
                        deployed: boolean;
                        /** @description What it does otherwise. */
                        changes: {
                            of: string;
                            how: string;
                            name: string;
                        }[];
                        addresses: {
                            trigger: string;
                            url: string;
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_workflows_by_name: {
        parameters: {
            query?: {
                /** @description A version; the one in force without. */
                version?: number;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        version: number;
                        /** Format: date-time */
                        deployed: string;
                        by: string;
                        file: string | null;
                        in_force: boolean;
                        workflow: string;
                        enabled: boolean;
                        text: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_workflows_by_name_disable: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        workflow: string;
                        /** @description The version in force before. */
                        before: number | null;
                        /** @description The version from here on; null where nothing has changed. */
                        version: number | null;
                        enabled: boolean;
                        /** @description Whether anything was changed by this. */
                        deployed: boolean;
                        /** @description What it does otherwise. */
                        changes: {
                            of: string;
                            how: string;
                            name: string;
                        }[];
                        addresses: {
                            trigger: string;
                            url: string;
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_workflows_by_name_enable: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        workflow: string;
                        /** @description The version in force before. */
                        before: number | null;
                        /** @description The version from here on; null where nothing has changed. */
                        version: number | null;
                        enabled: boolean;
                        /** @description Whether anything was changed by this. */
                        deployed: boolean;
                        /** @description What it does otherwise. */
                        changes: {
                            of: string;
                            how: string;
                            name: string;
                        }[];
                        addresses: {
                            trigger: string;
                            url: string;
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_workflows_by_name_graph: {
        parameters: {
            query?: {
                /** @description How it is drawn; a picture without. */
                format?: "svg" | "mermaid" | "dot" | "text";
                /** @description A version; the one in force without. */
                version?: number;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        format: "svg" | "mermaid" | "dot" | "text";
                        graph: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_workflows_by_name_plan: {
        parameters: {
            query?: {
                /** @description A version; the one in force without. */
                version?: number;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_workflows_by_name_rollback: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description A version; the one before without. */
                    to?: number | null;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        workflow: string;
                        /** @description The version in force before. */
                        before: number | null;
                        /** @description The version from here on; null where nothing has changed. */
                        version: number | null;
                        enabled: boolean;
                        /** @description Whether anything was changed by this. */
                        deployed: boolean;
                        /** @description What it does otherwise. */
                        changes: {
                            of: string;
                            how: string;
                            name: string;
                        }[];
                        addresses: {
                            trigger: string;
                            url: string;
                        }[];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_workflows_by_name_runs: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within a day, the same key with the same wish is done once. */
                "idempotency-key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The inputs by their names. */
                    inputs?: {
                        [key: string]: unknown;
                    } | null;
                };
            };
        };
        responses: {
            /** @description It is made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        run: string;
                        workflow: string;
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_workflows_by_name_versions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        versions: components["schemas"]["Version"][];
                    };
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_connect_by_connector: {
        parameters: {
            query?: {
                /** @description What the service gives for who signed in. */
                code?: string;
                /** @description What was sent along. */
                state?: string;
                /** @description Who the service says that it is. */
                iss?: string;
                /** @description Why it does not. */
                error?: string;
            };
            header?: never;
            path: {
                connector: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connecting"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            403: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_healthz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        status: "alive";
                    };
                };
            };
            400: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
        };
    };
    get_hooks_by_token: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                token: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            405: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            502: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    post_hooks_by_token: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                token: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description It is taken on. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Refused"];
            404: components["responses"]["Refused"];
            405: components["responses"]["Refused"];
            408: components["responses"]["Refused"];
            409: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            415: components["responses"]["Refused"];
            422: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            502: components["responses"]["Refused"];
            503: components["responses"]["Refused"];
        };
    };
    get_readyz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        status: "ready" | "not_ready";
                        parts: {
                            [key: string]: "well" | "low" | "empty" | "sealed" | "failing" | "unknown";
                        };
                    };
                };
            };
            400: components["responses"]["Refused"];
            413: components["responses"]["Refused"];
            500: components["responses"]["Refused"];
            /** @description It does not work just now. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        status: "ready" | "not_ready";
                        parts: {
                            [key: string]: "well" | "low" | "empty" | "sealed" | "failing" | "unknown";
                        };
                    };
                };
            };
        };
    };
    post_chat_completions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                    "text/event-stream": string;
                };
            };
            400: components["responses"]["Troubled"];
            401: components["responses"]["Troubled"];
            402: components["responses"]["Troubled"];
            403: components["responses"]["Troubled"];
            404: components["responses"]["Troubled"];
            413: components["responses"]["Troubled"];
            429: components["responses"]["Troubled"];
            500: components["responses"]["Troubled"];
            502: components["responses"]["Troubled"];
            503: components["responses"]["Troubled"];
            529: components["responses"]["Troubled"];
        };
    };
    post_embeddings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            400: components["responses"]["Troubled"];
            401: components["responses"]["Troubled"];
            402: components["responses"]["Troubled"];
            403: components["responses"]["Troubled"];
            404: components["responses"]["Troubled"];
            413: components["responses"]["Troubled"];
            429: components["responses"]["Troubled"];
            500: components["responses"]["Troubled"];
            502: components["responses"]["Troubled"];
            503: components["responses"]["Troubled"];
            529: components["responses"]["Troubled"];
        };
    };
    post_messages: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                    "text/event-stream": string;
                };
            };
            400: components["responses"]["Troubled"];
            401: components["responses"]["Troubled"];
            402: components["responses"]["Troubled"];
            403: components["responses"]["Troubled"];
            404: components["responses"]["Troubled"];
            413: components["responses"]["Troubled"];
            429: components["responses"]["Troubled"];
            500: components["responses"]["Troubled"];
            502: components["responses"]["Troubled"];
            503: components["responses"]["Troubled"];
            529: components["responses"]["Troubled"];
        };
    };
    get_models: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            400: components["responses"]["Troubled"];
            401: components["responses"]["Troubled"];
            402: components["responses"]["Troubled"];
            403: components["responses"]["Troubled"];
            404: components["responses"]["Troubled"];
            413: components["responses"]["Troubled"];
            429: components["responses"]["Troubled"];
            500: components["responses"]["Troubled"];
            502: components["responses"]["Troubled"];
            503: components["responses"]["Troubled"];
            529: components["responses"]["Troubled"];
        };
    };
    get_models_by_model: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            400: components["responses"]["Troubled"];
            401: components["responses"]["Troubled"];
            402: components["responses"]["Troubled"];
            403: components["responses"]["Troubled"];
            404: components["responses"]["Troubled"];
            413: components["responses"]["Troubled"];
            429: components["responses"]["Troubled"];
            500: components["responses"]["Troubled"];
            502: components["responses"]["Troubled"];
            503: components["responses"]["Troubled"];
            529: components["responses"]["Troubled"];
        };
    };
}
