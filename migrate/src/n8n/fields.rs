//! Nodes that set fields of items.

use serde_json::{Value, json};

use super::params::Params;
use super::say::Say;
use super::weave::{Flow, Item, Place, Res, Rest, Weave};
use crate::ours::{self, Ex, Sort, object};
use crate::report::{Kind, Why};
use crate::tree::{Entry, Tree};

/// A field to set: its name, which may be a path, and its value.
struct Field {
    name: String,
    value: Value,
    sort: String,
}

/// A Set node, in all its versions.
pub fn set(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let version = weave.file.nodes[node].version;
    if params.text("mode").as_deref() == Some("raw") {
        return raw(weave, node, place, params, version);
    }
    params.ignore(&["mode", "options.ignoreConversionErrors", "duplicateItem"]);
    if params.flag("duplicateItem") == Some(true) {
        return Err(Why::new(Kind::Setting, "it makes several items of one"));
    }
    let (fields, keeps) = if version < 3.0 { old(params) } else { newer(params, version) };
    let dots = params.flag("options.dotNotation").unwrap_or(true);
    let mut known: Vec<(String, Ex)> = vec![];
    let mut body: Vec<Entry> = vec![];
    let mut say = Say::new(weave, place);
    let mut hidden: Vec<(String, Ex)> = vec![];
    for field in &fields {
        // A secret is stored, and stands only where it is sent.
        let plain = field.value.as_str().filter(|text| !text.starts_with('='));
        if let Some(secret) = plain.filter(|text| crate::secrets::is_secret(&field.name, text)) {
            hidden.push((field.name.clone(), stored(say.weave, node, &field.name, secret)));
            continue;
        }
        let value = typed(&mut say, field)?;
        let name = match field.name.strip_prefix('=') {
            Some(_) => return Err(Why::new(Kind::Expression, "the name of a field is made")),
            None => field.name.clone(),
        };
        let path: Vec<&str> = if dots { name.split('.').collect() } else { vec![&name] };
        put(&mut body, &path, value);
    }
    let base = kept(&keeps, &place.item)?;
    let wish = weave.file.nodes[node].name.clone();
    let step = weave.add(node, place, &wish, vec![Entry::map("set", body.clone())]);
    let whole = Ex::path(format!("steps.{step}"));
    let own = whole.clone();
    let mut shown = vec![];
    for (name, secret) in hidden {
        match name.split_once('.').filter(|_| dots) {
            // Within an object of the node's it is known by its path.
            Some((first, rest)) => {
                let outer = own.sure(first);
                let path = rest.split('.').fold(outer.clone(), |at, part| at.field(part));
                weave.hidden.insert(path.text, secret.clone());
                let inner = object(&[(rest.to_owned(), secret)]);
                shown.push((first.to_owned(), Ex::call("merge", &[&outer, &inner], Sort::Object)));
            }
            None => {
                known.push((name.clone(), secret.clone()));
                shown.push((name, secret));
            }
        }
    }
    // Whoever passes on the whole passes on the secret as well, which the checker stops.
    let whole = match &shown[..] {
        [] => whole,
        shown => Ex::call("merge", &[&whole, &object(shown)], Sort::Object),
    };
    for entry in &body {
        known.push((entry.key.clone(), own.sure(&entry.key)));
    }
    let item = match base {
        None => Item { whole, known, rest: Rest::Empty },
        Some(base) => {
            let nested = body.iter().any(|entry| matches!(&entry.value, Tree::Map(_)));
            let apart = matches!(base.rest, Rest::Empty)
                && body.iter().all(|entry| !base.known.iter().any(|(name, _)| *name == entry.key));
            if !apart && nested && fields.iter().any(|field| dots && field.name.contains('.')) {
                return Err(Why::new(Kind::Setting, "a field is set within an object that is kept"));
            }
            let mut all = base.known.clone();
            all.retain(|(name, _)| !known.iter().any(|(other, _)| other == name));
            all.extend(known);
            Item {
                whole: Ex::call("merge", &[&base.whole, &whole], Sort::Object),
                known: all,
                rest: base.rest,
            }
        }
    };
    Ok(vec![(0, Flow { files: place.files.clone(), ..place.one(item, &step) })])
}

/// What stands for a secret of the file, which is to be stored.
fn stored(weave: &mut Weave, node: usize, key: &str, value: &str) -> Ex {
    let of = weave.file.nodes[node].name.clone();
    let name = crate::names::secret(&format!("{of} {key}"));
    weave.settle.insert(format!(
        "the secret `{}` of `{}`, which stands in the file and is not copied: `keyway secrets add {name}`",
        crate::names::shown(key),
        crate::names::shown(&of)
    ));
    let secret = Ex::new(format!("secret(\"{name}\")"), ours::Bind::Path, Sort::Text);
    match ["Bearer ", "Basic ", "Token "].iter().find(|scheme| value.starts_with(**scheme)) {
        Some(scheme) => Ex::literal(scheme).binary("+", &secret, ours::Bind::Sum, Sort::Text),
        None => secret,
    }
}

/// What of the item that came in is kept.
enum Keeps {
    Nothing,
    All,
    Some(Vec<String>),
    AllBut(Vec<String>),
}

fn kept(keeps: &Keeps, item: &Item) -> Res<Option<Item>> {
    Ok(match keeps {
        Keeps::Nothing => None,
        Keeps::All => Some(item.clone()),
        Keeps::Some(names) => {
            let fields: Res<Vec<(String, Ex)>> =
                names.iter().map(|name| Ok((name.clone(), item.field(name)?))).collect();
            Some(Item::of(fields?, Rest::Empty))
        }
        Keeps::AllBut(names) => {
            let names: Vec<String> = names.iter().map(|name| ours::quoted(name)).collect();
            let whole = format!("omit({}, [{}])", item.whole.text, names.join(", "));
            Some(Item::open(Ex::path(whole)))
        }
    })
}

fn old(params: &Params) -> (Vec<Field>, Keeps) {
    let values = params.get("values").unwrap_or(Value::Null);
    let mut fields = vec![];
    for (sort, list) in values.as_object().into_iter().flatten() {
        for entry in list.as_array().into_iter().flatten() {
            let name = entry.get("name").and_then(Value::as_str).unwrap_or("propertyName").to_owned();
            let value = entry.get("value").cloned().unwrap_or(json!(""));
            fields.push(Field { name, value, sort: sort.clone() });
        }
    }
    let only = params.flag("keepOnlySet").unwrap_or(false);
    (fields, if only { Keeps::Nothing } else { Keeps::All })
}

fn newer(params: &Params, version: f64) -> (Vec<Field>, Keeps) {
    let mut fields = vec![];
    if version < 3.3 {
        for entry in params.list("fields.values") {
            let sort = entry.get("type").and_then(Value::as_str).unwrap_or("stringValue").to_owned();
            // What the file leaves out is what n8n fills in by itself.
            let left_out = if sort == "booleanValue" { json!(true) } else { json!("") };
            let value = entry.get(&sort).cloned().unwrap_or(left_out);
            let name = entry.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            fields.push(Field { name, value, sort: sort.trim_end_matches("Value").to_owned() });
        }
        params.ignore(&["fields"]);
    } else {
        for entry in params.list("assignments.assignments") {
            let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let value = entry.get("value").cloned().unwrap_or(Value::Null);
            fields.push(Field { name: text("name"), value, sort: text("type") });
        }
        params.ignore(&["assignments"]);
    }
    let names = |path: &str| -> Vec<String> {
        let text = params.text(path).unwrap_or_default();
        text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
    };
    let include = params.text("include");
    let others = if version < 3.3 {
        include.as_deref() != Some("none")
    } else {
        params.flag("includeOtherFields").unwrap_or(false)
    };
    let keeps = match (others, include.as_deref()) {
        (false, _) => Keeps::Nothing,
        (true, Some("selected")) => Keeps::Some(names("includeFields")),
        (true, Some("except")) => Keeps::AllBut(names("excludeFields")),
        (true, _) => Keeps::All,
    };
    params.ignore(&["includeFields", "excludeFields", "options.includeBinary", "options.stripBinary"]);
    (fields, keeps)
}

/// The value of a field, of the sort that the node makes it.
fn typed(say: &mut Say, field: &Field) -> Res<Tree> {
    let text = field.value.as_str();
    let is_made = text.is_some_and(|text| text.starts_with('='));
    Ok(match (field.sort.as_str(), text) {
        ("number", Some(plain)) if !is_made => match plain.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Tree::Bare(plain.trim().to_owned()),
            _ if plain.is_empty() => Tree::Bare("0".into()),
            _ => return Err(Why::new(Kind::Setting, "a number that is none")),
        },
        ("number", Some(_)) => {
            let ex = say.ex(&field.value)?;
            let ex = if ex.sort == Sort::Number { ex } else { Ex::call("number", &[&ex], Sort::Number) };
            Tree::Text(ex.hole())
        }
        ("boolean", Some("true" | "false")) => Tree::Bare(field.value.as_str().unwrap_or("false").to_owned()),
        ("array" | "object", Some(plain)) if !is_made => match serde_json::from_str::<Value>(plain) {
            Ok(value) => Tree::of(&value),
            Err(_) if plain.is_empty() => Tree::Bare("null".into()),
            Err(_) => return Err(Why::new(Kind::Setting, "a list or an object that is none")),
        },
        ("array" | "object", Some(raw)) => say.json(raw)?,
        // What is a text there is one here, whatever it is made of.
        ("string", Some(raw)) if is_made => {
            let ex = say.ex(&Value::from(raw))?;
            match ex.sort {
                Sort::Time => Tree::Text(super::say::iso(&ex, say.zone()).hole()),
                _ => Tree::Text(say.text(raw)?),
            }
        }
        ("string", None) if field.value.is_number() || field.value.is_boolean() => {
            Tree::text(field.value.to_string())
        }
        _ => say.tree(&field.value)?,
    })
}

fn put(body: &mut Vec<Entry>, path: &[&str], value: Tree) {
    let [first, rest @ ..] = path else { return };
    let at = match body.iter().position(|entry| entry.key == *first) {
        Some(at) => at,
        None => {
            body.push(Entry::new(*first, Tree::Map(vec![])));
            body.len() - 1
        }
    };
    if rest.is_empty() {
        body[at].value = value;
        return;
    }
    if !matches!(body[at].value, Tree::Map(_)) {
        body[at].value = Tree::Map(vec![]);
    }
    if let Tree::Map(inner) = &mut body[at].value {
        put(inner, rest, value);
    }
}

fn raw(
    weave: &mut Weave,
    node: usize,
    place: &Place,
    params: &Params,
    version: f64,
) -> Res<Vec<(usize, Flow)>> {
    params.ignore(&["duplicateItem", "options.ignoreConversionErrors"]);
    let code = params.text("jsonOutput").unwrap_or_else(|| "{}".into());
    let tree = Say::new(weave, place).json(&code)?;
    let include = params.text("include");
    let others = if version < 3.3 {
        include.as_deref().is_some_and(|word| word != "none")
    } else {
        params.flag("includeOtherFields").unwrap_or(false)
    };
    let wish = weave.file.nodes[node].name.clone();
    let (step, whole, known) = match &tree {
        Tree::Map(entries) => {
            let step = weave.add(node, place, &wish, vec![Entry::map("set", entries.clone())]);
            let whole = Ex::path(format!("steps.{step}"));
            let known: Vec<(String, Ex)> =
                entries.iter().map(|entry| (entry.key.clone(), whole.sure(&entry.key))).collect();
            (step, whole, known)
        }
        other => {
            let step = weave.add(
                node,
                place,
                &wish,
                vec![Entry::map("set", vec![Entry::new("item", other.clone())])],
            );
            (step.clone(), Ex::path(format!("steps.{step}.item")), vec![])
        }
    };
    let is_map = matches!(tree, Tree::Map(_));
    let item = match (others, is_map) {
        (false, true) => Item { whole, known, rest: Rest::Empty },
        (false, false) => Item::open(whole),
        (true, _) => Item::open(Ex::call("merge", &[&place.item.whole, &whole], Sort::Object)),
    };
    Ok(vec![(0, Flow { files: place.files.clone(), ..place.one(item, &step) })])
}

/// Renames keys, which only says the same where they are known.
pub fn rename(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let mut fields = vec![];
    let mut gone = vec![];
    for pair in params.list("keys.key") {
        let text = |key: &str| pair.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (from, to) = (text("currentKey"), text("newKey"));
        fields.push((to, place.item.field(&from)?));
        gone.push(ours::quoted(&from));
    }
    params.ignore(&["keys"]);
    let whole =
        format!("merge(omit({}, [{}]), {})", place.item.whole.text, gone.join(", "), object(&fields).text);
    let wish = weave.file.nodes[node].name.clone();
    let body = vec![Entry::map("set", vec![Entry::text("item", Ex::path(whole).hole())])];
    let step = weave.add(node, place, &wish, body);
    Ok(vec![(0, place.one(Item::open(Ex::path(format!("steps.{step}.item"))), &step))])
}
