//! Code nodes that only compute: what their statements give, as expressions of ours. Code that does anything else is not
//! carried over, and never run.

mod kept;
mod lists;
mod most;
mod names;
mod paths;
mod run;

use super::file::Node;
use super::params::Params;
use super::say::{Said, Say, Val};
use super::weave::{Card, Flow, Item, List, Place, Res, Rest, Weave};
use crate::js;
use crate::ours::{Bind, Ex, Sort};
use crate::report::{Kind, Why};
use crate::tree::Entry;
use run::Run;

pub use lists::{applied, lambda};

/// Why code is not carried over.
fn not(why: &str) -> Why {
    let why = format!(
        "it is code, which does not run here, and it has {why}: say it by expressions, or move it behind a service of your own"
    );
    Why::new(Kind::Code, why)
}

/// A node of code.
pub fn node(weave: &mut Weave, node: usize, input: &Flow, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let form = weave.file.nodes[node].clone();
    if params.text("language").is_some_and(|language| language != "javaScript") {
        return Err(not("another language than JavaScript"));
    }
    let text = params.text("jsCode").or_else(|| params.text("functionCode")).unwrap_or_default();
    params.ignore(&["mode", "notice", "notes"]);
    let program = js::program(&text).map_err(|why| not(&why))?;
    let said = said(&form, params);
    let (place, all) = match (said, &input.card) {
        (Said::Items, Card::Many(_)) => {
            let (place, list) = weave.held(node, input);
            (place, Some(list))
        }
        _ => (weave.place(node, input), None),
    };
    let (found, more) = {
        let mut say = Say::new(weave, &place);
        say.now.said = said;
        say.now.all = all;
        let found = Run::new(&mut say, Some(node)).whole(&program);
        (found, say.now.more)
    };
    let (found, same, keeps) = found.map_err(|why| match why.kind {
        Kind::Code | Kind::Answer | Kind::Flow => why,
        _ => not(&why.text),
    })?;
    let mut flows = given(weave, node, &place, found, same.then_some(more))?;
    for (path, value) in keeps {
        let with = vec![Entry::text("path", path), Entry::text("json", crate::ours::tidy(&value.hole()))];
        let body = vec![Entry::text("use", "file.write"), Entry::map("with", with)];
        let wish = format!("{} keeps", form.name);
        let step = weave.add(node, &place, &wish, body);
        for (_, flow) in &mut flows {
            flow.after.insert(step.clone());
        }
    }
    Ok(flows)
}

fn said(form: &Node, params: &Params) -> Said {
    match form.short.as_str() {
        "functionItem" => Said::Fields,
        "code" if params.text("mode").as_deref() == Some("runOnceForEachItem") => Said::Item,
        _ => Said::Items,
    }
}

/// What the node gives, held by a step.
fn given(
    weave: &mut Weave,
    node: usize,
    place: &Place,
    found: Val,
    more: Option<Vec<String>>,
) -> Res<Vec<(usize, Flow)>> {
    let wish = weave.file.nodes[node].name.clone();
    let hold = |weave: &mut Weave, key: &str, ex: &Ex| {
        weave.add(
            node,
            place,
            &wish,
            vec![Entry::map("set", vec![Entry::text(key, crate::ours::tidy(&ex.hole()))])],
        )
    };
    Ok(vec![(
        0,
        match found {
            Val::Json(item) => {
                let step = hold(weave, "item", &item.whole);
                let held = Ex::path(format!("steps.{step}.item"));
                let item = match item.rest {
                    Rest::Closed(who) => {
                        let names = item.known.iter().map(|(name, _)| name.clone()).collect();
                        List { ex: Ex::null(), closed: Some((names, who)) }.item(held)
                    }
                    Rest::Open(_) | Rest::Empty => Item::open(held),
                };
                place.one(item, &step)
            }
            Val::All(ex) => {
                let step = hold(weave, "items", &ex);
                let closed = match (&place.item.rest, more) {
                    // Items of a service that were changed have what they had, and what was added.
                    (Rest::Closed(who), Some(more)) => {
                        let names = place.item.known.iter().map(|(name, _)| name.clone());
                        Some((names.chain(more).collect(), who.clone()))
                    }
                    _ => None,
                };
                let held = Ex::new(format!("steps.{step}.items"), Bind::Path, Sort::List);
                if lists::is_one_at_most(&ex.text) {
                    weave.single.insert(held.text.clone());
                }
                place.many(List { ex: held, closed }, &step)
            }
            _ => return Err(not("a value that is no item")),
        },
    )])
}
