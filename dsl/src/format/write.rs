//! Writes the rows of a file, block by block.

use crate::format::WIDTH;
use crate::format::block;
use crate::format::order::{Place, ordered};
use crate::format::quote::{self, Spot};
use crate::yaml::map::Form;
use crate::yaml::source::{Content, Layout, Lead, Piece, Row};
use crate::yaml::traps;

/// Writes the whole file.
pub fn page(text: &str, root: &Piece) -> String {
    let mut rows = root.rows().to_vec();
    // What stands above everything, with a blank line behind it, is about the file and not about its first key.
    let mut head = vec![];
    if let Some(first) = rows.first_mut()
        && let Some(blank) = first.lead.iter().rposition(|lead| *lead == Lead::Blank)
    {
        head = first.lead.drain(..=blank).collect();
    }
    let writer = Writer { text };
    let mut out = String::new();
    writer.leads(&mut out, &head, 0);
    let mut body = writer.block(root, &rows, Place::Top, 0);
    // Braces with nothing in them are no rows, and without them the file would be empty.
    if rows.is_empty() && !root.span.range().is_empty() {
        body += &format!("{}\n", writer.inline(root, Spot::BLOCK, Place::Free));
    }
    if !out.trim().is_empty() {
        out.push('\n');
    }
    out + &body
}

struct Writer<'a> {
    text: &'a str,
}

/// A row that was written.
struct Written {
    lead: String,
    body: String,
    blank: bool,
    /// It ends with line breaks that are part of a text.
    open: bool,
}

impl Writer<'_> {
    fn block(&self, piece: &Piece, rows: &[Row], place: Place, indent: usize) -> String {
        let mut out = String::new();
        let mut before: Option<Written> = None;
        for row in ordered(place, rows) {
            let written = self.row(row, place, indent);
            if let Some(before) = &before {
                let tall = written.body.lines().count() > 1 || before.body.lines().count() > 1;
                // Parts of the file with blank lines in them need one between them.
                let airy = written.body.contains("\n\n") || before.body.contains("\n\n");
                let apart = written.blank || (place == Place::Steps && tall) || (place == Place::Top && airy);
                if apart && !before.open {
                    out.push('\n');
                }
            }
            out += &written.lead;
            out += &written.body;
            before = Some(written);
        }
        let mut tail = String::new();
        self.leads(&mut tail, &piece.tail, indent);
        if piece.tail.first() == Some(&Lead::Blank) && !before.is_some_and(|before| before.open) {
            out.push('\n');
        }
        out + &tail
    }

    /// Comments and the blank lines between them; those at the two ends are the caller's.
    fn leads(&self, out: &mut String, leads: &[Lead], indent: usize) {
        let mut blank = false;
        let mut any = false;
        for lead in leads {
            match lead {
                Lead::Blank => blank = any,
                Lead::Comment(words) => {
                    if std::mem::take(&mut blank) {
                        out.push('\n');
                    }
                    *out += &format!("{}{words}\n", " ".repeat(indent));
                    any = true;
                }
            }
        }
    }

    fn row(&self, row: &Row, place: Place, indent: usize) -> Written {
        let mut above = row.lead.clone();
        let mut beside = row.beside.clone();
        let mut last = beside.pop();
        above.extend(beside.into_iter().map(Lead::Comment));
        // Right behind a key without a value it would be taken for one.
        let is_empty = matches!(row.value.content, Content::Scalar(..)) && row.value.span.range().is_empty();
        let is_meant = |words: &str| words.strip_prefix('#').is_some_and(traps::may_be_meant);
        above.extend(last.take_if(|words| is_empty && is_meant(words)).map(Lead::Comment));
        let pad = " ".repeat(indent);
        let mut body = match &row.key {
            Some(key) => {
                let text = self.inline(key, Spot::BLOCK, Place::Free);
                let colon = if matches!(key.content, Content::Alias(_)) { " :" } else { ":" };
                let spot = Spot { reading: place.reading(row), ..Spot::BLOCK };
                let head = format!("{pad}{text}{colon}");
                self.value(row, spot, place.of(row), indent, &head, last.as_deref())
            }
            None => self.item(row, place.of(row), indent, last.as_deref(), &mut above),
        };
        if !body.ends_with('\n') {
            body.push('\n');
        }
        let blank = above.first() == Some(&Lead::Blank);
        // A blank line between the comment and what it is about stays too.
        let gap = above.len() > 1 && above.last() == Some(&Lead::Blank);
        let mut lead = String::new();
        self.leads(&mut lead, &above, indent);
        if gap && !lead.is_empty() {
            lead.push('\n');
        }
        Written { lead, body, blank, open: self.is_open(row, place) }
    }

    /// An item: a block in it begins behind the dash.
    fn item(
        &self,
        row: &Row,
        place: Place,
        indent: usize,
        beside: Option<&str>,
        above: &mut Vec<Lead>,
    ) -> String {
        let pad = " ".repeat(indent);
        let inner = match &row.value.content {
            Content::Map(_, rows) | Content::List(_, rows)
                if self.flow(&row.value, place, indent + 2).is_none() =>
            {
                rows
            }
            Content::Alias(_) | Content::Scalar(..) | Content::List(..) | Content::Map(..) => {
                let spot = Spot::BLOCK;
                return self.value(row, spot, place, indent, &format!("{pad}-"), beside);
            }
        };
        let mut rows: Vec<Row> = ordered(place, inner).into_iter().cloned().collect();
        if let Some(name) = &row.value.anchor {
            let comment = beside.map_or(String::new(), |words| format!(" {words}"));
            return format!("{pad}- &{name}{comment}\n{}", self.block(&row.value, &rows, place, indent + 2));
        }
        above.extend(beside.map(|words| Lead::Comment(words.to_owned())));
        if let Some(first) = rows.first_mut() {
            above.append(&mut first.lead);
            let spare = first.beside.len().saturating_sub(1);
            above.extend(first.beside.drain(..spare).map(Lead::Comment));
        }
        let body = self.block(&row.value, &rows, place, indent + 2);
        format!("{pad}- {}", body.trim_start_matches(' '))
    }

    /// A value behind its key or dash, with all the lines that it takes.
    fn value(
        &self,
        row: &Row,
        spot: Spot,
        place: Place,
        indent: usize,
        head: &str,
        beside: Option<&str>,
    ) -> String {
        let piece = &row.value;
        let anchor = piece.anchor.as_ref().map_or(String::new(), |name| format!(" &{name}"));
        let comment = beside.map_or(String::new(), |words| format!(" {words}"));
        let pad = " ".repeat(indent + 2);
        match &piece.content {
            Content::Scalar(value, Form::Literal | Form::Folded) => {
                let block = block::read(self.text, value, piece.span);
                let mut out = format!("{head}{anchor} {}{comment}\n", block.header);
                for line in block.lines {
                    if !line.is_empty() {
                        out = out + &pad + &line;
                    }
                    out.push('\n');
                }
                out
            }
            Content::Scalar(value, form) => {
                let source = self.text.get(piece.span.range()).unwrap_or("");
                if source.is_empty() {
                    return format!("{head}{anchor}{comment}");
                }
                let width = head.chars().count() + anchor.chars().count() + 1;
                if let Some(lines) = self.tall(value, source, *form, spot, width) {
                    return format!(
                        "{head}{anchor} {}{comment}",
                        lines.join(&format!("\n{pad}")).replace(&format!("\n{pad}\n"), "\n\n")
                    );
                }
                format!("{head}{anchor} {}{comment}", quote::scalar(value, source, *form, spot))
            }
            Content::Alias(name) => format!("{head} *{name}{comment}"),
            Content::List(..) | Content::Map(..) => {
                let width = head.chars().count() + anchor.chars().count() + 1;
                if let Some(flow) = self.flow(piece, place, width) {
                    return format!("{head}{anchor} {flow}{comment}");
                }
                let body = self.block(piece, piece.rows(), place, indent + 2);
                format!("{head}{anchor}{comment}\n{body}")
            }
        }
    }

    /// The lines of a scalar that was written over several and does not fit on one.
    fn tall(&self, value: &str, source: &str, form: Form, spot: Spot, width: usize) -> Option<Vec<String>> {
        if !source.contains('\n') {
            return None;
        }
        let one = quote::scalar(value, source, form, spot);
        let fits = !value.contains('\n') && !one.contains('\n') && width + one.chars().count() <= WIDTH;
        let folded = form == Form::Double && source.contains("\\\n");
        if fits && !folded { None } else { Some(block::continued(source)) }
    }

    /// A collection in brackets, where it was written so, holds no comment and fits behind `width` columns.
    fn flow(&self, piece: &Piece, place: Place, width: usize) -> Option<String> {
        let is_flow = match &piece.content {
            Content::List(layout, _) | Content::Map(layout, _) => *layout == Layout::Flow,
            Content::Alias(_) | Content::Scalar(..) => false,
        };
        let root = place == Place::Top;
        if piece.rows().is_empty() && !root {
            return Some(match &piece.content {
                Content::List(..) | Content::Map(..) => self.brackets(piece, place),
                Content::Alias(_) | Content::Scalar(..) => return None,
            });
        }
        if !is_flow || root || !self.is_short(piece) {
            return None;
        }
        let text = self.brackets(piece, place);
        (width + text.chars().count() <= WIDTH).then_some(text)
    }

    /// True for what can stand on one line.
    fn is_short(&self, piece: &Piece) -> bool {
        let row = |row: &Row| {
            row.beside.is_empty()
                && row.lead.iter().all(|lead| *lead == Lead::Blank)
                && row.key.as_ref().is_none_or(|key| self.is_short(key))
                && self.is_short(&row.value)
        };
        let own = match &piece.content {
            Content::Alias(_) | Content::List(..) | Content::Map(..) => true,
            Content::Scalar(value, Form::Plain) => !value.contains('\n'),
            Content::Scalar(_, Form::Single | Form::Double) => {
                !self.text.get(piece.span.range()).unwrap_or("").contains('\n')
            }
            Content::Scalar(_, Form::Literal | Form::Folded) => false,
        };
        own && piece.tail.iter().all(|lead| *lead == Lead::Blank) && piece.rows().iter().all(row)
    }

    fn brackets(&self, piece: &Piece, place: Place) -> String {
        let parts: Vec<String> = ordered(place, piece.rows())
            .into_iter()
            .map(|row| {
                let spot = Spot { reading: place.reading(row), ..Spot::FLOW };
                let value = self.inline(&row.value, spot, place.of(row));
                match &row.key {
                    None => value,
                    Some(key) => {
                        let plain = Spot::FLOW;
                        let colon = if matches!(key.content, Content::Alias(_)) { " :" } else { ":" };
                        let name = self.inline(key, plain, Place::Free);
                        if value.is_empty() { name } else { format!("{name}{colon} {value}") }
                    }
                }
            })
            .collect();
        match (&piece.content, parts.is_empty()) {
            (Content::List(..), _) => format!("[{}]", parts.join(", ")),
            (_, true) => "{}".to_owned(),
            (_, false) => format!("{{ {} }}", parts.join(", ")),
        }
    }

    /// A piece on one line.
    fn inline(&self, piece: &Piece, spot: Spot, place: Place) -> String {
        let text = match &piece.content {
            Content::Alias(name) => format!("*{name}"),
            Content::Scalar(value, form) => {
                quote::scalar(value, self.text.get(piece.span.range()).unwrap_or(""), *form, spot)
            }
            Content::List(..) | Content::Map(..) => self.brackets(piece, place),
        };
        match &piece.anchor {
            Some(name) => format!("&{name} {text}").trim_end().to_owned(),
            None => text,
        }
    }

    /// True where the last thing written is a text that keeps the line breaks behind it.
    fn is_open(&self, row: &Row, place: Place) -> bool {
        match &row.value.content {
            Content::Scalar(value, Form::Literal | Form::Folded) => {
                block::read(self.text, value, row.value.span).header.contains('+')
            }
            Content::Scalar(..) | Content::Alias(_) => false,
            Content::List(_, rows) | Content::Map(_, rows) => {
                let inside = place.of(row);
                let last = ordered(inside, rows).into_iter().next_back();
                row.value.tail.is_empty() && last.is_some_and(|row| self.is_open(row, inside))
            }
        }
    }
}
