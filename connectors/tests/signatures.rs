//! Calls of Twilio, SendGrid, ClickUp, monday.com and Freshdesk, heard by their manifests: the examples that the services publish,
//! and those that another program made after their pages.

#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use bytes::Bytes;
use connectors::connection::Connection;
use connectors::event::{Answer, Called, Heard, Refused, Said, hear};
use connectors::library::Library;
use dsl::value::Value;
use jiff::Timestamp;
use secret::Secret;
use serde_json::{Value as Json, json};

static LIBRARY: LazyLock<Library> = LazyLock::new(Library::embedded);

/// A call as it came.
#[derive(Clone)]
struct Call {
    url: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Call {
    fn new(headers: &[(&'static str, &str)], body: &str) -> Call {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Call { url: "https://keyway.example/hooks/kwh_1", headers, body: body.as_bytes().to_vec() }
    }

    fn said(&self) -> Said {
        Said {
            method: "POST".into(),
            url: Secret::new(self.url.into()),
            headers: self.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            query: vec![],
            raw: Bytes::from(self.body.clone()),
        }
    }
}

/// What a call is heard with.
struct Hearing {
    event: &'static str,
    input: Json,
    fields: Json,
    secret: Option<&'static str>,
    now: i64,
}

impl Hearing {
    fn of(event: &'static str, secret: &'static str) -> Hearing {
        Hearing { event, input: json!({}), fields: json!({}), secret: Some(secret), now: 0 }
    }

    fn hear(&self, call: &Call) -> Result<Heard, Refused> {
        let (connector, name) = self.event.split_once('.').unwrap();
        let manifest = LIBRARY.find(connector).unwrap();
        let trigger = manifest.triggers.iter().find(|trigger| trigger.name == name).unwrap();
        let mut connection = Connection::nobody(&manifest.auth[0].id);
        for (name, value) in self.fields.as_object().unwrap() {
            connection.fields.insert(name.as_str().into(), Value::from_json(value.clone()));
        }
        let secret = self.secret.map(|secret| Secret::new(secret.into()));
        let input = Value::from_json(self.input.clone());
        let now = Timestamp::from_second(self.now).unwrap();
        let (secret, keys) = (secret.as_ref(), None);
        hear(&Called { trigger, input: &input, connection: &connection, secret, keys, now }, &call.said())
    }

    /// The keys and values of the events of a call.
    fn events(&self, call: &Call) -> Vec<(String, Json)> {
        match self.hear(call) {
            Ok(Heard::Events(events)) => {
                events.into_iter().map(|event| (event.key, event.value.to_json())).collect()
            }
            other => panic!("{}: {other:?}", self.event),
        }
    }
}

/// Every call that differs from a right one in one bit of its body or of a header that is signed.
fn bent(call: &Call, signed: &[&str]) -> Vec<Call> {
    let mut all = vec![];
    for bit in 0..call.body.len() * 8 {
        let mut wrong = call.clone();
        wrong.body[bit / 8] ^= 1 << (bit % 8);
        all.push(wrong);
    }
    for at in 0..call.headers.len() {
        let (name, value) = &call.headers[at];
        for bit in (0..value.len() * 8).filter(|_| signed.contains(name)) {
            let mut bytes = value.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let Ok(text) = String::from_utf8(bytes) else { continue };
            // Digits of base 16 may be large or small.
            if text.eq_ignore_ascii_case(value) {
                continue;
            }
            let mut wrong = call.clone();
            wrong.headers[at].1 = text;
            all.push(wrong);
        }
    }
    all
}

/// Looks that none of these is heard, and tells how many there are.
fn all_refused(heard: &Hearing, calls: &[Call]) -> usize {
    for call in calls {
        let told = heard.hear(call);
        assert!(
            told.is_err(),
            "{}: {:?} {:?} {told:?}",
            heard.event,
            call.headers,
            Bytes::from(call.body.clone())
        );
    }
    calls.len()
}

const FORM: &str = "application/x-www-form-urlencoded";

/// Twilio's example, from its libraries: the form in another order than that of the names.
fn twilio() -> Call {
    let body =
        "To=%2B18005551212&From=%2B14158675309&Digits=1234&Caller=%2B14158675309&CallSid=CA1234567890ABCDE";
    let headers = [("content-type", FORM), ("x-twilio-signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8=")];
    Call { url: "https://mycompany.com/myapp.php?foo=1&bar=2", ..Call::new(&headers, body) }
}

#[test]
fn twilio_signs_the_address_and_the_form_in_the_order_of_its_names() {
    let heard = Hearing::of("twilio.call_ended", "12345");
    // It is Twilio's, and no call has ended.
    assert_eq!(heard.events(&twilio()), []);
    let elsewhere = Call { url: "https://mycompany.com/myapp.php?foo=1&bar=3", ..twilio() };
    assert!(matches!(heard.hear(&elsewhere), Err(Refused::Unproven(_))));
    assert!(matches!(Hearing::of("twilio.call_ended", "12346").hear(&twilio()), Err(Refused::Unproven(_))));
    let unsigned = Call { headers: vec![("content-type", FORM.into())], ..twilio() };
    assert!(matches!(heard.hear(&unsigned), Err(Refused::Unsigned(_))));
}

/// Signed with another program, after Twilio's page.
fn twilio_message() -> Call {
    let body = "ToCountry=DE&SmsMessageSid=SM1&NumMedia=1&SmsStatus=received&Body=Hello+%26+%C3%BC&From=%2B491701\
                &MediaUrl0=https%3A%2F%2Fapi.twilio.com%2Fm1&MessageSid=SM1&AccountSid=AC1&To=%2B4930123&ProfileName=Ada";
    let headers = [("content-type", FORM), ("x-twilio-signature", "1E4NEThJE3hx/bbVLXQPFfwPrYk=")];
    Call::new(&headers, body)
}

#[test]
fn messages_that_came_in_by_twilio_are_heard_and_bent_ones_are_not() {
    let heard = Hearing::of("twilio.new_message", "12345");
    let value = json!({
        "sid": "SM1", "from": "+491701", "to": "+4930123", "body": "Hello & ü",
        "media_urls": ["https://api.twilio.com/m1"], "profile_name": "Ada",
    });
    assert_eq!(heard.events(&twilio_message()), [("SM1".to_owned(), value)]);
    let other = Hearing { input: json!({ "to": "+49999" }), ..Hearing::of("twilio.new_message", "12345") };
    assert_eq!(other.events(&twilio_message()), []);
    // Nothing that is not signed is a status, a call or a recording.
    for event in ["twilio.message_status", "twilio.call_ended", "twilio.recording_ready"] {
        assert_eq!(Hearing::of(event, "12345").events(&twilio_message()), [], "{event}");
    }
    let mut bent = bent(&twilio_message(), &["x-twilio-signature"]);
    // Bits of letters that stand behind a `%` and mean the same, and blanks as `+`, are the same form.
    bent.retain(|call| {
        call.said().body() != twilio_message().said().body() || call.headers != twilio_message().headers
    });
    assert!(all_refused(&heard, &bent) > 1_000);
}

/// SendGrid's example, from its libraries.
const SENDGRID_KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==";

fn sendgrid() -> Call {
    let body = concat!(
        r#"[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","#,
        r#""sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA","#,
        r#""sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0","#,
        r#""smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]"#,
        "\r\n"
    );
    let signature =
        "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=";
    let headers = [
        ("content-type", "application/json"),
        ("x-twilio-email-event-webhook-signature", signature),
        ("x-twilio-email-event-webhook-timestamp", "1600112502"),
    ];
    Call::new(&headers, body)
}

fn by_sendgrid(event: &'static str) -> Hearing {
    let fields = json!({ "public_key": SENDGRID_KEY });
    Hearing { event, input: json!({}), fields, secret: None, now: 1_600_112_502 }
}

#[test]
fn sendgrid_signs_its_time_and_its_events_with_a_key_of_its_own() {
    let heard = by_sendgrid("sendgrid.email_bounced");
    let events = heard.events(&sendgrid());
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].0, "ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA");
    assert_eq!(
        (&events[0].1["event"], &events[0].1["email"]),
        (&json!("dropped"), &json!("hello@world.com"))
    );
    assert_eq!(by_sendgrid("sendgrid.unsubscribed").events(&sendgrid()), []);
    assert_eq!(by_sendgrid("sendgrid.email_event").events(&sendgrid()).len(), 1);
    let opened = Hearing { input: json!({ "event": "open" }), ..by_sendgrid("sendgrid.email_event") };
    assert_eq!(opened.events(&sendgrid()), []);
    let signed = ["x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp"];
    assert!(all_refused(&heard, &bent(&sendgrid(), &signed)) > 2_000);
    // What is told again for a day is heard, and no later.
    for (apart, taken) in [(0, true), (86_400, true), (86_401, false), (-86_401, false)] {
        let then = Hearing { now: 1_600_112_502 + apart, ..by_sendgrid("sendgrid.email_event") };
        assert_eq!(then.hear(&sendgrid()).is_ok(), taken, "{apart}");
    }
    // Without the key of the connection nothing is.
    let keyless = Hearing { fields: json!({}), ..by_sendgrid("sendgrid.email_event") };
    assert!(matches!(keyless.hear(&sendgrid()), Err(Refused::Unproven(_))));
}

/// The body of ClickUp's page about signatures, signed with another program; the page shortens what it was signed with.
const CLICKUP_BODY: &str =
    r#"{"webhook_id":"7689a169-a000-4985-8676-6902b96d6627","event":"taskCreated","task_id":"c0j"}"#;

#[test]
fn clickup_signs_the_body_with_the_secret_that_it_chose() {
    let signature = "4830bf524f6e29a3e8da953936c6f21c1fea2b9669b825d3e1be293ef3416c8c";
    let headers = [("content-type", "application/json"), ("x-signature", signature)];
    let heard = Hearing::of("clickup.new_task", "secret");
    // It has no history, by which two tellings of it would be one.
    let told = heard.hear(&Call::new(&headers, CLICKUP_BODY));
    assert!(matches!(told, Err(Refused::Unreadable(_))), "{told:?}");
    assert!(all_refused(&heard, &bent(&Call::new(&headers, CLICKUP_BODY), &["x-signature"])) > 700);
    let body = r#"{"event":"taskStatusUpdated","history_items":[{"id":"28001","type":1,"date":"1642736194135","field":"status","user":{"id":7,"username":"Ada"},"before":{"status":"to do"},"after":{"status":"done"}}],"task_id":"1vj38vv","webhook_id":"7fa3ec74"}"#;
    let headers = [
        ("content-type", "application/json"),
        ("x-signature", "777702d2e5394140957eca81bf9286389751c9275e5f7fb66fb00f645f75cd70"),
    ];
    let call = Call::new(&headers, body);
    let events = Hearing::of("clickup.status_changed", "secret").events(&call);
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].0.as_str(), &events[0].1["task_id"]), ("7fa3ec74:28001", &json!("1vj38vv")));
    for (status, count) in [("done", 1), ("to do", 0)] {
        let only =
            Hearing { input: json!({ "status": status }), ..Hearing::of("clickup.status_changed", "secret") };
        assert_eq!(only.events(&call).len(), count, "{status}");
    }
    assert_eq!(Hearing::of("clickup.updated_task", "secret").events(&call), []);
    assert!(matches!(Hearing::of("clickup.status_changed", "secreu").hear(&call), Err(Refused::Unproven(_))));
}

#[test]
fn monday_is_answered_what_it_asks_and_heard_at_an_address_that_cannot_be_guessed() {
    let heard = Hearing { secret: None, ..Hearing::of("monday.new_item", "") };
    let headers = [("content-type", "application/json")];
    let asked = heard.hear(&Call::new(
        &headers,
        r#"{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}"#,
    ));
    let body = json!({ "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P" });
    let answer = Answer { status: 200, headers: vec![], body: Some(Value::from_json(body)) };
    assert_eq!(asked, Ok(Heard::Asked(answer)));
    let body = r#"{"event":{"userId":7,"boardId":1,"pulseId":9,"pulseName":"Pack","groupId":"topics","columnValues":{},"app":"monday","type":"create_pulse","triggerTime":"2026-11-30T09:00:00.000Z","triggerUuid":"645fc8d8709d35718f1ae00ceded91e9"}}"#;
    let events = heard.events(&Call::new(&headers, body));
    assert_eq!(events.len(), 1);
    assert_eq!(
        (events[0].0.as_str(), &events[0].1["pulseId"]),
        ("645fc8d8709d35718f1ae00ceded91e9", &json!(9))
    );
    let body = r#"{"event":{"userId":7,"boardId":1,"pulseId":9,"pulseName":"Pack","columnId":"status","columnType":"color","columnTitle":"Status","value":{"label":{"text":"Done"}},"previousValue":null,"type":"update_column_value","triggerUuid":"u2"}}"#;
    for (column, count) in [(None, 1), (Some("status"), 1), (Some("date4"), 0)] {
        let input = column.map_or(json!({}), |column| json!({ "column": column }));
        let heard = Hearing { input, secret: None, ..Hearing::of("monday.column_changed", "") };
        assert_eq!(heard.events(&Call::new(&headers, body)).len(), count, "{column:?}");
    }
    assert_eq!(heard.events(&Call::new(&headers, body)), []);
}

#[test]
fn freshdesk_shows_the_text_that_a_rule_sends() {
    let heard = Hearing::of("freshdesk.ticket_rule", "open-sesame");
    let body =
        r#"{"id": 7, "subject": "Lost", "status": "Open", "url": "https://acme.freshdesk.com/a/tickets/7"}"#;
    let right = [("content-type", "application/json"), ("x-keyway-token", "open-sesame")];
    assert_eq!(heard.events(&Call::new(&right, body))[0].1["id"], json!(7));
    let wrong = [("content-type", "application/json"), ("x-keyway-token", "open-sesamf")];
    assert!(matches!(heard.hear(&Call::new(&wrong, body)), Err(Refused::Unproven(_))));
    assert!(matches!(heard.hear(&Call::new(&right[..1], body)), Err(Refused::Unsigned(_))));
    assert!(
        Hearing { secret: None, ..Hearing::of("freshdesk.ticket_rule", "") }
            .hear(&Call::new(&right, body))
            .is_err()
    );
}
