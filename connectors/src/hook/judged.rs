//! Messages that were made, read by another's parser: what it finds is what was meant, whatever was written.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use dsl::value::{File, Value};
use mail_parser::{Address, Message, MessageParser, MimeHeaders};

use super::find;
use crate::params::Params;

fn made(given: Value) -> Result<Value, String> {
    let hook = find("mime_message").unwrap();
    let params = Params::check(hook.name, &hook.fields(), &given).map_err(|failure| failure.message)?;
    (hook.make)(&params).map_err(|failure| failure.message)
}

fn bytes(given: Value) -> Vec<u8> {
    URL_SAFE.decode(made(given).unwrap().as_text().unwrap()).unwrap()
}

fn text(given: Value) -> String {
    String::from_utf8(bytes(given)).unwrap()
}

fn read(bytes: &[u8]) -> Message<'_> {
    MessageParser::default().parse(bytes).unwrap()
}

fn addresses(found: Option<&Address<'_>>) -> Vec<(Option<String>, String)> {
    let all = found.iter().flat_map(|all| all.iter());
    let pair = |one: &mail_parser::Addr<'_>| {
        (one.name().map(str::to_owned), one.address().unwrap_or_default().to_owned())
    };
    all.map(pair).collect()
}

/// Names and subjects of the kind that people and models write.
const TEXTS: [&str; 14] = [
    "Ada",
    "Grüße aus Köln",
    "日本語の件名、とても長い件名なので一行には収まりません。折り返しが必要です。",
    "Ada, Countess",
    "\"quoted\"",
    "back\\slash",
    "a=?utf-8?b?eA==?=b",
    "Ωμέγα Ж 👩‍🚀 \u{1F1E9}\u{1F1EA}",
    "x@y.example",
    "(in brackets); colon: semicolon",
    "word word word word word word word word word word word word word word word word word",
    "averyveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryverylongword",
    "ends with =",
    "é",
];

#[test]
fn every_subject_and_every_name_comes_back_as_it_was_written() {
    for written in TEXTS {
        let name = written.replace('\\', "\\\\").replace('"', "\\\"");
        let message = bytes(Value::object([
            ("to", Value::text(format!("\"{name}\" <ada@example.com>, b@example.com"))),
            ("subject", Value::text(written)),
            ("text", Value::text(format!("{written}\nsecond line\n"))),
        ]));
        assert!(message.is_ascii(), "{written}");
        assert!(message.split(|byte| *byte == b'\n').all(|line| line.len() <= 998), "{written}");
        let found = read(&message);
        assert_eq!(found.subject(), Some(written));
        let to = addresses(found.to());
        assert_eq!(to[0].1, "ada@example.com");
        // Within quotes nothing is decoded by the standard; the judge decodes there.
        if !written.contains("=?") {
            assert_eq!(to[0].0.as_deref(), Some(written));
        }
        assert_eq!(to[1], (None, "b@example.com".to_owned()));
        let body = found.body_text(0).unwrap().replace("\r\n", "\n");
        assert_eq!(body.trim_end(), format!("{written}\nsecond line"));
    }
}

/// The judge sees what is not encoded: without that, its yes would mean nothing.
#[test]
fn the_judge_would_see_a_subject_that_is_not_encoded_or_broken() {
    for wrong in [
        "Subject: =?utf-8?b?R3LDvMOfZQ=\r\n\r\n",
        "Subject: Grusse\r\n\r\n",
        "Subject: Gr=C3=BC=C3=9Fe\r\n\r\n",
    ] {
        assert_ne!(read(wrong.as_bytes()).subject(), Some("Grüße"), "{wrong}");
    }
}

#[test]
fn a_plain_message_is_as_short_as_the_standard_allows() {
    let plain = text(Value::object([
        ("to", Value::text("Ada <ada@example.com>")),
        ("subject", Value::text("Hello")),
        ("text", Value::text("One.\nTwo.")),
    ]));
    let wanted = "To: Ada <ada@example.com>\r\nSubject: Hello\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; \
                  charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nOne.\r\nTwo.\r\n";
    assert_eq!(plain, wanted);
}

#[test]
fn an_answer_names_what_it_answers_whatever_the_length_of_the_ids() {
    let long = format!("<{}@mail.example.com>", "a".repeat(120));
    let message = bytes(Value::object([
        ("to", Value::text("a@example.com")),
        ("subject", Value::text("Re: x")),
        ("in_reply_to", Value::text(long.as_str())),
        ("references", Value::text(format!("<first@example.com> {long}"))),
    ]));
    let raw = String::from_utf8(message.clone()).unwrap();
    assert!(raw.contains(&format!("In-Reply-To: {long}\r\n")), "{raw}");
    assert!(raw.contains(&format!("References: <first@example.com>\r\n {long}\r\n")), "{raw}");
    let inner = long.trim_matches(['<', '>']).to_owned();
    assert_eq!(read(&message).in_reply_to().as_text(), Some(inner.as_str()));
    assert_eq!(read(&message).references().as_text_list().unwrap(), ["first@example.com".to_owned(), inner]);
}

#[test]
fn both_versions_and_files_are_found_in_their_places() {
    let pdf = Arc::new(File {
        name: Some("Übersicht, März.pdf".into()),
        ..File::new([0, 255, 10, 13], "application/pdf")
    });
    let listed = Value::object([
        ("content", Value::text("a;b\n1;2\n")),
        ("name", Value::text("t.csv")),
        ("type", Value::text("text/csv")),
    ]);
    let message = || {
        Value::object([
            ("to", Value::list(vec![Value::text("a@example.com"), Value::text("Bé <b@example.com>")])),
            ("cc", Value::text("c@example.com")),
            ("bcc", Value::text("d@example.com")),
            ("from", Value::text("Me <me@example.com>")),
            ("reply_to", Value::text("r@example.com")),
            ("subject", Value::text("Files")),
            ("text", Value::text("plain")),
            ("html", Value::text("<p>rich</p>")),
            ("attachments", Value::list(vec![Value::File(pdf.clone()), listed.clone()])),
        ])
    };
    let raw = bytes(message());
    let found = read(&raw);
    assert_eq!(found.body_text(0).unwrap().trim(), "plain");
    assert_eq!(found.body_html(0).unwrap().trim(), "<p>rich</p>");
    assert_eq!(addresses(found.to())[1], (Some("Bé".into()), "b@example.com".into()));
    assert_eq!(addresses(found.cc())[0].1, "c@example.com");
    assert_eq!(addresses(found.bcc())[0].1, "d@example.com");
    assert_eq!(addresses(found.from())[0], (Some("Me".into()), "me@example.com".into()));
    assert_eq!(addresses(found.reply_to())[0].1, "r@example.com");
    let files: Vec<(&str, &[u8])> =
        found.attachments().map(|part| (part.attachment_name().unwrap(), part.contents())).collect();
    assert_eq!(files[0], ("Übersicht, März.pdf", &[0, 255, 10, 13][..]));
    assert_eq!(files[1].0, "t.csv");
    // Sent again it is the same message, and another message has other boundaries.
    assert_eq!(raw, bytes(message()));
}

#[test]
fn nobody_writes_a_head_of_their_own() {
    let sly = "Hello\r\nBcc: eve@example.com\r\n\r\nbody";
    let given = |name: &str, value: &str| {
        let mut all = vec![("to", Value::text("a@example.com")), ("subject", Value::text("s"))];
        all.retain(|(known, _)| *known != name);
        all.push((name, Value::text(value)));
        Value::object(all.into_iter().map(|(name, value)| (name.to_owned(), value)))
    };
    let raw = bytes(given("subject", sly));
    assert!(read(&raw).bcc().is_none());
    assert_eq!(read(&raw).subject(), Some("Hello Bcc: eve@example.com body"));
    let named = bytes(given("to", "Ada\r\nBcc: eve@example.com <a@example.com>"));
    assert!(read(&named).bcc().is_none(), "{}", String::from_utf8_lossy(&named));
    let file = Value::list(vec![Value::object([
        ("content", Value::text("x")),
        ("name", Value::text("a\r\nBcc: eve@example.com")),
    ])]);
    let mut with_file = vec![("to", Value::text("a@example.com")), ("subject", Value::text("s"))];
    with_file.push(("attachments", file));
    assert!(read(&bytes(Value::object(with_file))).bcc().is_none());
    for (name, wrong) in [
        ("to", "eve@example.com\r\nBcc: x@example.com"),
        ("cc", "nobody"),
        ("in_reply_to", "<a@b>\r\nBcc: eve@example.com"),
        ("references", "a b"),
        ("from", "a@b@c"),
    ] {
        let refused = made(given(name, wrong)).unwrap_err();
        assert!(refused.starts_with(&format!("`{name}` has ")), "{refused}");
    }
}
