//! `file` actions: what they do, and that nothing leads out of the folder of files.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

use std::path::Path;
use std::sync::Arc;

use connectors::{Connectors, Request, Settings};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use serde_json::json;
use tempfile::TempDir;

fn connectors(root: &Path, protected: &[&Path]) -> Connectors {
    let egress = egress::Client::new(egress::Policy::default(), Arc::new(secret::NoVault));
    let protected = protected.iter().map(|path| path.to_path_buf()).collect();
    Connectors::new(Settings { files: root.into(), protected, egress })
}

async fn call(root: &Path, action: &str, args: serde_json::Value) -> Result<serde_json::Value, Failure> {
    let args = Value::from_json(args);
    let call = Request { action, args: &args, key: "key" };
    connectors(root, &[]).call(call).await.map(|value| value.to_json())
}

#[tokio::test]
async fn what_is_written_is_read_again() {
    let root = TempDir::new().unwrap();
    let written =
        call(root.path(), "file.write", json!({ "path": "a/b/c.txt", "text": "hällo" })).await.unwrap();
    assert_eq!(written, json!({ "path": "a/b/c.txt", "size": 6 }));
    assert_eq!(call(root.path(), "file.read", json!({ "path": "a/b/c.txt" })).await.unwrap(), "hällo");
}
