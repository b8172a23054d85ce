//! Scalars of several lines: blocks of text and quoted texts that go on. Their lines stay; their indentation moves.

use crate::span::Span;

/// A block of text, ready to be indented anew.
#[derive(Debug, PartialEq)]
pub struct Block {
    /// What stands behind the key, as `|-`.
    pub header: String,
    /// The lines without their indentation.
    pub lines: Vec<String>,
}

/// Reads the block of text that stands at a span, its header included; `value` is what YAML read.
pub fn read(text: &str, value: &str, span: Span) -> Block {
    let at = span.range().start.min(text.len());
    let mark = text[at..].split(char::is_whitespace).next().filter(|mark| !mark.is_empty()).unwrap_or("|");
    let after = text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
    let raw = || text[after..].split('\n');
    let own = value.trim_start_matches('\n');
    let deeper = own.len() - own.trim_start_matches(' ').len();
    let width = raw().find(|line| !is_blank(line)).map_or(0, blanks);
    let indent = width.saturating_sub(deeper);
    let has_text = !value.trim_matches('\n').is_empty();
    let mut lines: Vec<String> = vec![];
    let mut offset = after;
    for line in raw() {
        let inside = is_blank(line) || (has_text && blanks(line) >= indent && indent > 0);
        // At the very left, only the parser knows where the block ends.
        if !inside || offset >= span.range().end.max(after + 1) {
            break;
        }
        // Where there is no text at all, blanks are none either.
        let kept = if has_text { line.get(indent.min(blanks(line))..).unwrap_or("") } else { "" };
        lines.push(kept.to_owned());
        offset += line.len() + 1;
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let keeps = mark.contains('+');
    if keeps {
        // Each line break at the end is part of the text; the last line has one of its own.
        let ends = value.len() - value.trim_end_matches('\n').len();
        let own = usize::from(!lines.is_empty());
        lines.extend(std::iter::repeat_n(String::new(), ends.saturating_sub(own)));
    }
    let says_indent = lines.iter().find(|line| !line.is_empty()).is_some_and(|line| line.starts_with(' '));
    let kind: String = mark.chars().filter(|char| !char.is_ascii_digit()).collect();
    let header = if says_indent { format!("{}2{}", &kind[..1], &kind[1..]) } else { kind };
    Block { header, lines }
}

/// True for what YAML takes as an empty line: other blanks of Unicode are text there.
fn is_blank(line: &str) -> bool {
    line.trim_matches([' ', '\t']).is_empty()
}

fn blanks(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The lines of a text that goes on over several, without their indentation.
pub fn continued(source: &str) -> Vec<String> {
    let count = source.split('\n').count();
    let line = |(at, line): (usize, &str)| {
        let line = if at > 0 { line.trim_start_matches([' ', '\t']) } else { line };
        if at + 1 == count {
            return line.to_owned();
        }
        let short = line.trim_end_matches([' ', '\t']);
        // An escaped blank at the end is text.
        let slashes = short.len() - short.trim_end_matches('\\').len();
        let keep = usize::from(slashes % 2 == 1 && short.len() < line.len());
        line[..short.len() + keep].to_owned()
    };
    source.split('\n').enumerate().map(line).collect()
}
