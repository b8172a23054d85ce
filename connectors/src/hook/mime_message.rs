//! A message of MIME (RFC 5322 and 2045), as services take it that send mail: heads in any script, a text and an HTML
//! version, files. The same values give the same bytes, so that a call that is made again sends the same message; date and
//! id are the service's to write.

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::{File, Hash, UNKNOWN, Value};
use lettre::Address;
use lettre::message::header::{
    Bcc, Cc, ContentType, Date, From, Header, HeaderName, HeaderValue, Headers, InReplyTo, MIME_VERSION_1_0,
    MessageId, References, ReplyTo, Subject, To,
};
use lettre::message::{Attachment, Mailbox, Mailboxes, MultiPart, MultiPartBuilder, SinglePart};

use super::{Hook, Moment, optional, required};
use crate::builtin::file::file;
use crate::params::{Params, no_secret, short};

const ADDRESSES: &str = "string | [string]";

/// Makes a message of MIME.
pub(super) const HOOK: Hook = Hook {
    name: "mime_message",
    about: "A message of MIME, in Base64 with `-` and `_`.",
    moment: Moment::Before,
    takes: &[
        required(
            "to",
            ADDRESSES,
            "Whom it is for: `ada@example.com` or `Ada <ada@example.com>`, several with commas.",
        ),
        optional("cc", ADDRESSES, "Who gets a copy."),
        optional("bcc", ADDRESSES, "Who gets a copy unseen by others."),
        optional("from", "string", "Who it is from; by default whom the account belongs to."),
        optional("reply_to", ADDRESSES, "Where answers go."),
        required("subject", "string", "The subject."),
        optional("text", "string", "The text, without formats."),
        optional("html", "string", "The text as HTML; with `text`, readers choose."),
        optional(
            "attachments",
            "[any]",
            "Files, or `{ content, name, type }` with a text or file as `content`.",
        ),
        optional("in_reply_to", "string", "The `Message-ID` of the message that it answers."),
        optional("references", "string", "The `Message-ID`s of the messages before it, with blanks."),
    ],
    gives: "string",
    make,
};

/// The most that files may have together, in bytes: with what Base64 adds, a service's limit of 25 MB is kept.
const MOST: usize = 18 * 1024 * 1024;

fn make(given: &Params) -> Result<Value, Failure> {
    Ok(Value::text(URL_SAFE.encode(written(given, &heads(given)?)?)))
}

/// A message in its envelope, as a mail server takes it.
pub(crate) struct Posted {
    /// Its `Message-ID`, with its brackets.
    pub id: String,
    /// The address that it is from.
    pub from: String,
    /// The addresses that it is for, those that others do not see included.
    pub to: Vec<String>,
    /// The message: who gets a copy unseen is not in it.
    pub message: Vec<u8>,
}

/// Makes a message with a date and an id of its own, for a mail server, which writes neither.
///
/// # Errors
/// Where it has no address that it is from, or something in it is none.
pub(crate) fn posted(given: &Params, id: &str, now: SystemTime) -> Result<Posted, Failure> {
    let mut heads = heads(given)?;
    let invalid = |message: &str| Failure::new(FailureKind::Invalid, message);
    let mut from = addresses(given, "from")?.into_iter().flatten();
    let (Some(from), None) = (from.next(), from.next()) else {
        return Err(invalid("a message is from one address: give `from`, here or with the connection"));
    };
    let mut to: Vec<String> = vec![];
    for name in ["to", "cc", "bcc"] {
        for one in addresses(given, name)?.into_iter().flatten() {
            let one = one.email.to_string();
            if !to.contains(&one) {
                to.push(one);
            }
        }
    }
    if to.is_empty() {
        return Err(invalid("the message is for nobody: `to` is empty"));
    }
    heads.remove::<Bcc>();
    let id = format!("<{id}@{}>", from.email.domain());
    heads.set(Date::from(now));
    heads.set(MessageId::from(id.clone()));
    Ok(Posted { id, from: from.email.to_string(), to, message: written(given, &heads)? })
}

/// Heads and what they stand above.
fn written(given: &Params, heads: &Headers) -> Result<Vec<u8>, Failure> {
    let mut message = heads.to_string().into_bytes();
    let files = attachments(given)?;
    let body = match (given.text("text")?, given.text("html")?) {
        (Some(text), Some(html)) => {
            let both = boundary(MultiPart::alternative(), given, "versions");
            Body::Many(both.singlepart(plain(text)).singlepart(SinglePart::html(html.to_owned())))
        }
        (None, Some(html)) => Body::One(SinglePart::html(html.to_owned())),
        (text, None) => Body::One(plain(text.unwrap_or_default())),
    };
    message.extend(match (body, files) {
        (Body::One(part), files) if files.is_empty() => part.formatted(),
        (Body::Many(parts), files) if files.is_empty() => parts.formatted(),
        (body, files) => {
            let all = boundary(MultiPart::mixed(), given, "files");
            let all = match body {
                Body::One(part) => all.singlepart(part),
                Body::Many(parts) => all.multipart(parts),
            };
            files.into_iter().fold(all, MultiPart::singlepart).formatted()
        }
    });
    Ok(message)
}

/// What is read, in one version or in several.
enum Body {
    One(SinglePart),
    Many(MultiPart),
}

fn plain(text: &str) -> SinglePart {
    SinglePart::plain(text.to_owned())
}

/// A boundary that follows from what the message says.
fn boundary(parts: MultiPartBuilder, given: &Params, what: &str) -> MultiPart {
    let mut all = what.as_bytes().to_vec();
    for (name, value) in given.entries() {
        all.extend_from_slice(name.as_bytes());
        all.extend(value.stored());
    }
    parts.boundary(format!("keyway-{}", &Hash::of(&all).to_string()[..40])).build()
}

fn heads(given: &Params) -> Result<Headers, Failure> {
    let mut heads = Headers::new();
    if let Some(from) = addresses(given, "from")? {
        heads.set(From::from(from));
    }
    if let Some(to) = addresses(given, "to")? {
        heads.set(To::from(to));
    }
    if let Some(cc) = addresses(given, "cc")? {
        heads.set(Cc::from(cc));
    }
    if let Some(bcc) = addresses(given, "bcc")? {
        heads.set(Bcc::from(bcc));
    }
    if let Some(reply_to) = addresses(given, "reply_to")? {
        heads.set(ReplyTo::from(reply_to));
    }
    heads.insert_raw(subject(one_line(given.required_text("subject")?)));
    for (head, name) in [(InReplyTo::name(), "in_reply_to"), (References::name(), "references")] {
        let text = given.text(name)?.unwrap_or_default();
        if !text.trim().is_empty() {
            heads.insert_raw(ids(head, name, text)?);
        }
    }
    heads.set(MIME_VERSION_1_0);
    Ok(heads)
}

/// A subject. One that has what a reader would decode is encoded itself, so that it comes as it was written.
fn subject(text: String) -> HeaderValue {
    if !text.contains("=?") {
        return Subject::from(text).display();
    }
    let (mut words, mut word) = (vec![], String::new());
    for letter in text.chars() {
        if word.len() + letter.len_utf8() > 42 {
            words.push(std::mem::take(&mut word));
        }
        word.push(letter);
    }
    words.push(word);
    let words: Vec<String> =
        words.iter().map(|word| format!("=?utf-8?b?{}?=", STANDARD.encode(word))).collect();
    HeaderValue::dangerous_new_pre_encoded(Subject::name(), text, words.join("\r\n "))
}

/// A subject is one line, whoever wrote it.
fn one_line(text: &str) -> String {
    text.split(|letter: char| letter.is_control())
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Ids of messages, one on a line: they are never encoded, since mail is put into threads by them.
fn ids(head: HeaderName, name: &str, text: &str) -> Result<HeaderValue, Failure> {
    let all: Vec<&str> = text.split_whitespace().collect();
    if let Some(wrong) = all.iter().find(|id| !is_id(id)) {
        let message =
            format!("`{name}` has `{}`, which is no id of a message, as in `<a@example.com>`", short(wrong));
        return Err(Failure::new(FailureKind::Invalid, message));
    }
    Ok(HeaderValue::dangerous_new_pre_encoded(head, all.join(" "), all.join("\r\n ")))
}

fn is_id(text: &str) -> bool {
    let inner = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    inner.is_some_and(|inner| {
        !inner.is_empty() && inner.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>".contains(&byte))
    }) && text.len() < 900
}

/// The addresses of a parameter; none where it was not given or is empty.
fn addresses(given: &Params, name: &str) -> Result<Option<Mailboxes>, Failure> {
    let texts = match given.get(name) {
        None => return Ok(None),
        Some(Value::List(items)) => items.to_vec(),
        Some(one) => vec![one.clone()],
    };
    let mut all = Mailboxes::new();
    for text in texts {
        let Some(text) = text.as_text() else { return Err(no_secret(name)) };
        for one in apart(text) {
            all.push(mailbox(name, one)?);
        }
    }
    Ok(all.iter().next().is_some().then_some(all))
}

/// The addresses of a text, which commas separate where they stand neither in quotes nor in brackets.
fn apart(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped, mut within) = (vec![], 0, false, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => within = true,
            '>' if !quoted => within = false,
            ',' if !quoted && !within => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// One address, with the name of whoever has it.
fn mailbox(parameter: &str, text: &str) -> Result<Mailbox, Failure> {
    let (name, address) = match text.rsplit_once('<') {
        Some((name, rest)) => (name.trim(), rest.trim_end().strip_suffix('>').unwrap_or(rest)),
        None => ("", text),
    };
    let address: Address = address.trim().parse().map_err(|_| {
        let message = format!("`{parameter}` has `{}`, which is no e-mail address", short(text));
        Failure::new(FailureKind::Invalid, message)
    })?;
    let inner = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
    let name =
        inner.map_or_else(|| name.to_owned(), |inner| inner.replace("\\\"", "\"").replace("\\\\", "\\"));
    let name = one_line(&name);
    Ok(Mailbox::new((!name.is_empty()).then_some(name), address))
}

fn attachments(given: &Params) -> Result<Vec<SinglePart>, Failure> {
    let items = match given.get("attachments") {
        Some(Value::List(items)) => items.to_vec(),
        _ => vec![],
    };
    let (mut parts, mut size) = (vec![], 0);
    for (at, item) in items.iter().enumerate() {
        let (name, kind, bytes) = attachment(&format!("attachments[{at}]"), item)?;
        size += bytes.len();
        let kind = ContentType::parse(&kind).or_else(|_| ContentType::parse(UNKNOWN));
        let kind = kind.map_err(|_| Failure::new(FailureKind::Invalid, "an attachment has no type"))?;
        parts.push(Attachment::new(name.unwrap_or_else(|| format!("file-{}", at + 1))).body(bytes, kind));
    }
    if size > MOST {
        let message = format!("the files of a message have at most {} MB together", MOST >> 20);
        return Err(Failure::new(FailureKind::Limit, message));
    }
    Ok(parts)
}

/// The name, the type and the bytes of a file.
type Attached = (Option<String>, String, Vec<u8>);

fn attachment(path: &str, item: &Value) -> Result<Attached, Failure> {
    let of = |file: &File| match file.bytes() {
        Some(bytes) => Ok((file.name.as_deref().map(one_line), file.media_type.to_string(), bytes.to_vec())),
        None => {
            Err(Failure::new(FailureKind::Limit, format!("`{path}` is too large to be sent in a message")))
        }
    };
    let described = match item {
        Value::Object(described) if described.contains_key("content") => described,
        other => return of(&*file(path, other)?),
    };
    let own = |key: &str| described.get(key).and_then(Value::as_text);
    let (name, kind, bytes) = match described.get("content") {
        Some(Value::Text(text)) => (None, "text/plain; charset=utf-8".to_owned(), text.as_bytes().to_vec()),
        Some(content) => of(&*file(&format!("{path}.content"), content)?)?,
        None => (None, UNKNOWN.to_owned(), vec![]),
    };
    Ok((own("name").map(one_line).or(name), own("type").map_or(kind, str::to_owned), bytes))
}
