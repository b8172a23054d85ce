//! CSV: rows to text and back.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::expr::Halt;
use crate::expr::call::Call;
use crate::expr::fault::named;
use crate::value::{Object, Value};

/// What the second argument may say.
struct Options {
    delimiter: u8,
    header: bool,
}

/// The delimiter as a text, or `{ delimiter, header }`.
fn options(call: &mut Call<'_, '_>) -> Result<Options, Halt> {
    let mut options = Options { delimiter: b',', header: true };
    let delimiter = match call.any(1) {
        Value::Null => return Ok(options),
        delimiter @ Value::Text(_) => Some(delimiter),
        Value::Object(entries) => {
            if let Some(key) = entries.keys().find(|key| !matches!(&***key, "delimiter" | "header")) {
                return Err(
                    call.fail(format!("there is no option `{key}`: there are `delimiter` and `header`"))
                );
            }
            match entries.get("header") {
                None => {}
                Some(Value::Bool(header)) => options.header = *header,
                Some(other) => {
                    return Err(call.fail(format!("`header` is true or false, found {}", named(other))));
                }
            }
            entries.get("delimiter").cloned()
        }
        _ => return Err(call.wrong(1, "an object or a text")),
    };
    match delimiter.as_ref().map(Value::as_text) {
        None => {}
        Some(Some(text)) if text.len() == 1 && !matches!(text, "\"" | "\n" | "\r") => {
            options.delimiter = text.as_bytes()[0]
        }
        Some(_) => return Err(call.fail("`delimiter` is one character of ASCII")),
    }
    Ok(options)
}

/// Reads rows.
pub fn parse_csv(call: &mut Call<'_, '_>) -> Result<Value, Halt> {
    let text = call.text(0)?;
    let options = options(call)?;
    // Spreadsheets put a mark of the byte order in front.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(options.delimiter)
        .has_headers(options.header)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut header: Vec<Arc<str>> = vec![];
    if options.header {
        let names = reader.headers().map_err(|fault| call.fail(fault.to_string()))?;
        header = names.iter().map(|name| Arc::from(name.trim())).collect();
        let mut seen = BTreeSet::new();
        if let Some(twice) = header.iter().find(|name| !seen.insert((*name).clone())) {
            return Err(call.fail(format!("the header names `{twice}` twice")));
        }
    }
    let mut rows = vec![];
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|fault| call.fail(fault.to_string()))? {
        call.machine.spend(1 + record.len() / 8)?;
        if !options.header {
            rows.push(Value::list(record.iter().map(Value::text).collect()));
            continue;
        }
        if record.len() != header.len() {
            let line = record.position().map_or(0, csv::Position::line);
            let message = format!("line {line} has {} fields, the header {}", record.len(), header.len());
            return Err(call.fail(message));
        }
        let row: Object = header.iter().cloned().zip(record.iter().map(Value::text)).collect();
        rows.push(Value::Object(Arc::new(row)));
    }
    Ok(Value::list(rows))
}

/// Writes rows.
pub fn write_csv(call: &mut Call<'_, '_>) -> Result<Value, Halt> {
    let rows = call.list(0)?;
    let options = options(call)?;
    let mut writer =
        csv::WriterBuilder::new().delimiter(options.delimiter).flexible(true).from_writer(vec![]);
    let mut header: Vec<Arc<str>> = vec![];
    let mut seen = BTreeSet::new();
    for row in rows.iter() {
        if let Value::Object(row) = call.machine.loaded(row.clone())? {
            call.machine.spend(row.len())?;
            header.extend(row.keys().filter(|key| seen.insert((*key).clone())).cloned());
        }
    }
    let broken = |fault: csv::Error| fault.to_string();
    if options.header && !header.is_empty() {
        writer
            .write_record(header.iter().map(|name| name.as_bytes()))
            .map_err(|fault| call.fail(broken(fault)))?;
    }
    let mut written = 0;
    for row in rows.iter() {
        let fields: Vec<String> = match call.machine.loaded(row.clone())? {
            Value::Object(row) => header
                .iter()
                .map(|name| row.get(name).map_or(Ok(String::new()), |value| call.shown(value)))
                .collect::<Result<_, _>>()?,
            Value::List(row) => row.iter().map(|value| call.shown(value)).collect::<Result<_, _>>()?,
            other => return Err(call.fail(format!("a row is an object or a list, found {}", named(&other)))),
        };
        written += fields.iter().map(|field| field.len() + 1).sum::<usize>();
        call.within_bounds(written)?;
        writer.write_record(&fields).map_err(|fault| call.fail(broken(fault)))?;
    }
    let bytes = writer.into_inner().map_err(|fault| call.fail(fault.to_string()))?;
    Ok(Value::text(String::from_utf8(bytes).unwrap_or_default()))
}
