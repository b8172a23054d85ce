//! `keyway new`: a workflow with its tests out of the examples that the program carries.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use dsl::diagnostic::nearest;
use dsl::test::ENDING;
use server::templates::{self, Template};

use super::check::plural;
use crate::error::{Exit, Trouble};
use crate::fresh;
use crate::output::{self, FAINT, GOOD, STRONG};

/// Begin a workflow from an example: list them, or write one with its tests
#[derive(ClapArgs)]
pub struct Args {
    /// The example; without it, all are listed
    #[arg(value_name = "EXAMPLE")]
    name: Option<String>,
    /// The file to write [default: by the example, here]
    #[arg(value_name = "FILE", requires = "name")]
    file: Option<PathBuf>,
    /// List the examples about these words: purposes, services, what they do
    #[arg(long, value_name = "WORDS", num_args = 1.., conflicts_with_all = ["name", "show"])]
    find: Vec<String>,
    /// Print the example instead of writing it
    #[arg(long)]
    show: bool,
    /// Print the list as JSON
    #[arg(long, conflicts_with = "name")]
    json: bool,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let Some(name) = &args.name else {
        let found = templates::find(&args.find);
        if found.is_empty() {
            return Err(Trouble::no(format!("no example is about `{}`", args.find.join(" ")))
                .help("`keyway new` lists all of them"));
        }
        if args.json {
            output::json(&found.iter().map(|template| template.to_json()).collect());
        } else {
            output::result(&page(&found));
        }
        return Ok(Exit::Done);
    };
    let Some(template) = templates::all().iter().find(|template| template.name == *name) else {
        return Err(unknown(name));
    };
    if args.show {
        output::result(template.text);
        return Ok(Exit::Done);
    }
    let file = args.file.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.yaml")));
    write(template, &file)
}

fn unknown(name: &str) -> Trouble {
    let wrong = Trouble::no(format!("there is no example `{name}`"));
    let near = nearest(name, templates::all().iter().map(|template| template.name));
    let about = templates::find(&[name.to_owned()]);
    match (near, &about[..]) {
        (Some(near), _) => wrong.help(format!("did you mean `{near}`?")),
        (None, []) => wrong.help("`keyway new` lists all of them"),
        (None, found) => {
            let names: Vec<&str> = found.iter().take(6).map(|template| template.name).collect();
            wrong.help(format!("about it are `{}`", names.join("`, `")))
        }
    }
}

/// Writes the workflow, its tests, and the workflows that it calls.
fn write(template: &Template, file: &Path) -> Result<Exit, Trouble> {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    if !dsl::fields::is_workflow_name(&stem) {
        return Err(Trouble::no(format!("`{stem}` cannot be the name of a workflow"))
            .help("names are made of `a` to `z`, digits and `-`, as in `late-invoices.yaml`"));
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut files = vec![
        (file.to_owned(), template.named(&stem)),
        (folder.join(format!("{stem}{ENDING}")), template.test.to_owned()),
    ];
    for called in template.calls() {
        files.push((folder.join(format!("{}.yaml", called.name)), called.text.to_owned()));
        files.push((folder.join(format!("{}{ENDING}", called.name)), called.test.to_owned()));
    }
    let other = format!("give another name: `keyway new {} FILE.yaml`", template.name);
    if let Some((taken, _)) = files.iter().find(|(path, _)| fresh::is_taken(path)) {
        return Err(Trouble::no(format!("`{}` is there already", taken.display())).help(other));
    }
    let mut paths = BTreeSet::new();
    if let Some((double, _)) = files.iter().find(|(path, _)| !paths.insert(path)) {
        let message = format!(
            "`{}` would be written twice: the example calls a workflow of that name",
            double.display()
        );
        return Err(Trouble::no(message).help(other));
    }
    if !folder.as_os_str().is_empty() {
        std::fs::create_dir_all(folder)
            .map_err(|error| Trouble::new(format!("`{}` cannot be made: {error}", folder.display())))?;
    }
    for (path, text) in &files {
        let told =
            |error: std::io::Error| Trouble::new(format!("`{}` cannot be written: {error}", path.display()));
        fresh::write(path, text).map_err(told)?;
        output::note(&format!("{GOOD}wrote{GOOD:#} {}", path.display()));
    }
    let shown = file.display();
    output::note(&format!("{FAINT}try it:{FAINT:#} keyway test {shown}"));
    output::note(&format!("{FAINT}see what it needs:{FAINT:#} keyway plan {shown}"));
    Ok(Exit::Done)
}

/// The list for people: by what one wants.
fn page(found: &[&Template]) -> String {
    let mut page = String::new();
    let width = found.iter().map(|template| template.name.len()).max().unwrap_or(0);
    let mut purpose = "";
    for template in found {
        if template.purpose != purpose {
            purpose = template.purpose;
            let gap = if page.is_empty() { "" } else { "\n" };
            page += &format!("{gap}{STRONG}{purpose}{STRONG:#}\n");
        }
        page += &format!("  {:<width$}  {FAINT}{}{FAINT:#}\n", template.name, template.about);
    }
    page += &format!(
        "\n{FAINT}{}; `keyway new EXAMPLE` writes one with its tests{FAINT:#}\n",
        plural(found.len(), "example")
    );
    page
}
