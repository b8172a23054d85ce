//! Diagnostics as text with the source line and carets, as rustc prints them.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Fix, Severity};
use crate::span::Span;

/// Whether the text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// With escape sequences for a terminal.
    Always,
    /// Plain text.
    Never,
}

/// Renders the diagnostics of one file, an empty line between them.
pub fn text(file: &str, source: &str, diagnostics: &[Diagnostic], color: Color) -> String {
    let renderer = match color {
        Color::Always => Renderer::styled(),
        Color::Never => Renderer::plain(),
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(140);
    let parts: Vec<String> =
        diagnostics.iter().map(|diagnostic| one(&renderer, file, source, diagnostic)).collect();
    let mut text = parts.join("\n\n");
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn one(renderer: &Renderer, file: &str, source: &str, diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut snippet = Snippet::source(source)
        .path(file)
        .annotation(AnnotationKind::Primary.span(within(source, diagnostic.span)));
    for label in &diagnostic.labels {
        let span = within(source, label.span);
        snippet = snippet.annotation(AnnotationKind::Context.span(span).label(&*label.message));
    }
    let mut group = level.primary_title(&*diagnostic.message).id(diagnostic.code.id()).element(snippet);
    let untold = diagnostic.fixes.iter().filter(|fix| !told(diagnostic, fix)).map(|fix| &fix.title);
    for help in diagnostic.help.iter().chain(untold) {
        group = group.element(Level::HELP.message(&**help));
    }
    renderer.render(&[group]).trim_end().to_owned()
}

/// True if a help says what the fix would do: it names the word that the title names, or shows what would be written.
fn told(diagnostic: &Diagnostic, fix: &Fix) -> bool {
    let word = fix.title.split('`').nth(1);
    let texts = fix.edits.iter().map(|edit| edit.text.trim()).filter(|text| !text.is_empty());
    let signs: Vec<&str> = word.into_iter().chain(texts).collect();
    // A lone sign is in many sentences.
    let says = |help: &str, sign: &str| {
        if sign.chars().count() > 1 { help.contains(sign) } else { help.contains(&format!("`{sign}`")) }
    };
    diagnostic.help.iter().any(|help| help.contains(&fix.title) || signs.iter().any(|sign| says(help, sign)))
}

/// A span that lies in the text on the boundaries of characters; of several lines only the first.
fn within(source: &str, span: Span) -> std::ops::Range<usize> {
    let boundary =
        |at: usize| (0..=at.min(source.len())).rev().find(|at| source.is_char_boundary(*at)).unwrap_or(0);
    let start = boundary(span.range().start);
    let end = boundary(span.range().end).max(start);
    let line = source[start..].find(['\n', '\r']).map_or(source.len(), |newline| start + newline);
    start..end.min(line.max(start))
}
