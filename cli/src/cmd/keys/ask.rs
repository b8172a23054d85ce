//! Asking providers whether keys are right, and telling what came of it.

use std::sync::Arc;

use server::EgressError;
use server::probe::{self, Asked, Candidate, Class, Learned, Open};
use server::vault::provider::{self, Endpoint, Provider, Verdict};
use server::vault::{Kind, Listed, Status, Trial, Vault, Who};

use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, FAINT, GOOD, STRONG};

/// What came of asking.
type Outcome = Result<Learned, EgressError>;

/// Asks about a key that is not stored yet. Gives how it stands; a key that its provider refuses is an error.
pub async fn candidate(asked: &Asked<'_>, key: Candidate) -> Result<Status, Trouble> {
    let open = Arc::new(key);
    let outcome = probe::ask(asked, open.clone()).await;
    if let Ok(Learned { verdict, .. }) = outcome
        && let Some(status @ (Status::Valid | Status::NoCredit | Status::RateLimited)) = verdict.status()
    {
        let deployments = if status == Status::Valid { deployments(asked, open).await } else { vec![] };
        let Some(missing) = deployments.iter().find(|deployment| deployment.stands != Stands::There) else {
            return Ok(status);
        };
        let message = format!("{}; nothing was stored", missing.told(asked.provider));
        return Err(match missing.stands {
            Stands::Missing => Trouble::no(message)
                .help("look up its name where it was made; `--no-test` stores a key without asking"),
            Stands::There | Stands::Unknown => {
                Trouble::new(message).help("try again; `--no-test` stores a key without asking")
            }
        });
    }
    let message = format!("{}; nothing was stored", told(asked.provider, asked.endpoint, &outcome));
    let trouble = match &outcome {
        Ok(Learned { verdict: Verdict::Unavailable, .. }) | Err(_) => Trouble::new(message),
        Ok(_) => Trouble::no(message),
    };
    Err(trouble.help(help(&outcome)))
}

/// Asks about keys that are stored, one after the other, and writes down how each stands.
pub async fn stored(
    vault: Arc<Vault>,
    who: Who<'_>,
    keys: &[Listed],
    allow_private: bool,
) -> Result<Vec<Tested>, Trouble> {
    let mut all = vec![];
    for key in keys {
        let provider = provider::find(&key.connector)
            .ok_or_else(|| Trouble::no(format!("there is no provider `{}` any more", key.connector)))?;
        let endpoint = provider::endpoint(key.settings.get("base").map_or("", |base| base))?;
        let asked = Asked { provider, endpoint: &endpoint, settings: &key.settings, allow_private };
        let trial = Trial {
            vault: vault.clone(),
            owner: who.owner.into(),
            actor: who.actor.into(),
            name: key.name.clone(),
            provider: provider.name.clone(),
        };
        let open = Arc::new(trial);
        let outcome = probe::ask(&asked, open.clone()).await;
        let status = outcome.as_ref().ok().and_then(|learned| learned.verdict.status());
        if let Some(status) = status {
            vault.mark(who, &key.name, key.version, status)?;
        }
        let deployments =
            if status == Some(Status::Valid) { deployments(&asked, open).await } else { vec![] };
        let told = told(provider, &endpoint, &outcome);
        all.push(Tested { name: key.name.clone(), status, told, provider, deployments });
    }
    Ok(all)
}

/// A deployment that was asked for one token.
struct Deployment {
    name: String,
    stands: Stands,
    /// What its provider, or the network, says.
    said: String,
}

/// How a deployment stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// It answers, or would if it had less to do.
    There,
    /// Its provider knows no such deployment, or cannot be asked in this way.
    Missing,
    /// Nothing was learned.
    Unknown,
}

impl Deployment {
    fn told(&self, provider: &Provider) -> String {
        match self.stands {
            Stands::There => format!("`{}` answers", self.name),
            Stands::Missing => format!(
                "{} takes this key, and no answer comes from the deployment `{}`: {}",
                provider.title, self.name, self.said
            ),
            Stands::Unknown => {
                format!("the deployment `{}` cannot be asked at the moment: {}", self.name, self.said)
            }
        }
    }
}

async fn deployments(asked: &Asked<'_>, open: Arc<dyn Open>) -> Vec<Deployment> {
    let mut all = vec![];
    for name in asked.deployments() {
        let (stands, said) = match probe::ask_deployment(asked, name, open.clone()).await {
            Ok(None) => (Stands::There, String::new()),
            Ok(Some(refusal)) => (stands(refusal.class), refusal.message),
            Err(error) => (Stands::Unknown, error.to_string()),
        };
        all.push(Deployment { name: name.to_owned(), stands, said });
    }
    all
}

fn stands(class: Class) -> Stands {
    match class {
        // These stand before the deployment, or after it was found.
        Class::RateLimited | Class::DailyQuota | Class::NoCredit | Class::Filtered | Class::TooLong => {
            Stands::There
        }
        Class::NotOffered | Class::Invalid | Class::BadKey => Stands::Missing,
        Class::Overloaded | Class::Broken => Stands::Unknown,
    }
}

/// A key that was asked about.
pub struct Tested {
    name: String,
    /// Nothing where nothing was learned.
    status: Option<Status>,
    told: String,
    provider: &'static Provider,
    deployments: Vec<Deployment>,
}

impl Tested {
    fn may_be_used(&self) -> bool {
        self.status == Some(Status::Valid)
            && self.deployments.iter().all(|deployment| deployment.stands == Stands::There)
    }
}

/// Tells what was learned of keys. The answer is no where one may not be used as it is.
pub fn tell(all: &[Tested], json: bool) -> Exit {
    if json {
        let row = |key: &Tested| {
            let told = |one: &Deployment| (one.name.clone(), one.told(key.provider).into());
            let deployments: serde_json::Map<_, _> = key.deployments.iter().map(told).collect();
            let status = key.status.map(Status::name);
            serde_json::json!({ "name": key.name, "status": status, "told": key.told, "deployments": deployments })
        };
        output::json(&all.iter().map(row).collect());
    } else {
        let width = all.iter().map(|key| key.name.len()).max().unwrap_or(0).max(4);
        let mut table = format!("{STRONG}{:<width$}  {:<12} WHAT{STRONG:#}\n", "NAME", "STATUS");
        for key in all {
            let style = if key.status == Some(Status::Valid) { GOOD } else { BAD };
            let word = key.status.map_or("unknown", Status::name);
            table +=
                &format!("{:<width$}  {style}{word:<12}{style:#} {FAINT}{}{FAINT:#}\n", key.name, key.told);
            for deployment in &key.deployments {
                let style = if deployment.stands == Stands::There { FAINT } else { BAD };
                table += &format!("{:<width$}  {style}{}{style:#}\n", "", deployment.told(key.provider));
            }
        }
        output::result(&table);
    }
    if all.iter().any(|key| key.status.is_none()) {
        Exit::NotTried
    } else if !all.iter().all(Tested::may_be_used) {
        Exit::No
    } else {
        Exit::Done
    }
}

/// The keys that are to be asked about: one by its name, or all that are not revoked.
pub fn chosen(vault: &Vault, owner: &str, name: Option<&str>) -> Result<Vec<Listed>, Trouble> {
    let mut keys = vault.list(owner, Kind::Key)?;
    match name {
        Some(name) => keys.retain(|key| key.name == name),
        None => keys.retain(|key| key.status != Status::Revoked.name()),
    }
    match (keys.is_empty(), name) {
        (true, Some(name)) => Err(server::vault::Error::Unknown { what: "key", name: name.into() }.into()),
        _ => Ok(keys),
    }
}

/// What came of asking, in a sentence.
fn told(provider: &Provider, endpoint: &Endpoint, outcome: &Outcome) -> String {
    let title = &provider.title;
    match outcome {
        Ok(Learned { verdict, status }) => match verdict {
            Verdict::Valid => format!("{title} takes this key"),
            Verdict::Invalid => format!("{title} does not know this key"),
            Verdict::Expired => format!("{title} says that this key has expired"),
            Verdict::NoCredit => format!("{title} knows this key, and its account has no credit"),
            Verdict::RateLimited => format!("{title} knows this key, and it was used too often just now"),
            Verdict::Unavailable => format!("{title} cannot tell at the moment (status {status})"),
            Verdict::Foreign if (300..400).contains(status) => {
                format!("`{}` redirects elsewhere, where the key is not sent", endpoint.base)
            }
            Verdict::Foreign => {
                format!(
                    "what answers at `{}` does not speak as {title} does (status {status})",
                    endpoint.base
                )
            }
        },
        Err(EgressError::Secret(refused)) => refused.to_string(),
        Err(error) => format!("{title} cannot be reached: {error}"),
    }
}

fn help(outcome: &Outcome) -> &'static str {
    match outcome {
        Ok(Learned { verdict: Verdict::Invalid | Verdict::Expired, .. }) => {
            "copy it again from where it was made, or make another one there"
        }
        Ok(Learned { verdict: Verdict::Foreign, .. }) => {
            "give where its API begins with `--base-url`; `--no-test` stores a key without asking"
        }
        Err(EgressError::Refused(_)) => {
            "`--allow-private` lets it ask private addresses; `--no-test` stores a key without asking"
        }
        Ok(_) | Err(_) => "try again; `--no-test` stores a key without asking",
    }
}

/// What a key was stored as, for a note.
pub fn noted(status: Status) -> &'static str {
    match status {
        Status::Valid => "valid",
        Status::NoCredit => "right, but its account has no credit",
        Status::RateLimited => "right, but used too often just now",
        Status::Untested => "untested; `keyway keys test` asks its provider",
        Status::Active | Status::Invalid | Status::Expired | Status::Revoked => status.name(),
    }
}
