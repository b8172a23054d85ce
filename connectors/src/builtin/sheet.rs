//! `sheet`: the rows of a spreadsheet, be it of Excel (`.xlsx`), of LibreOffice (`.ods`) or a CSV, and rows as one. A file is by anybody:
//! nothing is unpacked that is larger than it may be, and a cell far away makes no room for all those before it.

mod book;
mod cells;
mod csv;
mod grid;
mod write;

use dsl::catalog::{Action, Failure, FailureKind, Safety, Trust};
use dsl::types::{Field, Type};
use dsl::value::{Object, Value};

use super::file::bytes_of;
use super::html::columns;
use crate::Settings;
use crate::params::{Params, short};
use cells::Cells;
pub(crate) use write::{call as call_write, write};

/// The longest file, in bytes.
const LONGEST: u64 = 20 * 1024 * 1024;

/// The most rows where nothing is said.
const ROWS: usize = 1000;

/// A table as it was found.
struct Table {
    /// The name of the sheet, where it has one.
    sheet: Option<String>,
    /// The names of all sheets.
    sheets: Vec<String>,
    cells: Cells,
}

/// What of a file is wanted.
struct Wanted {
    sheet: Option<String>,
    skip: usize,
    /// Rows below the head.
    rows: usize,
    header: bool,
}

pub(crate) fn read(id: &str) -> Action {
    let header =
        "Whether the first row says what the columns are called; without it they are `column 1` and so on.";
    let header = Field::optional("header", Type::Boolean, header);
    let limit =
        Field::optional("limit", Type::Integer, "Most rows that are given; 1000 where nothing is said.");
    Action {
        id: id.into(),
        about: "Read the rows of a sheet: of a file of Excel (`.xlsx`), of LibreOffice (`.ods`) or a CSV, of at most 20 MB.".into(),
        safety: Safety::Read,
        input: vec![
            Field::required("file", Type::Bytes, "The file, as an attachment, an answer, or `file.read` with `as: bytes` gives it."),
            Field::optional("sheet", Type::String, "The name of the sheet; the first one where nothing is said."),
            Field { default: Some(Value::Bool(true)), ..header },
            Field { min: Some(0.0), ..Field::optional("skip", Type::Integer, "How many rows stand above the first that counts.") },
            Field { min: Some(1.0), max: Some(100_000.0), ..limit },
        ],
        output: Type::Object(vec![
            Field::required("sheet", Type::String.or_null(), "The name of the sheet; null for a CSV."),
            Field::required("sheets", Type::List(Box::new(Type::String)), "The names of all sheets."),
            Field::required("columns", Type::List(Box::new(Type::String)), "The names of the columns."),
            Field::required("rows", Type::List(Box::new(Type::AnyObject)), "The rows; an empty cell is null, an empty row is left out."),
            Field::required("more", Type::Boolean, "True if there are more rows than are given."),
        ]),
        trust: Trust::Untrusted,
    }
}

/// Does it on a thread where computing holds nobody up.
pub(crate) async fn call(settings: &Settings, params: Params) -> Result<Value, Failure> {
    let contents = settings.contents.clone();
    let work = tokio::task::spawn_blocking(move || {
        let bytes = bytes_of("file", &params, &contents, LONGEST)?;
        let flag = |name: &str| params.get(name) != Some(&Value::Bool(false));
        let wanted = Wanted {
            sheet: params.text("sheet")?.map(str::to_owned),
            skip: params.count("skip").unwrap_or(0),
            rows: params.count("limit").unwrap_or(ROWS),
            header: flag("header"),
        };
        let table = match kind(&bytes) {
            Kind::Book => book::read(bytes, &wanted)?,
            Kind::Old => {
                let message =
                    "the file is of an old form of Excel (`.xls`), or has a password; save it as `.xlsx`";
                return Err(invalid(message));
            }
            Kind::Text => csv::read(&bytes, &wanted)?,
        };
        given_of(table, &wanted)
    });
    work.await.unwrap_or_else(|_| Err(Failure::new(FailureKind::Server, "the work on a sheet was cut off")))
}

/// What a file is by its first bytes, whatever its name says.
enum Kind {
    Book,
    Old,
    Text,
}

fn kind(bytes: &[u8]) -> Kind {
    match bytes {
        [b'P', b'K', 3, 4, ..] => Kind::Book,
        [0xD0, 0xCF, 0x11, 0xE0, ..] => Kind::Old,
        _ => Kind::Text,
    }
}

fn given_of(table: Table, wanted: &Wanted) -> Result<Value, Failure> {
    let Table { sheet, sheets, cells } = table;
    let width = cells.width();
    let more = cells.more;
    let mut lines = cells.rows();
    let head: Vec<String> = match wanted.header {
        true => match lines.next() {
            Some(line) => {
                let mut head: Vec<String> = vec![String::new(); width];
                for (at, value) in line {
                    head[at] = value.to_string().trim().to_owned();
                }
                head
            }
            None => vec![],
        },
        false => vec![String::new(); width],
    };
    let names = columns(&head);
    let mut rows = vec![];
    for line in lines.take(wanted.rows) {
        let mut row: Object = names.iter().map(|name| (name.as_str().into(), Value::Null)).collect();
        for (at, value) in line {
            row[at] = value;
        }
        rows.push(Value::Object(row.into()));
    }
    let texts = |names: Vec<String>| Value::list(names.into_iter().map(Value::text).collect());
    Ok(Value::object([
        ("sheet", sheet.map_or(Value::Null, Value::text)),
        ("sheets", texts(sheets)),
        ("columns", texts(names)),
        ("rows", Value::list(rows)),
        ("more", Value::Bool(more)),
    ]))
}

/// The sheet that is wanted out of those that there are.
fn chosen(sheets: &[String], wanted: &Wanted) -> Result<String, Failure> {
    let Some(name) = &wanted.sheet else {
        return sheets.first().cloned().ok_or_else(|| invalid("the file has no sheet"));
    };
    if sheets.contains(name) {
        return Ok(name.clone());
    }
    let shown: Vec<String> = sheets.iter().take(8).map(|name| format!("`{}`", short(name))).collect();
    let message = format!("there is no sheet `{}`; there are {}", short(name), shown.join(", "));
    Err(Failure::new(FailureKind::NotFound, message))
}

fn invalid(message: &str) -> Failure {
    Failure::new(FailureKind::Invalid, message)
}

fn limit(message: &str) -> Failure {
    Failure::new(FailureKind::Limit, message)
}
