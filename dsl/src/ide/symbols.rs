//! The outline of a workflow: its inputs, and its steps with those of their blocks.

use crate::ast::{Ast, Block, Step};
use crate::span::Span;

/// One entry of the outline.
#[derive(Clone, Debug, PartialEq)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// The place of its name.
    pub name_span: Span,
    /// The place of the whole.
    pub span: Span,
    /// What stands in it.
    pub children: Vec<Symbol>,
}

/// What an entry of the outline is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolKind {
    /// An input.
    Input,
    /// A step.
    Step,
    /// A step that holds a block.
    Block,
}

/// The outline.
pub fn symbols(ast: &Ast) -> Vec<Symbol> {
    let inputs = ast.inputs.iter().map(|input| Symbol {
        name: input.field.name.clone(),
        kind: SymbolKind::Input,
        name_span: input.span,
        span: input.span,
        children: vec![],
    });
    inputs.chain(steps(&ast.root)).collect()
}

fn steps(block: &Block) -> impl Iterator<Item = Symbol> {
    block.steps.iter().map(step)
}

fn step(step: &Step) -> Symbol {
    let blocks = step.blocks();
    Symbol {
        name: step.name.value.to_string(),
        kind: if blocks.is_empty() { SymbolKind::Step } else { SymbolKind::Block },
        name_span: step.name.span,
        span: step.whole,
        children: blocks.into_iter().flat_map(steps).collect(),
    }
}
