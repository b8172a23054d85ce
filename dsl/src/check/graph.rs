//! Steps that wait for each other can never start: cycles within a block, and steps that read themselves.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::ast::{Block, Step};
use crate::check::{Checking, Edge};
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::workflow::NeedKind;

/// Looks at every block by itself: what inner steps read outside counts for their block already.
pub fn check(checking: &mut Checking<'_>) {
    let ast = checking.ast;
    let mut found = vec![];
    block(checking, &ast.root, &mut found);
    ast.root.each(&mut |step| {
        for inner in step.blocks() {
            block(checking, inner, &mut found);
        }
    });
    checking.diagnostics.extend(found);
}

fn block(checking: &Checking<'_>, block: &Block, found: &mut Vec<Diagnostic>) {
    let mut graph: DiGraph<usize, ()> = DiGraph::with_capacity(block.steps.len(), 0);
    let nodes: Vec<NodeIndex> = (0..block.steps.len()).map(|index| graph.add_node(index)).collect();
    for (index, step) in block.steps.iter().enumerate() {
        for edge in same_block(checking, step) {
            if edge.id == step.id {
                continue;
            }
            graph.add_edge(nodes[index], nodes[edge.index], ());
        }
        found.extend(itself(checking, step));
    }
    for part in tarjan_scc(&graph).into_iter().filter(|part| part.len() > 1) {
        let members: BTreeSet<usize> = part.into_iter().map(|node| graph[node]).collect();
        found.push(cycle(checking, block, &members));
    }
}

fn same_block<'c>(checking: &'c Checking<'_>, step: &Step) -> impl Iterator<Item = &'c Edge> {
    checking.resolved.edges[step.id].iter().filter(|edge| edge.up == 0)
}

fn itself(checking: &Checking<'_>, step: &Step) -> Option<Diagnostic> {
    let edge = same_block(checking, step).find(|edge| edge.id == step.id)?;
    let name = &step.name.value;
    Some(if edge.own {
        let verb = if edge.kind == NeedKind::After { "comes after" } else { "reads" };
        Diagnostic::error(Code::ReadsItself, edge.span, format!("`{name}` {verb} itself"))
    } else {
        let message =
            format!("this stands inside of `{name}` and cannot read it: a block has no value before it ends");
        Diagnostic::error(Code::ReadsItself, edge.span, message).label(step.name.span, "the block")
    })
}

/// Names one cycle among steps that wait for each other: the shortest through the first of them in the file.
fn cycle(checking: &Checking<'_>, block: &Block, members: &BTreeSet<usize>) -> Diagnostic {
    let first = members.first().copied().unwrap_or(0);
    let mut from: BTreeMap<usize, (usize, &Edge)> = BTreeMap::new();
    let mut queue = VecDeque::from([first]);
    'search: while let Some(at) = queue.pop_front() {
        for edge in same_block(checking, &block.steps[at]) {
            if !members.contains(&edge.index) || from.contains_key(&edge.index) {
                continue;
            }
            from.insert(edge.index, (at, edge));
            if edge.index == first {
                break 'search;
            }
            queue.push_back(edge.index);
        }
    }
    let mut way = vec![];
    let mut at = first;
    while let Some((before, edge)) = from.get(&at) {
        way.push((*before, *edge));
        at = *before;
        if at == first {
            break;
        }
    }
    way.reverse();
    let name = |index: usize| &block.steps[index].name.value;
    let names: Vec<String> = way
        .iter()
        .map(|(reader, _)| *reader)
        .chain([first])
        .map(|index| format!("`{}`", name(index)))
        .collect();
    let message = format!("these steps wait for each other: {}", names.join(" -> "));
    let mut wrong = Diagnostic::error(Code::Cycle, block.steps[first].name.span, message);
    for (reader, edge) in way {
        let verb = if edge.kind == NeedKind::After { "comes after" } else { "reads" };
        let inside = if edge.own { "" } else { " (inside of it)" };
        wrong =
            wrong.label(edge.span, format!("`{}` {verb} `{}` here{inside}", name(reader), name(edge.index)));
    }
    wrong.help("let one of them read less, or split it in two")
}
