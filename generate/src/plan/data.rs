//! What is at hand while a plan is made: what started the run, lists, single things, texts; and how each is told in words.

use dsl::types::{Field, Type};

use crate::sketch::Val;

/// Something at hand.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// A list.
    List { path: String, item: Type, service: String, object: String },
    /// One thing.
    One { path: String, ty: Type, service: String, object: String },
    /// A text that a model wrote.
    Text { path: String },
    /// What nothing is known of.
    Any { path: String },
    /// A file.
    File { path: String },
}

/// Fields that say what a thing is, the best first.
const TELLING: &[&str] = &[
    "subject",
    "title",
    "summary",
    "name",
    "text",
    "raw_subject",
    "full_name",
    "email",
    "message",
    "description",
    "snippet",
    "number",
    "Number",
    "InvoiceNumber",
    "DocNumber",
    "amount",
    "total",
    "Total",
    "TotalAmt",
    "status",
    "state",
    "html_url",
    "url",
    "link",
    "permalink",
    "web_url",
    "body",
    "id",
];

/// Fields that are told beside it.
const BESIDE: &[&str] = &[
    "from", "author", "user", "amount", "total", "Total", "TotalAmt", "status", "start", "due_on",
    "html_url", "url", "link", "web_url", "email", "date",
];

/// The fields of a type, if it is an object.
pub fn fields(ty: &Type) -> &[Field] {
    match ty {
        Type::Object(fields) => fields,
        Type::Nullable(inner) => fields_of(inner),
        _ => &[],
    }
}

fn fields_of(ty: &Type) -> &[Field] {
    fields(ty)
}

/// The type without the null that it may be.
pub fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Nullable(inner) => bare(inner),
        other => other,
    }
}

/// True if it may be null or left out.
pub fn open(field: &Field) -> bool {
    field.optional || matches!(field.ty, Type::Nullable(_))
}

/// True for what stands in a text as it is.
pub fn scalar(ty: &Type) -> bool {
    matches!(
        bare(ty),
        Type::String | Type::Integer | Type::Number | Type::Boolean | Type::Time | Type::Enum(_)
    )
}

/// The field of a type with one of these names, in the order of the names.
pub fn field<'a>(ty: &'a Type, names: &[&str]) -> Option<&'a Field> {
    names.iter().find_map(|name| fields(ty).iter().find(|field| field.name == *name))
}

/// A field of something as a text in a hole.
fn shown(path: &str, field: &Field) -> String {
    match (bare(&field.ty), open(field)) {
        (Type::String | Type::Enum(_), true) => format!("{{{{ {path}.{} ?? \"\" }}}}", field.name),
        _ => format!("{{{{ {path}.{} }}}}", field.name),
    }
}

/// The fields of a thing that tell what it is: the first, and up to two beside it.
fn telling(ty: &Type) -> Vec<&Field> {
    let all: Vec<&Field> = fields(ty).iter().filter(|field| scalar(&field.ty)).collect();
    let find = |names: &[&str], had: &[&Field]| {
        names.iter().find_map(|name| {
            all.iter()
                .copied()
                .find(|field| field.name == *name && !had.iter().any(|had| had.name == field.name))
        })
    };
    let mut found = vec![];
    found.extend(find(TELLING, &found));
    found.extend(find(BESIDE, &found));
    found.extend(find(BESIDE, &found));
    if found.is_empty() {
        found.extend(all.into_iter().take(2));
    }
    found
}

/// True for a thing whose fields tell no more than which one it is.
pub fn says_nothing(ty: &Type) -> bool {
    let told = telling(ty);
    !told.is_empty() && told.iter().all(|field| field.name == "id")
}

/// One line that tells what a thing is.
pub fn line(path: &str, ty: &Type) -> String {
    match bare(ty) {
        Type::Object(_) => {
            let told = telling(ty);
            // A number alone says nothing: what it is stands before it, with what stands beside it.
            if let [only] = told[..]
                && matches!(bare(&only.ty), Type::Integer | Type::Number)
            {
                let near = fields(ty).iter().filter(|field| scalar(&field.ty) && field.name != "id");
                let named = near.take(3).map(|field| format!("{}: {}", field.name, shown(path, field)));
                return named.collect::<Vec<_>>().join(", ");
            }
            let parts: Vec<String> = told.into_iter().map(|field| shown(path, field)).collect();
            match &parts[..] {
                [] => format!("{{{{ {path} | json }}}}"),
                [first] => first.clone(),
                [first, rest @ ..] => format!("{first} ({})", rest.join(", ")),
            }
        }
        ty if scalar(ty) => format!("{{{{ {path} }}}}"),
        _ => format!("{{{{ {path} | json }}}}"),
    }
}

/// All that a thing says, in lines: for a model to read.
fn lines(path: &str, ty: &Type) -> String {
    let known: Vec<String> = fields(ty)
        .iter()
        .filter(|field| scalar(&field.ty) && !field.name.ends_with("_id") && field.name != "id")
        .take(8)
        .map(|field| format!("{}: {}", field.name, shown(path, field)))
        .collect();
    if known.is_empty() { line(path, ty) } else { known.join("\n") }
}

impl Data {
    /// It in words, as a text with holes: as people read it.
    pub fn told(&self) -> String {
        match self {
            Data::List { path, item, .. } => {
                format!("{{{{#each {path} as |it|}}}}\n- {}\n{{{{/each}}}}", line("it", item))
            }
            Data::One { path, ty, .. } => line(path, ty),
            Data::Text { path } => format!("{{{{ {path} }}}}"),
            Data::Any { path } => format!("{{{{ {path} | json }}}}"),
            Data::File { path } => format!("{{{{ {path} }}}}"),
        }
    }

    /// It in words, as a model reads it.
    pub fn whole(&self) -> String {
        match self {
            Data::One { path, ty, .. } => lines(path, ty),
            other => other.told(),
        }
    }

    /// The service that it came from.
    pub fn service(&self) -> Option<&str> {
        match self {
            Data::List { service, .. } | Data::One { service, .. } => Some(service),
            Data::Text { .. } | Data::Any { .. } | Data::File { .. } => None,
        }
    }

    /// What kind of thing it is.
    pub fn object(&self) -> Option<&str> {
        match self {
            Data::List { object, .. } | Data::One { object, .. } => Some(object),
            Data::Text { .. } | Data::Any { .. } | Data::File { .. } => None,
        }
    }
}

/// What stands for a value until somebody fills it in; nothing where there is no such value.
pub fn placeholder(ty: &Type, about: &str) -> Option<Val> {
    Some(match bare(ty) {
        Type::Integer => Val::Raw("0".into()),
        Type::Number => Val::Raw("0".into()),
        Type::Boolean => Val::Raw("false".into()),
        Type::List(_) => Val::Raw("[]".into()),
        Type::AnyObject | Type::Object(_) => Val::Raw("{}".into()),
        Type::Time => Val::Text("2026-01-01T00:00:00Z".into()),
        _ => Val::Text(format!(
            "({})",
            about.trim_end_matches('.').to_lowercase().replace("{{", "").replace("}}", "")
        )),
    })
}
