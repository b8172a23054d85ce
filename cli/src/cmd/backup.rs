//! `keyway backup` and `keyway restore`: the database in one file with the contents of large files beside it, and back.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use server::Counted;
use server::backup::{self, Checked, Copied, Present, Sealed};

use super::Data;
use super::check::plural;
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, FAINT};

/// Write the database to a file, and the contents of large files beside it, while runs go on
#[derive(ClapArgs)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// The file; it must not be there yet
    #[arg(required = true)]
    file: Option<PathBuf>,
    #[command(flatten)]
    data: Data,
}

#[derive(Subcommand)]
enum Command {
    /// Look whether a backup is whole, and opens where the root key is at hand
    Verify {
        /// The backup
        file: PathBuf,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: Data,
    },
}

/// Put a backup in the place of the database
#[derive(ClapArgs)]
pub struct RestoreArgs {
    /// The backup
    file: PathBuf,
    /// Also where a database is there already, which is kept in a folder beside
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries `backup` out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    match (&args.command, &args.file) {
        (Some(Command::Verify { file, json, data }), _) => {
            verify(&backup::check(&data.home()?, file)?, *json)
        }
        (None, Some(file)) => {
            let made = backup::make(&args.data.home()?, file)?;
            output::note(&format!("wrote `{}`, {} bytes", file.display(), made.length));
            if made.contents.files > 0 {
                let (folder, Copied { files, bytes, .. }) = (made.folder.display(), &made.contents);
                let files = plural(*files, "large file");
                output::note(&format!(
                    "wrote `{folder}`, {files} of {bytes} bytes; it belongs to the backup"
                ));
            }
            for damaged in &made.contents.damaged {
                output::note(&format!("the content `{damaged}` is not what it was, and was left out"));
            }
            output::note("the root key is not in it; `keyway vault root-key export --to FILE` writes that");
            Ok(Exit::Done)
        }
        (None, None) => Err(Trouble::new("no file is named")),
    }
}

fn verify(checked: &Checked, json: bool) -> Result<Exit, Trouble> {
    let Checked { counted, sealed, contents, missing } = checked;
    let (word, found, wrong, why) = match sealed {
        Sealed::Blank => ("empty", None, &[][..], None),
        Sealed::Opened(findings) => ("open", Some(findings), &findings.wrong[..], None),
        Sealed::Shut { why } => ("shut", None, &[][..], Some(why)),
    };
    let lost: Vec<String> =
        (contents.damaged.iter().map(|hash| format!("the content `{hash}` is not what it was")))
            .chain(missing.iter().map(|hash| format!("the content `{hash}` of a large file is missing")))
            .collect();
    if json {
        output::json(&serde_json::json!({
            "version": counted.version,
            "runs": counted.runs,
            "unfinished": counted.unfinished,
            "rows": counted.rows,
            "values": counted.values,
            "vault": word,
            "why": why,
            "secrets": found.map(|found| found.secrets),
            "audit": found.map(|found| found.rows),
            "files": contents.files,
            "wrong": wrong.iter().chain(&lost).collect::<Vec<_>>(),
        }));
    } else {
        let mut page = format!("{}, all as they were written\n", told(counted));
        match (found, why) {
            (Some(found), _) => {
                page += &format!(
                    "{} secrets open, {} rows of the audit follow one another\n",
                    found.secrets, found.rows
                );
            }
            (None, Some(why)) => page += &format!("secrets were not looked at: {why}\n"),
            (None, None) => page += &format!("{FAINT}no secrets{FAINT:#}\n"),
        }
        if contents.files > 0 {
            page += &format!("{} of {} bytes\n", plural(contents.files, "large file"), contents.bytes);
        }
        wrong.iter().chain(&lost).for_each(|wrong| page += &format!("{BAD}wrong{BAD:#} {wrong}\n"));
        output::result(&page);
    }
    Ok(if wrong.is_empty() && lost.is_empty() { Exit::Done } else { Exit::No })
}

/// Carries `restore` out.
pub fn restore(args: &RestoreArgs) -> Result<Exit, Trouble> {
    let home = args.data.home()?;
    let present = if args.replace { Present::SetAside } else { Present::Refuse };
    let restored = backup::restore(&home, &args.file, present)?;
    output::note(&format!("restored {}", told(&restored.counted)));
    if let Some(aside) = restored.aside {
        output::note(&format!("what was there before is in `{}`", aside.display()));
    }
    if restored.counted.unfinished > 0 {
        output::note("`keyway resume` takes up what had not ended at that time, and makes its calls again");
    }
    if !restored.missing.is_empty() {
        let missing = plural(restored.missing.len(), "large file");
        output::note(&format!(
            "{missing} that its runs refer to did not come with it: a step that needs one fails"
        ));
    }
    if let Some(why) = restored.shut {
        output::note(&format!("its secrets do not open here: {why}"));
    }
    Ok(Exit::Done)
}

fn told(counted: &Counted) -> String {
    let Counted { runs, unfinished, rows, values, version: _ } = counted;
    format!("{runs} runs ({unfinished} not ended) with {rows} rows, {values} large values")
}
