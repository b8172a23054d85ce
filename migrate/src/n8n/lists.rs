//! Nodes that look at all items at once: taking lists apart, putting them together, cutting, sorting, merging.

use serde_json::Value;

use super::params::Params;
use super::say::no;
use super::weave::{Card, Flow, Item, List, Place, Res, Rest, Weave};
use crate::ours::{Bind, Ex, Sort, quoted};
use crate::report::{Kind, Why};
use crate::tree::Entry;

type Out = Res<Vec<(usize, Flow)>>;

/// A list in a field, an item for each of its entries.
pub fn split(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Out {
    let names = params.text("fieldToSplitOut").unwrap_or_default();
    let name = names.trim().trim_start_matches("$json.");
    if name.is_empty() || name.starts_with('=') || name.contains(',') {
        return Err(Why::new(Kind::Setting, "it takes apart several fields, or one whose name is made"));
    }
    let name = name.trim_start_matches("={{ $json.").trim_end_matches(" }}");
    let mut parts = name.split('.');
    let first = parts.next().unwrap_or_default();
    let list = parts.fold(place.item.field(first)?, |at, part| at.field(part));
    let own = name.rsplit('.').next().unwrap_or(name);
    let called = params.text("options.destinationFieldName").filter(|called| !called.is_empty());
    let key = crate::ours::object(&[(called.clone().unwrap_or_else(|| own.to_owned()), Ex::path("x"))]);
    let entry = match params.text("include").as_deref() {
        None | Some("noOtherFields") if called.is_some() => key.text.clone(),
        None | Some("noOtherFields") => format!("type(x) == 'object' ? x : {}", key.text),
        Some("allOtherFields") => {
            format!("merge(omit({}, {}), {})", place.item.whole.text, quoted(first), key.text)
        }
        Some(_) => return Err(Why::new(Kind::Setting, "it keeps some other fields")),
    };
    params.ignore(&["options.includeBinary", "options.disableDotNotation", "fieldsToInclude"]);
    // n8n takes what is no list for a list of one, and nothing for none.
    let list = Ex { sort: Sort::List, ..list.instead(&Ex::new("[]", Bind::Path, Sort::List)) };
    let ex = Ex::new(format!("map({}, x => {entry})", list.text), Bind::Path, Sort::List);
    let step = hold(weave, node, place, ex);
    Ok(vec![(0, place.many(List::open(Ex::path(format!("steps.{step}.items"))), &step))])
}

/// A step that holds a list.
fn hold(weave: &mut Weave, node: usize, place: &Place, ex: Ex) -> String {
    let wish = weave.file.nodes[node].name.clone();
    weave.add(node, place, &wish, vec![Entry::map("set", vec![Entry::text("items", ex.hole())])])
}

fn items(step: &str) -> Ex {
    Ex::new(format!("steps.{step}.items"), Bind::Path, Sort::List)
}

fn closed(flow: &Flow) -> Option<(Vec<String>, String)> {
    match &flow.card {
        Card::Many(list) => list.closed.clone(),
        Card::One(_) => None,
    }
}

/// All items in one.
pub fn aggregate(weave: &mut Weave, node: usize, input: &Flow, params: &Params) -> Out {
    let (place, list) = weave.held(node, input);
    let all = params.text("aggregate").is_some_and(|word| word == "aggregateAllItemData");
    let mut fields = vec![];
    if all {
        if params.text("include").is_some_and(|word| word != "allFields") {
            return Err(Why::new(Kind::Setting, "it leaves some fields out"));
        }
        if closed(input).is_some() {
            return Err(Why::new(
                Kind::Answer,
                "it takes whole items of a service, of which not all fields are at hand",
            ));
        }
        let name = params.text("destinationFieldName").unwrap_or_else(|| "data".into());
        fields.push((name, list));
    } else {
        let member = List { ex: list.clone(), closed: closed(input) }.item(Ex::path("x"));
        for field in params.list("fieldsToAggregate.fieldToAggregate") {
            let name = field.get("fieldToAggregate").and_then(Value::as_str).unwrap_or_default();
            let renamed = field.get("renameField").and_then(Value::as_bool).unwrap_or(false);
            let called = field.get("outputFieldName").and_then(Value::as_str).filter(|_| renamed);
            if name.starts_with('=') {
                return Err(Why::new(Kind::Setting, "the name of a field is made"));
            }
            let mut path = name.split('.');
            let head = member.field(path.next().unwrap_or_default())?;
            let value = path.fold(head, |at, part| at.field(part));
            let mut ex = format!("map({}, x => {})", list.text, value.text);
            if !params.flag("options.keepMissing").unwrap_or(false) {
                ex = format!("compact({ex})");
            }
            if params.flag("options.mergeLists").unwrap_or(false) {
                ex = format!("flatten({ex})");
            }
            let own = name.rsplit('.').next().unwrap_or(name);
            fields.push((called.unwrap_or(own).to_owned(), Ex::new(ex, Bind::Path, Sort::List)));
        }
        params.ignore(&["fieldsToAggregate", "aggregate"]);
    }
    params.ignore(&["include", "options.includeBinaries"]);
    let body = fields.iter().map(|(name, ex)| Entry::text(&**name, ex.hole())).collect();
    let wish = weave.file.nodes[node].name.clone();
    let step = weave.add(node, &place, &wish, vec![Entry::map("set", body)]);
    let whole = Ex::path(format!("steps.{step}"));
    let known =
        fields.into_iter().map(|(name, _)| (name.clone(), Ex { sort: Sort::List, ..whole.sure(&name) }));
    Ok(vec![(0, place.one(Item { known: known.collect(), whole, rest: Rest::Empty }, &step))])
}

/// What is made of a list of items, by a function of the list's expression.
fn relisted(weave: &mut Weave, node: usize, input: &Flow, make: impl FnOnce(&Ex) -> Res<String>) -> Out {
    let input = weave.gather(input);
    let list = weave.list_of(&input);
    let place = Place { guard: None, ..whole_place(weave, &input) };
    let step = hold(weave, node, &place, Ex::new(make(&list)?, Bind::Path, Sort::List));
    let made = List { ex: items(&step), closed: closed(&input) };
    weave.same.insert(made.ex.text.clone(), list.text.clone());
    Ok(vec![(0, Flow { picks: input.picks.clone(), ..place.many(made, &step) })])
}

fn whole_place(weave: &Weave, flow: &Flow) -> Place {
    Place {
        scope: flow.scope,
        item: Item::open(Ex::null()),
        guard: flow.guard.clone(),
        picks: flow.picks.clone(),
        after: flow.after.clone(),
        files: flow.files.clone(),
        all: Some(weave.list_of(flow)),
    }
}

pub fn limit(weave: &mut Weave, node: usize, input: &Flow, params: &Params) -> Out {
    let most = params.get("maxItems").map_or(Some(1), |most| most.as_u64());
    let most = most.ok_or_else(|| Why::new(Kind::Expression, "how many items it lets through is made"))?;
    let from_end = params.text("keep").is_some_and(|word| word == "lastItems");
    relisted(weave, node, input, |list| {
        Ok(if from_end {
            format!("slice({}, -{most})", list.text)
        } else {
            format!("slice({}, 0, {most})", list.text)
        })
    })
}

pub fn sort(weave: &mut Weave, node: usize, input: &Flow, params: &Params) -> Out {
    if params.text("type").is_some_and(|word| word != "simple") {
        return Err(Why::new(Kind::Code, "it sorts by code, or by chance"));
    }
    let by = params.list("sortFieldsUi.sortField");
    params.ignore(&["sortFieldsUi", "options.disableDotNotation"]);
    relisted(weave, node, input, |list| {
        let mut ex = list.text.clone();
        // A stable sort by the last field first.
        for field in by.iter().rev() {
            let name = field.get("fieldName").and_then(Value::as_str).unwrap_or_default();
            let value = name.split('.').fold(Ex::path("x"), |at, part| at.field(part));
            let down = field.get("order").and_then(Value::as_str) == Some("descending");
            ex = format!("sort_by({ex}, x => {})", value.text);
            if down && by.len() > 1 {
                return no("an order by several fields of which one falls");
            }
            if down {
                ex = format!("reverse({ex})");
            }
        }
        Ok(ex)
    })
}

pub fn without_doubles(weave: &mut Weave, node: usize, input: &Flow, params: &Params) -> Out {
    match params.text("operation").as_deref() {
        None | Some("removeDuplicateInputItems" | "removeDuplicates") => {}
        Some(_) => return Err(Why::new(Kind::Setting, "it remembers items from run to run")),
    }
    let names: Vec<String> = match params.text("compare").as_deref() {
        None | Some("allFields") => vec![],
        Some("selectedFields") => {
            let names = params.text("fieldsToCompare").unwrap_or_default();
            names.split(',').map(|name| name.trim().to_owned()).collect()
        }
        Some(_) => return Err(Why::new(Kind::Setting, "it compares all fields but some")),
    };
    params.ignore(&["fieldsToCompare", "options.disableDotNotation"]);
    relisted(weave, node, input, |list| {
        Ok(match &names[..] {
            [] => format!("unique({})", list.text),
            names => {
                let all: Vec<String> = names.iter().map(|name| Ex::path("x").field(name).text).collect();
                format!("unique({}, x => [{}])", list.text, all.join(", "))
            }
        })
    })
}

/// Counts and sums of all items in one.
pub fn summarize(weave: &mut Weave, node: usize, input: &Flow, params: &Params) -> Out {
    if params.text("fieldsToSplitBy").is_some() {
        return Err(Why::new(Kind::Setting, "it counts in groups"));
    }
    let (place, list) = weave.held(node, input);
    let mut fields = vec![];
    for field in params.list("fieldsToSummarize.values") {
        let name = field.get("field").and_then(Value::as_str).unwrap_or_default();
        let how = field.get("aggregation").and_then(Value::as_str).unwrap_or("count");
        let value = name.split('.').fold(Ex::path("x"), |at, part| at.field(part)).text;
        let some = format!("compact(map({}, x => {value}))", list.text);
        let own = name.replace('.', "_");
        let (prefix, ex) = match how {
            "append" => ("appended", some),
            "average" => ("average", format!("avg({some})")),
            "concatenate" => {
                let by = match field.get("separateBy").and_then(Value::as_str).unwrap_or(",") {
                    "\\n" | "\n" => "\n",
                    "other" => field.get("customSeparator").and_then(Value::as_str).unwrap_or(""),
                    other => other,
                };
                ("concatenated", format!("join({some}, {})", quoted(by)))
            }
            "count" => ("count", format!("len({some})")),
            "countUnique" => ("unique_count", format!("len(unique({some}))")),
            "max" => ("max", format!("max({some})")),
            "min" => ("min", format!("min({some})")),
            "sum" => ("sum", format!("sum({some})")),
            other => return Err(Why::new(Kind::Setting, format!("it counts by `{other}`"))),
        };
        fields.push((format!("{prefix}_{own}"), ex));
    }
    params.ignore(&["fieldsToSummarize", "options"]);
    let body = fields.iter().map(|(name, ex)| Entry::text(&**name, Ex::path(&**ex).hole())).collect();
    let wish = weave.file.nodes[node].name.clone();
    let step = weave.add(node, &place, &wish, vec![Entry::map("set", body)]);
    let whole = Ex::path(format!("steps.{step}"));
    let known = fields.iter().map(|(name, _)| (name.clone(), whole.sure(name))).collect();
    Ok(vec![(0, place.one(Item { known, whole, rest: Rest::Empty }, &step))])
}

/// Two inputs in one.
pub fn merge(weave: &mut Weave, node: usize, mut inputs: Vec<Option<Flow>>, params: &Params) -> Out {
    params.ignore(&[
        "options.includeUnpaired",
        "numberInputs",
        "options.clashHandling",
        "options.fuzzyCompare",
    ]);
    let mode = params.text("mode").unwrap_or_else(|| "append".into());
    let by = params.text("combineBy").or_else(|| params.text("combinationMode"));
    let how = match (mode.as_str(), by.as_deref()) {
        ("append", _) => "append",
        ("passThrough" | "chooseBranch", _) => "choose",
        ("wait", _) => "wait",
        ("mergeByIndex", _) | ("combine", Some("mergeByPosition" | "combineByPosition")) => "position",
        ("multiplex", _) | ("combine", Some("multiplex" | "combineAll")) => "all",
        ("mergeByKey", _) => "key",
        ("combine", None | Some("mergeByFields" | "combineByFields")) => "fields",
        ("combineBySql", _) => "sql",
        (other, _) => return Err(Why::new(Kind::Setting, format!("the mode `{other}`"))),
    };
    let unpaired = params.flag("options.includeUnpaired") == Some(true);
    if unpaired && how != "position" || params.flag("options.fuzzyCompare") == Some(true) {
        return Err(Why::new(Kind::Setting, "it keeps items without a partner, or compares loosely"));
    }
    let mut flows: Vec<Flow> = inputs.drain(..).flatten().collect();
    if flows.len() < 2 && how != "append" {
        return Err(Why::new(Kind::Flow, "only one of its inputs is connected"));
    }
    if how == "append" {
        let joined = weave.join(flows).ok_or_else(|| Why::new(Kind::Flow, "nothing leads to it"))?;
        return Ok(vec![(0, joined)]);
    }
    // All of them where they can be read beside one another.
    let gathered: Vec<Flow> = flows.drain(..).map(|flow| weave.gather(&flow)).collect();
    let scope = gathered.iter().map(|flow| weave.around(flow.scope).len()).min().unwrap_or(1);
    let to =
        gathered.iter().find(|flow| weave.around(flow.scope).len() == scope).map_or(0, |flow| flow.scope);
    let mut flows: Vec<Flow> = gathered.iter().map(|flow| weave.export(flow, to)).collect();
    let after: std::collections::BTreeSet<String> =
        flows.iter().flat_map(|flow| flow.after.clone()).collect();
    if matches!(how, "choose" | "wait") {
        let second = [params.text("output"), params.text("useDataOfInput")].into_iter().flatten();
        let at = second
            .filter_map(|word| word.trim_start_matches("input").parse::<usize>().ok())
            .next()
            .unwrap_or(1);
        params.ignore(&["chooseBranchMode"]);
        if at == 0
            || at > flows.len()
            || how == "wait" && params.text("output").is_some_and(|word| word == "empty")
        {
            return Err(Why::new(Kind::Setting, "the input that it lets through"));
        }
        let mut flow = flows.remove(at - 1);
        flow.after = after;
        return Ok(vec![(0, flow)]);
    }
    let [left, right, ..] = &flows[..] else { return Err(Why::new(Kind::Flow, "it has one input")) };
    let clash = params.get("options.clashHandling.values.resolveClash");
    let first_wins = match clash.as_ref().and_then(Value::as_str) {
        None | Some("preferInput2" | "preferLast") => false,
        Some("preferInput1") => true,
        Some(_) => return Err(Why::new(Kind::Setting, "what becomes of fields that both have")),
    };
    let both =
        |a: &str, b: &str| if first_wins { format!("merge({b}, {a})") } else { format!("merge({a}, {b})") };
    if let (Card::One(a), Card::One(b), "position" | "all") = (&left.card, &right.card, how)
        && !(unpaired && (left.guard.is_some() || right.guard.is_some()))
    {
        let mut flow = left.clone();
        let mut known = a.known.clone();
        known.extend(b.known.iter().cloned());
        let rest = match (&a.rest, &b.rest) {
            (Rest::Empty, Rest::Empty) => Rest::Empty,
            (Rest::Closed(who), _) | (_, Rest::Closed(who)) => Rest::Closed(who.clone()),
            _ => Rest::Open(Ex::path(both(&a.whole.text, &b.whole.text))),
        };
        if matches!(rest, Rest::Open(_)) || first_wins {
            known.clear();
        }
        flow.card = Card::One(Item { whole: Ex::path(both(&a.whole.text, &b.whole.text)), known, rest });
        flow.guard = match (&left.guard, &right.guard) {
            (Some(a), Some(b)) => Some(a.and(b)),
            (a, b) => a.clone().or_else(|| b.clone()),
        };
        flow.picks.extend(right.picks.clone());
        flow.after = after;
        flow.files.extend(right.files.clone());
        return Ok(vec![(0, flow)]);
    }
    let mut place = Place { guard: None, after, ..whole_place(weave, left) };
    let mut named = |weave: &mut Weave, flow: &Flow, name: &str| {
        let list = weave.list_of(flow);
        if list.text.len() < 40 {
            return list.at(Bind::Path);
        }
        let wish = format!("{} {name}", weave.file.nodes[node].name);
        let body = vec![Entry::map("set", vec![Entry::text("items", list.hole())])];
        let step = weave.add(node, &place, &wish, body);
        place.after.insert(step.clone());
        weave.same.insert(items(&step).text, list.text.clone());
        items(&step).text
    };
    // Each item beside the only other one is that item, with its fields.
    let only = match (&right.card, how) {
        (Card::One(item), "all") if right.guard.is_none() && matches!(item.rest, Rest::Empty) => {
            Some(item.clone())
        }
        _ => None,
    };
    let a = named(weave, left, "first");
    if let Some(item) = only {
        let made = format!("map({a}, x => {})", both("x", &item.whole.text));
        let step = hold(weave, node, &place, Ex::new(made, Bind::Path, Sort::List));
        let names = if first_wins { vec![] } else { item.known.into_iter().map(|(name, _)| name).collect() };
        weave.paired.insert(items(&step).text, (a, names));
        let flow = place.many(List::open(items(&step)), &step);
        return Ok(vec![(0, Flow { guard: None, ..flow })]);
    }
    let b = named(weave, right, "second");
    let ex = match how {
        "position" if unpaired => {
            let both = both(&format!("({a}?.[i] ?? {{}})"), &format!("({b}?.[i] ?? {{}})"));
            format!("map(range(max([len({a}), len({b})])), i => {both})")
        }
        "position" => format!("map(zip({a}, {b}), p => {})", both("p[0]", "p[1]")),
        "all" => format!("flatten(map({a}, x => map({b}, y => {})))", both("x", "y")),
        "key" => {
            if params.text("overwrite").is_some_and(|word| word != "always") {
                return Err(Why::new(Kind::Setting, "when a field is written over"));
            }
            let key = |path: &str, of: &str| -> Res<String> {
                let name = params
                    .text(path)
                    .ok_or_else(|| Why::new(Kind::Setting, "it names no field to compare"))?;
                Ok(name.split('.').fold(Ex::path(of), |at, part| at.field(part)).text)
            };
            let (one, two) = (key("propertyName1", "x")?, key("propertyName2", "y")?);
            format!("map({a}, x => merge(x, last({b}, y => {two} == {one}) ?? {{}}))")
        }
        "sql" => by_sql(&params.text("query").unwrap_or_default(), &a, &b)
            .ok_or_else(|| Why::new(Kind::Code, "it joins by SQL"))?,
        _ => by_fields(params, &a, &b, &both)?,
    };
    // A choice of the items of one side: each is what it was.
    let chosen =
        [&a, &b].into_iter().find(|side| how == "fields" && ex.starts_with(&format!("filter({side}, ")));
    let chosen = chosen.cloned();
    let step = hold(weave, node, &place, Ex::new(ex, Bind::Path, Sort::List));
    if let Some(side) = chosen {
        weave.same.insert(items(&step).text, side);
    }
    let mut flow = place.many(List::open(items(&step)), &step);
    flow.guard = None;
    Ok(vec![(0, flow)])
}

/// The items of the first input that have no partner in the second, as SQL says it: a join of which only what found
/// nothing is taken. Any other statement is not read.
fn by_sql(query: &str, a: &str, b: &str) -> Option<String> {
    let query = query.trim().trim_end_matches(';').replace(',', " , ").replace('=', " = ");
    let words: Vec<&str> = query.split_whitespace().collect();
    let is = |at: usize, word: &str| words.get(at).is_some_and(|known| known.eq_ignore_ascii_case(word));
    let from = words.iter().position(|word| word.eq_ignore_ascii_case("from"))?;
    let tail = ["from", "input1", "left", "join", "input2", "on", "", "=", "", "where", "", "is", "null"];
    let fits = tail.iter().enumerate().all(|(at, word)| word.is_empty() || is(from + at, word));
    if !is(0, "select") || !fits || words.len() != from + tail.len() {
        return None;
    }
    let of = |word: &str, input: &str| word.strip_prefix(&format!("{input}.")).map(str::to_owned);
    let (left, right) = (words[from + 6], words[from + 8]);
    let (one, two) = of(left, "input1")
        .zip(of(right, "input2"))
        .or_else(|| of(right, "input1").zip(of(left, "input2")))?;
    if of(words[from + 10], "input2")? != two || !crate::names::is_name(&one) || !crate::names::is_name(&two)
    {
        return None;
    }
    let (x, y) = (Ex::path("x").field(&one).text, Ex::path("y").field(&two).text);
    // Nothing is the partner of nothing.
    let alone = format!("filter({a}, x => {x} == null or not any({b}, y => {y} == {x}))");
    let columns = &words[1..from];
    if matches!(columns, ["input1.*"]) {
        return Some(alone);
    }
    let mut fields = vec![];
    for (at, word) in columns.iter().enumerate() {
        match at % 2 {
            0 => {
                let name = of(word, "input1").filter(|name| crate::names::is_name(name))?;
                fields.push((name.clone(), Ex::path("x").field(&name)));
            }
            _ if *word == "," => {}
            _ => return None,
        }
    }
    Some(format!("map({alone}, x => {})", crate::ours::object(&fields).text))
}

fn by_fields(params: &Params, a: &str, b: &str, both: &dyn Fn(&str, &str) -> String) -> Res<String> {
    let mut pairs: Vec<(String, String)> = vec![];
    let path = "mergeByFields.values";
    for pair in params.list(path) {
        let text = |key: &str| pair.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        pairs.push((text("field1"), text("field2")));
    }
    params.ignore(&["mergeByFields", "advanced", "options.multipleMatches"]);
    if let Some(names) = params.text("fieldsToMatchString") {
        pairs.extend(names.split(',').map(|name| (name.trim().to_owned(), name.trim().to_owned())));
    }
    if pairs.is_empty() || params.text("options.multipleMatches").is_some_and(|word| word != "all") {
        return Err(Why::new(Kind::Setting, "the fields by which it joins"));
    }
    let same = |(one, two): &(String, String)| {
        let path = |of: &str, name: &str| name.split('.').fold(Ex::path(of), |at, part| at.field(part)).text;
        format!("{} == {}", path("y", two), path("x", one))
    };
    let same = pairs.iter().map(same).collect::<Vec<_>>().join(" and ");
    let from = params.text("outputDataFrom");
    Ok(match (params.text("joinMode").as_deref(), from.as_deref()) {
        (None | Some("keepMatches"), None | Some("both")) => {
            format!("flatten(map({a}, x => map(filter({b}, y => {same}), y => {})))", both("x", "y"))
        }
        (None | Some("keepMatches"), Some("input1")) => format!("filter({a}, x => any({b}, y => {same}))"),
        (Some("keepNonMatches"), Some("input1")) => format!("filter({a}, x => not any({b}, y => {same}))"),
        (Some("keepNonMatches"), Some("input2")) => format!("filter({b}, y => not any({a}, x => {same}))"),
        (Some("enrichInput1"), _) => format!(
            "flatten(map({a}, x => any({b}, y => {same}) ? map(filter({b}, y => {same}), y => {}) : [x]))",
            both("x", "y")
        ),
        _ => return Err(Why::new(Kind::Setting, "the way in which it joins")),
    })
}

/// The old node that was several.
pub fn item_lists(weave: &mut Weave, node: usize, input: &Flow, params: &Params) -> Out {
    params.ignore(&["resource"]);
    match params.text("operation").as_deref() {
        None | Some("splitOutItems") => {
            let place = weave.place(node, input);
            split(weave, node, &place, params)
        }
        Some("aggregateItems" | "concatenateItems") => aggregate(weave, node, input, params),
        Some("limit") => limit(weave, node, input, params),
        Some("sort") => sort(weave, node, input, params),
        Some("removeDuplicates") => {
            let fresh = Params::new(&serde_json::json!({
                "compare": params.get("compare"),
                "fieldsToCompare": params.get("fieldsToCompare"),
            }));
            params.ignore(&["options"]);
            without_doubles(weave, node, input, &fresh)
        }
        Some("summarize") => summarize(weave, node, input, params),
        Some(other) => Err(Why::new(Kind::Setting, format!("the operation `{other}`"))),
    }
}
