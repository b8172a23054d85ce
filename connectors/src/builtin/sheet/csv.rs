//! A CSV as it comes from anywhere: with commas, semicolons or tabs, in UTF-8, UTF-16 or as Windows wrote it.

use std::borrow::Cow;

use dsl::catalog::Failure;
use dsl::value::Value;
use encoding_rs::{UTF_8, WINDOWS_1252};

use super::cells::{Cells, Go};
use super::{Table, Wanted, invalid};

/// What may part two cells, the likelier first.
const SIGNS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// How many lines are looked at for the sign that parts cells.
const LOOKED_AT: usize = 20;

pub(super) fn read(bytes: &[u8], wanted: &Wanted) -> Result<Table, Failure> {
    let text = text(bytes);
    if text.contains('\0') {
        return Err(invalid("the file is no spreadsheet that is read: neither `.xlsx` nor `.ods` nor a CSV"));
    }
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(sign(&text))
        .from_reader(text.as_bytes());
    let mut cells = Cells::new(wanted);
    'rows: for (row, record) in reader.records().enumerate() {
        let record = record.map_err(|error| invalid(&format!("the file is no CSV: {error}")))?;
        for (column, field) in record.iter().enumerate() {
            let value = if field.is_empty() { Value::Null } else { Value::text(field) };
            if cells.take(row, column, value)? == Go::NoFurther {
                break 'rows;
            }
        }
    }
    Ok(Table { sheet: None, sheets: vec![], cells })
}

/// The text, by the mark at its beginning, else UTF-8 where it is that, else as Windows writes it.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    let (text, _, wrong) = UTF_8.decode(bytes);
    if wrong { WINDOWS_1252.decode(bytes).0 } else { text }
}

/// The sign that parts cells: the one that stands equally often in each of the first lines.
fn sign(text: &str) -> u8 {
    let count = |sign: u8| {
        let lines = text.lines().filter(|line| !line.is_empty()).take(LOOKED_AT);
        lines.map(|line| line.bytes().filter(|byte| *byte == sign).count()).collect::<Vec<_>>()
    };
    let even = |sign: &u8| {
        let counts = count(*sign);
        counts.first().is_some_and(|first| *first > 0 && counts.iter().all(|count| count == first))
    };
    let most = |sign: &u8| count(*sign).first().copied().unwrap_or(0);
    SIGNS
        .into_iter()
        .find(even)
        .or_else(|| {
            let used = SIGNS.into_iter().filter(|sign| most(sign) > 0);
            used.rev().max_by_key(most)
        })
        .unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_sign_between_cells_is_found() {
        for (text, wanted) in [
            ("a,b\n1,2\n", b','),
            ("a;b\n1,5;2\n", b';'),
            ("a\tb\n1,5\t2;3\n", b'\t'),
            ("name\nx\n", b','),
            ("a,b;c\n\"x;y\",2;3\n", b','),
            ("", b','),
        ] {
            assert_eq!(sign(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn letters_of_any_writer_are_read() {
        assert_eq!(text("ü".as_bytes()), "ü");
        assert_eq!(text(b"\xef\xbb\xbf\xc3\xbc"), "ü");
        assert_eq!(text(b"\xfc"), "ü");
        assert_eq!(text(b"\xff\xfe\xfc\x00"), "ü");
    }
}
