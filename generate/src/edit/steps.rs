//! A step more, behind the last, and a step less.

use dsl::ide::Document;
use dsl::span::Lines;
use dsl::yaml::{Kind, Node};

use super::page::{Page, Piece, Placed, entry};
use super::{Asked, Change, has, start};
use crate::index::terms;
use crate::plan::extend::grown;
use crate::plan::{Done, ask};
use crate::write;

/// Words that take something away.
const REMOVES: &[&str] = &[
    "remove",
    "drop",
    "take out",
    "get rid of",
    "no longer",
    "not any more",
    "stop",
    "don t",
    "do not",
    "without",
    "entferne",
    "streiche",
    "losche",
    "ohne",
    "nicht mehr",
    "supprime",
    "enleve",
    "retire",
    "sans",
    "quita",
    "elimina",
    "sin",
    "rimuovi",
    "togli",
    "senza",
    "delete",
    "skip",
];

/// Those of them that are also what a step may do.
const BOTH: &[&str] = &["delete", "losche", "supprime", "elimina", "skip", "remove"];

/// What the steps of a kind are called.
const KINDS: &[(&str, &[&str])] = &[
    (
        "approve",
        &[
            "approval",
            "approve",
            "confirmation",
            "asking me",
            "ask me",
            "genehmigung",
            "approbation",
            "aprobacion",
            "approvazione",
        ],
    ),
    (
        "ai",
        &[
            "summary",
            "summarise",
            "summarize",
            "summarising",
            "model",
            "ai",
            "translation",
            "zusammenfassung",
            "resume",
            "resumen",
            "riassunto",
        ],
    ),
    ("wait", &["wait", "pause", "delay", "waiting", "warten", "attente", "espera", "attesa"]),
    ("http", &["request", "http", "call"]),
];

/// Words for all that starts it.
const STARTS: &[&str] =
    &["trigger", "triggers", "schedule", "schedules", "zeitplan", "declencheur", "disparador"];

/// A step less, or no trigger.
pub(super) fn removed(asked: &Asked<'_>) -> Done<Option<Change>> {
    let said = crate::normal::normal(&asked.wish);
    let Some(word) = REMOVES.iter().find(|word| has(&said, word)) else { return Ok(None) };
    let page = asked.page;
    let steps = page.steps();
    let named: Vec<&Placed<'_>> =
        steps.iter().filter(|step| has(&asked.words, &crate::normal::normal(&step.entry.key.text))).collect();
    let says_step = ["step", "steps", "schritt", "etape", "paso", "passo"].iter().any(|it| has(&said, it));
    if STARTS.iter().any(|it| has(&said, it)) && (named.is_empty() || !says_step) {
        return start::none(page).map(Some);
    }
    let found = match named[..] {
        [only] => *only,
        [] => {
            let likely = likely(&steps, &asked.words);
            match likely[..] {
                [only] => *only,
                [] if BOTH.contains(word) && !says_step => return Ok(None),
                [] => {
                    let names = steps.iter().map(|step| step.entry.key.text.clone());
                    return ask("which step is to go?", names.take(12));
                }
                _ if BOTH.contains(word) && !says_step && *word == "skip" => return Ok(None),
                _ => {
                    let names = likely.iter().map(|step| step.entry.key.text.clone());
                    return ask("which of these steps is to go?", names);
                }
            }
        }
        _ => {
            let names = named.iter().map(|step| step.entry.key.text.clone());
            return ask("one step at a time: which of them is to go first?", names);
        }
    };
    without(asked, &found).map(Some)
}

/// The steps that words speak of without naming them: those that fit best.
fn likely<'s, 'p>(steps: &'s [Placed<'p>], words: &str) -> Vec<&'s Placed<'p>> {
    let said = terms(words);
    let fits = |step: &Placed<'_>| -> usize {
        let node = &step.entry.value;
        let kinds = KINDS.iter().filter(|(key, _)| node.get(key).is_some());
        let kind = kinds.flat_map(|(_, words)| *words).any(|word| has(words, word));
        let action = node.get("use").and_then(Node::scalar).map(|it| it.text.clone()).unwrap_or_default();
        let service = format!("s:{}", action.split('.').next().unwrap_or_default());
        let own = terms(&action.rsplit('.').next().unwrap_or_default().replace('_', " "));
        let shared =
            |kind: &str| said.iter().filter(|term| term.starts_with(kind)).any(|term| own.contains(term));
        let tells = ["v:send", "v:mail", "v:publish"].iter().any(|it| said.iter().any(|term| term == it));
        let telling = action.contains(".send") || action.contains(".post_message");
        usize::from(kind) * 4
            + usize::from(!action.is_empty() && said.contains(&service)) * 3
            + usize::from(shared("v:") || (tells && telling)) * 2
            + usize::from(shared("o:"))
    };
    let scored: Vec<(usize, &Placed<'_>)> =
        steps.iter().map(|step| (fits(step), step)).filter(|(score, _)| *score > 1).collect();
    let best = scored.iter().map(|(score, _)| *score).max().unwrap_or_default();
    scored.into_iter().filter(|(score, _)| *score == best).map(|(_, step)| step).collect()
}

/// All but a step, where nothing is read of it.
fn without(asked: &Asked<'_>, found: &Placed<'_>) -> Done<Change> {
    let page = asked.page;
    let name = &found.entry.key.text;
    if found.beside == 1 {
        return ask(format!("`{name}` is the only step there. What is to be done in its place?"), []);
    }
    let at = found.entry.key.span().range().start;
    let end = page.end_of_entry(found.entry);
    if !page.text[page.line_start(at)..at].trim().is_empty() {
        return ask("the steps stand in braces: put each on lines of its own first (`keyway fmt`)", []);
    }
    let document = Document::new(page.text, asked.means.catalog);
    let lines = Lines::new(page.text);
    let mut pieces = vec![Piece { place: page.lines(at, end), text: String::new() }];
    let mut read = vec![];
    for span in document.references(at) {
        let range = span.range();
        if range.start >= at && range.end <= end {
            continue;
        }
        match after(page, range.start) {
            Some(piece) => pieces.push(piece),
            None => read.push(lines.place(range.start).line.to_string()),
        }
    }
    if !read.is_empty() {
        read.dedup();
        return ask(
            format!(
                "`{name}` is read in line {}. What is to stand there, or is that step to go first?",
                read.join(", ")
            ),
            [],
        );
    }
    Ok(Change { pieces, assumed: vec![] })
}

/// The line of an `after` that names a place alone, to be taken away.
fn after(page: &Page<'_>, at: usize) -> Option<Piece> {
    for step in page.steps() {
        let Some(after) = entry(&step.entry.value, "after") else { continue };
        let range = after.value.span.range();
        if !range.contains(&at) {
            continue;
        }
        let key = after.key.span().range().start;
        let own_line = page.text[page.line_start(key)..key].trim().is_empty();
        return match &after.value.kind {
            Kind::Scalar(_) if own_line => {
                Some(Piece { place: page.lines(key, range.end), text: String::new() })
            }
            Kind::List(items) if items.len() == 1 && own_line => {
                Some(Piece { place: page.lines(key, page.end_of(&after.value)), text: String::new() })
            }
            Kind::Scalar(_) | Kind::List(_) | Kind::Map(_) => None,
        };
    }
    None
}

/// Steps behind the last one, with the inputs that they need.
pub(super) fn added(asked: &Asked<'_>) -> Done<Change> {
    let page = asked.page;
    let grown = grown(&asked.wish, &asked.base(), asked.means)?;
    let Some(steps) = page.entry("steps") else { return ask("it has no `steps:`", []) };
    let Kind::Map(entries) = &steps.value.kind else { return ask("its steps are no mapping", []) };
    let Some(last) = entries.last().filter(|_| !page.in_braces(&steps.value)) else {
        return ask("the steps stand in braces: put each on lines of its own first (`keyway fmt`)", []);
    };
    let pad = page.column(last.key.span().range().start);
    let text: String = grown.steps.iter().map(|step| write::step(step, 1)).collect();
    let mut pieces = vec![page.behind(page.end_of_entry(last), &page.written(&text, 2, pad))];
    if !grown.inputs.is_empty() {
        let text: String = grown.inputs.iter().map(write::input).collect();
        pieces.push(inputs(page, &text)?);
    }
    Ok(Change { pieces, assumed: grown.assumed })
}

/// Inputs behind the last one.
fn inputs(page: &Page<'_>, text: &str) -> Done<Piece> {
    let end = page.end();
    if let Some(inputs) = page.entry("inputs") {
        let Kind::Map(entries) = &inputs.value.kind else { return ask("its inputs are no mapping", []) };
        let Some(last) = entries.last().filter(|_| !page.in_braces(&inputs.value)) else {
            return ask("the inputs stand in braces: put each on lines of its own first (`keyway fmt`)", []);
        };
        let pad = page.column(last.key.span().range().start);
        return Ok(page.behind(page.end_of_entry(last), &page.written(text, 2, pad)));
    }
    let at = page.entry("steps").map_or(0, |steps| page.line_start(steps.key.span().range().start));
    Ok(Piece { place: at..at, text: format!("inputs:{end}{}{end}{end}", page.written(text, 0, 0)) })
}
