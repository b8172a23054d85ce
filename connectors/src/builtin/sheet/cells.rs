//! The cells of a table as they come, of which only those that hold something are kept.

use dsl::catalog::Failure;
use dsl::value::Value;

use super::{Wanted, limit};

/// The most cells that hold something.
const CELLS: usize = 1_000_000;

/// The most bytes of all cells together.
const BYTES: usize = 64 * 1024 * 1024;

/// As many columns as programs let a sheet have.
const WIDEST: usize = 16_384;

/// Cells that hold something, row by row.
pub(super) struct Cells {
    skip: usize,
    most: usize,
    rows: Vec<(usize, Vec<(usize, Value)>)>,
    width: usize,
    count: usize,
    size: usize,
    /// True if there were more rows than are wanted.
    pub(super) more: bool,
}

/// Whether more cells are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Go {
    On,
    NoFurther,
}

impl Cells {
    pub(super) fn new(wanted: &Wanted) -> Cells {
        let most = wanted.rows + usize::from(wanted.header);
        Cells { skip: wanted.skip, most, rows: vec![], width: 0, count: 0, size: 0, more: false }
    }

    /// Takes a cell; they come in the order of rows.
    pub(super) fn take(&mut self, row: usize, column: usize, value: Value) -> Result<Go, Failure> {
        if value.is_null() || row < self.skip {
            return Ok(Go::On);
        }
        if column >= WIDEST {
            return Err(limit(&format!("the sheet has more than {WIDEST} columns")));
        }
        if self.rows.last().is_none_or(|(last, _)| *last != row) {
            if self.rows.len() == self.most {
                self.more = true;
                return Ok(Go::NoFurther);
            }
            self.rows.push((row, vec![]));
        }
        self.count += 1;
        self.size += value.as_text().map_or(8, str::len);
        if self.count > CELLS || self.size > BYTES {
            return Err(limit(
                "more cells are wanted than a step can hold; take fewer rows with `limit` and `skip`",
            ));
        }
        self.width = self.width.max(column + 1);
        if let Some((_, cells)) = self.rows.last_mut() {
            cells.push((column, value));
        }
        Ok(Go::On)
    }

    /// How many columns there are.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The rows that hold something.
    pub(super) fn rows(self) -> impl Iterator<Item = Vec<(usize, Value)>> {
        self.rows.into_iter().map(|(_, cells)| cells)
    }
}
