//! How wide a text will be, as far as one can know without the reader's fonts: a little too wide rather than too
//! narrow, so that nothing runs over.

/// How a text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// A proportional face, half bold.
    Strong,
    /// A face of fixed width.
    Fixed,
}

/// The width of a text of this size, in pixels.
pub fn width(text: &str, face: Face, size: f64) -> f64 {
    text.chars().map(|char| of(char, face)).sum::<f64>() * size
}

/// The text, cut with `…` where it is wider than it may be.
pub fn fit(text: &str, face: Face, size: f64, most: f64) -> String {
    if width(text, face, size) <= most {
        return text.to_owned();
    }
    let mut left = most - of('…', face) * size;
    let mut kept = String::new();
    for char in text.chars() {
        left -= of(char, face) * size;
        if left < 0.0 {
            break;
        }
        kept.push(char);
    }
    kept.trim_end().to_owned() + "…"
}

/// The width of a character in parts of the size.
fn of(char: char, face: Face) -> f64 {
    if is_mark(char) {
        return 0.0;
    }
    if is_wide(char) {
        return 1.05;
    }
    match face {
        Face::Fixed => 0.61,
        Face::Strong => match char {
            'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.34,
            'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | ' ' | '/' => 0.42,
            'm' | 'M' | 'w' | 'W' | '@' | '%' => 0.98,
            'A'..='Z' | '&' => 0.76,
            '…' => 1.0,
            _ => 0.64,
        },
    }
}

/// Columns of a terminal that a text takes.
pub fn columns(text: &str) -> usize {
    text.chars().map(|char| if is_mark(char) { 0 } else { 1 + usize::from(is_wide(char)) }).sum()
}

fn is_mark(char: char) -> bool {
    unicode_normalization::char::is_combining_mark(char)
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' | '\u{2060}')
}

/// Characters of East Asia and signs that take two columns.
fn is_wide(char: char) -> bool {
    matches!(char,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{303e}' | '\u{3041}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}')
}
