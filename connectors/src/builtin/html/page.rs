//! A page that was read, with the time and the room that the work on it may take.

use std::cell::Cell;
use std::time::{Duration, Instant};

use dsl::catalog::{Failure, FailureKind};
use html5ever::ParseOpts;
use html5ever::driver::parse_document;
use html5ever::tendril::TendrilSink;
use scraper::{Html, HtmlTreeSink, Selector};

use crate::params::short;

/// The longest page, in bytes.
const LONGEST: usize = 5 * 1024 * 1024;

/// The most that comes out of a page, in bytes.
const MOST: usize = 16 * 1024 * 1024;

/// The longest that the work on a page takes. Deep nesting costs the square of its depth.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much is read between two looks at the clock, in bytes.
const PIECE: usize = 4 * 1024;

/// A page.
pub(super) struct Page {
    /// What was read.
    pub(super) html: Html,
    due: Instant,
    given: Cell<usize>,
}

impl Page {
    /// Reads a page; there is none that is wrong, only ones that are too long.
    pub(super) fn read(text: &str) -> Result<Page, Failure> {
        Page::read_until(text, Instant::now() + PATIENCE)
    }

    fn read_until(text: &str, due: Instant) -> Result<Page, Failure> {
        if text.len() > LONGEST {
            return Err(limit(&format!("the page is longer than {LONGEST} bytes")));
        }
        let mut parser = parse_document(HtmlTreeSink::new(Html::new_document()), ParseOpts::default());
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(rest.ceil_char_boundary(PIECE.min(rest.len())));
            parser.process(piece.into());
            in_time(due)?;
            rest = behind;
        }
        Ok(Page { html: parser.finish(), due, given: Cell::new(0) })
    }

    /// Fails where the work takes too long.
    pub(super) fn in_time(&self) -> Result<(), Failure> {
        in_time(self.due)
    }

    /// Counts what is given, and fails where that is too much.
    pub(super) fn count(&self, bytes: usize) -> Result<(), Failure> {
        let given = self.given.get().saturating_add(bytes);
        self.given.set(given);
        if given > MOST {
            return Err(limit(&format!("more than {MOST} bytes come out of the page; take less of it")));
        }
        Ok(())
    }
}

fn in_time(due: Instant) -> Result<(), Failure> {
    if Instant::now() <= due {
        return Ok(());
    }
    let seconds = PATIENCE.as_secs();
    Err(limit(&format!("the page nests so deep that {seconds} seconds do not suffice for it")))
}

fn limit(message: &str) -> Failure {
    Failure::new(FailureKind::Limit, message)
}

/// A CSS selector out of a parameter.
pub(super) fn selector(place: &str, css: &str) -> Result<Selector, Failure> {
    Selector::parse(css).map_err(|_| {
        let message = format!("`{place}`: `{}` is no CSS selector that can be followed", short(css));
        Failure::new(FailureKind::Invalid, message)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_takes_too_long_is_given_up_in_the_middle() {
        let deep = "<div>".repeat(400_000);
        let began = Instant::now();
        let due = began + Duration::from_millis(200);
        let failure = Page::read_until(&deep, due).err().unwrap();
        assert_eq!(failure.kind, FailureKind::Limit);
        assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
        // The same time suffices for a page of the same length that does not nest.
        let flat = "<p>a</p>".repeat(20_000);
        assert!(Page::read_until(&flat, Instant::now() + PATIENCE).is_ok());
    }
}
