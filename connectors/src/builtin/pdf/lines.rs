//! Letters at places become lines: what stands at one height is a line, a gap is a blank, and a wide one a tab. Texts keep the order in
//! which the page draws them, which is the order of reading wherever columns are whole texts.

/// The longest text of a page, in bytes.
pub(super) const LONGEST: usize = 2 * 1024 * 1024;

/// A piece of text, and where it goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    /// Where it begins and ends.
    pub(super) from: (f32, f32),
    pub(super) to: (f32, f32),
    /// How high its letters are.
    pub(super) height: f32,
}

/// The lines of a page.
#[derive(Default)]
pub(super) struct Lines {
    text: String,
    last: Option<Last>,
}

/// The piece before.
struct Last {
    text: String,
    from: (f32, f32),
    to: (f32, f32),
    height: f32,
    along: (f32, f32),
}

impl Lines {
    /// Adds a piece; gives false where the page has more text than a page may have.
    pub(super) fn add(&mut self, piece: Piece<'_>) -> bool {
        let clean = clean(piece.text);
        if clean.is_empty() {
            return true;
        }
        let along = direction(piece.from, piece.to)
            .or(self.last.as_ref().map(|last| last.along))
            .unwrap_or((1.0, 0.0));
        if let Some(last) = &self.last {
            let height = last.height.max(piece.height).max(0.1);
            let moved = (piece.from.0 - last.to.0, piece.from.1 - last.to.1);
            let ahead = moved.0 * along.0 + moved.1 * along.1;
            let aside = moved.1 * along.0 - moved.0 * along.1;
            let turned = along.0 * last.along.0 + along.1 * last.along.1 < 0.9;
            let again =
                (piece.from.0 - last.from.0).abs() + (piece.from.1 - last.from.1).abs() < height * 0.15;
            if again && last.text == clean {
                // Drawn twice, to look bold.
                return true;
            }
            if turned || aside.abs() > height * 0.5 || ahead < -height {
                self.end_line();
            } else if ahead > height * 2.0 {
                self.gap('\t');
            } else if ahead > height * 0.18 {
                self.gap(' ');
            }
        }
        self.text.push_str(&clean);
        self.last = Some(Last { text: clean, from: piece.from, to: piece.to, height: piece.height, along });
        self.text.len() <= LONGEST
    }

    fn gap(&mut self, gap: char) {
        if !self.text.ends_with([' ', '\t', '\n']) && !self.text.is_empty() {
            self.text.push(gap);
        }
    }

    fn end_line(&mut self) {
        let length = self.text.trim_end_matches([' ', '\t']).len();
        self.text.truncate(length);
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// The text of the page.
    pub(super) fn text(mut self) -> String {
        self.end_line();
        let length = self.text.trim_end().len();
        self.text.truncate(length);
        self.text
    }
}

fn direction(from: (f32, f32), to: (f32, f32)) -> Option<(f32, f32)> {
    let (x, y) = (to.0 - from.0, to.1 - from.1);
    let length = x.hypot(y);
    (length > 0.01 && length.is_finite()).then(|| (x / length, y / length))
}

/// Text without signs that nobody sees, and with letters that were drawn as one apart.
fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\u{fb00}' => clean.push_str("ff"),
            '\u{fb01}' => clean.push_str("fi"),
            '\u{fb02}' => clean.push_str("fl"),
            '\u{fb03}' => clean.push_str("ffi"),
            '\u{fb04}' => clean.push_str("ffl"),
            '\u{fb05}' | '\u{fb06}' => clean.push_str("st"),
            '\t' | '\n' | '\r' | '\u{a0}' => clean.push(' '),
            '\u{ad}' | '\u{feff}' => {}
            other if other.is_control() => {}
            other => clean.push(other),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(pieces: &[(&str, f32, f32)]) -> String {
        let mut lines = Lines::default();
        for (text, x, y) in pieces {
            let to = (x + text.chars().count() as f32 * 5.0, *y);
            assert!(lines.add(Piece { text, from: (*x, *y), to, height: 10.0 }));
        }
        lines.text()
    }

    #[test]
    fn places_become_blanks_tabs_and_lines() {
        assert_eq!(laid(&[("ab", 0.0, 0.0), ("cd", 10.0, 0.5), ("ef", 23.0, 0.0)]), "abcd ef");
        assert_eq!(laid(&[("ab", 0.0, 0.0), ("cd", 100.0, 0.0)]), "ab\tcd");
        assert_eq!(laid(&[("ab ", 0.0, 0.0), ("cd", 0.0, -12.0)]), "ab\ncd");
        assert_eq!(laid(&[("ab", 50.0, 0.0), ("cd", 0.0, 0.0)]), "ab\ncd");
    }

    #[test]
    fn what_is_drawn_twice_is_said_once() {
        assert_eq!(laid(&[("Sum", 0.0, 0.0), ("Sum", 0.3, 0.0), ("9", 40.0, 0.0)]), "Sum\t9");
    }

    #[test]
    fn a_text_that_goes_up_is_a_line_as_well() {
        let mut lines = Lines::default();
        for (text, y) in [("a", 0.0), ("b", 5.0), ("c", 13.0)] {
            lines.add(Piece { text, from: (0.0, y), to: (0.0, y + 5.0), height: 10.0 });
        }
        assert_eq!(lines.text(), "ab c");
    }

    #[test]
    fn signs_that_nobody_sees_are_left_out() {
        assert_eq!(clean("e\u{fb03}\0cient\u{ad}ly\u{a0}x"), "efficiently x");
    }
}
