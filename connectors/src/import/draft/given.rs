//! What an action gives, and what an account is called by it.

use dsl::types::{Field, Type};

use super::{Action, without_files};
use crate::import::description::{AnswerKind, Operation};
use crate::import::names;
use crate::import::pages::{self, Pages, plain};
use crate::import::yaml::{Entry, Tree};
use crate::manifest::request::Method;

/// What an action gives: how it is made of the answer, its type, and how the answer is read.
pub(super) fn given(
    operation: &Operation,
    name: &str,
    pages: Option<&Pages>,
) -> (Option<Tree>, Type, Option<&'static str>) {
    let only = |key: &str, value: String, ty: Type| {
        let output = Tree::Map(vec![Entry::text(key, value)]);
        (Some(output), Type::Object(vec![Field::required(key, ty, "")]), None)
    };
    if let Some(pages) = pages {
        return only(&noun(name), "{{ items }}".into(), Type::list(pages.item.clone()));
    }
    let body = match &operation.document {
        Some(document) => format!("{{{{ response.body.data.{} }}}}", document.field),
        None => "{{ response.body }}".to_owned(),
    };
    match operation.answer.kind {
        AnswerKind::Nothing => {
            let key = if operation.method == Method::Delete { "deleted" } else { "done" };
            let output = Tree::Map(vec![Entry::new(key, Tree::Bare("true".into()))]);
            (Some(output), Type::Object(vec![Field::required(key, Type::Boolean, "")]), None)
        }
        AnswerKind::Bytes => {
            let (output, returns, _) = only("file", body, Type::Bytes);
            (output, returns, Some("bytes"))
        }
        AnswerKind::Text => {
            let (output, returns, _) = only("text", body, Type::String);
            (output, returns, Some("text"))
        }
        AnswerKind::Json => {
            let ty = without_files(&operation.answer.ty);
            match (plain(&ty), operation.document.is_some()) {
                (Type::List(_), _) => only(&noun(name), body, ty),
                (Type::Object(_) | Type::AnyObject | Type::Any, true) => (Some(Tree::Text(body)), ty, None),
                (Type::Object(_) | Type::AnyObject | Type::Any, false) => (None, plain(&ty).clone(), None),
                (_, _) => only("value", body, ty),
            }
        }
    }
}

/// What a list is a list of, by the name of its action.
fn noun(name: &str) -> String {
    let words: Vec<&str> = name.split('_').collect();
    let end = words
        .iter()
        .skip(1)
        .position(|word| matches!(*word, "for" | "by" | "of" | "in" | "to" | "from"))
        .map_or(words.len(), |at| at + 1);
    let nouns: Vec<&str> = words[1.min(words.len())..end.max(1).min(words.len())].to_vec();
    match nouns.last() {
        Some(last) if names::is_many(last) => nouns.join("_"),
        _ => "items".into(),
    }
}

/// The action that tells whose account it is: it reads and needs nothing.
pub(super) fn verify(actions: &[Action]) -> Option<&Action> {
    let needs_nothing = |action: &&Action| {
        action.effect == "read"
            && action.pages.is_none()
            && action.reads.is_none()
            && action.input.iter().all(|field| field.optional)
    };
    let own = |action: &&Action| {
        let last = action.path.rsplit('/').next().unwrap_or_default().to_lowercase();
        let last = last.split(['.', '-', '_']).next_back().unwrap_or_default();
        let path = action.path.to_lowercase();
        matches!(
            last,
            "me" | "self" | "myself" | "userinfo" | "whoami" | "current" | "profile" | "account" | "test"
        ) || path.contains("/me/") && path.ends_with("/user")
            || matches!(
                action.name.as_str(),
                "get_me"
                    | "get_self"
                    | "get_current_user"
                    | "test_auth"
                    | "get_viewer"
                    | "list_viewer"
                    | "get_authorized_user"
                    | "get_user"
                    | "get_authenticated_user"
            )
    };
    actions.iter().filter(needs_nothing).find(own)
}

/// What an account is called, by what the action gives that tells it.
pub(super) fn label(action: &Action) -> Option<String> {
    let names = [
        "name",
        "display_name",
        "displayName",
        "email",
        "emailAddress",
        "mail",
        "login",
        "username",
        "user_name",
        "user",
        "id",
    ];
    let find = |ty: &Type, before: &str| {
        let fields = plain(ty).fields()?;
        let text = |field: &&Field| matches!(plain(&field.ty), Type::String);
        let found =
            names.iter().find_map(|name| fields.iter().filter(text).find(|field| field.name == *name))?;
        Some(pages::path(before, &found.name))
    };
    let begin = match &action.output {
        None => "response.body".to_owned(),
        Some(Tree::Text(text)) => text.trim_matches(['{', '}', ' ']).to_owned(),
        Some(_) => return None,
    };
    let found = find(&action.returns, &begin).or_else(|| {
        let inner = plain(&action.returns).fields()?.iter();
        inner.into_iter().find_map(|field| find(&field.ty, &pages::path(&begin, &field.name)))
    })?;
    Some(format!("{{{{ {found} }}}}"))
}

/// A name as words for people.
pub(super) fn words(id: &str) -> String {
    let upper = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
    };
    id.split('_').map(upper).collect::<Vec<String>>().join(" ")
}
