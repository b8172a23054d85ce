//! What the head of an answer tells beside what the shapes have room for: who answered, with whose key, why, at what cost.

use ai::ask::live::Asked;
use ai::gateway::{Heading, Shape};
use ai::price::Money;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

/// Puts it there.
pub(super) fn put(
    heads: &mut HeaderMap,
    shape: Shape,
    heading: &Heading,
    called: Option<&Asked>,
    cost: Option<Money>,
) {
    let mut all = vec![(request(shape), heading.id.clone())];
    if let Some(called) = called {
        all.extend([
            ("x-keyway-provider", called.provider.clone()),
            ("x-keyway-model", called.model.clone()),
            ("x-keyway-key", called.key.clone()),
            ("x-keyway-payer", called.payer.clone()),
            ("x-keyway-why", called.why.clone()),
        ]);
    }
    all.extend(cost.map(|cost| ("x-keyway-cost", cost.to_string())));
    add(heads, all);
}

/// The head that names an answer.
pub(super) fn request(shape: Shape) -> &'static str {
    match shape {
        Shape::OpenAi => "x-request-id",
        Shape::Anthropic => "request-id",
    }
}

/// Adds heads; what cannot stand in one is left out.
pub(super) fn add(heads: &mut HeaderMap, more: Vec<(&'static str, String)>) {
    for (name, value) in more {
        if let Ok(value) = HeaderValue::from_str(&value) {
            heads.insert(HeaderName::from_static(name), value);
        }
    }
}
