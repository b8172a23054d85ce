//! Names of files that come over the network. They are names and nothing more: no way to another folder, nothing that a
//! terminal obeys, nothing that a system takes for a device.

use std::sync::Arc;

/// The longest name, in bytes: what file systems take.
const LONGEST: usize = 200;

/// Names that are devices on some systems, whatever ending they have.
const DEVICES: [&str; 4] = ["aux", "con", "nul", "prn"];

/// A name that can stand anywhere, if there is anything to make one of.
pub(crate) fn safe(text: &str) -> Option<Arc<str>> {
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
    let name = plain.trim_matches(|letter: char| letter == '.' || letter.is_whitespace());
    if name.is_empty() || name.chars().all(|letter| letter == '_') {
        return None;
    }
    let stem = name.split('.').next().unwrap_or_default().trim().to_ascii_lowercase();
    let numbered = ["com", "lpt"].iter().any(|port| {
        stem.strip_prefix(port).is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
    });
    let name = if numbered || DEVICES.contains(&&*stem) { format!("_{name}") } else { name.to_owned() };
    Some(shortened(&name).into())
}

fn is_plain(letter: char) -> bool {
    // What turns the direction of writing makes a name look like another.
    let turns = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !letter.is_control() && !turns && !matches!(letter, ':' | '*' | '?' | '"' | '<' | '>' | '|' | '\u{fffd}')
}

/// A name that is not too long, with its ending.
fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= 16 => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let mut end = LONGEST.saturating_sub(ending.len()).min(stem.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &stem[..end])
}

/// The name that a `content-disposition` gives: `filename*` in UTF-8 before `filename`.
pub(crate) fn of_disposition(header: &str) -> Option<Arc<str>> {
    let (mut plain, mut encoded) = (None, None);
    for (name, value) in parameters(header) {
        match name.to_ascii_lowercase().as_str() {
            "filename" => plain = Some(value),
            "filename*" => {
                let mut parts = value.splitn(3, '\'');
                let (charset, _, text) = (parts.next(), parts.next(), parts.next());
                if let (Some(charset), Some(text)) = (charset, text)
                    && charset.eq_ignore_ascii_case("utf-8")
                {
                    encoded = Some(percent_decoded(text));
                }
            }
            _ => {}
        }
    }
    safe(&encoded.or(plain)?)
}

/// Names and values behind the first `;`, values without their quotes.
fn parameters(header: &str) -> Vec<(String, String)> {
    let mut found = vec![];
    let mut letters = header.chars().skip_while(|letter| *letter != ';').skip(1).peekable();
    while letters.peek().is_some() {
        let (mut name, mut value) = (String::new(), String::new());
        for letter in letters.by_ref() {
            match letter {
                '=' => break,
                ';' => name.clear(),
                letter => name.push(letter),
            }
        }
        while letters.peek() == Some(&' ') {
            letters.next();
        }
        if letters.peek() == Some(&'"') {
            letters.next();
            while let Some(letter) = letters.next() {
                match letter {
                    '"' => break,
                    '\\' => value.extend(letters.next()),
                    letter => value.push(letter),
                }
            }
            letters.by_ref().find(|letter| *letter == ';');
        } else {
            value.extend(letters.by_ref().take_while(|letter| *letter != ';'));
        }
        found.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    found
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (vec![], 0);
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The name at the end of a path of a URL, if it has an ending and so looks like a file's.
pub(crate) fn of_path(path: &str) -> Option<Arc<str>> {
    let last = percent_decoded(path.rsplit('/').next()?);
    let is_file = last.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty() && (1..=5).contains(&ending.len()) && ending.chars().all(char::is_alphanumeric)
    });
    if is_file { safe(&last) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_the_network_leads_nowhere() {
        for (text, name) in [
            ("report.pdf", Some("report.pdf")),
            ("../../etc/passwd", Some("passwd")),
            ("..\\..\\boot.ini", Some("boot.ini")),
            ("/etc/shadow", Some("shadow")),
            ("C:evil.exe", Some("C_evil.exe")),
            ("a\r\nset-cookie: x", Some("a__set-cookie_ x")),
            ("\u{1b}[31mred.txt", Some("_[31mred.txt")),
            ("exe.\u{202e}fdp", Some("exe._fdp")),
            (".bashrc", Some("bashrc")),
            ("CON", Some("_CON")),
            ("nul.txt", Some("_nul.txt")),
            ("com1.log", Some("_com1.log")),
            ("Ürsprung 3.txt", Some("Ürsprung 3.txt")),
            ("a\0b", Some("a_b")),
            ("..", None),
            ("/", None),
            ("", None),
            ("\0\0", None),
        ] {
            assert_eq!(safe(text).as_deref(), name, "{text:?}");
        }
        let long = safe(&format!("{}.pdf", "ü".repeat(500))).unwrap();
        assert!(long.len() <= LONGEST && long.ends_with("ü.pdf"), "{long}");
    }

    #[test]
    fn the_name_of_an_answer_is_read_as_the_standard_writes_it() {
        for (header, name) in [
            ("attachment; filename=a.txt", Some("a.txt")),
            ("attachment; filename=\"a; b.txt\"; size=3", Some("a; b.txt")),
            (r#"attachment; filename="a\"b.txt""#, Some("a_b.txt")),
            ("attachment; filename=\"plain.txt\"; filename*=UTF-8''na%C3%AFve.txt", Some("naïve.txt")),
            ("attachment; filename*=utf-8'en'%2e%2e%2fetc%2fpasswd", Some("passwd")),
            ("attachment; FileName=\"a.txt\"", Some("a.txt")),
            ("attachment; filename*=latin1''x.txt", None),
            ("attachment", None),
            ("", None),
            ("attachment; filename=", None),
            ("filename=a.txt", None),
        ] {
            assert_eq!(of_disposition(header).as_deref(), name, "{header}");
        }
    }

    #[test]
    fn a_path_has_a_name_where_it_ends_with_a_file() {
        assert_eq!(of_path("/repos/a/b%20c.tar.gz").as_deref(), Some("b c.tar.gz"));
        for none in ["/", "/files/123", "/v1.0/me", "/a.b/", "/x.", "/.x"] {
            assert_eq!(of_path(none), None, "{none}");
        }
    }
}
