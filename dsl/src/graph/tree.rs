//! A graph for a terminal: an indented tree in the order in which steps can run, with what each waits for.

use crate::graph::width::columns;
use crate::graph::{Block, Graph, Node};
use crate::workflow::NeedKind;

/// No line is longer.
const COLUMNS: usize = 80;

/// Writes the tree.
pub fn tree(graph: &Graph) -> String {
    let mut out = String::new();
    row(&mut out, &graph.name, &graph.description, "");
    let inputs =
        if graph.inputs.is_empty() { String::new() } else { format!("with {}", graph.inputs.join(", ")) };
    if graph.triggers.is_empty() {
        row(&mut out, "├─ by hand", &inputs, "");
    }
    for trigger in &graph.triggers {
        row(&mut out, &format!("├─ {trigger}"), &inputs, "");
    }
    out.push_str("│\n");
    let closes = graph.on_failure.is_none() && graph.output.is_none();
    steps(&mut out, &graph.body, "", closes);
    if let Some(block) = &graph.on_failure {
        out.push_str("│\n");
        let last = graph.output.is_none();
        row(&mut out, if last { "└─ on failure" } else { "├─ on failure" }, "", "");
        steps(&mut out, block, if last { "   " } else { "│  " }, true);
    }
    if let Some(output) = &graph.output {
        out.push_str("│\n");
        let reads = output.reads.iter().map(|(at, kind)| (&*graph.body.nodes[*at].name, *kind));
        row(&mut out, "└─ output", &output.about, &waits(reads));
    }
    out
}

/// The steps of a block; `closes` where nothing follows them.
fn steps(out: &mut String, block: &Block, pad: &str, closes: bool) {
    let order = order(block);
    let mut reads: Vec<Vec<(&str, NeedKind)>> = vec![vec![]; block.nodes.len()];
    block.edges.iter().for_each(|edge| reads[edge.to].push((&block.nodes[edge.from].name, edge.kind)));
    for (at, node) in order.iter().enumerate() {
        let last = closes && at + 1 == order.len();
        let (bend, below) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let step = &block.nodes[*node];
        row(out, &format!("{pad}{bend}{}", step.name), &what(step), &waits(reads[*node].iter().copied()));
        let pad = format!("{pad}{below}");
        for (at, part) in step.blocks.iter().enumerate() {
            if part.label.is_empty() {
                steps(out, part, &pad, true);
                continue;
            }
            let last = at + 1 == step.blocks.len();
            let (bend, below) = if last { ("╰╴", "   ") } else { ("├╴", "│  ") };
            row(out, &format!("{pad}{bend}{}", part.label), "", "");
            steps(out, part, &format!("{pad}{below}"), true);
        }
    }
}

fn what(node: &Node) -> String {
    let condition = node.condition.as_ref().map_or(String::new(), |condition| format!("if {condition}: "));
    format!("{condition}{}", node.about)
}

/// What a step waits for, as in `← a, b?, after c`.
fn waits<'a>(reads: impl Iterator<Item = (&'a str, NeedKind)>) -> String {
    let names: Vec<String> = reads
        .map(|(name, kind)| match kind {
            NeedKind::Hard => name.to_owned(),
            NeedKind::Soft => format!("{name}?"),
            NeedKind::After => format!("after {name}"),
        })
        .collect();
    if names.is_empty() { String::new() } else { format!("← {}", names.join(", ")) }
}

/// One line: a name, what it is about, and at the end what it waits for. What does not fit is cut.
fn row(out: &mut String, name: &str, about: &str, waits: &str) {
    const NAME: usize = 24;
    let name = cut(name, COLUMNS);
    let mut line = name.clone();
    if !about.is_empty() || !waits.is_empty() {
        line += &" ".repeat(NAME.saturating_sub(columns(&name)).max(2));
    }
    let left = COLUMNS.saturating_sub(columns(&line));
    let waits = cut(waits, (left / 2).max(left.saturating_sub(columns(about) + 2)));
    let behind = if waits.is_empty() { 0 } else { columns(&waits) + 2 };
    line += &cut(about, left.saturating_sub(behind));
    if !waits.is_empty() {
        line += &" ".repeat(COLUMNS.saturating_sub(columns(&line) + columns(&waits)));
        line += &waits;
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

fn cut(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    for char in text.chars() {
        let mut longer = kept.clone();
        longer.push(char);
        if columns(&longer) + 1 > most {
            break;
        }
        kept = longer;
    }
    if most == 0 { kept } else { kept + "…" }
}

/// Steps behind all that they wait for, else in the order of the file.
fn order(block: &Block) -> Vec<usize> {
    let mut open = vec![0; block.nodes.len()];
    let mut behind = vec![vec![]; block.nodes.len()];
    for edge in &block.edges {
        open[edge.to] += 1;
        behind[edge.from].push(edge.to);
    }
    let mut ready: std::collections::BTreeSet<usize> = (0..open.len()).filter(|at| open[*at] == 0).collect();
    let mut order = vec![];
    while let Some(at) = ready.pop_first() {
        order.push(at);
        for next in &behind[at] {
            open[*next] -= 1;
            if open[*next] == 0 {
                ready.insert(*next);
            }
        }
    }
    order
}
