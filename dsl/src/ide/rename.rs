//! Calling a step, an input or an item otherwise, everywhere at once.
//!
//! What a new name would break is found by trying: the renamed text must be told the same as the old one, and
//! each of its names must stand for the same thing. So nothing is captured, hidden or lost, and a field that is read
//! through a value which cannot be followed is noticed.

use unicode_normalization::UnicodeNormalization;

use crate::ast::Ast;
use crate::diagnostic::{Diagnostic, Edit, Fix, Severity};
use crate::expr::RESERVED;
use crate::fields;
use crate::ide::links::{self, Link, Manner, Target};
use crate::ide::{Document, bare};
use crate::mend;
use crate::span::Span;

const UNREAD: &str = "the text cannot be read";
const NO_NAME: &str = "no name of a step, an input or an item stands here";
const NOT_NAMED: &str = "the item has its default name: give it one with `as:`";

/// The name at a place that can be changed, or why there is none.
pub fn renamable(document: &Document<'_>, at: usize) -> Result<Span, String> {
    let links = links::links(&document.read.as_ref().ok_or(UNREAD)?.ast);
    let link = links::at(&links, at).ok_or(NO_NAME)?;
    if !declared(&links, &link.target) {
        return Err(NOT_NAMED.into());
    }
    Ok(bare(&document.text, link.span))
}

/// The edits that call by another name what is named at a place.
pub fn rename(document: &Document<'_>, at: usize, to: &str) -> Result<Vec<Edit>, String> {
    let read = document.read.as_ref().ok_or(UNREAD)?;
    let links = links::links(&read.ast);
    let link = links::at(&links, at).ok_or(NO_NAME)?;
    if !declared(&links, &link.target) {
        return Err(NOT_NAMED.into());
    }
    let to: String = to.nfc().collect();
    allowed(&link.target, &to)?;
    let old = name(&read.ast, link);
    if old.as_deref() == Some(&*to) {
        return Ok(vec![]);
    }
    let mut edits = vec![];
    for link in links::same(&links, &link.target) {
        let span = bare(&document.text, link.span);
        let written: String = document.text.get(span.range()).unwrap_or_default().nfc().collect();
        if Some(written.as_str()) != old.as_deref() {
            return Err(format!("a use of the name is written in another way: `{written}`"));
        }
        edits.push(Edit { span, text: to.clone() });
    }
    edits.dedup();
    holds_good(document, &links, &edits, &to)?;
    Ok(edits)
}

/// True for what is given its name somewhere in the text.
fn declared(links: &[Link], target: &Target) -> bool {
    links::same(links, target).iter().any(|link| link.manner == Manner::Declared)
}

fn allowed(target: &Target, to: &str) -> Result<(), String> {
    if !fields::is_name(to) {
        return Err("names consist of letters, digits and `_`, and begin with no digit".into());
    }
    match target {
        Target::Item(_) if RESERVED.contains(&to) => {
            Err(format!("`{to}` belongs to the language and cannot name an item"))
        }
        Target::Step(_) | Target::Input(_) | Target::Item(_) => Ok(()),
    }
}

/// What is named, as it is called.
fn name(ast: &Ast, link: &Link) -> Option<String> {
    let mut found = None;
    match &link.target {
        Target::Input(at) => found = ast.inputs.get(*at).map(|input| input.field.name.clone()),
        Target::Step(ids) => ast.root.each(&mut |step| {
            if ids.contains(&step.id) {
                found = Some(step.name.value.to_string());
            }
        }),
        Target::Item(id) => ast.root.each(&mut |step| {
            if let Some(crate::ast::Op::Each { name, .. }) = step.op.as_ref().filter(|_| step.id == *id) {
                found = Some(name.value.to_string());
            }
        }),
    }
    found
}

/// Tries the edits: why they must not be made.
fn holds_good(document: &Document<'_>, links: &[Link], edits: &[Edit], to: &str) -> Result<(), String> {
    let lost = || format!("`{to}` would be read as something else");
    let change = Fix { title: String::new(), edits: edits.to_vec() };
    let text = mend::apply(&document.text, [&change]).ok_or_else(lost)?;
    let renamed = Document::new(text, &*document.catalog);
    let now = renamed.read.as_ref().ok_or_else(lost)?;
    let added = added(&document.diagnostics, &renamed.diagnostics);
    if let Some(wrong) = added.iter().find(|wrong| wrong.severity == Severity::Error) {
        return Err(wrong.message.clone());
    }
    let now = links::links(&now.ast);
    let alike = |(one, other): (&Link, &Link)| one.target == other.target && one.manner == other.manner;
    if links.len() != now.len() || !links.iter().zip(&now).all(alike) {
        return Err(format!("another `{to}` can be read where the name is used"));
    }
    added.first().map_or(Ok(()), |wrong| Err(wrong.message.clone()))
}

/// What is wrong after a change and was not before.
fn added<'d>(before: &[Diagnostic], after: &'d [Diagnostic]) -> Vec<&'d Diagnostic> {
    let mut known: Vec<_> = before.iter().map(|wrong| wrong.code).collect();
    let new = |wrong: &&Diagnostic| match known.iter().position(|code| *code == wrong.code) {
        Some(at) => {
            known.swap_remove(at);
            false
        }
        None => true,
    };
    after.iter().filter(new).collect()
}
