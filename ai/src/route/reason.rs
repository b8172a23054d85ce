//! Why a model is asked, in one line for somebody who has never seen the router.

use super::{Basis, Candidate, Choice, Need, Prospect, Strategy, Why, is_below};

/// Why the first comes first; without any, why there is none.
pub(super) fn reason(need: &Need, basis: &Basis<'_>, choice: &Choice<'_>) -> String {
    let Some(first) = choice.candidates.first() else { return nobody(need, choice) };
    let name = name(first);
    let cost = cost(first);
    if need.model.is_some() {
        return format!("{name}: it was asked for by name; {cost}");
    }
    let meeting = choice.candidates.iter().filter(|one| !is_below(need, one)).count();
    let is_silent = basis.prospect.is_some_and(Prospect::is_silent);
    if meeting == 1 && choice.candidates.len() == 1 && !is_silent {
        return format!("{name}: the only one that meets the need; {cost}");
    }
    match (need.strategy, basis.prospect) {
        (Strategy::Fastest, _) => match first.pace {
            Some(pace) => {
                let seconds = pace.as_secs_f64();
                format!("{name}: the fastest of {meeting} that meet the need, {seconds:.1} s lately; {cost}")
            }
            None => format!(
                "{name}: how fast they are is not known yet, so the cheapest of {meeting} that meet the need; {cost}"
            ),
        },
        (Strategy::Best, _) => {
            format!("{name}: the cheapest of the best grade among {meeting} that meet the need; {cost}")
        }
        (Strategy::Cheapest, Some(prospect)) => foretold(need, prospect, choice, first),
        (Strategy::Cheapest, None) => {
            format!("{name}: the cheapest of {meeting} that meet the need; {cost}")
        }
    }
}

fn name(of: &Candidate<'_>) -> String {
    format!("`{}` of {}", of.offer.name, of.offer.provider.title)
}

fn cost(of: &Candidate<'_>) -> String {
    match of.likely {
        Some(likely) => format!("about {likely} USD"),
        None => "its price is not known".into(),
    }
}

/// The reason where chances were weighed against prices.
fn foretold(need: &Need, prospect: &Prospect, choice: &Choice<'_>, first: &Candidate<'_>) -> String {
    let (name, cost, rests_on) = (name(first), cost(first), &prospect.rests_on);
    let chance = |of: &Candidate<'_>| of.chance.map_or_else(String::new, |chance| format!("{chance:.2}"));
    match choice.single.filter(|_| is_below(need, first)) {
        Some(single) => {
            let instead = single.likely.map_or_else(String::new, |likely| format!(" instead of {likely}"));
            format!(
                "{name}: {rests_on}, {} that it will do; {cost}{instead} with `{}`",
                chance(first),
                single.offer.name
            )
        }
        None => {
            let below = choice.candidates.iter().filter(|one| is_below(need, one));
            let best =
                below.max_by(|one, other| one.chance.unwrap_or(0.0).total_cmp(&other.chance.unwrap_or(0.0)));
            let refused = match best {
                Some(best) => {
                    format!(" ({rests_on}, only {} that `{}` would do)", chance(best), best.offer.name)
                }
                None if prospect.is_silent() => format!(" ({rests_on})"),
                None => String::new(),
            };
            let among = match choice.candidates.iter().filter(|one| !is_below(need, one)).count() {
                1 => "the only one that meets the need".to_owned(),
                meeting => format!("the cheapest of {meeting} that meet the need"),
            };
            format!("{name}: {among}{refused}; {cost}")
        }
    }
}

fn nobody(need: &Need, choice: &Choice<'_>) -> String {
    let rejected = &choice.rejected;
    match &need.model {
        _ if rejected.is_empty() => "there is no key for any model".into(),
        Some(model) if rejected.iter().all(|(_, why)| *why == Why::NotNamed) => {
            format!("there is no key for `{model}`")
        }
        Some(model) => format!("`{model}` cannot be asked"),
        None => format!("none of {} models meets the need", rejected.len()),
    }
}
