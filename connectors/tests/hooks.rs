//! Hooks as manifests name them: what they are given is checked, and what they make stands where it is read.

#![allow(clippy::unwrap_used)]

use connectors::library::embedded_families;
use connectors::read;

/// A manifest with one action, whose rest is given.
fn manifest(action: &str) -> String {
    let sample = connectors::sample::manifest("acme");
    let (before, _) = sample.split_once("\nactions:").unwrap();
    let before = before.replace("  verify: whoami\n", "");
    let lines: String = action.lines().map(|line| format!("    {line}\n")).collect();
    format!("{before}\nactions:\n  send:\n    about: Send it.\n    effect: send\n    safety: once\n{lines}")
}

fn found(action: &str) -> Vec<String> {
    let read = read::manifest(&manifest(action), None, embedded_families());
    read.diagnostics.iter().map(|wrong| format!("{} {}", wrong.code.id(), wrong.message)).collect()
}

const RIGHT: &str = "input: { to: { type: string, description: \"Whom.\" } }
hooks:
  mail: { hook: mime_message, with: { to: \"{{ input.to }}\", subject: Hello } }
request: { method: POST, path: /send, json: { raw: \"{{ made.mail }}\" } }
returns: { id: string }";

#[test]
fn a_hook_is_given_what_it_takes_and_nothing_else() {
    assert_eq!(found(RIGHT), [""; 0]);
    let changed = |from: &str, to: &str| {
        assert!(RIGHT.contains(from), "{from}");
        found(&RIGHT.replace(from, to))
    };
    assert_eq!(changed("subject: Hello", "subjet: Hello").len(), 2, "one is unknown, one is missing");
    assert_eq!(
        changed(", subject: Hello", ""),
        ["KW0202 the hook `mime_message` needs `subject`".to_owned()]
    );
    assert_eq!(
        changed("subject: Hello", "subject: Hello, font: big"),
        ["KW0903 the hook `mime_message` takes no `font`".to_owned()]
    );
    assert!(changed("hook: mime_message", "hook: mime_mesage")[0].contains("mime_mesage"));
    assert!(!changed("made.mail", "made.male").is_empty());
    // What is made of the answer is not there before it.
    assert!(!changed("subject: Hello", "subject: \"{{ response.body.x }}\"").is_empty());
}

#[test]
fn what_reads_an_answer_stands_in_the_value_and_in_each_item_of_a_list_alone() {
    let reads = "hooks:\n  mail: { hook: mail_parts, with: { payload: \"{{ response.body }}\" } }\n";
    let plain = format!(
        "{reads}request: {{ method: POST, path: /x }}\noutput: {{ text: \"{{{{ made.mail.text }}}}\" }}\nreturns: {{ text: string? }}"
    );
    assert_eq!(found(&plain), [""; 0]);
    let early = format!(
        "{reads}request: {{ method: POST, path: /x, json: {{ a: \"{{{{ made.mail.text }}}}\" }} }}\nreturns: {{ id: string }}"
    );
    assert!(!found(&early).is_empty());
    let pages = "pages: { kind: link_header, items: response.body }\noutput: { all: \"{{ items }}\" }\nreturns: { all: [any] }";
    let list = format!("{reads}request: {{ method: POST, path: /x }}\n{pages}");
    assert_eq!(
        found(&list),
        ["KW0120 `mail_parts` reads one answer, and the action `send` comes in pages".to_owned()]
    );
    let each = "each: { request: { method: GET, path: \"/x/{{ item.id }}\" }, output: { text: \"{{ made.mail.text }}\" }, max: 5 }\n";
    assert_eq!(found(&format!("{reads}request: {{ method: POST, path: /x }}\n{each}{pages}")), [""; 0]);
}
