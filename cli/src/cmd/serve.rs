//! `keyway serve`: moves runs and keeps schedules until it is stopped.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use server::serve::{News, Service, Settings};
use tokio::signal::unix::{SignalKind, signal};

use super::Data;
use crate::error::{Exit, Trouble};
use crate::flags::Given;
use crate::logging::{self, Format};
use crate::output::{self, BAD, BUSY, FAINT, GOOD};
use crate::waits::count;

/// Serve a data directory: take up its runs, keep its schedules, and stay until stopped
///
/// SIGTERM or Ctrl-C stops it: no schedule starts a run any more, calls under way may end within `--grace`, and what
/// has not ended then goes on at the next start. All other commands talk to it.
#[derive(ClapArgs)]
pub struct Args {
    /// Read settings from this file [default: what `KEYWAY_CONFIG` names, else `keyway.toml` beside the root keys]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    given: Given,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    let config = super::config::read(&args.given.0, args.config.as_deref())?;
    let format = match config.value("log.format").as_deref() {
        Some("json") => Format::Json,
        _ => Format::Text,
    };
    logging::begin(format, config.value("log.level").as_deref().unwrap_or("error"));
    super::config::refuse(&config)?;
    let home = args.data.home_by(config.data())?;
    let listen =
        |kind| signal(kind).map_err(|error| Trouble::new(format!("signals cannot be listened to: {error}")));
    let (mut term, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let mut stopped = async || {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let mut service = Service::open(&home, Settings::of(config.service())).await?;
    output::note(&format!(
        "{GOOD}serving{GOOD:#} {} {FAINT}with {} and {} to take up{FAINT:#}",
        home.directory().display(),
        count(service.schedules, "schedule"),
        count(service.resumed, "run")
    ));
    if let Some(address) = service.address() {
        output::note(&format!("{GOOD}listening{GOOD:#} at http://{address}"));
    }
    if let Some(address) = service.metrics_address() {
        output::note(&format!("{GOOD}metrics{GOOD:#} at http://{address}/metrics"));
    }
    match service.setup_link() {
        Ok(None) => {}
        Ok(Some(link)) => output::note(&format!(
            "{BUSY}nobody can sign in yet{BUSY:#}: the first account is made by {link} {FAINT}once, within half an hour{FAINT:#}"
        )),
        // What runs needs no accounts.
        Err(error) => output::note(&format!("{BAD}nobody can sign in{BAD:#}: {error}")),
    }
    service.run(stopped(), tell).await;
    output::note(&format!("{FAINT}stopping; once more stops at once{FAINT:#}"));
    let left = tokio::select! {
        left = service.close() => left,
        () = stopped() => return Ok(Exit::Unfinished),
    };
    match left {
        0 => output::note("stopped"),
        left => output::note(&format!(
            "stopped while {} did not end; their runs go on at the next start",
            count(left, "call")
        )),
    }
    Ok(Exit::Done)
}

fn tell(news: News) {
    match news {
        News::Deployed(file, outcome) => {
            let version = outcome.version.unwrap_or_default();
            output::note(&format!(
                "{GOOD}deployed{GOOD:#} {} {FAINT}version{FAINT:#} {version} {FAINT}from{FAINT:#} {}",
                outcome.workflow,
                file.display()
            ));
            super::webhooks::tell_fresh(&outcome);
        }
        News::Broken { file, text, problems, why } => {
            let name = file.display().to_string();
            output::diagnostics(&name, &text, &problems);
            output::note(&format!(
                "{BAD}not deployed{BAD:#} {name}: {why}; what was in force before stays in force"
            ));
        }
        News::Gone(file) => {
            output::note(&format!(
                "{BUSY}gone{BUSY:#} {}; its workflow stays as it is, and `keyway disable NAME` stops its triggers",
                file.display()
            ));
        }
    }
}
