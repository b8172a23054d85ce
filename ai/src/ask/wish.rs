//! What a step wants, read from its parameters.

use std::collections::BTreeSet;

use dsl::catalog::{Failure, FailureKind};
use dsl::expr::{self, Expr};
use dsl::span::SpanMap;
use dsl::types::Field;
use dsl::value::Value;
use dsl::workflow::ACCOUNT;

use super::value;
use crate::chat::{Delivery, Form, Image, Part, Question};
use crate::price::Money;
use crate::provider::{Feature, Quality};
use crate::route::{Need, Strategy};

/// How many tokens an answer likely has.
pub(super) const WRITES: u64 = 500;

/// What a step wants.
pub(super) struct Wish {
    /// The question; its model is chosen later.
    pub question: Question,
    /// What its model must be.
    pub need: Need,
    /// The fields of the answer; without them it is a text.
    pub returns: Option<Vec<Field>>,
    /// What a good answer meets.
    pub check: Option<Expr>,
    /// Whether the calls in an answer tell whether it fits.
    pub calls: Calls,
    /// What the step may cost.
    pub max_cost: Option<Money>,
    /// What the run may cost.
    pub run_cost: Option<Money>,
    /// The workflow, as it is counted.
    pub workflow: String,
    /// The step, as it is counted.
    pub step: String,
}

/// What the calls of tools in an answer say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calls {
    /// They are held against the parameters of the tools, and one that does not fit does no harm: a better model is asked.
    Held,
    /// One that fits and is wrong would do harm, or the conversation has come to the grade that was asked for and stays with it.
    Trusted,
}

impl Wish {
    /// Reads the parameters of `ai.ask`.
    ///
    /// # Errors
    /// Where they are none: a step that was checked has them.
    pub fn of(args: &Value) -> Result<Wish, Failure> {
        if let Some(Value::List(tools)) = args.get("tools")
            && !tools.is_empty()
        {
            return Err(wrong("`tools`, and was made before they could be called; check its workflow anew"));
        }
        Wish::about(question(args)?, args)
    }

    /// What a question needs beside itself, read from the parameters.
    ///
    /// # Errors
    /// Where they are none: a step that was checked has them.
    pub fn about(mut question: Question, args: &Value) -> Result<Wish, Failure> {
        let text = |name: &str| text(args, name);
        let returns = match args.get("returns") {
            Some(fields) => {
                let fields: Result<Vec<Field>, _> = serde_json::from_value(fields.to_json());
                Some(fields.map_err(|error| wrong(&format!("a `returns` that cannot be read: {error}")))?)
            }
            None => None,
        };
        let check = match text("check") {
            Some(check) => Some(
                expr::parse(&check, &SpanMap::default())
                    .map_err(|_| wrong("a `check` that cannot be read"))?,
            ),
            None => None,
        };
        let quality = match text("quality").as_deref() {
            Some("low") => Quality::Low,
            Some("high") => Quality::High,
            Some(_) | None => Quality::Standard,
        };
        let features = features(&question);
        question.delivery = Delivery::Stream;
        if let Some(fields) = &returns {
            question.form = Form::Json { name: "answer".into(), schema: value::schema(fields) };
        }
        let model = text("model");
        let strategy = text("strategy").and_then(|word| Strategy::of(&word)).unwrap_or_default();
        let need = Need { model, quality, features, writes: WRITES, limit: None, strategy };
        Ok(Wish { returns, check, ..Wish::for_need(question, need, args) })
    }

    /// What is wanted beside an answer: what it may cost, and where it is counted.
    pub fn for_need(question: Question, need: Need, args: &Value) -> Wish {
        let account = args.get(ACCOUNT);
        let counted = |name: &str| account?.get(name).map(Value::to_string);
        Wish {
            question,
            need,
            returns: None,
            check: None,
            calls: Calls::Trusted,
            max_cost: args.get("max_cost").and_then(dollars),
            run_cost: account.and_then(|account| account.get("limit")).and_then(dollars),
            workflow: counted("workflow").unwrap_or_default(),
            step: counted("step").unwrap_or_default(),
        }
    }

    /// True if the step itself tells whether an answer fits.
    pub fn is_checked(&self) -> bool {
        !self.is_text() || self.calls == Calls::Held
    }

    /// True if a model that is not as good may be asked first.
    pub fn may_begin_below(&self) -> bool {
        let open = self.need.model.is_none()
            && self.need.quality == Quality::Standard
            && self.need.strategy == Strategy::Cheapest;
        open && (self.question.tools.is_empty() || self.calls == Calls::Held)
    }

    /// True if the answer is a text as it comes: it has no form, and nothing turns it down.
    pub fn is_text(&self) -> bool {
        self.returns.is_none() && self.check.is_none()
    }
}

/// What a model must be able to do for a question.
pub(super) fn features(question: &Question) -> BTreeSet<Feature> {
    let mut parts = question.messages.iter().flat_map(|message| &message.parts);
    let images = parts.any(|part| matches!(part, Part::Image(_)));
    let tools = !question.tools.is_empty();
    let features = [(images, Feature::Images), (tools, Feature::Tools)];
    features.into_iter().filter(|(needed, _)| *needed).map(|(_, feature)| feature).collect()
}

/// What a step asks, of a model that is chosen later.
///
/// # Errors
/// Where there is no prompt, or something that is no picture.
pub(super) fn question(args: &Value) -> Result<Question, Failure> {
    let prompt = text(args, "prompt").ok_or_else(|| wrong("no prompt"))?;
    let mut question = Question::new("", prompt);
    question.system = text(args, "system");
    let images = args.get("images").map_or(Ok(vec![]), images)?;
    if let Some(message) = question.messages.first_mut() {
        // In front of what is asked about them.
        message.parts.splice(0..0, images.into_iter().map(Part::Image));
    }
    Ok(question)
}

fn wrong(what: &str) -> Failure {
    Failure::new(FailureKind::Invalid, format!("`ai` has {what}"))
}

/// A parameter as text, if it is there.
fn text(args: &Value, name: &str) -> Option<String> {
    args.get(name).filter(|value| !value.is_null()).map(Value::to_string)
}

/// The pictures of a step: one text, or a list of them; nothing where there is none.
fn images(value: &Value) -> Result<Vec<Image>, Failure> {
    match value {
        Value::List(items) => items.iter().map(image).collect(),
        value if value.is_null() => Ok(vec![]),
        value => Ok(vec![image(value)?]),
    }
}

fn image(value: &Value) -> Result<Image, Failure> {
    let wrong = |what: &str| {
        let message = format!("a picture in `images` is an address or a `data:` URL, and this is {what}");
        Failure::new(FailureKind::Invalid, message)
    };
    let text = value.as_text().ok_or_else(|| wrong("no text"))?;
    if let Some(data) = text.strip_prefix("data:") {
        let (media, data) =
            data.split_once(";base64,").ok_or_else(|| wrong("a `data:` URL without base64"))?;
        if !media.starts_with("image/") || data.is_empty() {
            return Err(wrong("a `data:` URL without a picture"));
        }
        return Ok(Image::Bytes { media: media.to_owned(), data: data.to_owned() });
    }
    match text.starts_with("https://") || text.starts_with("http://") {
        true => Ok(Image::Url(text.to_owned())),
        false => Err(wrong("neither")),
    }
}

/// An amount of dollars, cut to the decimals that are counted.
fn dollars(value: &Value) -> Option<Money> {
    let number = match value {
        Value::Int(number) => *number as f64,
        Value::Number(number) => *number,
        _ => return None,
    };
    // What is more than can be counted is no limit that could be reached.
    Some(Money::parse(&format!("{number:.12}")).unwrap_or(Money::from_units(i128::from(i64::MAX))))
}
