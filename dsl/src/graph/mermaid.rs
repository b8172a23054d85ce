//! A graph as Mermaid, for pages that draw it themselves.

use std::fmt::Write;

use crate::graph::{Block, Graph, Node};
use crate::workflow::NeedKind;

/// Writes a flowchart.
pub fn mermaid(graph: &Graph) -> String {
    let mut out = format!("---\ntitle: {}\n---\nflowchart TD\n", graph.name);
    let start =
        if graph.triggers.is_empty() { "started by hand".into() } else { graph.triggers.join(" · ") };
    let _ = writeln!(out, "  start([\"{}\"])", quoted(&start));
    block(&mut out, &graph.body, "n", 1);
    for at in (0..graph.body.nodes.len()).filter(|at| graph.body.edges.iter().all(|edge| edge.to != *at)) {
        let _ = writeln!(out, "  start --> n{at}");
    }
    if let Some(output) = &graph.output {
        let _ = writeln!(out, "  output([\"output<br/>{}\"])", quoted(&output.about));
        for (at, kind) in &output.reads {
            let _ = writeln!(out, "  n{at} {} output", arrow(*kind));
        }
    }
    if let Some(failure) = &graph.on_failure {
        out.push_str("  subgraph failure [\"on failure\"]\n");
        block(&mut out, failure, "f", 2);
        out.push_str("  end\n");
    }
    out.push_str("  classDef skips stroke-dasharray: 3 4\n");
    out
}

/// The nodes and edges of a block; their ids begin with the block's.
fn block(out: &mut String, block: &Block, id: &str, depth: usize) {
    let pad = "  ".repeat(depth);
    for (at, step) in block.nodes.iter().enumerate() {
        node(out, step, &format!("{id}{at}"), depth);
    }
    for edge in &block.edges {
        let _ = writeln!(out, "{pad}{id}{} {} {id}{}", edge.from, arrow(edge.kind), edge.to);
    }
}

fn node(out: &mut String, step: &Node, id: &str, depth: usize) {
    let pad = "  ".repeat(depth);
    let mut words = format!("<b>{}</b><br/>{}", quoted(&step.name), quoted(&step.about));
    if let Some(condition) = &step.condition {
        let _ = write!(words, "<br/><i>if {}</i>", quoted(condition));
    }
    if step.blocks.is_empty() {
        let _ = writeln!(out, "{pad}{id}[\"{words}\"]{}", if step.skips { ":::skips" } else { "" });
        return;
    }
    let _ = writeln!(out, "{pad}subgraph {id} [\"{words}\"]");
    for (at, part) in step.blocks.iter().enumerate() {
        let inner = format!("{id}_{at}_");
        if part.label.is_empty() {
            block(out, part, &inner, depth + 1);
            continue;
        }
        let _ = writeln!(out, "{pad}  subgraph {inner} [\"{}\"]", quoted(&part.label));
        block(out, part, &inner, depth + 2);
        if part.nodes.is_empty() {
            let _ = writeln!(out, "{pad}    {inner}none[\"nothing\"]");
        }
        let _ = writeln!(out, "{pad}  end");
    }
    let _ = writeln!(out, "{pad}end");
    if step.skips {
        let _ = writeln!(out, "{pad}class {id} skips");
    }
}

fn arrow(kind: NeedKind) -> &'static str {
    match kind {
        NeedKind::Hard => "-->",
        NeedKind::Soft => "-.->",
        NeedKind::After => "-. after .->",
    }
}

/// Text between quotes: what Mermaid or HTML would read becomes a number of a character.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars() {
        match char {
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | ';' => {
                let _ = write!(out, "#{};", u32::from(char));
            }
            char if char.is_control() => out.push(' '),
            char => out.push(char),
        }
    }
    out
}
