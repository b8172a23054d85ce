//! What starts runs by itself, and how many of them may be under way.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::expr::Expr;
use crate::span::Span;
use crate::workflow::Arg;

/// Something that starts runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// Where its kind stands in the text.
    pub span: Span,
    /// When it does.
    pub start: Start,
    /// What the run is given: an object with holes over `trigger`.
    pub inputs: Arg,
}

/// When a trigger starts a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// Once.
    At {
        /// The time.
        time: Moment,
        /// In which zone a local time is read; by default the owner's.
        timezone: Option<String>,
        /// Whether a missed time is made up for.
        catch_up: CatchUp,
    },
    /// By a schedule.
    Cron {
        /// The cron expression.
        schedule: String,
        /// How it is kept.
        keeping: Keeping,
    },
    /// For each event of a connector.
    Event {
        /// Its id.
        event: String,
        /// Its parameters: an object.
        with: Arg,
        /// The connection by its name, where one is named; the owner's only one otherwise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        connection: Option<String>,
        /// How often it is asked for.
        every: Option<SignedDuration>,
        /// Only events for which this holds, over `event`.
        filter: Option<Expr>,
    },
    /// Again and again.
    Every {
        /// The time between two starts.
        length: SignedDuration,
        /// The first time.
        from: Option<Moment>,
        /// How it is kept.
        keeping: Keeping,
    },
    /// For each signal.
    Signal {
        /// The name of the signal.
        name: String,
    },
    /// For each request to an address of its own.
    Webhook {
        /// How a request is told to be genuine.
        verify: Option<Verify>,
        /// When it is answered.
        respond: Respond,
        /// The method of a request.
        #[serde(default, skip_serializing_if = "Method::is_post")]
        method: Method,
    },
}

/// How a schedule is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Keeping {
    /// The zone; by default the owner's.
    pub timezone: Option<String>,
    /// While the run before is under way.
    pub overlap: Overlap,
    /// What was missed.
    pub catch_up: CatchUp,
    /// Each start is put off by a random time up to this.
    pub jitter: Option<SignedDuration>,
}

/// A time as an author writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// With its offset.
    Exact(Timestamp),
    /// By the clock of a zone that is known elsewhere.
    Local(jiff::civil::DateTime),
}

impl Moment {
    /// Reads RFC 3339, or local time without an offset.
    pub fn parse(text: &str) -> Option<Moment> {
        let exact = text.parse().ok().map(Moment::Exact);
        exact.or_else(|| text.parse().ok().map(Moment::Local))
    }
}

/// What happens while the run before is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// The new one starts all the same.
    Allow,
    /// The old one is cancelled.
    CancelOldest,
    /// The new one waits.
    Queue,
    /// The new one is left out.
    #[default]
    Skip,
}

/// Which missed times are made up for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// Each of them, up to 100.
    All,
    /// The last.
    #[default]
    Latest,
    /// None.
    None,
}

/// How a request is told to be genuine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verify {
    /// How the sender proves who it is, as in `keys::SCHEMES`.
    pub scheme: String,
    /// The name of the secret; none where the address alone proves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The header that proves it, where the scheme leaves that open and the author names it. In lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
}

/// When a request is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Respond {
    /// At once.
    #[default]
    Now,
    /// With the output of the run.
    Output,
    /// With the output of the run as the whole answer: its status, its headers and its body.
    Answer,
}

/// The method of a request that starts a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// As whoever looks at an address asks.
    Get,
    /// As whoever brings something asks.
    #[default]
    Post,
}

impl Method {
    /// The word for it, as it stands in a request.
    pub fn word(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }

    fn is_post(&self) -> bool {
        *self == Method::Post
    }
}

/// How many runs may be under way at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Concurrency {
    /// Where it stands in the text.
    pub span: Span,
    /// Runs with the same value share the limit; over `inputs` and `trigger`.
    pub key: Option<Expr>,
    /// How many at once.
    pub max: u32,
    /// What happens to a further one.
    pub when_full: WhenFull,
}

/// What happens to a run for which there is no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenFull {
    /// The oldest is cancelled.
    CancelOldest,
    /// It waits.
    #[default]
    Queue,
    /// It is left out.
    Skip,
}

#[cfg(test)]
mod tests {
    use super::Moment;

    #[test]
    fn times_have_an_offset_or_are_local() {
        for (text, exact) in
            [("2026-12-24T09:00:00Z", true), ("2026-12-24T09:00+01:00", true), ("2026-12-24T09:00", false)]
        {
            assert_eq!(matches!(Moment::parse(text), Some(Moment::Exact(_))), exact, "{text}");
        }
        assert_eq!(Moment::parse("tomorrow"), None);
    }
}
