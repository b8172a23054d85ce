//! Rows as a workflow has them, laid out as the lines of a sheet: the names of the columns, and what stands in each cell.

use dsl::catalog::Failure;
use dsl::value::{Object, Value};

use super::{invalid, limit};
use crate::params::{no_secret, short, wrong_type};

/// The most rows, as `sheet.read` gives at most.
pub(super) const ROWS: usize = 100_000;

/// The most columns.
pub(super) const COLUMNS: usize = 1_000;

/// The most cells.
const CELLS: usize = 1_000_000;

/// The most bytes of all texts together.
const BYTES: usize = 32 * 1024 * 1024;

/// The lines of a sheet.
#[derive(Debug)]
pub(super) struct Grid {
    /// The names of the columns, if there is a line of them.
    pub(super) head: Option<Vec<String>>,
    pub(super) lines: Vec<Vec<Cell>>,
}

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Empty,
    Bool(bool),
    Number(f64),
    Text(String),
    /// A day, or a moment without a zone.
    Moment(jiff::civil::DateTime),
    /// A length of time.
    Length(jiff::SignedDuration),
}

/// Lays rows out. Objects have a column for each key, in the order in which keys are met; `columns` chooses some and orders them.
pub(super) fn laid_out(rows: &[Value], columns: Option<Vec<String>>, header: bool) -> Result<Grid, Failure> {
    if rows.len() > ROWS {
        return Err(limit(&format!("there are more than {ROWS} rows")));
    }
    let names = match columns {
        Some(columns) => Some(columns),
        None if rows.iter().any(|row| matches!(row, Value::Object(_))) => Some(keys(rows)?),
        None => None,
    };
    if names.as_ref().is_some_and(|names| names.len() > COLUMNS) {
        return Err(limit(&format!("there are more than {COLUMNS} columns")));
    }
    let mut count = Count::default();
    let mut lines = Vec::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate() {
        let line = match (row, &names) {
            (Value::Object(row), Some(names)) => of_object(row, names, at, &mut count)?,
            (Value::List(items), _) => of_list(items, at, &mut count)?,
            (Value::Hole(_), _) => return Err(no_secret(&format!("rows[{at}]"))),
            (other, _) => return Err(wrong_type(&format!("`rows[{at}]`"), "object | [any]", other)),
        };
        lines.push(line);
    }
    Ok(Grid { head: names.filter(|_| header), lines })
}

/// The keys of all objects, each once.
fn keys(rows: &[Value]) -> Result<Vec<String>, Failure> {
    let mut known = std::collections::HashSet::new();
    let mut names = vec![];
    for row in rows {
        let Value::Object(row) = row else { continue };
        for key in row.keys() {
            if known.insert(key.clone()) {
                names.push(key.to_string());
            }
        }
        if names.len() > COLUMNS {
            return Err(limit(&format!("there are more than {COLUMNS} columns")));
        }
    }
    Ok(names)
}

fn of_object(row: &Object, names: &[String], at: usize, count: &mut Count) -> Result<Vec<Cell>, Failure> {
    let cells =
        names.iter().map(|name| count.cell(row.get(name.as_str()), || format!("rows[{at}].{}", short(name))));
    cells.collect()
}

fn of_list(items: &[Value], at: usize, count: &mut Count) -> Result<Vec<Cell>, Failure> {
    if items.len() > COLUMNS {
        return Err(limit(&format!("`rows[{at}]` has more than {COLUMNS} cells")));
    }
    let cells = items
        .iter()
        .enumerate()
        .map(|(column, value)| count.cell(Some(value), || format!("rows[{at}][{column}]")));
    cells.collect()
}

/// How many cells there are, and how much stands in them.
#[derive(Default)]
struct Count {
    cells: usize,
    bytes: usize,
}

impl Count {
    fn cell(&mut self, value: Option<&Value>, place: impl Fn() -> String) -> Result<Cell, Failure> {
        let cell = cell(value, &place)?;
        self.cells += 1;
        if let Cell::Text(text) = &cell {
            self.bytes += text.len();
        }
        if self.cells > CELLS || self.bytes > BYTES {
            let message = format!(
                "a sheet has at most {CELLS} cells and {BYTES} bytes of text; write the rows into several"
            );
            return Err(limit(&message));
        }
        Ok(cell)
    }
}

/// What stands in the cell of a value: what a sheet knows by its type, anything else as text.
fn cell(value: Option<&Value>, place: &dyn Fn() -> String) -> Result<Cell, Failure> {
    /// Programs for sheets count in floats: a longer number loses its last digits.
    const EXACT: i64 = 1_000_000_000_000_000;
    Ok(match value {
        None | Some(Value::Null) => Cell::Empty,
        Some(Value::Bool(flag)) => Cell::Bool(*flag),
        Some(Value::Int(number)) if (-EXACT..=EXACT).contains(number) => Cell::Number(*number as f64),
        Some(Value::Number(number)) => Cell::Number(*number),
        Some(Value::Text(text)) => text_cell(text),
        // A cell has no zone: the moment as it is in UTC.
        Some(Value::Time(time)) => Cell::Moment(jiff::tz::Offset::UTC.to_datetime(*time)),
        Some(Value::Duration(length)) => Cell::Length(*length),
        Some(Value::File(_)) => {
            return Err(invalid(&format!("`{}` is a file, which no cell holds", place())));
        }
        Some(value) if has_hole(value) => return Err(no_secret(&place())),
        Some(value) => Cell::Text(value.to_string()),
    })
}

/// A text; one that is a day or a moment as `sheet.read` gives it is that.
fn text_cell(text: &str) -> Cell {
    let digits = text.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        13 | 16 => byte == b':',
        _ => byte.is_ascii_digit(),
    });
    let moment = match text.len() {
        10 if digits => text.parse::<jiff::civil::Date>().ok().map(|day| day.at(0, 0, 0, 0)),
        19 if digits => text.parse::<jiff::civil::DateTime>().ok(),
        _ => None,
    };
    // Sheets count days from 1900, and one that never was is among the first.
    match moment.filter(|moment| moment.year() > 1900) {
        Some(moment) => Cell::Moment(moment),
        None => Cell::Text(text.to_owned()),
    }
}

fn has_hole(value: &Value) -> bool {
    match value {
        Value::Hole(_) => true,
        Value::List(items) => items.iter().any(has_hole),
        Value::Object(entries) => entries.values().any(has_hole),
        _ => false,
    }
}
