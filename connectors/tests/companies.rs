//! Apps at services of money and papers are told of all companies that they are connected to, with one secret: a connection
//! hears of its own alone.

#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use connectors::connection::Connection;
use connectors::event::{Called, Heard, Refused, Said, hear};
use connectors::library::Library;
use dsl::value::Value;
use jiff::Timestamp;
use secret::Secret;

/// Each tells of two companies, DocuSign of one.
const QUICKBOOKS: &str = r#"[{"specversion":"1.0","id":"e1","source":"intuit.x=","type":"qbo.invoice.created.v1","time":"2026-01-02T03:04:05Z","intuitentityid":"95","intuitaccountid":"310687","data":{}},{"specversion":"1.0","id":"e2","source":"intuit.x=","type":"qbo.invoice.created.v1","time":"2026-01-02T03:04:05Z","intuitentityid":"7","intuitaccountid":"310688","data":{}}]"#;
const XERO: &str = r#"{"events":[{"resourceUrl":"https://api.xero.com/x","resourceId":"r1","eventDateUtc":"2026-01-02T03:04:05.678","eventType":"UPDATE","eventCategory":"INVOICE","tenantId":"t1","tenantType":"ORGANISATION"},{"resourceUrl":"https://api.xero.com/x","resourceId":"r2","eventDateUtc":"2026-01-02T03:04:05.678","eventType":"UPDATE","eventCategory":"INVOICE","tenantId":"t2","tenantType":"ORGANISATION"}],"firstEventSequence":1,"lastEventSequence":2,"entropy":"S"}"#;
const DOCUSIGN: &str = r#"{"event":"envelope-completed","apiVersion":"v2.1","uri":"/x","retryCount":0,"configurationId":1,"generatedDateTime":"2026-01-02T03:04:05.000Z","data":{"accountId":"a1","userId":"u1","envelopeId":"v1"}}"#;
/// What Xero asks first: a call without any event.
const NOTHING: &str = r#"{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S"}"#;

fn heard(
    connector: &str,
    trigger: &str,
    company: (&str, &str),
    header: (&str, &str),
    body: &'static str,
) -> Result<Heard, Refused> {
    let library = Library::embedded();
    let triggers = &library.find(connector).unwrap().triggers;
    let trigger = triggers.iter().find(|known| known.name == trigger).unwrap();
    let mut connection = Connection::nobody("oauth");
    let Value::Object(fields) = Value::object([(company.0, Value::text(company.1))]) else {
        panic!("an object")
    };
    connection.fields = (*fields).clone();
    let (input, secret) = (Value::object::<&str>([]), Secret::new("hush".into()));
    let now: Timestamp = "2026-01-02T03:04:10Z".parse().unwrap();
    let called =
        Called { trigger, input: &input, connection: &connection, secret: Some(&secret), keys: None, now };
    let headers = [("content-type", "application/json"), header];
    let said = Said {
        method: "POST".into(),
        url: Secret::new("https://keyway.example/hooks/kwh_1".into()),
        headers: headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
        query: vec![],
        raw: Bytes::from_static(body.as_bytes()),
    };
    hear(&called, &said)
}

fn keys(heard: Result<Heard, Refused>) -> Vec<String> {
    match heard {
        Ok(Heard::Events(events)) => events.into_iter().map(|event| event.key).collect(),
        other => panic!("{other:?}"),
    }
}

/// The signatures were made with another program, by the descriptions of the services.
#[test]
fn a_company_hears_of_itself_and_of_no_other() {
    let quickbooks = ("intuit-signature", "P6gzqQI8A5UmSvc0K5TLWO+9HH/bzKF+AtgJNcwXT24=");
    let xero = ("x-xero-signature", "UoQRRcSsqvMfdWLVnJark03cWviCHQRNuWXDkptLhpk=");
    let docusign = ("x-docusign-signature-1", "DzhQrdH+Yfj+WJ6IfLQZMjGnxHVgv+iwY6cYy7zGvD8=");
    let of = |realm| keys(heard("quickbooks", "changed", ("realm", realm), quickbooks, QUICKBOOKS));
    assert_eq!((of("310687"), of("310688"), of("1")), (vec!["e1".into()], vec!["e2".into()], vec![]));
    let of = |tenant| keys(heard("xero", "changed", ("tenant", tenant), xero, XERO));
    assert_eq!(of("t1"), ["r1:UPDATE:2026-01-02T03:04:05.678"]);
    assert_eq!(of("t2"), ["r2:UPDATE:2026-01-02T03:04:05.678"]);
    let of =
        |account| keys(heard("docusign", "envelope_completed", ("account", account), docusign, DOCUSIGN));
    assert_eq!((of("a1"), of("a2")), (vec!["envelope-completed:v1:2026-01-02T03:04:05.000Z".into()], vec![]));
}

#[test]
fn what_is_not_signed_by_the_service_is_refused() {
    let (right, wrong) =
        ("td+cpQ08qZxMJl7JAsev+sfe6kX6Pmz62NzykfB8pdk=", "XD9mneIDqCHmDOIqz1q/9RutYLl0RW1LXstOmaO+9fE=");
    assert!(
        keys(heard("xero", "changed", ("tenant", "t1"), ("x-xero-signature", right), NOTHING)).is_empty()
    );
    for (connector, trigger, company, header, body) in [
        ("xero", "changed", ("tenant", "t1"), "x-xero-signature", NOTHING),
        ("quickbooks", "changed", ("realm", "310687"), "intuit-signature", QUICKBOOKS),
        ("docusign", "envelope_event", ("account", "a1"), "x-docusign-signature-1", DOCUSIGN),
    ] {
        let refused = heard(connector, trigger, company, (header, wrong), body);
        assert!(matches!(refused, Err(Refused::Unproven(_))), "{connector}: {refused:?}");
    }
}
