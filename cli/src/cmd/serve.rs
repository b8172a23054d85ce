//! `keyway serve`: moves runs and keeps schedules until it is stopped.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args as ClapArgs;
use server::http;
use server::serve::{News, Reach, Service, Settings, Shares};
use tokio::signal::unix::{SignalKind, signal};

use super::Data;
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, BUSY, FAINT, GOOD};
use crate::waits::count;

/// Serve a data directory: take up its runs, keep its schedules, and stay until stopped
///
/// SIGTERM or Ctrl-C stops it: no schedule starts a run any more, calls under way may end within `--grace`, and what
/// has not ended then goes on at the next start. All other commands talk to it.
#[derive(ClapArgs)]
pub struct Args {
    /// Deploy the workflows in this directory, and again whenever one changes
    #[arg(long, value_name = "DIR")]
    workflows: Option<PathBuf>,
    /// How long calls under way may take to end when it is stopped
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    grace: String,
    /// Answer over HTTP at this address; port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7878")]
    listen: SocketAddr,
    /// Let `--listen` name an address that other machines reach: they see what is sent, so put TLS before it
    #[arg(long)]
    allow_remote: bool,
    /// Answer over HTTP also when called by this name, as a proxy passes it on; may be given more than once
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// Where the world reaches it, as `https://keyway.example.com`: the addresses of webhooks begin so
    #[arg(long, value_name = "URL", value_parser = public)]
    public_url: Option<String>,
    /// Do not answer over HTTP
    #[arg(long, conflicts_with_all = ["listen", "allow_remote", "hosts", "public_url"])]
    no_http: bool,
    /// Have so many calls under way at once that take time; others wait their turn
    #[arg(long, value_name = "NUMBER", default_value_t = Shares::default().process, value_parser = at_least_one)]
    calls: usize,
    /// The same for each owner
    #[arg(long, value_name = "NUMBER", default_value_t = Shares::default().owner, value_parser = at_least_one)]
    calls_per_owner: usize,
    /// The same for each workflow
    #[arg(long, value_name = "NUMBER", default_value_t = Shares::default().workflow, value_parser = at_least_one)]
    calls_per_workflow: usize,
    /// Let the calls of runs that it starts or takes up go to private addresses, such as this machine's
    #[arg(long)]
    allow_private: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    let home = args.data.home()?;
    let grace = dsl::duration::parse(&args.grace).and_then(|length| Duration::try_from(length).ok());
    let grace = grace.ok_or_else(|| {
        Trouble::no(format!("`{}` is not a duration", args.grace)).help("write it as `10s` or `2m`")
    })?;
    if let Some(folder) = args.workflows.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(Trouble::new(format!("`{}` is not a directory", folder.display())));
    }
    let reach = if args.allow_private { Reach::Private } else { Reach::Public };
    let listen =
        |kind| signal(kind).map_err(|error| Trouble::new(format!("signals cannot be listened to: {error}")));
    let (mut term, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let mut stopped = async || {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let http = http(&args)?;
    let shares = Shares {
        process: args.calls,
        owner: args.calls_per_owner,
        workflow: args.calls_per_workflow,
        ..Shares::default()
    };
    let settings = Settings { folder: args.workflows, reach, grace, shares, http, stand_in: None };
    let mut service = Service::open(&home, settings).await?;
    output::note(&format!(
        "{GOOD}serving{GOOD:#} {} {FAINT}with {} and {} to take up{FAINT:#}",
        home.directory().display(),
        count(service.schedules, "schedule"),
        count(service.resumed, "run")
    ));
    if let Some(address) = service.address() {
        output::note(&format!("{GOOD}listening{GOOD:#} at http://{address}"));
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

/// Where it answers over HTTP. What other machines reach must be asked for in words.
fn http(args: &Args) -> Result<Option<http::Settings>, Trouble> {
    if args.no_http {
        return Ok(None);
    }
    if !args.listen.ip().is_loopback() && !args.allow_remote {
        let message = format!("other machines reach {}", args.listen);
        return Err(Trouble::no(message).help("`--allow-remote` allows that; put a proxy with TLS before it"));
    }
    let (address, limits) = (args.listen, http::Limits::default());
    let (mut names, public) = (args.hosts.clone(), args.public_url.clone());
    names.extend(public.as_deref().and_then(server::hooks::host_of));
    Ok(Some(http::Settings { address, names, public, limits }))
}

fn public(text: &str) -> Result<String, String> {
    match server::hooks::host_of(text) {
        Some(_) => Ok(text.trim_end_matches('/').to_owned()),
        None => Err("write it as `https://keyway.example.com`".into()),
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("nothing would ever be called".into()),
        Ok(number) => Ok(number),
        Err(_) => Err("it is not a number".into()),
    }
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
