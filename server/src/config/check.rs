//! What is wrong with a configuration beyond a single value: settings that contradict each other, and what lets more in or out
//! than is good.

use std::net::SocketAddr;
use std::path::Path;

use super::{Config, Environment, Origin};

/// How much a problem weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// A service does not run with it.
    Wrong,
    /// A service runs, and somebody may come to harm.
    Unsafe,
}

impl Weight {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Weight::Wrong => "wrong",
            Weight::Unsafe => "unsafe",
        }
    }
}

/// Something wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How much it weighs.
    pub weight: Weight,
    /// Where it stands.
    pub place: String,
    /// What is the case.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Problem {
    /// Something with which a service does not run.
    pub(super) fn wrong(place: String, message: String, help: String) -> Problem {
        Problem { weight: Weight::Wrong, place, message, help }
    }

    fn unsafe_at(place: String, message: &str, help: &str) -> Problem {
        Problem { weight: Weight::Unsafe, place, message: message.into(), help: help.into() }
    }
}

/// What settings have against each other.
pub(super) fn together(config: &Config) -> Vec<Problem> {
    let mut found = vec![];
    let place = |key: &str| config.of(key).from.to_string();
    let address = |key: &str| config.value(key).and_then(|text| text.parse::<SocketAddr>().ok());
    let remote = |key: &str| address(key).filter(|address| !address.ip().is_loopback());
    let (is_off, is_remote) = (config.is_on("http.off"), config.is_on("http.allow_remote"));
    if is_off {
        for key in ["http.listen", "http.connections", "http.hosts", "http.public_url"] {
            if said_alike(config, "http.off", key) {
                let message = format!("`{key}` says something of what `http.off` leaves out");
                found.push(Problem::wrong(place(key), message, "take away one of the two".into()));
            }
        }
    }
    for key in ["http.listen", "metrics.listen"] {
        if let Some(address) = remote(key).filter(|_| !(is_remote || is_off && key == "http.listen")) {
            let message = format!("other machines reach {address}");
            let help = "`--allow-remote` allows that (`http.allow_remote`); put a proxy with TLS before it";
            found.push(Problem::wrong(place(key), message, help.into()));
        }
    }
    if let (Some(one), Some(other)) = (address("http.listen").filter(|_| !is_off), address("metrics.listen"))
        && one == other
        && one.port() != 0
    {
        let message = format!("metrics and the rest cannot both be told at {one}");
        found.push(Problem::wrong(place("metrics.listen"), message, "give one of them another port".into()));
    }
    if remote("http.listen").is_some() && is_remote && !is_off {
        if config.value("http.public_url").is_none() && config.of("http.hosts").values.is_empty() {
            found.push(Problem::unsafe_at(
                place("http.listen"),
                "other machines reach it by its addresses alone, which speaks for no proxy with TLS before it",
                "name where the world reaches it with `http.public_url`, or the name a proxy calls it by with `http.hosts`",
            ));
        }
        if config.is_on("allow_private") {
            found.push(Problem::unsafe_at(
                place("allow_private"),
                "whoever may start runs from elsewhere reaches private addresses of this network through it",
                "leave `allow_private` off where others may start runs",
            ));
        }
    }
    if let Some(url) = config.value("http.public_url").filter(|url| url.starts_with("http://")) {
        let host = crate::hooks::host_of(&url).unwrap_or_default();
        if !["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str()) {
            found.push(Problem::unsafe_at(
                place("http.public_url"),
                "what is sent to webhooks goes over the network in the clear",
                "put a proxy with TLS before it, and say `https://`",
            ));
        }
    }
    if remote("metrics.listen").is_some() && is_remote {
        found.push(Problem::unsafe_at(
            place("metrics.listen"),
            "whoever reaches that address reads the names of workflows and what models cost",
            "let nothing but Prometheus reach it, by a firewall or a network of its own",
        ));
    }
    if let Some(workflows) = config.value("workflows").filter(|folder| !Path::new(folder).is_dir()) {
        let message = format!("`{workflows}` is not a directory");
        found.push(Problem::wrong(place("workflows"), message, "name a directory that is there".into()));
    }
    found
}

/// True if two settings are said in the same kind of place, so that whoever wrote one saw the other.
fn said_alike(config: &Config, one: &str, other: &str) -> bool {
    matches!(
        (config.of(one).from, config.of(other).from),
        (Origin::File(..), Origin::File(..))
            | (Origin::Environment(_), Origin::Environment(_))
            | (Origin::Flag(_), Origin::Flag(_))
    )
}

/// What the environment gives more than once.
pub(super) fn of_environment(environment: Environment<'_>) -> Vec<Problem> {
    const ROOTS: [&str; 4] =
        ["KEYWAY_PASSPHRASE_FILE", "KEYWAY_ROOT_COMMAND", "KEYWAY_ROOT_KEY", "KEYWAY_ROOT_KEY_FILE"];
    let given: Vec<&str> = ROOTS.into_iter().filter(|name| environment(name).is_some()).collect();
    let mut found = vec![];
    if let [first, second, ..] = given[..] {
        let message = format!("`{first}` and `{second}` both give the root key");
        found.push(Problem::wrong("environment".into(), message, "take away one of the two".into()));
    }
    if given.contains(&"KEYWAY_ROOT_KEY") {
        found.push(Problem::unsafe_at(
            "environment".into(),
            "the root key stands in the environment, where programs of the same user and tools that list it can read it",
            "keep it in a file and give `KEYWAY_ROOT_KEY_FILE`, or as a credential of systemd",
        ));
    }
    found
}

/// Whether others may change the file.
pub(super) fn of_rights(path: &Path) -> Option<Problem> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o022 != 0).then(|| {
        Problem::unsafe_at(
            path.display().to_string(),
            "others may change the file of settings, and with it where the service listens and what it may reach",
            "`chmod go-w` it",
        )
    })
}
