//! Signing in at a service from a terminal: a browser is opened and waited for, a code is shown for another device, or what
//! is at hand suffices.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, IsTerminal};
use std::process::{Command, Stdio};
use std::sync::Arc;

use dsl::value::Value;
use server::connections::{Beginning, Check, Choice, Entering, Finished, Poll, Tokens, Wish, app_for};
use server::connector::manifest::Manifest;
use server::connector::manifest::auth::{Auth, Grant, Kind};
use server::engine::plan::Plan;
use server::loopback::Loopback;
use server::vault::{Connection, Place, Vault};

use super::{Args, key};
use crate::cmd::app::how_to_make;
use crate::error::{Exit, Trouble};
use crate::hidden;
use crate::output::{self, FAINT, GOOD, STRONG};

/// Where a browser comes back to that is on this machine.
const HERE: &str = "http://127.0.0.1:";

/// An account that is being connected.
pub struct Connecting<'a> {
    /// What was typed.
    pub args: &'a Args,
    /// The service.
    pub manifest: &'a Manifest,
    /// The way to sign in.
    pub way: &'a Auth,
    /// The vault.
    pub vault: Arc<Vault>,
    /// Whose it will be.
    pub owner: &'a str,
    /// What is there under its name.
    pub before: Option<Connection>,
    /// Whether that goes.
    pub place: Place,
    /// Where the service stands, if not where its connector says.
    pub base: Option<String>,
}

impl Connecting<'_> {
    /// Signs in, and stores what comes of it.
    pub async fn carried_out(&self, given: Vec<(String, String)>) -> Result<Exit, Trouble> {
        let (args, manifest) = (self.args, self.manifest);
        self.check_app()?;
        let is_chosen = |name: &str| manifest.account.derive.iter().any(|step| step.to == name);
        let (chosen, mut fields): (Vec<_>, Vec<_>) = given.into_iter().partition(|(name, _)| is_chosen(name));
        let chosen: BTreeMap<String, String> = chosen.into_iter().collect();
        let mut secrets = vec![];
        if let Some(field) = self.way.secrets.first() {
            if args.key_file.is_none() && !args.stdin {
                return Err(Trouble::no(format!("`{}` needs a private key", self.way.id))
                    .help("give it with `--key-file FILE` or `--stdin`"));
            }
            let found = key::read(args.key_file.as_deref(), self.way)?;
            for (name, value) in found.fields {
                if fields.iter().all(|(known, _)| *known != name) {
                    fields.push((name, value));
                }
            }
            secrets.push((field.name.clone(), found.key));
        }
        let wish = Wish {
            manifest,
            way: self.way,
            name: args.name.clone(),
            actor: crate::cmd::ME.actor.into(),
            fields,
            secrets,
            scopes: self.scopes()?,
            base: self.base.clone(),
            place: self.place,
            reach: args.reach(),
        };
        let entering = Entering::new(self.vault.clone(), self.owner, wish).await?;
        let scopes = entering.scopes();
        if !scopes.is_empty() {
            output::note(&format!("{FAINT}asks for{FAINT:#} {}", scopes.join(", ")));
        }
        let (tokens, redirect) = match entering.beginning() {
            Beginning::Browser => self.by_browser(&entering).await?,
            Beginning::Device => (self.by_device(&entering).await?, Value::Null),
            Beginning::Nobody => (entering.alone().await?, Value::Null),
        };
        let check = if args.no_verify { Check::LeftOut } else { Check::Made };
        let finished = self.finished(&entering, (&tokens, &redirect), chosen, check).await;
        let (label, given) = match finished {
            Ok(stored) => stored,
            Err(trouble) => {
                // What is not stored serves nobody. Whether the service takes it back changes nothing here.
                let _ = entering.give_back(&tokens).await;
                return Err(trouble);
            }
        };
        let account = if label.is_empty() { String::new() } else { format!(": {label}") };
        output::note(&format!("{GOOD}✓{GOOD:#} connected `{}` to {}{account}", args.name, manifest.name));
        let given: BTreeSet<&String> = given.iter().collect();
        let missing: Vec<&str> =
            scopes.iter().filter(|scope| !given.contains(scope)).map(String::as_str).collect();
        if !given.is_empty() && !missing.is_empty() {
            output::note(&format!("the service did not give {}", missing.join(", ")));
        }
        if let Some(before) = &self.before
            && !before.label.is_empty()
            && !label.is_empty()
            && before.label != label
        {
            output::note(&format!("it was another account before: {}", before.label));
        }
        Ok(Exit::Done)
    }

    /// Says how an app is made where the way needs one and there is none.
    fn check_app(&self) -> Result<(), Trouble> {
        let needs = match &self.way.kind {
            Kind::Oauth2(oauth2) => !matches!(oauth2.grant, Grant::JwtBearer(_)),
            _ => false,
        };
        if needs && app_for(&self.vault, self.owner, &self.manifest.id)?.is_none() {
            output::note(&how_to_make(self.manifest));
            let message = format!("there is no app at {} to sign in with", self.manifest.name);
            return Err(Trouble::no(message).help("make one there as above, and store its id and secret"));
        }
        Ok(())
    }

    /// What is asked for beside what the manifest says: what was typed, what the workflows need, and what there was.
    fn scopes(&self) -> Result<Vec<String>, Trouble> {
        let args = self.args;
        let mut scopes: BTreeSet<String> = args.scopes.iter().cloned().collect();
        let mut needs: Vec<server::connections::Need> =
            server::connections::of_deployed(&args.data.home()?)?.into_iter().map(|(_, need)| need).collect();
        if let Some(file) = &args.needed {
            let text = crate::cmd::run::read(file)?;
            let checked = dsl::check(&text, &server::beside::catalog(file, &text));
            output::diagnostics(&file.display().to_string(), &text, &checked.diagnostics);
            let Some(workflow) = checked.workflow else {
                return Err(Trouble::no(format!("`{}` has errors", file.display())));
            };
            needs.extend(server::connections::of_plan(&Plan::new(&workflow)));
        }
        for need in needs.into_iter().filter(|need| need.connector == self.manifest.id) {
            if need.name.as_ref().is_none_or(|name| *name == args.name) {
                scopes.extend(need.scopes);
            }
        }
        if let Some(row) = &self.before
            && let Some(known) = self.vault.sign_in(&row.owner, &row.connector, &row.name)?
            && row.auth == self.way.id
        {
            scopes.extend(known.scopes.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned));
        }
        Ok(scopes.into_iter().collect())
    }

    async fn by_browser(&self, entering: &Entering<'_>) -> Result<(Tokens, Value), Trouble> {
        let registered = entering.redirect();
        let port = registered.strip_prefix(HERE).and_then(|rest| rest.split('/').next());
        let Some(port) = port.and_then(|port| port.parse::<u16>().ok()) else {
            return self.by_hand(entering, registered).await;
        };
        let connector = &self.manifest.id;
        let listening = Loopback::open(connector, Some(port)).await.map_err(|error| {
            Trouble::new(format!(
                "port {port} of this machine, where the browser comes back to, is taken: {error}"
            ))
            .help("end what uses it, or register the app with another port and store it with `--redirect`")
        })?;
        let redirect = listening.address();
        let begun = entering.begin(&redirect)?;
        let state = parameter(&begun.address, "state").unwrap_or_default();
        self.show(&begun.address);
        output::note(&format!("{FAINT}waiting for the browser to come back to{FAINT:#} {redirect}"));
        let patience = std::time::Duration::from_secs(600);
        let ours = |query: &str| parameter(&format!("?{query}"), "state").is_some_and(|came| came == state);
        let query = listening.answer(ours, patience).await.map_err(|error| {
            Trouble::no(server::chain(&error)).help(format!("`keyway connect {connector}` begins again"))
        })?;
        Ok(entering.came_back(&redirect, &query).await?)
    }

    /// The browser comes back to an address elsewhere, and a person brings it here.
    async fn by_hand(&self, entering: &Entering<'_>, redirect: &str) -> Result<(Tokens, Value), Trouble> {
        let begun = entering.begin(redirect)?;
        self.show(&begun.address);
        output::note(&format!("the browser ends at {redirect}: copy its whole address then"));
        let came = hidden::asked("the address that the browser ended at")?;
        let (address, query) = came.expose().trim().split_once('?').unwrap_or((came.expose(), ""));
        if address != redirect {
            return Err(Trouble::no(format!("this is no address that begins with `{redirect}?`")));
        }
        Ok(entering.came_back(redirect, query.split('#').next().unwrap_or_default()).await?)
    }

    fn show(&self, address: &str) {
        let opened = !self.args.no_browser && open(address);
        let what = if opened { "agree in the browser that opens; else" } else { "agree in a browser:" };
        output::note(&format!("{STRONG}{what}{STRONG:#} {address}"));
    }

    async fn by_device(&self, entering: &Entering<'_>) -> Result<Tokens, Trouble> {
        let mut device = entering.device().await?;
        output::note(&format!("{STRONG}open{STRONG:#} {}", device.address));
        output::note(&format!("{STRONG}and type{STRONG:#} {}", device.user_code));
        if let (Some(complete), false) = (&device.complete, self.args.no_browser) {
            open(complete);
        }
        loop {
            tokio::time::sleep(device.interval).await;
            match entering.poll(&mut device).await? {
                Poll::Wait => {}
                Poll::Done(tokens) => return Ok(*tokens),
            }
        }
    }

    /// Stores it, once a person has chosen what is to be chosen; gives what the account is called, and its scopes.
    async fn finished(
        &self,
        entering: &Entering<'_>,
        came: (&Tokens, &Value),
        mut chosen: BTreeMap<String, String>,
        check: Check,
    ) -> Result<(String, Vec<String>), Trouble> {
        loop {
            match entering.finish(came, &chosen, check).await? {
                Finished::Stored { label, scopes } => return Ok((label, scopes)),
                Finished::Choose { field, choices } => {
                    let choice = choose(&field, &choices)?;
                    chosen.insert(field, choice);
                }
            }
        }
    }
}

/// Asks a person which one is meant.
fn choose(field: &str, choices: &[Choice]) -> Result<String, Trouble> {
    let mut page = format!("{STRONG}which `{field}`?{STRONG:#}");
    for (at, choice) in choices.iter().enumerate() {
        page += &format!("\n  {}. {} {FAINT}{}{FAINT:#}", at + 1, choice.label, choice.value);
    }
    output::note(&page);
    let again = || {
        let first = choices.first().map_or("VALUE", |choice| choice.value.as_str());
        Trouble::no(format!("the account has several `{field}`"))
            .help(format!("say which, as in `--field {field}={first}`"))
    };
    if !std::io::stdin().is_terminal() {
        return Err(again());
    }
    let mut line = String::new();
    // Who says nothing has not chosen.
    let _ = std::io::stdin().lock().read_line(&mut line);
    let number: Option<usize> = line.trim().parse().ok();
    let choice = number.and_then(|number| choices.get(number.checked_sub(1)?));
    choice.map(|choice| choice.value.clone()).ok_or_else(again)
}

/// The first value of a parameter in the query of an address.
fn parameter(address: &str, name: &str) -> Option<String> {
    let (_, query) = address.split_once('?')?;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

/// Opens a browser, if there is a program that does; true if one was started.
fn open(address: &str) -> bool {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(program);
    command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}
