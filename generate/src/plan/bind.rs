//! What stands for each parameter: what was said, what is at hand and fits by its type, or an input that somebody fills in.

use dsl::catalog::Action;
use dsl::types::{Field, Type};

use super::Planner;
use super::data::{Data, bare, field, fields, open, scalar};
use super::source::looks_back;
use super::trigger::has_word;
use crate::clause::Clause;
use crate::sketch::Val;

/// Parameters that take a text for people.
const TEXTS: &[&str] =
    &["text", "body", "content", "message", "html", "note", "notes", "description", "comment"];
/// Parameters that take a title.
const TITLES: &[&str] = &["subject", "title", "name", "summary", "filename", "product_name"];
/// Fields that hold an address of mail.
const MAILS: &[&str] = &[
    "email",
    "from",
    "email_address",
    "Email",
    "workEmail",
    "customer_email",
    "requester_email",
    "receipt_email",
];

impl Planner<'_> {
    /// The parameters of an action: all that must be given, and those that the words of a clause ask for.
    pub(super) fn parameters(&mut self, action: &Action, clause: &Clause) -> Vec<(String, Val)> {
        let mut with = vec![];
        let reads = action.safety == dsl::catalog::Safety::Read;
        for field in &action.input {
            let must = !field.optional && field.default.is_none();
            let value = if must {
                Some(self.required(field, action, clause))
            } else if reads {
                self.narrowing(field, action, clause)
            } else {
                self.beside(field, action, clause)
            };
            if let Some(value) = value {
                with.push((field.name.clone(), value));
            }
        }
        with
    }

    fn required(&mut self, field: &Field, action: &Action, clause: &Clause) -> Val {
        let said = self.said(field, clause);
        if let Some(value) = said {
            return value;
        }
        if !self.timid
            && let Some(value) = self.bound(field, action, clause)
        {
            return value;
        }
        let service = action.id.split('.').next().unwrap_or_default();
        let name = match field.name.as_str() {
            "id" | "name" | "text" | "list" | "file" | "from" | "to" => format!("{service}_{}", field.name),
            other => other.to_owned(),
        };
        let name = self.open(&name, &field.ty, &field.about);
        Val::hole(&format!("inputs.{name}"))
    }

    /// What was said for a parameter in so many words.
    pub(super) fn said(&self, field: &Field, clause: &Clause) -> Option<Val> {
        let names = &clause.names;
        let all = &self.parts.names;
        let text = |text: &str| Val::Text(plain(text));
        let string = matches!(bare(&field.ty), Type::String | Type::Any | Type::Union(_));
        match field.name.as_str() {
            "channel" if string => names.channels.first().or(all.channels.first()).map(|it| text(it)),
            "owner" if string => names.repo.as_ref().or(all.repo.as_ref()).map(|(owner, _)| text(owner)),
            "repo" if string => names.repo.as_ref().or(all.repo.as_ref()).map(|(_, repo)| text(repo)),
            "project" if string => match (&names.project, &names.repo) {
                (Some(project), _) => Some(text(project)),
                (None, Some((owner, repo))) if clause.names_service("gitlab") => {
                    Some(text(&format!("{owner}/{repo}")))
                }
                _ => None,
            },
            "url" if string => names.urls.first().or(all.urls.first()).map(|it| text(it)),
            "to" | "email" | "emails" => {
                let mail = names.mails.first()?;
                match bare(&field.ty) {
                    Type::List(_) => Some(Val::Raw(format!("[{}]", serde_json::to_string(mail).ok()?))),
                    _ => Some(text(mail)),
                }
            }
            "jql" => {
                let project = names.project.as_ref().or(all.project.as_ref());
                let mut parts: Vec<String> =
                    project.map(|project| format!("project = {project}")).into_iter().collect();
                if ["open", "offenen", "offene", "ouverts", "abiertas", "aperti", "unresolved"]
                    .iter()
                    .any(|word| has_word(&clause.text, word))
                {
                    parts.push("statusCategory != Done".into());
                }
                if parts.is_empty() {
                    parts.push("created >= -1d".into());
                }
                Some(text(&format!("{} ORDER BY created DESC", parts.join(" AND "))))
            }
            _ => match bare(&field.ty) {
                Type::Enum(words) => words
                    .iter()
                    .find(|word| has_word(&clause.text, &word.to_lowercase()))
                    .map(|word| text(word)),
                _ => None,
            },
        }
    }

    /// What is at hand and fits.
    fn bound(&mut self, field: &Field, action: &Action, clause: &Clause) -> Option<Val> {
        let ty = bare(&field.ty).clone();
        let texts = matches!(ty, Type::String | Type::Any);
        let name = field.name.as_str();
        if TEXTS.contains(&name) && texts {
            return Some(Val::Text(self.content(clause)));
        }
        if (TITLES.contains(&name) || name == "last_name") && texts {
            return Some(self.title(clause));
        }
        if matches!(name, "to" | "email" | "emails") {
            return self.address(field, clause);
        }
        if matches!(name, "start" | "end" | "from" | "since") || matches!(ty, Type::Time) {
            return moment(field, clause);
        }
        match &ty {
            Type::String | Type::Integer | Type::Any | Type::Number => self.identity(field, action),
            Type::AnyObject | Type::Object(_) => self.object(field),
            Type::List(item) if matches!(bare(item), Type::List(_)) => Some(self.row()),
            Type::Bytes => self.data.iter().rev().find_map(|data| match data {
                Data::File { path } => Some(Val::hole(path)),
                // What a form brings with it.
                Data::Any { path } => Some(Val::hole(&format!("{path}.file"))),
                _ => None,
            }),
            Type::Union(arms) if arms.contains(&Type::String) => self.identity(field, action),
            _ => None,
        }
    }

    /// A parameter of a read that the words of a clause narrow.
    fn narrowing(&mut self, field: &Field, action: &Action, clause: &Clause) -> Option<Val> {
        let any = |words: &[&str]| words.iter().any(|word| has_word(&clause.text, word));
        if action.id == "gmail.list_messages" && field.name == "query" {
            let mut query: Vec<String> = vec![];
            if any(&[
                "unread",
                "ungelesene",
                "ungelesenen",
                "non lus",
                "non-lus",
                "no leidos",
                "sin leer",
                "non letti",
                "non lette",
            ]) {
                query.push("is:unread".into());
            }
            let hours = looks_back(clause).map_or(24, |(hours, _)| hours);
            if !self.sketch.triggers.is_empty() || looks_back(clause).is_some() {
                query.push(format!("newer_than:{}d", (hours / 24).max(1)));
            }
            // An address behind another word may be where something goes.
            let of = |mail: &&String| {
                let mail = mail.to_lowercase();
                ["from", "by", "von", "de", "da"]
                    .iter()
                    .any(|word| has_word(&clause.text, &format!("{word} {mail}")))
            };
            query.extend(clause.names.mails.iter().find(of).map(|mail| format!("from:{mail}")));
            return (!query.is_empty()).then(|| Val::Text(query.join(" ")));
        }
        match (bare(&field.ty), field.name.as_str()) {
            (Type::Enum(words), _) => {
                let hit =
                    words.iter().find(|word| has_word(&clause.text, &word.to_lowercase().replace('_', " ")));
                let open = words.iter().find(|word| *word == "open" || *word == "active");
                let closed = words.iter().find(|word| *word == "closed");
                let foreign = [
                    "offenen", "offene", "offenes", "ouverts", "ouvert", "abiertas", "abiertos", "aperti",
                    "aperte",
                ];
                let shut = ["geschlossenen", "fermes", "cerradas", "chiusi"];
                hit.or(open.filter(|_| any(&foreign)))
                    .or(closed.filter(|_| any(&shut)))
                    .map(|word| Val::Text(word.clone()))
            }
            (Type::Boolean, "unread" | "unread_only" | "only_unread") => {
                any(&["unread", "ungelesene", "ungelesenen"]).then(|| Val::Raw("true".into()))
            }
            (Type::String, "labels") => label(&clause.text).map(Val::Text),
            (_, "since" | "modified_since" | "updated_since" | "created_after") => {
                let (hours, ahead) = looks_back(clause)?;
                (!ahead).then(|| back(field, hours))?
            }
            (Type::String, "path") => None,
            _ => None,
        }
    }

    /// A parameter that need not be given and is worth giving where what it takes is there.
    fn beside(&mut self, field: &Field, _: &Action, clause: &Clause) -> Option<Val> {
        if self.timid {
            return None;
        }
        let texts = matches!(bare(&field.ty), Type::String | Type::Any);
        match field.name.as_str() {
            "text" | "notes" | "description" | "body" | "content"
                if texts && (!self.data.is_empty() || !clause.names.quoted.is_empty()) =>
            {
                Some(Val::Text(self.content(clause)))
            }
            "email" if texts => self.address(field, clause),
            _ => None,
        }
    }

    /// A text of what is at hand, or what stands in quotes.
    pub(super) fn content(&mut self, clause: &Clause) -> String {
        if let Some(quoted) = clause.names.quoted.first() {
            return plain(quoted);
        }
        // What a model wrote is what is told; else all that was read and not told yet.
        if let Some(text) = self.data.iter().rev().find(|data| matches!(data, Data::Text { .. })) {
            return text.told();
        }
        let lists: Vec<&Data> = self.data.iter().filter(|data| matches!(data, Data::List { .. })).collect();
        if lists.len() > 1 {
            return lists.iter().map(|data| data.told()).collect::<Vec<_>>().join("\n\n");
        }
        match self.data.iter().rev().find(|data| !matches!(data, Data::File { .. })) {
            Some(data) => data.told(),
            None => plain(&spoken(clause).unwrap_or_else(|| clause.said.clone())),
        }
    }

    fn title(&mut self, clause: &Clause) -> Val {
        if let Some(quoted) = clause.names.quoted.first() {
            return Val::Text(plain(quoted));
        }
        let one = self.data.iter().rev().find_map(|data| match data {
            Data::One { path, ty, .. } => Some((path.clone(), ty.clone())),
            _ => None,
        });
        let title = one.and_then(|(path, ty)| {
            let found = field(
                &ty,
                &["subject", "title", "name", "summary", "raw_subject", "text", "email", "message"],
            )?
            .clone();
            matches!(bare(&found.ty), Type::String).then(|| {
                let expr = if open(&found) {
                    format!("{path}.{} ?? \"(no title)\"", found.name)
                } else {
                    format!("{path}.{}", found.name)
                };
                Val::hole(&expr)
            })
        });
        title.unwrap_or_else(|| {
            let name = self.sketch.name.replace('-', " ");
            let mut chars = name.chars();
            Val::Text(
                chars
                    .next()
                    .map(|first| first.to_uppercase().collect::<String>() + chars.as_str())
                    .unwrap_or_default(),
            )
        })
    }

    /// An address: the owner's own, or that of what is at hand.
    fn address(&mut self, param: &Field, clause: &Clause) -> Option<Val> {
        let wrap = |expr: &str| match bare(&param.ty) {
            Type::List(_) => Val::hole(&format!("[{expr}]")),
            _ => Val::hole(expr),
        };
        let me =
            ["me", "mir", "mich", "moi", "myself", "my", "mi", "avisame", "mandami", "mandame", "inviami"]
                .iter()
                .any(|word| has_word(&clause.text, word));
        if !me {
            let found = self.data.iter().rev().find_map(|data| match data {
                Data::One { path, ty, .. } => {
                    let found = field(ty, MAILS).filter(|found| matches!(bare(&found.ty), Type::String))?;
                    Some(if open(found) {
                        format!("{path}.{} ?? \"\"", found.name)
                    } else {
                        format!("{path}.{}", found.name)
                    })
                }
                Data::Any { path } => Some(format!("{path}.email")),
                _ => None,
            });
            if let Some(expr) = found {
                return Some(wrap(&expr));
            }
        }
        if param.optional {
            return None;
        }
        let name = self.open("send_to", &Type::String, "The address that the mail goes to.");
        Some(wrap(&format!("inputs.{name}")))
    }

    /// The id of what is at hand, where it comes from the same service; else a field of the same name.
    fn identity(&mut self, param: &Field, action: &Action) -> Option<Val> {
        let service = action.id.split('.').next().unwrap_or_default();
        let wants = bare(&param.ty).clone();
        for data in self.data.iter().rev() {
            let Data::One { path, ty, service: from, .. } = data else {
                if let Data::Any { path } = data
                    && matches!(param.name.as_str(), "first_name" | "last_name" | "company" | "phone")
                {
                    return Some(Val::hole(&format!("{path}.{}", param.name)));
                }
                continue;
            };
            let mut names = vec![param.name.clone()];
            if from == service {
                names.extend([
                    format!("{}_id", param.name),
                    "id".into(),
                    "number".into(),
                    "key".into(),
                    "InvoiceID".into(),
                    "ts".into(),
                    "gid".into(),
                ]);
            } else if ![
                "first_name",
                "last_name",
                "company",
                "phone",
                "amount",
                "currency",
                "description",
                "customer",
            ]
            .contains(&param.name.as_str())
            {
                continue;
            }
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let Some(found) = field(ty, &names).filter(|found| scalar(&found.ty)) else { continue };
            let expr = format!("{path}.{}", found.name);
            let fits = match (&wants, bare(&found.ty)) {
                (Type::Any, _) | (Type::Union(_), Type::String) => true,
                (Type::String, Type::String | Type::Enum(_))
                | (Type::Integer | Type::Number, Type::Integer)
                | (Type::Number, Type::Number) => true,
                (Type::String, Type::Integer) => return Some(Val::Text(format!("{{{{ json({expr}) }}}}"))),
                _ => false,
            };
            if fits && !open(found) {
                return Some(Val::hole(&expr));
            }
            if fits && matches!(wants, Type::String | Type::Any) {
                return Some(Val::hole(&format!("{expr} ?? \"\"")));
            }
        }
        None
    }

    /// An object of what is at hand.
    fn object(&mut self, param: &Field) -> Option<Val> {
        let pairs: Vec<String> = match self
            .data
            .iter()
            .rev()
            .find(|data| matches!(data, Data::One { .. } | Data::Any { .. } | Data::Text { .. }))?
        {
            Data::One { path, ty, .. } => {
                let known = fields(ty).iter().filter(|found| scalar(&found.ty) && found.name != "id");
                known.take(6).map(|found| format!("{}: {path}.{}", found.name, found.name)).collect()
            }
            Data::Any { path } => return Some(Val::hole(path)),
            Data::Text { path } => vec![format!("text: {path}")],
            Data::List { .. } | Data::File { .. } => return None,
        };
        let Type::AnyObject = bare(&param.ty) else { return None };
        (!pairs.is_empty()).then(|| Val::hole(&format!("{{ {} }}", pairs.join(", "))))
    }

    /// A row of what is at hand.
    fn row(&mut self) -> Val {
        for data in self.data.iter().rev() {
            match data {
                Data::One { path, ty, .. } => {
                    let cells: Vec<String> = fields(ty)
                        .iter()
                        .filter(|found| scalar(&found.ty))
                        .take(6)
                        .map(|found| format!("{path}.{}", found.name))
                        .collect();
                    if !cells.is_empty() {
                        return Val::hole(&format!("[[{}]]", cells.join(", ")));
                    }
                }
                Data::Any { path } => return Val::hole(&format!("[[now(), json({path})]]")),
                Data::Text { path } => return Val::hole(&format!("[[now(), {path}]]")),
                Data::List { path, item, .. } => {
                    let cells: Vec<String> = fields(item)
                        .iter()
                        .filter(|found| scalar(&found.ty))
                        .take(6)
                        .map(|found| format!("it.{}", found.name))
                        .collect();
                    if !cells.is_empty() {
                        return Val::hole(&format!("{path} | map(it => [{}])", cells.join(", ")));
                    }
                }
                Data::File { .. } => {}
            }
        }
        Val::hole("[[now()]]")
    }
}

/// What was said, as a text in which nothing is computed.
pub(super) fn plain(text: &str) -> String {
    text.replace("{{", "{ {").replace("}}", "} }")
}

/// What a clause wants to be said, in its own words: `to fill in their timesheets`. Nothing where it says no more than to whom,
/// and where.
pub(super) fn spoken(clause: &Clause) -> Option<String> {
    let said = clause.said.as_str();
    let tails = |word: &'static str| said.match_indices(word).map(move |(at, _)| &said[at + word.len()..]);
    let clear = [" that ", " saying ", " dass ", " que ", " che "].into_iter().flat_map(tails);
    let others = [" to ", " de "].into_iter().flat_map(tails);
    let text = clear.chain(others).find_map(|tail| without_places(tail, clause))?;
    let mut chars = text.chars();
    let first = chars.next()?;
    let text = first.to_uppercase().collect::<String>() + chars.as_str();
    Some(text)
}

/// A text without the channel, the address and the service at its end; nothing, where it begins with whom it goes to, or
/// nothing is left.
fn without_places<'a>(text: &'a str, clause: &Clause) -> Option<&'a str> {
    let is_place = |word: &str| {
        let word = word.trim_matches([',', '.', '!']);
        word.starts_with('#')
            || word.contains('@')
            || clause.services.iter().any(|(_, id)| word.to_lowercase() == id.replace('_', " "))
            || matches!(&*word.to_lowercase(), "email" | "e-mail" | "mail" | "me" | "mir" | "us")
    };
    if text.split_whitespace().next().is_none_or(is_place) {
        return None;
    }
    let mut rest = text.trim();
    while let Some((before, last)) = rest.rsplit_once(' ')
        && is_place(last)
        && let Some((front, word)) = before.trim_end().rsplit_once(' ')
        && ["on", "in", "to", "by", "via", "over", "auf", "per", "an", "sur", "en", "su", "a"]
            .contains(&&*word.to_lowercase())
    {
        rest = front.trim_end();
    }
    (!rest.is_empty()).then_some(rest)
}

/// A moment that a clause speaks of, seen from the run.
fn moment(field: &Field, clause: &Clause) -> Option<Val> {
    let (hours, ahead) = looks_back(clause).unwrap_or((24, true));
    let (from, to) = if ahead {
        ("now()".to_owned(), format!("now() + duration('{hours}h')"))
    } else {
        (format!("now() - duration('{hours}h')"), "now()".to_owned())
    };
    let expr = match field.name.as_str() {
        "start" | "from" | "since" | "from_date" => from,
        "end" | "to" => to,
        _ => return None,
    };
    Some(match bare(&field.ty) {
        Type::Time => Val::hole(&expr),
        Type::String => Val::hole(&format!("format_time({expr}, '%Y-%m-%d')")),
        _ => return None,
    })
}

fn back(field: &Field, hours: i64) -> Option<Val> {
    let expr = format!("now() - duration('{hours}h')");
    match bare(&field.ty) {
        Type::Time => Some(Val::hole(&expr)),
        _ => None,
    }
}

/// A label that a clause names.
fn label(text: &str) -> Option<String> {
    for word in ["labelled ", "labeled ", "with label ", "with the label ", "tagged "] {
        if let Some(at) = text.find(word) {
            return text[at + word.len()..]
                .split(|char: char| !char.is_alphanumeric() && char != '-')
                .next()
                .map(str::to_owned);
        }
    }
    None
}
