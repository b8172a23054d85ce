//! What is sent: a request with holes, over `input`, `connection` and `step.key`.
//!
//! An entry that reads an input which was not given is left out, unless it reads it softly (`??`, `?.`); one that
//! reads a null is sent as null. A mapping or list of which everything is left out is left out itself.

use dsl::workflow::Arg;

/// A request with holes.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where the path begins, where not at the manifest's own base.
    pub base: Option<Arg>,
    /// The path below the base; every hole is one segment, percent-encoded.
    pub path: Arg,
    /// Values of the query; a list gives one for each item.
    pub query: Vec<(String, Arg)>,
    /// Headers beside those of `defaults`, which they replace.
    pub headers: Vec<(String, Arg)>,
    /// The body.
    pub body: Body,
    /// How lists stand in a form.
    pub lists: Lists,
    /// How the body of the answer is read.
    pub reads: Reads,
    /// The name of the file that is read; by default the answer's own.
    pub file_name: Option<Arg>,
    /// How long the address serves that is made of it instead of sending it, signed for whoever has it.
    pub link: Option<Arg>,
}

/// A method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Removes.
    Delete,
    /// Looks.
    Get,
    /// Looks at the head alone.
    Head,
    /// Changes a part.
    Patch,
    /// Adds.
    Post,
    /// Puts in place.
    Put,
}

impl Method {
    /// All of them, sorted by their names.
    pub const ALL: [Method; 6] =
        [Method::Delete, Method::Get, Method::Head, Method::Patch, Method::Post, Method::Put];

    /// As manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Delete => "DELETE",
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Patch => "PATCH",
            Method::Post => "POST",
            Method::Put => "PUT",
        }
    }

    /// True if it changes nothing.
    pub fn reads(self) -> bool {
        match self {
            Method::Get | Method::Head => true,
            Method::Delete | Method::Patch | Method::Post | Method::Put => false,
        }
    }
}

/// The body of a request.
#[derive(Clone, Debug)]
pub enum Body {
    /// The content of a file.
    Bytes(Arg),
    /// Names and values, nested ones in brackets: `items[0][price]`.
    Form(Arg),
    /// A document of GraphQL with its variables.
    Graphql {
        /// The document.
        query: String,
        /// Its variables: an object.
        variables: Option<Arg>,
    },
    /// JSON.
    Json(Arg),
    /// Parts, each a value or a file.
    Multipart(Arg),
    /// None.
    None,
    /// What is said of a file, and the file: two parts that belong together.
    Related {
        /// What is said of it, as JSON.
        json: Arg,
        /// The file.
        file: Arg,
    },
    /// Text.
    Text(Arg),
}

/// How lists stand in a form or a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lists {
    /// `a[]=1&a[]=2`
    Brackets,
    /// `a=1,2`
    Commas,
    /// `a[0]=1&a[1]=2`
    Indexed,
    /// `a=1&a=2`
    #[default]
    Repeated,
}

impl Lists {
    /// All of them, sorted by their names.
    pub const ALL: [Lists; 4] = [Lists::Brackets, Lists::Commas, Lists::Indexed, Lists::Repeated];

    /// As manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            Lists::Brackets => "brackets",
            Lists::Commas => "commas",
            Lists::Indexed => "indexed",
            Lists::Repeated => "repeated",
        }
    }
}

/// How the body of an answer is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reads {
    /// As its content type says.
    #[default]
    Auto,
    /// As a file, whatever it says.
    Bytes,
    /// As JSON, whatever it says.
    Json,
    /// As text, whatever it says.
    Text,
    /// As XML, whatever it says: objects of elements, texts, and lists of those that repeat.
    Xml,
}

impl Reads {
    /// All of them, sorted by their names.
    pub const ALL: [Reads; 5] = [Reads::Auto, Reads::Bytes, Reads::Json, Reads::Text, Reads::Xml];

    /// As manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            Reads::Auto => "auto",
            Reads::Bytes => "bytes",
            Reads::Json => "json",
            Reads::Text => "text",
            Reads::Xml => "xml",
        }
    }
}
