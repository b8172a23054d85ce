//! How a list goes on, where its parameters and its answer have a shape that services share.

use dsl::types::{Field, Type};

use super::description::{Answer, AnswerKind, Body, BodyKind, Operation, Place};
use super::names;
use super::yaml::{Entry, Tree};

/// How a list goes on.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    /// The keys of `pages`, without `limit`.
    pub keys: Vec<Entry>,
    /// The type of an item.
    pub item: Type,
    /// Parameters that paging takes for itself, by the names that are sent.
    pub taken: Vec<String>,
    /// The parameter of the size of a page, with the number that is sent.
    pub size: Option<(String, i64)>,
    /// Why a person should look at it, where it is not sure.
    pub note: Option<String>,
}

/// A parameter that could say where to go on.
struct Slot<'a> {
    field: &'a Field,
    place: &'static str,
    /// Its name without case and marks.
    word: String,
}

/// A text of an answer that could say where it goes on.
struct Told {
    path: String,
    word: String,
    /// The name of what it stands in.
    within: String,
    address: bool,
}

/// Words for what goes on, in parameters.
const CURSORS: &[&str] = &[
    "after",
    "bookmark",
    "continuation",
    "continuationtoken",
    "cursor",
    "nextcursor",
    "nextpagetoken",
    "nexttoken",
    "pagecursor",
    "pagetoken",
    "paginationtoken",
    "startcursor",
    "startingafter",
    "token",
    "querylocator",
    "start",
    "offset",
    "marker",
    "pageid",
];

/// Words for it, in answers.
const NEXTS: &[&str] = &[
    "after",
    "bookmark",
    "continuation",
    "continuationtoken",
    "cursor",
    "endcursor",
    "next",
    "nextcursor",
    "nextmarker",
    "nextoffset",
    "nextpage",
    "nextpagecursor",
    "nextpageid",
    "nextpagetoken",
    "nextstart",
    "nexttoken",
    "offset",
    "pagetoken",
    "startingafter",
    "nextlink",
    "marker",
];

/// Words for the address of the next page.
const ADDRESSES: &[&str] = &[
    "next",
    "nexthref",
    "nextlink",
    "nextpage",
    "nextpagelink",
    "nextpageuri",
    "nextpageurl",
    "nexturi",
    "nexturl",
    "odatanextlink",
];

/// Words for how many items a page has.
const SIZES: &[&str] = &[
    "count",
    "first",
    "itemsperpage",
    "limit",
    "maxitems",
    "maxpagesize",
    "maxresults",
    "pagelimit",
    "pagesize",
    "perpage",
    "resultsperpage",
    "rows",
    "size",
    "take",
    "top",
];

/// True for a parameter that is about pages, of a list that goes on.
pub(super) fn is_about_pages(name: &str) -> bool {
    let own = ["page", "pagenumber", "skip", "startat", "startindex", "before", "endingbefore", "beforeid"];
    let word = word(name);
    [SIZES, CURSORS, &own].iter().any(|words| words.contains(&word.as_str()))
}

/// How the list of an operation goes on; nothing where it is no list or nothing says it.
pub(super) fn of(operation: &Operation) -> Option<Pages> {
    if let Some(document) = &operation.document {
        return if document.paged { of_document(operation, &document.field) } else { None };
    }
    if operation.answer.kind != AnswerKind::Json {
        return None;
    }
    let slots = slots(operation);
    let (items, item, sure) = items(operation)?;
    let told = told(&operation.answer);
    let size = slots.iter().find(|slot| SIZES.contains(&slot.word.as_str()) && is_count(&slot.field.ty));
    let most =
        size.and_then(|slot| Some((slot, slot.field.max.filter(|most| (1.0..=1_000.0).contains(most))?)));
    // Where nobody says how many there may be, one that must be given stays a parameter.
    let size_taken = size.filter(|slot| slot.field.optional || most.is_some());
    let finish = |keys: Vec<Entry>, mut taken: Vec<String>, note: Option<String>| {
        taken.extend(size_taken.map(|slot| slot.field.name.clone()));
        let mut all = vec![keys[0].clone(), Entry::text("items", items.clone())];
        all.extend(keys.into_iter().skip(1));
        let note = note.or_else(|| (!sure).then(|| format!("whether `{items}` are the items of a page")));
        let size = most.map(|(slot, most)| (slot.field.name.clone(), most as i64));
        Some(Pages { keys: all, item: item.clone(), taken, size, note })
    };
    let kind = |kind: &str| Entry::text("kind", kind);
    let into =
        |slot: &Slot<'_>| Entry::new("into", Tree::Map(vec![Entry::text(slot.place, &slot.field.name)]));
    // What must be given stands in the first request already, which begins nowhere.
    let find = |words: &[&str], fits: fn(&Type) -> bool| {
        slots
            .iter()
            .find(|slot| words.contains(&slot.word.as_str()) && fits(&slot.field.ty) && slot.field.optional)
    };
    let page = find(&["page", "pagenumber", "pagenum", "pageno", "pageindex", "currentpage"], is_count);
    let offset =
        find(&["offset", "skip", "startat", "startindex", "startposition", "start", "from"], is_count);
    if operation.answer.links {
        let taken = [page, offset].into_iter().flatten().map(|slot| slot.field.name.clone()).collect();
        return finish(vec![kind("link_header")], taken, None);
    }
    // The same word on both sides, or a word that says `next`, is sure; two words that could belong together are not.
    let cursors: Vec<&Slot<'_>> = slots
        .iter()
        .filter(|slot| {
            CURSORS.contains(&slot.word.as_str()) && is_text(&slot.field.ty) && slot.field.optional
        })
        .collect();
    let best = cursors
        .iter()
        .flat_map(|slot| told.iter().map(move |told| (*slot, told)))
        .filter_map(|(slot, told)| Some((rank(&slot.word, told)?, slot, told)))
        .min_by_key(|(rank, ..)| *rank);
    if let Some((rank, slot, told)) = best {
        let note = (rank > 2)
            .then(|| format!("whether `{}` of an answer continues it as `{}`", told.path, slot.field.name));
        let keys = vec![kind("cursor"), Entry::text("next", &told.path), into(slot)];
        return finish(keys, cursors.iter().map(|slot| slot.field.name.clone()).collect(), note);
    }
    if let Some(next) = told.iter().find(|told| told.address && (ADDRESSES.contains(&told.word.as_str()))) {
        let taken = [page, offset, find(&["skiptoken"], is_text)]
            .into_iter()
            .flatten()
            .map(|slot| slot.field.name.clone())
            .collect();
        return finish(vec![kind("next_url"), Entry::text("next", &next.path)], taken, None);
    }
    let more = has_more(&operation.answer.ty);
    let id = item.fields().unwrap_or_default().iter().any(|field| field.name == "id");
    if let Some(slot) = find(&["startingafter", "after", "sinceid", "afterid"], is_text).filter(|_| id) {
        let mut keys = vec![kind("keyset"), Entry::text("next", "item.id"), into(slot)];
        keys.extend(more.as_ref().map(|more| Entry::text("stop_when", format!("not {more}"))));
        let note = more
            .is_none()
            .then(|| format!("whether the `id` of the last item continues it as `{}`", slot.field.name));
        let before = find(&["endingbefore", "before", "beforeid"], is_text);
        let taken = [Some(slot), before].into_iter().flatten().map(|slot| slot.field.name.clone()).collect();
        return finish(keys, taken, note);
    }
    if let Some(slot) = page {
        let first = first(slot.field);
        let mut keys = vec![kind("page"), into(slot)];
        keys.extend((first == Some(0)).then(|| Entry::new("first", Tree::Bare("0".into()))));
        keys.extend(more.map(|more| Entry::text("stop_when", format!("not {more}"))));
        let note = first.is_none().then(|| format!("whether the first `{}` is 1 or 0", slot.field.name));
        return finish(keys, vec![slot.field.name.clone()], note);
    }
    if let Some(slot) = offset {
        let mut keys = vec![kind("offset"), into(slot)];
        let one = first(slot.field) == Some(1);
        keys.extend(one.then(|| Entry::new("first", Tree::Bare("1".into()))));
        keys.extend(more.map(|more| Entry::text("stop_when", format!("not {more}"))));
        return finish(keys, vec![slot.field.name.clone()], None);
    }
    None
}

/// A list of GraphQL with `nodes` and `pageInfo`.
fn of_document(operation: &Operation, field: &str) -> Option<Pages> {
    let inner = plain(&operation.answer.ty).fields()?.iter().find(|known| known.name == "nodes")?;
    let Type::List(item) = plain(&inner.ty) else { return None };
    let at = format!("response.body.data.{field}");
    let next = format!("{at}.pageInfo.hasNextPage ? {at}.pageInfo.endCursor : null");
    let keys = vec![
        Entry::text("kind", "cursor"),
        Entry::text("items", format!("{at}.nodes")),
        Entry::text("next", next),
        Entry::new("into", Tree::Map(vec![Entry::text("body", "variables.after")])),
    ];
    let has = |name: &str| operation.parameters.iter().any(|known| known.field.name == name);
    let taken =
        ["after", "before", "first", "last"].iter().filter(|name| has(name)).map(|name| (*name).to_owned());
    let size = has("first").then(|| ("first".to_owned(), 50));
    Some(Pages { keys, item: (**item).clone(), taken: taken.collect(), size, note: None })
}

/// How well a word of an answer and a parameter belong together; the lower the better.
fn rank(slot: &str, told: &Told) -> Option<usize> {
    let word = told.word.as_str();
    if told.address || !NEXTS.contains(&word) {
        return None;
    }
    let next = word.strip_prefix("next");
    match () {
        () if next == Some(slot) => Some(0),
        () if word == slot => Some(1),
        () if word == "nextpagetoken" && slot == "pagetoken"
            || word == "nextcursor" && slot.contains("cursor") =>
        {
            Some(1)
        }
        () if told.within.starts_with("next") && word == slot => Some(1),
        () if next.is_some_and(|next| !next.is_empty() && slot.ends_with(next)) => Some(2),
        () if matches!(slot, "offset" | "start" | "from") => None,
        () if next.is_some() => Some(3),
        () => Some(4),
    }
}

fn slots(operation: &Operation) -> Vec<Slot<'_>> {
    let query = operation.parameters.iter().filter(|parameter| parameter.place == Place::Query);
    let query = query.map(|parameter| (&parameter.field, "query"));
    let body = match &operation.body {
        Some(Body { kind: BodyKind::Json | BodyKind::Form, field, .. }) => {
            plain(&field.ty).fields().unwrap_or_default()
        }
        _ => &[],
    };
    let all = query.chain(body.iter().map(|field| (field, "body")));
    all.map(|(field, place)| Slot { field, place, word: word(&field.name) }).collect()
}

/// The items of a page: where they stand, their type, and whether that is sure.
fn items(operation: &Operation) -> Option<(String, Type, bool)> {
    let ty = plain(&operation.answer.ty);
    if let Type::List(item) = ty {
        return Some(("response.body".into(), (**item).clone(), true));
    }
    let mut lists: Vec<(String, Type, usize)> = vec![];
    let known = [
        "data",
        "items",
        "results",
        "values",
        "value",
        "records",
        "entries",
        "list",
        "result",
        "resources",
        "collection",
    ];
    let last =
        operation.path.rsplit('/').find(|segment| !segment.starts_with('{')).map(word).unwrap_or_default();
    let mut look = |fields: &[Field], before: &str| {
        for field in fields {
            if let Type::List(item) = plain(&field.ty) {
                let own = word(&field.name);
                let mut rank = known.iter().position(|name| *name == own).unwrap_or(50);
                if own == last {
                    rank = 0;
                }
                if !matches!(**item, Type::Object(_) | Type::AnyObject | Type::Any) {
                    rank += 100;
                }
                if matches!(
                    own.as_str(),
                    "errors" | "warnings" | "includes" | "included" | "links" | "messages"
                ) && own != last
                {
                    rank += 200;
                }
                lists.push((path(before, &field.name), (**item).clone(), rank));
            }
        }
    };
    let fields = ty.fields()?;
    look(fields, "response.body");
    for field in fields
        .iter()
        .filter(|field| matches!(word(&field.name).as_str(), "data" | "result" | "response" | "embedded"))
    {
        if let Some(inner) = plain(&field.ty).fields() {
            look(inner, &path("response.body", &field.name));
        }
    }
    let objects = lists.iter().filter(|(_, _, rank)| *rank < 100).count();
    let (at, item, rank) = lists.into_iter().min_by_key(|(_, _, rank)| *rank)?;
    Some((at, item, objects <= 1 || rank < 50))
}

/// The texts and numbers of an answer, two levels deep.
fn told(answer: &Answer) -> Vec<Told> {
    let mut found = vec![];
    let mut look = |fields: &[Field], before: &str, within: &str| {
        for field in fields {
            let ty = plain(&field.ty);
            if matches!(ty, Type::String | Type::Integer | Type::Any) {
                let word = word(&field.name);
                let about = field.about.to_lowercase();
                let said = about.contains("url") || about.contains("uri") || about.contains(" link");
                let address = matches!(word.as_str(), "odatanextlink")
                    || ["url", "uri", "link", "href"].iter().any(|end| word.ends_with(end))
                    || (ADDRESSES.contains(&word.as_str())
                        && (said || within == "links")
                        && *ty == Type::String);
                found.push(Told {
                    path: path(before, &field.name),
                    word,
                    within: within.to_owned(),
                    address,
                });
            }
        }
    };
    let fields = plain(&answer.ty).fields().unwrap_or_default();
    look(fields, "response.body", "");
    for field in fields {
        let Some(inner) = plain(&field.ty).fields() else { continue };
        let at = path("response.body", &field.name);
        look(inner, &at, &word(&field.name));
        for deeper in inner {
            if let Some(fields) = plain(&deeper.ty).fields()
                && !matches!(plain(&deeper.ty), Type::List(_))
            {
                look(fields, &path(&at, &deeper.name), &word(&deeper.name));
            }
        }
    }
    found
}

/// Where an answer says whether there is more.
fn has_more(ty: &Type) -> Option<String> {
    let fields = plain(ty).fields()?;
    let of = |fields: &[Field], before: &str| {
        let found = fields.iter().find(|field| {
            matches!(word(&field.name).as_str(), "hasmore" | "hasnext" | "more" | "hasnextpage")
        });
        found.filter(|field| *plain(&field.ty) == Type::Boolean).map(|field| path(before, &field.name))
    };
    of(fields, "response.body").or_else(|| {
        fields.iter().find_map(|field| of(plain(&field.ty).fields()?, &path("response.body", &field.name)))
    })
}

/// The number of the first page or item, where a parameter says it.
fn first(field: &Field) -> Option<i64> {
    let default = field
        .about
        .rsplit_once("Default `")
        .and_then(|(_, rest)| rest.split('`').next()?.parse::<i64>().ok());
    let told = default.or_else(|| field.min.map(|least| least as i64));
    told.filter(|number| matches!(number, 0 | 1))
}

fn is_count(ty: &Type) -> bool {
    matches!(plain(ty), Type::Integer | Type::Number)
}

fn is_text(ty: &Type) -> bool {
    matches!(plain(ty), Type::String | Type::Any)
}

/// A type without what says that it may be null.
pub(super) fn plain(ty: &Type) -> &Type {
    match ty {
        Type::Nullable(inner) => plain(inner),
        other => other,
    }
}

/// An expression that reads a field.
pub(super) fn path(before: &str, name: &str) -> String {
    let plain = dsl::fields::is_name(name);
    if plain { format!("{before}.{name}") } else { format!("{before}[{}]", serde_json::Value::from(name)) }
}

/// A name without case and marks.
fn word(name: &str) -> String {
    names::words(name).concat()
}
