//! How items go from node to node. n8n gives every node a list of items and lets it work on each; here a value that is
//! one stays one, and where there may be several, the nodes that follow stand in a `for_each`. What looks at all items
//! at once takes them out of it again.

mod rounds;
mod ways;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use dsl::catalog::Catalog;

use super::file::File;
use crate::finish::{self, placeholder};
use crate::names;
use crate::ours::{Bind, Ex, Sort};
use crate::report::{Kind, Part, Why};
use crate::tree::{Entry, Tree};

pub use ways::either;
use ways::{TOO_LONG, capped};

/// What a handler gives, or why it cannot.
pub type Res<T> = Result<T, Why>;

/// The scope of the workflow itself.
pub const ROOT: usize = 0;

/// One item: what `$json` is.
#[derive(Clone, Debug)]
pub struct Item {
    /// The whole object, with the fields that n8n's would have.
    pub whole: Ex,
    /// Fields whose values are known by themselves.
    pub known: Vec<(String, Ex)>,
    pub rest: Rest,
}

/// What fields are beside the known ones.
#[derive(Clone, Debug)]
pub enum Rest {
    /// Those of this value.
    Open(Ex),
    /// None.
    Empty,
    /// Those that n8n gives and we do not; of whom.
    Closed(String),
}

impl Item {
    pub fn open(whole: Ex) -> Item {
        Item { rest: Rest::Open(whole.clone()), known: vec![], whole }
    }

    pub fn of(fields: Vec<(String, Ex)>, rest: Rest) -> Item {
        Item { whole: crate::ours::object(&fields), known: fields, rest }
    }

    /// The value of a field.
    pub fn field(&self, name: &str) -> Res<Ex> {
        if let Some((_, known)) = self.known.iter().rev().find(|(known, _)| known == name) {
            return Ok(known.clone());
        }
        match &self.rest {
            Rest::Open(whole) => Ok(whole.field(name)),
            Rest::Empty => Ok(Ex::null()),
            Rest::Closed(who) => Err(Why::new(
                Kind::Answer,
                format!("`{}` is read of what `{who}` gives, and is not in it here", names::shown(name)),
            )),
        }
    }
}

/// Several items.
#[derive(Clone, Debug)]
pub struct List {
    pub ex: Ex,
    /// The only fields that they have, and of whom, where n8n's have more.
    pub closed: Option<(Vec<String>, String)>,
}

impl List {
    pub fn open(ex: Ex) -> List {
        List { ex, closed: None }
    }

    /// One of them, called so.
    pub fn item(&self, called: Ex) -> Item {
        match &self.closed {
            None => Item::open(called),
            Some((names, who)) => {
                let known = names.iter().map(|name| (name.clone(), called.field(name))).collect();
                Item { whole: called, known, rest: Rest::Closed(who.clone()) }
            }
        }
    }
}

/// A file that goes with an item.
#[derive(Clone, Debug)]
pub struct Bin {
    pub file: Ex,
    pub name: Option<Ex>,
    /// True if it is text, not bytes.
    pub is_text: bool,
}

#[derive(Clone, Debug)]
pub enum Card {
    One(Item),
    Many(List),
}

/// What comes out of a port.
#[derive(Clone, Debug)]
pub struct Flow {
    pub scope: usize,
    pub card: Card,
    /// Where this is false nothing comes.
    pub guard: Option<Ex>,
    /// At which nodes which way was taken.
    pub picks: BTreeMap<usize, usize>,
    /// Steps of the scope that come first.
    pub after: BTreeSet<String>,
    pub files: BTreeMap<String, Bin>,
}

/// Where a node does its work on one item.
#[derive(Clone, Debug)]
pub struct Place {
    pub scope: usize,
    pub item: Item,
    pub guard: Option<Ex>,
    pub picks: BTreeMap<usize, usize>,
    pub after: BTreeSet<String>,
    pub files: BTreeMap<String, Bin>,
    /// All items, where they are at hand.
    pub all: Option<Ex>,
}

impl Place {
    /// What comes out where one item does.
    pub fn one(&self, item: Item, step: &str) -> Flow {
        self.flow(Card::One(item), step)
    }

    pub fn many(&self, list: List, step: &str) -> Flow {
        self.flow(Card::Many(list), step)
    }

    fn flow(&self, card: Card, step: &str) -> Flow {
        let after = BTreeSet::from([step.to_owned()]);
        Flow {
            scope: self.scope,
            card,
            guard: self.guard.clone(),
            picks: self.picks.clone(),
            after,
            files: BTreeMap::new(),
        }
    }

    /// What came in goes out.
    pub fn same(&self) -> Flow {
        Flow {
            scope: self.scope,
            card: Card::One(self.item.clone()),
            guard: self.guard.clone(),
            picks: self.picks.clone(),
            after: self.after.clone(),
            files: self.files.clone(),
        }
    }
}

#[derive(Debug)]
enum Slot {
    Step { name: String, part: usize, body: Vec<Entry> },
    Hold(usize),
}

/// A block in which steps stand.
#[derive(Debug)]
pub struct Scope {
    pub parent: Option<usize>,
    /// The step that it is in its parent.
    holder: String,
    part: usize,
    pub var: String,
    pub over: Ex,
    guard: Option<Ex>,
    picks: BTreeMap<usize, usize>,
    after: BTreeSet<String>,
    slots: Vec<Slot>,
    exports: Vec<(String, Ex)>,
    /// True if nodes that look at all items do so within it.
    pub batch: bool,
    /// For a block that is gone round: when that is over.
    pub until: Option<Ex>,
}

/// The way of a node of choice: what guards it, and how many ways it has.
pub struct Gate {
    pub guard: Option<Ex>,
    pub ways: usize,
}

/// A workflow while it is woven.
pub struct Weave<'a> {
    pub file: &'a File,
    pub catalog: &'a Catalog,
    pub scopes: Vec<Scope>,
    pub flows: BTreeMap<(usize, usize), Flow>,
    /// One for each node of the file, in its order.
    pub parts: Vec<Part>,
    pub taken: BTreeSet<String>,
    pub settle: BTreeSet<String>,
    pub gates: BTreeMap<usize, Gate>,
    each: BTreeMap<(usize, String), usize>,
    /// Lists whose items are items of another one.
    pub same: BTreeMap<String, String>,
    /// Lists whose items are those of another one with fields more: that one, and the names of the fields.
    pub paired: BTreeMap<String, (String, Vec<String>)>,
    /// Lists that are never empty, and those that have one item at most.
    pub filled: BTreeSet<String>,
    pub single: BTreeSet<String>,
    /// Paths at which a secret was, and what stands for it.
    pub hidden: BTreeMap<String, Ex>,
    pub triggers: Vec<Tree>,
    /// What must hold of a start that it counts, by its node.
    pub only: BTreeMap<usize, Ex>,
    pub inputs: Vec<Entry>,
    /// What inputs are called here, by what the file calls them.
    pub asked: BTreeMap<String, String>,
    pub output: Option<Tree>,
    /// The first items that triggers give, by node, for what reads them by name.
    pub replies: usize,
}

impl<'a> Weave<'a> {
    pub fn new(file: &'a File, catalog: &'a Catalog) -> Weave<'a> {
        let parts = file.nodes.iter().map(|node| {
            let mut part = Part::new(&*node.name, &*node.form);
            part.works = !node.is_note() && !node.is_trigger();
            part
        });
        let root = Scope {
            parent: None,
            holder: String::new(),
            part: 0,
            var: String::new(),
            over: Ex::null(),
            guard: None,
            picks: BTreeMap::new(),
            after: BTreeSet::new(),
            slots: vec![],
            exports: vec![],
            batch: true,
            until: None,
        };
        Weave {
            file,
            catalog,
            scopes: vec![root],
            flows: BTreeMap::new(),
            parts: parts.collect(),
            taken: BTreeSet::new(),
            settle: BTreeSet::new(),
            gates: BTreeMap::new(),
            each: BTreeMap::new(),
            same: BTreeMap::new(),
            paired: BTreeMap::new(),
            filled: BTreeSet::new(),
            single: BTreeSet::new(),
            hidden: BTreeMap::new(),
            triggers: vec![],
            only: BTreeMap::new(),
            inputs: vec![],
            asked: BTreeMap::new(),
            output: None,
            replies: 0,
        }
    }

    /// The scope and those around it, from within.
    pub fn around(&self, scope: usize) -> Vec<usize> {
        let mut all = vec![scope];
        while let Some(parent) = self.scopes[all[all.len() - 1]].parent {
            all.push(parent);
        }
        all
    }

    fn run_scope(&self, scope: usize) -> usize {
        self.around(scope).into_iter().find(|at| self.scopes[*at].batch).unwrap_or(ROOT)
    }

    /// Where a node works on the items of a flow.
    pub fn place(&mut self, node: usize, flow: &Flow) -> Place {
        match &flow.card {
            Card::One(item) => Place {
                scope: flow.scope,
                item: item.clone(),
                guard: flow.guard.clone(),
                picks: flow.picks.clone(),
                after: flow.after.clone(),
                files: flow.files.clone(),
                all: None,
            },
            Card::Many(list) => {
                let scope = self.open(node, flow, list, false);
                let item = list.item(Ex::path(&*self.scopes[scope].var));
                let all = Some(list.ex.clone());
                Place {
                    scope,
                    item,
                    guard: None,
                    picks: flow.picks.clone(),
                    after: BTreeSet::new(),
                    files: BTreeMap::new(),
                    all,
                }
            }
        }
    }

    /// The block in which each of these items is.
    pub fn open(&mut self, node: usize, flow: &Flow, list: &List, batch: bool) -> usize {
        let key = (flow.scope, list.ex.text.clone());
        if let Some(scope) = self.each.get(&key).copied().filter(|_| !batch) {
            self.scopes[scope].after.extend(flow.after.iter().cloned());
            return scope;
        }
        let depth = self.around(flow.scope).len();
        let var = if depth == 1 { "item".to_owned() } else { format!("item{depth}") };
        let holder = names::step(&format!("each {}", self.file.nodes[node].name), &mut self.taken);
        let scope = self.scopes.len();
        self.scopes.push(Scope {
            parent: Some(flow.scope),
            holder,
            part: node,
            var,
            over: list.ex.clone(),
            guard: flow.guard.clone(),
            picks: flow.picks.clone(),
            after: flow.after.clone(),
            slots: vec![],
            exports: vec![],
            batch,
            until: None,
        });
        self.scopes[flow.scope].slots.push(Slot::Hold(scope));
        if !batch {
            self.each.insert(key, scope);
        }
        scope
    }

    /// Adds a step for a node and gives its name.
    pub fn add(&mut self, node: usize, place: &Place, wish: &str, body: Vec<Entry>) -> String {
        let name = names::step(wish, &mut self.taken);
        let mut all = vec![];
        if let Some(guard) = &place.guard {
            all.push(Entry::text("if", &*guard.text));
        }
        all.extend(body);
        let unread = finish::unread(&all, &place.after);
        if !unread.is_empty() {
            all.insert(0, Entry::new("after", Tree::List(unread.into_iter().map(Tree::Text).collect())));
        }
        if self.parts[node].step.is_none() {
            self.parts[node].step = Some(name.clone());
        }
        self.scopes[place.scope].slots.push(Slot::Step { name: name.clone(), part: node, body: all });
        name
    }

    /// The last step of a node that calls something, by its name.
    pub fn acting(&self, node: usize) -> Option<String> {
        let slots = self.scopes.iter().flat_map(|scope| &scope.slots);
        let own = slots.filter_map(|slot| match slot {
            Slot::Step { name, part, body } if *part == node && acts(body) => Some(name.clone()),
            Slot::Step { .. } | Slot::Hold(_) => None,
        });
        own.fold(None, |_, name| Some(name))
    }

    /// Adds a key to the steps of a node that call something.
    pub fn decorate(&mut self, node: usize, entry: Entry) {
        for slot in self.scopes.iter_mut().flat_map(|scope| &mut scope.slots) {
            if let Slot::Step { part, body, .. } = slot
                && *part == node
                && acts(body)
            {
                body.push(entry.clone());
            }
        }
    }

    /// Adds the step that stands for what could not be said.
    pub fn stand_in(&mut self, node: usize, place: &Place, why: &Why) -> String {
        let body = vec![placeholder(&self.parts[node], &why.text)];
        let wish = self.file.nodes[node].name.clone();
        self.add(node, place, &wish, body)
    }

    /// A flow in a scope around its own: a list of what came of each.
    pub fn export(&mut self, flow: &Flow, to: usize) -> Flow {
        let mut flow = flow.clone();
        while flow.scope != to {
            let Some(parent) = self.scopes[flow.scope].parent else { break };
            if self.scopes[flow.scope].until.is_some() {
                flow = self.after_rounds(&flow, parent);
                continue;
            }
            let (whole, many, closed) = match &flow.card {
                Card::One(item) => {
                    let closed = match &item.rest {
                        Rest::Closed(who) => {
                            Some((item.known.iter().map(|(name, _)| name.clone()).collect(), who.clone()))
                        }
                        Rest::Open(_) | Rest::Empty => None,
                    };
                    (item.whole.clone(), false, closed)
                }
                Card::Many(list) => (list.ex.clone(), true, list.closed.clone()),
            };
            let none = if many { Ex::new("[]", Bind::Path, Sort::List) } else { Ex::null() };
            let value = match &flow.guard {
                Some(guard) => guard.choice(&whole, &none),
                None => whole,
            };
            let scope = &mut self.scopes[flow.scope];
            let key = match scope.exports.iter().find(|(_, known)| *known == value) {
                Some((key, _)) => key.clone(),
                None => {
                    let key = if scope.exports.is_empty() {
                        "item".into()
                    } else {
                        format!("item{}", scope.exports.len() + 1)
                    };
                    scope.exports.push((key.clone(), value));
                    key
                }
            };
            let mut ex = format!("map(steps.{}, x => x?.{key})", scope.holder);
            if flow.guard.is_some() && !many {
                ex = format!("compact({ex})");
            }
            if many {
                ex = format!("flatten({ex})");
            }
            flow = Flow {
                scope: parent,
                card: Card::Many(List { ex: Ex::new(ex, Bind::Path, Sort::List), closed }),
                guard: scope.guard.clone(),
                picks: scope.picks.clone(),
                after: BTreeSet::from([scope.holder.clone()]),
                files: BTreeMap::new(),
            };
        }
        flow
    }

    /// A flow where all its items are at hand, as n8n has them when it runs a node.
    pub fn gather(&mut self, flow: &Flow) -> Flow {
        let to = self.run_scope(flow.scope);
        self.export(flow, to)
    }

    /// The items of a flow as a list, empty where nothing comes.
    pub fn list_of(&self, flow: &Flow) -> Ex {
        let list = match &flow.card {
            Card::One(item) => Ex::new(format!("[{}]", item.whole.text), Bind::Path, Sort::List),
            Card::Many(list) => list.ex.clone(),
        };
        match &flow.guard {
            Some(guard) => guard.choice(&list, &Ex::new("[]", Bind::Path, Sort::List)),
            None => list,
        }
    }

    /// The items of a flow at one place, held by a step where they would be long to say again; and what must hold that
    /// there are any.
    pub fn held(&mut self, node: usize, flow: &Flow) -> (Place, Ex) {
        let flow = self.gather(flow);
        let list = self.list_of(&flow);
        let mut place = self.place_of_all(&flow, list.clone());
        let held = if list.text.starts_with("steps.") && !list.text.contains([' ', '(']) {
            list
        } else {
            let wish = format!("{} items", self.file.nodes[node].name);
            let body = vec![Entry::map("set", vec![Entry::text("items", list.hole())])];
            let name = self.add(node, &Place { guard: None, ..place.clone() }, &wish, body);
            place.after = BTreeSet::from([name.clone()]);
            Ex::new(format!("steps.{name}.items"), Bind::Path, Sort::List)
        };
        if let Card::Many(_) = flow.card
            && !self.filled.contains(&held.text)
        {
            place.guard = Some(Ex::new(format!("len({}) > 0", held.text), Bind::Compare, Sort::Bool));
        }
        place.all = Some(held.clone());
        let closed = match &flow.card {
            Card::Many(list) => list.closed.clone(),
            Card::One(_) => None,
        };
        if let Card::Many(_) = flow.card {
            place.item = List { ex: held.clone(), closed }.item(Ex::path(format!("{}[0]", held.text)));
        }
        (place, held)
    }

    fn place_of_all(&self, flow: &Flow, list: Ex) -> Place {
        let item = match &flow.card {
            Card::One(item) => item.clone(),
            Card::Many(many) => many.item(Ex::path(format!("{}[0]", list.at(Bind::Path)))),
        };
        Place {
            scope: flow.scope,
            item,
            guard: flow.guard.clone(),
            picks: flow.picks.clone(),
            after: flow.after.clone(),
            files: flow.files.clone(),
            all: Some(list),
        }
    }

    /// What comes in where several flows lead to one input.
    pub fn join(&mut self, flows: Vec<Flow>) -> Option<Flow> {
        let mut flows = flows.into_iter();
        let first = flows.next()?;
        Some(flows.fold(first, |left, right| self.two(&left, &right)))
    }

    fn two(&mut self, left: &Flow, right: &Flow) -> Flow {
        let apart =
            left.picks.iter().find(|(node, way)| right.picks.get(node).is_some_and(|other| other != *way));
        let after: BTreeSet<String> = left.after.union(&right.after).cloned().collect();
        if let (Card::One(a), Card::One(b), Some((gate, _))) = (&left.card, &right.card, apart)
            && left.scope == right.scope
        {
            let picks: BTreeMap<usize, usize> = left
                .picks
                .iter()
                .filter(|(node, way)| right.picks.get(node) == Some(way))
                .map(|(n, w)| (*n, *w))
                .collect();
            let both = match self.gates.get(gate) {
                Some(gate)
                    if gate.ways == 2
                        && left.picks.len() == right.picks.len()
                        && picks.len() + 1 == left.picks.len() =>
                {
                    gate.guard.clone()
                }
                _ => match (&left.guard, &right.guard) {
                    (Some(a), Some(b)) => Some(a.or(b)),
                    _ => None,
                },
            };
            let item = either(a, b, left.guard.as_ref());
            let (item, both) = capped(item, both);
            let files = if a.whole == b.whole { left.files.clone() } else { BTreeMap::new() };
            return Flow { scope: left.scope, card: Card::One(item), guard: both, picks, after, files };
        }
        let common = self
            .around(left.scope)
            .into_iter()
            .find(|at| self.around(right.scope).contains(at))
            .unwrap_or(ROOT);
        let (left, right) = (self.export(left, common), self.export(right, common));
        let closed = match (&left.card, &right.card) {
            (Card::Many(a), Card::Many(b)) => a.closed.clone().or_else(|| b.closed.clone()),
            _ => None,
        };
        let ex = self.list_of(&left).binary("+", &self.list_of(&right), Bind::Sum, Sort::List);
        let ex = if ex.is_too_long() { Ex::new(TOO_LONG, Bind::Path, Sort::List) } else { ex };
        let after = left.after.union(&right.after).cloned().collect();
        Flow {
            scope: common,
            card: Card::Many(List { ex, closed }),
            guard: None,
            picks: BTreeMap::new(),
            after,
            files: BTreeMap::new(),
        }
    }
}

fn acts(body: &[Entry]) -> bool {
    body.iter().any(|entry| matches!(entry.key.as_str(), "ai" | "call" | "http" | "use"))
}
