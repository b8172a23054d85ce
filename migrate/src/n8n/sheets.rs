//! Google Sheets: rows with the names of their columns, as n8n reads and writes them.

use serde_json::Value;

use super::params::Params;
use super::say::Say;
use super::services::{connection, id_of};
use super::weave::{Card, Flow, Item, List, Place, Res, Rest, Weave};
use crate::names::shown;
use crate::ours::{self, Bind, Ex, Sort};
use crate::report::{Kind, Why};
use crate::tree::{Entry, Tree};

/// What a sheet is called: n8n keeps its number, and beside it the name under which it was chosen.
pub fn sheet(params: &Params, path: &str) -> Res<String> {
    let mode =
        params.get(path).and_then(|found| found.get("mode").and_then(Value::as_str).map(str::to_owned));
    if let Some(name) = params.shown(path) {
        return Ok(name);
    }
    match (mode.as_deref(), params.chosen(path)) {
        (Some("name") | None, Some(Value::String(name))) if !name.starts_with("gid=") => Ok(name),
        _ => Err(Why::new(Kind::Setting, "the sheet's name is not in the file, only its number")),
    }
}

/// The document, and the cells or the sheet.
fn whereabouts(weave: &mut Weave, place: &Place, params: &Params, version: f64) -> Res<(Tree, String)> {
    params.ignore(&["authentication", "resource"]);
    if version < 3.0 {
        let id = params.text("sheetId").ok_or_else(|| Why::new(Kind::Setting, "it names no document"))?;
        let range = params.text("range").unwrap_or_else(|| "A:F".into());
        let mut say = Say::new(weave, place);
        return Ok((Tree::Text(say.text(&id)?), say.text(&range)?));
    }
    let chosen = match params.chosen("documentId") {
        None if params.is_blank("documentId") => {
            weave.settle.insert("the document of Google Sheets, which is empty in the file".into());
            Value::from("")
        }
        chosen => chosen.ok_or_else(|| Why::new(Kind::Setting, "it names no document"))?,
    };
    let by_address = params
        .get("documentId")
        .is_some_and(|found| found.get("mode").and_then(Value::as_str) == Some("url"));
    let made = chosen.as_str().is_some_and(|text| text.starts_with('='));
    let id = if by_address && !made {
        Tree::text(id_of(&chosen)?)
    } else {
        Say::new(weave, place).tree(&chosen)?
    };
    let name = sheet(params, "sheetName")?;
    let name = Say::new(weave, place).text(&name)?;
    Ok((id, name))
}

/// A Google Sheets node.
pub fn node(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let version = weave.file.nodes[node].version;
    if params.text("resource").is_some_and(|resource| resource != "sheet") {
        return unknown(weave, node, "spreadsheet");
    }
    let operation = params.text("operation").unwrap_or_else(|| "read".into());
    connection(weave, "google_sheets.get_rows");
    let wish = weave.file.nodes[node].name.clone();
    let (id, range) = whereabouts(weave, place, params, version)?;
    match operation.as_str() {
        "read" | "lookup" => {
            params.ignore(&[
                "options.dataLocationOnSheet",
                "options.outputFormatting",
                "options.returnAllMatches",
                "combineFilters",
            ]);
            if !is_plain(params, "options.dataLocationOnSheet")
                || !is_plain(params, "options.outputFormatting")
            {
                return Err(Why::new(Kind::Setting, "where the names stand, or how cells are read"));
            }
            let filters = if version < 3.0 { looked_up(params) } else { filters(params) };
            let all = params.flag("options.returnAllMatches").unwrap_or(false)
                || params.text("options.returnAllMatches").as_deref() == Some("returnAllMatches");
            let filtered = !filters.is_empty();
            let mut conditions = vec![];
            for (column, value) in filters {
                let value = Say::new(weave, place).ex(&value)?;
                let cell = ours::join(&[Ex::path("r.values").field(&column)]);
                conditions.push(cell.is(&value.as_text()));
            }
            let mut with = vec![Entry::new("spreadsheet_id", id), Entry::text("range", range)];
            if version < 3.0
                && params.text("options.valueRenderMode").is_none_or(|mode| mode == "UNFORMATTED_VALUE")
            {
                with.push(Entry::text("render", "UNFORMATTED_VALUE"));
            }
            params.ignore(&["options.valueRenderMode"]);
            let step = weave.add(
                node,
                place,
                &wish,
                vec![Entry::text("use", "google_sheets.get_rows"), Entry::map("with", with)],
            );
            let mut rows = format!("steps.{step}.rows");
            if let Some(all) = conditions.into_iter().reduce(|a, b| a.and(&b)) {
                rows = format!("filter({rows}, r => {})", all.text);
            }
            if filtered && !all {
                rows = format!("slice({rows}, 0, 1)");
            }
            let value = if version < 3.0 { "r.values" } else { "merge(r.values, { row_number: r.number })" };
            let ex = Ex::new(format!("map({rows}, r => {value})"), Bind::Path, Sort::List);
            Ok(vec![(0, place.many(List::open(ex), &step))])
        }
        "append" => {
            let fields = fields(weave, place, params, version)?;
            let head = header(weave, node, place, &wish, &id, &range);
            let row = row(&fields, &head, "''");
            let mut made = append(weave, node, place, &wish, id, range, &row, params)?;
            if fields.iter().all(|(name, _)| name != "*") {
                made.iter_mut()
                    .for_each(|(_, flow)| flow.card = Card::One(Item::of(fields.clone(), Rest::Empty)));
            }
            Ok(made)
        }
        "update" | "appendOrUpdate" => {
            let by = matching(params)?;
            let fields = fields(weave, place, params, version)?;
            let own = fields.iter().find(|(name, _)| *name == by).map(|(_, value)| value.clone());
            // All that comes in is written: the field is one of it.
            let all = fields.iter().find(|(name, _)| name == "*").map(|(_, whole)| whole.field(&by));
            let Some(wanted) = own.or(all) else {
                return Err(Why::new(Kind::Setting, "it finds rows by a field that it does not set"));
            };
            let with = vec![Entry::new("spreadsheet_id", id.clone()), Entry::text("range", &*range)];
            let body = vec![Entry::text("use", "google_sheets.get_rows"), Entry::map("with", with)];
            let rows = weave.add(node, place, &format!("{wish} rows"), body);
            let cell = ours::join(&[Ex::path("r.values").field(&by)]);
            let found = format!("find(steps.{rows}.rows, r => {})?.number", cell.is(&wanted.as_text()).text);
            let mut inner = place.clone();
            inner.after = [rows].into();
            let body = vec![Entry::map("set", vec![Entry::text("number", Ex::path(found).hole())])];
            let row_of = weave.add(node, &inner, &format!("{wish} row"), body);
            inner.after = [row_of.clone()].into();
            let head = header(weave, node, &inner, &wish, &id, &range);
            let there = Ex::new(format!("steps.{row_of}.number != null"), Bind::Compare, Sort::Bool);
            let guarded = |guard: Ex| Place {
                guard: Some(match &inner.guard {
                    Some(outer) => outer.and(&guard),
                    None => guard,
                }),
                ..inner.clone()
            };
            let cells = row(&fields, &head, "null");
            let with = vec![
                Entry::new("spreadsheet_id", id.clone()),
                Entry::text("range", format!("{range}!A{{{{ steps.{row_of}.number }}}}")),
                Entry::new("values", Tree::List(vec![Tree::Text(cells.hole())])),
            ];
            let yes = guarded(there.clone());
            let body = vec![Entry::text("use", "google_sheets.update_values"), Entry::map("with", with)];
            let step = weave.add(node, &yes, &wish, body);
            params.ignore(&["options.handlingExtraData", "options.cellFormat"]);
            let mut flow = place.one(Item::of(fields.clone(), Rest::Empty), &step);
            if operation == "update" {
                flow.guard = yes.guard;
                return Ok(vec![(0, flow)]);
            }
            let blank = row(&fields, &head, "''");
            let other = guarded(Ex::new(format!("steps.{row_of}.number == null"), Bind::Compare, Sort::Bool));
            let made = append(weave, node, &other, &format!("{wish} new"), id, range, &blank, params)?;
            flow.after.extend(made.into_iter().flat_map(|(_, flow)| flow.after));
            Ok(vec![(0, flow)])
        }
        "clear"
            if params.text("clear").is_none_or(|what| what == "wholeSheet")
                && !params.flag("keepFirstRow").unwrap_or(false) =>
        {
            params.ignore(&["keepFirstRow"]);
            let with = vec![Entry::new("spreadsheet_id", id), Entry::text("range", range)];
            let body = vec![Entry::text("use", "google_sheets.clear_values"), Entry::map("with", with)];
            let step = weave.add(node, place, &wish, body);
            Ok(vec![(0, Flow { after: [step].into(), ..place.same() })])
        }
        "delete" if params.text("toDelete").is_none_or(|what| what == "rows") => {
            let number = sheet_number(params)
                .ok_or_else(|| Why::new(Kind::Setting, "the sheet's number is not in the file"))?;
            let mut say = Say::new(weave, place);
            let first = say.tree(&params.get("startIndex").unwrap_or(Value::from(2)))?;
            let count = say.tree(&params.get("numberToDelete").unwrap_or(Value::from(1)))?;
            let with = vec![
                Entry::new("spreadsheet_id", id),
                Entry::bare("sheet_id", number),
                Entry::new("first", first),
                Entry::new("count", count),
            ];
            let body = vec![Entry::text("use", "google_sheets.delete_rows"), Entry::map("with", with)];
            let step = weave.add(node, place, &wish, body);
            let known = vec![("success".to_owned(), Ex::bool(true))];
            Ok(vec![(0, place.one(Item::of(known, Rest::Empty), &step))])
        }
        other => unknown(weave, node, other),
    }
}

/// The number of a sheet, where the file has it.
fn sheet_number(params: &Params) -> Option<u64> {
    match params.chosen("sheetName")? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim_start_matches("gid=").parse().ok(),
        _ => None,
    }
}

fn unknown<T>(weave: &mut Weave, node: usize, operation: &str) -> Res<T> {
    weave.parts[node].service = Some("googleSheets".into());
    Err(Why::new(
        Kind::Service,
        format!("no action of ours does what `{}` of `googleSheets` does", shown(operation)),
    ))
}

fn is_plain(params: &Params, path: &str) -> bool {
    params.get(path).is_none_or(|value| value.as_object().is_some_and(serde_json::Map::is_empty))
}

fn looked_up(params: &Params) -> Vec<(String, Value)> {
    match (params.text("lookupColumn"), params.get("lookupValue")) {
        (Some(column), value) if params.text("operation").as_deref() == Some("lookup") => {
            vec![(column, value.unwrap_or(Value::from("")))]
        }
        _ => vec![],
    }
}

fn filters(params: &Params) -> Vec<(String, Value)> {
    let filters = params.list("filtersUI.values");
    params.ignore(&["filtersUI"]);
    let filters = filters.iter().filter_map(|filter| {
        let column = filter.get("lookupColumn")?.as_str()?.to_owned();
        Some((column, filter.get("lookupValue").cloned().unwrap_or(Value::from(""))))
    });
    filters.collect()
}

/// The fields that are written, by the names of their columns.
fn fields(weave: &mut Weave, place: &Place, params: &Params, version: f64) -> Res<Vec<(String, Ex)>> {
    params.ignore(&[
        "options.cellFormat",
        "options.useAppend",
        "options.handlingExtraData",
        "columns.schema",
        "columns.matchingColumns",
        "columns.attemptToConvertTypes",
        "columns.convertFieldsToString",
        "columns.ignoreTypeMismatchErrors",
        "options.valueInputMode",
        "options.valueRenderMode",
        "keyRow",
        "key",
        "dataMode",
    ]);
    let extra = params.text("options.handlingExtraData");
    if extra.is_some_and(|how| how == "error") {
        return Err(Why::new(Kind::Setting, "what becomes of fields without a column"));
    }
    let automatic = version < 3.0
        || params.text("columns.mappingMode").as_deref() == Some("autoMapInputData")
        || params.text("dataMode").as_deref() == Some("autoMapInputData");
    if automatic {
        params.ignore(&["columns"]);
        return match &place.item.rest {
            Rest::Closed(who) => Err(Why::new(
                Kind::Answer,
                format!("it writes all that `{who}` gives, which is not all at hand"),
            )),
            Rest::Empty => Ok(place.item.known.clone()),
            Rest::Open(_) => Ok(vec![("*".into(), place.item.whole.clone())]),
        };
    }
    let mut out = vec![];
    let values = params.get("columns.value").unwrap_or(Value::Null);
    params.ignore(&["columns"]);
    for (name, value) in values.as_object().into_iter().flatten() {
        out.push((name.clone(), Say::new(weave, place).ex(value)?));
    }
    for value in params.list("fieldsUi.fieldValues").iter().chain(&params.list("fieldsUi.values")) {
        let name = value
            .get("fieldId")
            .or(value.get("column"))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        out.push((name, Say::new(weave, place).ex(value.get("fieldValue").unwrap_or(&Value::Null))?));
    }
    params.ignore(&["fieldsUi"]);
    if out.is_empty() { Err(Why::new(Kind::Setting, "it writes no fields")) } else { Ok(out) }
}

fn matching(params: &Params) -> Res<String> {
    let first = params.list("columns.matchingColumns");
    let old = params.text("key").or_else(|| params.text("columnToMatchOn"));
    let only = first.first().and_then(Value::as_str).map(str::to_owned).filter(|_| first.len() == 1);
    only.or(old).ok_or_else(|| Why::new(Kind::Setting, "by which column it finds a row"))
}

/// The names of the columns, which stand in the first row.
fn header(weave: &mut Weave, node: usize, place: &Place, wish: &str, id: &Tree, range: &str) -> Ex {
    let first = match range.split_once('!') {
        Some((sheet, _)) => format!("{sheet}!1:1"),
        // Cells without a sheet are those of the first one.
        None if range.contains(':') => "1:1".to_owned(),
        None => format!("{range}!1:1"),
    };
    let with = vec![Entry::new("spreadsheet_id", id.clone()), Entry::text("range", first)];
    let body = vec![Entry::text("use", "google_sheets.get_values"), Entry::map("with", with)];
    let step = weave.add(node, place, &format!("{wish} head"), body);
    Ex::path(format!("steps.{step}.values[0]"))
}

/// A row in the order of the columns.
fn row(fields: &[(String, Ex)], head: &Ex, missing: &str) -> Ex {
    let values = match fields {
        [(name, whole)] if name == "*" => whole.clone(),
        fields => ours::object(fields),
    };
    Ex::new(format!("map({}, c => ({})?.[c] ?? {missing})", head.text, values.text), Bind::Path, Sort::List)
}

#[allow(clippy::too_many_arguments)]
fn append(
    weave: &mut Weave,
    node: usize,
    place: &Place,
    wish: &str,
    id: Tree,
    range: String,
    row: &Ex,
    params: &Params,
) -> Res<Vec<(usize, Flow)>> {
    let raw = params.text("options.cellFormat").or_else(|| params.text("options.valueInputMode"));
    let mut with = vec![
        Entry::new("spreadsheet_id", id),
        Entry::text("range", range),
        Entry::new("rows", Tree::List(vec![Tree::Text(row.hole())])),
    ];
    if raw.is_some_and(|word| word == "RAW") {
        with.push(Entry::text("entered", "RAW"));
    }
    let body = vec![Entry::text("use", "google_sheets.append_rows"), Entry::map("with", with)];
    let step = weave.add(node, place, wish, body);
    Ok(vec![(0, Flow { after: [step].into(), ..place.same() })])
}
