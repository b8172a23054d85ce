//! HTML: what stands in a page by CSS selectors. Templates of pages are texts with expressions.

use serde_json::Value;

use super::params::Params;
use super::say::Say;
use super::weave::{Flow, Item, Place, Res, Rest, Weave};
use crate::names::shown;
use crate::ours::{Ex, Sort, plain};
use crate::report::{Kind, Why};
use crate::tree::Entry;

/// The action that takes pages apart.
const EXTRACT: &str = "html.extract";

/// An HTML node, or the one before it that only extracts.
pub fn node(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let short = weave.file.nodes[node].short.clone();
    let default = if short == "htmlExtract" { "extractHtmlContent" } else { "generateHtmlTemplate" };
    match params.text("operation").as_deref().unwrap_or(default) {
        "extractHtmlContent" => extract(weave, node, place, params),
        "generateHtmlTemplate" => {
            let raw = params.text("html").unwrap_or_default();
            let raw = if raw.starts_with('=') { raw } else { format!("={raw}") };
            let made = Say::new(weave, place).text(&raw)?;
            let wish = weave.file.nodes[node].name.clone();
            let body = vec![Entry::map("set", vec![Entry::text("html", made)])];
            let step = weave.add(node, place, &wish, body);
            let whole = Ex::path(format!("steps.{step}"));
            let known = vec![("html".to_owned(), Ex { sort: Sort::Text, ..whole.sure("html") })];
            Ok(vec![(0, place.one(Item { whole, known, rest: Rest::Empty }, &step))])
        }
        other => Err(Why::new(Kind::File, format!("`{}` of pages has no equal", shown(other)))),
    }
}

fn extract(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Res<Vec<(usize, Flow)>> {
    if weave.catalog.get(EXTRACT).is_none() {
        return Err(Why::new(Kind::File, "HTML is not taken apart here"));
    }
    if params.text("sourceData").is_some_and(|source| source != "json") {
        return Err(Why::new(Kind::File, "it takes a page out of a file"));
    }
    let key = params.text("dataPropertyName").unwrap_or_else(|| "data".into());
    let mut path = key.split('.');
    let head = place.item.field(path.next().unwrap_or_default())?;
    let page = path.fold(head, |at, part| at.field(part));
    if params.flag("options.trimValues") == Some(false) {
        return Err(Why::new(Kind::Setting, "white space around values, which is left out here"));
    }
    params.ignore(&["options.cleanUpText", "extractionValues"]);
    let (mut fields, mut made) = (vec![], vec![]);
    for value in params.list("extractionValues.values") {
        let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (name, css) = (text("key"), text("cssSelector"));
        if name.starts_with('=') || css.starts_with('=') || !text("skipSelectors").is_empty() {
            return Err(Why::new(
                Kind::Setting,
                "a selector or a name that is made, or parts that are skipped",
            ));
        }
        let all = value.get("returnArray").and_then(Value::as_bool).unwrap_or(false);
        let what = value.get("returnValue").and_then(Value::as_str).unwrap_or("text");
        let mut entries = vec![Entry::text("css", plain(&css))];
        // A text is that of all matches, one behind the other.
        let joins = what == "text" && !all;
        match what {
            "text" => {}
            "html" => entries.push(Entry::bare("html", true)),
            "attribute" => entries.push(Entry::text("attr", plain(&text("attribute")))),
            _ => return Err(Why::new(Kind::Setting, format!("`{}` of what is found", shown(what)))),
        }
        if all || joins {
            entries.push(Entry::bare("all", true));
        }
        fields.push(Entry::map(&*name, entries));
        made.push((name, joins));
    }
    let wish = weave.file.nodes[node].name.clone();
    let with = vec![Entry::text("html", page.hole()), Entry::map("fields", fields)];
    let step = weave.add(node, place, &wish, vec![Entry::text("use", EXTRACT), Entry::map("with", with)]);
    let found = Ex::path(format!("steps.{step}"));
    let known = made.into_iter().map(|(name, joins)| {
        let value = found.field(&name);
        let nothing = Ex::new("[]", crate::ours::Bind::Path, Sort::List);
        let joined = Ex::call("join", &[&value.instead(&nothing), &Ex::literal("")], Sort::Text);
        (name, if joins { joined } else { value })
    });
    Ok(vec![(0, place.one(Item::of(known.collect(), Rest::Empty), &step))])
}
