//! The table of settings. Flags, variables, keys of the file, the page about them, the template and the checks are made of it.

use std::net::SocketAddr;
use std::time::Duration;

/// A setting.
#[derive(Debug)]
pub struct Setting {
    /// Its key in the file, with dots for tables.
    pub key: &'static str,
    /// Its flag, without the dashes.
    pub flag: &'static str,
    /// Its variable in the environment.
    pub variable: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What is so where nobody says anything.
    pub usual: Option<&'static str>,
    /// A sentence about it, without a full stop.
    pub about: &'static str,
    /// An example.
    pub example: &'static str,
}

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An address and a port.
    Address,
    /// A length of time.
    Duration,
    /// Names of hosts, several of them.
    Hosts,
    /// A level of the log, or directives of it.
    Level,
    /// A whole number from 1.
    Number,
    /// The path of a folder or a file.
    Path,
    /// `true` or `false`; as a flag it takes nothing.
    Switch,
    /// An address of the web.
    Url,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// A variable of the environment that is no setting: what it holds does not belong into a file of settings.
#[derive(Debug)]
pub struct Outside {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub about: &'static str,
    /// True if what it holds is never shown.
    pub is_secret: bool,
}

macro_rules! settings {
    ($($key:literal $flag:literal $variable:literal $kind:expr, $usual:expr, $about:literal, $example:literal;)*) => {
        /// All settings, by their keys.
        pub const SETTINGS: &[Setting] = &[$(Setting {
            key: $key, flag: $flag, variable: $variable, kind: $kind, usual: $usual, about: $about, example: $example,
        }),*];
    };
}

settings! {
    "allow_private" "allow-private" "KEYWAY_ALLOW_PRIVATE" Kind::Switch, Some("false"),
        "Let the calls of runs that it starts or takes up go to private addresses, such as this machine's", "true";
    "calls.owner" "calls-per-owner" "KEYWAY_CALLS_PER_OWNER" Kind::Number, Some("512"),
        "Have so many calls of each owner under way at once that take time", "64";
    "calls.process" "calls" "KEYWAY_CALLS" Kind::Number, Some("1024"),
        "Have so many calls under way at once that take time; others wait their turn", "256";
    "calls.workflow" "calls-per-workflow" "KEYWAY_CALLS_PER_WORKFLOW" Kind::Number, Some("256"),
        "Have so many calls of each workflow under way at once that take time", "32";
    "data" "data" "KEYWAY_DATA" Kind::Path, None,
        "Keep runs in this directory; without it, in the platform's data directory", "/var/lib/keyway";
    "grace" "grace" "KEYWAY_GRACE" Kind::Duration, Some("10s"),
        "How long calls under way may take to end when it is stopped", "30s";
    "http.allow_remote" "allow-remote" "KEYWAY_ALLOW_REMOTE" Kind::Switch, Some("false"),
        "Let it listen at an address that other machines reach: they see what is sent, so put TLS before it", "true";
    "http.connections" "connections" "KEYWAY_CONNECTIONS" Kind::Number, None,
        "Hold so many connections at once over HTTP; without it, half as many as it may have files open, up to 16384; a quarter of them may follow runs as they go on",
        "4000";
    "http.hosts" "host" "KEYWAY_HOSTS" Kind::Hosts, None,
        "Answer over HTTP also when called by this name, as a proxy passes it on; may be given more than once",
        "keyway.example.com";
    "http.listen" "listen" "KEYWAY_LISTEN" Kind::Address, Some("127.0.0.1:7878"),
        "Answer over HTTP at this address; port 0 takes any that is free", "0.0.0.0:7878";
    "http.off" "no-http" "KEYWAY_NO_HTTP" Kind::Switch, Some("false"),
        "Do not answer over HTTP", "true";
    "http.public_url" "public-url" "KEYWAY_PUBLIC_URL" Kind::Url, None,
        "Where the world reaches it: the addresses of webhooks begin so", "https://keyway.example.com";
    "keep" "keep" "KEYWAY_KEEP" Kind::Duration, None,
        "Remove each day what ended longer ago than this, as `keyway clean` does; without it, nothing is removed", "90d";
    "log.format" "log-format" "KEYWAY_LOG_FORMAT" Kind::Word(&["text", "json"]), Some("text"),
        "Write the log as lines for people, or as JSON, one object a line", "json";
    "log.level" "log-level" "KEYWAY_LOG" Kind::Level, Some("error"),
        "What the log tells: `error`, `warn`, `info`, `debug` or `trace`, also by part as in `warn,server=debug`", "info";
    "metrics.listen" "metrics" "KEYWAY_METRICS" Kind::Address, None,
        "Tell metrics for Prometheus at this address, to anybody who reaches it", "127.0.0.1:9464";
    "telemetry.otlp" "otlp" "KEYWAY_OTLP" Kind::Url, None,
        "Send a trace of each run that ends, and metrics, to this collector of OpenTelemetry, over HTTP with JSON",
        "http://127.0.0.1:4318";
    "workflows" "workflows" "KEYWAY_WORKFLOWS" Kind::Path, None,
        "Deploy the workflows in this directory, and again whenever one changes", "/etc/keyway/workflows";
}

/// Variables of the environment that are no settings.
pub const OUTSIDE: &[Outside] = &[
    Outside { name: "KEYWAY_CONFIG", about: "The path of the file of settings.", is_secret: false },
    Outside {
        name: "KEYWAY_CONNECTORS",
        about: "The path of a folder with manifests of your own.",
        is_secret: false,
    },
    Outside {
        name: "KEYWAY_PASSPHRASE_FILE",
        about: "The path of a file with the passphrase that the root key is made of.",
        is_secret: false,
    },
    Outside {
        name: "KEYWAY_ROOT_COMMAND",
        about: "A command that prints the root key, as for a KMS.",
        is_secret: true,
    },
    Outside { name: "KEYWAY_ROOT_KEY", about: "The root key itself.", is_secret: true },
    Outside {
        name: "KEYWAY_ROOT_KEY_FILE",
        about: "The path of the file with the root key.",
        is_secret: false,
    },
];

/// The setting of a key.
pub fn setting(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// A length of time as it is written, if it is one that is not negative.
pub(super) fn duration(text: &str) -> Option<Duration> {
    dsl::duration::parse(text).and_then(|length| Duration::try_from(length).ok())
}

impl Kind {
    /// What stands for its value in the help.
    pub fn placeholder(self) -> &'static str {
        match self {
            Kind::Address => "ADDRESS:PORT",
            Kind::Duration => "DURATION",
            Kind::Hosts => "NAME",
            Kind::Level => "LEVEL",
            Kind::Number => "NUMBER",
            Kind::Path => "DIR",
            Kind::Switch => "true|false",
            Kind::Url => "URL",
            Kind::Word(_) => "WORD",
        }
    }

    /// A text as one value, or several.
    pub(super) fn split(self, text: &str) -> Vec<String> {
        match self {
            Kind::Hosts => {
                text.split(',').map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect()
            }
            _ => vec![text.to_owned()],
        }
    }

    /// Looks whether a value is one.
    ///
    /// # Errors
    /// Why it is none.
    pub fn check(self, text: &str) -> Result<(), String> {
        match self {
            Kind::Address => match text.parse::<SocketAddr>() {
                Ok(_) => Ok(()),
                Err(_) => Err("it is no address with a port".into()),
            },
            Kind::Duration => duration(text).map(drop).ok_or_else(|| "it is not a duration".into()),
            Kind::Hosts => match text.contains(['/', ' ', ',']) || text.is_empty() {
                true => Err("it is no name of a host".into()),
                false => Ok(()),
            },
            Kind::Level => level(text),
            Kind::Number => match text.parse::<usize>() {
                Ok(0) => Err("nothing would ever be called".into()),
                Ok(_) => Ok(()),
                Err(_) => Err("it is not a number".into()),
            },
            Kind::Path => {
                if text.is_empty() {
                    Err("it is empty".into())
                } else {
                    Ok(())
                }
            }
            Kind::Switch => match text {
                "true" | "false" => Ok(()),
                _ => Err("it is neither `true` nor `false`".into()),
            },
            Kind::Url => match crate::hooks::host_of(text) {
                Some(_) => Ok(()),
                None => Err("it is no address of the web".into()),
            },
            Kind::Word(words) => match words.contains(&text) {
                true => Ok(()),
                false => Err(format!("it is none of {}", words.join(", "))),
            },
        }
    }

    /// How a value is written.
    pub(super) fn help(self) -> String {
        match self {
            Kind::Address => "write it as `127.0.0.1:7878`".into(),
            Kind::Duration => "write it as `10s`, `2m` or `90d`".into(),
            Kind::Hosts => "write it as `keyway.example.com`".into(),
            Kind::Level => "write it as `info`, or by part as `warn,server=debug`".into(),
            Kind::Number => "write a whole number from 1".into(),
            Kind::Path => "write a path".into(),
            Kind::Switch => "write `true` or `false`".into(),
            Kind::Url => "write it as `https://keyway.example.com`".into(),
            Kind::Word(words) => {
                format!("write {}", words.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(" or "))
            }
        }
    }
}

/// The levels of the log, from the quietest.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

fn level(text: &str) -> Result<(), String> {
    for part in text.split(',') {
        let (_, level) = part.rsplit_once('=').unwrap_or(("", part));
        if !LEVELS.contains(&level.trim().to_lowercase().as_str()) {
            return Err(format!("`{}` is no level", level.trim()));
        }
    }
    Ok(())
}

/// A file of settings with every one of them, each as it is usually.
pub fn toml_template() -> String {
    let mut text = String::from(
        "# Settings of `keyway serve`. A flag comes before a variable of the environment, that before this file.\n\
         # What stands behind `#` is an example, or as it is where nothing is said. `keyway config check` looks it through.\n",
    );
    let mut table = "";
    let (plain, within): (Vec<&Setting>, Vec<&Setting>) =
        SETTINGS.iter().partition(|setting| !setting.key.contains('.'));
    for setting in plain.into_iter().chain(within) {
        let (of, key) = setting.key.split_once('.').unwrap_or(("", setting.key));
        if of != table {
            text += &format!("\n[{of}]\n");
            table = of;
        }
        let value = setting.usual.unwrap_or(setting.example);
        let value = match setting.kind {
            Kind::Number | Kind::Switch => value.to_owned(),
            Kind::Hosts => format!("[\"{value}\"]"),
            _ => format!("\"{value}\""),
        };
        text += &format!("\n# {}.\n# {key} = {value}\n", setting.about);
    }
    text
}

/// Variables of the environment for every setting, each as it is usually, and those that hold secrets, empty.
pub fn env_template() -> String {
    let mut text = String::from(
        "# Variables of `keyway serve`, as for `docker compose` and systemd's EnvironmentFile. They come before the file of\n\
         # settings, and after flags. What stands behind `#` is an example, or as it is where nothing is said.\n",
    );
    for setting in SETTINGS {
        let value = setting.usual.unwrap_or(setting.example);
        text += &format!("\n# {}.\n# {}={value}\n", setting.about, setting.variable);
    }
    text += "\n# Give the root key in one of these ways, and keep a copy of it apart from backups.\n";
    for variable in OUTSIDE {
        text += &format!("\n# {}\n# {}=\n", variable.about, variable.name);
    }
    text
}
