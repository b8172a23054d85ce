//! `keyway explain`: the long story of a code, a function or a verb, or what a workflow does in plain words.

use clap::Args as ClapArgs;
use dsl::codes::Code;
use dsl::diagnostic::nearest;
use dsl::expr::functions::{self, Function};
use dsl::verb::{self, Verb};

use crate::error::{Exit, Trouble};
use crate::output::{self, BUSY, FAINT, STRONG};

/// Explain a code, a function or a verb, or what a workflow does
#[derive(ClapArgs)]
pub struct Args {
    /// A code such as KW0102, a function such as `map`, a verb such as `for_each`, or the file of a workflow; without one, all codes
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let Some(name) = &args.name else {
        let lines: Vec<String> =
            Code::ALL.iter().map(|code| format!("{BUSY}{}{BUSY:#}  {}", code.id(), code.title())).collect();
        output::result(&lines.join("\n"));
        return Ok(Exit::Done);
    };
    let file = std::path::Path::new(name);
    if file.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
        return of_file(file);
    }
    let text = match (Code::find(name), verb::find(name), functions::find(name)) {
        (Some(code), ..) => of_code(code),
        (None, Some(verb), _) => of_verb(verb),
        (None, None, Some(function)) => of_function(function),
        (None, None, None) => return Err(unknown(name)),
    };
    output::result(&text);
    Ok(Exit::Done)
}

/// What a workflow does.
fn of_file(file: &std::path::Path) -> Result<Exit, Trouble> {
    let text = super::run::read(file)?;
    let catalog = server::beside::catalog(file, &text);
    let checked = dsl::check(&text, &catalog);
    if checked.has_errors() {
        output::diagnostics(&file.display().to_string(), &text, &checked.diagnostics);
    }
    let Some(workflow) = checked.workflow else { return Ok(Exit::No) };
    output::result(&server::drafts::explain(&workflow, &catalog));
    Ok(Exit::Done)
}

fn unknown(name: &str) -> Trouble {
    let codes = Code::ALL.iter().map(|code| code.id());
    let known = codes.chain(verb::VERBS.iter().map(|verb| verb.key)).chain(functions::names());
    let trouble = Trouble::no(format!("there is no code, verb or function `{name}`"));
    match nearest(name, known) {
        Some(near) => trouble.help(format!("did you mean `{near}`?")),
        None => trouble.help("`keyway explain` alone lists all codes"),
    }
}

fn of_code(code: Code) -> String {
    format!("{STRONG}{}: {}{STRONG:#}\n\n{}", code.id(), code.title(), page(code.story()))
}

fn of_verb(verb: &Verb) -> String {
    let mut text = format!("{STRONG}{}{STRONG:#}: {}\n\n", verb.key, verb.about);
    for field in verb.fields {
        let must = if field.required { " (must be given)" } else { "" };
        text += &format!("  {BUSY}{}{BUSY:#}: {}{must}\n      {}\n", field.name, field.shape, field.about);
    }
    text += "\nAn example:\n\n";
    verb.example.trim_end().lines().for_each(|line| text += &format!("    {line}\n"));
    text
}

fn of_function(function: &Function) -> String {
    let example = match function.example.rsplit_once(" => ") {
        Some((expr, value)) => format!("{expr}  {FAINT}gives{FAINT:#}  {value}"),
        None => function.example.to_owned(),
    };
    let (form, about, details) = (function.form(), function.about, function.details());
    format!("{STRONG}{form}{STRONG:#}: {about}\n\n    {example}\n\n{details}")
}

/// The Markdown of a story for a terminal: fences go, their code is indented, and their heads become words.
fn page(story: &str) -> String {
    let mut text = String::new();
    let mut code = false;
    for line in story.lines() {
        match line.strip_prefix("```") {
            Some(kind) if !code => {
                code = true;
                let said = match kind {
                    "yaml wrong" | "yaml wrong strict" => "This has the problem:",
                    "yaml right" | "yaml right strict" | "yaml right test" => "This has not:",
                    "yaml wrong test" => "This test of it has the problem:",
                    _ => continue,
                };
                text += &format!("{STRONG}{said}{STRONG:#}\n\n");
            }
            Some(_) => code = false,
            None if code => text += &format!("    {line}\n"),
            None => text += &format!("{line}\n"),
        }
    }
    text
}
