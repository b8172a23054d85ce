//! Which row a comment belongs to: the one beside it, the one below it, or the block that it is indented into.

use crate::span::Span;
use crate::yaml::source::{Content, Layout, Lead, Piece, Row};

/// Gives each comment to a row or to the end of a collection, and each row the blank lines above it.
pub fn attach(text: &str, root: &mut Piece, comments: &[Span]) {
    let mut walk = Walk { text, comments, next: 0 };
    walk.collection(root);
    while let Some(comment) = walk.take(usize::MAX) {
        walk.behind(root, comment);
    }
}

struct Walk<'a> {
    text: &'a str,
    comments: &'a [Span],
    next: usize,
}

impl Walk<'_> {
    /// The next comment that begins before this place.
    fn take(&mut self, before: usize) -> Option<Span> {
        let found = *self.comments.get(self.next)?;
        if found.range().start >= before {
            return None;
        }
        self.next += 1;
        Some(found)
    }

    fn collection(&mut self, piece: &mut Piece) {
        let column = self.column(piece.span.range().start);
        let (block, end) = (piece.is_block(), piece.span.range().end);
        let rows = piece.rows_mut();
        for at in 0..rows.len() {
            let start = rows[at].start();
            // Once a comment belongs to the row below, so do those that follow it.
            let mut below =
                at == 0 || self.comments.get(self.next).is_some_and(|next| self.is_below_dash(*next));
            let mut lead = std::mem::take(&mut rows[at].lead);
            while let Some(comment) = self.take(start) {
                let alone = self.is_alone(comment);
                let deeper = self.column(comment.range().start) > column;
                if at > 0 && !alone && !self.is_behind_dash(comment) {
                    self.beside(&mut rows[at - 1], comment);
                } else if below
                    || !block
                    || !alone
                    || !deeper
                    || !self.within(&mut rows[at - 1].value, comment)
                {
                    below = true;
                    self.lead(&mut lead, comment);
                }
            }
            if self.blank_above(start) {
                lead.push(Lead::Blank);
            }
            rows[at].lead = lead;
            self.row(&mut rows[at]);
        }
        if !block {
            while let Some(comment) = self.take(end) {
                match piece.rows_mut().last_mut() {
                    Some(last) if !self.is_alone(comment) => self.beside(last, comment),
                    _ => self.lead(&mut piece.tail, comment),
                }
            }
        }
    }

    /// Comments between a key and its value, then those in the value.
    fn row(&mut self, row: &mut Row) {
        if row.key.is_some() {
            while let Some(comment) = self.take(row.value.span.range().start) {
                if !self.is_alone(comment) {
                    row.beside.push(self.words(comment));
                    continue;
                }
                let mut lead = vec![];
                self.lead(&mut lead, comment);
                match row.value.rows_mut().first_mut() {
                    Some(first) => first.lead.extend(lead),
                    None => row.lead.extend(lead),
                }
            }
        }
        if matches!(row.value.content, Content::Alias(_) | Content::Scalar(..)) {
            return;
        }
        // Behind the bracket that opens.
        if matches!(row.value.content, Content::List(Layout::Flow, _) | Content::Map(Layout::Flow, _)) {
            let first = row.value.rows().first().map_or(row.value.span.range().end, Row::start);
            while self
                .comments
                .get(self.next)
                .is_some_and(|next| next.range().start < first && !self.is_alone(*next))
            {
                if let Some(comment) = self.take(first) {
                    row.beside.push(self.words(comment));
                }
            }
        }
        self.collection(&mut row.value);
        if row.value.rows().is_empty() {
            row.lead.append(&mut row.value.tail);
        }
    }

    /// A comment behind the end of a row's line: it belongs to the innermost row that ends there.
    fn beside(&self, row: &mut Row, comment: Span) {
        if row.value.is_block()
            && let Some(last) = row.value.rows_mut().last_mut()
        {
            self.beside(last, comment);
            return;
        }
        row.beside.push(self.words(comment));
    }

    /// A comment behind everything.
    fn behind(&self, root: &mut Piece, comment: Span) {
        let alone = self.is_alone(comment);
        if let Some(last) = root.rows_mut().last_mut().filter(|_| !alone) {
            self.beside(last, comment);
        } else if !self.within(root, comment) {
            self.lead(&mut root.tail, comment);
        }
    }

    /// Puts a comment at the end of the innermost block that is not indented further than it.
    fn within(&self, piece: &mut Piece, comment: Span) -> bool {
        let column = self.column(comment.range().start);
        if !piece.is_block() || self.column(piece.span.range().start) > column {
            return false;
        }
        // What stands behind a block is not followed by more of it.
        let closed = !piece.tail.is_empty();
        let last = piece.rows_mut().last_mut().filter(|_| !closed);
        if !last.is_some_and(|last| self.within(&mut last.value, comment)) {
            self.lead(&mut piece.tail, comment);
        }
        true
    }

    fn lead(&self, to: &mut Vec<Lead>, comment: Span) {
        if self.blank_above(comment.range().start) {
            to.push(Lead::Blank);
        }
        to.push(Lead::Comment(self.words(comment)));
    }

    fn words(&self, comment: Span) -> String {
        self.text[comment.range()].trim_end().to_owned()
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    fn column(&self, at: usize) -> usize {
        at - self.line_start(at)
    }

    /// True for a comment with nothing in front of it on its line.
    fn is_alone(&self, comment: Span) -> bool {
        let at = comment.range().start;
        self.text[self.line_start(at)..at].trim().is_empty()
    }

    /// True for a comment between a dash and its item.
    fn is_behind_dash(&self, comment: Span) -> bool {
        let at = comment.range().start;
        self.text[self.line_start(at)..at].trim_matches([' ', '\t', '-', '?']).is_empty()
    }

    /// True for a comment on a line of its own between a dash and its item.
    fn is_below_dash(&self, comment: Span) -> bool {
        let above = self.text[..self.line_start(comment.range().start)].lines().rev();
        let mut code = above.filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
        code.next().is_some_and(|line| {
            let line = line.split(" #").next().unwrap_or("").trim();
            line.starts_with('-') && line.trim_matches(['-', ' ']).is_empty()
        })
    }

    fn blank_above(&self, at: usize) -> bool {
        let line = self.line_start(at);
        line > 0 && self.text[self.line_start(line - 1)..line].trim().is_empty()
    }
}
