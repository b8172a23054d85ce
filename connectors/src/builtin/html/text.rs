//! What people read of an element: blanks as they see them, a line where one begins on the screen.

use scraper::{ElementRef, Node};

/// What stands between two words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Blank,
    Line,
    Paragraph,
}

/// All of it on one line.
pub(super) fn line(element: ElementRef<'_>) -> String {
    read(element, |gap| if gap == Gap::None { "" } else { " " }, "")
}

/// A paragraph at a time, with an empty line between two.
pub(super) fn paragraphs(element: ElementRef<'_>) -> String {
    let sign = |gap| match gap {
        Gap::None => "",
        Gap::Blank => " ",
        Gap::Line => "\n",
        Gap::Paragraph => "\n\n",
    };
    read(element, sign, "- ")
}

fn read(element: ElementRef<'_>, sign: fn(Gap) -> &'static str, mark: &str) -> String {
    let (mut out, mut gap, mut marked) = (String::new(), Gap::None, false);
    // How many elements around this place nobody sees; the one that was asked for is seen.
    let (root, mut unseen) = (element.id(), 0_usize);
    for edge in element.traverse() {
        let (node, opens) = match edge {
            ego_tree::iter::Edge::Open(node) => (node, true),
            ego_tree::iter::Edge::Close(node) => (node, false),
        };
        match node.value() {
            Node::Element(element) => {
                let name = element.name();
                match (is_unseen(name) && node.id() != root, opens) {
                    (true, true) => unseen += 1,
                    (true, false) => unseen -= 1,
                    (false, _) => {}
                }
                gap = gap.max(around(name));
                marked = marked || (opens && name == "li");
            }
            Node::Text(text) if opens && unseen == 0 => {
                for letter in text.chars() {
                    // A blank that does not break is one that is seen.
                    if letter.is_ascii_whitespace() || letter == '\u{a0}' {
                        gap = gap.max(Gap::Blank);
                        continue;
                    }
                    if !out.is_empty() {
                        out.push_str(sign(gap));
                    }
                    if marked {
                        out.push_str(mark);
                    }
                    (gap, marked) = (Gap::None, false);
                    out.push(letter);
                }
            }
            _ => {}
        }
    }
    out
}

/// What is in a page and is not shown.
fn is_unseen(name: &str) -> bool {
    matches!(name, "head" | "script" | "style" | "template" | "noscript" | "svg" | "iframe" | "object")
}

/// What an element puts around itself.
fn around(name: &str) -> Gap {
    match name {
        "address" | "article" | "aside" | "blockquote" | "dl" | "fieldset" | "figure" | "footer" | "form"
        | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "header" | "hr" | "main" | "nav" | "ol" | "p" | "pre"
        | "section" | "table" | "ul" => Gap::Paragraph,
        "br" | "caption" | "dd" | "div" | "dt" | "figcaption" | "legend" | "li" | "option" | "tr" => {
            Gap::Line
        }
        "td" | "th" | "title" => Gap::Blank,
        _ => Gap::None,
    }
}
