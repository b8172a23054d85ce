//! Nodes that are gone round until an If leads on.

use super::order::Round;
use super::shown;
use super::weave::{Card, Flow, ROOT, Weave};
use crate::ours::Ex;
use crate::report::{Kind, Why};

/// A way back that has no equal.
pub fn circle(weave: &mut Weave, node: usize, to: usize) {
    let name = shown(&weave.file.nodes[to].name);
    weave.parts[node].person(Why::new(Kind::Flow, format!("its way back to `{name}` makes a circle")));
}

/// What comes in at a node with which rounds begin.
pub fn begin(weave: &mut Weave, round: &Round, first: &Flow) -> Flow {
    let once = weave.file.nodes[round.first].on("executeOnce");
    // Of several items each goes round by itself.
    let each = match &first.card {
        Card::Many(_) if !once => weave.place(round.first, first).same(),
        Card::Many(_) | Card::One(_) => first.clone(),
    };
    match if once { None } else { weave.go_round(round.first, &each) } {
        Some(inner) => {
            let name = shown(&weave.file.nodes[round.first].name);
            weave.settle.insert(format!(
                "how often it goes back to `{name}`: at most 1000 times, where n8n goes on without an end"
            ));
            inner
        }
        None => {
            circle(weave, round.from, round.first);
            first.clone()
        }
    }
}

/// The ways of the node with which rounds end: one leads back, and what goes the other one leaves the block.
pub fn end(weave: &mut Weave, round: &Round, input: &Flow, flows: Vec<(usize, Flow)>) -> Vec<(usize, Flow)> {
    let inside = weave.scopes[input.scope].until.is_some();
    let on = flows.iter().find(|(port, _)| *port != round.back).map(|(_, flow)| flow.clone());
    let (Card::One(item), Some(on), true, None) = (&input.card, on, inside, &input.guard) else {
        circle(weave, round.from, round.first);
        return flows;
    };
    let until = on.guard.clone().unwrap_or_else(|| Ex::bool(true));
    weave.rounds_end(input.scope, until, item);
    let parent = weave.scopes[input.scope].parent.unwrap_or(ROOT);
    let left = weave.after_rounds(&Flow { guard: None, ..on }, parent);
    let both = |(port, flow): (usize, Flow)| (port, if port == round.back { flow } else { left.clone() });
    flows.into_iter().map(both).collect()
}
