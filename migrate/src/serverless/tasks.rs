//! The tasks of a workflow, one after the other, as steps.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{bare, is_made, jq};
use crate::finish::{placeholder, unread};
use crate::names::{self, shown};
use crate::ours::{self, Bind, Ex, Sort, plain};
use crate::report::{Kind, Part, Why};
use crate::tree::{Entry, Tree};

type Res<T> = Result<T, Why>;

/// Where the flow is: what the next task is given, and under which condition it is reached.
#[derive(Clone, Debug)]
pub struct Cur {
    pub dot: Ex,
    /// True where `.` is the workflow's own input.
    pub given: bool,
    /// What the task at hand was given.
    pub input: Ex,
    pub output: Option<Ex>,
    pub context: Ex,
    pub guard: Option<Ex>,
    pub after: BTreeSet<String>,
}

impl Cur {
    pub fn start() -> Cur {
        let inputs = Ex::new("inputs", Bind::Path, Sort::Object);
        Cur { dot: inputs.clone(), given: true, input: inputs, output: None, context: Ex::null(), guard: None, after: BTreeSet::new() }
    }
}

/// A workflow's tasks while steps are made of them.
pub struct Tasks<'a> {
    root: &'a Value,
    pub steps: Vec<Entry>,
    pub parts: Vec<Part>,
    pub vars: BTreeMap<String, Ex>,
    pub inputs: BTreeSet<String>,
    pub settle: BTreeSet<String>,
    pub whole: bool,
    /// True if an event starts the workflow.
    pub event: bool,
    /// Where the workflow ends.
    pub ends: Vec<Cur>,
    taken: BTreeSet<String>,
    depth: usize,
    /// True within a block, which the workflow's end cannot be reached from.
    inner: bool,
}

impl<'a> Tasks<'a> {
    pub fn new(root: &'a Value) -> Tasks<'a> {
        Tasks {
            root,
            steps: vec![],
            parts: vec![],
            vars: BTreeMap::new(),
            inputs: BTreeSet::new(),
            settle: BTreeSet::new(),
            whole: false,
            event: false,
            ends: vec![],
            taken: BTreeSet::new(),
            depth: 0,
            inner: false,
        }
    }

    /// Does something whose reason not to be told goes to a part.
    pub fn within(&mut self, part: usize, cur: &mut Cur, make: impl FnOnce(&mut Self, &mut Cur) -> Res<()>) {
        if let Err(why) = make(self, cur) {
            self.parts[part].person(why);
        }
    }

    /// The tasks of a list, from where they are entered; what falls out at their end is among `ends` where `inner` is not.
    pub fn list(&mut self, list: &[Value], entered: Vec<Cur>, _part: usize) {
        let out = self.block(list, entered);
        self.ends.extend(out);
    }

    /// The tasks of a list; gives where it is left.
    pub fn block(&mut self, list: &[Value], entered: Vec<Cur>) -> Vec<Cur> {
        let tasks: Vec<(&String, &Value)> =
            list.iter().filter_map(|entry| entry.as_object()?.iter().next()).take(crate::MOST_NODES).collect();
        let first = self.parts.len();
        for (name, task) in &tasks {
            self.parts.push(Part::new(names::shown(name), kind_of(task)));
        }
        self.depth += 1;
        if self.depth > 20 {
            for part in &mut self.parts[first..] {
                part.lost(Why::new(Kind::Flow, "blocks within blocks that are too deep"));
            }
            self.depth -= 1;
            return entered;
        }
        let mut waiting: BTreeMap<usize, Vec<Cur>> = BTreeMap::from([(0, entered)]);
        let mut out: Vec<Cur> = vec![];
        let mut open: BTreeSet<usize> = (0..tasks.len()).collect();
        if tasks.is_empty() {
            out = waiting.remove(&0).unwrap_or_default();
        }
        while let Some(at) = next(&open, &tasks) {
            open.remove(&at);
            let incoming = waiting.remove(&at).unwrap_or_default();
            let Some(cur) = self.join(incoming) else {
                self.parts[first + at].works = false;
                continue;
            };
            let (name, task) = tasks[at];
            for (target, cur) in self.task(first + at, name, task, cur) {
                let target = target.as_deref().unwrap_or("continue");
                match target {
                    "continue" if at + 1 < tasks.len() => self.go(&mut waiting, &open, at + 1, cur, first + at),
                    "continue" | "exit" => out.push(cur),
                    "end" if self.inner => {
                        self.parts[first + at].person(Why::new(Kind::Flow, "it ends the workflow from within a block"));
                        out.push(cur);
                    }
                    "end" => self.ends.push(cur),
                    target => match tasks.iter().position(|(name, _)| *name == target) {
                        Some(to) => self.go(&mut waiting, &open, to, cur, first + at),
                        None => {
                            let why = format!("there is no task `{}` to go to", shown(target));
                            self.parts[first + at].lost(Why::new(Kind::Flow, why));
                            out.push(cur);
                        }
                    },
                }
            }
        }
        self.depth -= 1;
        out
    }

    fn go(&mut self, waiting: &mut BTreeMap<usize, Vec<Cur>>, open: &BTreeSet<usize>, to: usize, cur: Cur, part: usize) {
        if open.contains(&to) {
            waiting.entry(to).or_default().push(cur);
        } else {
            self.parts[part].lost(Why::new(Kind::Flow, "it goes back to a task before it"));
        }
    }

    /// What is the case where several ways meet.
    pub fn join(&mut self, all: Vec<Cur>) -> Option<Cur> {
        all.into_iter().reduce(|a, b| {
            let guard = match (&a.guard, &b.guard) {
                (Some(one), Some(other)) => Some(one.or(other)),
                _ => None,
            };
            let pick = |one: &Ex, other: &Ex| match (&a.guard, one == other) {
                (_, true) => one.clone(),
                (Some(guard), _) => guard.choice(one, other),
                (None, _) => match &b.guard {
                    Some(guard) => guard.choice(other, one),
                    None => one.instead(other),
                },
            };
            Cur {
                dot: pick(&a.dot, &b.dot),
                given: a.given && b.given,
                input: pick(&a.input, &b.input),
                output: None,
                context: pick(&a.context, &b.context),
                guard,
                after: a.after.union(&b.after).cloned().collect(),
            }
        })
    }

    /// Adds a step and gives its name.
    fn add(&mut self, part: usize, cur: &Cur, wish: &str, body: Vec<Entry>) -> String {
        let name = names::step(wish, &mut self.taken);
        let mut all = vec![];
        if let Some(guard) = &cur.guard {
            all.push(Entry::text("if", &*guard.text));
        }
        all.extend(body);
        let missing = unread(&all, &cur.after);
        if !missing.is_empty() {
            all.insert(0, Entry::new("after", Tree::List(missing.into_iter().map(Tree::Text).collect())));
        }
        self.parts[part].step.get_or_insert_with(|| name.clone());
        self.steps.push(Entry { part: Some(part), ..Entry::map(&*name, all) });
        name
    }

    /// One task; gives where to go on from it, with the names of targets.
    fn task(&mut self, part: usize, name: &str, task: &Value, cur: Cur) -> Vec<(Option<String>, Cur)> {
        let before = cur.clone();
        match self.tried(part, name, task, cur) {
            Ok(out) => out,
            Err(why) => {
                self.parts[part].lost(why.clone());
                let body = vec![placeholder(&self.parts[part], &why.text)];
                let step = self.add(part, &before, name, body);
                let cur = Cur { after: [step.clone()].into(), dot: Ex::path(format!("steps.{step}")), given: false, ..before };
                vec![(target(task), cur)]
            }
        }
    }

    fn tried(&mut self, part: usize, name: &str, task: &Value, mut cur: Cur) -> Res<Vec<(Option<String>, Cur)>> {
        let then = target(task);
        let entered = cur.clone();
        let mut skipped = None;
        if let Some(condition) = task.get("if") {
            let condition = jq::truth(&self.said(condition, &cur)?);
            let own = if then.is_some() || task.get("switch").is_some() || task.get("do").is_some() {
                // Where the way parts, whether it is taken is said once.
                let body = vec![Entry::map("set", vec![Entry::text("holds", condition.hole())])];
                let step = self.add(part, &cur, &format!("{name} if"), body);
                cur.after = [step.clone()].into();
                let taken = Ex::path(format!("steps.{step}?.holds"));
                let mut other = Cur { after: [step].into(), ..entered.clone() };
                other.guard = Some(taken.is(&Ex::bool(false)));
                skipped = Some(other);
                taken.is(&Ex::bool(true))
            } else {
                condition
            };
            cur.guard = Some(match &cur.guard {
                Some(guard) if skipped.is_none() => guard.and(&own),
                _ => own,
            });
        }
        cur.input = cur.dot.clone();
        if let Some(from) = task.pointer("/input/from") {
            (cur.dot, cur.given) = (self.said(from, &cur)?, false);
            cur.input = cur.dot.clone();
        }
        if task.pointer("/input/schema").is_some() || task.pointer("/output/schema").is_some() {
            self.parts[part].person(Why::new(Kind::Setting, "a schema of what a task is given or gives is not held"));
        }
        if let Some(cases) = task.get("switch") {
            let mut out = self.switch(part, name, cases, &cur, then)?;
            out.extend(skipped.map(|cur| (None, cur)));
            return Ok(out);
        }
        let count = self.steps.len();
        let mut done = self.act(part, name, task, &cur)?;
        if let Some(after) = task.pointer("/timeout/after") {
            let length = duration(after)?;
            if let Some(Entry { value: Tree::Map(body), .. }) = self.steps.get_mut(count) {
                body.push(Entry::bare("timeout", length));
            }
        }
        done.output = Some(done.dot.clone());
        done.input = cur.input.clone();
        if let Some(made) = task.pointer("/output/as") {
            (done.dot, done.given) = (self.said(made, &done)?, false);
            done.output = Some(done.dot.clone());
        }
        if let Some(made) = task.pointer("/export/as") {
            done.context = self.said(made, &done)?;
        }
        if task.get("if").is_some() && skipped.is_none() {
            // A step that was skipped is null, and then what came in goes on.
            let ran = cur.guard.clone().unwrap_or_else(|| Ex::bool(true));
            done.dot = if done.dot == entered.dot { done.dot } else { ran.choice(&done.dot, &entered.dot) };
            done.context = if done.context == entered.context { done.context } else { ran.choice(&done.context, &entered.context) };
            done.given &= entered.given;
            done.guard = entered.guard.clone();
        }
        let mut out = vec![(then, done)];
        out.extend(skipped.map(|cur| (None, cur)));
        Ok(out)
    }

    fn switch(&mut self, part: usize, name: &str, cases: &Value, cur: &Cur, then: Option<String>) -> Res<Vec<(Option<String>, Cur)>> {
        let mut conditions = vec![];
        let mut default = then;
        for case in cases.as_array().into_iter().flatten().take(200) {
            let Some((_, case)) = case.as_object().and_then(|case| case.iter().next()) else { continue };
            match case.get("when") {
                Some(when) => conditions.push((jq::truth(&self.said(when, cur)?), target(case))),
                None => default = target(case),
            }
        }
        let mut way = Ex::number("-1");
        for (at, (condition, _)) in conditions.iter().enumerate().rev() {
            way = condition.choice(&Ex::number(at.to_string()), &way);
        }
        let body = vec![Entry::map("set", vec![Entry::text("way", way.hole())])];
        let step = self.add(part, cur, name, body);
        let mut out = vec![];
        for (at, target) in conditions.iter().map(|(_, target)| target.clone()).chain([default]).enumerate() {
            let at = if at == conditions.len() { "-1".to_owned() } else { at.to_string() };
            let head = if cur.guard.is_some() { "?" } else { "" };
            let guard = Ex::path(format!("steps.{step}{head}.way")).is(&Ex::number(at));
            out.push((target, Cur { guard: Some(guard), after: [step.clone()].into(), ..cur.clone() }));
        }
        Ok(out)
    }

    /// What a task does; gives what comes of it.
    fn act(&mut self, part: usize, name: &str, task: &Value, cur: &Cur) -> Res<Cur> {
        let after = |step: String, dot: Ex| Cur { dot, given: false, after: [step].into(), ..cur.clone() };
        if let Some(values) = task.get("set") {
            let body = match values {
                Value::Object(fields) => self.entries(fields, cur)?,
                other => {
                    let made = self.said(other, cur)?;
                    let step = self.add(part, cur, name, vec![Entry::map("set", vec![Entry::text("value", made.hole())])]);
                    return Ok(after(step.clone(), Ex::path(format!("steps.{step}.value"))));
                }
            };
            let step = self.add(part, cur, name, vec![Entry::map("set", body)]);
            return Ok(after(step.clone(), Ex::path(format!("steps.{step}"))));
        }
        if let Some(what) = task.get("call").and_then(Value::as_str) {
            return self.call(part, name, what, task, cur);
        }
        if task.get("for").is_some() {
            return self.loop_over(part, name, task, cur);
        }
        if let Some(list) = task.get("do").and_then(Value::as_array) {
            let out = self.block(list, vec![cur.clone()]);
            return self.join(out).ok_or_else(|| Why::new(Kind::Flow, "nothing comes out of it"));
        }
        if let Some(fork) = task.get("fork") {
            return self.fork(part, fork, cur);
        }
        if let Some(wait) = task.get("wait") {
            let step = self.add(part, cur, name, vec![Entry::bare("wait", duration(wait)?)]);
            return Ok(Cur { after: [step].into(), ..cur.clone() });
        }
        if let Some(event) = task.pointer("/emit/event/with") {
            let name_of = signal(event)?;
            let mut fields = vec![
                Entry::text("id", "{{ uuid() }}"),
                Entry::text("specversion", "1.0"),
                Entry::text("time", "{{ now() }}"),
            ];
            for (key, value) in event.as_object().into_iter().flatten() {
                let value = self.tree(value, cur)?;
                fields.retain(|entry| entry.key != *key);
                fields.push(Entry::new(key.clone(), value));
            }
            let made = self.add(part, cur, &format!("{name} event"), vec![Entry::map("set", fields)]);
            let next = Cur { after: [made.clone()].into(), ..cur.clone() };
            let with = Entry::text("with", format!("{{{{ steps.{made} }}}}"));
            let body = vec![Entry::map("emit", vec![Entry::text("signal", name_of), with])];
            let step = self.add(part, &next, name, body);
            return Ok(after(step, Ex::path(format!("steps.{made}"))));
        }
        if let Some(listen) = task.get("listen") {
            return self.listen(part, name, listen, task, cur);
        }
        if let Some(error) = task.pointer("/raise/error") {
            let named = error.as_str().and_then(|name| self.root.pointer(&format!("/use/errors/{name}")));
            let error = named.unwrap_or(error);
            let mut text = String::new();
            for key in ["title", "detail"] {
                if let Some(said) = error.get(key).and_then(Value::as_str) {
                    let said = if is_made(said) { self.text(bare(said), cur)? } else { plain(said) };
                    text += if text.is_empty() { "" } else { ": " };
                    text += &said;
                }
            }
            let step = self.add(part, cur, name, vec![Entry::text("fail", if text.is_empty() { "failed".into() } else { text })]);
            self.parts[part].person(Why::new(Kind::Flow, "a failure has a message, and no type and no status of its own"));
            return Ok(after(step.clone(), Ex::path(format!("steps.{step}"))));
        }
        if let Some(run) = task.get("run") {
            return self.run(part, name, run, cur);
        }
        if let Some(list) = task.get("try").and_then(Value::as_array) {
            return self.attempt(part, name, list, task, cur);
        }
        Err(Why::new(Kind::Setting, "a kind of task that is not known"))
    }

    /// A text of which parts are made.
    fn text(&mut self, code: &str, cur: &Cur) -> Res<String> {
        let code = code.replace("$workflow.definition.document.name", ".__name").replace("$workflow.definition.document.version", ".__version");
        let mut around = self.around(cur);
        let document = |key: &str| self.root.pointer(&format!("/document/{key}")).and_then(Value::as_str).unwrap_or_default();
        let (name, version) = (document("name").to_owned(), document("version").to_owned());
        let made = jq::template(&code, &mut around)?;
        around.inputs.retain(|name| !name.starts_with("__"));
        self.keep(around);
        match made {
            Some(text) => Ok(text.replace("{{ inputs.__name }}", &plain(&name)).replace("{{ inputs.__version }}", &plain(&version))),
            None => Ok(self.said(&Value::from(code), cur)?.hole_in_text()),
        }
    }

    fn call(&mut self, part: usize, name: &str, what: &str, task: &Value, cur: &Cur) -> Res<Cur> {
        let with = task.get("with").cloned().unwrap_or(Value::Null);
        if what != "http" {
            if let Some(function) = self.root.pointer(&format!("/use/functions/{what}")).cloned() {
                // A function is a task whose input is what it is called with.
                let input = self.said(&with, cur)?;
                let inner = Cur { dot: input.clone(), given: false, input, ..cur.clone() };
                let made = self.act(part, name, &function, &inner)?;
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
        let headers = with.get("headers").filter(|headers| headers.is_object()).cloned().unwrap_or(serde_json::json!({}));
        let headers = self.made(&headers, cur)?;
        let step = self.add(part, cur, name, vec![Entry::map("http", http)]);
        let at = |key: &str| Ex::path(format!("steps.{step}.{key}"));
        let dot = match with.get("output").and_then(Value::as_str) {
            None | Some("content") => at("body"),
            Some("response") => {
                let request = ours::object(&[("method".into(), Ex::literal(&method)), ("uri".into(), at("url")), ("headers".into(), headers)]);
                ours::object(&[
                    ("request".into(), request),
                    ("statusCode".into(), at("status")),
                    ("headers".into(), at("headers")),
                    ("content".into(), at("body")),
                ])
            }
            Some(other) => return Err(Why::new(Kind::Setting, format!("the output `{}` of a call", shown(other)))),
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
            let value = value.and_then(Value::as_str).ok_or_else(|| Why::new(Kind::Setting, format!("no {what} to sign in with")))?;
            if is_made(value) {
                return Ok(self.said(&Value::from(value), cur)?.hole());
            }
            let kept = names::secret(&format!("{} {what}", self.root.pointer("/document/name").and_then(Value::as_str).unwrap_or("workflow")));
            if what == "user" {
                return Ok(plain(value));
            }
            // What stands in the file is told of, and not copied.
            self.settle.insert(format!("the {what} that stands in the file: `keyway secrets add {kept}`"));
            Ok(format!("{{{{ secret(\"{kept}\") }}}}"))
        };
        let by_secret = |kind: &str| auth.get(kind).and_then(|auth| auth.get("use")).and_then(Value::as_str).map(names::secret);
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
        Err(Why::new(Kind::Setting, "signing in by OAuth2, OpenID or a digest: connect an account, and use a connector"))
    }

    fn run(&mut self, part: usize, name: &str, run: &Value, cur: &Cur) -> Res<Cur> {
        let Some(workflow) = run.get("workflow") else {
            return Err(Why::new(Kind::Code, "it runs a container, a script or a shell, which nothing does here"));
        };
        if run.get("await").and_then(Value::as_bool) == Some(false) || run.get("return").is_some() {
            return Err(Why::new(Kind::Setting, "it does not wait for what it runs, or wants more than its output"));
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

    fn loop_over(&mut self, part: usize, name: &str, task: &Value, cur: &Cur) -> Res<Cur> {
        if task.get("while").is_some() {
            return Err(Why::new(Kind::Flow, "a loop that asks before each round whether to go on"));
        }
        let list = self.said(task.pointer("/for/in").unwrap_or(&Value::Null), cur)?;
        let word = |key: &str, default: &str| task.pointer(&format!("/for/{key}")).and_then(Value::as_str).unwrap_or(default).to_owned();
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

    fn fork(&mut self, _part: usize, fork: &Value, cur: &Cur) -> Res<Cur> {
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

    fn listen(&mut self, part: usize, name: &str, listen: &Value, task: &Value, cur: &Cur) -> Res<Cur> {
        let to = listen.get("to").unwrap_or(&Value::Null);
        if task.get("foreach").is_some() || to.get("until").is_some() {
            return Err(Why::new(Kind::Flow, "it listens for one event after the other"));
        }
        let read = listen.get("read").and_then(Value::as_str).unwrap_or("data");
        let filters: Vec<&Value> = match (to.get("one"), to.get("all").and_then(Value::as_array), to.get("any").and_then(Value::as_array)) {
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

    fn attempt(&mut self, part: usize, name: &str, list: &[Value], task: &Value, cur: &Cur) -> Res<Cur> {
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
            let named = retry.as_str().and_then(|name| self.root.pointer(&format!("/use/retries/{name}"))).cloned();
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
            let entries = vec![Entry::text("if", holds.not().text), Entry::text("fail", "{{ error.message }}")];
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
            self.parts[part].person(Why::new(Kind::Flow, "a context that is changed within is not changed outside"));
        }
        let first = steps.iter().rev().find_map(|entry| body.after.contains(&entry.key).then(|| entry.key.clone()));
        self.whole |= end.given || body.given;
        let value = match first {
            // What came of the body is there where its last step is.
            Some(step) => Ex::new(format!("steps.{step}"), Bind::Path, Sort::Any).binary("!=", &Ex::null(), Bind::Compare, Sort::Bool),
            None => Ex::bool(true),
        };
        let soft = |ex: &Ex| if ex.text.starts_with("steps.") && ex.bind == Bind::Path { Ex::path(format!("{} ?? null", ex.text)) } else { ex.clone() };
        let value = if body.dot == end.dot { body.dot.clone() } else {
            let there = Ex { text: value.text.replace("steps.", "(steps.").replace(" !=", " ?? null) !="), ..value };
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

/// The task that comes next: the first that no open one leads to.
fn next(open: &BTreeSet<usize>, tasks: &[(&String, &Value)]) -> Option<usize> {
    let leads = |from: usize, to: usize| {
        let (_, task) = tasks[from];
        let named = |target: Option<String>, at: usize| match target.as_deref() {
            None | Some("continue") => at + 1 == to,
            Some(target) => tasks[to].0 == target,
        };
        let then = named(target(task), from) || task.get("if").is_some() && from + 1 == to;
        let cases = task.get("switch").and_then(Value::as_array).into_iter().flatten();
        let mut cases = cases.filter_map(|case| case.as_object()?.values().next());
        let has_default = task.get("switch").and_then(Value::as_array).is_some_and(|cases| {
            cases.iter().filter_map(|case| case.as_object()?.values().next()).any(|case| case.get("when").is_none())
        });
        cases.any(|case| named(target(case), from)) || then && !has_default
    };
    let free = open.iter().find(|to| !open.iter().any(|from| from != *to && leads(*from, **to)));
    free.or_else(|| open.iter().next()).copied()
}

fn target(task: &Value) -> Option<String> {
    task.get("then").and_then(Value::as_str).map(str::to_owned)
}

fn kind_of(task: &Value) -> String {
    const KINDS: &[&str] = &["call", "for", "do", "fork", "wait", "emit", "listen", "raise", "run", "set", "switch", "try"];
    KINDS.iter().find(|kind| task.get(**kind).is_some()).map_or("task", |kind| kind).to_owned()
}

/// The signal that an event of a type is.
pub fn signal(event: &Value) -> Res<String> {
    for (key, value) in event.as_object().into_iter().flatten() {
        let is_filter = key == "data" && value.as_str().is_some_and(is_made);
        if is_filter && event.get("source").is_none() {
            return Err(Why::new(Kind::Flow, "an event that is chosen by what is in it"));
        }
    }
    let kind = event.get("type").and_then(Value::as_str).filter(|kind| !is_made(kind));
    kind.map(plain).ok_or_else(|| Why::new(Kind::Flow, "an event without a type"))
}

/// A length of time: ISO 8601, or an object of parts.
pub fn duration(value: &Value) -> Res<String> {
    let wrong = || Why::new(Kind::Setting, "a length of time that is made, or has months");
    let parts: Vec<(f64, &str)> = match value {
        Value::Object(parts) => {
            let part = |(unit, amount): (&String, &Value)| {
                let short = match unit.as_str() {
                    "days" => "d",
                    "hours" => "h",
                    "minutes" => "m",
                    "seconds" => "s",
                    "milliseconds" => "ms",
                    _ => return None,
                };
                Some((amount.as_f64()?, short))
            };
            parts.iter().map(part).collect::<Option<_>>().ok_or_else(wrong)?
        }
        Value::String(text) => {
            let rest = text.strip_prefix('P').ok_or_else(wrong)?;
            let (mut out, mut number, mut time) = (vec![], String::new(), false);
            for char in rest.chars() {
                let unit = match (char, time) {
                    ('T', false) => {
                        time = true;
                        continue;
                    }
                    ('0'..='9' | '.', _) => {
                        number.push(char);
                        continue;
                    }
                    ('W', false) => "w",
                    ('D', false) => "d",
                    ('H', true) => "h",
                    ('M', true) => "m",
                    ('S', true) => "s",
                    _ => return Err(wrong()),
                };
                out.push((number.parse().map_err(|_| wrong())?, unit));
                number.clear();
            }
            out
        }
        _ => return Err(wrong()),
    };
    let length = |unit: &str| match unit {
        "w" => 604_800_000.0,
        "d" => 86_400_000.0,
        "h" => 3_600_000.0,
        "m" => 60_000.0,
        "s" => 1_000.0,
        _ => 1.0,
    };
    match &parts[..] {
        [] => Err(wrong()),
        [(amount, unit)] if amount.fract() == 0.0 && *amount > 0.0 && *amount < 1e9 => Ok(format!("{}{unit}", *amount as u64)),
        parts => {
            let all: f64 = parts.iter().map(|(amount, unit)| amount * length(unit)).sum();
            if (1.0..1e15).contains(&all) { Ok(format!("{}ms", all.round() as u64)) } else { Err(wrong()) }
        }
    }
}

/// How often something is tried again.
fn retried(policy: &Value, errors: Option<&serde_json::Map<String, Value>>) -> Res<Vec<Entry>> {
    let mut out = vec![];
    let count = policy.pointer("/limit/attempt/count").and_then(Value::as_u64);
    let Some(count) = count else { return Err(Why::new(Kind::Flow, "how often it is tried again has no bound")) };
    // The count there is of tries again, here of all.
    out.push(Entry::bare("attempts", count.clamp(1, 999) + 1));
    if let Some(delay) = policy.get("delay") {
        out.push(Entry::bare("delay", duration(delay)?));
    }
    let backoff = policy.get("backoff").and_then(Value::as_object).and_then(|backoff| backoff.keys().next().cloned());
    match backoff.as_deref() {
        Some("exponential") => out.push(Entry::bare("factor", 2)),
        None | Some("constant") => out.push(Entry::bare("factor", 1)),
        Some(_) => return Err(Why::new(Kind::Setting, "pauses that grow by a fixed length")),
    }
    let kind = match errors.and_then(|errors| errors.get("status")).and_then(Value::as_u64) {
        Some(500..=599) => Some("server"),
        Some(429) => Some("rate_limited"),
        Some(404) => Some("not_found"),
        Some(_) => return Err(Why::new(Kind::Setting, "a status that stands for no kind of failure of its own")),
        None => None,
    };
    out.extend(kind.map(|kind| Entry::new("on", Tree::List(vec![Tree::text(kind)]))));
    if policy.get("when").is_some() || policy.get("exceptWhen").is_some() {
        return Err(Why::new(Kind::Flow, "it is tried again under a condition"));
    }
    Ok(out)
}
