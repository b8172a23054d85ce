//! A vault in a folder of its own, its root key beside it.

#![allow(dead_code, clippy::unwrap_used, reason = "each test uses a part of it")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use rusqlite::Connection;
use secret::Secret;
use tempfile::TempDir;
use vault::{Entry, Error, Kind, LOCAL, Resolved, Source, Vault, Want, What, Who};

pub const HOST: &str = "api.example.com";

pub struct Place {
    pub folder: TempDir,
}

pub fn me() -> Who<'static> {
    Who { owner: LOCAL, actor: "test" }
}

impl Place {
    pub fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        Place { folder }
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("data/keyway.db")
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("keys/root.key")
    }

    /// A vault as a process that has just started finds it.
    pub fn vault(&self) -> Vault {
        self.vault_from(Source::File(self.root())).unwrap()
    }

    pub fn vault_from(&self, source: Source) -> Result<Vault, Error> {
        Vault::at(&self.database(), source)
    }

    /// Puts another content in the place of the file, as it was when nobody had it open.
    pub fn put_back(&self, content: &[u8]) {
        for end in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", self.database().display()));
        }
        std::fs::write(self.database(), content).unwrap();
    }

    /// The file as somebody sees it who can write it and has no key.
    pub fn file(&self) -> Connection {
        let connection = Connection::open(self.database()).unwrap();
        connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF").unwrap();
        connection
    }
}

pub fn entry(name: &str, value: &str) -> Entry {
    Entry {
        kind: Kind::Secret,
        name: name.into(),
        connector: "http".into(),
        hosts: vec![HOST.into()],
        settings: BTreeMap::new(),
        rank: 0,
        value: Secret::new(value.into()),
    }
}

pub fn key(name: &str, provider: &str, value: &str) -> Entry {
    Entry { kind: Kind::Key, connector: provider.into(), ..entry(name, value) }
}

pub fn want<'a>(owner: &'a str, what: What<'a>, connector: &'a str, host: &'a str) -> Want<'a> {
    Want { who: Who { owner, actor: "run 1" }, what, connector, host }
}

/// Opens a secret as a run of this owner would.
pub fn resolve(vault: &Vault, owner: &str, name: &str) -> Result<Resolved, Error> {
    vault.resolve(&want(owner, What::Secret(name), "http", HOST))
}

pub fn opened(vault: &Vault, owner: &str, name: &str) -> String {
    match resolve(vault, owner, name) {
        Ok(resolved) => resolved.secret.expose().to_owned(),
        Err(error) => panic!("it does not open: {error}"),
    }
}

/// What went wrong; a value that was opened is not shown.
pub fn refusal(result: Result<Resolved, Error>) -> String {
    match result {
        Ok(resolved) => panic!("`{}` was opened", resolved.name),
        Err(error) => error.to_string(),
    }
}
