//! What a step wants, read from its parameters.

use std::collections::BTreeSet;

use dsl::catalog::{Failure, FailureKind};
use dsl::expr::{self, Expr};
use dsl::span::SpanMap;
use dsl::types::Field;
use dsl::value::Value;
use dsl::workflow::ACCOUNT;

use super::value;
use crate::chat::{Delivery, Form, Question};
use crate::price::Money;
use crate::provider::Quality;
use crate::route::Need;

/// How many tokens an answer likely has.
const WRITES: u64 = 500;

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
    /// What the step may cost.
    pub max_cost: Option<Money>,
    /// What the run may cost.
    pub run_cost: Option<Money>,
    /// The workflow, as it is counted.
    pub workflow: String,
    /// The step, as it is counted.
    pub step: String,
}

impl Wish {
    /// Reads the parameters of `ai.ask`.
    ///
    /// # Errors
    /// Where they are none: a step that was checked has them.
    pub fn of(args: &Value) -> Result<Wish, Failure> {
        let wrong = |what: &str| Failure::new(FailureKind::Invalid, format!("`ai` has {what}"));
        let text = |name: &str| args.get(name).filter(|value| !value.is_null()).map(Value::to_string);
        let prompt = text("prompt").ok_or_else(|| wrong("no prompt"))?;
        if args.get("tools").is_some() {
            return Err(wrong("`tools`, which this version does not call"));
        }
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
        let mut question = Question::new("", prompt);
        question.system = text("system");
        question.delivery = Delivery::Stream;
        if let Some(fields) = &returns {
            question.form = Form::Json { name: "answer".into(), schema: value::schema(fields) };
        }
        let account = args.get(ACCOUNT);
        let counted = |name: &str| account?.get(name).map(Value::to_string);
        let model = text("model");
        let need = Need { model, quality, features: BTreeSet::new(), writes: WRITES, limit: None };
        Ok(Wish {
            question,
            need,
            returns,
            check,
            max_cost: args.get("max_cost").and_then(dollars),
            run_cost: account.and_then(|account| account.get("limit")).and_then(dollars),
            workflow: counted("workflow").unwrap_or_default(),
            step: counted("step").unwrap_or_default(),
        })
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
