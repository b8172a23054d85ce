//! `sheet.write`: rows as a file of Excel or a CSV. Whoever opens the file carries nothing out that stands in a cell: a text is never
//! a formula.

use std::sync::Arc;

use dsl::catalog::{Action, Failure, FailureKind, Safety, Trust};
use dsl::types::{Field, Type};
use dsl::value::{Content, File, Value};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};

use super::grid::{COLUMNS, Cell, Grid, laid_out};
use super::{LONGEST, invalid, limit};
use crate::Settings;
use crate::contents::AT_HAND;
use crate::params::{Params, no_secret, short, wrong_type};

/// The most characters of a cell of Excel.
const CELL: usize = 32_767;

/// The signs that part cells of a CSV.
const SEPARATORS: [(&str, u8); 3] = [("comma", b','), ("semicolon", b';'), ("tab", b'\t')];

pub(crate) fn write(id: &str) -> Action {
    let kind = Field::optional(
        "as",
        Type::Enum(vec!["xlsx".into(), "csv".into()]),
        "What becomes of them: a file of Excel, or a CSV in UTF-8.",
    );
    let header =
        Field::optional("header", Type::Boolean, "Whether the first line says what the columns are called.");
    let separators = SEPARATORS.map(|(name, _)| name.to_owned()).to_vec();
    let separator = Field::optional("separator", Type::Enum(separators), "What parts the cells of a CSV.");
    let sheet = Field::optional("sheet", Type::String, "The name of the sheet in a file of Excel.");
    let columns =
        "The columns and their order; all keys in the order in which they are met where nothing is said.";
    let columns = Field::optional("columns", Type::List(Box::new(Type::String)), columns);
    let name = "The name of the file; `sheet.xlsx` or `sheet.csv` where nothing is said.";
    Action {
        id: id.into(),
        about: "Make a file of Excel (`.xlsx`) or a CSV of rows: of at most 100,000, and a million cells. A text is never a formula.".into(),
        safety: Safety::Read,
        input: vec![
            Field::required("rows", Type::List(Box::new(Type::Any)), "The rows: objects, or lists of cells."),
            Field { default: Some(Value::text("xlsx")), ..kind },
            Field { max: Some(COLUMNS as f64), ..columns },
            Field { default: Some(Value::Bool(true)), ..header },
            Field { default: Some(Value::text("Sheet1")), ..sheet },
            Field { default: Some(Value::text("comma")), ..separator },
            Field { min: Some(1.0), max: Some(200.0), ..Field::optional("name", Type::String, name) },
        ],
        output: Type::Bytes,
        trust: Trust::Untrusted,
    }
}

/// Does it on a thread where computing holds nobody up.
pub(crate) async fn call(settings: &Settings, params: Params) -> Result<Value, Failure> {
    let contents = settings.contents.clone();
    let work = tokio::task::spawn_blocking(move || {
        let rows = match params.get("rows") {
            Some(Value::List(rows)) => rows.clone(),
            Some(Value::Hole(_)) => return Err(no_secret("rows")),
            other => return Err(wrong_type("`rows`", "[any]", other.unwrap_or(&Value::Null))),
        };
        let columns = match params.get("columns") {
            Some(Value::List(names)) => Some(chosen(names)?),
            _ => None,
        };
        let grid = laid_out(&rows, columns, params.get("header") != Some(&Value::Bool(false)))?;
        let (bytes, ending, media_type) = match params.text("as")?.unwrap_or("xlsx") {
            "csv" => {
                let named = params.text("separator")?.unwrap_or("comma");
                let sign = SEPARATORS.iter().find(|(name, _)| *name == named).map_or(b',', |(_, sign)| *sign);
                (of_csv(&grid, sign)?, "csv", "text/csv")
            }
            _ => {
                let sheet = params.text("sheet")?.unwrap_or("Sheet1");
                let of_excel = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
                (of_excel_file(&grid, sheet)?, "xlsx", of_excel)
            }
        };
        if bytes.len() as u64 > LONGEST {
            let message =
                format!("the file becomes longer than {LONGEST} bytes; write the rows into several");
            return Err(limit(&message));
        }
        let content = if bytes.len() > AT_HAND {
            contents.take(&mut &bytes[..], LONGEST)?
        } else {
            Content::Here(bytes.into())
        };
        let given = params.text("name")?.and_then(crate::contents::safe);
        let name = given.unwrap_or_else(|| format!("sheet.{ending}").into());
        Ok(Value::File(Arc::new(File { content, media_type: media_type.into(), name: Some(name) })))
    });
    work.await.unwrap_or_else(|_| Err(Failure::new(FailureKind::Server, "the work on a sheet was cut off")))
}

/// The names of the columns that are wanted, each once.
fn chosen(names: &[Value]) -> Result<Vec<String>, Failure> {
    let mut chosen: Vec<String> = vec![];
    for (at, name) in names.iter().enumerate() {
        let Value::Text(name) = name else { return Err(no_secret(&format!("columns[{at}]"))) };
        if chosen.iter().any(|known| **known == **name) {
            return Err(invalid(&format!("`columns` names `{}` twice", short(name))));
        }
        chosen.push(name.to_string());
    }
    Ok(chosen)
}

fn of_excel_file(grid: &Grid, name: &str) -> Result<Vec<u8>, Failure> {
    let no = |error: XlsxError| match error {
        XlsxError::SheetnameCannotBeBlank(_)
        | XlsxError::SheetnameLengthExceeded(_)
        | XlsxError::SheetnameContainsInvalidCharacter(_)
        | XlsxError::SheetnameStartsOrEndsWithApostrophe(_) => invalid(&format!(
            "`{}` names no sheet: a name has 1 to 31 characters, none of them `[ ] : * ? / \\`, and no `'` at its ends",
            short(name)
        )),
        other => Failure::new(FailureKind::Server, format!("the sheet cannot be made: {other}")),
    };
    let (day, moment, length, head) = (
        Format::new().set_num_format("yyyy-mm-dd"),
        Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        Format::new().set_num_format("[h]:mm:ss"),
        Format::new().set_bold(),
    );
    let mut book = Workbook::new();
    // The same rows make the same bytes, whenever that is.
    let made = ExcelDateTime::from_ymd(2000, 1, 1).map_err(no)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&made));
    let sheet = book.add_worksheet();
    sheet.set_name(name).map_err(no)?;
    let mut line = 0_u32;
    if let Some(names) = &grid.head {
        for (column, name) in (0_u16..).zip(names) {
            sheet
                .write_string_with_format(line, column, fitting(name, "a name of a column")?, &head)
                .map_err(no)?;
        }
        sheet.set_freeze_panes(1, 0).map_err(no)?;
        line = 1;
    }
    for cells in &grid.lines {
        for (column, cell) in (0_u16..).zip(cells) {
            match cell {
                Cell::Empty => continue,
                Cell::Bool(flag) => sheet.write_boolean(line, column, *flag),
                Cell::Number(number) => sheet.write_number(line, column, *number),
                // As text, whatever it begins with: `write` would make a formula of `=1+1`.
                Cell::Text(text) => sheet.write_string(line, column, fitting(text, "a cell")?),
                Cell::Moment(at) => {
                    let format = if at.time() == jiff::civil::Time::midnight() { &day } else { &moment };
                    sheet.write_datetime_with_format(line, column, at, format)
                }
                Cell::Length(time) => {
                    sheet.write_number_with_format(line, column, time.as_secs_f64() / 86_400.0, &length)
                }
            }
            .map_err(no)?;
        }
        line += 1;
    }
    book.save_to_buffer().map_err(no)
}

fn fitting<'a>(text: &'a str, what: &str) -> Result<&'a str, Failure> {
    if text.len() > CELL && text.chars().map(char::len_utf16).sum::<usize>() > CELL {
        return Err(limit(&format!("{what} has more than the {CELL} characters that Excel takes")));
    }
    Ok(text)
}

fn of_csv(grid: &Grid, separator: u8) -> Result<Vec<u8>, Failure> {
    let broken = |error: &dyn std::fmt::Display| {
        Failure::new(FailureKind::Server, format!("the CSV cannot be made: {error}"))
    };
    let mut writer = ::csv::WriterBuilder::new().delimiter(separator).flexible(true).from_writer(Vec::new());
    if let Some(names) = &grid.head {
        writer.write_record(names.iter().map(|name| unarmed(name))).map_err(|error| broken(&error))?;
    }
    for cells in &grid.lines {
        writer.write_record(cells.iter().map(plain)).map_err(|error| broken(&error))?;
    }
    writer.into_inner().map_err(|error| broken(&error))
}

fn plain(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Bool(flag) => flag.to_string(),
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) => unarmed(text),
        Cell::Moment(at) if at.time() == jiff::civil::Time::midnight() => at.date().to_string(),
        Cell::Moment(at) => at.to_string(),
        Cell::Length(length) => dsl::duration::format(*length),
    }
}

/// A text of which no program for sheets makes a formula: `'` stands before one that would be.
fn unarmed(text: &str) -> String {
    let armed = match text.bytes().next() {
        Some(b'=' | b'@' | b'\t' | b'\r' | b'\n') => true,
        // `+49 170 12` and `-5,00` compute nothing.
        Some(b'+' | b'-') => !text.bytes().all(|byte| byte.is_ascii_digit() || b"+- ().,/".contains(&byte)),
        _ => false,
    };
    if armed { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_would_be_a_formula_is_none() {
        for text in ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+cmd", "\t=1", "\r=1", "=", "+A1"] {
            assert_eq!(unarmed(text), format!("'{text}"));
        }
        for text in ["", "a=b", "-5", "+49 (170) 12-34", "1+1", "'=1", "- 3,50", "Ünal"] {
            assert_eq!(unarmed(text), text);
        }
    }
}
