//! Files of Excel and LibreOffice, which are archives of XML. An archive says how large it becomes and may lie, so that each part
//! is unpacked once to nothing before it is read.

use std::io::{Cursor, Read};

use calamine::{Data, DataRef, ExcelDateTime, Ods, Reader as _, Xlsx};
use dsl::catalog::Failure;
use dsl::value::Value;
use quick_xml::events::Event;
use zip::ZipArchive;

use super::cells::{Cells, Go};
use super::{Table, Wanted, chosen, invalid, limit};

/// The most bytes of a file when it is unpacked.
const UNPACKED: u64 = 256 * 1024 * 1024;

/// The most parts of an archive.
const PARTS: usize = 10_000;

/// The most cells of a sheet of LibreOffice, empty ones between others included.
const SPREAD: u64 = 2_000_000;

pub(super) fn read(bytes: Vec<u8>, wanted: &Wanted) -> Result<Table, Failure> {
    let no = |error: zip::result::ZipError| invalid(&format!("the file is a damaged archive: {error}"));
    let mut archive = ZipArchive::new(Cursor::new(&bytes[..])).map_err(no)?;
    if archive.len() > PARTS {
        return Err(limit(&format!("the file has more than {PARTS} parts")));
    }
    let (mut excel, mut office, mut unpacked) = (false, false, 0);
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(no)?;
        let name = part.name().map_err(no)?;
        excel = excel || name == "xl/workbook.xml";
        office = office || name == "content.xml";
        unpacked += std::io::copy(&mut part.take(UNPACKED - unpacked + 1), &mut std::io::sink())
            .map_err(|error| invalid(&format!("the file is a damaged archive: {error}")))?;
        if unpacked > UNPACKED {
            return Err(limit(&format!("the file becomes more than {UNPACKED} bytes when it is unpacked")));
        }
    }
    if office && !excel {
        spread(&mut archive)?;
    }
    drop(archive);
    match (excel, office) {
        (true, _) => of_excel(bytes, wanted),
        (false, true) => of_office(bytes, wanted),
        (false, false) => Err(invalid("the file is an archive, and no spreadsheet of Excel or LibreOffice")),
    }
}

fn of_excel(bytes: Vec<u8>, wanted: &Wanted) -> Result<Table, Failure> {
    let no = |error: calamine::XlsxError| invalid(&format!("the file of Excel cannot be read: {error}"));
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(no)?;
    let sheets = book.sheet_names();
    let sheet = chosen(&sheets, wanted)?;
    let mut cells = Cells::new(wanted);
    // Cell by cell: a table as a whole has room for all before the last one.
    let mut reader = book.worksheet_cells_reader(&sheet).map_err(no)?;
    while let Some(cell) = reader.next_cell().map_err(no)? {
        let (row, column) = cell.get_position();
        let value = match cell.get_value() {
            DataRef::Empty => Value::Null,
            DataRef::Int(number) => Value::Int(*number),
            DataRef::Float(number) => number_of(*number),
            DataRef::String(text) => text_of(text),
            DataRef::SharedString(text) => text_of(text),
            DataRef::Bool(flag) => Value::Bool(*flag),
            DataRef::DateTime(time) => time_of(time),
            DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text_of(text),
            DataRef::Error(error) => Value::text(error.to_string()),
        };
        if cells.take(row as usize, column as usize, value)? == Go::NoFurther {
            break;
        }
    }
    drop(reader);
    Ok(Table { sheet: Some(sheet), sheets, cells })
}

fn of_office(bytes: Vec<u8>, wanted: &Wanted) -> Result<Table, Failure> {
    let no = |error: calamine::OdsError| invalid(&format!("the file of LibreOffice cannot be read: {error}"));
    let mut book: Ods<_> = Ods::new(Cursor::new(bytes)).map_err(no)?;
    let sheets = book.sheet_names();
    let sheet = chosen(&sheets, wanted)?;
    let range = book.worksheet_range(&sheet).map_err(no)?;
    let (top, left) = range.start().unwrap_or((0, 0));
    let mut cells = Cells::new(wanted);
    for (row, column, data) in range.used_cells() {
        let value = match data {
            Data::Empty => Value::Null,
            Data::Int(number) => Value::Int(*number),
            Data::Float(number) => number_of(*number),
            Data::String(text) => text_of(text),
            Data::Bool(flag) => Value::Bool(*flag),
            Data::DateTime(time) => time_of(time),
            Data::DateTimeIso(text) | Data::DurationIso(text) => text_of(text),
            Data::Error(error) => Value::text(error.to_string()),
        };
        if cells.take(top as usize + row, left as usize + column, value)? == Go::NoFurther {
            break;
        }
    }
    Ok(Table { sheet: Some(sheet), sheets, cells })
}

/// Refuses a sheet of LibreOffice that says in few words that it has very many cells.
fn spread(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<(), Failure> {
    let no =
        |error: &dyn std::fmt::Display| invalid(&format!("the file of LibreOffice cannot be read: {error}"));
    let part = archive.by_name("content.xml").map_err(|error| no(&error))?;
    let mut reader = quick_xml::Reader::from_reader(std::io::BufReader::new(part));
    let mut buffer = vec![];
    // Of a row: how often it stands, and how many cells up to the last that holds something.
    let (mut times, mut width, mut filled) = (1_u64, 0_u64, 0_u64);
    // Of a table: rows up to the last that holds something, and the widest.
    let (mut rows, mut waiting, mut widest) = (0_u64, 0_u64, 0_u64);
    loop {
        let event = reader.read_event_into(&mut buffer).map_err(|error| no(&error))?;
        let (start, empty) = match &event {
            Event::Start(start) => (Some(start), false),
            Event::Empty(start) => (Some(start), true),
            Event::Eof => return Ok(()),
            _ => (None, false),
        };
        let repeated = |name: &str| {
            let attribute = start.and_then(|start| start.try_get_attribute(name).ok().flatten());
            attribute.and_then(|attribute| attribute.value.parse::<u64>().ok()).unwrap_or(1)
        };
        match (start.map(|start| start.name().0), &event) {
            (Some("table:table"), _) => (rows, waiting, widest) = (0, 0, 0),
            (Some("table:table-row"), _) => {
                (times, width, filled) = (repeated("table:number-rows-repeated"), 0, 0)
            }
            (Some("table:table-cell" | "table:covered-table-cell"), _) => {
                width = width.saturating_add(repeated("table:number-columns-repeated"));
                let holds = |name: &str| {
                    start
                        .is_some_and(|start| start.try_get_attribute(name).is_ok_and(|found| found.is_some()))
                };
                if !empty || holds("office:value-type") || holds("table:formula") {
                    filled = width;
                }
            }
            (_, Event::End(end)) if end.name().0 == "table:table-row" => {
                waiting = waiting.saturating_add(times);
                if filled > 0 {
                    (rows, waiting) = (rows.saturating_add(waiting), 0);
                    widest = widest.max(filled);
                }
            }
            _ => {}
        }
        if rows.saturating_mul(widest) > SPREAD || filled > SPREAD {
            return Err(limit(&format!("a sheet spreads over more than {SPREAD} cells")));
        }
        buffer.clear();
    }
}

/// A whole number is an integer.
fn number_of(number: f64) -> Value {
    match number {
        whole if whole.fract() == 0.0 && whole.abs() < 9e15 => Value::Int(whole as i64),
        finite if finite.is_finite() => Value::Number(finite),
        _ => Value::Null,
    }
}

fn text_of(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { Value::text(text) }
}

/// A moment without a zone: a day alone, where it has no time of the day; a length of time in hours.
fn time_of(time: &ExcelDateTime) -> Value {
    if time.is_duration() {
        let seconds = (time.as_f64() * 86_400.0).round() as i64;
        return Value::Duration(jiff::SignedDuration::from_secs(seconds));
    }
    let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second, milli) == (0, 0, 0, 0) {
        return Value::text(date);
    }
    Value::text(format!("{date}T{hour:02}:{minute:02}:{second:02}"))
}
