//! The calls of a run to models, as the ledger has them.

use std::time::Duration;

use server::calls::{Call, OWN, REUSED};
use server::engine::spent::Spent;

use crate::cmd::usage::cost;
use crate::output::{BAD, FAINT, STRONG};

/// The calls, each with its model, key, payer, tokens and cost, and why this model.
pub fn page(calls: &[Call]) -> String {
    if calls.is_empty() {
        return String::new();
    }
    let mut page = format!("\n{STRONG}models{STRONG:#}\n");
    for call in calls {
        let outcome = &call.outcome;
        if outcome.class == REUSED {
            let saved = call
                .saved
                .map_or("a price that is not known".to_owned(), |units| format!("{} USD", cost(units)));
            page += &format!(
                "  {}  {}/{}  answered from before  0.00 USD instead of {saved}\n",
                call.step, call.provider, call.model
            );
            page += &format!("      {FAINT}why {}{FAINT:#}\n", call.why);
            continue;
        }
        let (read, written) =
            (outcome.tokens[..4].iter().sum::<i64>(), outcome.tokens[4..].iter().sum::<i64>());
        let about = if outcome.estimated { "about " } else { "" };
        let paid = match &*call.payer {
            OWN => String::new(),
            payer => format!(", paid by {payer}"),
        };
        let class = match &*outcome.class {
            "ok" => String::new(),
            class => format!("  {BAD}{class}{BAD:#}"),
        };
        let took = outcome.latency.and_then(|length| u64::try_from(length).ok());
        let took = took
            .map_or(String::new(), |length| format!("  {:.1}s", Duration::from_nanos(length).as_secs_f64()));
        let price = outcome.cost.map_or("price not known".to_owned(), |units| format!("{} USD", cost(units)));
        page += &format!(
            "  {}  {}/{}  {FAINT}key{FAINT:#} {}{paid}  {about}{read} read, {written} written  {price}{took}{class}\n",
            call.step, call.provider, call.model, call.key
        );
        page += &format!("      {FAINT}why {}{FAINT:#}\n", call.why);
    }
    page
}

/// What a step, or all that is in it, has taken of models.
pub fn taken(spent: &Spent) -> String {
    let paid = match &*spent.paid_by {
        OWN => String::new(),
        payer => format!(", paid by {payer}"),
    };
    let price = spent.dollars().map_or("price not known".to_owned(), |dollars| format!("{dollars} USD"));
    let (read, written) = (spent.tokens.input, spent.tokens.output);
    format!("{}/{}{paid}  {read} read, {written} written  {price}", spent.provider, spent.model)
}

/// A call with all that is known of it.
pub fn to_json(call: &Call) -> serde_json::Value {
    let outcome = &call.outcome;
    let [uncached, cached, minutes, hour, visible, reasoning] = outcome.tokens;
    serde_json::json!({
        "step": call.step,
        "attempt": call.attempt,
        "provider": call.provider,
        "model": call.model,
        "key": call.key,
        "paid_by": call.payer,
        "why": call.why,
        "class": outcome.class,
        "tokens": {
            "input_uncached": uncached,
            "input_cached": cached,
            "cache_write_5m": minutes,
            "cache_write_1h": hour,
            "output_visible": visible,
            "output_reasoning": reasoning,
        },
        "estimated": outcome.estimated,
        "cost_usd": outcome.cost.map(cost),
        "most_usd": call.reserved.map(cost),
        "saved_usd": call.saved.map(cost),
    })
}
