//! What starts a workflow of n8n, as triggers of ours.

use serde_json::Value;

use super::params::Params;
use super::services;
use super::weave::{Item, Res, Rest, Weave};
use crate::ours::{Ex, Sort};
use crate::report::{Kind, Why};
use crate::tree::{Entry, Tree};

/// What a trigger is here.
pub struct Started {
    /// The item that the workflow begins with.
    pub item: Item,
    /// What `trigger.kind` says, where it is one thing.
    pub kind: &'static str,
}

/// A trigger's item, with the trigger written down.
pub fn read(weave: &mut Weave, node: usize, params: &Params) -> Res<Started> {
    let short = weave.file.nodes[node].short.clone();
    match short.as_str() {
        "manualTrigger" | "start" => Ok(Started { item: Item::of(vec![], Rest::Empty), kind: "manual" }),
        "scheduleTrigger" | "cron" | "interval" => {
            let times = match short.as_str() {
                "scheduleTrigger" => schedule(params)?,
                "cron" => cron(params)?,
                _ => {
                    let amount = params.get("interval").and_then(|at| at.as_u64()).unwrap_or(1);
                    let unit = params.text("unit").unwrap_or_else(|| "seconds".into());
                    vec![every(amount, &unit)?]
                }
            };
            let drawn = by_chance(params);
            if drawn {
                weave.settle.insert("the minute of the schedule, which n8n draws once, when the workflow is activated: here each start is put off by up to an hour (`jitter`)".into());
            }
            for time in times {
                let mut entries = vec![time];
                entries.extend((drawn && entries[0].key == "cron").then(|| Entry::bare("jitter", "59m")));
                entries.extend(weave.file.zone.as_ref().map(|zone| Entry::text("timezone", &**zone)));
                weave.triggers.push(Tree::Map(entries));
            }
            if weave.file.zone.is_none() {
                weave
                    .settle
                    .insert("the time zone, which the file does not say: without one, yours is taken".into());
            }
            let at = Ex::new("trigger.at", crate::ours::Bind::Path, Sort::Time);
            Ok(Started {
                item: Item::of(vec![("timestamp".into(), at)], Rest::Closed("a schedule".into())),
                kind: "cron",
            })
        }
        "webhook" => webhook(weave, node, params),
        "executeWorkflowTrigger" => Ok(called(weave, params)),
        "lc:chatTrigger" | "lc:manualChatTrigger" => Ok(chat(weave, node, params)),
        "formTrigger" => Ok(form(weave, node, params)),
        "errorTrigger" => {
            weave.triggers.push(Tree::Map(vec![Entry::text("event", "keyway.run_failed")]));
            weave.parts[node].person(Why::new(
                Kind::Trigger,
                "it hears of all workflows that fail; name the ones that it is for by `with: { workflow }`",
            ));
            let known = vec![
                ("workflow".to_owned(), Ex::path("{ name: trigger.event.workflow }")),
                (
                    "execution".to_owned(),
                    Ex::path("{ id: trigger.event.run, error: { message: trigger.event.error.message } }"),
                ),
            ];
            Ok(Started { item: Item::of(known, Rest::Closed("an error trigger".into())), kind: "event" })
        }
        "notionTrigger" => super::notion::trigger(weave, node, params),
        _ => services::trigger(weave, node, params),
    }
}

fn every(amount: u64, unit: &str) -> Res<Entry> {
    let short = match unit {
        "seconds" => "s",
        "minutes" => "m",
        "hours" => "h",
        "days" => "d",
        "weeks" => "w",
        other => return Err(Why::new(Kind::Trigger, format!("`{other}` as a unit of time"))),
    };
    Ok(Entry::bare("every", format!("{}{short}", amount.max(1))))
}

fn number(value: &Value, key: &str, default: u64) -> Res<u64> {
    match value.get(key) {
        None | Some(Value::Null) => Ok(default),
        Some(Value::Number(number)) => number.as_u64().ok_or(()),
        Some(Value::String(text)) => text.parse().map_err(|_| ()),
        Some(_) => Err(()),
    }
    .map_err(|()| Why::new(Kind::Trigger, format!("`{key}` of the schedule, which is no number")))
}

/// An expression of cron as n8n takes it, with or without seconds.
fn expression(text: &str) -> Res<Entry> {
    let text = text.trim().trim_start_matches('=');
    if text.contains("{{") {
        return Err(Why::new(Kind::Trigger, "its times are made"));
    }
    Ok(Entry::text("cron", text))
}

/// True for a minute that is drawn: `Math.floor(Math.random() * 60)`.
fn is_drawn(value: Option<&Value>) -> bool {
    let code = value.and_then(Value::as_str).and_then(|text| text.strip_prefix("={{")?.strip_suffix("}}"));
    let plain: String = code.unwrap_or_default().chars().filter(|char| !char.is_whitespace()).collect();
    matches!(&*plain, "Math.floor(Math.random()*60)" | "Math.floor(Math.random()*59)")
}

fn by_chance(params: &Params) -> bool {
    params.list("rule.interval").iter().any(|rule| is_drawn(rule.get("triggerAtMinute")))
}

fn schedule(params: &Params) -> Res<Vec<Entry>> {
    let mut rules = params.list("rule.interval");
    for rule in &mut rules {
        if is_drawn(rule.get("triggerAtMinute")) {
            rule["triggerAtMinute"] = 0.into();
        }
    }
    params.ignore(&["rule"]);
    if rules.is_empty() {
        rules.push(Value::Null);
    }
    rules
        .iter()
        .map(|rule| {
            let field = rule.get("field").and_then(Value::as_str).unwrap_or("days");
            let (hour, minute) = (number(rule, "triggerAtHour", 0)?, number(rule, "triggerAtMinute", 0)?);
            Ok(match field {
                "seconds" => every(number(rule, "secondsInterval", 30)?, "seconds")?,
                "minutes" => match number(rule, "minutesInterval", 5)? {
                    step if step > 0 && 60 % step == 0 => Entry::text(
                        "cron",
                        if step == 60 { "0 * * * *".into() } else { format!("*/{step} * * * *") },
                    ),
                    step => every(step, "minutes")?,
                },
                "hours" => match number(rule, "hoursInterval", 1)? {
                    1 => Entry::text("cron", format!("{minute} * * * *")),
                    step if step > 0 && 24 % step == 0 => {
                        Entry::text("cron", format!("{minute} */{step} * * *"))
                    }
                    step => every(step, "hours")?,
                },
                "days" => match number(rule, "daysInterval", 1)? {
                    1 => Entry::text("cron", format!("{minute} {hour} * * *")),
                    step => every(step, "days")?,
                },
                "weeks" => {
                    if number(rule, "weeksInterval", 1)? != 1 {
                        return Err(Why::new(Kind::Trigger, "it runs in every other week"));
                    }
                    let days =
                        rule.get("triggerAtDay").and_then(Value::as_array).cloned().unwrap_or_default();
                    let days: Vec<String> =
                        days.iter().filter_map(Value::as_u64).map(|day| (day % 7).to_string()).collect();
                    let days = if days.is_empty() { "0".to_owned() } else { days.join(",") };
                    Entry::text("cron", format!("{minute} {hour} * * {days}"))
                }
                "months" => {
                    let day = number(rule, "triggerAtDayOfMonth", 1)?;
                    match number(rule, "monthsInterval", 1)? {
                        1 => Entry::text("cron", format!("{minute} {hour} {day} * *")),
                        step if step > 0 && 12 % step == 0 => {
                            Entry::text("cron", format!("{minute} {hour} {day} */{step} *"))
                        }
                        _ => return Err(Why::new(Kind::Trigger, "months that do not fit into a year")),
                    }
                }
                "cronExpression" => {
                    expression(rule.get("expression").and_then(Value::as_str).unwrap_or("0 0 * * *"))?
                }
                other => return Err(Why::new(Kind::Trigger, format!("a schedule by `{other}`"))),
            })
        })
        .collect()
}

fn cron(params: &Params) -> Res<Vec<Entry>> {
    let mut items = params.list("triggerTimes.item");
    params.ignore(&["triggerTimes"]);
    if items.is_empty() {
        items.push(Value::Null);
    }
    items
        .iter()
        .map(|item| {
            let (hour, minute) = (number(item, "hour", 14)?, number(item, "minute", 0)?);
            Ok(match item.get("mode").and_then(Value::as_str).unwrap_or("everyDay") {
                "everyMinute" => Entry::text("cron", "* * * * *"),
                "everyHour" => Entry::text("cron", format!("{minute} * * * *")),
                "everyDay" => Entry::text("cron", format!("{minute} {hour} * * *")),
                "everyWeek" => {
                    Entry::text("cron", format!("{minute} {hour} * * {}", number(item, "weekday", 1)? % 7))
                }
                "everyMonth" => {
                    Entry::text("cron", format!("{minute} {hour} {} * *", number(item, "dayOfMonth", 1)?))
                }
                "everyX" => every(
                    number(item, "value", 2)?,
                    item.get("unit").and_then(Value::as_str).unwrap_or("hours"),
                )?,
                "custom" => {
                    expression(item.get("cronExpression").and_then(Value::as_str).unwrap_or("* * * * *"))?
                }
                other => return Err(Why::new(Kind::Trigger, format!("a schedule by `{other}`"))),
            })
        })
        .collect()
}

fn webhook(weave: &mut Weave, node: usize, params: &Params) -> Res<Started> {
    let method = match params.get("httpMethod") {
        Some(Value::Array(_)) => return Err(Why::new(Kind::Trigger, "it is called by several methods")),
        _ => params.text("httpMethod").unwrap_or_else(|| "GET".into()),
    };
    params.ignore(&[
        "path",
        "options.rawBody",
        "options.noResponseBody",
        "options.ignoreBots",
        "options.binaryData",
        "options.binaryPropertyName",
        "responseData",
        "multipleMethods",
    ]);
    if !matches!(&*method, "GET" | "POST") {
        let why = format!("it is called by {}, and webhooks here by GET or POST", super::shown(&method));
        return Err(Why::new(Kind::Trigger, why));
    }
    let path = |node: &super::file::Node| node.params.get("path").and_then(Value::as_str).map(str::to_owned);
    let own = path(&weave.file.nodes[node]);
    if own.as_ref().is_some_and(|path| path.contains(':')) {
        return Err(Why::new(Kind::Trigger, "a part of its address is a value"));
    }
    let other = weave.file.nodes.iter().enumerate().find(|(at, other)| {
        *at != node
            && other.short == "webhook"
            && !other.on("disabled")
            && own.is_some()
            && path(other) == own
    });
    if let Some((_, other)) = other {
        let why = format!(
            "its address is that of `{}` as well, and each webhook here has one of its own",
            super::shown(&other.name)
        );
        weave.parts[node].person(Why::new(Kind::Trigger, why));
    }
    let verify = match params.text("authentication").as_deref() {
        None | Some("none") => vec![Entry::text("scheme", "none")],
        Some("basicAuth") => vec![Entry::text("scheme", "basic"), Entry::text("secret", "WEBHOOK")],
        Some("headerAuth") => {
            weave.settle.insert(
                "the name of the header that proves who calls the webhook: `header:` beside `scheme: token`"
                    .into(),
            );
            vec![Entry::text("scheme", "token"), Entry::text("secret", "WEBHOOK")]
        }
        Some(_) => return Err(Why::new(Kind::Trigger, "a proof of who calls that is not known here")),
    };
    if verify.len() > 1 {
        weave
            .settle
            .insert("the secret that proves who calls: `keyway secrets add WEBHOOK --webhook`".into());
    }
    weave.settle.insert(
        "the webhook's address, which is made when the workflow is deployed: tell it to who calls".into(),
    );
    let mut entries = vec![];
    if method == "GET" {
        entries.push(Entry::text("method", "get"));
    }
    entries.push(Entry::map("verify", verify));
    match params.text("responseMode").as_deref() {
        None | Some("onReceived") => {}
        Some("responseNode") if super::replies::are_whole(weave.file) => {
            entries.push(Entry::text("respond", "answer"));
        }
        Some(_) => entries.push(Entry::text("respond", "output")),
    }
    weave.triggers.push(Tree::Map(vec![Entry::map("webhook", entries)]));
    let fields =
        ["body", "headers", "query"].map(|name| (name.to_owned(), Ex::path(format!("trigger?.{name}"))));
    let mut known = fields.to_vec();
    known.push(("params".into(), crate::ours::object(&[])));
    Ok(Started { item: Item::of(known, Rest::Empty), kind: "webhook" })
}

fn input(weave: &mut Weave, name: &str, kind: &str) -> Ex {
    let own = match weave.asked.get(name) {
        Some(own) => own.clone(),
        None => {
            // Names that differ in what ours have not are still two inputs.
            let mut taken = weave.asked.values().cloned().collect();
            let own = crate::names::step(name, &mut taken);
            weave.asked.insert(name.to_owned(), own.clone());
            let long = vec![Entry::text("type", kind), Entry::bare("optional", true)];
            weave.inputs.push(Entry::map(&*own, long));
            own
        }
    };
    Ex::path(format!("inputs.{own}"))
}

/// The input that stands for an item of which the file tells nothing.
pub fn received(weave: &mut Weave) -> Ex {
    input(weave, "received", "any")
}

fn called(weave: &mut Weave, params: &Params) -> Started {
    let named: Vec<String> = params
        .list("workflowInputs.values")
        .iter()
        .filter_map(|value| value.get("name")?.as_str().map(str::to_owned))
        .collect();
    let example = params.text("jsonExample").and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let shown =
        example.as_ref().and_then(Value::as_object).map(|fields| fields.keys().cloned().collect::<Vec<_>>());
    params.ignore(&["workflowInputs", "inputSource", "jsonExample", "events"]);
    let names = if named.is_empty() { shown.unwrap_or_default() } else { named };
    if names.is_empty() {
        let whole = received(weave);
        return Started { item: Item::open(whole), kind: "call" };
    }
    let known = names.iter().map(|name| (name.clone(), input(weave, name, "any"))).collect();
    Started { item: Item::of(known, Rest::Empty), kind: "call" }
}

fn chat(weave: &mut Weave, node: usize, params: &Params) -> Started {
    let public = params.flag("public").unwrap_or(false);
    params.ignore(&["options", "initialMessages", "mode", "authentication"]);
    if public {
        weave.parts[node].person(Why::new(
            Kind::Trigger,
            "there is no page to chat on: start it with `chatInput`, by hand or by a program",
        ));
    }
    let known = vec![
        ("chatInput".to_owned(), input(weave, "chatInput", "string")),
        ("sessionId".to_owned(), Ex::new("run.id", crate::ours::Bind::Path, Sort::Text)),
        ("action".to_owned(), Ex::literal("sendMessage")),
    ];
    Started { item: Item::of(known, Rest::Empty), kind: "manual" }
}

fn form(weave: &mut Weave, node: usize, params: &Params) -> Started {
    let fields = params.list("formFields.values");
    params.ignore(&[
        "formFields",
        "formTitle",
        "formDescription",
        "options",
        "path",
        "responseMode",
        "authentication",
    ]);
    let names = fields.iter().filter_map(|field| field.get("fieldLabel")?.as_str().map(str::to_owned));
    let names: Vec<String> = names.collect();
    let mut known: Vec<(String, Ex)> =
        names.iter().map(|name| (name.clone(), input(weave, name, "any"))).collect();
    known.push(("submittedAt".into(), Ex::new("trigger.at", crate::ours::Bind::Path, Sort::Time)));
    weave.parts[node].person(Why::new(
        Kind::Trigger,
        "there is no form to fill in: start it with its inputs, by hand or by a program",
    ));
    Started { item: Item::of(known, Rest::Empty), kind: "manual" }
}
