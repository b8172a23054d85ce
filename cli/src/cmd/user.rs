//! `keyway user`: people who sign in, and what they may do.

use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use server::accounts::{Accounts, No};
use server::role::Role;
use server::vault::{LOCAL, OwnerKind};

use super::secrets::{moment, timestamp};
use super::{Data, ME, Whose};
use crate::error::{Exit, Trouble};
use crate::hidden::From;
use crate::output::{self, FAINT, STRONG};

/// Keep people who sign in, and what they may do
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make an account with a password
    Add {
        /// What is typed to sign in, such as an address of mail
        name: String,
        /// What it may do
        #[arg(long, value_enum, default_value_t = May::Viewer)]
        role: May,
        #[command(flatten)]
        from: From,
        #[command(flatten)]
        of: OfOrg,
    },
    /// Make a link that gives whoever has it a seat, once, for a week
    Invite {
        /// For whom it is meant
        name: String,
        /// What they may do
        #[arg(long, value_enum, default_value_t = May::Viewer)]
        role: May,
        #[command(flatten)]
        of: OfOrg,
    },
    /// List accounts, and what they may do
    List {
        /// Print the list as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: Data,
    },
    /// Set the password of an account: it is signed out everywhere
    Password {
        /// The account
        name: String,
        #[command(flatten)]
        from: From,
        #[command(flatten)]
        data: Data,
    },
    /// Make a link by which somebody sets another password, once, within half an hour
    Reset {
        /// The account
        name: String,
        #[command(flatten)]
        data: Data,
    },
    /// Give an account another role, or a seat in an organisation
    Role {
        /// The account
        name: String,
        /// What it may do
        #[arg(value_enum)]
        role: May,
        #[command(flatten)]
        of: OfOrg,
    },
    /// Take the seat of an account away
    Unseat {
        /// The account
        name: String,
        #[command(flatten)]
        of: OfOrg,
    },
    /// Remove an account, with its seats and tokens: it is signed out everywhere
    Rm {
        /// The account
        name: String,
        #[command(flatten)]
        data: Data,
    },
}

/// Where the seat is: at what is on this machine where nothing is said
#[derive(ClapArgs)]
struct OfOrg {
    /// In this organisation
    #[arg(long, value_name = "NAME")]
    org: Option<String>,
    #[command(flatten)]
    data: Data,
}

impl OfOrg {
    /// The accounts, and the id of whose things are meant.
    fn open(&self) -> Result<(Accounts, String), Trouble> {
        let vault = self.data.vault()?;
        let space = match &self.org {
            Some(name) => vault.find_owner(name, Some(OwnerKind::Organisation))?.id,
            None => LOCAL.to_owned(),
        };
        Ok((Accounts::open(&self.data.home()?, vault)?, space))
    }
}

/// What somebody may do.
#[derive(Clone, Copy, ValueEnum)]
pub enum May {
    /// Look
    Viewer,
    /// Also start and end runs, ask models, and deploy
    Editor,
    /// Also keep keys, secrets, connections, budgets, tokens and people
    Admin,
    /// Everything, also owners
    Owner,
}

impl May {
    /// As it is kept.
    pub fn role(self) -> Role {
        match self {
            May::Viewer => Role::Viewer,
            May::Editor => Role::Editor,
            May::Admin => Role::Admin,
            May::Owner => Role::Owner,
        }
    }
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    match &args.command {
        Command::Add { name, role, from, of } => {
            let (accounts, space) = of.open()?;
            let password = from.read(&format!("password of {name}"))?;
            let account =
                accounts.add((Whose::who(&space), role.role()), name, &password).map_err(refused)?;
            output::note(&format!("`{}` can sign in as {}", account.name, role.role().name()));
        }
        Command::Invite { name, role, of } => {
            let (accounts, space) = of.open()?;
            let invited = accounts.invite(Whose::who(&space), None, (name, role.role())).map_err(refused)?;
            output::result(invited.token.expose());
            output::note(&format!("{FAINT}it is not shown again; it counts once, for a week{FAINT:#}"));
        }
        Command::List { json, data } => list(&open(data)?, *json)?,
        Command::Password { name, from, data } => {
            let accounts = open(data)?;
            let account = accounts.named(name)?;
            let password = from.read(&format!("new password of {name}"))?;
            accounts.set_password(ME.actor, &account, &password).map_err(refused)?;
            output::note(&format!("set the password of `{}`; it is signed out everywhere", account.name));
        }
        Command::Reset { name, data } => {
            let accounts = open(data)?;
            let link = accounts.reset_link(ME.actor, &accounts.named(name)?)?;
            output::result(link.expose());
            output::note(&format!("{FAINT}it is not shown again; it counts once, for half an hour{FAINT:#}"));
        }
        Command::Role { name, role, of } => {
            let (accounts, space) = of.open()?;
            let account = accounts.named(name)?;
            accounts.give(Whose::who(&space), None, &account, role.role()).map_err(refused)?;
            output::note(&format!("`{}` is {} there", account.name, role.role().name()));
        }
        Command::Unseat { name, of } => {
            let (accounts, space) = of.open()?;
            let seat = accounts.member(&space, &name.to_lowercase())?;
            accounts.take(Whose::who(&space), None, &seat).map_err(refused)?;
            output::note(&format!("`{}` has no seat there any more", seat.name));
        }
        Command::Rm { name, data } => {
            let accounts = open(data)?;
            let account = accounts.named(name)?;
            accounts.remove(ME.actor, &account)?;
            output::note(&format!("removed `{}`", account.name));
        }
    }
    Ok(Exit::Done)
}

fn open(data: &Data) -> Result<Accounts, Trouble> {
    Ok(Accounts::open(&data.home()?, data.vault()?)?)
}

fn refused(no: No) -> Trouble {
    match no {
        No::Error(error) => error.into(),
        other => Trouble::no(other.to_string()),
    }
}

fn list(accounts: &Accounts, json: bool) -> Result<(), Trouble> {
    let all = accounts.list()?;
    let mut rows = vec![];
    for account in &all {
        rows.push((account, accounts.spaces(&account.id)?));
    }
    if json {
        let row = |(account, spaces): &(&server::accounts::Account, Vec<server::accounts::Space>)| {
            let seats = spaces.iter().map(
                |space| serde_json::json!({ "space": space.id, "name": space.name, "role": space.role.map(Role::name) }),
            );
            serde_json::json!({
                "account": account.id,
                "name": account.name,
                "created": timestamp(account.created).to_string(),
                "signed_in": account.used.map(|time| timestamp(time).to_string()),
                "seats": seats.collect::<Vec<_>>(),
            })
        };
        output::json(&rows.iter().map(row).collect());
    } else if rows.is_empty() {
        output::note("there are no accounts yet; `keyway user add NAME --role owner` makes one");
    } else {
        let width = rows.iter().map(|(account, _)| account.name.chars().count()).max().unwrap_or(0).max(4);
        let mut table = format!("{STRONG}{:<width$}  {:<20}  SEATS{STRONG:#}\n", "NAME", "SIGNED IN");
        for (account, spaces) in &rows {
            let seats: Vec<String> = spaces
                .iter()
                .map(|space| format!("{} of {}", space.role.map_or("unknown", Role::name), space.name))
                .collect();
            let (name, used) = (&account.name, moment(account.used));
            table += &format!("{name:<width$}  {used:<20}  {FAINT}{}{FAINT:#}\n", seats.join(", "));
        }
        output::result(&table);
    }
    Ok(())
}
