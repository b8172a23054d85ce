//! What the models of a run would cost, in words. What is not known is said to be, and is never zero.

use server::costs::{Amount, Costs, Money, OfStep, Tight, Verdict, has_time};

/// How many digits of an estimate are shown.
const DIGITS: u32 = 2;

/// The whole, a line for each thing to say; nothing where nobody is asked.
pub fn sum(costs: &Costs) -> Vec<String> {
    let mut lines: Vec<String> = vec![];
    for (loops, amount) in &costs.sum.known {
        let each: Vec<String> = loops.iter().rev().map(|path| format!("each item of {path}")).collect();
        let each = if each.is_empty() { String::new() } else { format!(" for {}", each.join(" of ")) };
        lines.push(format!("{}{each}", self::amount(amount)));
    }
    if !costs.sum.unknown.is_empty() {
        let steps: Vec<&str> = costs.sum.unknown.iter().map(String::as_str).collect();
        lines.push(format!("not known of {}", steps.join(", ")));
    }
    if let (Some(limit), false) = (costs.limit, lines.is_empty()) {
        lines.push(format!("`limits.ai_cost` stops the run before it costs more than {limit} USD"));
    }
    lines.extend(costs.tight.iter().map(tight));
    lines
}

fn amount(amount: &Amount) -> String {
    let most =
        amount.most.map_or("no bound is known".to_owned(), |most| format!("at most {} USD", above(most)));
    format!("about {} USD, {most}", near(amount.likely))
}

fn tight(tight: &Tight) -> String {
    let verdict = match tight.verdict {
        Verdict::Stops => "would stop it",
        Verdict::MayStop => "may stop it",
    };
    let of = match &*tight.budget.name {
        "" => "of the owner".to_owned(),
        name => format!("of the {} `{name}`", tight.budget.scope),
    };
    format!("the budget {of} {verdict}: {} USD are left for this month", tight.left)
}

/// What one step would cost.
pub fn line(step: &OfStep) -> String {
    let foreseen = match &step.foreseen {
        Ok(foreseen) => foreseen,
        Err(why) => return format!("what its model costs is not known: {why}"),
    };
    let paid = match &*foreseen.payer {
        "own" => String::new(),
        payer => format!(", paid by {payer}"),
    };
    let most = match step.most() {
        Some(most) => format!("at most {} USD", above(most)),
        None => "no bound is known".to_owned(),
    };
    let likely = foreseen
        .likely
        .map_or("at a price that is not known".to_owned(), |likely| format!("about {} USD", near(likely)));
    let mut line = format!(
        "asks {}/{} with the key {}{paid}: {likely}",
        foreseen.provider, foreseen.model, foreseen.key
    );
    if let Some(turns) = step.asks.turns {
        line += &format!(" for its first turn of {turns}");
    }
    line += &format!(", {most}");
    if has_time(step) {
        line += "; half of it in a batch";
    }
    if !step.asks.open.is_empty() {
        let open = step.asks.open.join("`, `");
        line += &format!("; without what is filled in at `{open}`, which only the run will know");
    }
    line
}

/// An estimate, to its first digits.
fn near(amount: Money) -> Money {
    rounded(amount, |part, whole| part + whole / 2)
}

/// A bound, to its first digits, and never less than it is.
fn above(amount: Money) -> Money {
    rounded(amount, |part, whole| part + whole - 1)
}

fn rounded(amount: Money, up: fn(i128, i128) -> i128) -> Money {
    let units = amount.units();
    let length = units.checked_ilog10().map_or(0, |digits| digits + 1);
    let whole = 10_i128.pow(length.saturating_sub(DIGITS));
    Money::from_units(up(units, whole) / whole * whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_never_rounded_down_and_nothing_stays_nothing() {
        let money = |text: &str| Money::parse(text).expect("an amount");
        assert_eq!(above(money("0.012300000001")), money("0.013"));
        assert_eq!(above(money("0.99")), money("0.99"));
        assert_eq!(above(money("0.991")), money("1"));
        assert_eq!(near(money("0.01234")), money("0.012"));
        assert_eq!(near(money("0.01251")), money("0.013"));
        assert_eq!((near(Money::ZERO), above(Money::ZERO)), (Money::ZERO, Money::ZERO));
        assert_eq!(above(Money::from_units(1)), Money::from_units(1));
    }
}
