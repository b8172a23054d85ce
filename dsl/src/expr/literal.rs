//! Texts in quotes: JSON's escapes, and `\'`.

use crate::diagnostic::Diagnostic;
use crate::expr::scan::syntax;

/// The value of a text in quotes: JSON's escapes, and `\'`.
pub fn unescaped(text: &str, start: usize) -> Result<String, Diagnostic> {
    let end = || syntax(start, start + text.len(), "a text that begins here never ends");
    let inner = &text[1..text.len() - 1];
    let mut value = String::with_capacity(inner.len());
    let mut chars = inner.char_indices();
    while let Some((at, char)) = chars.next() {
        if char != '\\' {
            value.push(char);
            continue;
        }
        let (_, escape) = chars.next().ok_or_else(end)?;
        let plain = match escape {
            '"' | '\'' | '\\' | '/' => Some(escape),
            'n' => Some('\n'),
            't' => Some('\t'),
            'r' => Some('\r'),
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'u' => {
                let (char, used) = unicode_escape(&inner[at..]).unwrap_or(('\0', 0));
                for _ in 2..used {
                    chars.next();
                }
                (used > 0).then_some(char)
            }
            _ => None,
        };
        match plain {
            Some(plain) => value.push(plain),
            None => {
                let at = start + 1 + at;
                let message = format!("`\\{escape}` is no escape");
                let fault = syntax(at, at + 1 + escape.len_utf8(), message);
                return Err(fault.help("write `\\\\` for a backslash; escapes are those of JSON, and `\\'`"));
            }
        }
    }
    Ok(value)
}

/// Reads `\uXXXX`, or two of them that are one character; and how many bytes it took.
fn unicode_escape(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| -> Option<u32> {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
    };
    let first = unit(0)?;
    if (0xd800..0xdc00).contains(&first) {
        let second = unit(6).filter(|second| (0xdc00..0xe000).contains(second))?;
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return Some((char::from_u32(code)?, 12));
    }
    Some((char::from_u32(first)?, 6))
}
