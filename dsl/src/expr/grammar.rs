//! The grammar's parser and its rules, made from `expr.pest`.

/// The parser that pest derives.
#[derive(pest_derive::Parser)]
#[grammar = "expr/expr.pest"]
pub struct Grammar;
