//! Loops that end after so many rounds: `if (count++ >= most) break`, as their last statement.

use super::names::{changed, leaves, uses};
use super::run::Run;
use crate::js::{Js, Stmt};
use crate::n8n::say::{Val, no};
use crate::n8n::weave::Res;
use crate::ours::{Bind, Ex, Sort};

/// How a loop is cut off: what counts its rounds, and after how many it ends.
pub struct Most {
    /// The name that counts.
    pub counter: Option<String>,
    /// How many rounds there are at most that go to their end.
    pub rounds: Ex,
}

/// The statements of a loop without the one that ends it.
pub fn cut(run: &mut Run, body: &[Stmt]) -> Res<Option<(Vec<Stmt>, Most)>> {
    let Some((Stmt::If(condition, yes, other), rest)) = body.split_last() else { return Ok(None) };
    if yes[..] != [Stmt::Break] || !other.is_empty() {
        return Ok(None);
    }
    let Js::Binary(sign @ (">=" | ">" | "===" | "=="), left, right) = condition else {
        return no("`break`, as it stands");
    };
    let (mut rest, limit) = (rest.to_vec(), run.ex(right)?);
    let (counter, after) = match &**left {
        // What was counted before this round.
        Js::Unary("++", of) => (named(of), 1),
        Js::Name(name) => {
            // Counted as the last thing before it is looked at.
            let last = rest.pop();
            let one = Js::Number("1".into());
            let counts =
                matches!(&last, Some(Stmt::Assign(Js::Name(own), "+=", by)) if own == name && *by == one);
            if !counts {
                return no("`break`, as it stands");
            }
            (Some(name.clone()), 0)
        }
        // How long the list is to which each round adds one.
        Js::Member(of, length) if length == "length" => match &**of {
            Js::Name(list) if is_empty_list(run, list) && adds_one(&rest, list) => (None, 0),
            _ => return no("`break`, as it stands"),
        },
        _ => return no("`break`, as it stands"),
    };
    let whole = matches!(limit.text.parse::<u32>(), Ok(number) if number > 0);
    if !whole {
        return no("`break` after a number of rounds that is made");
    }
    let more = after + u32::from(*sign == ">");
    if let Some(counter) = &counter {
        let zero = matches!(run.say.var(counter), Some(Val::Ex(ex)) if ex.text == "0");
        if !zero || uses(&rest, counter).0 > 0 {
            return no(format!("`{counter}`, which goes from round to round of a loop"));
        }
    } else if matches!(&**left, Js::Unary(..)) {
        return no("`break`, as it stands");
    }
    // Whatever grows has to grow by one in each round that goes to its end, so that its length counts the rounds.
    let mut names = std::collections::BTreeSet::new();
    changed(&rest, &mut names);
    let own = names.iter().filter(|name| run.say.var(name).is_some());
    if !own.clone().all(|name| is_empty_list(run, name) && adds_one(&rest, name)) {
        return no("`break` in a loop that does more than to add one thing in each round");
    }
    let rounds = Ex::number((limit.text.parse::<u32>().unwrap_or(1) + more).to_string());
    Ok(Some((rest, Most { counter, rounds })))
}

/// What a list is after so many rounds.
pub fn shortened(list: &Val, most: &Most) -> Res<Val> {
    let slice = |ex: &Ex| {
        let text = format!("slice({}, 0, {})", ex.text, most.rounds.text);
        Ex::new(text, Bind::Path, Sort::List)
    };
    match list {
        Val::All(ex) => Ok(Val::All(slice(ex))),
        Val::Ex(ex) if ex.sort == Sort::List => Ok(Val::Ex(slice(ex))),
        _ => no("`break`, as it stands"),
    }
}

fn named(js: &Js) -> Option<String> {
    match js {
        Js::Name(name) => Some(name.clone()),
        _ => None,
    }
}

fn is_empty_list(run: &Run, name: &str) -> bool {
    matches!(run.say.var(name), Some(Val::Ex(ex)) if ex.text == "[]")
}

/// True where a list is given one thing in each round that goes to its end, and is named nowhere else.
fn adds_one(body: &[Stmt], list: &str) -> bool {
    let is_push = |stmt: &Stmt| match stmt {
        Stmt::Expr(Js::Call(callee, args)) => {
            matches!(&**callee, Js::Member(of, method) if **of == Js::Name(list.to_owned()) && method == "push")
                && args.len() == 1
                && !matches!(args[0], Js::Spread(_))
        }
        _ => false,
    };
    // After that no round is left.
    let at = body.iter().position(is_push);
    uses(body, list).0 == 1 && at.is_some_and(|at| !leaves(&body[at + 1..]))
}
