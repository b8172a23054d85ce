//! Readable names: of actions, from what an operation is called or from its method and path; of parameters; of the
//! connector, from its title. The same description always gives the same names.

use std::collections::{BTreeMap, BTreeSet};

use dsl::types::Type;

use super::bounds::LONGEST_NAME;
use super::description::Operation;
use crate::manifest::request::Method;

/// Words that say what is done, each with the one that is written for it.
const VERBS: &[(&str, &str)] = &[
    ("accept", "accept"),
    ("activate", "activate"),
    ("add", "add"),
    ("append", "append"),
    ("approve", "approve"),
    ("archive", "archive"),
    ("assign", "assign"),
    ("attach", "attach"),
    ("authorize", "authorize"),
    ("cancel", "cancel"),
    ("capture", "capture"),
    ("check", "check"),
    ("clear", "clear"),
    ("close", "close"),
    ("complete", "complete"),
    ("confirm", "confirm"),
    ("convert", "convert"),
    ("copy", "copy"),
    ("count", "count"),
    ("create", "create"),
    ("deactivate", "deactivate"),
    ("delete", "delete"),
    ("describe", "describe"),
    ("destroy", "delete"),
    ("detach", "detach"),
    ("disable", "disable"),
    ("download", "download"),
    ("edit", "update"),
    ("enable", "enable"),
    ("exchange", "exchange"),
    ("export", "export"),
    ("fetch", "get"),
    ("find", "find"),
    ("follow", "follow"),
    ("forward", "forward"),
    ("generate", "generate"),
    ("get", "get"),
    ("hide", "hide"),
    ("identify", "identify"),
    ("import", "import"),
    ("insert", "create"),
    ("invite", "invite"),
    ("join", "join"),
    ("kick", "kick"),
    ("leave", "leave"),
    ("link", "link"),
    ("list", "list"),
    ("lock", "lock"),
    ("lookup", "find"),
    ("mark", "mark"),
    ("merge", "merge"),
    ("modify", "modify"),
    ("move", "move"),
    ("open", "open"),
    ("patch", "update"),
    ("pause", "pause"),
    ("pin", "pin"),
    ("post", "post"),
    ("publish", "publish"),
    ("put", "update"),
    ("query", "query"),
    ("read", "get"),
    ("refresh", "refresh"),
    ("refund", "refund"),
    ("reject", "reject"),
    ("remove", "remove"),
    ("rename", "rename"),
    ("replace", "replace"),
    ("reply", "reply"),
    ("resend", "resend"),
    ("restore", "restore"),
    ("resume", "resume"),
    ("retrieve", "get"),
    ("revoke", "revoke"),
    ("run", "run"),
    ("schedule", "schedule"),
    ("search", "search"),
    ("send", "send"),
    ("set", "set"),
    ("share", "share"),
    ("show", "get"),
    ("start", "start"),
    ("stop", "stop"),
    ("subscribe", "subscribe"),
    ("submit", "submit"),
    ("sync", "sync"),
    ("test", "test"),
    ("track", "track"),
    ("transfer", "transfer"),
    ("trash", "trash"),
    ("trigger", "trigger"),
    ("unarchive", "unarchive"),
    ("unassign", "unassign"),
    ("unfollow", "unfollow"),
    ("unlock", "unlock"),
    ("unpin", "unpin"),
    ("unsubscribe", "unsubscribe"),
    ("untrash", "untrash"),
    ("update", "update"),
    ("upload", "upload"),
    ("upsert", "upsert"),
    ("validate", "validate"),
    ("verify", "verify"),
    ("void", "void"),
    ("watch", "watch"),
];

/// Words in the beginning of a path that say nothing.
const EMPTY: &[&str] = &["api", "rest", "rpc", "services", "public", "open", "web", "index", "json"];

/// What is written for a word that says what is done.
pub(super) fn verb(word: &str) -> Option<&'static str> {
    VERBS.iter().find(|(known, _)| *known == word).map(|(_, written)| *written)
}

/// The first word of a name of an action.
pub(super) fn first(name: &str) -> &str {
    let words = name.split('_').find(|word| !matches!(*word, "batch" | "bulk"));
    words.unwrap_or(name)
}

/// The names of operations as actions, in their order. Names differ.
pub(super) fn of(operations: &[Operation]) -> Vec<String> {
    let plain: Vec<String> = operations.iter().map(|operation| fitted(&plain(operation))).collect();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for name in &plain {
        *count.entry(name).or_default() += 1;
    }
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut names = vec![];
    for (operation, name) in operations.iter().zip(&plain) {
        let mut name = match count.get(name.as_str()) {
            Some(1) => name.clone(),
            _ => fitted(&longer(operation, name)),
        };
        let mut number = 2;
        let begin = name.clone();
        while !used.insert(name.clone()) {
            name = format!("{begin}_{number}");
            number += 1;
        }
        names.push(name);
    }
    names
}

/// The words of a name: `getUserByID` is get, user, by, id.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![];
    let mut word = String::new();
    let letters: Vec<char> = text.chars().take(400).collect();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let next = letters.get(at + 1);
        let small = |letter: Option<&char>| letter.is_some_and(|letter| letter.is_ascii_lowercase());
        let number = |letter: Option<&char>| letter.is_some_and(char::is_ascii_digit);
        let large = |letter: Option<&char>| letter.is_some_and(char::is_ascii_uppercase);
        // Several of something that is written in large letters, as `URLs`, are one word.
        let many = next == Some(&'s') && !small(letters.get(at + 2));
        let begins = letter.is_ascii_uppercase()
            && (small(before) || number(before) || (large(before) && small(next) && !many));
        if (!letter.is_ascii_alphanumeric() || begins) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_ascii_alphanumeric() {
            word.push(letter.to_ascii_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// A name of a parameter: letters, digits and `_`.
pub(super) fn parameter(wire: &str) -> String {
    let name = words(wire).join("_");
    match name.chars().next() {
        None => "value".into(),
        Some(first) if first.is_ascii_digit() => format!("n{name}"),
        Some(_) => name,
    }
}

/// The name of a connector, from a title.
pub(super) fn service(title: &str) -> String {
    const NOISE: &[&str] = &[
        "api",
        "apis",
        "rest",
        "the",
        "service",
        "openapi",
        "swagger",
        "reference",
        "public",
        "web",
        "http",
        "v",
        "for",
        "of",
        "and",
        "specification",
        "documentation",
        "docs",
        "server",
        "platform",
    ];
    let numbered =
        |word: &str| word.starts_with('v') && word[1..].chars().all(|letter| letter.is_ascii_digit());
    let lower = title.to_lowercase();
    let kept: Vec<&str> = lower
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| word.starts_with(|first: char| first.is_ascii_lowercase()))
        .filter(|word| !NOISE.contains(word) && !numbered(word))
        .take(3)
        .collect();
    let name: String = kept.join("_").chars().take(LONGEST_NAME).collect();
    if name.is_empty() { "service".into() } else { name }
}

/// True for what can be the name of a connector.
pub(super) fn is_service(name: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    name.starts_with(|letter: char| letter.is_ascii_lowercase()) && name.chars().all(fits) && name.len() <= 64
}

/// One of what a word names several of.
pub(super) fn one(word: &str) -> String {
    if !is_many(word) {
        return word.to_owned();
    }
    if let Some(begin) = word.strip_suffix("ies") {
        return format!("{begin}y");
    }
    for ending in ["ches", "shes", "sses", "xes"] {
        if word.ends_with(ending) {
            return word[..word.len() - 2].to_owned();
        }
    }
    word[..word.len() - 1].to_owned()
}

/// True for a word that names several.
pub(super) fn is_many(word: &str) -> bool {
    word.len() > 3
        && word.ends_with('s')
        && !word.ends_with("ss")
        && !word.ends_with("us")
        && !word.ends_with("is")
}

fn fitted(name: &str) -> String {
    let mut fitted = String::new();
    for word in name.split('_').filter(|word| !word.is_empty()) {
        if !fitted.is_empty() && fitted.len() + word.len() >= LONGEST_NAME {
            break;
        }
        if !fitted.is_empty() {
            fitted.push('_');
        }
        fitted.extend(word.chars().take(LONGEST_NAME));
    }
    match fitted.as_str() {
        "" => "call".into(),
        crate::catalog::FREE => "send_request".into(),
        name if name.starts_with(|first: char| first.is_ascii_digit()) => format!("call_{name}"),
        _ => fitted,
    }
}

fn plain(operation: &Operation) -> String {
    if let Some(document) = &operation.document {
        return of_field(operation, &document.field);
    }
    by_id(operation).unwrap_or_else(|| by_path(operation, 0))
}

/// A name with more words of the path.
fn longer(operation: &Operation, name: &str) -> String {
    if operation.document.is_some() {
        return name.to_owned();
    }
    for more in 1..3 {
        let longer = by_path(operation, more);
        if longer.split('_').count() > name.split('_').count() {
            return longer;
        }
    }
    by_path(operation, 0)
}

fn of_field(operation: &Operation, field: &str) -> String {
    let words = words(field);
    let done = words.first().is_some_and(|word| verb(word).is_some());
    if done || operation.document.as_ref().is_some_and(|document| document.mutates) {
        // `issueCreate` is said the other way round.
        return match words.split_last() {
            Some((last, nouns)) if !done && !nouns.is_empty() && verb(last).is_some() => {
                format!("{}_{}", verb(last).unwrap_or(last), nouns.join("_"))
            }
            _ => words.join("_"),
        };
    }
    let many =
        operation.document.as_ref().is_some_and(|document| document.paged) || is_list(&operation.answer.ty);
    format!("{}_{}", if many { "list" } else { "get" }, words.join("_"))
}

fn is_list(ty: &Type) -> bool {
    match ty {
        Type::List(_) => true,
        Type::Nullable(inner) => is_list(inner),
        _ => false,
    }
}

fn by_id(operation: &Operation) -> Option<String> {
    let id = operation.id.as_deref()?;
    let all = words(id);
    let method = operation.method.name().to_ascii_lowercase();
    let copied = all.first() == Some(&method) && {
        let path: Vec<String> = segments(&operation.path)
            .iter()
            .flat_map(|segment| words(segment.trim_matches(['{', '}'])))
            .collect();
        let path = path.join("");
        let rest = all[1..].join("");
        path.len() > 3 && (rest.contains(&path) || path.ends_with(&rest) || path.contains(&rest))
    };
    let path = operation.path.trim_start_matches('/');
    let written = !path.is_empty() && id.contains(path);
    if all.is_empty() || all.len() > 8 || copied || written {
        return None;
    }
    // What is told apart by points or strokes are groups, and the last of them is what it is about.
    let parts: Vec<Vec<String>> = match id.contains(['/', '.']) {
        true => id.split(['/', '.']).map(words).collect(),
        false if id.contains('_') && !id.contains('-') => id.split('_').map(words).collect(),
        false => vec![all.clone()],
    };
    let parts: Vec<Vec<String>> =
        parts.into_iter().filter(|part| !part.is_empty() && !is_version(&part.join(""))).collect();
    let last = parts.last()?;
    let begins_with_verb = |part: &[String]| {
        let at =
            usize::from(matches!(part.first().map(String::as_str), Some("batch" | "bulk")) && part.len() > 1);
        part.get(at).is_some_and(|word| verb(word).is_some()).then_some(at)
    };
    if let Some(at) = begins_with_verb(&parts[0]) {
        let rest: Vec<&str> = parts.iter().flatten().skip(at + 1).map(String::as_str).collect();
        return Some(joined(operation, &parts[0][..=at], &[], &rest));
    }
    // `chat_postMessage`, `gmail.users.drafts.list`
    if parts.len() > 1 {
        for (number, part) in parts.iter().enumerate().skip(1) {
            if let Some(at) = begins_with_verb(part) {
                let noun = parts[number - 1].clone();
                let rest: Vec<&str> = part[at + 1..]
                    .iter()
                    .chain(parts[number + 1..].iter().flatten())
                    .map(String::as_str)
                    .collect();
                let rest: Vec<&str> = rest.into_iter().filter(|word| !is_version(word)).collect();
                let noun: Vec<&str> = noun.iter().map(String::as_str).collect();
                return Some(joined(operation, &part[..=at], &noun, &rest));
            }
        }
    }
    // `itemGet`
    if let Some((word, nouns)) = last.split_last()
        && verb(word).is_some()
        && !nouns.is_empty()
    {
        let nouns: Vec<&str> = nouns.iter().map(String::as_str).collect();
        return Some(joined(operation, std::slice::from_ref(word), &nouns, &[]));
    }
    let plain = all.join("_");
    Some(match operation.method {
        Method::Get if is_many(last.last()?) => format!("list_{plain}"),
        Method::Get => format!("get_{plain}"),
        Method::Delete => format!("delete_{plain}"),
        Method::Head | Method::Patch | Method::Post | Method::Put => plain,
    })
}

fn is_version(word: &str) -> bool {
    let digits = word.strip_prefix('v').unwrap_or("");
    !digits.is_empty() && digits.chars().all(|letter| letter.is_ascii_digit())
}

/// A verb with what it is about.
fn joined(operation: &Operation, verbs: &[String], noun: &[&str], rest: &[&str]) -> String {
    let word = verbs.last().map_or("", String::as_str);
    let mut written = verb(word).unwrap_or(word);
    let ends = segments(&operation.path).last().is_some_and(|last| last.starts_with('{'));
    if word == "post" && noun.is_empty() {
        written = if ends { "update" } else { "create" };
    }
    let prepositions = ["for", "by", "of", "in", "to", "with", "from", "on", "at", "as"];
    let about: Vec<String> = if rest.is_empty() || prepositions.contains(&rest[0]) {
        let noun: Vec<String> = noun
            .iter()
            .enumerate()
            .map(|(at, word)| {
                let whole =
                    at + 1 < noun.len() || matches!(written, "list" | "search" | "find" | "query" | "count");
                if whole { (*word).to_owned() } else { one(word) }
            })
            .collect();
        noun.into_iter().chain(rest.iter().map(|word| (*word).to_owned())).collect()
    } else {
        rest.iter().map(|word| (*word).to_owned()).collect()
    };
    let many = about.last().is_some_and(|word| is_many(word));
    if written == "get"
        && many
        && !ends
        && operation.method == Method::Get
        && !about.iter().any(|word| word == "by")
    {
        written = "list";
    }
    let before = if verbs.len() > 1 { format!("{}_", verbs[0]) } else { String::new() };
    format!("{before}{written}_{}", about.join("_")).trim_end_matches('_').to_owned()
}

/// The segments of a path that say something.
fn segments(path: &str) -> Vec<&str> {
    let all = path.split('/').filter(|segment| !segment.is_empty());
    let all: Vec<&str> = all.collect();
    let begin = all.iter().position(|segment| {
        !EMPTY.contains(&segment.to_ascii_lowercase().as_str()) && !is_version(&segment.to_ascii_lowercase())
    });
    all[begin.unwrap_or(0).min(all.len())..].to_vec()
}

/// A name from the method and so many further words of the path.
fn by_path(operation: &Operation, more: usize) -> String {
    let segments = segments(&operation.path);
    let ends = segments.last().is_some_and(|last| last.starts_with('{'));
    let plain = |segment: &&str| !segment.starts_with('{');
    let nouns: Vec<String> = segments
        .iter()
        .filter(|segment| plain(segment))
        .map(|segment| words(segment.split('{').next().unwrap_or(segment)).join("_"))
        .filter(|word| !word.is_empty() && !is_version(word))
        .collect();
    let Some((last, before)) = nouns.split_last() else {
        return operation.method.name().to_ascii_lowercase();
    };
    let own = last.split('_').next().and_then(verb).filter(|_| !ends && operation.method != Method::Get);
    let own = own.or_else(|| (last == "search").then_some("search"));
    let (verb, about, before) = match (own, before.split_last()) {
        (Some(verb), Some((noun, before))) => {
            let rest = last.split_once('_').map(|(_, rest)| format!("_{rest}")).unwrap_or_default();
            let noun = if matches!(verb, "search" | "list") { noun.clone() } else { one(noun) };
            (verb, format!("{noun}{rest}"), before)
        }
        (_, _) => {
            let verb = match operation.method {
                Method::Get if !ends && (is_many(last) || is_list(&operation.answer.ty)) => "list",
                Method::Get => "get",
                Method::Head => "check",
                Method::Post if ends => "update",
                Method::Post => "create",
                Method::Patch | Method::Put => "update",
                Method::Delete => "delete",
            };
            (verb, if verb == "list" { last.clone() } else { one(last) }, before)
        }
    };
    let from = before.len().saturating_sub(more);
    let more: Vec<String> = before[from..].iter().map(|word| one(word)).collect();
    let more = if more.is_empty() { String::new() } else { format!("{}_", more.join("_")) };
    format!("{verb}_{more}{about}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::description::Answer;

    fn operation(id: &str, method: Method, path: &str) -> Operation {
        Operation {
            id: Some(id.to_owned()).filter(|id| !id.is_empty()),
            method,
            path: path.into(),
            summary: String::new(),
            deprecated: false,
            parameters: vec![],
            body: None,
            content_type: None,
            answer: Answer::default(),
            security: None,
            server: None,
            document: None,
            notes: vec![],
        }
    }

    #[test]
    fn names_of_operations_become_names_of_actions() {
        use Method::{Delete, Get, Patch, Post, Put};
        for (id, method, path, name) in [
            ("getParcel", Get, "/parcels/{id}", "get_parcel"),
            ("listParcels", Get, "/parcels", "list_parcels"),
            ("retrieveParcels", Get, "/parcels", "list_parcels"),
            ("repos/list-for-org", Get, "/orgs/{org}/repos", "list_repos_for_org"),
            ("gmail.users.drafts.list", Get, "/users/{u}/drafts", "list_drafts"),
            ("gmail.users.drafts.insert", Post, "/users/{u}/drafts", "create_draft"),
            ("chat_postEphemeral", Post, "/chat.postEphemeral", "post_ephemeral"),
            ("rate-limit/get", Get, "/rate_limit", "get_rate_limit"),
            ("itemGet", Post, "/item/get", "get_item"),
            ("Add Tags", Post, "/tags", "add_tags"),
            ("GetCharges", Get, "/v1/charges", "list_charges"),
            ("PostCharges", Post, "/v1/charges", "create_charge"),
            ("PostChargesCharge", Post, "/v1/charges/{charge}", "update_charge"),
            (
                "sheets.spreadsheets.values.batchUpdate",
                Post,
                "/v4/s/{id}/values:batchUpdate",
                "batch_update_value",
            ),
            ("", Get, "/api/v4/projects/{id}/issues", "list_issues"),
            ("", Get, "/api/v4/projects/{id}/issues/{n}", "get_issue"),
            ("", Post, "/charges/{id}/capture", "capture_charge"),
            ("", Post, "/issues/search", "search_issues"),
            ("", Patch, "/people/{id}", "update_people"),
            ("", Put, "/boxes/{id}", "update_box"),
            ("", Delete, "/categories/{id}", "delete_category"),
            ("request", Post, "/", "send_request"),
            ("\u{0}\n☃", Get, "/☃", "get"),
        ] {
            assert_eq!(of(&[operation(id, method, path)]), [name], "{id} {path}");
        }
    }

    #[test]
    fn names_differ() {
        let same = [
            operation("", Method::Get, "/repos/{r}/comments"),
            operation("", Method::Get, "/issues/{i}/comments"),
            operation("", Method::Get, "/issues/{i}/comments/"),
        ];
        assert_eq!(of(&same), ["list_repo_comments", "list_issue_comments", "list_issue_comments_2"]);
    }

    #[test]
    fn parameters_and_services_have_names() {
        for (wire, name) in [
            ("calendarId", "calendar_id"),
            ("page[size]", "page_size"),
            ("X-Request-Id", "x_request_id"),
            ("$top", "top"),
            ("userID", "user_id"),
            ("imageURLs", "image_urls"),
            ("2fa", "n2fa"),
            ("☃", "value"),
        ] {
            assert_eq!(parameter(wire), name, "{wire}");
        }
        for (title, name) in
            [("GitHub v3 REST API", "github"), ("The Parcels API", "parcels"), ("", "service")]
        {
            assert_eq!(service(title), name, "{title}");
        }
    }
}
