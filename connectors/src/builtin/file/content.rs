//! Between the bytes of a file and values.

use std::sync::Arc;

use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Content, File, MAX_DEPTH, Object, Value};

use super::LIMIT;
use crate::contents::Contents;
use crate::params::{Params, no_secret, short, wrong_type};

/// A content as a value.
pub(crate) fn of_bytes(content: Content, path: &str) -> Value {
    let name = path.rsplit('/').next().map(Arc::from);
    Value::File(Arc::new(File { content, media_type: media_type(path).into(), name }))
}

/// The bytes of a file as the author wants them, where these are not the bytes themselves.
pub(crate) fn parse(kind: &str, bytes: Vec<u8>, path: &str) -> Result<Value, Failure> {
    let invalid = |why: &str| Failure::new(FailureKind::Invalid, format!("`{}` {why}", short(path)));
    let text =
        String::from_utf8(bytes).map_err(|_| invalid("is not text in UTF-8; read it with `as: bytes`"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    match kind {
        "json" => {
            let value = dsl::json::parse(text).map_err(|error| invalid(&format!("is not JSON: {error}")))?;
            if value.depth() > MAX_DEPTH {
                let message = format!("`{}` nests deeper than {MAX_DEPTH}", short(path));
                return Err(Failure::new(FailureKind::Limit, message));
            }
            Ok(value)
        }
        "csv" => rows(text).map_err(|why| invalid(&format!("is not a CSV: {why}"))),
        _ => Ok(Value::text(text)),
    }
}

/// The media type that the ending of a path stands for.
fn media_type(path: &str) -> &'static str {
    mime_guess::from_path(path).first_raw().unwrap_or(dsl::value::UNKNOWN)
}

/// The file that a value stands for: a file, its plain form, or text in Base64.
pub(crate) fn file(name: &str, value: &Value) -> Result<Arc<File>, Failure> {
    match value {
        Value::File(file) => Ok(file.clone()),
        Value::Hole(_) => Err(no_secret(name)),
        other => match File::from_plain(other) {
            Some(file) => Ok(Arc::new(file)),
            None if other.as_text().is_some() || other.get("base64").is_some() => {
                Err(Failure::new(FailureKind::Invalid, format!("`{name}` is not in Base64")))
            }
            None => Err(wrong_type(&format!("`{name}`"), "bytes", value)),
        },
    }
}

/// The bytes of a file that is given as a parameter, where it has at most so many. To be called where a thread may wait.
pub(crate) fn bytes_of(
    name: &str,
    params: &Params,
    contents: &Contents,
    most: u64,
) -> Result<Vec<u8>, Failure> {
    let missing = || Failure::new(FailureKind::Invalid, format!("`{name}` is missing"));
    let file = file(name, params.get(name).ok_or_else(missing)?)?;
    if file.size() > most {
        let message = format!("the file is longer than {most} bytes");
        return Err(Failure::new(FailureKind::Limit, message));
    }
    match &file.content {
        Content::Here(bytes) => Ok(bytes.to_vec()),
        Content::Kept(hash, size) => {
            let mut bytes = Vec::new();
            let read = std::io::Read::read_to_end(&mut contents.open(hash, *size)?, &mut bytes);
            read.map_err(|error| crate::failure::of_io(&error, "the file"))?;
            Ok(bytes)
        }
    }
}

/// A CSV as a list of objects of texts, by its head line.
fn rows(text: &str) -> Result<Value, String> {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let head = reader.headers().map_err(|error| error.to_string())?.clone();
    if let Some(twice) =
        head.iter().enumerate().find(|(at, name)| head.iter().take(*at).any(|other| other == *name))
    {
        return Err(format!("two columns are called `{}`", short(twice.1)));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| match error.kind() {
            csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
                let line = pos.as_ref().map_or(0, csv::Position::line);
                format!("line {line} has {len} fields, the head has {expected_len}")
            }
            _ => error.to_string(),
        })?;
        rows.push(Value::object(
            head.iter().zip(record.iter()).map(|(name, field)| (name, Value::text(field))),
        ));
    }
    Ok(Value::list(rows))
}

/// The content of a file that is written as a whole.
pub(crate) fn format(params: &Params) -> Result<Content, Failure> {
    formatted(params, None)
}

/// The content that is added to what is there: JSON on one line, the head line of a CSV only once.
pub(crate) fn format_more(params: &Params, old: &[u8]) -> Result<Vec<u8>, Failure> {
    match formatted(params, Some(old))? {
        Content::Here(bytes) => Ok(bytes.to_vec()),
        Content::Kept(..) => Err(too_long("bytes")),
    }
}

fn formatted(params: &Params, old: Option<&[u8]>) -> Result<Content, Failure> {
    let given: Vec<(&str, &Value)> = params.entries().filter(|(name, _)| *name != "path").collect();
    let [(name, value)] = given[..] else {
        let message = "exactly one of `text`, `json`, `csv` and `bytes` must be given";
        return Err(Failure::new(FailureKind::Invalid, message));
    };
    if has_hole(value) {
        return Err(no_secret(name));
    }
    let bytes = match name {
        "text" => value.to_string().into_bytes(),
        "json" if old.is_some() => format!("{}\n", value.to_json()).into_bytes(),
        "json" => format!("{:#}\n", value.to_json()).into_bytes(),
        "csv" => lines(value, old.unwrap_or_default())?,
        _ => return short_enough(name, &file(name, value)?.content),
    };
    short_enough(name, &Content::Here(bytes.into()))
}

/// A content that is kept is written as it is, and any other must not be too long.
fn short_enough(name: &str, content: &Content) -> Result<Content, Failure> {
    match content {
        Content::Here(bytes) if bytes.len() > LIMIT => Err(too_long(name)),
        Content::Here(_) | Content::Kept(..) => Ok(content.clone()),
    }
}

fn too_long(name: &str) -> Failure {
    Failure::new(FailureKind::Limit, format!("`{name}` is longer than {LIMIT} bytes"))
}

fn has_hole(value: &Value) -> bool {
    match value {
        Value::Hole(_) => true,
        Value::List(items) => items.iter().any(has_hole),
        Value::Object(entries) => entries.values().any(has_hole),
        _ => false,
    }
}

/// Rows as CSV: the columns are those of the first row, or of the head line that is there.
fn lines(rows: &Value, old: &[u8]) -> Result<Vec<u8>, Failure> {
    let Value::List(rows) = rows else { return Err(wrong_type("`csv`", "[object]", rows)) };
    let known: Option<Vec<String>> = csv::ReaderBuilder::new()
        .from_reader(old)
        .headers()
        .ok()
        .filter(|head| !head.is_empty())
        .map(|head| head.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect());
    let columns: Vec<String> = match (&known, rows.first()) {
        (Some(known), _) => known.clone(),
        (None, Some(Value::Object(first))) => first.keys().map(|name| name.to_string()).collect(),
        (None, _) => vec![],
    };
    if rows.is_empty() {
        return Ok(vec![]);
    }
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    let broken =
        |error: csv::Error| Failure::new(FailureKind::Invalid, format!("`csv` cannot be written: {error}"));
    if known.is_none() && !columns.is_empty() {
        writer.write_record(&columns).map_err(broken)?;
    }
    for (at, row) in rows.iter().enumerate() {
        let Value::Object(row) = row else { return Err(wrong_type(&format!("`csv[{at}]`"), "object", row)) };
        if let Some(extra) = row.keys().find(|name| columns.iter().all(|column| **column != ***name)) {
            let message =
                format!("`csv[{at}]` has the column `{}`, which the first row has not", short(extra));
            return Err(Failure::new(FailureKind::Invalid, message));
        }
        writer.write_record(columns.iter().map(|column| cell(row, column))).map_err(broken)?;
    }
    let mut bytes = writer.into_inner().map_err(|error| broken(error.into_error().into()))?;
    if !old.is_empty() && !old.ends_with(b"\n") {
        bytes.insert(0, b'\n');
    }
    Ok(bytes)
}

fn cell(row: &Object, column: &str) -> String {
    row.get(column).map(Value::to_string).unwrap_or_default()
}
