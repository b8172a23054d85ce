//! Every diagnostic code with its title and its long story.

/// A stable code: an author may search for it, a program may match on it. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Code {
    /// KW0001: the text is not YAML that we read.
    Yaml,
}

impl Code {
    /// The code as authors see it.
    pub fn id(self) -> &'static str {
        match self {
            Code::Yaml => "KW0001",
        }
    }
}
