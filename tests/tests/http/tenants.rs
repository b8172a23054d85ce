//! Two owners share a service, and one asks at random, by every route, with the names and ids of the other's things beside its
//! own: it hears nothing of the other, and nothing of the other's is changed.
//!
//! `KEYWAY_TENANTS=10000` asks so often for each pair; docs/measured/attacks.md has the last long run.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use server::http::routes::{Handler, Policy, ROUTES, Route, Takes};
use server::http::{Answer, Ask, Limits, Who};
use server::role::Role;
use server::token::{Scope, Token};
use tests::browser::{Browser, account, accounts};
use tests::chance::Chance;
use tests::web::{Heard, Web, request};

use super::matrix::sample;
use super::served;

/// How often each asks where nothing is said.
const OFTEN: u64 = 1_000;

/// Routes by which nobody's things are asked for, or where looking at passwords takes its time: they are tried elsewhere.
fn is_left_out(route: &Route) -> bool {
    let asks_others = route.says.asks && !route.path.contains("{name}");
    let slow = route.path == "/api/v1/account/password" || route.path == "/api/v1/generate";
    matches!(route.policy, Policy::Public | Policy::Address) || asks_others || slow
}

/// Makes what its path names, where there is none: only own names are given to it.
fn makes(route: &Route) -> bool {
    route.method == "POST"
        && ["/api/v1/signals/{name}", "/api/v1/connections/{connector}", "/api/v1/connectors/{connector}/app"]
            .contains(&route.path)
}

/// An owner with something of everything, each named by one word.
struct Tenant {
    space: String,
    word: &'static str,
    person: server::accounts::Account,
    run: String,
    /// Names and ids that may stand in an address: of runs, and of the rest.
    ids: Vec<String>,
    names: Vec<String>,
    /// The latest token, and how many there were.
    token: (Token, u32),
}

impl Tenant {
    fn new(web: &Web, word: &'static str, space: Option<&str>) -> Tenant {
        // Who makes an organisation has a seat at `local`, which is told there: so that is somebody without a word.
        let space = space.map_or_else(
            || {
                let founder = account(web, "local", &format!("founder-{}", word.len()), Role::Owner);
                let made = accounts(web).organise((&founder.id, &founder.name), &founder.name, "paid");
                made.expect("a free name")
            },
            str::to_owned,
        );
        let person = account(web, &space, &format!("{word}-boss"), Role::Owner);
        let token = web.token(&space, &format!("{word}-first"), Scope::Admin, None);
        let post = |path: &str, body: Value| {
            let heard = web.ask(request("POST", path, Some(token.expose()), Some(&body.to_string())));
            assert_eq!(heard.status, 201, "{path}: {heard:?}");
        };
        let big = word.to_uppercase();
        post(
            "/api/v1/secrets",
            json!({ "name": big, "value": "of nobody", "hosts": [format!("{word}.example")] }),
        );
        post(
            "/api/v1/keys",
            json!({ "provider": "openai", "name": format!("{word}-key"), "key": "sk-of-nobody-0123456789" }),
        );
        let budget = json!({ "of": "owner", "amount": "5", "currency": "USD" });
        let _ = web.ask(request("PUT", "/api/v1/budgets", Some(token.expose()), Some(&budget.to_string())));
        let text = format!(
            "name: {word}-flow\nsteps:\n  a: {{ set: {{ kept: \"{word} inside\" }} }}\n  \
             b: {{ after: [a], approve: {{ message: \"{word} asks\", timeout: 1d }} }}\n"
        );
        let run = web.start_for(&space, &text);
        if space == "local" {
            web.deploy(&text);
        }
        let guest = account(web, &space, &format!("{word}-guest"), Role::Viewer);
        let who = server::vault::Who { owner: &space, actor: "test" };
        let invited =
            accounts(web).invite(who, None, (&format!("{word}-friend"), Role::Viewer)).expect("it may");
        Tenant {
            ids: vec![run.clone(), person.id.clone(), guest.id, invited.link.id, space.clone()],
            names: vec![
                big,
                format!("{word}-key"),
                format!("{word}-first"),
                format!("{word}-flow"),
                person.name.clone(),
            ],
            token: (token, 0),
            space,
            word,
            person,
            run,
        }
    }

    /// What it sees of its own, but for what time and use change.
    fn sees(&self, web: &Web) -> BTreeMap<&'static str, Value> {
        let browser = self.browser(web);
        let lists = [
            "approvals",
            "budgets",
            "invitations",
            "keys",
            "members",
            "runs",
            "secrets",
            "tokens",
            "workflows",
        ];
        let seen = lists.map(|list| {
            let heard = web.ask(browser.request("GET", &format!("/api/v1/{list}"), None));
            assert_eq!(heard.status, 200, "{list}: {heard:?}");
            let mut body: Value = serde_json::from_str(&heard.body).expect("JSON");
            forget(&mut body);
            (list, body)
        });
        let mut all: BTreeMap<_, _> = seen.into();
        let run = web.ask(browser.request("GET", &format!("/api/v1/runs/{}", self.run), None));
        all.insert("run", serde_json::from_str(&run.body).expect("JSON"));
        all
    }

    fn browser(&self, web: &Web) -> Browser {
        let browser = Browser::of(web, &self.person);
        let body = json!({ "space": self.space }).to_string();
        let moved = web.ask(browser.request("PUT", "/api/v1/session/space", Some(&body)));
        assert_eq!(moved.status, 200, "{moved:?}");
        browser
    }

    fn pick(&self, chance: &mut Chance, of_ids: bool) -> String {
        let from = if of_ids { &self.ids } else { &self.names };
        from[usize::try_from(chance.below(from.len() as u64)).expect("few")].clone()
    }
}

/// Takes out what says when something was used.
fn forget(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !["used", "seen", "as_of"].contains(&name.as_str()));
            fields.values_mut().for_each(forget);
        }
        Value::Array(items) => items.iter_mut().for_each(forget),
        _ => {}
    }
}

/// A request, and what of the other's was named in it.
struct Wish {
    path: String,
    body: Option<String>,
    named: Vec<String>,
    /// The address names something of the other's.
    reaches: bool,
}

fn wish(chance: &mut Chance, route: &Route, (own, other): (&Tenant, &Tenant)) -> Wish {
    let mut wish = Wish { path: String::new(), body: None, named: vec![], reaches: false };
    let mut parts = vec![];
    for part in route.path.split('/') {
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
            parts.push(part.to_owned());
            continue;
        };
        let of_ids = ["run", "account", "invitation"].contains(&name);
        let value = match name {
            "connector" => "slack".to_owned(),
            "issuer" => "none".to_owned(),
            "model" => "compatible%2Fm".to_owned(),
            // Its own run goes on, so that there is something to be asked for to the end.
            _ if !makes(route) && (chance.percent(75) || route.method != "GET") => {
                wish.reaches = true;
                let value = if name == "run" { other.run.clone() } else { other.pick(chance, of_ids) };
                wish.named.push(value.clone());
                value
            }
            "run" => own.run.clone(),
            _ => own.pick(chance, of_ids),
        };
        parts.push(value.replace('@', "%40"));
    }
    wish.path = parts.join("/");
    let mut query = vec![];
    for field in route.says.query {
        if chance.percent(60) {
            continue;
        }
        let of_ids = chance.percent(60);
        let value = other.pick(chance, of_ids);
        wish.named.push(value.clone());
        query.push(format!("{}={}", field.name, value.replace('@', "%40")));
    }
    if !query.is_empty() {
        wish.path += &format!("?{}", query.join("&"));
    }
    wish.body = sample(route);
    // Ids alone: what is made under a name is told under it.
    if let Some(body) = wish.body.as_deref().filter(|_| chance.percent(50)) {
        let mut body: Value = serde_json::from_str(body).expect("JSON");
        for field in body.as_object_mut().into_iter().flat_map(|fields| fields.iter_mut()) {
            if let (name, Value::String(text)) = field
                && name != "text"
                && chance.percent(50)
            {
                *text = other.pick(chance, true);
            }
        }
        wish.reaches |= route.path == "/api/v1/session/space" && body["space"] == other.space;
        wish.body = Some(body.to_string());
    }
    wish
}

/// One asks so often; gives what it heard of the other, and how often it was let in and was not.
fn asks(web: &Web, seed: u64, often: u64, (own, other): (&mut Tenant, &Tenant)) -> (Vec<String>, [u64; 2]) {
    let (mut chance, mut faults, mut counted) = (Chance::new(seed), vec![], [0; 2]);
    let routes: Vec<&Route> = ROUTES.iter().filter(|route| !is_left_out(route)).collect();
    let mut browser = own.browser(web);
    for _ in 0..often {
        let route = routes[usize::try_from(chance.below(routes.len() as u64)).expect("few")];
        let wish = wish(&mut chance, route, (own, other));
        let by_token = matches!(route.policy, Policy::Token(_)) && chance.percent(50);
        let ask = |browser: &Browser, token: &Token| -> Heard {
            web.ask(match by_token {
                true => request(route.method, &wish.path, Some(token.expose()), wish.body.as_deref()),
                false => browser.request(route.method, &wish.path, wish.body.as_deref()),
            })
        };
        let mut heard = ask(&browser, &own.token.0);
        if heard.status == 401 {
            // It has taken away by what it was let in.
            browser = own.browser(web);
            own.token.1 += 1;
            let name = format!("{}-{}", own.word, own.token.1);
            own.token.0 = web.token(&own.space, &name, Scope::Admin, None);
            heard = ask(&browser, &own.token.0);
        }
        let Heard { status, body, .. } = &heard;
        let what = || format!("{} {}: {status} {}", route.method, wish.path, body.trim());
        counted[usize::from(*status >= 400)] += 1;
        if *status >= 500 {
            faults.push(format!("it breaks off: {}", what()));
        }
        // What it said itself may be said back.
        let named = wish.named.iter().map(|named| named.to_lowercase());
        let told = named.fold(body.to_lowercase(), |told, named| told.replace(&named, "…"));
        // Accounts belong to the installation: what concerns them alone is told at `local`.
        let of_accounts = own.space == "local" && route.path == "/api/v1/audit";
        if told.contains(other.word) && !of_accounts {
            faults.push(format!("it tells of the other: {}", what()));
        }
        if wish.reaches && *status < 400 {
            faults.push(format!("it reaches the other's: {}", what()));
        }
    }
    (faults, counted)
}

/// Two owners of organisations and the local one; who asks beside whom is said by their places.
fn faults(table: &'static [Route], pairs: &[(usize, usize)]) -> Vec<String> {
    let often = std::env::var("KEYWAY_TENANTS").ok().and_then(|text| text.parse().ok()).unwrap_or(OFTEN);
    let (_, seed) = Chance::from_env("KEYWAY_SEED");
    println!("seed {seed}");
    let web = served(table, Limits { rate: 1_000_000, burst: 1_000_000, ..Limits::default() });
    let mut all = vec![
        Tenant::new(&web, "aardvark", Some("local")),
        Tenant::new(&web, "buffalo", None),
        Tenant::new(&web, "capybaras", None),
    ];
    let mut found = vec![];
    for &(own, other) in pairs {
        let before = all[other].sees(&web);
        let mut asking = all.remove(own);
        let at = if other > own { other - 1 } else { other };
        let (faults, [in_, out]) = asks(&web, seed, often, (&mut asking, &all[at]));
        println!("{} beside {}: let in {in_} times, refused {out} times", asking.word, all[at].word);
        assert!(in_ > often / 10 && out > often / 10, "it asks for what there is and for what there is not");
        all.insert(own, asking);
        found.extend(faults);
        for (list, seen) in all[other].sees(&web) {
            if before[list] != seen {
                found.push(format!("of the other {list} are changed: {} is now {seen}", before[list]));
            }
        }
    }
    found
}

#[test]
fn one_owner_hears_nothing_of_another_and_changes_nothing() {
    let found = faults(ROUTES, &[(1, 0), (1, 2), (2, 1), (0, 2)]);
    assert!(found.is_empty(), "{} times, first {:#?}", found.len(), &found[..found.len().min(5)]);
}

/// Asks in the name of the local owner, whoever it is.
fn unscoped(ask: &Ask<'_>, (method, path): (&str, &str)) -> Result<Answer, server::http::Refusal> {
    let route = ROUTES.iter().find(|route| (route.method, route.path) == (method, path));
    let Some(Handler::Blocks(handler)) = route.map(|route| route.handler) else { panic!("there is none") };
    let who = Who { owner: "local".into(), ..ask.who.clone() };
    let mut forged = Ask { house: ask.house, who, said: Default::default() };
    forged.said.path.clone_from(&ask.said.path);
    handler(&forged)
}

/// Handlers that forget to look for whom they act.
const FORGETFUL: &[(&str, &str, Handler)] = &[
    ("GET", "/api/v1/secrets", Handler::Blocks(|ask| unscoped(ask, ("GET", "/api/v1/secrets")))),
    ("GET", "/api/v1/runs/{run}", Handler::Blocks(|ask| unscoped(ask, ("GET", "/api/v1/runs/{run}")))),
    (
        "DELETE",
        "/api/v1/keys/{name}",
        Handler::Blocks(|ask| unscoped(ask, ("DELETE", "/api/v1/keys/{name}"))),
    ),
];

#[test]
fn a_handler_that_forgets_for_whom_it_acts_is_seen() {
    for (method, path, handler) in FORGETFUL {
        let mut table = ROUTES.to_vec();
        let route = table.iter_mut().find(|route| (route.method, route.path) == (*method, *path));
        let route = route.expect("a route of the table");
        route.handler = *handler;
        assert!(route.takes == Takes::Nothing);
        let found = faults(Vec::leak(table), &[(1, 0)]);
        let begin = path.split('{').next().expect("a path");
        assert!(found.iter().any(|fault| fault.contains(begin)), "{method} {path} is not seen: {found:#?}");
    }
}
