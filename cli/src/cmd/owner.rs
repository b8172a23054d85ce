//! `keyway owner`, `keyway org` and `keyway tier`: who has secrets and keys here, and who may do what.

use clap::{ArgAction, Args as ClapArgs, Subcommand};
use server::vault::{Owner, OwnerKind, Tier, Vault};

use super::{Data, ME, Whose};
use crate::error::{Exit, Trouble};
use crate::output::{self, FAINT, STRONG};

/// Keep people who have secrets and keys of their own
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Add a person
    Add(New),
    /// List people and organisations
    List(Listing),
    /// Give a person or an organisation another tier
    Tier {
        /// Who
        name: String,
        /// The tier
        tier: String,
        #[command(flatten)]
        data: Data,
    },
    /// Remove a person or an organisation, and destroy all that they stored
    Rm {
        /// Who
        name: String,
        #[command(flatten)]
        data: Data,
    },
}

/// Keep organisations, whose members may use their secrets and keys
#[derive(ClapArgs)]
pub struct OrgArgs {
    #[command(subcommand)]
    command: OrgCommand,
}

#[derive(Subcommand)]
enum OrgCommand {
    /// Make an organisation
    Create(New),
    /// List organisations
    List(Listing),
    /// List the members of an organisation
    Members {
        /// The organisation
        org: String,
        #[command(flatten)]
        listing: Listing,
    },
    /// Make somebody a member
    Add(Membership),
    /// End a membership
    Remove(Membership),
}

/// Say what owners may do
#[derive(ClapArgs)]
pub struct TierArgs {
    #[command(subcommand)]
    command: TierCommand,
}

#[derive(Subcommand)]
enum TierCommand {
    /// List tiers
    List(Listing),
    /// Add or change a tier
    Set {
        /// Its name
        name: String,
        /// Whether its owners may use keys of their own
        #[arg(long, value_name = "yes|no", action = ArgAction::Set, value_parser = yes_or_no)]
        own_keys: bool,
        /// How many calls a month they may make with the platform's keys
        #[arg(long, value_name = "CALLS")]
        quota: u32,
        #[command(flatten)]
        data: Data,
    },
}

#[derive(ClapArgs)]
struct New {
    /// Its name
    name: String,
    /// Its tier
    #[arg(long, default_value = "paid")]
    tier: String,
    #[command(flatten)]
    data: Data,
}

#[derive(ClapArgs)]
struct Listing {
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

#[derive(ClapArgs)]
struct Membership {
    /// The organisation
    org: String,
    /// The member; `local` is the owner of this machine
    member: String,
    #[command(flatten)]
    data: Data,
}

fn yes_or_no(text: &str) -> Result<bool, &'static str> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("write `yes` or `no`"),
    }
}

/// Carries `owner` out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    match &args.command {
        Command::Add(new) => add(new, OwnerKind::User)?,
        Command::List(listing) => show(&listing.data.vault()?.owners(None)?, listing.json),
        Command::Tier { name, tier, data } => {
            let vault = data.vault()?;
            let owner = vault.find_owner(name, None)?;
            vault.give_tier(Whose::who(&owner.id), tier)?;
            output::note(&format!("`{name}` has the tier `{tier}`"));
        }
        Command::Rm { name, data } => {
            let vault = data.vault()?;
            let owner = vault.find_owner(name, None)?;
            vault.remove_owner(Whose::who(&owner.id))?;
            output::note(&format!("removed `{name}`; backups from before still hold what was stored"));
        }
    }
    Ok(Exit::Done)
}

/// Carries `org` out.
pub fn org(args: &OrgArgs) -> Result<Exit, Trouble> {
    let found = |vault: &Vault, org: &str| vault.find_owner(org, Some(OwnerKind::Organisation));
    match &args.command {
        OrgCommand::Create(new) => add(new, OwnerKind::Organisation)?,
        OrgCommand::List(listing) => {
            show(&listing.data.vault()?.owners(Some(OwnerKind::Organisation))?, listing.json);
        }
        OrgCommand::Members { org, listing } => {
            let vault = listing.data.vault()?;
            show(&vault.members(&found(&vault, org)?.id)?, listing.json);
        }
        OrgCommand::Add(Membership { org, member, data }) => {
            let vault = data.vault()?;
            let owner = found(&vault, org)?;
            vault.join(Whose::who(&owner.id), &vault.find_owner(member, Some(OwnerKind::User))?.id)?;
            output::note(&format!("`{member}` is in `{org}`"));
        }
        OrgCommand::Remove(Membership { org, member, data }) => {
            let vault = data.vault()?;
            let owner = found(&vault, org)?;
            vault.leave(Whose::who(&owner.id), &vault.find_owner(member, Some(OwnerKind::User))?.id)?;
            output::note(&format!("`{member}` is not in `{org}` any more"));
        }
    }
    Ok(Exit::Done)
}

/// Carries `tier` out.
pub fn tier(args: &TierArgs) -> Result<Exit, Trouble> {
    match &args.command {
        TierCommand::List(listing) => tiers(&listing.data.vault()?.tiers()?, listing.json),
        TierCommand::Set { name, own_keys, quota, data } => {
            let tier = Tier { name: name.clone(), own_keys: *own_keys, quota: *quota };
            data.vault()?.set_tier(ME.actor, &tier)?;
            output::note(&format!("set the tier `{name}`"));
        }
    }
    Ok(Exit::Done)
}

fn add(new: &New, kind: OwnerKind) -> Result<(), Trouble> {
    new.data.vault()?.add_owner(ME.actor, kind, &new.name, &new.tier)?;
    output::note(&format!("added `{}`", new.name));
    Ok(())
}

fn show(owners: &[Owner], json: bool) {
    let kind = |owner: &Owner| owner.kind.map_or("platform", OwnerKind::name);
    if json {
        let row = |owner: &Owner| serde_json::json!({ "id": owner.id, "kind": kind(owner), "name": owner.name, "tier": owner.tier });
        output::json(&owners.iter().map(row).collect());
    } else if owners.is_empty() {
        output::note("there is nobody yet");
    } else {
        let width = owners.iter().map(|owner| owner.name.len()).max().unwrap_or(0).max(4);
        let mut table = format!("{STRONG}{:<width$}  {:<12} {:<10} ID{STRONG:#}\n", "NAME", "KIND", "TIER");
        for owner in owners {
            let (name, kind, tier, id) = (&owner.name, kind(owner), &owner.tier, &owner.id);
            table += &format!("{name:<width$}  {kind:<12} {tier:<10} {FAINT}{id}{FAINT:#}\n");
        }
        output::result(&table);
    }
}

fn tiers(tiers: &[Tier], json: bool) {
    if json {
        let row = |tier: &Tier| serde_json::json!({ "name": tier.name, "own_keys": tier.own_keys, "quota": tier.quota });
        output::json(&tiers.iter().map(row).collect());
    } else if tiers.is_empty() {
        output::note("there are no tiers yet; the first secret or key makes `free` and `paid`");
    } else {
        let mut table = format!("{STRONG}{:<12} {:<9} QUOTA{STRONG:#}\n", "TIER", "OWN KEYS");
        for tier in tiers {
            let own = if tier.own_keys { "yes" } else { "no" };
            table += &format!("{:<12} {own:<9} {}\n", tier.name, tier.quota);
        }
        output::result(&table);
    }
}
