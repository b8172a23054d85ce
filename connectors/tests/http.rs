//! `http.request` against a server on this machine.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

#[path = "../../egress/tests/support/mod.rs"]
mod support;

use std::sync::Arc;

use connectors::{Connectors, Request, Settings};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Hole, Value};
use secret::{NoVault, Open, Refused, Secret};
use serde_json::json;
use support::{Server, answer, body, header, line, ok, redirect};

const CANARY: &str = "canary-1234567890";

/// Opens every secret with the same value, but for `OTHER`.
struct Canary;

impl Open for Canary {
    fn open(&self, name: &str, host: &str) -> Result<Secret, Refused> {
        match name {
            "OTHER" => Err(Refused::Host { name: name.into(), host: host.into() }),
            _ => Ok(Secret::new(CANARY.into())),
        }
    }
}

fn connectors(open: impl Open + 'static) -> Connectors {
    let policy = egress::Policy { allow_private: true, ..egress::Policy::default() };
    let egress = egress::Client::new(policy, Arc::new(open));
    Connectors::new(Settings { files: "/nowhere".into(), protected: vec![], egress })
}

async fn call_value(args: Value) -> Result<Value, Failure> {
    connectors(Canary).call(Request { action: "http.request", args: &args, key: "key-1" }).await
}

async fn call(args: serde_json::Value) -> Result<serde_json::Value, Failure> {
    call_value(Value::from_json(args)).await.map(|value| value.to_json())
}

fn hole(name: &str) -> Value {
    Value::Hole(Arc::new(Hole::Name(name.into())))
}

#[tokio::test]
async fn an_answer_has_status_headers_body_and_url() {
    let server = Server::start(|_| {
        answer(
            200,
            &[("Content-Type", "application/json"), ("X-A", "1"), ("x-a", "2")],
            r#"{"a":[1,2.5,null]}"#,
        )
    });
    let got = call(json!({ "url": server.url("/x?y=1") })).await.unwrap();
    assert_eq!(got["status"], 200);
    assert_eq!(got["body"], json!({ "a": [1, 2.5, null] }));
    assert_eq!(got["headers"]["x-a"], "1, 2");
    assert_eq!(got["headers"]["content-type"], "application/json");
    assert_eq!(got["url"], server.url("/x?y=1"));
    assert_eq!(line(&server.requests()[0]), "GET /x?y=1 HTTP/1.1");
}
