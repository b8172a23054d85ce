//! Calls of services as their manifests hear them: each by a call whose signature another program made by the description in
//! the service's documentation, and by calls that differ from it in one place.

use std::sync::LazyLock;

use super::*;

static LIBRARY: LazyLock<Library> = LazyLock::new(Library::embedded);

/// When all of them were made.
const MADE: i64 = 1_614_265_330;

const SECRET: &str = "shh";

/// A call of a service for one of its triggers.
struct Case {
    service: &'static str,
    trigger: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    /// What makes it one.
    key: &'static str,
    /// A field of what the run is given, and its value.
    gives: (&'static str, &'static str),
    /// Whether the body is signed, or only says what both know.
    signs: bool,
    /// How many seconds it holds, where it says when it was made.
    holds: Option<i64>,
}

/// The call of a service.
fn of(service: &str) -> &'static Case {
    CASES.iter().find(|case| case.service == service).unwrap()
}

const CASES: &[Case] = &[
    Case {
        service: "zoom",
        trigger: "meeting_started",
        headers: &[
            ("x-zm-signature", "v0=8e3afd65c24f5c23b47b83090c11c5d501d8a7c29be88b46f1a5582e15e4bc0e"),
            ("x-zm-request-timestamp", "1614265330"),
        ],
        body: r#"{"event":"meeting.started","event_ts":1614265330000,"payload":{"account_id":"AAAAAABBBB","object":{"id":"1234567890","uuid":"4444AAAiAAAAAiAiAiiAii==","host_id":"x1yCzABCDEfg23HiJKl4mN","topic":"Stand-up","type":8,"start_time":"2021-02-25T15:02:10Z","duration":60,"timezone":"UTC"}}}"#,
        key: "meeting.started:4444AAAiAAAAAiAiAiiAii==:1614265330000",
        gives: ("topic", "Stand-up"),
        signs: true,
        holds: Some(300),
    },
    Case {
        service: "calendly",
        trigger: "invitee_created",
        headers: &[(
            "calendly-webhook-signature",
            "t=1614265330,v1=f97d399354f56559ef7bd35d2f9ccc1cc4e1b2965495b26e17dde5845e0d5718",
        )],
        body: r#"{"event":"invitee.created","created_at":"2021-02-25T15:02:10.000000Z","created_by":"https://api.calendly.com/users/A","payload":{"uri":"https://api.calendly.com/scheduled_events/E/invitees/I","email":"bo@example.com","name":"Bo","status":"active","event":"https://api.calendly.com/scheduled_events/E","created_at":"2021-02-25T15:02:10.000000Z","updated_at":"2021-02-25T15:02:10.000000Z","scheduled_event":{"uri":"https://api.calendly.com/scheduled_events/E","name":"Intro","start_time":"2021-03-01T09:00:00.000000Z","end_time":"2021-03-01T09:30:00.000000Z"}}}"#,
        key: "invitee.created:https://api.calendly.com/scheduled_events/E/invitees/I",
        gives: ("email", "bo@example.com"),
        signs: true,
        holds: Some(180),
    },
    Case {
        service: "linear",
        trigger: "status_changed",
        headers: &[("linear-signature", "e1efa30cd021a8a93b4ca9389d136b62ac3ab024220374c3127afbff0971b8e5")],
        body: r#"{"action":"update","type":"Issue","createdAt":"2021-02-25T15:02:10.000Z","data":{"id":"i1","identifier":"ENG-7","title":"It breaks","createdAt":"2021-02-25T15:02:10.000Z","updatedAt":"2021-02-25T15:02:10.000Z","stateId":"s2","state":{"id":"s2","name":"Done","type":"completed"}},"updatedFrom":{"stateId":"s1"},"url":"https://linear.app/acme/issue/ENG-7","webhookTimestamp":1614265330000,"webhookId":"w1"}"#,
        key: "Issue:update:i1:2021-02-25T15:02:10.000Z",
        gives: ("identifier", "ENG-7"),
        signs: true,
        holds: Some(60),
    },
    Case {
        service: "intercom",
        trigger: "new_conversation",
        headers: &[("x-hub-signature", "sha1=2bc25d712d6d445feeb28c7643399d8b27381eb9")],
        body: r#"{"type":"notification_event","app_id":"ab12","id":"notif_1","topic":"conversation.user.created","delivery_attempts":1,"data":{"type":"notification_event_data","item":{"type":"conversation","id":"215467","state":"open","open":true,"created_at":1614265330,"updated_at":1614265330}}}"#,
        key: "notif_1",
        gives: ("id", "215467"),
        signs: true,
        holds: None,
    },
    Case {
        service: "telegram",
        trigger: "update",
        headers: &[("x-telegram-bot-api-secret-token", SECRET)],
        body: r#"{"update_id":501,"message":{"message_id":7,"date":1614265330,"chat":{"id":12,"type":"private","first_name":"Bo"},"text":"hi"}}"#,
        key: "501",
        gives: ("update_id", "501"),
        signs: false,
        holds: None,
    },
    Case {
        service: "figma",
        trigger: "new_comment",
        headers: &[],
        body: r#"{"passcode":"shh","event_type":"FILE_COMMENT","file_key":"Ab12","file_name":"Shop","comment":[{"text":"Larger, "},{"mention":"9"},{"text":"please"}],"comment_id":"77","timestamp":"2021-02-25T15:02:10Z","triggered_by":{"id":"1029","handle":"ann"},"webhook_id":"22"}"#,
        key: "77",
        gives: ("text", "Larger, please"),
        signs: false,
        holds: None,
    },
];

impl Case {
    fn call(&self) -> Said {
        self.with(self.body)
    }

    fn with(&self, body: &str) -> Said {
        let headers = self.headers.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let headers: Vec<_> =
            [("content-type", "application/json".to_owned())].into_iter().chain(headers).collect();
        said(&headers, body.as_bytes())
    }

    fn hear(&self, trigger: &str, secret: Option<&str>, now: i64, call: &Said) -> Result<Heard, Refused> {
        let manifest = LIBRARY.find(self.service).unwrap();
        let trigger = manifest.triggers.iter().find(|known| known.name == trigger).unwrap();
        let secret = secret.map(|secret| Secret::new(secret.into()));
        let (input, connection) = (Value::object::<&str>([]), Connection::nobody("none"));
        let called = Called {
            trigger,
            input: &input,
            connection: &connection,
            secret: secret.as_ref(),
            keys: None,
            now: at(now),
        };
        hear(&called, call)
    }

    fn heard(&self, call: &Said) -> Result<Heard, Refused> {
        self.hear(self.trigger, Some(SECRET), MADE, call)
    }
}

#[test]
fn a_call_of_each_service_is_one_event() {
    for case in CASES {
        let Ok(Heard::Events(found)) = case.heard(&case.call()) else { panic!("{}", case.service) };
        assert_eq!((found.len(), found[0].key.as_str()), (1, case.key), "{}", case.service);
        let given = found[0].value.get(case.gives.0).map(ToString::to_string);
        assert_eq!(given.as_deref(), Some(case.gives.1), "{}", case.service);
        assert_eq!(found[0].value.get("passcode"), None, "a run is not given what proves who calls");
    }
}

#[test]
fn nobody_else_is_heard() {
    let mut tried = 0;
    for case in CASES {
        let (right, what) = (case.call(), case.service);
        for secret in [Some("shi"), Some(""), None] {
            assert!(case.hear(case.trigger, secret, MADE, &right).is_err(), "{what} {secret:?}");
        }
        for (name, _) in case.headers {
            let mut without = right.clone();
            without.headers.retain(|(known, _)| known != name);
            assert!(case.heard(&without).is_err(), "{what} without {name}");
            let mut twice = right.clone();
            let again = right.headers.iter().find(|(known, _)| known == name).unwrap().clone();
            twice.headers.push(again);
            assert!(case.heard(&twice).is_err(), "{what} with {name} twice");
        }
        // Where the body is not signed, what it says is taken: only the text in it, or beside it, counts.
        for bit in 0..case.body.len() * 8 * usize::from(case.signs) {
            let mut bytes = case.body.as_bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let mut bent = right.clone();
            bent.raw = Bytes::from(bytes);
            assert!(case.heard(&bent).is_err(), "{what} {bit}");
            tried += 1;
        }
    }
    assert!(tried > 8_000, "{tried}");
    let figma = of("figma");
    let other = figma.with(&figma.body.replace("\"shh\"", "\"shi\""));
    assert!(matches!(figma.heard(&other), Err(Refused::Unproven(_))));
    let none = figma.with(&figma.body.replace("\"passcode\"", "\"code\""));
    assert!(matches!(figma.heard(&none), Err(Refused::Unsigned(_))));
}

#[test]
fn a_call_of_long_ago_is_not_heard_where_it_says_when_it_was() {
    for case in CASES {
        let call = case.call();
        for apart in [1, -1] {
            let heard = |seconds: i64| case.hear(case.trigger, Some(SECRET), MADE + apart * seconds, &call);
            match case.holds {
                Some(holds) => {
                    assert!(heard(holds).is_ok(), "{}", case.service);
                    assert_eq!(heard(holds + 1), Err(Refused::Stale), "{}", case.service);
                }
                // The control: the others say nothing of the time.
                None => assert!(heard(1_000_000).is_ok(), "{}", case.service),
            }
        }
    }
}

#[test]
fn what_is_not_waited_for_starts_nothing() {
    for (service, other) in [
        ("zoom", "meeting_ended"),
        ("zoom", "recording_completed"),
        ("calendly", "invitee_canceled"),
        ("linear", "new_issue"),
        ("linear", "new_comment"),
        ("intercom", "user_replied"),
        ("intercom", "ticket_created"),
        ("figma", "file_updated"),
    ] {
        let case = of(service);
        let told = case.hear(other, Some(SECRET), MADE, &case.call());
        assert_eq!(told, Ok(Heard::Events(vec![])), "{service}.{other}");
    }
    // An issue that was changed without another state.
    let linear = of("linear");
    let body = linear.body.replace(r#""updatedFrom":{"stateId":"s1"}"#, r#""updatedFrom":{"title":"It"}"#);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let mut call = linear.with(&body);
    call.headers[1].1 = hex(ring::hmac::sign(&key, body.as_bytes()).as_ref());
    assert_eq!(linear.heard(&call), Ok(Heard::Events(vec![])));
    // Figma tries an address.
    let figma = of("figma");
    let ping = figma.with(
        r#"{"event_type":"PING","passcode":"shh","timestamp":"2021-02-25T15:02:10Z","webhook_id":"22"}"#,
    );
    assert_eq!(figma.heard(&ping), Ok(Heard::Events(vec![])));
}

#[test]
fn zoom_is_proved_that_its_secret_is_known() {
    let zoom = of("zoom");
    let asks = |token: &str| {
        let body = format!(
            r#"{{"event":"endpoint.url_validation","event_ts":1614265330000,"payload":{{"plainToken":"{token}"}}}}"#
        );
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
        let mut call = zoom.with(&body);
        call.headers[1].1 =
            format!("v0={}", hex(ring::hmac::sign(&key, format!("v0:{MADE}:{body}").as_bytes()).as_ref()));
        call
    };
    let Ok(Heard::Asked(answer)) = zoom.heard(&asks("qgg8vlvZRS6UYooatFL8Aw")) else {
        panic!("it is answered")
    };
    let text = |name: &str| answer.body.as_ref()?.get(name)?.as_text().map(str::to_owned);
    assert_eq!(answer.status, 200);
    assert_eq!(text("plainToken").as_deref(), Some("qgg8vlvZRS6UYooatFL8Aw"));
    // Made by another program.
    let made = "eeeb3a331696af0a85cb3fa00100da9dff268fe3bbf95f1ceaed061eca6d8db6";
    assert_eq!(text("encryptedToken").as_deref(), Some(made));
    // What could be signed for an event is not, and what is signed wrongly is not answered.
    assert!(matches!(zoom.heard(&asks("v0:1614265330:{}")), Err(Refused::Unreadable(_))));
    let mut wrong = asks("qgg8vlvZRS6UYooatFL8Aw");
    wrong.headers[1].1 = of("zoom").headers[0].1.into();
    assert!(matches!(zoom.heard(&wrong), Err(Refused::Unproven(_))));
}

#[test]
fn intercom_tries_an_address_by_its_head() {
    let intercom = of("intercom");
    let mut call = said(&[], b"");
    call.method = "HEAD".into();
    assert!(matches!(intercom.heard(&call), Ok(Heard::Asked(Answer { status: 200, .. }))));
    call.method = "POST".into();
    assert!(matches!(intercom.heard(&call), Err(Refused::Unsigned(_))));
}
