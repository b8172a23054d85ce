//! Mailboxes over IMAP: messages listed, read, marked, moved and deleted at the server of a connection. What a message says is
//! taken apart here; its parts are data of whoever wrote it.

use std::sync::Arc;

use dsl::catalog::{Failure, FailureKind, Safety};
use dsl::value::{File, Object, UNKNOWN, Value};
use egress::{Brought, Errand, Login, Mailbox, Mark, Message, MessageId, No, Security, Sought, Within};
use jiff::Timestamp;
use mail_parser::{
    Address, HeaderValue, Message as Parsed, MessageParser, MessagePart, MimeHeaders as _, PartType,
};

use super::Coded;
use super::smtp::{Server, elsewhere};
use crate::builtin::http::build::invalid;
use crate::call::{Preview, unanswered};
use crate::params::{Params, short, wrong_type};

/// What searching reads.
pub(super) const SOUGHT: &[(&str, bool)] = &[
    ("before", false),
    ("flagged", false),
    ("folder", false),
    ("from", false),
    ("limit", false),
    ("since", false),
    ("subject", false),
    ("text", false),
    ("to", false),
    ("unread", false),
];

/// What asking for new messages reads.
pub(super) const NEW: &[(&str, bool)] = &[("folder", false), ("limit", false), ("since", false)];

/// What names a message.
pub(super) const NAMED: &[(&str, bool)] = &[("id", true), ("folder", false)];

/// What marking reads.
pub(super) const MARKED: &[(&str, bool)] =
    &[("id", true), ("flagged", false), ("folder", false), ("read", false)];

/// What moving reads.
pub(super) const MOVED: &[(&str, bool)] = &[("id", true), ("to", true), ("folder", false)];

/// The folder where nothing else is said.
const INBOX: &str = "INBOX";

/// The most messages where nothing is said.
const MOST: usize = 50;

/// The most attachments of a message that are given.
const ATTACHMENTS: usize = 200;

/// The port on which TLS begins with the first byte.
const IMAPS: u16 = 993;

/// The port on which it begins later.
const IMAP: u16 = 143;

/// What is wanted of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Delete,
    Find,
    Folders,
    Get,
    Mark,
    Move,
    News,
    Try,
}

/// Carries it out.
pub(super) async fn call(
    wish: Wish,
    call: &Coded<'_>,
    params: &Params,
    safety: Safety,
) -> Result<Value, Failure> {
    let errand = errand(wish, params)?;
    let mailbox = mailbox(call)?;
    let name = format!("MAIL {}:{}", mailbox.host, mailbox.port);
    let brought = call.egress.imap(&mailbox, &errand).await;
    let brought = brought.map_err(|error| unanswered(&error, &name, safety))?;
    // A long message takes a while.
    let given = tokio::task::spawn_blocking(move || given(wish, brought)).await;
    given.map_err(|_| Failure::new(FailureKind::Server, "reading a message was cut off")).map(|value| match (
        wish, value,
    ) {
        (Wish::Try, _) => Value::object([("host", Value::text(mailbox.host))]),
        (Wish::Get | Wish::Mark, Value::Object(fields)) => {
            let mut fields = (*fields).clone();
            fields.insert("folder".into(), Value::text(folder(params).unwrap_or(INBOX)));
            Value::Object(fields.into())
        }
        (_, value) => value,
    })
}

/// What would be asked.
pub(super) fn preview(wish: Wish, call: &Coded<'_>, params: &Params) -> Result<Preview, Failure> {
    let server = server(call)?;
    let errand = errand(wish, params)?;
    let scheme = if server.security == Security::Tls { "imaps" } else { "imap" };
    let url = format!("{scheme}://{}:{}", server.host, server.port);
    Ok(Preview { method: "MAIL".into(), url, headers: vec![], body: format!("{errand:?}") })
}

fn mailbox(call: &Coded<'_>) -> Result<Mailbox, Failure> {
    let Server { host, port, security } = server(call)?;
    let (user, password) = call.login("mailboxes")?;
    if user.contains(char::is_control) {
        return Err(invalid("the user of the connection has no line ends"));
    }
    Ok(Mailbox { host, port, security, login: Login { user, password }, timeout: Some(call.timeout) })
}

/// The server of a connection: by its fields, or elsewhere where somebody said so.
fn server(call: &Coded<'_>) -> Result<Server, Failure> {
    let field = |name: &str| call.connection.fields.get(name);
    let text = |name: &str| field(name).and_then(Value::as_text);
    if let Some(base) = call.base {
        return elsewhere(base, ("imaps", IMAPS), ("imap", IMAP)).ok_or_else(|| {
            let forms = "`imaps://HOST:PORT`, or `imap://HOST:PORT` on this machine";
            invalid(&format!("`{}` is no address of a mail server; write {forms}", short(base)))
        });
    }
    let host = text("host").ok_or_else(|| invalid("the connection has no `host`"))?.to_owned();
    let port = match field("port") {
        Some(Value::Int(port)) => u16::try_from(*port).map_err(|_| invalid("`port` is at most 65535"))?,
        _ => IMAPS,
    };
    let security = match text("security") {
        Some("starttls") => Security::StartTls,
        Some(_) => Security::Tls,
        None if port == IMAP => Security::StartTls,
        None => Security::Tls,
    };
    Ok(Server { host, port, security })
}

/// The errand that parameters describe.
fn errand(wish: Wish, params: &Params) -> Result<Errand, Failure> {
    let folder = folder(params)?.to_owned();
    let most = params.count("limit").unwrap_or(MOST);
    let id = || id(params.required_text("id")?);
    Ok(match wish {
        Wish::Try => Errand::SignIn,
        Wish::Folders => Errand::Folders,
        Wish::Get => Errand::Fetch { folder, id: id()? },
        Wish::Delete => Errand::Delete { folder, id: id()? },
        Wish::Move => {
            let to = params.required_text("to")?.to_owned();
            if to == folder {
                return Err(invalid("`to` is the folder in which the message is"));
            }
            Errand::Move { folder, id: id()?, to }
        }
        Wish::Mark => {
            let (read, flagged) = (flag(params, "read"), flag(params, "flagged"));
            if read.is_none() && flagged.is_none() {
                return Err(invalid("say `read`, `flagged`, or both"));
            }
            Errand::Mark { folder, id: id()?, read, flagged }
        }
        Wish::News => {
            let after = params.text("since")?.map(mark).transpose()?;
            Errand::News { folder, after, most }
        }
        Wish::Find => {
            let mut says = vec![];
            for (name, within) in [
                ("from", Within::From),
                ("to", Within::To),
                ("subject", Within::Subject),
                ("text", Within::Text),
            ] {
                // A search for nothing finds everything.
                let text = params.text(name)?.filter(|text| !text.is_empty());
                says.extend(text.map(|text| (within, text.to_owned())));
            }
            let read = flag(params, "unread").map(|unread| !unread);
            let (since, before) = (time(params, "since")?, time(params, "before")?);
            let sought = Sought { read, flagged: flag(params, "flagged"), since, before, says };
            Errand::Find { folder, sought, most }
        }
    })
}

fn folder(params: &Params) -> Result<&str, Failure> {
    Ok(params.text("folder")?.unwrap_or(INBOX))
}

fn flag(params: &Params, name: &str) -> Option<bool> {
    match params.get(name) {
        Some(Value::Bool(flag)) => Some(*flag),
        _ => None,
    }
}

fn time(params: &Params, name: &str) -> Result<Option<Timestamp>, Failure> {
    match params.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Time(time)) => Ok(Some(*time)),
        Some(other) => match other.as_text().and_then(|text| text.parse().ok()) {
            Some(time) => Ok(Some(time)),
            None => Err(wrong_type(&format!("`{name}`"), "time", other)),
        },
    }
}

/// An id as workflows see it: the folder's making and the message.
fn shown(id: MessageId) -> String {
    format!("{}.{}", id.folder, id.message)
}

fn id(text: &str) -> Result<MessageId, Failure> {
    let read = |text: &str| {
        let (folder, message) = text.split_once('.')?;
        Some(MessageId { folder: folder.parse().ok()?, message: message.parse().ok()? })
    };
    let why = "take it from what `imap.list_messages` or the event gives";
    read(text).ok_or_else(|| invalid(&format!("`{}` is no id of a message; {why}", short(text))))
}

/// A mark as workflows keep it: the folder's making, the next message, the time of the newest.
fn kept(mark: &Mark) -> String {
    let newest = mark.newest.map(|newest| newest.as_second().to_string()).unwrap_or_default();
    format!("{}.{}.{newest}", mark.folder, mark.next)
}

fn mark(text: &str) -> Result<Mark, Failure> {
    let read = |text: &str| {
        let mut parts = text.split('.');
        let (folder, next) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let newest = match parts.next()? {
            "" => None,
            seconds => Some(Timestamp::from_second(seconds.parse().ok()?).ok()?),
        };
        parts.next().is_none().then_some(Mark { folder, next, newest })
    };
    let why = "take `next` of the answer before";
    read(text).ok_or_else(|| invalid(&format!("`{}` is no `since`; {why}", short(text))))
}

/// What was brought, as workflows see it.
fn given(wish: Wish, brought: Brought) -> Value {
    match brought {
        Brought::Nothing => Value::Null,
        Brought::Folders(folders) => {
            let folders = folders.into_iter().map(|folder| {
                Value::object([
                    ("name", Value::text(folder.name)),
                    ("purpose", folder.purpose.map_or(Value::Null, Value::text)),
                    ("holds_messages", Value::Bool(folder.holds)),
                ])
            });
            Value::object([("folders", Value::list(folders.collect()))])
        }
        Brought::Found(messages, more) => {
            let messages = messages.iter().map(|message| Value::Object(Arc::new(heads(message))));
            Value::object([("messages", Value::list(messages.collect())), ("more", Value::Bool(more))])
        }
        Brought::News(messages, mark) => {
            let messages = messages.iter().map(|message| Value::Object(Arc::new(heads(message))));
            Value::object([("messages", Value::list(messages.collect())), ("next", Value::text(kept(&mark)))])
        }
        Brought::Message(message) if wish == Wish::Mark => Value::Object(Arc::new(marks(&message))),
        Brought::Message(message) => whole(&message),
        Brought::Moved(id) => Value::object([("id", id.map_or(Value::Null, |id| Value::text(shown(id))))]),
        Brought::Deleted(was_there) => Value::object([("deleted", Value::Bool(was_there))]),
    }
}

/// What the server says of a message.
fn marks(message: &Message) -> Object {
    let has = |flag: &str| Value::Bool(message.flags.iter().any(|own| own.eq_ignore_ascii_case(flag)));
    Object::from_iter([
        ("id".into(), Value::text(shown(message.id))),
        ("read".into(), has("\\Seen")),
        ("flagged".into(), has("\\Flagged")),
        ("answered".into(), has("\\Answered")),
    ])
}

/// The heads of a message, with what the server says of it.
fn heads(message: &Message) -> Object {
    let parsed = MessageParser::default().parse_headers(&message.raw[..]);
    let mut all = marks(message);
    all.extend(said(parsed.as_ref()));
    let size = message.size.map_or(Value::Null, |size| Value::Int(size.into()));
    all.extend([("received".into(), time_of(message.came)), ("size".into(), size)]);
    all
}

/// What a message says of itself; nothing but nulls where it is none.
fn said(parsed: Option<&Parsed<'_>>) -> Vec<(Arc<str>, Value)> {
    let person = |of: fn(&Parsed<'_>) -> Option<String>| parsed.and_then(of).map_or(Value::Null, Value::text);
    let date = parsed.and_then(|parsed| parsed.date());
    let date = date.and_then(|date| Timestamp::from_second(date.to_timestamp()).ok());
    vec![
        ("from".into(), person(|parsed| people(parsed.from()))),
        ("to".into(), person(|parsed| people(parsed.to()))),
        ("cc".into(), person(|parsed| people(parsed.cc()))),
        ("reply_to".into(), person(|parsed| people(parsed.reply_to()))),
        ("subject".into(), person(|parsed| parsed.subject().map(one_line))),
        ("date".into(), time_of(date)),
        ("message_id".into(), person(|parsed| parsed.message_id().map(bracketed))),
        ("in_reply_to".into(), person(|parsed| ids(parsed.in_reply_to()))),
        ("references".into(), person(|parsed| ids(parsed.references()))),
    ]
}

fn time_of(time: Option<Timestamp>) -> Value {
    time.map_or(Value::Null, Value::Time)
}

fn ids(value: &HeaderValue<'_>) -> Option<String> {
    let ids: Vec<String> = value.as_text_list()?.iter().map(|id| bracketed(id)).collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}

/// A whole message.
fn whole(message: &Message) -> Value {
    let parsed = MessageParser::default().parse(&message.raw[..]);
    let (mut text, mut html, mut headers, mut attachments) = (None, None, Object::new(), vec![]);
    if let Some(parsed) = &parsed {
        html = parsed.html_bodies().find_map(|part| match &part.body {
            PartType::Html(html) => Some(html.to_string()),
            _ => None,
        });
        // Of a message in HTML alone it is what that says.
        text = parsed.body_text(0).map(|text| text.replace("\r\n", "\n"));
        for (name, value) in parsed.headers_raw() {
            headers.entry(name.to_lowercase().into()).or_insert_with(|| Value::text(one_line(value)));
        }
        attachments = parsed.attachments().take(ATTACHMENTS).map(attachment).collect();
    }
    take_apart(parsed);
    let mut all = heads(message);
    all.extend([
        ("text".into(), text.map_or(Value::Null, Value::text)),
        ("html".into(), html.map_or(Value::Null, Value::text)),
        ("headers".into(), Value::Object(headers.into())),
        ("attachments".into(), Value::list(attachments)),
    ]);
    Value::Object(all.into())
}

/// Lets go of a message layer by layer: letters within letters, 100,000 deep, would end the process where each let go of the
/// one inside it.
fn take_apart(message: Option<Parsed<'_>>) {
    let mut layers: Vec<Vec<MessagePart<'_>>> = message.into_iter().map(|message| message.parts).collect();
    while let Some(parts) = layers.pop() {
        layers.extend(parts.into_iter().filter_map(|part| match part.body {
            PartType::Message(inner) => Some(inner.parts),
            _ => None,
        }));
    }
}

/// A file of a message, in the form in which `email.send` takes it.
fn attachment(part: &MessagePart<'_>) -> Value {
    let declared = part.content_type().map(|kind| match kind.subtype() {
        Some(subtype) => format!("{}/{subtype}", kind.ctype()),
        None => kind.ctype().to_owned(),
    });
    let kind = match (&part.body, declared) {
        (PartType::Message(_), None) => "message/rfc822".to_owned(),
        (_, declared) => declared.map_or_else(|| UNKNOWN.to_owned(), |kind| kind.to_lowercase()),
    };
    // A name is a label: the parts of a path before it say nothing here.
    let name = part.attachment_name().map(one_line);
    let name =
        name.as_deref().and_then(|name| name.rsplit(['/', '\\']).next()).filter(|name| !name.is_empty());
    let name = name.map_or_else(
        || if matches!(part.body, PartType::Message(_)) { "message.eml" } else { "attachment" }.to_owned(),
        short,
    );
    let bytes = part.contents();
    let file = File { name: Some(name.as_str().into()), ..File::new(bytes, &kind) };
    Value::object([
        ("name", Value::text(name)),
        ("type", Value::text(kind)),
        ("size", Value::Int(i64::try_from(bytes.len()).unwrap_or(i64::MAX))),
        ("content", Value::File(Arc::new(file))),
    ])
}

/// Addresses as people write them: `Ada <ada@example.com>, bob@example.com`.
fn people(address: Option<&Address<'_>>) -> Option<String> {
    let one = |person: &mail_parser::Addr<'_>| {
        let address = one_line(person.address().unwrap_or_default());
        let name = one_line(person.name().unwrap_or_default());
        let plain = name.chars().all(|letter| letter.is_alphanumeric() || " -_.'".contains(letter));
        match (name.is_empty(), plain) {
            (true, _) => address,
            (false, true) => format!("{name} <{address}>"),
            (false, false) => {
                format!("\"{}\" <{address}>", name.replace('\\', "\\\\").replace('"', "\\\""))
            }
        }
    };
    let all: Vec<String> = address?.iter().map(one).filter(|person| !person.is_empty()).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// A head without the ends of its lines, and without what is no letter.
fn one_line(text: &str) -> String {
    let whole = text.split_whitespace().collect::<Vec<_>>().join(" ");
    whole.chars().filter(|letter| !letter.is_control()).collect()
}

fn bracketed(id: &str) -> String {
    format!("<{}>", one_line(id))
}

/// What is refused by a mailbox, and whether it may become a yes.
pub(crate) fn kind(no: No) -> (FailureKind, bool) {
    match no {
        No::Busy => (FailureKind::Server, true),
        No::Forbidden => (FailureKind::Permission, false),
        No::Full => (FailureKind::Limit, false),
        No::Missing => (FailureKind::NotFound, false),
        No::Other | No::Unknown => (FailureKind::Invalid, false),
        No::SignIn => (FailureKind::Auth, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_marks_are_read_as_they_were_written_and_nothing_else_is() {
        let one = MessageId { folder: 4_294_967_295, message: 7 };
        assert_eq!(id(&shown(one)).unwrap(), one);
        for newest in [None, Some(Timestamp::UNIX_EPOCH)] {
            let known = Mark { folder: 3, next: 8, newest };
            assert_eq!(mark(&kept(&known)).unwrap(), known);
        }
        for wrong in ["", "7", "a.b", "1.2.3", "1.-2", "4294967296.1", "1.2 OR 1"] {
            assert!(id(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "1.2", "1.2.x", "1.2.3.4", "x.2."] {
            assert!(mark(wrong).is_err(), "{wrong}");
        }
    }
}
