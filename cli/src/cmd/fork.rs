//! `keyway fork` and `keyway retry`: a new run that takes over what an earlier one did.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args as ClapArgs;
use dsl::value::{Object, Value};
use server::engine::run::RunId;
use server::order::new_run;
use server::session::Session;
use server::words::{Again, From};

use super::{Data, answer, run};
use crate::error::{Exit, Trouble};
use crate::output;
use crate::progress::{self, Want};

/// Run again from any step, with other inputs, other values or another version of the workflow
///
/// What the earlier run did before these steps is taken over, and not done or paid for again.
#[derive(ClapArgs)]
pub struct Args {
    /// The earlier run
    run: String,
    /// Do this step anew, and what rests on it; several are allowed
    #[arg(long, value_name = "STEP")]
    from: Vec<String>,
    /// Give an input (`inputs.NAME=VALUE`) or a step's value (`steps.PATH=JSON`) another value
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Follow this version of the workflow
    #[arg(long, value_name = "FILE")]
    workflow: Option<PathBuf>,
    #[command(flatten)]
    more: More,
}

/// Try a run that failed once more, from the step that failed
#[derive(ClapArgs)]
pub struct RetryArgs {
    /// The run that failed
    run: String,
    #[command(flatten)]
    more: More,
}

#[derive(ClapArgs)]
struct More {
    /// Let calls go to private addresses, such as this machine's
    #[arg(long)]
    allow_private: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Detach at the first long wait
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries `fork` out.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    if args.from.is_empty() && args.set.is_empty() && args.workflow.is_none() {
        let trouble = Trouble::no("nothing is to be done anew");
        return Err(
            trouble.help("name a step with `--from STEP`, a value with `--set`, or a `--workflow FILE`")
        );
    }
    let (mut set, mut inputs) = (BTreeMap::new(), Object::new());
    for pair in &args.set {
        let Some((path, text)) = pair.split_once('=') else {
            return Err(Trouble::no(format!("`{pair}` is not of the form `PATH=VALUE`")));
        };
        if let Some(name) = path.strip_prefix("inputs.") {
            // What is no JSON is a text, as the shell gives it.
            let value = dsl::json::parse(text).unwrap_or_else(|_| Value::text(text));
            inputs.insert(name.into(), value);
        } else if let Some(step) = path.strip_prefix("steps.") {
            set.insert(step.to_owned(), answer::json(text)?);
        } else {
            let trouble = Trouble::no(format!("`{path}` is neither an input nor a step"));
            return Err(trouble.help("begin it with `inputs.` or `steps.`"));
        }
    }
    let workflow = match &args.workflow {
        None => None,
        Some(file) => {
            let text = run::read(file)?;
            let checked = dsl::check(&text, &server::beside::catalog(file, &text));
            output::diagnostics(&file.display().to_string(), &text, &checked.diagnostics);
            let absolute = std::path::absolute(file).unwrap_or_else(|_| file.clone());
            Some((absolute, text))
        }
    };
    let wish = Again {
        run: new_run(),
        of: RunId(args.run.into()),
        from: From::Steps(args.from),
        set,
        inputs,
        workflow,
        allow_private: args.more.allow_private,
    };
    begin(wish, args.more).await
}

/// Carries `retry` out.
pub async fn retry(args: RetryArgs) -> Result<Exit, Trouble> {
    let wish = Again {
        run: new_run(),
        of: RunId(args.run.into()),
        from: From::Failure,
        set: BTreeMap::new(),
        inputs: Object::new(),
        workflow: None,
        allow_private: args.more.allow_private,
    };
    begin(wish, args.more).await
}

async fn begin(wish: Again, more: More) -> Result<Exit, Trouble> {
    let home = more.data.home()?;
    let mut session = Session::open(home.clone()).await?;
    let run = session.again(&wish).await?;
    let want = Want { json: more.json, no_wait: more.no_wait, allow_private: more.allow_private };
    progress::follow(&mut session, &home, run, &want).await
}
