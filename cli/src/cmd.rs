//! The subcommands: one file each, one arm here.

mod answer;
mod app;
mod audit;
mod backup;
mod budget;
mod cancel;
mod check;
mod clean;
mod completions;
mod config;
mod connect;
mod connections;
mod connector;
mod connectors;
mod crash_test;
mod cron;
mod deploy;
mod diff;
mod doctor;
mod enable;
mod eval;
mod explain;
mod explain_run;
mod export;
mod fix;
mod fmt;
mod fork;
mod generate;
mod graph;
mod help;
mod import;
mod issuer;
mod keys;
mod lsp;
mod man;
mod new;
mod owner;
mod pause;
mod plan;
mod prices;
mod record;
mod resume;
mod route;
mod run;
mod runs;
mod schedules;
mod schema;
mod secrets;
mod serve;
mod show;
mod signal;
mod test;
mod token;
mod usage;
mod user;
mod vault;
mod versions;
mod webhooks;
mod why_not;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use server::config::Flags;
use server::home::Home;
use server::vault::{LOCAL, OwnerKind, Vault, Who};

use crate::error::{Exit, Trouble};
use crate::{logging, output};

/// Check workflows like programs, and run them durably
#[derive(Parser)]
#[command(name = "keyway", version, max_term_width = 100, disable_help_subcommand = true, after_help = help::after())]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Answer(answer::Args),
    App(app::Args),
    Audit(audit::Args),
    Backup(backup::Args),
    Budget(budget::Args),
    Cancel(cancel::Args),
    Check(check::Args),
    Clean(clean::Args),
    Completions(completions::Args),
    Config(config::Args),
    Connect(connect::Args),
    Connections(connections::Args),
    Connector(connector::Args),
    Connectors(connectors::Args),
    CrashTest(crash_test::Args),
    Cron(cron::Args),
    Deploy(deploy::Args),
    Diff(diff::Args),
    Disable(enable::DisableArgs),
    Disconnect(connections::RemoveArgs),
    Doctor(doctor::Args),
    Enable(enable::EnableArgs),
    Eval(eval::Args),
    Explain(explain::Args),
    ExplainRun(explain_run::Args),
    Export(export::Args),
    Fix(fix::Args),
    Fmt(fmt::Args),
    Fork(fork::Args),
    Generate(generate::Args),
    Graph(graph::Args),
    Help(help::Args),
    Import(import::Args),
    Issuer(issuer::Args),
    Keys(keys::Args),
    Lsp(lsp::Args),
    Man(man::Args),
    New(new::Args),
    Org(owner::OrgArgs),
    Owner(owner::Args),
    Pause(pause::Args),
    Plan(plan::Args),
    Prices(prices::Args),
    Record(record::Args),
    Restore(backup::RestoreArgs),
    Resume(resume::Args),
    Retry(fork::RetryArgs),
    Rollback(enable::RollbackArgs),
    Route(route::Args),
    Run(run::Args),
    Runs(runs::Args),
    Schedules(schedules::Args),
    Schema(schema::Args),
    Secrets(secrets::Args),
    Serve(serve::Args),
    Show(show::Args),
    Signal(signal::Args),
    Test(test::Args),
    Tier(owner::TierArgs),
    Token(token::Args),
    Usage(usage::Args),
    User(user::Args),
    Vault(vault::Args),
    Versions(versions::Args),
    Webhooks(webhooks::Args),
    WhyNot(why_not::Args),
    Workflows(versions::ListArgs),
}

/// Where runs are kept
#[derive(clap::Args)]
struct Data {
    /// Keep runs in this directory [default: what `KEYWAY_DATA` or the file of settings names, else the platform's data directory]
    #[arg(long = "data", value_name = "DIR")]
    directory: Option<PathBuf>,
}

impl Data {
    fn home(&self) -> Result<Home, Trouble> {
        match &self.directory {
            Some(_) => self.home_by(None),
            None => self.home_by(config::read(&Flags::new(), None)?.data()),
        }
    }

    /// The same, where settings have been read that may name one.
    fn home_by(&self, said: Option<PathBuf>) -> Result<Home, Trouble> {
        let directory = match self.directory.clone().or(said) {
            Some(directory) => directory,
            None => usual().ok_or_else(|| {
                Trouble::new("there is no home directory to keep runs in")
                    .help("give a directory with `--data DIR`")
            })?,
        };
        let home = Home::new(directory);
        Ok(match directories::ProjectDirs::from("", "", "keyway") {
            Some(places) => home.with_keys(places.config_dir().join("roots")),
            None => home,
        })
    }

    /// The vault of the data directory, and who acts on it here.
    fn vault(&self) -> Result<Vault, Trouble> {
        Ok(server::safe::open(&self.home()?)?)
    }
}

/// Whose secrets and keys are meant: your own where nothing is said
#[derive(clap::Args)]
struct Whose {
    /// Those of this organisation
    #[arg(long, value_name = "NAME", conflicts_with = "owner")]
    org: Option<String>,
    /// Those of this owner: a person or an organisation
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
}

impl Whose {
    /// The vault, and the id of the owner in it.
    fn vault(&self, data: &Data) -> Result<(Vault, String), Trouble> {
        let vault = data.vault()?;
        let owner = match (&self.org, &self.owner) {
            (Some(name), _) => vault.find_owner(name, Some(OwnerKind::Organisation))?.id,
            (None, Some(name)) => vault.find_owner(name, None)?.id,
            (None, None) => LOCAL.to_owned(),
        };
        Ok((vault, owner))
    }

    /// The id of the owner; the local one is known without the vault.
    fn id(&self, data: &Data) -> Result<String, Trouble> {
        match (&self.org, &self.owner) {
            (None, None) => Ok(LOCAL.to_owned()),
            (Some(_), _) | (None, Some(_)) => Ok(self.vault(data)?.1),
        }
    }

    /// Whoever types here, acting for an owner.
    fn who(owner: &str) -> Who<'_> {
        Who { owner, actor: ME.actor }
    }
}

/// The platform's data directory.
fn usual() -> Option<PathBuf> {
    Some(directories::ProjectDirs::from("", "", "keyway")?.data_dir().to_owned())
}

/// What a command that is shown needs so that it finds a data directory: nothing for the usual one.
pub fn data_flag(home: &Home) -> String {
    if usual().as_deref() == Some(home.directory()) {
        return String::new();
    }
    format!(" --data {}", crate::waits::quoted(&home.directory().display().to_string()))
}

/// Whoever types here is the local owner.
const ME: Who<'static> = Who { owner: LOCAL, actor: "keyway" };

/// Reads the command line and carries it out.
pub fn main() -> Exit {
    if let Err(trouble) = connector::take_folder() {
        return trouble.tell();
    }
    let command = Line::parse().command;
    // A service logs as its settings say, which it reads first.
    if !matches!(command, Command::Serve(_)) {
        logging::usual();
    }
    let outcome = match command {
        Command::Answer(args) => on_runtime(answer::main(args)),
        Command::App(args) => app::main(&args),
        Command::Audit(args) => audit::main(&args),
        Command::Backup(args) => backup::main(&args),
        Command::Budget(args) => budget::main(&args),
        Command::Cancel(args) => on_runtime(cancel::main(args)),
        Command::Check(args) => check::main(&args),
        Command::Clean(args) => on_runtime(clean::main(args)),
        Command::Completions(args) => Ok(completions::main(&args)),
        Command::Config(args) => config::main(&args),
        Command::Connect(args) => on_runtime(connect::main(args)),
        Command::Connections(args) => on_runtime(connections::main(args)),
        Command::Connector(args) => connector::main(args),
        Command::Connectors(args) => on_runtime(connectors::main(args)),
        Command::CrashTest(args) => crash_test::main(&args),
        Command::Cron(args) => cron::main(&args),
        Command::Deploy(args) => on_runtime(deploy::main(args)),
        Command::Diff(args) => diff::main(&args),
        Command::Disable(args) => on_runtime(enable::disable(args)),
        Command::Disconnect(args) => on_runtime(connections::remove(args)),
        Command::Doctor(args) => on_runtime(doctor::main(args)),
        Command::Enable(args) => on_runtime(enable::enable(args)),
        Command::Eval(args) => eval::main(&args),
        Command::Explain(args) => explain::main(&args),
        Command::ExplainRun(args) => explain_run::main(&args),
        Command::Export(args) => export::main(&args),
        Command::Fix(args) => fix::main(&args),
        Command::Fmt(args) => fmt::main(&args),
        Command::Fork(args) => on_runtime(fork::main(args)),
        Command::Generate(args) => generate::main(&args),
        Command::Graph(args) => graph::main(&args),
        Command::Help(args) => help::main(&args),
        Command::Import(args) => import::main(&args),
        Command::Issuer(args) => issuer::main(&args),
        Command::Keys(args) => keys::main(&args),
        Command::Lsp(args) => lsp::main(&args),
        Command::Man(args) => man::main(&args),
        Command::New(args) => new::main(&args),
        Command::Org(args) => owner::org(&args),
        Command::Owner(args) => owner::main(&args),
        Command::Pause(args) => on_runtime(pause::main(args)),
        Command::Plan(args) => plan::main(&args),
        Command::Prices(args) => prices::main(&args),
        Command::Record(args) => record::main(&args),
        Command::Restore(args) => backup::restore(&args),
        Command::Resume(args) => on_runtime(resume::main(args)),
        Command::Retry(args) => on_runtime(fork::retry(args)),
        Command::Rollback(args) => on_runtime(enable::rollback(args)),
        Command::Route(args) => route::main(&args),
        Command::Run(args) => on_runtime(run::main(args)),
        Command::Runs(args) => runs::main(&args),
        Command::Schedules(args) => on_runtime(schedules::main(args)),
        Command::Schema(args) => Ok(schema::main(&args)),
        Command::Secrets(args) => secrets::main(&args),
        Command::Serve(args) => on_runtime(serve::main(args)),
        Command::Show(args) => show::main(&args),
        Command::Signal(args) => on_runtime(signal::main(args)),
        Command::Test(args) => test::main(&args),
        Command::Tier(args) => owner::tier(&args),
        Command::Token(args) => token::main(&args),
        Command::Usage(args) => usage::main(&args),
        Command::User(args) => user::main(&args),
        Command::Vault(args) => vault::main(&args),
        Command::Versions(args) => versions::main(&args),
        Command::Webhooks(args) => on_runtime(webhooks::main(args)),
        Command::WhyNot(args) => why_not::main(&args),
        Command::Workflows(args) => versions::list(&args),
    };
    output::told(outcome)
}

fn on_runtime<T>(work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Trouble::new(format!("the process cannot start its threads: {error}")))?;
    let outcome = runtime.block_on(work);
    // A call that cannot be aborted, such as a read of a dead disk, must not keep the terminal.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    outcome
}
