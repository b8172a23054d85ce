//! What a run heard, as the text of a test file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use dsl::catalog::{Failure, Safety};
use dsl::test::{Does, Subject, flow_json, general};
use dsl::value::Value;
use engine::view::Timeline;
use jiff::SignedDuration;
use serde_json::{Map, Value as Json, json};

use super::{Came, Heard, Wish, length, step_of};

impl Heard {
    /// The text of the test file.
    pub(super) fn page(&self, wish: &Wish<'_>, subject: &Subject<'_>, timeline: &Timeline) -> String {
        let mut page = String::new();
        let _ = writeln!(page, "# Recorded from the run {} of {}.", wish.run, &self.began.to_string()[..10]);
        let named = wish.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let own = wish.workflow.0.file_name().map(|name| name.to_string_lossy().into_owned());
        let own = own.unwrap_or_default();
        let usual =
            own.rsplit_once('.').map_or(own.as_str(), |(stem, _)| stem).to_owned() + dsl::test::ENDING;
        if usual != named {
            let _ = writeln!(page, "workflow: {}", flow_json(&own.into()));
        }
        let now = self.began.saturating_add(self.shift.unwrap_or_default()).unwrap_or(self.began);
        let _ = writeln!(page, "now: {now}");
        if let Some(zone) = self.zone.as_deref().filter(|zone| *zone != "UTC") {
            let _ = writeln!(page, "zone: {zone}");
        }
        let case = wish.case.map_or_else(|| format!("run {}", wish.run), str::to_owned);
        let _ = writeln!(page, "cases:\n  {}:", flow_json(&case.into()));
        if self.shift.is_some() {
            page += "    seed: 1\n";
        }
        if self.inputs.as_object().is_some_and(|inputs| !inputs.is_empty()) {
            let _ = writeln!(page, "    inputs: {}", flow_json(&self.inputs));
        }
        if let Some(trigger) = self.fired(subject) {
            let _ = writeln!(page, "    trigger: {}", flow_json(&trigger));
        }
        let mocks = self.mocks(subject);
        if !mocks.is_empty() {
            page += "    mocks:\n";
            for (key, replies) in mocks {
                let replies = if replies.len() == 1 { replies[0].clone() } else { Json::Array(replies) };
                let _ = writeln!(page, "      {}: {}", flow_json(&key.into()), flow_json(&replies));
            }
        }
        let mut answers: BTreeMap<&str, Vec<Json>> = BTreeMap::new();
        for (path, answer) in &self.answers {
            answers.entry(agent_of(path, subject)).or_default().push(answer.clone());
        }
        if !answers.is_empty() {
            page += "    answers:\n";
            for (path, all) in answers {
                let all = if all.len() == 1 { all[0].clone() } else { Json::Array(all) };
                let _ = writeln!(page, "      {}: {}", flow_json(&path.into()), flow_json(&all));
            }
        }
        if !self.signals.is_empty() {
            let _ = writeln!(page, "    signals: {}", flow_json(&Json::Array(self.signals.clone())));
        }
        page += "    expect:\n";
        for (key, value) in
            [("output", &self.output), ("output_has", &self.output_has), ("error", &self.error)]
        {
            if let Some(value) = value {
                let _ = writeln!(page, "      {key}: {}", flow_json(value));
            }
        }
        let top = timeline.steps().iter().filter(|(path, _)| !path.contains(['.', '[']));
        let states: Map<String, Json> =
            top.map(|(path, entry)| (path.clone(), entry.state.name().into())).collect();
        if !states.is_empty() {
            let _ = writeln!(page, "      steps: {}", flow_json(&Json::Object(states)));
        }
        let counts = self.counts(subject);
        if !counts.is_empty() {
            let _ = writeln!(page, "      calls: {}", flow_json(&Json::Object(counts)));
        }
        dsl::format::format(&page, crate::plain()).unwrap_or(page)
    }

    /// How often what acts was called.
    fn counts(&self, subject: &Subject<'_>) -> Map<String, Json> {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let acts = self.calls.iter().filter(|call| call.safety != Safety::Read && step_of(call).is_none());
        for call in acts {
            let path = general(&call.path);
            if subject.parts.contains_key(&path) {
                *counts.entry(path).or_default() += 1;
            }
        }
        counts.into_iter().map(|(path, count)| (path, count.into())).collect()
    }

    /// What stands in for the world, by step or action.
    fn mocks(&self, subject: &Subject<'_>) -> Vec<(String, Vec<Json>)> {
        let mut mocks: Vec<(String, Vec<Json>)> = vec![];
        for call in &self.calls {
            let Some((came, at)) = &call.came else { continue };
            let step = step_of(call).unwrap_or_else(|| call.path.clone());
            let is_call = |does: &Does| matches!(does, Does::Calls { .. } | Does::Runs(_));
            let key = match subject.part(&step) {
                Some(part) if is_call(&part.does) => step,
                Some(_) => continue,
                // What a model with tools calls is no step of the file: its action is answered.
                None => call.action.clone(),
            };
            let mut reply = Map::new();
            if let Some(with) = &call.with {
                reply.insert("with".into(), with.clone());
            }
            match came {
                Came::Gave(value) => reply.insert("gives".into(), escaped(value)),
                Came::Wanted(wants) => {
                    let wants = wants
                        .iter()
                        .map(|want| json!({ "tool": want["name"], "with": escaped(&want["arguments"]) }));
                    reply.insert("calls".into(), wants.collect())
                }
                Came::Failed(failure) => reply.insert("fails".into(), fails(failure)),
            };
            let takes = at.duration_since(call.sent);
            if self.exact {
                let millis =
                    SignedDuration::from_millis(i64::try_from(takes.as_millis()).unwrap_or(0).max(0));
                reply.insert("takes".into(), Value::Duration(millis).to_string().into());
            } else if takes >= SignedDuration::from_secs(1) {
                reply.insert("takes".into(), length(takes).into());
            }
            match mocks.iter_mut().find(|(known, _)| *known == key) {
                Some((_, replies)) => replies.push(Json::Object(reply)),
                None => mocks.push((key, vec![Json::Object(reply)])),
            }
        }
        mocks
    }

    /// The trigger as a case says it; nothing for a run that a person, or another run, started.
    fn fired(&self, subject: &Subject<'_>) -> Option<Json> {
        let part = |key: &str| self.trigger.get(key).cloned().unwrap_or_default();
        let kind = self.trigger.get("kind")?.as_str()?;
        let value = match kind {
            "webhook" => json!({ "body": part("body"), "headers": part("headers"), "query": part("query") }),
            "event" => part("event"),
            "signal" => part("signal"),
            "cron" | "every" | "at" => match part("scheduled_for") {
                Json::Null => part("at"),
                time => time,
            },
            _ => return None,
        };
        let known = subject.triggers.iter().any(|own| own.name() == kind);
        known.then(|| json!({ kind: value }))
    }
}

/// The step of the file within which something is asked.
fn agent_of<'p>(path: &'p str, subject: &Subject<'_>) -> &'p str {
    if subject.part(path).is_some() {
        return path;
    }
    let outer = path.split_once(".calls[").map_or(path, |(turn, _)| turn);
    outer.strip_suffix(']').and_then(|it| it.rsplit_once('[')).map_or(path, |(step, _)| step)
}

fn fails(failure: &Failure) -> Json {
    let mut told = json!({ "kind": failure.kind.name(), "message": failure.message });
    if let Some(entries) = told.as_object_mut() {
        entries.extend(failure.status.map(|status| ("status".to_owned(), status.into())));
        entries.insert("retry".into(), failure.retryable.into());
    }
    told
}

/// A value in whose texts no hole begins.
fn escaped(json: &Json) -> Json {
    match json {
        Json::String(text) => text.replace("{{", "\\{{").into(),
        Json::Array(items) => items.iter().map(escaped).collect(),
        Json::Object(entries) => {
            let all = entries.iter().map(|(key, value)| (key.clone(), escaped(value)));
            Json::Object(all.collect())
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => json.clone(),
    }
}
