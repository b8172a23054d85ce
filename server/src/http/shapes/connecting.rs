//! What connecting an account takes and gives.

use super::*;

pub const CONNECT: Shape = Fields(&[
    perhaps("name", Text, "What to call it; `main` without."),
    perhaps(
        "auth",
        Text,
        "The way to sign in; that of an app that is stored, or the first by keys alone, without.",
    ),
    perhaps("fields", Named(&Text), "What the service asks for, as its page says."),
    perhaps("secrets", Named(&Secret), "What is secret of it; no route tells it."),
    perhaps("scopes", List(&Text), "What to ask for beside what workflows need that are deployed."),
    perhaps("base_url", Text, "Where the service stands, if not where its connector says."),
    perhaps("again", Flag, "Connect it again where it is connected already and works."),
    perhaps("verify", Flag, "Whether the service is asked if it takes what was given; it is without."),
]);
pub const CONNECT_ON: Shape = Fields(&[
    perhaps("answer", Secret, "The address at which the browser ended, where it does not end here."),
    perhaps("chosen", Named(&Text), "What was chosen, by the names of fields."),
]);
const CONNECTING_SHOWN: Known = Known {
    name: "Connecting",
    about: "An account at a service that is connected, or on its way there.",
    shape: Fields(&[
        always("connector", Text, ""),
        always("name", Text, ""),
        always(
            "state",
            Word(&["browser", "choose", "connected", "device", "refused"]),
            "Somebody is to agree in a browser, to choose, or to agree at another device; or it is done, or over.",
        ),
        perhaps("address", Text, "Where somebody agrees."),
        perhaps("code", Text, "What they type there at another device."),
        perhaps("expires", Moment, "When it is too late."),
        perhaps("comes_back_to", Text, "Where the browser ends."),
        perhaps("scopes", List(&Text), "What is asked for, or was given."),
        perhaps("field", Text, "What is to be chosen."),
        perhaps("choices", List(&Fields(&[always("value", Text, ""), always("label", Text, "")])), ""),
        perhaps("account", Text, "What it is called at the service."),
        perhaps("works", Flag, "Whether the service takes it, where it was asked."),
        perhaps("why", Text, "Why it does not."),
    ]),
};
pub const CONNECTING: Shape = Of(&CONNECTING_SHOWN);
const FIELD: Shape = Fields(&[
    always("name", Text, ""),
    always("about", Text, ""),
    always("type", Text, "As it is written in workflows."),
    always("choices", List(&Text), "What there is to choose from; none where anything of the type fits."),
    always("optional", Flag, ""),
    always("default", Any, ""),
]);
const WAY: Shape = Fields(&[
    always("way", Text, "What `auth` names."),
    always("kind", Text, ""),
    always("about", Text, ""),
    always(
        "begins",
        Word(&["alone", "browser", "device", "given"]),
        "What is to be done: nothing more, agreeing in a browser or at another device, or giving what is secret.",
    ),
    always("needs_app", Flag, "Whether somebody has to register an app at the service first."),
    always("app", Maybe(&APP), "The app that is stored, where one is needed."),
    always("fields", List(&FIELD), "What is asked for and not secret."),
    always("secrets", List(&Fields(&[always("name", Text, ""), always("about", Text, "")])), ""),
    always("scopes", List(&Text), "What is asked for in any case."),
]);
const APP: Shape = Fields(&[
    always("comes_back_to", Text, "Where browsers end."),
    always("here", Flag, "Whether that is here."),
]);
const NEED: Shape = Fields(&[
    always("workflow", Text, ""),
    always("connection", Maybe(&Text), "The account that it names."),
    always("scopes", List(&Text), ""),
]);
pub const CONNECTOR: Shape = Fields(&[
    always("connector", Text, ""),
    always("name", Text, ""),
    always("version", Text, ""),
    always("about", Text, ""),
    always("actions", List(&Text), ""),
    always("events", List(&Text), ""),
    always("auth", List(&Text), ""),
    always("docs", Maybe(&Text), ""),
    always("setup", List(&Text), ""),
    always("page", Text, "Its page, as Markdown."),
    always("comes_back_to", Text, "The address to register an app with, so that browsers come back here."),
    always("usual", Maybe(&Text), "The way that is taken where none is named."),
    always("ways", List(&WAY), "How an account is connected."),
    always("needs", List(&NEED), "What deployed workflows need."),
]);
pub const APP_ADD: Shape = Fields(&[
    always("id", Text, "What the service calls the app: its client id."),
    perhaps("secret", Secret, "What the app says to be believed; without it, it has none."),
    perhaps("comes_back_to", Text, "Where browsers end, as the app is registered with it; here without."),
    perhaps(
        "hosts",
        List(&Text),
        "Hosts that the secret may be sent to, beside those that the connector names.",
    ),
]);
