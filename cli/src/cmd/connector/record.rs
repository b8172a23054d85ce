//! `keyway connector record`: one action, called for real, and what was said in between as a fixture.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args as ClapArgs;
use server::connector::fixture::{self, Fixture};

use super::tried::Tried;
use crate::cmd::check::plural;
use crate::error::{Exit, Trouble};
use crate::output::{self, GOOD};

/// Call one action for real, and write what was said as a fixture
///
/// Secrets stand in it as their names; tokens and e-mail addresses become others. It is played before it is written.
#[derive(ClapArgs)]
pub struct Args {
    #[command(flatten)]
    tried: Tried,
    /// What the case shows, as in `right`, `refused` or `right_with_files`
    #[arg(long, value_name = "NAME")]
    case: Option<String>,
    /// The file; by default the action and the case, here
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Carries the command out.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    let (connectors, with, key) = args.tried.ready(false)?;
    let connector = args.tried.connector();
    let action = args.tried.action.get(connector.len() + 1..).unwrap_or_default();
    if let Some(case) = args.case.as_deref().filter(|case| !is_name(case)) {
        return Err(Trouble::no(format!("`{case}` cannot be the name of a case"))
            .help("names are made of `a` to `z`, digits and `_`"));
    }
    let recorded = match connectors.record(args.tried.request(&with, &key)).await {
        Ok(recorded) => recorded,
        Err(failure) => return Ok(super::call::failed(&failure, false)),
    };
    let case = args.case.clone().unwrap_or_else(|| match &recorded.got {
        Ok(_) => "right".into(),
        Err(failure) if failure.kind == dsl::catalog::FailureKind::RateLimited => "limited".into(),
        Err(_) => "refused".into(),
    });
    let played = Fixture { connector: connector.into(), action: action.into(), json: recorded.fixture };
    let wrong = fixture::play(server::connector::library(), &server::connections::loopback(), &played).await;
    if !wrong.is_empty() {
        let wrong = wrong.join("; ");
        return Err(Trouble::no(format!("what was recorded does not come out the same when it is played: {wrong}"))
            .help("nothing was written: the action makes something of what had to be hidden; write its fixture by hand"));
    }
    let path = args.output.unwrap_or_else(|| PathBuf::from(format!("{action}_{case}.json")));
    let told =
        |error: std::io::Error| Trouble::no(format!("`{}` cannot be written: {error}", path.display()));
    let text = serde_json::to_string_pretty(&played.json).unwrap_or_default();
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(told)?;
    file.write_all(format!("{text}\n").as_bytes()).map_err(told)?;
    let exchanges = plural(played.exchanges().len(), "exchange");
    let hidden = plural(recorded.hidden, "spelling");
    output::note(&format!("{GOOD}✓{GOOD:#} wrote {}: {exchanges}, {hidden} hidden", path.display()));
    output::note("read it before you give it to anybody: names, texts and numbers of the account are in it");
    Ok(Exit::Done)
}

fn is_name(text: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    !text.is_empty() && text.chars().all(fits)
}

/// The fixture of a file: its connector is the name of its folder, or the one that was said; its action begins its name.
pub fn of_file(path: &std::path::Path, connector: Option<&str>) -> Result<Fixture, Trouble> {
    let library: &Arc<_> = server::connector::library();
    let folder =
        path.canonicalize().ok().and_then(|path| Some(path.parent()?.file_name()?.to_str()?.to_owned()));
    let named = connector.map(str::to_owned).or(folder.filter(|folder| library.find(folder).is_some()));
    let Some(connector) = named else {
        return Err(Trouble::no(format!("nothing says which connector `{}` is about", path.display()))
            .help("say it by `--connector NAME`, or put the file into a folder of that name"));
    };
    let manifest = super::docs::find(&connector)?;
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let begins = |action: &&str| stem == *action || stem.starts_with(&format!("{action}_"));
    let names = manifest.actions.iter().map(|action| action.name.as_str()).chain(["request"]);
    let action = names.filter(begins).max_by_key(|action| action.len());
    let Some(action) = action.map(str::to_owned) else {
        return Err(Trouble::no(format!("`{stem}` begins with the name of no action of `{connector}`"))
            .help("call the file `ACTION_CASE.json`"));
    };
    let text = crate::cmd::run::read(path)?;
    let json = serde_json::from_str(&text)
        .map_err(|error| Trouble::no(format!("`{}` is not JSON: {error}", path.display())))?;
    Ok(Fixture { connector, action, json })
}
