//! The log, on standard error: lines for people, or JSON. It is for the operator of a service; what a command found is told by
//! the command itself.
//!
//! What other people's code says below `info` is left out, whatever was asked for: it tells heads and bodies of requests, in
//! which secrets stand.

use std::fmt;

use serde_json::{Map, Value};
use server::config::SETTINGS;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry};

/// Our crates: what they log has no secrets, at any level.
const OURS: [&str; 11] =
    ["ai", "cli", "connectors", "dsl", "egress", "engine", "keyway", "runtime", "server", "store", "vault"];

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Begins to log. A second time it changes nothing.
pub fn begin(format: Format, level: &str) {
    let _ = tracing_subscriber::registry().with(layer(format, level, std::io::stderr)).try_init();
}

/// What writes the log.
fn layer<W>(format: Format, level: &str, to: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("error"));
    let layer = tracing_subscriber::fmt::layer().with_writer(to);
    let layer = match format {
        Format::Text => layer.without_time().with_target(false).boxed(),
        Format::Json => layer.event_format(Json).boxed(),
    };
    layer.with_filter(filter.and(filter_fn(may_be_told))).boxed()
}

/// Begins to log as the environment says, for a command that has no settings of its own.
pub fn usual() {
    let said = |key: &str| {
        let setting = SETTINGS.iter().find(|setting| setting.key == key);
        setting.and_then(|setting| std::env::var(setting.variable).ok())
    };
    let format = if said("log.format").as_deref() == Some("json") { Format::Json } else { Format::Text };
    begin(format, said("log.level").as_deref().unwrap_or("error"));
}

fn may_be_told(about: &Metadata<'_>) -> bool {
    let root = about.target().split("::").next().unwrap_or_default();
    *about.level() <= Level::INFO || OURS.contains(&root)
}

/// One JSON object a line: `time`, `level`, `target`, `message`, and the fields of the event.
struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let about = event.metadata();
        let mut line = Map::new();
        line.insert("time".into(), format!("{:.6}", jiff::Timestamp::now()).into());
        line.insert("level".into(), about.level().as_str().to_lowercase().into());
        line.insert("target".into(), about.target().into());
        event.record(&mut Fields(&mut line));
        writeln!(to, "{}", Value::Object(line))
    }
}

/// Takes the fields of an event into an object. One that is called as what every line has gets a name of its own.
struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: Value) {
        let name = match field.name() {
            name @ ("time" | "level" | "target") => format!("field_{name}"),
            name => name.to_owned(),
        };
        self.0.insert(name, value);
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs::File;
    use std::io::{Read as _, Seek as _};
    use std::sync::Arc;

    use tracing::{trace, warn};

    use super::*;

    /// What a layer writes of something of ours, and of what others tell at two levels.
    fn written(make: impl FnOnce(Arc<File>) -> Box<dyn Layer<Registry> + Send + Sync>) -> String {
        let to = Arc::new(tempfile::tempfile().unwrap());
        let subscriber = tracing_subscriber::registry().with(make(to.clone()));
        tracing::subscriber::with_default(subscriber, || {
            trace!(target: "server::http", number = 3, level = "high", "ours");
            trace!(target: "hyper::proto", "authorization: canary");
            warn!(target: "hyper::proto", "a connection broke off");
        });
        let mut text = String::new();
        (&*to).rewind().unwrap();
        (&*to).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn what_others_tell_in_detail_is_left_out_whatever_was_asked_for() {
        for format in [Format::Text, Format::Json] {
            let text = written(|to| layer(format, "trace", to));
            assert!(
                text.contains("ours") && text.contains("broke off") && !text.contains("canary"),
                "{text}"
            );
        }
        // Without the net it would stand there.
        let bare = written(|to| {
            let bare = tracing_subscriber::fmt::layer().with_writer(to);
            bare.with_filter(EnvFilter::new("trace")).boxed()
        });
        assert!(bare.contains("canary"), "{bare}");
    }

    #[test]
    fn a_line_of_json_has_what_every_line_has_and_the_fields_of_its_event() {
        let text = written(|to| layer(Format::Json, "trace", to));
        let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(first["level"], "trace");
        assert_eq!((&first["target"], &first["message"]), (&"server::http".into(), &"ours".into()));
        assert_eq!((&first["number"], &first["field_level"]), (&3.into(), &"high".into()));
        assert!(first["time"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    }
}
