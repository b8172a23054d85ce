//! Where something stands in the author's text.

use serde::{Deserialize, Serialize};

/// A range of bytes in a text, end exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset of the byte after the last.
    pub end: u32,
}

impl Span {
    /// Makes a span from two byte offsets; texts are at most 1 MB, so that they fit.
    pub fn new(start: usize, end: usize) -> Span {
        let clamp = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span { start: clamp(start), end: clamp(end.max(start)) }
    }

    /// The smallest span that holds both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The same span, so many bytes further on.
    pub fn shifted(self, by: usize) -> Span {
        Span::new(self.start as usize + by, self.end as usize + by)
    }

    /// As a range, for slicing.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A value and the place where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned<T> {
    /// What was written.
    pub value: T,
    /// Where.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Joins a value and its place.
    pub fn new(value: T, span: Span) -> Spanned<T> {
        Spanned { value, span }
    }
}

/// A line and a column for people: both from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Finds lines and columns of byte offsets in one text.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Reads where the lines of a text begin.
    pub fn new(text: &'a str) -> Lines<'a> {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Lines { text, starts }
    }

    /// The place of a byte offset; an offset past the end is the end.
    pub fn place(&self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        let column = self.text.get(start..offset).map_or(offset - start, |part| part.chars().count()) + 1;
        Place { line, column }
    }
}

/// Where the bytes of a scalar's value stand in the file: exact also for escapes and indented blocks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpanMap {
    /// Pairs of an offset in the value and one in the file, ascending; between two of them both advance alike.
    pub points: Vec<(u32, u32)>,
    /// Where the whole scalar stands, for a value that has no bytes.
    pub whole: Span,
}

impl SpanMap {
    /// A value that stands in the file byte for byte, from `start`.
    pub fn plain(start: usize, len: usize) -> SpanMap {
        let whole = Span::new(start, start + len);
        SpanMap { points: vec![(0, whole.start)], whole }
    }

    /// The place in the file of an offset in the value.
    pub fn offset(&self, at: u32) -> u32 {
        offset(&self.points, self.whole, at)
    }

    /// The place in the file of a span in the value.
    pub fn map(&self, span: Span) -> Span {
        place(&self.points, self.whole, span)
    }
}

/// As `SpanMap::map`, for whoever keeps the parts of a map.
pub(crate) fn place(points: &[(u32, u32)], whole: Span, span: Span) -> Span {
    let start = offset(points, whole, span.start);
    let end = if span.end > span.start { offset(points, whole, span.end - 1) + 1 } else { start };
    Span { start, end: end.max(start) }
}

fn offset(points: &[(u32, u32)], whole: Span, at: u32) -> u32 {
    match points.partition_point(|(value, _)| *value <= at) {
        0 => whole.start,
        after => {
            let (value, file) = points[after - 1];
            (file + (at - value)).min(whole.end.max(file))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_a_value_are_found_in_the_file() {
        // `"a\nb {{ x }}"` at byte 10: the escape takes two bytes of the file.
        let map = SpanMap { points: vec![(0, 11), (2, 14)], whole: Span::new(10, 25) };
        assert_eq!(map.map(Span::new(0, 1)), Span::new(11, 12));
        assert_eq!(map.map(Span::new(2, 3)), Span::new(14, 15));
        assert_eq!(SpanMap::plain(5, 3).map(Span::new(1, 3)), Span::new(6, 8));
    }

    #[test]
    fn columns_count_characters() {
        let lines = Lines::new("a\nüb\n");
        assert_eq!(lines.place(0), Place { line: 1, column: 1 });
        assert_eq!(lines.place(4), Place { line: 2, column: 2 });
        assert_eq!(lines.place(99), Place { line: 3, column: 1 });
    }
}
