//! What is wrong with the author's text, as data. Renderers are in `render`.

use crate::codes::Code;
use crate::span::Span;

/// How bad it is. An error stops a workflow from running, a warning does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// There is no workflow as long as this stands.
    Error,
    /// It runs, but it is probably not what was meant.
    Warning,
}

/// A second place that matters, with what it has to do with the first.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// Why it matters, in a few words.
    pub message: String,
}

/// A replacement of a piece of text.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub text: String,
}

/// A change that would mend the problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// What the change does, in the imperative.
    pub title: String,
    /// The edits, which do not overlap.
    pub edits: Vec<Edit>,
}

/// One problem in the author's text.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// Its stable code.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// The wrong word itself.
    pub span: Span,
    /// What is the case: lower case, no full stop, names in backticks.
    pub message: String,
    /// Other places that matter.
    pub labels: Vec<Label>,
    /// What to do.
    pub help: Vec<String>,
    /// Changes that would mend it.
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    /// Makes an error.
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, Severity::Error, span, message.into())
    }

    /// Makes a warning.
    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, Severity::Warning, span, message.into())
    }

    fn new(code: Code, severity: Severity, span: Span, message: String) -> Diagnostic {
        Diagnostic { code, severity, span, message, labels: vec![], help: vec![], fixes: vec![] }
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help.push(text.into());
        self
    }

    /// Adds another place that matters.
    #[must_use]
    pub fn label(mut self, span: Span, message: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, message: message.into() });
        self
    }

    /// Adds a change of one place that would mend it.
    #[must_use]
    pub fn fix(mut self, title: impl Into<String>, span: Span, text: impl Into<String>) -> Diagnostic {
        self.fixes.push(Fix { title: title.into(), edits: vec![Edit { span, text: text.into() }] });
        self
    }
}

/// Finds the known name that a mistyped one is closest to, if any is close.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong_lower = wrong.to_lowercase();
    let allowed = (wrong.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&wrong_lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= allowed && *distance < name.chars().count())
        .min_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(b.1)))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_near_name_is_found_and_a_far_one_is_not() {
        assert_eq!(nearest("forEach", ["for_each", "repeat"]), Some("for_each"));
        assert_eq!(nearest("retri", ["repeat", "retry"]), Some("retry"));
        assert_eq!(nearest("a", ["b"]), None);
        assert_eq!(nearest("kitchen", ["retry"]), None);
    }
}
