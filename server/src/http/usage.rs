//! What calls to models took and cost, and what may be spent.

use ai::price::Money;
use serde_json::{Value, json};
use store::calls::{By, Sum};

use super::session::text;
use super::{Answer, Ask, Refusal};
use crate::shown;
use crate::usage::{Budget, Savings};

/// The words for what is counted together.
pub const WORDS: [&str; 8] = ["day", "key", "model", "owner", "provider", "step", "token", "workflow"];

/// The words for what a budget counts.
pub const SCOPES: [&str; 4] = ["owner", "workflow", "key", "token"];

/// The names of the kinds of tokens, in the order of the ledger.
pub const TOKENS: [&str; 6] = [
    "input_uncached",
    "input_cached",
    "cache_write_5m",
    "cache_write_1h",
    "output_visible",
    "output_reasoning",
];

/// What was called, counted together by something.
pub fn show(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let by = by(ask)?;
    let since = ask.said.since()?.unwrap_or(i64::MIN);
    let sums = crate::usage::usage(part.home(), part.owner(), by, since)?;
    let usage: Vec<Value> = sums.iter().map(sum).collect();
    let total: i64 = sums.iter().map(|sum| sum.cost).sum();
    Ok(Answer::ok(json!({ "by": by.name(), "usage": usage, "cost_usd": shown::dollars(total) })))
}

/// What answers would have cost otherwise, counted together by something.
pub fn savings(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let by = by(ask)?;
    let since = ask.said.since()?.unwrap_or(i64::MIN);
    let all = crate::usage::savings(part.home(), part.owner(), by, since)?;
    let row = |(name, one): &(String, Savings)| {
        let mut told = shown::savings(one);
        told["name"] = name.as_str().into();
        told
    };
    Ok(Answer::ok(json!({ "by": by.name(), "savings": all.iter().map(row).collect::<Vec<_>>() })))
}

/// What is to be counted together.
fn by(ask: &Ask<'_>) -> Result<By, Refusal> {
    let word = ask.said.query.get("by").map_or("model", String::as_str);
    By::ALL.into_iter().find(|by| by.name() == word).ok_or_else(|| {
        let words = WORDS.map(|word| format!("`{word}`")).join(", ");
        Refusal::bad(format!("`by` is one of {words}"))
    })
}

fn sum(sum: &Sum) -> Value {
    let tokens: serde_json::Map<String, Value> =
        TOKENS.iter().zip(sum.tokens).map(|(name, count)| ((*name).to_owned(), count.into())).collect();
    json!({
        "name": sum.name,
        "calls": sum.calls,
        "failed": sum.failed,
        "estimated": sum.estimated,
        "unpriced": sum.unpriced,
        "tokens": tokens,
        "cost_usd": (sum.unpriced < sum.calls).then(|| shown::dollars(sum.cost)),
    })
}

/// What may be spent in this month, and what is.
pub fn budgets(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let budgets = crate::usage::budgets(part.home(), part.owner(), crate::usage::month())?;
    let rows: Vec<Value> = budgets.iter().map(|(budget, spent)| shown::budget(budget, *spent)).collect();
    Ok(Answer::ok(json!({ "budgets": rows })))
}

/// Sets one.
pub fn set_budget(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let (scope, name) = of(text(ask, "scope"), ask.said.text("name"))?;
    let given = text(ask, "most_usd");
    let most =
        Money::parse(given).and_then(|money| i64::try_from(money.units()).ok()).filter(|most| *most >= 0);
    let most =
        most.ok_or_else(|| Refusal::unfit("`most_usd` is no amount").help("write it as \"20\" or \"0.50\""))?;
    let budget = Budget { owner: part.owner().into(), scope: scope.into(), name: name.into(), most };
    let told = json!({ "scope": scope, "name": name, "most_usd": shown::dollars(most) });
    crate::usage::set_budget(&*part.vault()?, part.acts(&ask.who.actor()), budget)?;
    Ok(Answer::ok(told))
}

/// Removes one.
pub fn remove_budget(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let said = |name: &str| ask.said.query.get(name).map(String::as_str);
    let (scope, name) = of(said("scope").unwrap_or("owner"), said("name"))?;
    let vault = part.vault()?;
    match crate::usage::remove_budget(&vault, part.acts(&ask.who.actor()), scope, name)? {
        Some(_) => Ok(Answer::ok(json!({ "removed": scope, "name": name }))),
        None => Err(Refusal::absent("budget", if name.is_empty() { scope } else { name })),
    }
}

/// What a budget counts. That of the owner has no name, and each other one has.
fn of<'a>(scope: &str, name: Option<&'a str>) -> Result<(&'static str, &'a str), Refusal> {
    let name = name.unwrap_or_default();
    let known = SCOPES.into_iter().find(|known| *known == scope);
    let scope = known.ok_or_else(|| Refusal::bad("`scope` is `owner`, `workflow`, `key` or `token`"))?;
    match (scope, name) {
        ("owner", "") => Ok((scope, name)),
        ("owner", _) => Err(Refusal::unfit("a budget of the owner has no `name`")),
        (_, "") => Err(Refusal::unfit(format!("a budget of a {scope} has its `name`"))),
        _ => Ok((scope, name)),
    }
}
