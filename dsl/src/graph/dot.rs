//! A graph as DOT, for Graphviz.

use std::fmt::Write;

use crate::graph::{Block, Graph, Node};
use crate::workflow::NeedKind;

/// Writes a digraph.
pub fn dot(graph: &Graph) -> String {
    let mut out = format!(
        "digraph \"{}\" {{\n  compound=true; rankdir=TB; fontname=\"Helvetica\";\n  \
         node [shape=box, style=\"rounded\", fontname=\"Helvetica\", fontsize=11];\n  edge [color=\"#777777\"];\n",
        quoted(&graph.name)
    );
    let start =
        if graph.triggers.is_empty() { "started by hand".into() } else { graph.triggers.join(" · ") };
    let _ = writeln!(out, "  start [label=\"{}\", shape=oval];", quoted(&start));
    block(&mut out, &graph.body, "n", 1);
    for at in (0..graph.body.nodes.len()).filter(|at| graph.body.edges.iter().all(|edge| edge.to != *at)) {
        edge(&mut out, "  ", ("start", false), (&format!("n{at}"), is_box(&graph.body.nodes[at])), "");
    }
    if let Some(output) = &graph.output {
        let _ = writeln!(out, "  output [label=\"output\\n{}\", shape=oval];", quoted(&output.about));
        for (at, kind) in &output.reads {
            let from = format!("n{at}");
            edge(&mut out, "  ", (&from, is_box(&graph.body.nodes[*at])), ("output", false), style(*kind));
        }
    }
    if let Some(failure) = &graph.on_failure {
        out.push_str("  subgraph cluster_failure {\n    label=\"on failure\"; style=rounded;\n");
        block(&mut out, failure, "f", 2);
        out.push_str("  }\n");
    }
    out + "}\n"
}

fn is_box(node: &Node) -> bool {
    !node.blocks.is_empty()
}

fn block(out: &mut String, block: &Block, id: &str, depth: usize) {
    let pad = "  ".repeat(depth);
    for (at, step) in block.nodes.iter().enumerate() {
        node(out, step, &format!("{id}{at}"), depth);
    }
    for link in &block.edges {
        let ends = [link.from, link.to].map(|at| (format!("{id}{at}"), is_box(&block.nodes[at])));
        let [from, to] = &ends;
        edge(out, &pad, (&from.0, from.1), (&to.0, to.1), style(link.kind));
    }
}

/// A line between steps; at a box it ends at the border.
fn edge(out: &mut String, pad: &str, from: (&str, bool), to: (&str, bool), style: &str) {
    let mut set: Vec<String> = vec![];
    set.extend((!style.is_empty()).then(|| style.to_owned()));
    set.extend(from.1.then(|| format!("ltail=cluster_{}", from.0)));
    set.extend(to.1.then(|| format!("lhead=cluster_{}", to.0)));
    let set = if set.is_empty() { String::new() } else { format!(" [{}]", set.join(", ")) };
    let _ = writeln!(out, "{pad}{} -> {}{set};", from.0, to.0);
}

/// A step; a box has a small mark in it at which its lines end.
fn node(out: &mut String, step: &Node, id: &str, depth: usize) {
    let pad = "  ".repeat(depth);
    let mut words = format!("{}\\n{}", quoted(&step.name), quoted(&step.about));
    if let Some(condition) = &step.condition {
        let _ = write!(words, "\\nif {}", quoted(condition));
    }
    if step.blocks.is_empty() {
        let skips = if step.skips { ", style=\"rounded,dotted\"" } else { "" };
        let _ = writeln!(out, "{pad}{id} [label=\"{words}\"{skips}];");
        return;
    }
    let skips = if step.skips { "dotted" } else { "rounded" };
    let _ = writeln!(out, "{pad}subgraph cluster_{id} {{\n{pad}  label=\"{words}\"; style={skips};");
    let _ = writeln!(out, "{pad}  {id} [shape=point, style=invis];");
    for (at, part) in step.blocks.iter().enumerate() {
        let inner = format!("{id}_{at}_");
        if part.label.is_empty() {
            block(out, part, &inner, depth + 1);
            continue;
        }
        let _ = writeln!(
            out,
            "{pad}  subgraph cluster_{inner} {{\n{pad}    label=\"{}\"; style=dashed;",
            quoted(&part.label)
        );
        if part.nodes.is_empty() {
            let _ = writeln!(out, "{pad}    {inner}none [label=\"nothing\", shape=plain];");
        }
        block(out, part, &inner, depth + 2);
        let _ = writeln!(out, "{pad}  }}");
    }
    let _ = writeln!(out, "{pad}}}");
}

fn style(kind: NeedKind) -> &'static str {
    match kind {
        NeedKind::Hard => "",
        NeedKind::Soft => "style=dotted",
        NeedKind::After => "style=dashed",
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            char if char.is_control() => out.push(' '),
            char => out.push(char),
        }
    }
    out
}
