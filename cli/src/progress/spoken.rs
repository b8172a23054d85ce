//! Answers of models while they come, as lines for a terminal.

use std::collections::BTreeMap;

use server::engine::run::At;
use server::live::Piece;

/// How long a line is at most, in characters.
const WIDTH: usize = 96;

/// What was shown of the answers that are under way.
#[derive(Default)]
pub struct Spoken(BTreeMap<At, Answer>);

#[derive(Default)]
struct Answer {
    attempt: u32,
    next: u64,
    line: String,
}

impl Spoken {
    /// Takes a piece; gives the lines that it completes.
    pub fn hear(&mut self, piece: &Piece) -> Vec<String> {
        let answer = self.0.entry(piece.at).or_default();
        if answer.attempt != piece.attempt || piece.from == 0 {
            *answer = Answer { attempt: piece.attempt, ..Answer::default() };
        }
        if piece.from > answer.next {
            answer.line.push_str(" … ");
        }
        answer.next = piece.end();
        let mut lines = vec![];
        for letter in piece.text.chars() {
            match letter {
                '\n' => lines.push(std::mem::take(&mut answer.line)),
                '\t' => answer.line.push(' '),
                // What a model writes moves no cursor and changes no colour.
                letter if letter.is_control() => {}
                letter => answer.line.push(letter),
            }
            if answer.line.chars().count() > WIDTH {
                lines.push(answer.wrap());
            }
        }
        lines
    }

    /// The line that is being written.
    pub fn line(&self, at: At) -> &str {
        self.0.get(&at).map_or("", |answer| &answer.line)
    }

    /// The answers that are under way.
    pub fn steps(&self) -> impl Iterator<Item = At> {
        self.0.keys().copied()
    }

    /// The answer has ended; gives its last line, if it has one.
    pub fn end(&mut self, at: At) -> Option<String> {
        self.0.remove(&at).map(|answer| answer.line).filter(|line| !line.is_empty())
    }
}

impl Answer {
    /// Takes a line off, to the last blank in it.
    fn wrap(&mut self) -> String {
        let at = self.line.rfind(' ').map_or(self.line.len(), |at| at + 1);
        let rest = self.line.split_off(at);
        let mut line = std::mem::replace(&mut self.line, rest);
        line.truncate(line.trim_end().len());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: At = At { frame: 0, slot: 1 };

    fn piece(attempt: u32, from: u64, text: &str) -> Piece {
        Piece { at: AT, attempt, from, text: text.to_owned() }
    }

    #[test]
    fn pieces_become_lines() {
        let mut spoken = Spoken::default();
        assert!(spoken.hear(&piece(1, 0, "Hel")).is_empty());
        assert_eq!(spoken.line(AT), "Hel");
        assert_eq!(spoken.hear(&piece(1, 3, "lo\nto ")), ["Hello"]);
        assert_eq!(spoken.line(AT), "to ");
        assert_eq!(spoken.end(AT).as_deref(), Some("to "));
        assert_eq!(spoken.end(AT), None);
    }

    #[test]
    fn a_long_line_is_wrapped_at_a_blank_and_no_letter_is_lost() {
        let words = "word ".repeat(60);
        let mut spoken = Spoken::default();
        let mut lines = spoken.hear(&piece(1, 0, &words));
        assert!(lines.len() == 3 && lines.iter().all(|line| line.len() <= WIDTH), "{lines:?}");
        lines.extend(spoken.end(AT));
        assert_eq!(lines.join(" ").trim_end(), words.trim_end());
        let lines = spoken.hear(&piece(2, 0, &"x".repeat(200)));
        assert_eq!(lines.iter().map(String::len).sum::<usize>() + spoken.line(AT).len(), 200);
    }

    #[test]
    fn what_is_left_out_is_marked_another_try_begins_anew_and_nothing_moves_the_cursor() {
        let mut spoken = Spoken::default();
        spoken.hear(&piece(1, 0, "one"));
        spoken.hear(&piece(1, 9, "two"));
        assert_eq!(spoken.line(AT), "one … two");
        spoken.hear(&piece(2, 0, "\u{1b}[2Jagain\u{7}\t\r!"));
        assert_eq!(spoken.line(AT), "[2Jagain !");
    }
}
