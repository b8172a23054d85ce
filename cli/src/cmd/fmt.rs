//! `keyway fmt`: workflows in the canonical layout.

use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use dsl::catalog::Catalog;
use dsl::format::Refused;
use similar::{ChangeTag, TextDiff};

use super::check::plural;
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, FAINT, GOOD, STRONG};

/// Write workflows in the canonical layout
#[derive(ClapArgs)]
pub struct Args {
    /// The workflows' files
    #[arg(required_unless_present = "stdin", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change nothing; list the files that are laid out otherwise, and exit with 1 if there are any
    #[arg(long)]
    check: bool,
    /// Read a workflow from standard input and write it to standard output
    #[arg(long, conflicts_with = "files")]
    stdin: bool,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let catalog = server::catalog();
    if args.stdin {
        return stdin(args.check, &catalog);
    }
    let mut changed = 0;
    let mut exits = vec![];
    for file in &args.files {
        match one(file, args.check, &catalog) {
            Ok(Outcome::Kept) => {}
            Ok(Outcome::Changed) => changed += 1,
            Ok(Outcome::Refused) => exits.push(Exit::No),
            Err(trouble) => exits.push(trouble.tell()),
        }
    }
    let left = args.files.len() - changed - exits.len();
    let word = if args.check { "would change" } else { "changed" };
    output::note(&format!("{} {word}, {left} {FAINT}unchanged{FAINT:#}", plural(changed, "file")));
    if args.check && changed > 0 {
        exits.push(Exit::No);
    }
    // What could not be tried outweighs a no.
    Ok(if exits.contains(&Exit::NotTried) { Exit::NotTried } else { exits.pop().unwrap_or(Exit::Done) })
}

enum Outcome {
    Kept,
    Changed,
    Refused,
}

fn one(file: &Path, check: bool, catalog: &Catalog) -> Result<Outcome, Trouble> {
    let text = super::run::read(file)?;
    let name = file.display().to_string();
    let Some(formatted) = formatted(&name, &text, catalog)? else { return Ok(Outcome::Refused) };
    if formatted == text {
        return Ok(Outcome::Kept);
    }
    if check {
        differs(&name, &text, &formatted);
    } else {
        replace(file, &formatted)
            .map_err(|error| Trouble::new(format!("`{name}` cannot be written: {error}")))?;
        output::note(&format!("{GOOD}✓{GOOD:#} {name}"));
    }
    Ok(Outcome::Changed)
}

fn stdin(check: bool, catalog: &Catalog) -> Result<Exit, Trouble> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Trouble::new(format!("standard input cannot be read: {error}")))?;
    let Some(formatted) = formatted("<stdin>", &text, catalog)? else { return Ok(Exit::No) };
    match (check, formatted == text) {
        (false, _) => output::result(&formatted),
        (true, true) => {}
        (true, false) => {
            differs("<stdin>", &text, &formatted);
            return Ok(Exit::No);
        }
    }
    Ok(Exit::Done)
}

/// The text in the canonical layout; nothing where it is no YAML, and then that was told.
fn formatted(name: &str, text: &str, catalog: &Catalog) -> Result<Option<String>, Trouble> {
    match dsl::format::format(text, catalog) {
        Ok(formatted) => Ok(Some(formatted)),
        Err(Refused::Unreadable(diagnostics)) => {
            output::diagnostics(name, text, &diagnostics);
            Ok(None)
        }
        Err(Refused::Changed) => {
            Err(Trouble::new(format!("`{name}` would mean something else in the canonical layout"))
                .help("the file is left as it is; this is a fault of `keyway fmt`, please report it"))
        }
    }
}

/// Names a file that is laid out otherwise; who looks at a terminal sees the lines.
fn differs(name: &str, text: &str, formatted: &str) {
    output::result(name);
    if !std::io::stdout().is_terminal() {
        return;
    }
    let difference = TextDiff::from_lines(text, formatted);
    let mut page = String::new();
    for group in difference.grouped_ops(2) {
        let line = group.first().map_or(0, |first| first.old_range().start + 1);
        page += &format!("{FAINT}line {line}{FAINT:#}\n");
        for change in group.iter().flat_map(|op| difference.iter_changes(op)) {
            let words = change.value().trim_end_matches(['\n', '\r']);
            page += &match change.tag() {
                ChangeTag::Equal => format!("  {words}\n"),
                ChangeTag::Delete => format!("{BAD}- {words}{BAD:#}\n"),
                ChangeTag::Insert => format!("{GOOD}+{GOOD:#} {STRONG}{words}{STRONG:#}\n"),
            };
        }
    }
    output::result(&page);
}

/// Replaces a file at once: whoever reads it sees the old text or the new one. Its permissions stay.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    // A link stays a link.
    let file = file.canonicalize()?;
    let permissions = file.metadata()?.permissions();
    if permissions.readonly() {
        return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    beside.write_all(text.as_bytes())?;
    beside.as_file().set_permissions(permissions)?;
    beside.as_file().sync_all()?;
    beside.persist(&file).map_err(|error| error.error)?;
    Ok(())
}
