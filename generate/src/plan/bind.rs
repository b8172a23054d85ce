//! What stands for each parameter: what was said, what is at hand and fits by its type, or an input that somebody fills in.

use dsl::catalog::Action;
use dsl::types::{Field, Type};

use super::Planner;
use super::data::{Data, bare, field, fields, open, scalar};
use super::source::looks_back;
use super::trigger::has_word;
use super::words::{called, plain, spoken};
use crate::clause::Clause;
use crate::lexicon::lexicon;
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

/// Fields that hold what is known of a thing by names of its owner's.
const BELOW: &[&str] = &["properties", "fields", "values"];

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
            } else if TEXTS.contains(&field.name.as_str())
                && with.iter().any(|(name, _): &(String, Val)| TEXTS.contains(&name.as_str()))
            {
                // It is said once.
                None
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
            return Some(self.title(field, action, clause));
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
        if let (Some(news), true) = (&self.news, clause.names.quoted.is_empty()) {
            return news.clone();
        }
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

    /// A title: what stands in quotes or behind `called`, that of what is at hand, what a mail is about; else it is open.
    fn title(&mut self, param: &Field, action: &Action, clause: &Clause) -> Val {
        if let Some(quoted) = clause.names.quoted.first() {
            return Val::Text(plain(quoted));
        }
        if let Some(called) = called(clause) {
            return Val::Text(plain(&called));
        }
        let one = self.data.iter().rev().find_map(|data| match data {
            Data::One { path, ty, .. } => Some((path.clone(), ty.clone())),
            _ => None,
        });
        if let Some((path, ty)) = one {
            let names = ["subject", "title", "name", "summary", "raw_subject", "text", "email", "message"];
            if let Some(found) = field(&ty, &names).filter(|found| matches!(bare(&found.ty), Type::String)) {
                let path = format!("{path}.{}", found.name);
                return Val::hole(&if open(found) { format!("{path} ?? \"(no title)\"") } else { path });
            }
            // Of a row nothing is known but that it has cells.
            let cells = field(&ty, BELOW).filter(|found| matches!(bare(&found.ty), Type::AnyObject));
            if let (Some(cells), false) = (cells, self.loops.is_empty()) {
                self.assume(format!("`{}` is the whole row: name the column that it is", param.name));
                return Val::Text(format!("{{{{ json({path}.{}) }}}}", cells.name));
            }
        }
        // Beside what is there, the workflow has a name that somebody gave it.
        if self.sketch.description.is_empty() && !self.sketch.name.is_empty() {
            let name = self.sketch.name.replace('-', " ");
            let mut chars = name.chars();
            let first = chars.next().map(|first| first.to_uppercase().collect::<String>());
            return Val::Text(first.unwrap_or_default() + chars.as_str());
        }
        if let Some(about) = self.matter() {
            return Val::Text(about);
        }
        if let Some(said) = spoken(clause) {
            return Val::Text(plain(&said.chars().take(80).collect::<String>()));
        }
        let object = action.id.rsplit(['_', '.']).next().unwrap_or("its");
        let name = self.open(&format!("{object}_{}", param.name), &param.ty, &param.about);
        Val::hole(&format!("inputs.{name}"))
    }

    /// What the data at hand is, in a few words: `Summary of GitHub issues`.
    fn matter(&self) -> Option<String> {
        let of = |data: &Data| {
            let (service, object) = (data.service()?, data.object()?);
            let known = !object.is_empty() && service != "ai";
            known.then(|| {
                let many = if matches!(data, Data::List { .. }) { "s" } else { "" };
                let object = object.replace('_', " ");
                format!("{} {}{}", lexicon().service_name(service), object.trim_end_matches(many), many)
            })
        };
        let things: Vec<String> = self.data.iter().filter_map(of).collect();
        let things = things.join(" and ");
        let written = self.data.iter().rev().find_map(|data| match data {
            Data::Text { path } => path.strip_prefix("steps.")?.split(['.', '_']).next(),
            _ => None,
        });
        match (written, things.is_empty()) {
            (Some("summary"), false) => Some(format!("Summary of {things}")),
            (Some("translation"), false) => Some(format!("Translation of {things}")),
            (Some("summary"), true) => Some("Summary".into()),
            (_, false) => Some(things),
            (_, true) => None,
        }
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
            // Some services keep what is known of somebody one level below.
            let below = || {
                self.data.iter().rev().find_map(|data| match data {
                    Data::One { path, ty, .. } => {
                        let found = field(ty, BELOW)?;
                        matches!(bare(&found.ty), Type::AnyObject)
                            .then(|| format!("{path}.{}?.email ?? \"\"", found.name))
                    }
                    _ => None,
                })
            };
            let found = found.or_else(|| if param.optional { None } else { below() });
            if let Some(expr) = found {
                return Some(wrap(&expr));
            }
        }
        if param.optional {
            return None;
        }
        let small = param.about.to_lowercase();
        let name = match ["phone", "number"].iter().any(|word| small.contains(word)) {
            true => self.open("phone", &Type::String, &param.about),
            false => self.open("send_to", &Type::String, "The address that the mail goes to."),
        };
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
