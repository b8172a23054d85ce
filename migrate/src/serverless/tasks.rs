//! The tasks of a workflow, one after the other, as steps.

mod acts;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{bare, is_made, jq};
use crate::finish::{placeholder, unread};
use crate::names::{self, shown};
use crate::ours::{Bind, Ex, Sort, plain};
use crate::report::{Kind, Part, Why};
use crate::tree::{Entry, Tree};

type Res<T> = Result<T, Why>;

/// How deep blocks and functions stand within one another at most.
const DEEPEST: usize = 20;

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
        Cur {
            dot: inputs.clone(),
            given: true,
            input: inputs,
            output: None,
            context: Ex::null(),
            guard: None,
            after: BTreeSet::new(),
        }
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

    /// Stops where functions that are called again and again make more tasks than are looked at.
    fn beyond(&mut self, entered: Vec<Cur>) -> Vec<Cur> {
        let why = Why::new(Kind::Flow, "more tasks than are looked at");
        if !self.parts[0].why.contains(&why) {
            let body = vec![placeholder(&self.parts[0], &why.text)];
            self.parts[0].lost(why);
            if let Some(cur) = entered.first().cloned() {
                self.add(0, &cur, "left out", body);
            }
        }
        entered
    }

    /// The tasks of a list; gives where it is left.
    pub fn block(&mut self, list: &[Value], entered: Vec<Cur>) -> Vec<Cur> {
        let tasks: Vec<(&String, &Value)> = list
            .iter()
            .filter_map(|entry| entry.as_object()?.iter().next())
            .take(crate::MOST_NODES)
            .collect();
        let first = self.parts.len();
        if first + tasks.len() > 2 * crate::MOST_NODES {
            return self.beyond(entered);
        }
        for (name, task) in &tasks {
            self.parts.push(Part::new(names::shown(name), kind_of(task)));
        }
        self.depth += 1;
        if self.depth > DEEPEST {
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
                    "continue" if at + 1 < tasks.len() => {
                        self.go(&mut waiting, &open, at + 1, cur, first + at)
                    }
                    "continue" | "exit" => out.push(cur),
                    "end" if self.inner => {
                        self.parts[first + at]
                            .person(Why::new(Kind::Flow, "it ends the workflow from within a block"));
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

    fn go(
        &mut self,
        waiting: &mut BTreeMap<usize, Vec<Cur>>,
        open: &BTreeSet<usize>,
        to: usize,
        cur: Cur,
        part: usize,
    ) {
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
                let cur = Cur {
                    after: [step.clone()].into(),
                    dot: Ex::path(format!("steps.{step}")),
                    given: false,
                    ..before
                };
                vec![(target(task), cur)]
            }
        }
    }

    fn tried(
        &mut self,
        part: usize,
        name: &str,
        task: &Value,
        mut cur: Cur,
    ) -> Res<Vec<(Option<String>, Cur)>> {
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
            self.parts[part]
                .person(Why::new(Kind::Setting, "a schema of what a task is given or gives is not held"));
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
            done.context = if done.context == entered.context {
                done.context
            } else {
                ran.choice(&done.context, &entered.context)
            };
            done.given &= entered.given;
            done.guard = entered.guard.clone();
        }
        // What each task doubles would be without measure after a few of them.
        if [&done.dot, &done.context].iter().any(|ex| ex.is_too_long()) {
            return Err(Why::new(Kind::Expression, crate::ours::TOO_LONG));
        }
        let mut out = vec![(then, done)];
        out.extend(skipped.map(|cur| (None, cur)));
        Ok(out)
    }

    fn switch(
        &mut self,
        part: usize,
        name: &str,
        cases: &Value,
        cur: &Cur,
        then: Option<String>,
    ) -> Res<Vec<(Option<String>, Cur)>> {
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
                    let step = self.add(
                        part,
                        cur,
                        name,
                        vec![Entry::map("set", vec![Entry::text("value", made.hole())])],
                    );
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
            let step = self.add(
                part,
                cur,
                name,
                vec![Entry::text("fail", if text.is_empty() { "failed".into() } else { text })],
            );
            self.parts[part].person(Why::new(
                Kind::Flow,
                "a failure has a message, and no type and no status of its own",
            ));
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
        let code = code
            .replace("$workflow.definition.document.name", ".__name")
            .replace("$workflow.definition.document.version", ".__version");
        let mut around = self.around(cur);
        let document = |key: &str| {
            self.root.pointer(&format!("/document/{key}")).and_then(Value::as_str).unwrap_or_default()
        };
        let (name, version) = (document("name").to_owned(), document("version").to_owned());
        let made = jq::template(&code, &mut around)?;
        around.inputs.retain(|name| !name.starts_with("__"));
        self.keep(around);
        match made {
            Some(text) => Ok(text
                .replace("{{ inputs.__name }}", &plain(&name))
                .replace("{{ inputs.__version }}", &plain(&version))),
            None => Ok(self.said(&Value::from(code), cur)?.hole_in_text()),
        }
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
            cases
                .iter()
                .filter_map(|case| case.as_object()?.values().next())
                .any(|case| case.get("when").is_none())
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
    const KINDS: &[&str] =
        &["call", "for", "do", "fork", "wait", "emit", "listen", "raise", "run", "set", "switch", "try"];
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
        [(amount, unit)] if amount.fract() == 0.0 && *amount > 0.0 && *amount < 1e9 => {
            Ok(format!("{}{unit}", *amount as u64))
        }
        parts => {
            let all: f64 = parts.iter().map(|(amount, unit)| amount * length(unit)).sum();
            if (1.0..1e15).contains(&all) { Ok(format!("{}ms", all.round() as u64)) } else { Err(wrong()) }
        }
    }
}
