//! How a service is configured: one table of settings, and where each may come from. A flag comes before the environment, that
//! before the file, and what nobody says is as the table has it.

mod check;
mod file;
pub mod table;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runtime::local::Shares;

pub use check::{Problem, Weight};
pub use table::{Kind, SETTINGS, Setting};

use crate::http;
use crate::serve::{Reach, widen};
use table::{OUTSIDE, setting};

/// The name of the file, where nobody names another.
pub const FILE: &str = "keyway.toml";

/// What names the file in the environment.
pub const NAMED: &str = "KEYWAY_CONFIG";

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// What is so where nobody says anything.
    Default,
    /// The file, at a line.
    File(PathBuf, usize),
    /// A variable of the environment.
    Environment(&'static str),
    /// A flag.
    Flag(&'static str),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path, line) => write!(f, "{}:{line}", path.display()),
            Origin::Environment(name) => f.write_str(name),
            Origin::Flag(name) => write!(f, "--{name}"),
        }
    }
}

/// What is said of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The values; more than one only where the setting is a list.
    pub values: Vec<String>,
    /// Where they come from.
    pub from: Origin,
}

/// The flags that were given, by the keys of their settings.
pub type Flags = BTreeMap<&'static str, Vec<String>>;

/// Reads a variable of the environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What is configured, with what is wrong about it.
#[derive(Clone, Debug, Default)]
pub struct Config {
    said: BTreeMap<&'static str, Said>,
    /// What is wrong or unsafe, in the order of the places.
    pub problems: Vec<Problem>,
    /// The file that was read.
    pub file: Option<PathBuf>,
}

/// What a service needs to know of it.
#[derive(Clone, Debug)]
pub struct Service {
    /// The folder whose workflows are deployed as they change.
    pub workflows: Option<PathBuf>,
    /// Whether calls may go to private addresses.
    pub reach: Reach,
    /// How long calls under way may take to end when it is stopped.
    pub grace: Duration,
    /// How many calls may be under way at once.
    pub shares: Shares,
    /// Where it answers over HTTP, if it does.
    pub http: Option<http::Settings>,
    /// Where it tells metrics, if it does.
    pub metrics: Option<http::Settings>,
    /// Where traces and metrics are sent, if they are.
    pub otlp: Option<String>,
    /// How long what has ended is kept; for ever without.
    pub keep: Option<Duration>,
}

/// Reads what is said in all places. `usual` is the file that is read where nobody names one, if it is there.
///
/// # Errors
/// Where a file that was named cannot be read.
pub fn read(
    flags: &Flags,
    environment: Environment<'_>,
    (named, usual): (Option<&Path>, Option<&Path>),
) -> Result<Config, (PathBuf, std::io::Error)> {
    let mut config = Config::default();
    let named = named
        .map(Path::to_owned)
        .or_else(|| environment(NAMED).filter(|text| !text.is_empty()).map(PathBuf::from));
    let path = named.clone().or_else(|| usual.filter(|path| path.exists()).map(Path::to_owned));
    if let Some(path) = path {
        let text = std::fs::read_to_string(&path).map_err(|error| (path.clone(), error))?;
        config.take_file(&path, &text);
        config.problems.extend(check::of_rights(&path));
        config.file = Some(path);
    }
    for setting in SETTINGS {
        if let Some(text) = environment(setting.variable).filter(|text| !text.is_empty()) {
            let values = setting.kind.split(&text);
            config.take(setting, Said { values, from: Origin::Environment(setting.variable) });
        }
        if let Some(values) = flags.get(setting.key) {
            config.take(setting, Said { values: values.clone(), from: Origin::Flag(setting.flag) });
        }
    }
    config.problems.extend(check::together(&config));
    config.problems.extend(check::of_environment(environment));
    Ok(config)
}

impl Config {
    /// Takes in what is said of a setting, over what was said of it before. What is wrong is told, and leaves that.
    fn take(&mut self, setting: &'static Setting, said: Said) {
        let wrong = said.values.iter().find_map(|value| Some((value, setting.kind.check(value).err()?)));
        match wrong {
            Some((value, why)) => {
                let message = format!("`{}` is `{value}`: {why}", setting.key);
                self.problems.push(Problem::wrong(said.from.to_string(), message, setting.kind.help()));
            }
            None => {
                self.said.insert(setting.key, said);
            }
        }
    }

    /// What is said of a setting, or what is so where nobody says anything.
    pub fn of(&self, key: &str) -> Said {
        let setting = setting(key);
        let usual = || Said {
            values: setting.and_then(|it| it.usual).map(str::to_owned).into_iter().collect(),
            from: Origin::Default,
        };
        self.said.get(key).cloned().unwrap_or_else(usual)
    }

    /// The only value of a setting.
    pub fn value(&self, key: &str) -> Option<String> {
        self.of(key).values.into_iter().next()
    }

    /// True if a switch is on.
    pub fn is_on(&self, key: &str) -> bool {
        self.value(key).is_some_and(|value| value == "true")
    }

    /// The data directory, where one is named.
    pub fn data(&self) -> Option<PathBuf> {
        self.value("data").map(PathBuf::from)
    }

    /// The first thing that keeps a service from running with it.
    pub fn wrong(&self) -> Option<&Problem> {
        self.problems.iter().find(|problem| problem.weight == Weight::Wrong)
    }

    /// All settings with their values and where they come from, and variables of the environment that hold more. What is
    /// secret is shown as stars.
    pub fn shown(&self, environment: Environment<'_>) -> Vec<(&'static str, Vec<String>, String)> {
        let settings = SETTINGS.iter().map(|setting| {
            let said = self.of(setting.key);
            (setting.key, said.values, said.from.to_string())
        });
        let outside = OUTSIDE.iter().filter_map(|variable| {
            let value = environment(variable.name)?;
            let value = if variable.is_secret { "***".to_owned() } else { value };
            Some((variable.name, vec![value], "environment".to_owned()))
        });
        settings.chain(outside).collect()
    }

    /// What a service needs to know of it. Nothing may be wrong.
    pub fn service(&self) -> Service {
        let number =
            |key: &str, usual: usize| self.value(key).and_then(|it| it.parse().ok()).unwrap_or(usual);
        let length = |key: &str| self.value(key).and_then(|text| table::duration(&text));
        let address = |key: &str| self.value(key).and_then(|text| text.parse::<SocketAddr>().ok());
        let shares = Shares::default();
        let public = self.value("http.public_url").map(|url| url.trim_end_matches('/').to_owned());
        let mut names = self.of("http.hosts").values;
        names.extend(public.as_deref().and_then(crate::hooks::host_of));
        let limits = http::Limits::default();
        let limits = http::Limits { connections: number("http.connections", http::room(widen())), ..limits };
        let http = address("http.listen").filter(|_| !self.is_on("http.off"));
        let http = http.map(|address| http::Settings { address, names: names.clone(), public, limits });
        let metrics =
            address("metrics.listen").map(|address| http::Settings { address, names, public: None, limits });
        Service {
            workflows: self.value("workflows").map(PathBuf::from),
            reach: if self.is_on("allow_private") { Reach::Private } else { Reach::Public },
            grace: length("grace").unwrap_or(Duration::from_secs(10)),
            shares: Shares {
                process: number("calls.process", shares.process),
                owner: number("calls.owner", shares.owner),
                workflow: number("calls.workflow", shares.workflow),
                ..shares
            },
            http,
            metrics,
            otlp: self.value("telemetry.otlp"),
            keep: length("keep"),
        }
    }
}
