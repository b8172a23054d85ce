//! A request as it would be sent, for people: its secrets are stars.

use egress::{Part, Text};
use secret::Hole;

use super::build::Outgoing;

/// What stands where a secret would.
const STARS: &str = "***";

/// A request as it would be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The method.
    pub method: String,
    /// The whole URL; secrets of its path and query are stars.
    pub url: String,
    /// The headers in order, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; what is no text in it is shown as a sign.
    pub body: String,
}

/// The preview of a request.
pub(super) fn of(outgoing: &Outgoing) -> Preview {
    let mut url = outgoing.url.clone();
    if let Some((before, after)) = outgoing.path.as_ref().and_then(|(at, _)| url.path().split_at_checked(*at))
    {
        let whole = format!("{before}/{STARS}{after}");
        url.set_path(&whole);
    }
    for (name, _) in &outgoing.query {
        url.query_pairs_mut().append_pair(name, STARS);
    }
    let header = |header: &egress::Header| {
        let value = match &header.value {
            Text::Plain(text) => text.clone(),
            Text::Hole(hole) => masked(hole),
        };
        (header.name.clone(), value)
    };
    let part = |part: &Part| match part {
        Part::Plain(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Part::Hole(..) => STARS.into(),
        Part::Content(content) => format!("({} bytes of a file)", content.size()),
    };
    Preview {
        method: outgoing.method.to_string(),
        url: url.to_string(),
        headers: outgoing.headers.iter().map(header).collect(),
        body: outgoing.body.iter().map(part).collect(),
    }
}

/// What is made of a secret: the plain parts of it are seen.
fn masked(hole: &Hole) -> String {
    match hole {
        Hole::Plain(text) => text.clone(),
        Hole::Join(parts) => parts.iter().map(masked).collect(),
        Hole::Name(_) | Hole::Base64(_) | Hole::Hmac(..) => STARS.into(),
    }
}
