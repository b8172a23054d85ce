//! What tasks do: calls, loops, branches, events, attempts.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Cur, Res, Tasks, duration, jq, signal};
use crate::names::{self, shown};
use crate::ours::{self, Bind, Ex, Sort, plain};
use crate::report::{Kind, Why};
use crate::serverless::{bare, is_made};
use crate::tree::{Entry, Tree};

impl Tasks<'_> {
    pub(super) fn call(&mut self, part: usize, name: &str, what: &str, task: &Value, cur: &Cur) -> Res<Cur> {
        let with = task.get("with").cloned().unwrap_or(Value::Null);
        if what != "http" {
            if let Some(function) = self.root.pointer(&format!("/use/functions/{what}")).cloned() {
                // A function is a task whose input is what it is called with.
                let input = self.said(&with, cur)?;
                let inner = Cur { dot: input.clone(), given: false, input, ..cur.clone() };
                // A function that calls itself has no end.
                if self.depth >= super::DEEPEST {
                    return Err(Why::new(Kind::Flow, "functions within functions that are too deep"));
                }
                self.depth += 1;
                let made = self.act(part, name, &function, &inner);
                self.depth -= 1;
                let made = made?;
                return Ok(Cur { context: cur.context.clone(), ..made });
            }
            let why = match what {
                "openapi" => "a call by OpenAPI: make a connector of the description by `keyway connector import`, and use its action".to_owned(),
                other => format!("a call by `{}`", shown(other)),
            };
            self.parts[part].service = Some(what.to_owned());
            return Err(Why::new(Kind::Service, why));
        }
        let endpoint = with.get("endpoint").cloned().unwrap_or(Value::Null);
        let uri = endpoint.get("uri").unwrap_or(&endpoint).as_str().unwrap_or_default().to_owned();
        let method = with.get("method").and_then(Value::as_str).unwrap_or("get").to_uppercase();
        let mut http = vec![];
        if method != "GET" {
            http.push(Entry::text("method", &*method));
        }
        http.push(Entry::text("url", self.address(&uri, cur)?));
        for (theirs, ours) in [("query", "query"), ("headers", "headers"), ("body", "json")] {
            if let Some(value) = with.get(theirs) {
                http.push(Entry::new(ours, self.tree(value, cur)?));
            }
        }
        if let Some(auth) = endpoint.get("authentication") {
            http.push(Entry::map("auth", self.auth(auth, cur)?));
        }
        if with.get("redirect").and_then(Value::as_bool) != Some(true) {
            http.push(Entry::bare("redirects", 0));
        }
        let headers = with
            .get("headers")
            .filter(|headers| headers.is_object())
            .cloned()
            .unwrap_or(serde_json::json!({}));
        let headers = self.made(&headers, cur)?;
        let step = self.add(part, cur, name, vec![Entry::map("http", http)]);
        let at = |key: &str| Ex::path(format!("steps.{step}.{key}"));
        let dot = match with.get("output").and_then(Value::as_str) {
            None | Some("content") => at("body"),
            Some("response") => {
                let request = ours::object(&[
                    ("method".into(), Ex::literal(&method)),
                    ("uri".into(), at("url")),
                    ("headers".into(), headers),
                ]);
                ours::object(&[
                    ("request".into(), request),
                    ("statusCode".into(), at("status")),
                    ("headers".into(), at("headers")),
                    ("content".into(), at("body")),
                ])
            }
            Some(other) => {
                return Err(Why::new(Kind::Setting, format!("the output `{}` of a call", shown(other))));
            }
        };
        Ok(Cur { dot, given: false, after: [step].into(), ..cur.clone() })
    }

    fn address(&mut self, uri: &str, cur: &Cur) -> Res<String> {
        if is_made(uri) {
            return self.text(bare(uri), cur);
        }
        let mut out = String::new();
        let mut rest = uri;
        while let Some((before, inner)) = rest.split_once('{') {
            let Some((name, after)) = inner.split_once('}') else { break };
            out += &plain(before);
            out += &self.said(&Value::from(format!(".{name}")), cur)?.hole();
            rest = after;
        }
        Ok(out + &plain(rest))
    }

    fn auth(&mut self, auth: &Value, cur: &Cur) -> Res<Vec<Entry>> {
        let named = auth.get("use").and_then(Value::as_str);
        let named = named.and_then(|name| self.root.pointer(&format!("/use/authentications/{name}")));
        let auth = named.unwrap_or(auth).clone();
        let mut say = |value: Option<&Value>, what: &str| -> Res<String> {
            let value = value
                .and_then(Value::as_str)
                .ok_or_else(|| Why::new(Kind::Setting, format!("no {what} to sign in with")))?;
            if is_made(value) {
                return Ok(self.said(&Value::from(value), cur)?.hole());
            }
            let kept = names::secret(&format!(
                "{} {what}",
                self.root.pointer("/document/name").and_then(Value::as_str).unwrap_or("workflow")
            ));
            if what == "user" {
                return Ok(plain(value));
            }
            // What stands in the file is told of, and not copied.
            self.settle.insert(format!("the {what} that stands in the file: `keyway secrets add {kept}`"));
            Ok(format!("{{{{ secret(\"{kept}\") }}}}"))
        };
        let by_secret = |kind: &str| {
            auth.get(kind).and_then(|auth| auth.get("use")).and_then(Value::as_str).map(names::secret)
        };
        if let Some(name) = by_secret("bearer") {
            self.settle.insert(format!("the secret `{name}`: `keyway secrets add {name}`"));
            return Ok(vec![Entry::text("bearer", format!("{{{{ secret(\"{name}\") }}}}"))]);
        }
        if let Some(bearer) = auth.get("bearer") {
            return Ok(vec![Entry::text("bearer", say(bearer.get("token"), "token")?)]);
        }
        if let Some(basic) = auth.get("basic").filter(|basic| basic.get("use").is_none()) {
            let user = Entry::text("user", say(basic.get("username"), "user")?);
            let password = Entry::text("password", say(basic.get("password"), "password")?);
            return Ok(vec![Entry::map("basic", vec![user, password])]);
        }
        Err(Why::new(
            Kind::Setting,
            "signing in by OAuth2, OpenID or a digest: connect an account, and use a connector",
        ))
    }

    pub(super) fn run(&mut self, part: usize, name: &str, run: &Value, cur: &Cur) -> Res<Cur> {
        let Some(workflow) = run.get("workflow") else {
            return Err(Why::new(
                Kind::Code,
                "it runs a container, a script or a shell, which nothing does here",
            ));
        };
        if run.get("await").and_then(Value::as_bool) == Some(false) || run.get("return").is_some() {
            return Err(Why::new(
                Kind::Setting,
                "it does not wait for what it runs, or wants more than its output",
            ));
        }
        let called = workflow.get("name").and_then(Value::as_str).unwrap_or_default();
        let called = names::workflow(called, &mut BTreeSet::new());
        self.settle.insert(format!("the workflow `{called}`, which is called: import it as well"));
        let mut body = vec![Entry::text("call", called)];
        if let Some(Value::Object(input)) = workflow.get("input") {
            let mut with = vec![];
            for (key, value) in input {
                let made = match value {
                    Value::String(text) if text.starts_with('.') => Tree::Text(self.said(value, cur)?.hole()),
                    other => self.tree(other, cur)?,
                };
                with.push(Entry::new(key.clone(), made));
            }
            body.push(Entry::map("with", with));
        }
        let step = self.add(part, cur, name, body);
        Ok(Cur { dot: Ex::path(format!("steps.{step}")), given: false, after: [step].into(), ..cur.clone() })
    }

    /// Tasks of their own steps, as a block has them; gives the steps and where they are left.
    fn inside(&mut self, list: &[Value], entered: Cur) -> Res<(Vec<Entry>, Cur)> {
        let outer = std::mem::take(&mut self.steps);
        let was = std::mem::replace(&mut self.inner, true);
        let out = self.block(list, vec![Cur { guard: None, after: BTreeSet::new(), ..entered }]);
        self.inner = was;
        let steps = std::mem::replace(&mut self.steps, outer);
        let cur = self.join(out).ok_or_else(|| Why::new(Kind::Flow, "nothing comes out of it"))?;
        Ok((steps, cur))
    }

    pub(super) fn loop_over(&mut self, part: usize, name: &str, task: &Value, cur: &Cur) -> Res<Cur> {
        if task.get("while").is_some() {
            return Err(Why::new(Kind::Flow, "a loop that asks before each round whether to go on"));
        }
        let list = self.said(task.pointer("/for/in").unwrap_or(&Value::Null), cur)?;
        let word = |key: &str, default: &str| {
            task.pointer(&format!("/for/{key}")).and_then(Value::as_str).unwrap_or(default).to_owned()
        };
        let made = vec![Entry::map("set", vec![Entry::text("items", list.hole())])];
        let over = self.add(part, cur, &format!("{name} items"), made);
        let items = format!("steps.{over}.items");
        let before = self.vars.clone();
        self.vars.insert(word("each", "item"), Ex::path(format!("{items}[round - 1]")));
        self.vars.insert(word("at", "index"), Ex::new("(round - 1)", Bind::Path, Sort::Number));
        // Each round is given what the one before gave, the first one what the task was given.
        self.whole |= cur.given;
        let dot = Ex::path("last").instead(&cur.dot);
        let body = task.get("do").and_then(Value::as_array).cloned().unwrap_or_default();
        let inner = Cur { dot, given: false, ..cur.clone() };
        let made = self.inside(&body, inner);
        self.vars = before;
        let (steps, end) = made?;
        if end.context != cur.context {
            return Err(Why::new(Kind::Flow, "a loop that changes the context"));
        }
        let some = Ex::new(format!("len({items}) > 0"), Bind::Compare, Sort::Bool);
        let guard = match &cur.guard {
            Some(guard) => guard.and(&some),
            None => some,
        };
        let entered = Cur { guard: Some(guard), after: [over].into(), ..cur.clone() };
        let body = vec![
            Entry::text("repeat", format!("len({items})")),
            Entry::map("steps", steps),
            Entry::text("output", end.dot.hole()),
        ];
        let step = self.add(part, &entered, name, body);
        let dot = Ex::path(format!("steps.{step}")).instead(&cur.dot);
        Ok(Cur { dot, given: false, after: [step].into(), ..cur.clone() })
    }

    pub(super) fn fork(&mut self, _part: usize, fork: &Value, cur: &Cur) -> Res<Cur> {
        if fork.get("compete").and_then(Value::as_bool) == Some(true) {
            return Err(Why::new(Kind::Flow, "branches of which the first one to end wins"));
        }
        let (mut all, mut after) = (vec![], BTreeSet::new());
        for branch in fork.get("branches").and_then(Value::as_array).into_iter().flatten().take(200) {
            let out = self.block(std::slice::from_ref(branch), vec![cur.clone()]);
            let end = self.join(out).ok_or_else(|| Why::new(Kind::Flow, "nothing comes out of a branch"))?;
            all.push(end.dot.text.clone());
            after.extend(end.after);
        }
        let dot = Ex::new(format!("[{}]", all.join(", ")), Bind::Path, Sort::List);
        Ok(Cur { dot, given: false, after, ..cur.clone() })
    }

    pub(super) fn listen(
        &mut self,
        part: usize,
        name: &str,
        listen: &Value,
        task: &Value,
        cur: &Cur,
    ) -> Res<Cur> {
        let to = listen.get("to").unwrap_or(&Value::Null);
        if task.get("foreach").is_some() || to.get("until").is_some() {
            return Err(Why::new(Kind::Flow, "it listens for one event after the other"));
        }
        let read = listen.get("read").and_then(Value::as_str).unwrap_or("data");
        let filters: Vec<&Value> = match (
            to.get("one"),
            to.get("all").and_then(Value::as_array),
            to.get("any").and_then(Value::as_array),
        ) {
            (Some(one), _, _) => vec![one],
            (None, Some(all), _) => all.iter().collect(),
            (None, None, Some(any)) if any.len() == 1 => any.iter().collect(),
            _ => return Err(Why::new(Kind::Flow, "it listens for any of several events")),
        };
        let (mut all, mut after) = (vec![], BTreeSet::new());
        for (at, filter) in filters.iter().enumerate() {
            if filter.get("correlate").is_some() {
                return Err(Why::new(Kind::Flow, "events that belong together by what is in them"));
            }
            let event = signal(filter.get("with").unwrap_or(&Value::Null))?;
            let wish = if at == 0 { name.to_owned() } else { format!("{name} {}", at + 1) };
            let body = vec![Entry::map("wait", vec![Entry::text("signal", event)])];
            let step = self.add(part, cur, &wish, body);
            all.push(if read == "data" { format!("steps.{step}?.data") } else { format!("steps.{step}") });
            after.insert(step);
        }
        let dot = Ex::new(format!("[{}]", all.join(", ")), Bind::Path, Sort::List);
        Ok(Cur { dot, given: false, after, ..cur.clone() })
    }

    pub(super) fn attempt(
        &mut self,
        part: usize,
        name: &str,
        list: &[Value],
        task: &Value,
        cur: &Cur,
    ) -> Res<Cur> {
        let catch = task.get("catch").cloned().unwrap_or(Value::Null);
        let (mut steps, body) = self.inside(list, cur.clone())?;
        let wanted = catch.pointer("/errors/with").and_then(Value::as_object);
        let mut holds = vec![];
        for (key, value) in wanted.into_iter().flatten() {
            holds.push(match (key.as_str(), value) {
                ("status", status) => Ex::path("error?.status").is(&Ex::number(status.to_string())),
                ("type", Value::String(kind)) if kind.ends_with("/communication") => {
                    let kinds = "error.kind in ['network', 'server', 'not_found', 'permission', 'auth', 'invalid', 'conflict', 'rate_limited']";
                    Ex::new(kinds, Bind::Compare, Sort::Bool)
                }
                ("type", Value::String(kind)) if kind.ends_with("/timeout") => Ex::path("error.kind").is(&Ex::literal("timeout")),
                (other, _) => return Err(Why::new(Kind::Flow, format!("it catches by `{}`", shown(other)))),
            });
        }
        if let Some(retry) = catch.get("retry") {
            let named =
                retry.as_str().and_then(|name| self.root.pointer(&format!("/use/retries/{name}"))).cloned();
            if wanted.is_some_and(|wanted| wanted.contains_key("status")) {
                let why = "other statuses of the same kind are tried again as well";
                self.parts[part].person(Why::new(Kind::Flow, why));
            }
            let policy = retried(&named.unwrap_or(retry.clone()), wanted)?;
            let [Entry { value: Tree::Map(only), .. }] = &mut steps[..] else {
                return Err(Why::new(Kind::Flow, "several tasks that are tried again together"));
            };
            only.push(Entry::map("retry", policy));
        }
        let var = catch.get("as").and_then(Value::as_str).unwrap_or("error").to_owned();
        let told = ours::object(&[
            ("type".into(), Ex::path("error.kind")),
            ("status".into(), Ex::path("error.status")),
            ("title".into(), Ex::path("error.message")),
            ("instance".into(), Ex::path("error.step")),
        ]);
        let before = self.vars.insert(var.clone(), told);
        for key in ["when", "exceptWhen"] {
            if let Some(condition) = catch.get(key) {
                let condition = jq::truth(&self.said(condition, cur)?);
                holds.push(if key == "when" { condition } else { condition.not() });
            }
        }
        let mut caught = vec![];
        let holds = holds.into_iter().reduce(|a, b| a.and(&b));
        let mut inner = Cur { guard: None, after: BTreeSet::new(), ..cur.clone() };
        if let Some(holds) = holds {
            let name = names::step(&format!("{name} not caught"), &mut self.taken);
            let entries =
                vec![Entry::text("if", holds.not().text), Entry::text("fail", "{{ error.message }}")];
            caught.push(Entry { part: Some(part), ..Entry::map(&*name, entries) });
            inner.after.insert(name);
        }
        let handler = catch.get("do").and_then(Value::as_array).cloned().unwrap_or_default();
        let outer = std::mem::take(&mut self.steps);
        let was = std::mem::replace(&mut self.inner, true);
        let out = self.block(&handler, vec![inner]);
        self.inner = was;
        caught.extend(std::mem::replace(&mut self.steps, outer));
        match before {
            Some(before) => self.vars.insert(var, before),
            None => self.vars.remove(&var),
        };
        let end = self.join(out).unwrap_or_else(|| cur.clone());
        if end.context != cur.context || body.context != cur.context {
            self.parts[part]
                .person(Why::new(Kind::Flow, "a context that is changed within is not changed outside"));
        }
        let first =
            steps.iter().rev().find_map(|entry| body.after.contains(&entry.key).then(|| entry.key.clone()));
        self.whole |= end.given || body.given;
        let value = match first {
            // What came of the body is there where its last step is.
            Some(step) => Ex::new(format!("steps.{step}"), Bind::Path, Sort::Any).binary(
                "!=",
                &Ex::null(),
                Bind::Compare,
                Sort::Bool,
            ),
            None => Ex::bool(true),
        };
        let soft = |ex: &Ex| {
            if ex.text.starts_with("steps.") && ex.bind == Bind::Path {
                Ex::path(format!("{} ?? null", ex.text))
            } else {
                ex.clone()
            }
        };
        let value = if body.dot == end.dot {
            body.dot.clone()
        } else {
            let there =
                Ex { text: value.text.replace("steps.", "(steps.").replace(" !=", " ?? null) !="), ..value };
            there.choice(&body.dot, &soft(&end.dot))
        };
        let mut entries = vec![Entry::map("try", steps)];
        if caught.is_empty() {
            let name = names::step(&format!("{name} caught"), &mut self.taken);
            caught.push(Entry::map(name, vec![Entry::map("set", vec![Entry::bare("caught", true)])]));
        }
        entries.push(Entry::map("catch", caught));
        entries.push(Entry::text("output", value.hole()));
        let step = self.add(part, cur, name, entries);
        Ok(Cur { dot: Ex::path(format!("steps.{step}")), given: false, after: [step].into(), ..cur.clone() })
    }
}

/// How often something is tried again.
fn retried(policy: &Value, errors: Option<&serde_json::Map<String, Value>>) -> Res<Vec<Entry>> {
    let mut out = vec![];
    let count = policy.pointer("/limit/attempt/count").and_then(Value::as_u64);
    let Some(count) = count else {
        return Err(Why::new(Kind::Flow, "how often it is tried again has no bound"));
    };
    // The count there is of tries again, here of all.
    out.push(Entry::bare("attempts", count.clamp(1, 999) + 1));
    if let Some(delay) = policy.get("delay") {
        out.push(Entry::bare("delay", duration(delay)?));
    }
    let backoff =
        policy.get("backoff").and_then(Value::as_object).and_then(|backoff| backoff.keys().next().cloned());
    match backoff.as_deref() {
        Some("exponential") => out.push(Entry::bare("factor", 2)),
        None | Some("constant") => out.push(Entry::bare("factor", 1)),
        Some(_) => return Err(Why::new(Kind::Setting, "pauses that grow by a fixed length")),
    }
    let kind = match errors.and_then(|errors| errors.get("status")).and_then(Value::as_u64) {
        Some(500..=599) => Some("server"),
        Some(429) => Some("rate_limited"),
        Some(404) => Some("not_found"),
        Some(_) => {
            return Err(Why::new(Kind::Setting, "a status that stands for no kind of failure of its own"));
        }
        None => None,
    };
    out.extend(kind.map(|kind| Entry::new("on", Tree::List(vec![Tree::text(kind)]))));
    if policy.get("when").is_some() || policy.get("exceptWhen").is_some() {
        return Err(Why::new(Kind::Flow, "it is tried again under a condition"));
    }
    Ok(out)
}
