//! Calls of actions that stay on this machine, with a folder of files.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::path::Path;
use std::sync::Arc;

use connectors::contents::Contents;
use connectors::{Connectors, Request, Settings};
use dsl::catalog::Failure;
use dsl::value::Value;

/// The actions, with this folder of files.
pub fn connectors(root: &Path) -> Connectors {
    Connectors::new(Settings {
        files: root.into(),
        protected: vec![root.join("own")],
        contents: Contents::none(),
        egress: egress::Client::new(egress::Policy::default(), Arc::new(secret::NoVault)),
        library: connectors::library().clone(),
        connections: Arc::new(connectors::connection::NoConnections),
        meter: connectors::meter::Metered::default(),
    })
}

/// Makes a call that needs no file.
pub async fn call(action: &str, args: serde_json::Value) -> Result<serde_json::Value, Failure> {
    call_in(Path::new("/nowhere"), action, Value::from_json(args)).await
}

/// Makes a call.
pub async fn call_in(root: &Path, action: &str, args: Value) -> Result<serde_json::Value, Failure> {
    connectors(root).call(Request::new(action, &args, "key")).await.map(|value| value.to_json())
}
