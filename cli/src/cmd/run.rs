//! `keyway run`: starts a workflow and stays until its end.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use dsl::value::{Object, Value};
use dsl::workflow::Workflow;
use server::error::Error;
use server::kept::{Kept, note};
use server::order::{Order, new_run};
use server::session::Session;
use server::vault::LOCAL;

use super::Data;
use crate::error::{Exit, Trouble};
use crate::output;
use crate::progress::{self, Want};

/// A file that is longer is no workflow; the language's own limit is lower.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Run a workflow, and stay until it has ended
#[derive(ClapArgs)]
pub struct Args {
    /// The workflow's file, or the name of a workflow that is deployed
    file: PathBuf,
    /// Give an input; its text is read by the input's type
    #[arg(long = "input", value_name = "NAME=VALUE")]
    inputs: Vec<String>,
    /// Give inputs from a JSON file
    #[arg(long = "inputs", value_name = "FILE")]
    inputs_file: Option<PathBuf>,
    /// Let `file` actions use this directory [default: the workflow's own]
    #[arg(long, value_name = "DIR")]
    files: Option<PathBuf>,
    /// Let calls go to private addresses, such as this machine's
    #[arg(long)]
    allow_private: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Detach at the first long wait
    #[arg(long)]
    no_wait: bool,
    /// Use the secrets and keys of this owner, a person or an organisation [default: your own]
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    let Wanted { path, text, version } = wanted(&args)?;
    let file = path.display().to_string();
    let checked = dsl::check(&text, &server::beside::catalog(&path, &text));
    if !checked.diagnostics.is_empty() {
        output::diagnostics(&file, &text, &checked.diagnostics);
    }
    let Some(workflow) = checked.workflow else {
        return Ok(refused(&args, &file, "the workflow has errors"));
    };
    let inputs = match inputs(&args, &workflow)? {
        Ok(inputs) => inputs,
        Err(problems) => {
            output::error(&problems.join("\n"), Some("`--input NAME=VALUE` or `--inputs FILE` gives inputs"));
            return Ok(refused(&args, &workflow.name, &problems.join("; ")));
        }
    };
    let absolute = std::path::absolute(&path).unwrap_or(path);
    let folder = absolute.parent().unwrap_or(Path::new("/")).to_owned();
    let files = match &args.files {
        Some(files) => std::path::absolute(files).unwrap_or_else(|_| files.clone()),
        None => folder,
    };
    let owner = match &args.owner {
        Some(name) => args.data.vault()?.find_owner(name, None)?.id,
        None => LOCAL.to_owned(),
    };
    let (run, allow_private) = (new_run(), args.allow_private);
    let order = Order { run, file: absolute, text, inputs, files, version, owner, allow_private };
    let mut session = Session::open(args.data.home()?).await?;
    let run = session.start(&order).await?;
    let want = Want { json: args.json, no_wait: args.no_wait, allow_private: args.allow_private };
    progress::follow(&mut session, &args.data.home()?, run, &want).await
}

/// What is to be run: a file, or a version that is deployed.
struct Wanted {
    path: PathBuf,
    text: String,
    version: Option<i64>,
}

fn wanted(args: &Args) -> Result<Wanted, Trouble> {
    let name = args.file.to_string_lossy();
    if !args.file.exists() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-') {
        let version = Kept::open(&args.data.home()?)?.in_force(&name);
        return match version {
            Ok(version) => {
                let path = note(&version).map(|note| note.file).unwrap_or_default();
                Ok(Wanted { path, text: version.text, version: Some(version.number) })
            }
            Err(Error::NoWorkflow { .. }) => {
                Err(Trouble::new(format!("there is no file `{name}`, and no workflow `{name}` is deployed"))
                    .help("`keyway workflows` lists those that are"))
            }
            Err(error) => Err(error.into()),
        };
    }
    Ok(Wanted { path: args.file.clone(), text: read(&args.file)?, version: None })
}

/// Reads a workflow's text.
pub fn read(file: &Path) -> Result<String, Trouble> {
    let trouble =
        |error: std::io::Error| Trouble::new(format!("`{}` cannot be read: {error}", file.display()));
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).map_err(trouble)?;
    opened.take(LONGEST).read_to_end(&mut bytes).map_err(trouble)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Trouble::no(format!("`{}` is not text: byte {at} is not UTF-8", file.display()))
            .help("a workflow is a YAML file in UTF-8")
    })
}

fn refused(args: &Args, workflow: &str, message: &str) -> Exit {
    if args.json {
        output::json(&serde_json::json!({
            "workflow": workflow,
            "status": "refused",
            "error": { "message": message, "kind": "invalid" },
            "steps": {},
        }));
    }
    Exit::No
}

type Problems = Vec<String>;

/// The inputs from the command line, or what is wrong with them.
fn inputs(args: &Args, workflow: &Workflow) -> Result<Result<Value, Problems>, Trouble> {
    let mut given = match &args.inputs_file {
        Some(file) => from_file(file)?,
        None => Object::new(),
    };
    let mut problems = Vec::new();
    for pair in &args.inputs {
        match dsl::inputs::read(workflow, pair) {
            Ok((name, value)) => {
                given.insert(name.into(), value);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        // Checked here for the sake of the message; the defaults are filled in where the run starts.
        problems = dsl::inputs::inputs(workflow, &given).err().unwrap_or_default();
    }
    Ok(if problems.is_empty() { Ok(Value::Object(given.into())) } else { Err(problems) })
}

fn from_file(file: &Path) -> Result<Object, Trouble> {
    let text = read(file)?;
    let value = dsl::json::parse(&text)
        .map_err(|error| Trouble::no(format!("`{}` is not JSON: {error}", file.display())))?;
    match value {
        Value::Object(entries) => Ok((*entries).clone()),
        other => {
            let (file, found) = (file.display(), other.type_name());
            Err(Trouble::no(format!("`{file}` holds a {found}, not an object of inputs")))
        }
    }
}
