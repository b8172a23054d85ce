//! What answers cost, and what they would have cost with other models.

use server::Money;
use server::calls::By;
use server::usage::Savings;

use crate::cmd::check::plural;
use crate::output::{self, FAINT, STRONG};

/// Prints savings, by something.
pub fn tell(by: By, savings: &[(String, Savings)], json: bool) {
    match (json, savings) {
        (true, _) => output::json(&savings.iter().map(|(name, one)| to_json(by, name, one)).collect()),
        (false, []) => output::note("no model was called yet"),
        (false, savings) => output::result(&table(by, savings)),
    }
}

fn table(by: By, savings: &[(String, Savings)]) -> String {
    let width = savings.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).clamp(8, 48);
    let head = by.name().to_uppercase();
    let mut table = format!(
        "{STRONG}{head:<width$} {:>8} {:>14} {:>16} {:>7} {:>16} {:>7}{STRONG:#}\n",
        "ANSWERS", "USD", "BY PRICE ALONE", "SAVED", "WITH THE BEST", "SAVED"
    );
    let line = |name: &str, one: &Savings| {
        format!(
            "{name:<width$} {:>8} {:>14} {:>16} {:>7} {:>16} {:>7}\n",
            one.answers,
            one.cost.to_string(),
            one.single.to_string(),
            percent(one, one.single),
            one.reference.to_string(),
            percent(one, one.reference)
        )
    };
    savings.iter().for_each(|(name, one)| table += &line(name, one));
    let all = savings.iter().fold(Savings::default(), |all, (_, one)| all + *one);
    if savings.len() > 1 {
        table += &line("together", &all);
    }
    let Savings { calls, below, escalated, uncompared, .. } = all;
    table += &format!(
        "{FAINT}{}; {below} answers came from a model below what their step asks for, {escalated} did not fit and were \
         asked again of a better one{FAINT:#}\n",
        plural(usize::try_from(calls).unwrap_or(0), "call")
    );
    if all.reused > 0 {
        let unknown = match all.unsaved {
            0 => String::new(),
            some => format!("; of {some} of them it is not known"),
        };
        table += &format!(
            "{FAINT}{} answers came from before, by `cache`: asked anew they would have cost {} USD, which stands in none of these \
             columns{unknown}{FAINT:#}\n",
            all.reused, all.saved
        );
    }
    if uncompared > 0 {
        table += &format!(
            "{FAINT}{} that cannot be compared: the same on all sides{FAINT:#}\n",
            plural(usize::try_from(uncompared).unwrap_or(0), "answer")
        );
    }
    table += &format!(
        "{FAINT}by price alone: the cheapest model of your keys that is as good as the step asks; the best: the cheapest of the best \
         grade; each at as many tokens as the answer had, and as if it had not failed{FAINT:#}\n"
    );
    table
}

fn percent(one: &Savings, beside: Money) -> String {
    one.percent(beside).map_or_else(String::new, |percent| format!("{percent:.1} %"))
}

fn to_json(by: By, name: &str, one: &Savings) -> serde_json::Value {
    let mut told = server::shown::savings(one);
    told[by.name()] = name.into();
    told
}
