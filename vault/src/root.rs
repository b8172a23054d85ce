//! Root keys: where they come from, and which of them a vault knows. They never stand in the database.

mod file;
mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};
use secret::Secret;
use zeroize::Zeroizing;

use crate::cipher::{self, Context, Key, Purpose};
use crate::error::Error;

/// How long the command of a root key may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is sealed by a root to know it again.
const PROOF: &[u8] = b"keyway";

/// Where root keys come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file that others may not read, outside of the data directory. It is made for an empty vault.
    File(PathBuf),
    /// Such a file in this folder, named by the vault's id.
    Folder(PathBuf),
    /// Text that was given by the environment or by systemd.
    Given {
        /// The text.
        text: Secret,
        /// Where it is from, for messages.
        from: String,
    },
    /// Passphrases, one a line, from a file that others may not read; the last is for a rotation.
    Passphrases(PathBuf),
    /// A command that prints the text, as for a KMS or an HSM. It is the operator's, and is never stored.
    Command(String),
}

impl Source {
    /// Looks where the environment says that root keys are; else each vault has a file in this folder, named by
    /// the vault's id.
    ///
    /// # Errors
    /// Where it names more than one place.
    pub fn of_environment(folder: PathBuf) -> Result<Source, Error> {
        const NAMES: [&str; 4] =
            ["KEYWAY_ROOT_KEY", "KEYWAY_ROOT_KEY_FILE", "KEYWAY_PASSPHRASE_FILE", "KEYWAY_ROOT_COMMAND"];
        let given: Vec<(&str, String)> =
            NAMES.into_iter().filter_map(|name| Some((name, std::env::var(name).ok()?))).collect();
        match &given[..] {
            [] => Ok(Source::credential().unwrap_or(Source::Folder(folder))),
            [(name, value)] => Ok(match *name {
                "KEYWAY_ROOT_KEY" => {
                    Source::Given { text: Secret::new(value.clone()), from: format!("`{name}`") }
                }
                "KEYWAY_ROOT_KEY_FILE" => Source::File(value.into()),
                "KEYWAY_PASSPHRASE_FILE" => Source::Passphrases(value.into()),
                _ => Source::Command(value.clone()),
            }),
            more => {
                let names: Vec<&str> = more.iter().map(|(name, _)| *name).collect();
                Err(Error::TwoSources { places: names.join(", ") })
            }
        }
    }

    /// The credential that systemd gives a service.
    fn credential() -> Option<Source> {
        let path = PathBuf::from(std::env::var_os("CREDENTIALS_DIRECTORY")?).join("keyway-root");
        let text = std::fs::read_to_string(path).ok()?;
        Some(Source::Given { text: Secret::new(text), from: "the credential `keyway-root`".into() })
    }

    /// The source for a vault of this id.
    pub(crate) fn of_vault(self, id: &str) -> Source {
        match self {
            Source::Folder(folder) => Source::File(folder.join(format!("{id}.key"))),
            Source::File(_) | Source::Given { .. } | Source::Passphrases(_) | Source::Command(_) => self,
        }
    }

    /// Where it is, for messages.
    pub fn place(&self) -> String {
        match self {
            Source::File(path) | Source::Folder(path) => format!("`{}`", path.display()),
            Source::Given { from, .. } => from.clone(),
            Source::Passphrases(path) => format!("the passphrase in `{}`", path.display()),
            Source::Command(_) => "`KEYWAY_ROOT_COMMAND`".into(),
        }
    }
}

/// The root keys at hand, by generation.
pub(crate) struct Roots(BTreeMap<i64, Key>);

/// What becomes a vault's first root key, or its next one.
pub(crate) struct NewRoot {
    pub key: Key,
    pub generation: i64,
    /// Empty where the key is no passphrase.
    pub salt: Vec<u8>,
    /// Keeps others from changing the file until the key is known to the vault.
    pub lock: Option<std::fs::File>,
}

impl NewRoot {
    /// What is stored of it: something that opens with it alone.
    pub fn proof(&self, vault: &str) -> Result<Vec<u8>, Error> {
        cipher::seal(&self.key, &context(vault, self.generation), PROOF)
    }
}

impl Roots {
    /// The root keys of a vault that knows these. One that is not the one that is known is left out, and the
    /// current one must be there.
    pub fn load(source: &Source, vault: &str, known: &[store::vault::Root]) -> Result<Roots, Error> {
        let mut found = BTreeMap::new();
        match source {
            Source::Passphrases(path) => {
                let lines = passphrases(path)?;
                for root in known {
                    let fits =
                        |line: &&str| derive(line, &root.salt).ok().filter(|key| is_right(key, vault, root));
                    if let Some(key) = lines.lines().find_map(|line| fits(&line)) {
                        found.insert(root.generation, key);
                    }
                }
                if found.is_empty() {
                    return Err(Error::WrongRoot { from: source.place() });
                }
            }
            Source::File(_) | Source::Folder(_) | Source::Given { .. } | Source::Command(_) => {
                found = keys(source)?.unwrap_or_default();
            }
        }
        if found.is_empty() {
            return Err(Error::Sealed { why: format!("there is no root key at {}", source.place()) });
        }
        found.retain(|generation, key| {
            known
                .iter()
                .find(|root| root.generation == *generation)
                .is_none_or(|root| is_right(key, vault, root))
        });
        match known.iter().find(|root| root.current) {
            Some(current) if !found.contains_key(&current.generation) => {
                Err(Error::WrongRoot { from: source.place() })
            }
            _ => Ok(Roots(found)),
        }
    }

    pub fn get(&self, generation: i64) -> Option<&Key> {
        self.0.get(&generation)
    }

    /// Writes them to a new file, from which `Source::File` reads them.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        file::export(path, &text::of(&self.0))
    }
}

/// The first root key of an empty vault. A file is made where there is none; everything else must be there.
pub(crate) fn first(source: &Source) -> Result<NewRoot, Error> {
    match source {
        Source::Passphrases(path) => of_passphrase(passphrases(path)?.lines().next_back(), 1),
        Source::File(path) | Source::Folder(path) => {
            if let Some((generation, key)) = keys(source)?.and_then(|keys| keys.into_iter().next_back()) {
                return Ok(NewRoot { key, generation, salt: vec![], lock: None });
            }
            let key = Key::random()?;
            file::make(path, &text::line(1, &key))?;
            // Read back: somebody else may have been faster.
            let last = keys(source)?.and_then(|keys| keys.into_iter().next_back());
            let (generation, key) = last.ok_or_else(|| no_key(source))?;
            Ok(NewRoot { key, generation, salt: vec![], lock: None })
        }
        Source::Given { .. } | Source::Command(_) => {
            let last = keys(source)?.and_then(|keys| keys.into_iter().next_back());
            let (generation, key) = last.ok_or_else(|| no_key(source))?;
            Ok(NewRoot { key, generation, salt: vec![], lock: None })
        }
    }
}

/// The root key that comes after those that are known. A file is given a line; everything else must hold it.
pub(crate) fn next(source: &Source, known: i64) -> Result<NewRoot, Error> {
    let none = || Error::NoNewRoot { from: source.place() };
    match source {
        Source::Passphrases(path) => {
            let lines = passphrases(path)?;
            let last = lines.lines().filter(|line| !line.is_empty()).nth(1).ok_or_else(none)?;
            of_passphrase(Some(last), known + 1)
        }
        Source::File(path) | Source::Folder(path) => {
            let lock = file::lock(path)?;
            let present = keys(source)?.unwrap_or_default();
            if present.keys().all(|generation| *generation <= known) {
                file::write(path, &text::with(&present, known + 1, &Key::random()?))?;
            }
            let new = newest(keys(source)?.unwrap_or_default(), known).ok_or_else(none)?;
            Ok(NewRoot { lock: Some(lock), ..new })
        }
        Source::Given { .. } | Source::Command(_) => {
            newest(keys(source)?.unwrap_or_default(), known).ok_or_else(none)
        }
    }
}

fn newest(keys: BTreeMap<i64, Key>, known: i64) -> Option<NewRoot> {
    let (generation, key) = keys.into_iter().next_back()?;
    (generation > known).then_some(NewRoot { key, generation, salt: vec![], lock: None })
}

/// Forgets the root keys before this one, where that is ours to do. True if something was forgotten.
pub(crate) fn retire(source: &Source, before: i64) -> Result<bool, Error> {
    let Source::File(path) = source else { return Ok(false) };
    let _lock = file::lock(path)?;
    let present = keys(source)?.unwrap_or_default();
    if present.keys().all(|generation| *generation >= before) {
        return Ok(false);
    }
    let kept = present.into_iter().filter(|(generation, _)| *generation >= before).collect();
    file::write(path, &text::of(&kept))?;
    Ok(true)
}

/// True if a path is one of the file of root keys and stands within a folder.
pub(crate) fn is_inside(source: &Source, folder: &Path) -> Option<PathBuf> {
    let (Source::File(path) | Source::Passphrases(path)) = source else { return None };
    let real = |path: &Path| {
        path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
    };
    let parent = path.parent().map(real).unwrap_or_default();
    let folder = real(folder);
    (parent.starts_with(&folder) || real(path).starts_with(&folder)).then(|| path.clone())
}

/// The keys that a place holds; nothing where there is no such file.
fn keys(source: &Source) -> Result<Option<BTreeMap<i64, Key>>, Error> {
    let text = match source {
        Source::File(path) | Source::Folder(path) | Source::Passphrases(path) => file::read(path)?,
        Source::Given { text, .. } => Some(Zeroizing::new(text.expose().to_owned())),
        Source::Command(command) => Some(printed(command)?),
    };
    let keys = text.map(|text| text::keys(&text)).transpose();
    keys.map_err(|why| Error::NotARoot { from: source.place(), why })
}

fn no_key(source: &Source) -> Error {
    Error::Sealed { why: format!("there is no root key at {}", source.place()) }
}

fn passphrases(path: &Path) -> Result<Zeroizing<String>, Error> {
    let missing = || Error::Sealed { why: format!("there is no passphrase at `{}`", path.display()) };
    let text = file::read(path)?.ok_or_else(missing)?;
    if text.trim().is_empty() { Err(missing()) } else { Ok(text) }
}

fn of_passphrase(line: Option<&str>, generation: i64) -> Result<NewRoot, Error> {
    let mut salt = vec![0; 16];
    getrandom::fill(&mut salt).map_err(|_| Error::Chance)?;
    let key = derive(line.unwrap_or_default(), &salt)?;
    Ok(NewRoot { key, generation, salt, lock: None })
}

/// Argon2id with 64 MiB and three passes: about a quarter of a second, once per start.
fn derive(passphrase: &str, salt: &[u8]) -> Result<Key, Error> {
    let mut out = Zeroizing::new([0; 32]);
    let params = Params::new(64 * 1024, 3, 1, Some(32)).expect("these are allowed");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, &mut *out)
        .map_err(|_| Error::NotARoot { from: "the passphrase".into(), why: "it cannot be used" })?;
    Key::of(&*out).ok_or(Error::Chance)
}

fn is_right(key: &Key, vault: &str, root: &store::vault::Root) -> bool {
    cipher::open(key, &context(vault, root.generation), &root.proof).is_ok_and(|plain| *plain == PROOF)
}

fn context(vault: &str, generation: i64) -> Context {
    Context::new(Purpose::Proof).text(vault).number(generation)
}

/// What a command prints. Its standard error stays the operator's.
fn printed(command: &str) -> Result<Zeroizing<String>, Error> {
    let why = |why| Error::NotARoot { from: "`KEYWAY_ROOT_COMMAND`".into(), why };
    let mut child = Command::new("/bin/sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|_| why("the command cannot be started"))?;
    let mut out = child.stdout.take().ok_or_else(|| why("the command has no output"))?;
    // A key is short: what is printed fits into the pipe, or is none.
    let end = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait().map_err(|_| why("the command cannot be waited for"))? {
            Some(status) => break status,
            None if Instant::now() > end => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(why("the command takes too long"));
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    if !status.success() {
        return Err(why("the command failed"));
    }
    let mut text = Zeroizing::new(String::with_capacity(4096));
    std::io::Read::read_to_string(&mut std::io::Read::take(&mut out, 4096), &mut text)
        .map_err(|_| why("the command printed no text"))?;
    Ok(text)
}
