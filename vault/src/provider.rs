//! The providers of models whose keys are kept, and where their keys may go.

/// A provider of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provider {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Where its API begins; nothing where the key brings that along.
    pub base: Option<&'static str>,
}

/// All of them. Another one is a line more.
pub const PROVIDERS: &[Provider] = &[
    Provider { name: "anthropic", title: "Anthropic", base: Some("https://api.anthropic.com") },
    Provider { name: "azure", title: "Azure OpenAI", base: None },
    Provider { name: "cohere", title: "Cohere", base: Some("https://api.cohere.com") },
    Provider { name: "compatible", title: "an endpoint that speaks as OpenAI does", base: None },
    Provider { name: "deepseek", title: "DeepSeek", base: Some("https://api.deepseek.com") },
    Provider {
        name: "gemini",
        title: "Google Gemini",
        base: Some("https://generativelanguage.googleapis.com"),
    },
    Provider { name: "openai", title: "OpenAI", base: Some("https://api.openai.com/v1") },
];

/// The provider of this name.
pub fn find(name: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.name == name)
}
