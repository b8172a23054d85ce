//! `keyway answer`: answers a step that asks a person, or settles whether a call took effect.

use clap::Args as ClapArgs;
use dsl::value::Value;
use server::engine::run::RunId;
use server::session::Session;
use server::words::{Reply, Said, Word};

use super::Data;
use crate::error::{Exit, Trouble};
use crate::progress::{self, Want};

/// Answer a step that asks: an approval, or whether a call that was cut off took effect
///
/// To an approval, `yes` approves and `no` rejects; `--value` approves and fills in what was asked for. To a doubt,
/// `yes` means that it happened (`--value` says what it gave), `no` that it did not and is done again, `stop` that the
/// step fails.
#[derive(ClapArgs)]
pub struct Args {
    /// The run
    run: String,
    /// The step that asks, and `yes`, `no` or `stop`; without a step, the only one that asks
    #[arg(num_args = 0..=2, value_name = "STEP] [yes|no|stop")]
    words: Vec<String>,
    /// Yes, with this as JSON
    #[arg(long, value_name = "JSON")]
    value: Option<String>,
    /// Add a comment
    #[arg(long)]
    comment: Option<String>,
    /// Who answers [default: the user of this terminal]
    #[arg(long)]
    by: Option<String>,
    /// Let the run's calls go to private addresses, such as this machine's
    #[arg(long)]
    allow_private: bool,
    /// Print the result of the run as JSON
    #[arg(long)]
    json: bool,
    /// Do not follow the run
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    let home = args.data.home()?;
    let (step, reply) = read(&args)?;
    let by = args.by.or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "the owner".into());
    let said = Said { reply, by: Some(by.into()), comment: args.comment.map(Into::into) };
    let run = RunId(args.run.into());
    let mut session = Session::open(home.clone()).await?;
    session.say(&run, Word::Answer { step, said }, args.allow_private).await?;
    let want = Want { json: args.json, no_wait: args.no_wait, allow_private: args.allow_private };
    progress::follow(&mut session, &home, run, &want).await
}

/// The step, if one is named, and the answer.
fn read(args: &Args) -> Result<(Option<String>, Reply), Trouble> {
    let reply = |word: &str| match word {
        "yes" => Some(Reply::Yes),
        "no" => Some(Reply::No),
        "stop" => Some(Reply::Stop),
        _ => None,
    };
    let value = args.value.as_deref().map(json).transpose()?;
    let missing =
        || Trouble::no("there is no answer").help("say `yes`, `no` or `stop`, or give `--value JSON`");
    match (args.words.as_slice(), value) {
        ([], None) => Err(missing()),
        ([], Some(value)) => Ok((None, Reply::Value(value))),
        ([word], None) => match reply(word) {
            Some(reply) => Ok((None, reply)),
            None => Err(missing()),
        },
        ([word], Some(value)) => match reply(word) {
            Some(Reply::Yes) => Ok((None, Reply::Value(value))),
            Some(_) => Err(Trouble::no(format!("`{word}` and `--value` contradict one another"))),
            None => Ok((Some(word.clone()), Reply::Value(value))),
        },
        ([step, word, ..], value) => match (reply(word), value) {
            (Some(Reply::Yes), Some(value)) => Ok((Some(step.clone()), Reply::Value(value))),
            (Some(_), Some(_)) => Err(Trouble::no(format!("`{word}` and `--value` contradict one another"))),
            (Some(reply), None) => Ok((Some(step.clone()), reply)),
            (None, _) => Err(Trouble::no(format!("`{word}` is no answer")).help("say `yes`, `no` or `stop`")),
        },
    }
}

/// Reads a value of the command line.
pub fn json(text: &str) -> Result<Value, Trouble> {
    dsl::json::parse(text).map_err(|error| {
        Trouble::no(format!("`{text}` is not JSON: {error}")).help("a text stands in double quotes in JSON")
    })
}
