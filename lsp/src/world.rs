//! What the server is told of the world around a text.

use std::path::Path;
use std::sync::Arc;

use dsl::catalog::Catalog;
use dsl::diagnostic::Diagnostic;
use dsl::ide::Connection;

/// What stands around a text, and what is not about workflows alone.
pub trait World {
    /// What a workflow in a file can call.
    fn catalog(&self, file: &Path, text: &str) -> Arc<Catalog>;
    /// What is wrong with the text of a test file.
    fn test(&self, file: &Path, text: &str) -> Vec<Diagnostic>;
    /// What is wrong with the text of a connector's manifest.
    fn manifest(&self, file: &Path, text: &str) -> Vec<Diagnostic>;
    /// The connections that there are. It is asked once in a conversation, and again after a file was saved.
    fn connections(&self) -> Vec<Connection>;
}
