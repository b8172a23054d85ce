//! Hosts that a person enters: secrets go to the one that a connection names, and a manifest that does not say so
//! lets none in.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use connectors::connection::{Coming, Connection, Connections};
use connectors::library::Library;
use connectors::manifest::Manifest;
use connectors::{Connectors, Request, Settings};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Object, Value};
use egress::{Client, Policy};
use secret::{NoVault, Open, Refused, Secret};

const OWN: &str = r#"
connector: own
name: Own
version: 1.0.0
about: A service that people run themselves.
hosts: [HOSTS]
base: "https://{{ connection.host }}/api"
connection:
  fields:
    host: { type: string, default: own.example, pattern: "^[a-z0-9][a-z0-9.-]*$", description: "The host." }
  derive:
    found: { from: token, take: token.host, pattern: "^[a-z.]+$" }
auth:
  token: { kind: bearer }
actions:
  read: { about: Read., effect: read, safety: read, request: { method: GET, path: /a }, returns: any }
"#;

struct One(&'static str);

impl Open for One {
    fn open(&self, _: &str, _: &str) -> Result<Secret, Refused> {
        Ok(Secret::new("t".into()))
    }
}

impl Connections for One {
    fn fresh<'a>(&'a self, _: &'a Manifest, _: Option<&'a str>) -> Coming<'a> {
        let mut fields = Object::new();
        fields.insert("host".into(), Value::text(self.0));
        let secrets = BTreeMap::from([("token".to_owned(), "token".to_owned())]);
        let open: Arc<dyn Open> = Arc::new(One(self.0));
        let (name, auth) = ("c".into(), "token".to_owned());
        let connection = Connection { name, fields, secrets, open, ..Connection::nobody(&auth) };
        Box::pin(std::future::ready(Ok(connection)))
    }

    fn refused<'a>(&'a self, _: &'a Manifest, _: &'a Connection) -> Coming<'a> {
        Box::pin(std::future::ready(Err(Failure::new(FailureKind::Auth, "connect again"))))
    }
}

/// Where a request goes for a connection with a host.
async fn goes(hosts: &str, host: &'static str) -> Result<String, String> {
    let library = Library::default().with_text("own", OWN.replace("HOSTS", hosts));
    let read = library.read("own").unwrap();
    assert!(read.diagnostics.is_empty(), "{:#?}", read.diagnostics);
    let connectors = Connectors::new(Settings {
        files: "/nowhere".into(),
        protected: vec![],
        contents: connectors::contents::Contents::none(),
        egress: Client::new(Policy::default(), Arc::new(NoVault)),
        library: Arc::new(library),
        connections: Arc::new(One(host)),
        meter: connectors::meter::Metered::default(),
    });
    let preview = connectors.preview(Request::new("own.read", &Value::Null, "")).await;
    preview.map(|preview| preview.url).map_err(|failure| failure.message)
}

#[tokio::test]
async fn a_host_that_a_person_enters_is_allowed_where_the_manifest_says_so() {
    let entered = "own.example, '{{ connection.host }}'";
    assert_eq!(goes(entered, "git.acme.example").await.unwrap(), "https://git.acme.example/api/a");
    assert_eq!(goes(entered, "own.example").await.unwrap(), "https://own.example/api/a");
    // The same connection, where the manifest does not say so.
    let refused = goes("own.example", "git.acme.example").await.unwrap_err();
    assert!(refused.contains("is not among its hosts"), "{refused}");
}

#[tokio::test]
async fn what_is_no_name_of_a_host_is_not_let_in_by_being_entered() {
    for wrong in ["10.0.0.1", "localhost", "*.example", "a..b", "-a.example", "a.example:8443", "a.example/b"]
    {
        let refused = goes("'{{ connection.host }}'", wrong).await;
        assert!(refused.is_err(), "{wrong}: {refused:?}");
    }
}

#[test]
fn only_a_field_that_a_person_enters_can_hold_a_host() {
    for (hosts, wrong) in [
        ("'{{ connection.hots }}'", "a connection has no field `hots` that a person enters"),
        ("'{{ connection.found }}'", "a connection has no field `found` that a person enters"),
        ("'{{ host }}'", "is no host that secrets may be sent to"),
    ] {
        let library = Library::default().with_text("own", OWN.replace("HOSTS", hosts));
        let said: Vec<String> =
            library.read("own").unwrap().diagnostics.iter().map(|wrong| wrong.message.clone()).collect();
        assert!(said.iter().any(|said| said.contains(wrong)), "{hosts}: {said:?}");
    }
}
