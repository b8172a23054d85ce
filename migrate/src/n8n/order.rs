//! In which order nodes are gone through, and which belong together.

use std::collections::{BTreeMap, BTreeSet};

use super::file::{File, Link};

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Node(usize),
    /// A loop of batches, after all that is in it.
    Done(usize),
}

/// Nodes that are gone through again and again: one behind the other, with an If at their end that leads back or on.
#[derive(Clone, Debug)]
pub struct Round {
    pub first: usize,
    pub last: usize,
    /// The port of the If that leads back.
    pub back: usize,
    /// The node from which the link goes that leads back: the If, or the last of what only waits behind it.
    pub from: usize,
}

/// The order of a group of nodes.
#[derive(Debug, Default)]
pub struct Order {
    pub steps: Vec<Step>,
    /// The links that are followed.
    pub links: Vec<Link>,
    /// The links that lead back to a loop of batches.
    pub back: Vec<Link>,
    /// The links that lead back otherwise, from and to: they are not followed.
    pub circles: Vec<(usize, usize)>,
    /// Of these, those that are rounds until a condition holds.
    pub rounds: Vec<Round>,
    pub has_start: bool,
    parts: BTreeSet<usize>,
}

impl Order {
    /// True for a node that is part of another one.
    pub fn is_part(&self, node: usize) -> bool {
        self.parts.contains(&node)
    }

    /// The nodes from which no way leads on.
    pub fn ends(&self, file: &File, group: &[usize]) -> Vec<usize> {
        let leads = |node: usize| self.links.iter().any(|link| link.from == node);
        let own = |node: &usize| !file.nodes[*node].is_note() && !self.parts.contains(node) && !leads(*node);
        group.iter().copied().filter(own).collect()
    }

    /// Of two ends on different ways of one node, the one that is come to first and the other one.
    pub fn later(&self, file: &File, group: &[usize], ends: &[usize]) -> Option<(usize, usize)> {
        let &[one, two] = ends else { return None };
        let starts: Vec<usize> =
            group.iter().copied().filter(|node| file.nodes[*node].is_trigger()).collect();
        // The way without which an end is not come to.
        let only = |end: usize, node: usize| -> Option<usize> {
            let ports: BTreeSet<usize> =
                self.links.iter().filter(|link| link.from == node).map(|link| link.port).collect();
            ports.into_iter().find(|port| {
                let kept: Vec<&Link> =
                    self.links.iter().filter(|link| (link.from, link.port) != (node, *port)).collect();
                let (mut seen, mut open) = (BTreeSet::new(), starts.clone());
                while let Some(at) = open.pop() {
                    if seen.insert(at) {
                        open.extend(kept.iter().filter(|link| link.from == at).map(|link| link.to));
                    }
                }
                !seen.contains(&end)
            })
        };
        let by_place = file.settings.get("executionOrder").and_then(|order| order.as_str()) == Some("v1");
        let rank = |node: usize, port: usize| {
            let place = |at: usize| {
                let place = file.nodes[at].settings.get("position");
                let number = |index| place.and_then(|place| place.get(index)?.as_f64()).unwrap_or(0.0) as i64;
                (number(1), number(0))
            };
            let ends = self.links.iter().filter(|link| (link.from, link.port) == (node, port));
            let first = ends.map(|link| place(link.to)).min().filter(|_| by_place).unwrap_or((0, 0));
            (first, port)
        };
        group.iter().find_map(|node| {
            let (left, right) = (only(one, *node)?, only(two, *node)?);
            let ahead = rank(*node, left) < rank(*node, right);
            (left != right).then_some(if ahead { (one, two) } else { (two, one) })
        })
    }
}

/// Which of these nodes read others by their names.
fn named(file: &File, group: &[usize]) -> Vec<(usize, usize)> {
    let mut pairs = vec![];
    let named: BTreeMap<&str, usize> =
        file.nodes.iter().enumerate().map(|(at, node)| (&*node.name, at)).collect();
    for &at in group.iter().filter(|at| !file.nodes[**at].is_note()) {
        let text = file.nodes[at].params.to_string();
        for start in ["$('", "$(\\\"", "$node[\\\"", "$node['"] {
            for (from, _) in text.match_indices(start).take(200) {
                let rest = &text[from + start.len()..];
                let end = rest.find(['\'', '\\', '"']).unwrap_or(rest.len());
                if let Some(&other) = named.get(&rest[..end]) {
                    pairs.push((at, other));
                }
            }
        }
    }
    pairs
}

/// Nodes that have to do with one another, each group by itself; notes belong to none.
pub fn groups(file: &File) -> Vec<Vec<usize>> {
    let mut root: Vec<usize> = (0..file.nodes.len()).collect();
    fn find(root: &mut [usize], mut at: usize) -> usize {
        while root[at] != at {
            root[at] = root[root[at]];
            at = root[at];
        }
        at
    }
    let mut pairs: Vec<(usize, usize)> = file.links.iter().map(|link| (link.from, link.to)).collect();
    pairs.extend(file.subs.iter().map(|sub| (sub.from, sub.to)));
    // Who reads another by its name belongs to it as well.
    pairs.extend(named(file, &root));
    for (a, b) in pairs {
        let (a, b) = (find(&mut root, a), find(&mut root, b));
        root[a.max(b)] = a.min(b);
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..file.nodes.len() {
        if !file.nodes[at].is_note() {
            let root = find(&mut root, at);
            groups.entry(root).or_default().push(at);
        }
    }
    // What nothing starts runs only where nothing in the file has a start.
    let starts = |group: &Vec<usize>| group.iter().any(|node| file.nodes[*node].is_trigger());
    let any = groups.values().any(starts);
    groups.into_values().filter(|group| !any || starts(group)).collect()
}

/// What a link that leads back goes round, where that is one node behind the other.
fn round(file: &File, links: &[Link], back: &Link) -> Option<Round> {
    let outs = |node: usize| links.iter().filter(move |link| link.from == node).collect::<Vec<_>>();
    let ins = |node: usize| links.iter().filter(move |link| link.to == node).collect::<Vec<_>>();
    let short = |node: usize| file.nodes[node].short.as_str();
    // From the link backwards over what only waits, to the If.
    let (mut last, mut port) = (back.from, back.port);
    for _ in 0..file.nodes.len() {
        if !matches!(short(last), "noOp" | "wait") {
            break;
        }
        let &[before] = &ins(last)[..] else { return None };
        (last, port) = (before.from, before.port);
    }
    let ways = outs(last).iter().filter(|link| link.port == port).count();
    if short(last) != "if" || ways != usize::from(last != back.from) {
        return None;
    }
    // And forwards from where it leads to, to the same If.
    let mut at = back.to;
    for step in 0..file.nodes.len() {
        let apart =
            matches!(short(at), "merge" | "splitInBatches" | "respondToWebhook" | "switch" | "filter");
        if apart || step > 0 && ins(at).len() != 1 || file.nodes[at].is_trigger() {
            return None;
        }
        if at == last {
            return Some(Round { first: back.to, last, back: port, from: back.from });
        }
        let &[next] = &outs(at)[..] else { return None };
        at = next.to;
    }
    None
}

/// The order of a group.
pub fn order(file: &File, group: &[usize]) -> Order {
    let within: BTreeSet<usize> = group.iter().copied().collect();
    let all: Vec<Link> = file
        .links
        .iter()
        .filter(|link| within.contains(&link.from) && within.contains(&link.to))
        .cloned()
        .collect();
    let mut order = Order {
        has_start: group
            .iter()
            .any(|node| file.nodes[*node].is_trigger() && !file.nodes[*node].on("disabled")),
        parts: file.subs.iter().map(|sub| sub.from).collect(),
        ..Order::default()
    };
    let reach = |from: &[usize], links: &[Link]| -> BTreeSet<usize> {
        let mut outs: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for link in links {
            outs.entry(link.from).or_default().push(link.to);
        }
        let (mut seen, mut open): (BTreeSet<usize>, Vec<usize>) = (BTreeSet::new(), from.to_vec());
        while let Some(at) = open.pop() {
            if seen.insert(at) {
                open.extend(outs.get(&at).into_iter().flatten());
            }
        }
        seen
    };
    let loops: Vec<usize> = group.iter().copied().filter(|node| file.loops.contains(node)).collect();
    let mut links = all.clone();
    let mut bodies: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for &node in &loops {
        let port = usize::from(file.nodes[node].version >= 3.0);
        let first: Vec<usize> =
            all.iter().filter(|link| link.from == node && link.port == port).map(|link| link.to).collect();
        let without: Vec<Link> = all.iter().filter(|link| link.from != node).cloned().collect();
        let body = reach(&first, &without);
        let (back, kept): (Vec<Link>, Vec<Link>) =
            links.into_iter().partition(|link| link.to == node && body.contains(&link.from));
        order.back.extend(back);
        links = kept;
        bodies.insert(node, body);
    }
    // What still leads back is cut where a walk through the depth meets a node that it is in.
    let mut state: BTreeMap<usize, u8> = BTreeMap::new();
    let mut cut: BTreeSet<Link> = BTreeSet::new();
    for &start in group {
        let mut stack = vec![(start, 0usize)];
        if state.contains_key(&start) {
            continue;
        }
        state.insert(start, 1);
        while let Some((at, next)) = stack.pop() {
            let mut outs = links.iter().filter(|link| link.from == at).skip(next);
            match outs.next() {
                None => {
                    state.insert(at, 2);
                }
                Some(link) => {
                    stack.push((at, next + 1));
                    match state.get(&link.to) {
                        Some(1) => {
                            cut.insert(link.clone());
                        }
                        Some(_) => {}
                        None => {
                            state.insert(link.to, 1);
                            stack.push((link.to, 0));
                        }
                    }
                }
            }
        }
    }
    links.retain(|link| !cut.contains(link));
    order.rounds = cut.iter().filter_map(|link| round(file, &links, link)).collect();
    order.circles = cut.iter().map(|link| (link.from, link.to)).collect();
    // Each stands by itself: what two of them share is a knot.
    let firsts: Vec<usize> = order.rounds.iter().map(|round| round.first).collect();
    order.rounds.retain(|round| firsts.iter().filter(|first| **first == round.first).count() == 1);
    // Each comes after all that leads to it, and after the loops that it is behind.
    let mut steps: Vec<Step> = group.iter().map(|node| Step::Node(*node)).collect();
    steps.extend(loops.iter().map(|node| Step::Done(*node)));
    let mut before: BTreeMap<Step, BTreeSet<Step>> = BTreeMap::new();
    for link in &links {
        let is_loop = bodies.contains_key(&link.from);
        let out = is_loop && link.port != usize::from(file.nodes[link.from].version >= 3.0);
        let from = if out { Step::Done(link.from) } else { Step::Node(link.from) };
        before.entry(Step::Node(link.to)).or_default().insert(from);
    }
    for (node, body) in &bodies {
        let mut own: BTreeSet<Step> = BTreeSet::from([Step::Node(*node)]);
        let behind: BTreeSet<usize> = reach(
            &links
                .iter()
                .filter(|link| {
                    link.from == *node && link.port != usize::from(file.nodes[*node].version >= 3.0)
                })
                .map(|link| link.to)
                .collect::<Vec<_>>(),
            &links,
        );
        own.extend(
            body.iter()
                .filter(|inner| **inner != *node && !behind.contains(inner))
                .map(|inner| Step::Node(*inner)),
        );
        own.extend(
            bodies
                .keys()
                .filter(|inner| **inner != *node && body.contains(inner) && !behind.contains(inner))
                .map(|inner| Step::Done(*inner)),
        );
        before.entry(Step::Done(*node)).or_default().extend(own);
    }
    // Whoever reads another by its name comes after it, where nothing leads from it there.
    for (at, other) in named(file, group).into_iter().take(500) {
        if !reach(&[at], &links).contains(&other) {
            before.entry(Step::Node(at)).or_default().insert(Step::Node(other));
        }
    }
    let mut done: BTreeSet<Step> = BTreeSet::new();
    while done.len() < steps.len() {
        let free = steps
            .iter()
            .find(|step| !done.contains(step) && before.get(step).is_none_or(|all| all.is_subset(&done)));
        // Where nothing is free there is a knot: the first of it is taken, and finds nothing that leads to it.
        let next = free.or_else(|| steps.iter().find(|step| !done.contains(step)));
        let Some(next) = next.copied() else { break };
        done.insert(next);
        order.steps.push(next);
    }
    order.links = links;
    order
}
