//! Places: from a part of a text to the text, and from there to the file.

use crate::diagnostic::Diagnostic;
use crate::span::{Span, SpanMap};

/// The text within a `{{ }}` that stands around the whole, and where it begins.
pub fn unwrapped(text: &str) -> (&str, usize) {
    let trimmed = text.trim();
    let inner = trimmed.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    match inner {
        Some(inner) if !inner.contains("}}") => (inner, text.len() - text.trim_start().len() + 2),
        _ => (text, 0),
    }
}

/// The map of a part of a mapped text.
pub fn part_of(map: &SpanMap, start: usize, end: usize) -> SpanMap {
    let part = Span::new(start, end);
    let whole = map.map(part);
    let first = map.points.partition_point(|(value, _)| *value <= part.start);
    // Nearly every part stands within one line, so that no point is within it.
    let inside = map.points[first..].iter().take_while(|(value, _)| *value < part.end).count();
    let mut points = Vec::with_capacity(1 + inside);
    points.push((0, whole.start));
    points.extend(map.points[first..first + inside].iter().map(|(value, file)| (value - part.start, *file)));
    SpanMap { points, whole }
}

/// Moves a diagnostic from the expression's own text to the file.
pub fn placed(mut fault: Diagnostic, map: &SpanMap) -> Diagnostic {
    fault.span = map.map(fault.span);
    for label in &mut fault.labels {
        label.span = map.map(label.span);
    }
    for edit in fault.fixes.iter_mut().flat_map(|fix| &mut fix.edits) {
        edit.span = map.map(edit.span);
    }
    fault
}
