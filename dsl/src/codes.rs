//! Every diagnostic code with its title and its long story.

/// A stable code: an author may search for it, a program may match on it. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Code {
    /// KW0001: the text is not YAML that we read.
    Yaml,
    /// KW0301: the text is no expression.
    ExprSyntax,
    /// KW0302: an expression is too long or too deep.
    ExprLimit,
    /// KW0303: there is no such function.
    UnknownFunction,
    /// KW0304: a function is given too many or too few arguments.
    ArgumentCount,
    /// KW0305: a lambda stands where none is taken, or is missing where one is.
    Lambda,
    /// KW0306: a name that the language keeps for itself.
    ReservedName,
    /// KW0307: `steps`, `errors` or `meta` without a step's name.
    StepRoot,
    /// KW0308: a name written with `-`, which is a subtraction.
    HyphenName,
    /// KW0309: `??` beside arithmetic without parentheses.
    CoalesceMix,
    /// KW0401: a hole in a text is not well-formed.
    TemplateHole,
    /// KW0402: a block in a text is unknown, or is not closed where it should be.
    TemplateBlock,
    /// KW0403: a text has too many parts or nests too deep.
    TemplateLimit,
    /// KW0404: something of another template language.
    TemplateForeign,
}

impl Code {
    /// The code as authors see it.
    pub fn id(self) -> &'static str {
        match self {
            Code::Yaml => "KW0001",
            Code::ExprSyntax => "KW0301",
            Code::ExprLimit => "KW0302",
            Code::UnknownFunction => "KW0303",
            Code::ArgumentCount => "KW0304",
            Code::Lambda => "KW0305",
            Code::ReservedName => "KW0306",
            Code::StepRoot => "KW0307",
            Code::HyphenName => "KW0308",
            Code::CoalesceMix => "KW0309",
            Code::TemplateHole => "KW0401",
            Code::TemplateBlock => "KW0402",
            Code::TemplateLimit => "KW0403",
            Code::TemplateForeign => "KW0404",
        }
    }
}
