//! `keyway graph`: a workflow as a picture.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use dsl::graph::{self, Graph};

use crate::error::{Exit, Trouble};
use crate::output;

/// Draw a workflow's steps and what they wait for
#[derive(ClapArgs)]
pub struct Args {
    /// The workflow's file
    file: PathBuf,
    /// How to draw it [default: by the output's name, else text]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write it to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A tree for the terminal
    Text,
    /// A flowchart in Mermaid
    Mermaid,
    /// A graph for Graphviz
    Dot,
    /// A picture
    Svg,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let text = super::run::read(&args.file)?;
    let checked = dsl::check(&text, &server::beside::catalog(&args.file, &text));
    if checked.has_errors() {
        output::diagnostics(&args.file.display().to_string(), &text, &checked.diagnostics);
    }
    let Some(workflow) = checked.workflow else { return Ok(Exit::No) };
    let graph = Graph::new(&workflow);
    let drawn = match args.format.or_else(|| by_name(args)).unwrap_or(Format::Text) {
        Format::Text => graph::tree(&graph),
        Format::Mermaid => graph::mermaid(&graph),
        Format::Dot => graph::dot(&graph),
        Format::Svg => graph::svg(&graph::picture(&graph)),
    };
    match &args.output {
        None => output::result(&drawn),
        Some(file) => std::fs::write(file, drawn)
            .map_err(|error| Trouble::new(format!("`{}` cannot be written: {error}", file.display())))?,
    }
    Ok(Exit::Done)
}

/// What the name of the output asks for.
fn by_name(args: &Args) -> Option<Format> {
    match args.output.as_ref()?.extension()?.to_str()? {
        "svg" => Some(Format::Svg),
        "mmd" | "mermaid" => Some(Format::Mermaid),
        "dot" | "gv" => Some(Format::Dot),
        "txt" => Some(Format::Text),
        _ => None,
    }
}
