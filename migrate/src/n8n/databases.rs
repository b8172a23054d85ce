//! PostgreSQL and MySQL: one statement for what a node does, whose values are parameters and never a part of its text.

mod written;

use serde_json::Value;

use self::written::written;
use super::params::Params;
use super::say::Say;
use super::services::connection;
use super::weave::{Flow, Item, List, Place, Res, Rest, Weave};
use crate::names::shown;
use crate::ours::{self, Bind, Ex, Sort};
use crate::report::{Kind, Why};
use crate::tree::{Entry, Tree};

/// How a database writes what others write otherwise.
pub struct Dialect {
    /// The connector.
    id: &'static str,
    /// What stands around names.
    quote: char,
    /// True if marks are numbered.
    numbered: bool,
    /// True if a change gives the rows that it changed.
    returns: bool,
}

pub const POSTGRES: Dialect = Dialect { id: "postgres", quote: '"', numbered: true, returns: true };
pub const MYSQL: Dialect = Dialect { id: "mysql", quote: '`', numbered: false, returns: false };

/// The most rows that an answer of ours has.
const MOST: u64 = 10_000;

/// A statement while it is made.
struct Statement<'d> {
    dialect: &'d Dialect,
    sql: String,
    params: Vec<Tree>,
}

impl Statement<'_> {
    /// A mark for a value.
    fn mark(&mut self, value: Tree) -> String {
        self.params.push(value);
        if self.dialect.numbered { format!("${}", self.params.len()) } else { "?".to_owned() }
    }

    /// A name, between what the database writes around names.
    fn name(&self, name: &str) -> Res<String> {
        let plain = name
            .chars()
            .enumerate()
            .all(|(at, char)| char == '_' || char.is_ascii_alphabetic() || at > 0 && char.is_ascii_digit());
        if name.is_empty() || !plain {
            return Err(Why::new(
                Kind::Setting,
                format!("`{}` as the name of a table or a column; write the statement yourself", shown(name)),
            ));
        }
        let quote = self.dialect.quote;
        Ok(format!("{quote}{name}{quote}"))
    }

    fn names(&self, names: &[String]) -> Res<String> {
        let names: Res<Vec<String>> = names.iter().map(|name| self.name(name)).collect();
        Ok(names?.join(", "))
    }
}

/// A node of a database.
pub fn node(
    weave: &mut Weave,
    node: usize,
    place: &Place,
    params: &Params,
    dialect: &Dialect,
) -> Res<Vec<(usize, Flow)>> {
    if weave.catalog.get(&format!("{}.query", dialect.id)).is_none() {
        return Err(Why::new(Kind::Service, format!("there is no connector to `{}`", dialect.id)));
    }
    let version = weave.file.nodes[node].version;
    // How statements of several items are sent together; here each is sent by itself.
    if params.text("options.queryBatching").is_none_or(|how| how != "transaction") {
        params.ignore(&["options.queryBatching"]);
    }
    params.ignore(&["authentication", "resource"]);
    for path in ["options.connectionTimeout", "options.largeNumbersOutput", "options.decimalNumbers"] {
        if params.get(path).is_some() {
            let of = shown(&weave.file.nodes[node].name);
            weave.settle.insert(format!("`{path}` of `{of}`, which a connection here does not have"));
        }
    }
    let mut statement = Statement { dialect, sql: String::new(), params: vec![] };
    let operation = params.text("operation").unwrap_or_else(|| "insert".into());
    let gives = match operation.as_str() {
        "executeQuery" => written(weave, place, params, version, &mut statement)?,
        "select" => select(weave, place, params, &mut statement)?,
        "insert" => insert(weave, place, params, version, &mut statement, None)?,
        "upsert" | "update" => {
            let (by, value) = matched(params)?;
            if operation == "upsert" {
                insert(weave, place, params, version, &mut statement, Some((by, value)))?
            } else {
                update(weave, place, params, &mut statement, by, value)?
            }
        }
        "deleteTable" => delete(weave, place, params, &mut statement)?,
        other => {
            return Err(Why::new(Kind::Setting, format!("`{}` of a database has no equal", shown(other))));
        }
    };
    step(weave, node, place, statement, gives)
}

/// What comes of a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gives {
    /// Rows that are read.
    Rows,
    /// The rows that were changed.
    Changed,
    /// The one row that was written.
    One,
    /// That it was done.
    Done,
}

fn step(
    weave: &mut Weave,
    node: usize,
    place: &Place,
    statement: Statement,
    gives: Gives,
) -> Res<Vec<(usize, Flow)>> {
    let verb = if gives == Gives::Rows { "query" } else { "execute" };
    let uses = format!("{}.{verb}", statement.dialect.id);
    connection(weave, &uses);
    let wish = weave.file.nodes[node].name.clone();
    let mut with = vec![Entry::text("sql", ours::plain(&statement.sql))];
    if !statement.params.is_empty() {
        with.push(Entry::new("params", Tree::List(statement.params)));
    }
    if matches!(gives, Gives::Rows | Gives::Changed) {
        with.push(Entry::bare("limit", MOST));
        let of = shown(&wish);
        weave.settle.insert(format!("how many rows `{of}` gives: at most {MOST}, where n8n gives all"));
    }
    let step = weave.add(node, place, &wish, vec![Entry::text("use", uses), Entry::map("with", with)]);
    let rows = Ex::new(format!("steps.{step}.rows"), Bind::Path, Sort::List);
    let flow = match gives {
        Gives::Rows | Gives::Changed => place.many(List::open(rows), &step),
        Gives::One => place.one(Item::open(Ex::path(format!("{}?.[0]", rows.text))), &step),
        Gives::Done => {
            let known = vec![("success".to_owned(), Ex::bool(true))];
            place.one(Item::of(known, Rest::Closed("a database".into())), &step)
        }
    };
    Ok(vec![(0, flow)])
}

/// The table, with its schema where there is one.
fn table(params: &Params, statement: &Statement) -> Res<String> {
    let said = |path: &str| params.chosen(path).and_then(|value| value.as_str().map(str::to_owned));
    let table = said("table").ok_or_else(|| Why::new(Kind::Setting, "it names no table"))?;
    let table = statement.name(&table)?;
    match said("schema").filter(|_| statement.dialect.numbered) {
        Some(schema) => Ok(format!("{}.{table}", statement.name(&schema)?)),
        None => Ok(table),
    }
}

/// The names of columns in a text with commas, or in a list.
fn listed(params: &Params, path: &str) -> Vec<String> {
    match params.get(path) {
        Some(Value::String(text)) => {
            let text = text.trim_start_matches('=');
            text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
        }
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => vec![],
    }
}

/// The columns that are given, or all.
fn output(params: &Params, statement: &Statement, paths: &[&str]) -> Res<String> {
    let named = paths.iter().map(|path| listed(params, path)).find(|names| !names.is_empty());
    match named {
        Some(names) if !names.iter().any(|name| name == "*") => statement.names(&names),
        _ => Ok("*".into()),
    }
}

/// What rows have to fulfil.
fn conditions(weave: &mut Weave, place: &Place, params: &Params, statement: &mut Statement) -> Res<String> {
    let joint = params.text("combineConditions").unwrap_or_else(|| "AND".into());
    if !matches!(&*joint, "AND" | "OR") {
        return Err(Why::new(Kind::Setting, "how its conditions stand together"));
    }
    let mut all = vec![];
    for one in params.list("where.values") {
        let text = |key: &str| one.get(key).and_then(Value::as_str);
        let column = statement.name(text("column").unwrap_or_default())?;
        let operator = match text("condition").or_else(|| text("operator")).unwrap_or("equal") {
            "equal" | "=" => "=",
            "!=" => "<>",
            "LIKE" => "like",
            sign @ (">" | "<" | ">=" | "<=") => sign,
            "IS NULL" => {
                all.push(format!("{column} is null"));
                continue;
            }
            "IS NOT NULL" => {
                all.push(format!("{column} is not null"));
                continue;
            }
            other => return Err(Why::new(Kind::Setting, format!("`{}` as a condition", shown(other)))),
        };
        let value = Say::new(weave, place).tree(one.get("value").unwrap_or(&Value::Null))?;
        let mark = statement.mark(value);
        all.push(format!("{column} {operator} {mark}"));
    }
    params.ignore(&["where"]);
    if all.is_empty() {
        return Ok(String::new());
    }
    Ok(format!(" where {}", all.join(&format!(" {} ", joint.to_lowercase()))))
}

fn select(weave: &mut Weave, place: &Place, params: &Params, statement: &mut Statement) -> Res<Gives> {
    let table = table(params, statement)?;
    let columns = output(params, statement, &["options.outputColumns"])?;
    let distinct = if params.flag("options.selectDistinct") == Some(true) { "distinct " } else { "" };
    let mut sql = format!("select {distinct}{columns} from {table}");
    sql += &conditions(weave, place, params, statement)?;
    let mut sorts = vec![];
    for rule in params.list("sort.values") {
        let text = |key: &str| rule.get(key).and_then(Value::as_str);
        let column = statement.name(text("column").unwrap_or_default())?;
        let down = if text("direction") == Some("DESC") { " desc" } else { "" };
        sorts.push(format!("{column}{down}"));
    }
    params.ignore(&["sort"]);
    if !sorts.is_empty() {
        sql += &format!(" order by {}", sorts.join(", "));
    }
    if !params.flag("returnAll").unwrap_or(false) {
        let limit = params.get("limit").map_or(Some(50), |limit| limit.as_u64());
        let limit = limit.ok_or_else(|| Why::new(Kind::Setting, "how many rows it reads is made"))?;
        sql += &format!(" limit {limit}");
    }
    params.ignore(&["limit"]);
    statement.sql = sql;
    Ok(Gives::Rows)
}

/// The columns that are written, each with its value.
fn values(weave: &mut Weave, place: &Place, params: &Params, version: f64) -> Res<Vec<(String, Tree)>> {
    let automatic = ["columns.mappingMode", "dataMode"]
        .iter()
        .any(|path| params.text(path).is_some_and(|mode| mode == "autoMapInputData"));
    let own = params.get("columns.value").and_then(|value| value.as_object().cloned());
    let listed = params.list("valuesToSend.values");
    let named = if version < 2.0 { self::listed(params, "columns") } else { vec![] };
    params.ignore(&["columns", "dataMode", "valuesToSend"]);
    let of_item = |names: Vec<String>| -> Res<Vec<(String, Tree)>> {
        names
            .into_iter()
            .map(|name| Ok((name.clone(), Tree::Text(place.item.field(&name)?.hole()))))
            .collect()
    };
    if !named.is_empty() {
        // A column may be told with its type, as `id:int`, which a parameter takes from the column.
        return of_item(named.iter().map(|name| name.split(':').next().unwrap_or(name).to_owned()).collect());
    }
    let mut said = vec![];
    if !automatic {
        for (name, value) in own.into_iter().flatten().filter(|(_, value)| !value.is_null()) {
            said.push((name, Say::new(weave, place).tree(&value)?));
        }
        for pair in listed {
            let column = pair.get("column").and_then(Value::as_str).unwrap_or_default().to_owned();
            said.push((column, Say::new(weave, place).tree(pair.get("value").unwrap_or(&Value::Null))?));
        }
    }
    if !said.is_empty() {
        return Ok(said);
    }
    match &place.item.rest {
        Rest::Empty if !place.item.known.is_empty() => {
            of_item(place.item.known.iter().map(|(name, _)| name.clone()).collect())
        }
        _ => Err(Why::new(
            Kind::Setting,
            "its columns are those that come in, and the file does not say which: write the statement yourself",
        )),
    }
}

/// By which columns rows are found, with the value that is said beside.
fn matched(params: &Params) -> Res<(Vec<String>, Option<Value>)> {
    let text = |path: &str| params.chosen(path).and_then(|value| value.as_str().map(str::to_owned));
    let mut by = listed(params, "columns.matchingColumns");
    if by.is_empty() {
        by.extend(text("columnToMatchOn").or_else(|| text("updateKey")));
    }
    if by.is_empty() {
        return Err(Why::new(Kind::Setting, "it does not say by which column rows are found"));
    }
    Ok((by, params.get("valueToMatchOn")))
}

fn returning(params: &Params, statement: &Statement) -> Res<String> {
    if !statement.dialect.returns {
        return Ok(String::new());
    }
    Ok(format!(" returning {}", output(params, statement, &["options.outputColumns", "returnFields"])?))
}

/// The values to write, with the one by which the row is found.
fn with_key(
    weave: &mut Weave,
    place: &Place,
    mut values: Vec<(String, Tree)>,
    by: &[String],
    value: Option<Value>,
) -> Res<Vec<(String, Tree)>> {
    if let (Some(value), [by]) = (value, by)
        && !values.iter().any(|(name, _)| name == by)
    {
        values.push((by.clone(), Say::new(weave, place).tree(&value)?));
    }
    match by.iter().find(|by| !values.iter().any(|(name, _)| name == *by)) {
        Some(by) => {
            Err(Why::new(Kind::Setting, format!("it gives no value of `{}`, by which it looks", shown(by))))
        }
        None => Ok(values),
    }
}

fn insert(
    weave: &mut Weave,
    place: &Place,
    params: &Params,
    version: f64,
    statement: &mut Statement,
    found: Option<(Vec<String>, Option<Value>)>,
) -> Res<Gives> {
    let table = table(params, statement)?;
    let mut values = values(weave, place, params, version)?;
    let mut by = vec![];
    if let Some((names, value)) = found {
        values = with_key(weave, place, values, &names, value)?;
        by = names;
    }
    let names: Vec<String> = values.iter().map(|(name, _)| name.clone()).collect();
    let columns = statement.names(&names)?;
    let marks: Vec<String> = values.into_iter().map(|(_, value)| statement.mark(value)).collect();
    let skips = params.flag("options.skipOnConflict").unwrap_or(false);
    let verb = if skips && !statement.dialect.numbered { "insert ignore into" } else { "insert into" };
    let mut sql = format!("{verb} {table} ({columns}) values ({})", marks.join(", "));
    let others: Vec<&String> = names.iter().filter(|name| !by.contains(name)).collect();
    if statement.dialect.numbered {
        let set: Res<Vec<String>> = others
            .iter()
            .map(|name| statement.name(name).map(|name| format!("{name} = excluded.{name}")))
            .collect();
        match (by.is_empty(), others.is_empty()) {
            (true, _) if skips => sql += " on conflict do nothing",
            (true, _) => {}
            (false, true) => sql += &format!(" on conflict ({}) do nothing", statement.names(&by)?),
            (false, false) => {
                sql += &format!(" on conflict ({}) do update set {}", statement.names(&by)?, set?.join(", "));
            }
        }
    } else if !by.is_empty() {
        let set: Res<Vec<String>> = names
            .iter()
            .map(|name| statement.name(name).map(|name| format!("{name} = values({name})")))
            .collect();
        sql += &format!(" on duplicate key update {}", set?.join(", "));
    }
    sql += &returning(params, statement)?;
    statement.sql = sql;
    Ok(if statement.dialect.returns { Gives::One } else { Gives::Done })
}

fn update(
    weave: &mut Weave,
    place: &Place,
    params: &Params,
    statement: &mut Statement,
    by: Vec<String>,
    value: Option<Value>,
) -> Res<Gives> {
    let table = table(params, statement)?;
    let said = values(weave, place, params, 2.0)?;
    // The value by which it looks may be said beside, or come with the item.
    let said = with_key(weave, place, said, &by, value)?;
    let (keys, others): (Vec<_>, Vec<_>) = said.into_iter().partition(|(name, _)| by.contains(name));
    if others.is_empty() {
        return Err(Why::new(Kind::Setting, "it says nothing to change"));
    }
    let mut pairs = |pairs: Vec<(String, Tree)>| -> Res<Vec<String>> {
        let made = pairs.into_iter().map(|(name, value)| {
            let name = statement.name(&name)?;
            Ok(format!("{name} = {}", statement.mark(value)))
        });
        made.collect()
    };
    let (set, keys) = (pairs(others)?.join(", "), pairs(keys)?.join(" and "));
    statement.sql = format!("update {table} set {set} where {keys}{}", returning(params, statement)?);
    Ok(if statement.dialect.returns { Gives::Changed } else { Gives::Done })
}

fn delete(weave: &mut Weave, place: &Place, params: &Params, statement: &mut Statement) -> Res<Gives> {
    let table = table(params, statement)?;
    statement.sql = match params.text("deleteCommand").as_deref().unwrap_or("truncate") {
        "delete" => format!("delete from {table}{}", conditions(weave, place, params, statement)?),
        "truncate" => format!("truncate table {table}"),
        "drop" => format!("drop table if exists {table}"),
        other => return Err(Why::new(Kind::Setting, format!("`{}` of a table", shown(other)))),
    };
    Ok(Gives::Done)
}
