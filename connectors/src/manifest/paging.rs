//! How a whole list is had, and what is asked for each of its items. Nothing goes on for ever: every list has a way
//! to end, a most of pages, and a next page that was there before is a failure.

use dsl::expr::Expr;
use dsl::workflow::Arg;

use super::request::Request;

/// How a whole list is had that comes in pages.
#[derive(Clone, Debug)]
pub struct Pages {
    /// How the next page is asked for.
    pub kind: PageKind,
    /// The items of a page, over `response`: a list.
    pub items: Expr,
    /// Whether this page is the last, over `response`, `items` (those of this page) and `next`.
    pub stop_when: Option<Expr>,
    /// Most pages.
    pub max_pages: usize,
    /// Most items, over `input`; all where it gives null.
    pub limit: Option<Expr>,
}

/// How the next page is asked for.
#[derive(Clone, Debug)]
pub enum PageKind {
    /// The last answer says what continues it, and another request takes that.
    Continue {
        /// What continues it, over `response`; null or an empty text ends the list.
        next: Expr,
        /// The request for each further page, over `next` beside what the first one sees.
        request: Box<Request>,
    },
    /// The last answer says what continues it; the same request is sent again with that.
    Cursor {
        /// What continues it, over `response`; null or an empty text ends the list.
        next: Expr,
        /// Where it stands in the next request.
        into: Slot,
    },
    /// The last item of a page continues it.
    Keyset {
        /// What continues it, over `item`, the last one of a page.
        next: Expr,
        /// Where it stands in the next request.
        into: Slot,
    },
    /// `link: <…>; rel="next"` of the answer.
    LinkHeader,
    /// The address of the next page stands in the answer; null or an empty text ends the list.
    NextUrl {
        /// The address, over `response`.
        next: Expr,
    },
    /// So many items were seen.
    Offset {
        /// Where the count stands.
        into: Slot,
        /// The number of the first item.
        first: i64,
    },
    /// Pages have numbers.
    Page {
        /// Where the number stands.
        into: Slot,
        /// The number of the first page.
        first: i64,
    },
}

impl PageKind {
    /// As manifests write them, sorted.
    pub const NAMES: [&'static str; 7] =
        ["continue", "cursor", "keyset", "link_header", "next_url", "offset", "page"];

    /// As manifests write it.
    pub fn name(&self) -> &'static str {
        match self {
            PageKind::Continue { .. } => "continue",
            PageKind::Cursor { .. } => "cursor",
            PageKind::Keyset { .. } => "keyset",
            PageKind::LinkHeader => "link_header",
            PageKind::NextUrl { .. } => "next_url",
            PageKind::Offset { .. } => "offset",
            PageKind::Page { .. } => "page",
        }
    }
}

/// Where in a request something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// In the body, by the keys on the way: `variables.after` of GraphQL.
    Body(Vec<String>),
    /// In a header.
    Header(String),
    /// In the query.
    Query(String),
}

/// A further request for each item of a list that tells too little of them.
#[derive(Clone, Debug)]
pub struct Each {
    /// The request, over `item`, `input` and `connection`.
    pub request: Request,
    /// What becomes of an item, over `item` and `response`, the answer to its own request.
    pub output: Arg,
    /// How many requests at once.
    pub parallel: usize,
    /// Most items that are asked about; the list ends there.
    pub max: usize,
}
