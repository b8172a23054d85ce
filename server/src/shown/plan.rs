//! What a plan tells beside its outline: what is missing, what models cost, and what they would have cost otherwise.

use serde_json::{Value, json};

use crate::connections::{Lack, Lacking};
use crate::costs::{Costs, Money, Verdict};
use crate::usage::Savings;

/// What is missing of connections.
pub fn lack(lack: &Lack) -> Value {
    let scopes = match &lack.what {
        Lacking::Scopes(scopes) => scopes.clone(),
        Lacking::Connection | Lacking::Choice(_) | Lacking::Person(_) => vec![],
    };
    json!({
        "connector": lack.connector,
        "name": lack.name,
        "what": lack.what.name(),
        "scopes": scopes,
        "message": lack.sentence(),
        "type": Some(&lack.typed).filter(|typed| !typed.is_empty()),
    })
}

/// What models would cost; see `docs/plan.md` for its keys.
pub fn costs(costs: &Costs) -> Value {
    let text = |money: Option<Money>| money.map(|money| money.to_string());
    let sum = costs.sum.known.iter().map(|(loops, amount)| {
        json!({ "item_of": loops, "likely_usd": amount.likely.to_string(), "most_usd": text(amount.most) })
    });
    let steps = costs.steps.iter().map(|step| {
        let mut json = json!({
            "step": step.path,
            "times": step.times,
            "item_of": step.loops,
            "turns": step.asks.turns,
            "not_known": step.asks.open,
        });
        let more = match &step.foreseen {
            Err(why) => json!({ "why_not": why }),
            Ok(foreseen) => json!({
                "provider": foreseen.provider,
                "model": foreseen.model,
                "key": foreseen.key,
                "paid_by": foreseen.payer,
                "why": foreseen.why,
                "likely_usd": text(foreseen.likely),
                "most_usd": text(step.most()),
                "max_cost_usd": text(foreseen.max_cost),
            }),
        };
        if let (Some(json), Value::Object(more)) = (json.as_object_mut(), more) {
            json.extend(more);
        }
        json
    });
    let budgets = costs.tight.iter().map(|tight| {
        json!({
            "scope": tight.budget.scope,
            "name": tight.budget.name,
            "left_usd": tight.left.to_string(),
            "stops": match tight.verdict {
                Verdict::Stops => "likely",
                Verdict::MayStop => "perhaps",
            },
        })
    });
    json!({
        "sum": sum.collect::<Vec<_>>(),
        "unknown": costs.sum.unknown,
        "limit_usd": text(costs.limit),
        "most_usd": text(costs.most().filter(|_| !costs.steps.is_empty())),
        "budgets": budgets.collect::<Vec<_>>(),
        "steps": steps.collect::<Vec<_>>(),
    })
}

/// What answers of models cost, and what they would have cost otherwise.
pub fn savings(one: &Savings) -> Value {
    json!({
        "calls": one.calls,
        "answers": one.answers,
        "below": one.below,
        "escalated": one.escalated,
        "uncompared": one.uncompared,
        "reused": one.reused,
        "reused_unknown": one.unsaved,
        "reused_saved_usd": one.saved.to_string(),
        "cost_usd": one.cost.to_string(),
        "by_price_alone_usd": one.single.to_string(),
        "with_the_best_usd": one.reference.to_string(),
        "saved_beside_price_alone_percent": one.percent(one.single),
        "saved_beside_the_best_percent": one.percent(one.reference),
    })
}
