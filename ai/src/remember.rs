//! Whether a provider is asked to remember what a question begins with. Some remember by themselves; others where a question marks
//! the place up to which, and take more for what they keep. So a place is marked only where it is read again within minutes, and where
//! what stands before it is as long as the provider wants at least: below that it would keep nothing.
//!
//! What does not change stands first, with every provider: tools, system, then the conversation, the latest turn last.

use crate::chat::{Keep, Question};
use crate::estimate::Size;
use crate::provider::Provider;

/// What a model is to remember of a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// Up to the end of tools and system.
    pub beginning: bool,
    /// Up to the end of what was said so far: the next turn begins with all of it.
    pub conversation: bool,
    /// How many tokens that likely is.
    pub tokens: u64,
}

impl Remembered {
    /// What is worth it of a question that is read again soon; nothing where it says itself what is to be remembered, or where the
    /// model does not want to be asked.
    pub fn of(question: &Question, provider: &Provider, model: &str) -> Remembered {
        let told = question.messages.iter().any(|message| message.keep.is_some());
        let beginning = Size::of_beginning(question).tokens(&provider.estimate).likely;
        if question.keep.is_some() || told {
            return Remembered {
                beginning: question.keep.is_some(),
                tokens: beginning,
                ..Remembered::default()
            };
        }
        let Some(least) = provider.model(model).and_then(|model| model.remembers) else {
            return Remembered::default();
        };
        // Only a model with tools goes on from what was said.
        let all = match question.tools.is_empty() {
            true => 0,
            false => Size::of(question).tokens(&provider.estimate).likely,
        };
        let conversation = all >= least;
        let tokens = match (conversation, beginning >= least) {
            (true, _) => all,
            (false, true) => beginning,
            (false, false) => 0,
        };
        Remembered { beginning: beginning >= least, conversation, tokens }
    }

    /// The question with the places marked.
    pub fn mark(self, mut question: Question) -> Question {
        if self.beginning {
            question.keep = question.keep.or(Some(Keep::Minutes));
        }
        if let Some(last) = question.messages.last_mut().filter(|_| self.conversation) {
            last.keep = Some(Keep::Minutes);
        }
        question
    }
}
