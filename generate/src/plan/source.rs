//! Where data comes from: the action that lists or gets what a clause speaks of.

use dsl::catalog::{Action, Safety};
use dsl::types::Type;

use super::data::{Data, bare, fields};
use super::step::about;
use super::{Done, Planner};
use crate::clause::Clause;
use crate::lexicon::lexicon;
use crate::sketch::{Does, Step};
use crate::when::spans;

/// Things that are made of others, and that no service lists as such.
const MADE: &[&str] = &["message", "channel", "report", "note", "tag", "comment", "reaction"];

/// What holds other things, and is seldom what is asked for.
const HOLDING: &[&str] = &[
    "_calendars",
    "_projects",
    "_boards",
    "_workspaces",
    "_bases",
    "_spaces",
    "_teams",
    "_channels",
    "_tables",
];

impl Planner<'_> {
    /// Reads what a clause speaks of, unless it is at hand. True if anything was read.
    pub(super) fn read(&mut self, clause: &Clause, but: Option<&str>) -> Done<bool> {
        let mut read = false;
        // Several things by one verb, each of a service of its own: `my Outlook events and my unread mail`.
        let mut seen: Vec<String> = vec![];
        let objects: Vec<(usize, String)> = clause
            .objects
            .iter()
            .filter(|(_, id)| {
                !MADE.contains(&id.as_str())
                    && lexicon().objects.get(id).is_some_and(|it| !it.home.is_empty())
            })
            .cloned()
            .collect();
        if objects.is_empty() {
            let service =
                clause.services.iter().map(|(_, id)| id.clone()).find(|id| Some(id.as_str()) != but);
            if let Some(service) = service
                && !self.at_hand(&service, None)
            {
                return self.read_one(&service, "", clause).map(|()| true);
            }
            return Ok(false);
        }
        for (at, object) in objects {
            let Some(service) = self.service_of(clause, at, &object, but)? else { continue };
            if Some(service.as_str()) == but
                || seen.contains(&service)
                || self.at_hand(&service, Some(&object))
            {
                continue;
            }
            seen.push(service.clone());
            self.read_one(&service, &object, clause)?;
            read = true;
        }
        Ok(read)
    }

    /// True if what is spoken of is already there.
    fn at_hand(&self, service: &str, object: Option<&str>) -> bool {
        self.data.iter().any(|data| {
            data.service() == Some(service)
                && (object.is_none() || data.object() == object || matches!(data, Data::One { .. }))
        })
    }

    /// The service that has a thing at a place of a clause: the one named nearest that has it, else the one that is usual.
    fn service_of(
        &mut self,
        clause: &Clause,
        at: usize,
        object: &str,
        but: Option<&str>,
    ) -> Done<Option<String>> {
        let homes = lexicon().objects.get(object).map(|it| (it.home.clone(), it.usual)).unwrap_or_default();
        let named = clause
            .services
            .iter()
            .filter(|(_, id)| Some(id.as_str()) != but)
            .filter(|(_, id)| homes.0.contains(id) || self.has_readers(id, object))
            .min_by_key(|(place, id)| (!homes.0.contains(id), place.abs_diff(at)));
        if let Some((_, id)) = named {
            return Ok(Some(id.clone()));
        }
        // What a service is named for in another role does not have it: no other one is guessed beside a single one.
        if homes.0.iter().any(|home| self.at_hand(home, Some(object))) {
            return Ok(None);
        }
        let reading: Vec<String> = homes
            .0
            .iter()
            .filter(|id| Some(id.as_str()) != but && self.has_readers(id, object))
            .cloned()
            .collect();
        if reading.is_empty() {
            return Ok(None);
        }
        // An owner and a repository are named: that is where issues are.
        if clause.names.repo.is_some() && reading.iter().any(|id| id == "github") {
            return Ok(Some("github".into()));
        }
        self.home(object, &reading, homes.1).map(Some)
    }

    /// True if a service has a way to read such things.
    fn has_readers(&self, service: &str, object: &str) -> bool {
        let homes =
            lexicon().objects.get(object).is_some_and(|it| it.home.iter().any(|home| home == service));
        let reads = |action: &&Action| {
            let name = action.id.rsplit('.').next().unwrap_or_default();
            action.safety == Safety::Read && !["request", "check", "get_me", "auth_test"].contains(&name)
        };
        let name_has = |action: &&Action| {
            action.id.contains(object) || action.id.contains(object.trim_end_matches("_event"))
        };
        let all = self.means.catalog.actions_of(service);
        all.into_iter().any(|action| reads(&action) && (homes || name_has(&action)))
    }

    pub(super) fn read_one(&mut self, service: &str, object: &str, clause: &Clause) -> Done<()> {
        let mut terms: Vec<(String, f64)> = vec![("v:list".into(), 1.0), ("list".into(), 1.0)];
        if !object.is_empty() {
            terms.push((format!("o:{object}"), 3.0));
        }
        terms.extend(
            crate::index::terms(&clause.text)
                .into_iter()
                .filter(|term| !term.starts_with("s:"))
                .map(|term| (term, 0.5)),
        );
        let catalog = self.means.catalog;
        let own = |id: &str| id.split('.').next() == Some(service);
        let reads = |id: &str| own(id) && catalog.get(id).is_some_and(|action| action.safety == Safety::Read);
        let hits = self.means.library.actions.find(&terms, &reads);
        // What has to be known of a thing before it can be got is not a way to find it; a list is.
        let ranked = hits.iter().take(8).filter_map(|hit| Some((catalog.get(&hit.id)?, hit.score))).map(
            |(action, score)| {
                let needs = action.input.iter().filter(|field| !field.optional && field.default.is_none());
                let open =
                    needs.filter(|field| self.said(field, clause).is_none() && !is_time(field)).count();
                let lists = list_of(&action.output).is_some();
                let get = action.id.contains(".get_") && !lists;
                let me = [
                    "get_me",
                    "get_user",
                    "auth_test",
                    "get_account",
                    "get_calendar",
                    "get_profile",
                    "get_company",
                    "check",
                ]
                .iter()
                .any(|name| action.id.ends_with(name));
                let fits = !object.is_empty() && about(object, &action.id);
                let holds =
                    HOLDING.iter().any(|name| action.id.ends_with(name)) && !action.id.contains(object);
                (
                    score + if lists { 4.0 } else { 0.0 } + if fits { 5.0 } else { 0.0 }
                        - if holds { 8.0 } else { 0.0 }
                        - 2.5 * open as f64
                        - if get && open > 0 { 4.0 } else { 0.0 }
                        - if me { 8.0 } else { 0.0 },
                    action,
                )
            },
        );
        let best = ranked.max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, action)| action.clone());
        let Some(action) = best else { return self.nothing() };
        let speaks = crate::index::terms(&action.about).contains(&format!("o:{object}"));
        if !object.is_empty() && !about(object, &action.id) && !speaks {
            let told = action.about.trim_end_matches('.').to_lowercase();
            self.assume(format!("the {} is read by: {told} (`{}`)", object.replace('_', " "), action.id));
        }
        let wanted = if object.is_empty() {
            action.id.rsplit('.').next().unwrap_or("read").to_owned()
        } else {
            plural(object)
        };
        let name = self.name(&wanted);
        let with = self.parameters(&action, clause);
        self.push(Step {
            name: name.clone(),
            cond: None,
            after: None,
            does: Does::Use { action: action.id.clone(), with },
        });
        let path = format!("steps.{name}");
        let (service, object) = (service.to_owned(), object.to_owned());
        let data = match list_of(&action.output) {
            Some((within, item)) => {
                let path = if within.is_empty() { path } else { format!("{path}.{within}") };
                match self.filter(clause, &item, "it") {
                    Some(filter) => {
                        let kept = self.name(&format!("kept_{}", plural(&object)));
                        let list = format!("{path} | filter(it => {filter})");
                        self.push(Step {
                            name: kept.clone(),
                            cond: None,
                            after: None,
                            does: Does::Keep { list },
                        });
                        Data::List { path: format!("steps.{kept}.list"), item, service, object }
                    }
                    None => Data::List { path, item, service, object },
                }
            }
            None if matches!(bare(&action.output), Type::Any | Type::AnyObject) => Data::Any { path },
            None => Data::One { path, ty: action.output.clone(), service, object },
        };
        self.data.push(data);
        Ok(())
    }

    /// Nothing that is read and then not used is kept; a wish that only reads gives what it read.
    pub(super) fn usual_reads(&mut self) {
        let text = self.sketch.text();
        let unread = self.sketch.steps.iter().filter(|step| !text.contains(&format!("steps.{}", step.name)));
        let reading: Vec<String> = unread
            .filter(|step| match &step.does {
                Does::Use { action, .. } => {
                    self.means.catalog.get(action).is_some_and(|action| action.safety == Safety::Read)
                }
                Does::Get { .. } | Does::Ask { .. } | Does::Keep { .. } | Does::Each { .. } => true,
                Does::Approve { .. } | Does::Wait { .. } => false,
            })
            .map(|step| step.name.clone())
            .collect();
        self.sketch.output = reading;
    }
}

fn is_time(field: &dsl::types::Field) -> bool {
    matches!(bare(&field.ty), Type::Time)
        || ["start", "end", "from", "to", "since"].contains(&field.name.as_str())
}

/// The list that an action gives: where it stands in what it gives, and the type of its items.
pub(super) fn list_of(ty: &Type) -> Option<(String, Type)> {
    match bare(ty) {
        Type::List(item) => Some((String::new(), (**item).clone())),
        Type::Object(_) => {
            let mut lists = fields(ty).iter().filter_map(|field| match bare(&field.ty) {
                Type::List(item) if matches!(bare(item), Type::Object(_) | Type::AnyObject | Type::Any) => {
                    Some((field.name.clone(), (**item).clone()))
                }
                _ => None,
            });
            lists.next()
        }
        _ => None,
    }
}

/// The plural of a thing, as the name of a step.
fn plural(object: &str) -> String {
    match object {
        "" => "items".into(),
        word if word.ends_with('y') => format!("{}ies", word.trim_end_matches('y')),
        word if word.ends_with('s') => word.to_owned(),
        word => format!("{word}s"),
    }
}

/// How far back a clause looks, in words of a duration.
pub(super) fn looks_back(clause: &Clause) -> Option<(i64, bool)> {
    spans(&clause.said).first().map(|span| (span.length.as_hours(), span.ahead))
}
