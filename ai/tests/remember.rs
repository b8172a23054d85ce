//! What a question asks its provider to remember: to the letter what goes out, and only where the model wants to be asked and what
//! stands there is long enough.

#![allow(clippy::unwrap_used)]

use ai::chat::{Keep, Message, Part, Question, Role, Tool};
use ai::estimate::Size;
use ai::provider::{Agreed, PROVIDERS, Provider, Quality, find};
use ai::remember::Remembered;
use ai::route::{Basis, Lately, Need, Offer, Strategy, choose};
use jiff::civil::date;
use serde_json::{Value, json};

/// A question whose system likely has so many tokens with Anthropic.
fn question(model: &str, tokens: u64) -> Question {
    let anthropic = find("anthropic").unwrap();
    let mut question = Question::new(model, "Which of them is it?");
    // A little less than that; the rest word by word.
    let mut system = " word".repeat(usize::try_from(tokens * 100 / 105 - 20).unwrap());
    loop {
        question.system = Some(system.clone());
        if Size::of_beginning(&question).tokens(&anthropic.estimate).likely >= tokens {
            return question;
        }
        system += " word";
    }
}

fn with_tool(mut question: Question) -> Question {
    let schema = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
    question.tools.push(Tool { name: "find".into(), about: "Finds.".into(), schema });
    question
}

fn sent(provider: &Provider, question: &Question) -> Value {
    provider.ask(question, &Default::default()).body
}

fn marked(provider: &Provider, question: &Question) -> Value {
    let remembered = Remembered::of(question, provider, &question.model);
    sent(provider, &remembered.mark(question.clone()))
}

#[test]
fn a_long_beginning_is_marked_at_its_end_and_nothing_else_changes() {
    let anthropic = find("anthropic").unwrap();
    let question = question("claude-sonnet-5", 1024);
    let plain = sent(anthropic, &question);
    let mut wanted = plain.clone();
    wanted["system"][0]["cache_control"] = json!({ "type": "ephemeral", "ttl": "5m" });
    assert_eq!(marked(anthropic, &question), wanted);
    assert!(!plain.to_string().contains("cache_control"));
}

#[test]
fn a_token_less_and_nothing_is_marked() {
    let anthropic = find("anthropic").unwrap();
    for (model, least) in [("claude-haiku-4-5", 4096), ("claude-opus-4-8", 1024), ("claude-sonnet-4-6", 2048)]
    {
        let (short, long) = (question(model, least - 8), question(model, least));
        let tokens = |question: &Question| Size::of_beginning(question).tokens(&anthropic.estimate).likely;
        assert!(tokens(&short) < least && tokens(&long) >= least, "{model}");
        assert_eq!(marked(anthropic, &short), sent(anthropic, &short), "{model}");
        assert_ne!(marked(anthropic, &long), sent(anthropic, &long), "{model}");
    }
}

#[test]
fn of_a_conversation_with_tools_the_last_turn_is_marked_as_well() {
    let anthropic = find("anthropic").unwrap();
    let mut question = with_tool(question("claude-sonnet-5", 1024));
    question.messages.push(Message::new(Role::Model, vec![Part::text("I look.")]));
    question.messages.push(Message::new(Role::User, vec![Part::text("Go on.")]));
    let mut wanted = sent(anthropic, &question);
    let mark = json!({ "type": "ephemeral", "ttl": "5m" });
    wanted["system"][0]["cache_control"] = mark.clone();
    wanted["messages"][2]["content"][0]["cache_control"] = mark.clone();
    assert_eq!(marked(anthropic, &question), wanted);
    // Without a system the tools are what does not change.
    let mut bare = question.clone();
    bare.tools[0].about = bare.system.take().unwrap();
    let mut wanted = sent(anthropic, &bare);
    wanted["tools"][0]["cache_control"] = mark.clone();
    wanted["messages"][2]["content"][0]["cache_control"] = mark.clone();
    assert_eq!(marked(anthropic, &bare), wanted);
    // A short beginning may be the beginning of a long conversation.
    let mut talk = with_tool(Question::new("claude-sonnet-5", "word ".repeat(1100)));
    talk.messages.push(Message::new(Role::User, vec![Part::text("Go on.")]));
    let mut wanted = sent(anthropic, &talk);
    wanted["messages"][1]["content"][0]["cache_control"] = mark;
    assert_eq!(marked(anthropic, &talk), wanted);
}

#[test]
fn who_wants_no_hint_gets_none() {
    let mut providers = 0;
    for provider in PROVIDERS.iter().filter(|provider| provider.name != "anthropic") {
        let name = provider.models.keys().next().map_or("m", |name| name.as_str());
        let question = with_tool(question(name, 8192));
        assert_eq!(marked(provider, &question), sent(provider, &question), "{}", provider.name);
        assert!(!marked(provider, &question).to_string().contains("cache_control"), "{}", provider.name);
        providers += 1;
    }
    assert_eq!(providers, 6);
}

#[test]
fn what_a_program_marks_itself_stays_as_it_is() {
    let anthropic = find("anthropic").unwrap();
    let mut question = with_tool(question("claude-sonnet-5", 2000));
    question.messages[0].keep = Some(Keep::Hour);
    assert_eq!(marked(anthropic, &question), sent(anthropic, &question));
    let kept = Question { keep: Some(Keep::Hour), ..question };
    assert_eq!(marked(anthropic, &kept), sent(anthropic, &kept));
}

/// What `claude-sonnet-5` likely costs for a question, in the ledger's units.
fn likely(question: &Question, again: bool, lately: Lately) -> i128 {
    let anthropic = find("anthropic").unwrap();
    let offer = Offer { provider: anthropic, name: "claude-sonnet-5", model: "claude-sonnet-5", key: "k" };
    let need = Need {
        model: Some("claude-sonnet-5".into()),
        quality: Quality::Standard,
        features: Default::default(),
        writes: 0,
        limit: None,
        strategy: Strategy::Cheapest,
    };
    let agreed = Agreed::default();
    let lately = |_: &Offer<'_>| lately;
    let basis = Basis { again, lately: &lately, ..Basis::of_prices(date(2026, 11, 30), &agreed) };
    let choice = choose(&need, question, &[offer], &basis);
    choice.candidates[0].likely.unwrap().units()
}

#[test]
fn what_is_kept_and_what_is_read_from_there_are_in_the_price_that_is_foreseen() {
    // 2 USD for a million that are read, 2.5 that are kept, 0.2 from the cache.
    let (read, kept, cached) = (2_000_000, 2_500_000, 200_000);
    let anthropic = find("anthropic").unwrap();
    let question = question("claude-sonnet-5", 2000);
    let all = i128::from(Size::of(&question).tokens(&anthropic.estimate).likely);
    let beginning = i128::from(Size::of_beginning(&question).tokens(&anthropic.estimate).likely);
    let never = Lately::default();
    assert_eq!(likely(&question, false, never), all * read);
    assert_eq!(likely(&question, true, never), beginning * kept + (all - beginning) * read);
    // As its last calls went.
    let lately = Lately { cached: 0.5, written: 0.25, ..never };
    let (half, quarter) = (all / 2, all / 4);
    let wanted = half * cached + quarter * kept + (all - half - quarter) * read;
    assert_eq!(likely(&question, true, lately), wanted);
    // Nobody asks for it: what was remembered is gone.
    assert_eq!(likely(&question, false, lately), all * read);
}
