//! The service, workflows, schedules, the vault and what is in it, backups.

use std::path::Path;
use std::time::Duration;

use dsl::diagnostic::Severity;
use jiff::{SignedDuration, Timestamp};
use runtime::driver::Error as DriverError;
use store::Reader;
use vault::{Kind, LOCAL, Vault};

use super::{Complaint, Patient, Weight};
use crate::backup;
use crate::error::Error;
use crate::folder;
use crate::kept::{self, Kept};
use crate::owner::deploy::problems;
use crate::{connections, safe, tokens};

/// How long a read waits for another process.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long ago a service should have looked last what is late: it looks each minute.
const LOOKED: SignedDuration = SignedDuration::from_secs(300);

/// Does something, and tells where it cannot be done.
fn tried(
    part: &'static str,
    found: &mut Vec<Complaint>,
    look: impl FnOnce(&mut Vec<Complaint>) -> Result<(), Error>,
) {
    if let Err(error) = look(found) {
        found.push(Complaint::of(part, &error));
    }
}

pub(super) fn workflows(patient: &Patient<'_>, found: &mut Vec<Complaint>) {
    tried("workflows", found, |found| {
        for (name, read) in kept::deployed_all(Kept::open(patient.home)?)? {
            if read.is_none() {
                let what = format!("this version of the program takes the text of `{name}` no more");
                let help =
                    format!("`keyway versions {name} --text N` prints it: mend it, and `keyway deploy` it");
                found.push(Complaint::wrong("workflows", what, help));
            }
        }
        Ok(())
    });
    for file in patient.config.value("workflows").map(|it| folder::names(Path::new(&it))).unwrap_or_default()
    {
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) => {
                let what = format!("`{}` cannot be read: {error}", file.display());
                found.push(Complaint::wrong("workflows", what, "give this user the right to read it"));
                continue;
            }
        };
        let errors = problems(&file, &text).iter().filter(|it| it.severity == Severity::Error).count();
        if errors > 0 {
            let what =
                format!("`{}` has errors, so that what was deployed before stays in force", file.display());
            found.push(Complaint::wrong(
                "workflows",
                what,
                format!("`keyway check {}` shows them", file.display()),
            ));
        }
    }
}

pub(super) fn service(patient: &Patient<'_>, found: &mut Vec<Complaint>) {
    if patient.is_owned {
        return;
    }
    tried("service", found, |found| {
        let kept = Kept::open(patient.home)?;
        let schedules = kept.timings(patient.now)?.into_iter().filter(|timing| timing.enabled).count();
        let callers = kept.callers()?.len();
        let unfinished = Reader::open(&patient.home.database(), PATIENCE).and_then(|it| it.unfinished());
        let unfinished = unfinished.map_err(DriverError::from)?.len();
        let waits = [(schedules, "schedule"), (callers, "trigger"), (unfinished, "unfinished run")];
        let some = waits.iter().filter(|(count, _)| *count > 0);
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let waits: Vec<String> =
            some.map(|(count, what)| format!("{count} {what}{}", plural(*count))).collect();
        if !waits.is_empty() {
            let what = format!("no service runs, and this waits for one: {}", waits.join(", "));
            found.push(Complaint::wrong("service", what, "start it with `keyway serve`"));
        }
        Ok(())
    });
}

pub(super) fn late(patient: &Patient<'_>, found: &mut Vec<Complaint>) {
    tried("schedules", found, |found| {
        for timing in Kept::open(patient.home)?.timings(patient.now)? {
            if timing.enabled && timing.behind > SignedDuration::from_secs(60) {
                let what =
                    format!("`{}` is accounted for beyond now: the clock was set back", timing.workflow);
                let help = "it goes on when the clock has caught up; `keyway schedules` tells when";
                found.push(Complaint::wrong("schedules", what, help));
            }
        }
        Ok(())
    });
    let Some(watched) = &patient.watched else { return };
    for late in &watched.late {
        let help = "the log of the service says more; `keyway schedules` and `keyway show RUN` as well";
        found.push(Complaint::wrong("late", late.clone(), help));
    }
    if let Some(trouble) = &watched.trouble {
        let what = format!("no schedule can be kept: {trouble}");
        found.push(Complaint::wrong("late", what, "mend that: it is tried again each half second"));
    }
    let looked = watched.looked.as_ref().and_then(|text| text.parse::<Timestamp>().ok());
    if looked.is_some_and(|looked| patient.now.duration_since(looked) > LOOKED) {
        let what = "the service has not looked for five minutes whether anything is late";
        found.push(Complaint::wrong("late", what, "look into its log, and start it anew"));
    }
}

pub(super) fn vault(patient: &Patient<'_>, found: &mut Vec<Complaint>) {
    tried("vault", found, |found| {
        let vault = safe::open(patient.home)?;
        let state = vault.state()?;
        if let Some(why) = state.sealed {
            let what = format!("the vault is sealed: {why}");
            let help = format!("give the root key ({}), or `keyway vault unseal`", state.root);
            found.push(Complaint::wrong("vault", what, help));
        }
        if state.rotating {
            let what = "a change of the root key has begun and not ended";
            found.push(Complaint::soon("vault", what, "`keyway vault rotate root` goes on from there"));
        }
        let mut owners: Vec<String> = vault.owners(None)?.into_iter().map(|owner| owner.id).collect();
        if !owners.iter().any(|owner| owner == LOCAL) {
            owners.push(LOCAL.into());
        }
        for owner in owners {
            keys(&vault, &owner, found)?;
            accounts(patient, &vault, &owner, found)?;
            tokens_of(patient, &vault, &owner, found)?;
        }
        Ok(())
    });
}

fn keys(vault: &Vault, owner: &str, found: &mut Vec<Complaint>) -> Result<(), Error> {
    for key in vault.list(owner, Kind::Key)? {
        let why = match key.status.as_str() {
            "invalid" => "is not right",
            "expired" => "has expired",
            "no_credit" => "has no credit left",
            _ => continue,
        };
        let what =
            format!("the key `{}` of {owner} for {} {why}, its provider says", key.name, key.connector);
        let help = format!("`keyway keys rotate {}` stores another, `keyway keys test` asks again", key.name);
        found.push(Complaint::wrong("keys", what, help));
    }
    Ok(())
}

fn accounts(
    patient: &Patient<'_>,
    vault: &Vault,
    owner: &str,
    found: &mut Vec<Complaint>,
) -> Result<(), Error> {
    for standing in connections::standings(patient.home, vault, owner)? {
        let row = &standing.row;
        let name = format!("the account `{}` of {owner} at {}", row.name, row.connector);
        let help = format!("`keyway connect {} --name {}` signs in again", row.connector, row.name);
        if let Some(why) = standing.reconnect() {
            found.push(Complaint::wrong("connections", format!("{name} needs a person: {why}"), help));
        } else if row.health == connections::REFUSED {
            found.push(Complaint::wrong("connections", format!("{name} was refused: {}", row.trouble), help));
        } else if !standing.missing.is_empty() {
            let missing: Vec<&str> = standing.missing.iter().map(String::as_str).collect();
            let what = format!("{name} may not do what workflows need: {}", missing.join(", "));
            found.push(Complaint::wrong("connections", what, help));
        }
    }
    Ok(())
}

fn tokens_of(
    patient: &Patient<'_>,
    vault: &Vault,
    owner: &str,
    found: &mut Vec<Complaint>,
) -> Result<(), Error> {
    for token in tokens::list(vault, owner)? {
        let Some(left) = token.expires.map(|expires| expires.duration_since(patient.now)) else { continue };
        if left.is_positive() && left < patient.limits.ahead {
            let what = format!("the token `{}` of {owner} ends in {} hours", token.name, left.as_hours());
            let help = "make another with `keyway token add`, give it to its program, and remove this one";
            found.push(Complaint::soon("tokens", what, help));
        }
    }
    Ok(())
}

pub(super) fn backups(patient: &Patient<'_>, found: &mut Vec<Complaint>) {
    let help = "`keyway backup FILE` makes one while runs go on; let cron or a timer do it each day";
    let what = match backup::last(patient.home) {
        None => "no backup was ever made".to_owned(),
        Some((time, file)) => {
            let age = patient.now.duration_since(time);
            if age <= patient.limits.backup_age {
                return;
            }
            format!("the last backup is {} days old: `{}`", age.as_hours() / 24, file.display())
        }
    };
    found.push(Complaint { part: "backups", weight: Weight::Wrong, what, help: help.into() });
}
