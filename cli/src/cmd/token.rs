//! `keyway token`: what programs show to be let in over HTTP.

use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use jiff::Timestamp;
use server::token::Scope;
use server::tokens::{self, Listed, Wanted};
use server::vault::Recorded;

use super::runs::shown;
use super::{Data, Whose};
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, FAINT, STRONG};

/// Keep the tokens by which programs are let in over HTTP
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a token and print it: it is shown this once
    Add {
        /// What to call it
        name: String,
        /// How far it goes
        #[arg(long, value_enum, default_value_t = How::Read)]
        scope: How,
        /// How long it counts, as in `90d` [default: until it is removed]
        #[arg(long, value_name = "DURATION")]
        expires: Option<String>,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        data: Data,
    },
    /// List tokens, without what they are
    List {
        /// Print the list as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        data: Data,
    },
    /// Remove a token: it counts no more from then on
    Rm {
        /// Its name
        name: String,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        data: Data,
    },
}

/// How far a token goes.
#[derive(Clone, Copy, ValueEnum)]
enum How {
    /// Ask models, and nothing else
    Ai,
    /// Read runs and schedules
    Read,
    /// Also start and cancel runs, and raise signals
    Run,
    /// Also deploy workflows
    Edit,
    /// Everything
    Admin,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    match &args.command {
        Command::Add { name, scope, expires, whose, data } => {
            let lasts = expires.as_deref().map(lasting).transpose()?;
            let scope = match scope {
                How::Ai => Scope::Ai,
                How::Read => Scope::Read,
                How::Run => Scope::Run,
                How::Edit => Scope::Edit,
                How::Admin => Scope::Admin,
            };
            let (vault, owner) = whose.vault(data)?;
            let wanted = Wanted { name, scope, lasts, account: None };
            let (token, recorded) = tokens::add(&vault, Whose::who(&owner), &wanted)?;
            output::result(token.expose());
            output::note(&format!("{FAINT}it is not shown again{FAINT:#}"));
            tell(recorded);
        }
        Command::List { json, whose, data } => {
            let (vault, owner) = whose.vault(data)?;
            list(&tokens::list(&vault, &owner)?, *json);
        }
        Command::Rm { name, whose, data } => {
            let (vault, owner) = whose.vault(data)?;
            let recorded = tokens::remove(&vault, Whose::who(&owner), name)?;
            output::note(&format!("removed `{name}`"));
            tell(recorded);
        }
    }
    Ok(Exit::Done)
}

fn lasting(text: &str) -> Result<jiff::SignedDuration, Trouble> {
    dsl::duration::parse(text)
        .filter(|length| length.is_positive())
        .ok_or_else(|| Trouble::no(format!("`{text}` is not a duration")).help("write it as `12h` or `90d`"))
}

/// The audit is a chain that only the vault's key can lengthen.
pub(super) fn tell(recorded: Recorded) {
    match recorded {
        Recorded::Yes => {}
        Recorded::Sealed => output::note(&format!(
            "{FAINT}the audit does not tell of it: the vault is empty or sealed, and has no key to write with{FAINT:#}"
        )),
    }
}

fn list(tokens: &[Listed], json: bool) {
    if json {
        output::json(&tokens.iter().map(server::shown::token).collect());
    } else if tokens.is_empty() {
        output::note("there are no tokens yet; `keyway token add NAME` makes one");
    } else {
        let width = tokens.iter().map(|token| token.name.len()).max().unwrap_or(0).max(4);
        let head = format!("{:<width$}  {:<6} {:<20}  {:<20}  EXPIRES", "NAME", "SCOPE", "CREATED", "USED");
        let mut table = format!("{STRONG}{head}{STRONG:#}\n");
        for token in tokens {
            let used = token.used.map_or("never".into(), shown);
            let (name, created) = (&token.name, shown(token.created));
            let expires = match token.expires {
                Some(expires) if expires <= Timestamp::now() => format!("{BAD}{}{BAD:#}", shown(expires)),
                Some(expires) => shown(expires),
                None => "never".into(),
            };
            table += &format!("{name:<width$}  {:<6} {created:<20}  {used:<20}  {expires}\n", word(token));
        }
        output::result(&table);
    }
}

fn word(token: &Listed) -> &'static str {
    token.scope.map_or("unknown", Scope::name)
}
