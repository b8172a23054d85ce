//! `keyway config`: what a service is told by flags, environment and file, and what is wrong about it.

use std::path::{Path, PathBuf};

use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use serde_json::{Value, json};
use server::config::{self, Config, FILE, Flags, Problem, Weight};

use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, BUSY, FAINT, STRONG};

/// Look at the settings of a service: from the file, the environment, and as they are usually
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Look for keys that there are not, values that are none, settings that contradict each other, and what is unsafe
    Check {
        /// The file [default: what `KEYWAY_CONFIG` names, else `keyway.toml` beside the root keys]
        file: Option<PathBuf>,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show each setting with its value and where that comes from; secrets are shown as stars
    Show {
        /// The file [default: what `KEYWAY_CONFIG` names, else `keyway.toml` beside the root keys]
        file: Option<PathBuf>,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a file with every setting, each as it is usually
    Template {
        /// For what
        #[arg(long, value_enum, default_value = "toml")]
        format: Form,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// A file of settings
    Toml,
    /// Variables of the environment, as for `docker compose` and systemd
    Env,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    match &args.command {
        Command::Check { file, json } => check(&read(&Flags::new(), file.as_deref())?, *json),
        Command::Show { file, json } => show(&read(&Flags::new(), file.as_deref())?, *json),
        Command::Template { format } => {
            output::result(&match format {
                Form::Toml => config::table::toml_template(),
                Form::Env => config::table::env_template(),
            });
            Ok(Exit::Done)
        }
    }
}

/// Reads what is configured: by these flags, the environment, and this file or the usual one.
pub fn read(flags: &Flags, file: Option<&Path>) -> Result<Config, Trouble> {
    let usual = directories::ProjectDirs::from("", "", "keyway").map(|it| it.config_dir().join(FILE));
    let environment = |name: &str| std::env::var(name).ok();
    config::read(flags, &environment, (file, usual.as_deref())).map_err(|(path, error)| {
        Trouble::new(format!("the settings in `{}` cannot be read: {error}", path.display()))
            .help("`keyway config template` prints a file to begin with")
    })
}

/// Tells what is unsafe, and refuses what a service does not run with.
pub fn refuse(config: &Config) -> Result<(), Trouble> {
    let others = config.problems.iter().filter(|problem| config.wrong() != Some(*problem));
    for problem in others {
        output::note(&line(problem));
    }
    match config.wrong() {
        Some(Problem { message, help, .. }) => Err(Trouble::no(message.clone()).help(help.clone())),
        None => Ok(()),
    }
}

fn line(problem: &Problem) -> String {
    let style = if problem.weight == Weight::Wrong { BAD } else { BUSY };
    let Problem { weight, place, message, help } = problem;
    format!(
        "{style}{}{style:#} {FAINT}{place}:{FAINT:#} {message}\n  {BUSY}help{BUSY:#}: {help}",
        weight.name()
    )
}

fn check(config: &Config, as_json: bool) -> Result<Exit, Trouble> {
    if as_json {
        let problems: Vec<Value> = config.problems.iter().map(to_json).collect();
        output::json(&json!({ "file": config.file, "problems": problems }));
    } else {
        config.problems.iter().for_each(|problem| output::result(&line(problem)));
    }
    Ok(if config.problems.is_empty() { Exit::Done } else { Exit::No })
}

fn to_json(problem: &Problem) -> Value {
    let Problem { weight, place, message, help } = problem;
    json!({ "weight": weight.name(), "place": place, "message": message, "help": help })
}

fn show(config: &Config, as_json: bool) -> Result<Exit, Trouble> {
    let shown = config.shown(&|name| std::env::var(name).ok());
    if as_json {
        let settings: Vec<Value> = shown
            .iter()
            .map(|(key, values, from)| json!({ "key": key, "values": values, "from": from }))
            .collect();
        output::json(&json!({ "file": config.file, "settings": settings }));
        return Ok(Exit::Done);
    }
    let wide = shown.iter().map(|(key, ..)| key.len()).max().unwrap_or(0);
    for (key, values, from) in &shown {
        let value = if values.is_empty() { "-".to_owned() } else { values.join(", ") };
        output::result(&format!("{STRONG}{key:wide$}{STRONG:#}  {value}  {FAINT}{from}{FAINT:#}"));
    }
    Ok(Exit::Done)
}
