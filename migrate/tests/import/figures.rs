//! Figures over folders of files that others wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use migrate::{Fate, Kind, Verdict};

use crate::{Reader, catalog, files, has_errors, here};

/// The definitions in the Gherkin of the specification's conformance tests.
fn scenarios(feature: &str) -> Vec<String> {
    let mut found = vec![];
    for piece in feature.split("Given a workflow with definition:").skip(1) {
        let Some(text) = piece.split("\"\"\"").nth(1) else { continue };
        let lines: Vec<&str> = text.lines().skip(1).collect();
        let indent = lines
            .iter()
            .filter(|line| !line.trim().is_empty())
            .map(|line| line.len() - line.trim_start().len())
            .min()
            .unwrap_or(0);
        found.push(lines.iter().map(|line| line.get(indent..).unwrap_or("")).collect::<Vec<_>>().join("\n"));
    }
    found
}

/// What became of the nodes of one kind.
#[derive(Default)]
struct Nodes {
    all: usize,
    carried: usize,
    files: BTreeSet<usize>,
}

/// A table of the kinds of nodes, those that are most frequent first.
fn kinds(of: &BTreeMap<String, Nodes>) -> String {
    let (all, equal): (usize, usize) = of.values().fold((0, 0), |(all, equal), nodes| {
        (all + nodes.all, equal + if nodes.carried > 0 { nodes.all } else { 0 })
    });
    let carried: usize = of.values().map(|nodes| nodes.carried).sum();
    let percent = |part: usize| format!("{:.0} %", 100.0 * part as f64 / all.max(1) as f64);
    let mut out = format!(
        "### Nodes by kind\n\nA kind has an equal where at least one node of it is carried over with all that it says. Of {all} nodes, triggers and\n\
         control flow included, {equal} ({}) are of a kind that has one, and {carried} ({}) are carried over themselves. Notes are not counted.\n\n\
         | Kind | nodes | files | carried over | has an equal |\n| --- | --- | --- | --- | --- |\n",
        percent(equal),
        percent(carried)
    );
    let mut rows: Vec<_> = of.iter().collect();
    rows.sort_by_key(|(name, nodes)| (std::cmp::Reverse(nodes.all), (*name).clone()));
    for (name, nodes) in rows {
        let equal = if nodes.carried > 0 { "yes" } else { "no" };
        out += &format!("| {name} | {} | {} | {} | {equal} |\n", nodes.all, nodes.files.len(), nodes.carried);
    }
    out + "\n"
}

fn short(form: &str) -> String {
    form.replace("n8n-nodes-base.", "").replace("@n8n/n8n-nodes-langchain.", "langchain.")
}

fn tally(what: &str, texts: &[String], reader: Reader) -> String {
    let catalog = catalog();
    let (mut verdicts, mut reasons, mut missing) = (
        BTreeMap::<&str, usize>::new(),
        BTreeMap::<Kind, (usize, usize)>::new(),
        BTreeMap::<String, usize>::new(),
    );
    let (mut nodes, mut carried) = (0, 0);
    let mut by_kind = BTreeMap::<String, Nodes>::new();
    let mut rest = vec![];
    for (at, text) in texts.iter().enumerate() {
        match reader(text, &catalog) {
            Err(_) => *verdicts.entry("refused").or_default() += 1,
            Ok(imported) => {
                *verdicts.entry(imported.verdict.word()).or_default() += 1;
                nodes += imported.parts.len();
                carried += imported.parts.iter().filter(|part| part.fate == Fate::Carried).count();
                for part in imported.parts.iter().filter(|part| !part.form.ends_with("stickyNote")) {
                    let kind = by_kind.entry(short(&part.form)).or_default();
                    kind.all += 1;
                    kind.carried += usize::from(part.fate == Fate::Carried);
                    kind.files.insert(at);
                }
                let why: Vec<&str> =
                    imported.parts.iter().flat_map(|part| part.why.iter().map(|why| &*why.text)).collect();
                if imported.verdict != Verdict::Whole {
                    rest.push(format!("- `{}`: {}\n", imported.name, why.join("; ")));
                }
                let own = imported.reasons();
                if std::env::var_os("KEYWAY_TELL").is_some() {
                    println!("FILE {} {} {}", imported.verdict.word(), imported.name, own.len());
                    for part in imported.parts.iter().filter(|part| part.fate != Fate::Carried) {
                        for why in &part.why {
                            println!("  {:?} {} [{}] {}", why.kind, part.node, short(&part.form), why.text);
                        }
                    }
                }
                for reason in &own {
                    let count = reasons.entry(*reason).or_default();
                    count.0 += 1;
                    count.1 += usize::from(own.len() == 1);
                }
                for service in imported.missing().keys() {
                    *missing.entry((*service).to_owned()).or_default() += 1;
                }
                assert!(imported.workflows.iter().all(|workflow| !has_errors(&workflow.text, &catalog)));
            }
        }
    }
    let count = |word: &str| verdicts.get(word).copied().unwrap_or(0);
    let mut out = format!(
        "## {what}\n\n| Files | whole | in part | not | not read | nodes carried over |\n| --- | --- | --- | --- | --- | --- |\n"
    );
    out += &format!(
        "| {} | {} | {} | {} | {} | {carried} of {nodes} |\n\n",
        texts.len(),
        count("whole"),
        count("in part"),
        count("not"),
        count("refused")
    );
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(kind, count)| (std::cmp::Reverse(*count), *kind));
    out += "| Why a file is not whole | files | it alone |\n| --- | --- | --- |\n";
    for (kind, (all, alone)) in reasons {
        out += &format!("| {} | {all} | {alone} |\n", kind.word());
    }
    let mut missing: Vec<_> = missing.into_iter().collect();
    missing.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), name.clone()));
    let missing: Vec<String> =
        missing.into_iter().take(40).map(|(name, count)| format!("{name} {count}")).collect();
    if !missing.is_empty() {
        out += &format!(
            "\nServices or actions that are not at hand, by the number of files that want them: {}.\n",
            missing.join(", ")
        );
    }
    if what.ends_with("scenarios") {
        out += "\nThose that are not whole, and why:\n\n";
        out += &rest.concat();
    }
    if what == "n8n" {
        out += &format!("\n{}", kinds(&by_kind));
        return out;
    }
    out + "\n"
}

#[test]
fn figures_over_real_files() {
    let Some(dir) = std::env::var_os("KEYWAY_IMPORTS").map(PathBuf::from) else {
        println!("SKIPPED: `KEYWAY_IMPORTS` names no folder of files");
        return;
    };
    let read = |below: &str, ending: &str| -> Vec<String> {
        files(&dir.join(below), ending).iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    };
    let mut page = String::from(
        "# What imports of real files give\n\nWritten by `KEYWAY_IMPORTS=DIR cargo test --workspace --test import figures`, where the folder has\n\
         `n8n-workflows` (files of many authors, by chance) and `serverless-workflow` (the examples and conformance scenarios of the\n\
         specification). What \"whole\" means stands in [import.md](../import.md#whole-in-part-not).\n\n",
    );
    page += &tally("n8n", &read("n8n-workflows", ".json"), migrate::n8n::import);
    page += &tally(
        "Serverless Workflow, examples",
        &read("serverless-workflow/examples", ".yaml"),
        migrate::serverless::import,
    );
    let features = read("serverless-workflow/ctk/features", ".feature");
    let scenarios: Vec<String> = features.iter().flat_map(|feature| scenarios(feature)).collect();
    assert!(scenarios.len() >= 20, "{} scenarios", scenarios.len());
    page += &tally("Serverless Workflow, conformance scenarios", &scenarios, migrate::serverless::import);
    fs::write(here("../docs/measured/imports.md"), page.trim_end().to_owned() + "\n").unwrap();
}
