//! The vault itself: the file, the root keys, and the way from them to the key of an owner.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use store::{Change, Desk, Edit, Reader, Unfit, vault as rows};

use crate::audit::{Action, Links};
use crate::cipher::{self, Context, Key, Purpose};
use crate::error::Error;
use crate::root::{self, Roots, Source};

/// How long is waited for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// The vault's own keys stand among those of owners, under this one.
pub(crate) const ITSELF: &str = "";

/// A vault: keys and secrets in a file, and where the key to them comes from.
pub struct Vault {
    pub(crate) id: String,
    // Dropped before the writer, which then closes the file tidily.
    pub(crate) reader: Arc<Reader>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) source: Source,
    open: RwLock<Option<Arc<Keys>>>,
    _held: Option<Box<dyn Send + Sync>>,
}

/// Who does something, and to whose secrets.
#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    /// The owner of the secrets.
    pub owner: &'a str,
    /// Who acts: a person, a run.
    pub actor: &'a str,
}

/// The keys that are in memory while a vault is open.
pub(crate) struct Keys {
    pub roots: Roots,
    /// The generation of the root that seals new keys.
    pub current: i64,
    /// The vault's own key, which seals nothing: rows of owners, members and tiers are signed by it, and the audit.
    pub own: Key,
    pub links: Arc<Links>,
}

impl Vault {
    /// Opens the vault in a file that this process writes already. No key is looked for yet.
    ///
    /// # Errors
    /// Where the file cannot be used, or the root key would stand beside it.
    pub fn open(desk: Arc<Desk>, source: Source) -> Result<Vault, Error> {
        let reader = desk.reader()?;
        let id = match reader.vault_value("id")? {
            Some(id) => id,
            None => {
                let made = Edit::SetOnce { name: "id", value: new_id()?.into_bytes() };
                let change = Change { edits: vec![made], audit: vec![], chain: Arc::new(Links::none()) };
                // Taken is as good: somebody else has made one.
                let _ = desk.make(change)?;
                reader.vault_value("id")?.unwrap_or_default()
            }
        };
        let id = String::from_utf8_lossy(&id).into_owned();
        let source = source.of_vault(&id);
        if let Some(path) = desk.path().parent().and_then(|folder| root::is_inside(&source, folder)) {
            return Err(Error::RootInside { path });
        }
        Ok(Vault { id, desk, reader, source, open: RwLock::new(None), _held: None })
    }

    /// Opens the vault in a file that another process may write meanwhile.
    ///
    /// # Errors
    /// Where the file cannot be used, or the root key would stand beside it.
    pub fn at(path: &Path, source: Source) -> Result<Vault, Error> {
        Vault::open(Arc::new(Desk::open(path, PATIENCE)?), source)
    }

    /// Keeps something as long as the vault is open, such as a lock on its file.
    pub fn holding(self, held: impl Send + Sync + 'static) -> Vault {
        Vault { _held: Some(Box::new(held)), ..self }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.desk.path()
    }

    /// How many transactions this process has written to the file.
    pub fn commits(&self) -> u64 {
        self.desk.commits()
    }

    /// The keys, from memory or from where the root comes from.
    pub(crate) fn keys(&self) -> Result<Arc<Keys>, Error> {
        if self.reader.vault_value("sealed")?.is_some() {
            *self.open.write().unwrap_or_else(PoisonError::into_inner) = None;
            return Err(Error::Closed);
        }
        if let Some(keys) = &*self.open.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(keys.clone());
        }
        self.load()
    }

    /// True if the keys are at hand.
    pub(crate) fn has_keys(&self) -> bool {
        self.open.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// The keys of a vault that is made if it is empty.
    pub(crate) fn keys_or_make(&self) -> Result<Arc<Keys>, Error> {
        if self.reader.vault_is_blank()? {
            self.make()?;
        }
        self.keys()
    }

    /// Looks for the keys again: another process may have changed the root.
    pub(crate) fn load(&self) -> Result<Arc<Keys>, Error> {
        let known = self.reader.roots()?;
        let Some(current) = known.iter().find(|root| root.current) else {
            return Err(match self.reader.vault_is_blank()? {
                true => Error::Blank,
                false => {
                    let why = "what the root key was known by is gone from the database";
                    Error::Sealed { why: why.into() }
                }
            });
        };
        let roots = Roots::load(&self.source, &self.id, &known)?;
        let sealed = self.reader.owner_keys(ITSELF)?;
        let opened = sealed.iter().find_map(|row| Some((row, roots.get(row.root)?)));
        let (row, by) = opened.ok_or_else(|| damaged("the key of the audit"))?;
        let key = cipher::unwrap(by, &self.context_of(row), &row.sealed);
        let key = key.map_err(|_| damaged("the key of the audit"))?;
        let links = Arc::new(Links::new(key.clone(), &self.id));
        let keys = Arc::new(Keys { roots, current: current.generation, own: key, links });
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = Some(keys.clone());
        Ok(keys)
    }

    /// Gives an empty vault its keys, its tiers, and the owners that are always there.
    fn make(&self) -> Result<(), Error> {
        let new = root::first(&self.source)?;
        let audit = Key::random()?;
        let row = self.sealed_key(ITSELF, 1, (&new.key, new.generation), &audit)?;
        let first = self.first_owners(&audit);
        let links = Arc::new(Links::new(audit, &self.id));
        let mut edits = vec![
            Edit::SetOnce { name: "made", value: vec![1] },
            Edit::Root { generation: new.generation, salt: new.salt.clone(), proof: new.proof(&self.id)? },
            Edit::CurrentRoot { generation: new.generation },
            Edit::OwnerKey(rows::OwnerKey { current: true, ..row }),
        ];
        edits.extend(first);
        let who = Who { owner: ITSELF, actor: "keyway" };
        let audit = vec![Action::Made.row(who, "vault", &format!("root {}", new.generation))];
        match self.desk.make(Change { edits, audit, chain: links })? {
            // Somebody else has made it at the same moment.
            Ok(()) | Err(Unfit::Taken) => Ok(()),
            Err(unfit) => Err(self.unfit(unfit, "the vault")),
        }
    }

    /// The key of an owner that seals what is added; made if there is none.
    pub(crate) fn current_key(&self, owner: &str) -> Result<(i64, Key), Error> {
        for _ in 0..3 {
            match self.owner_key(owner, None) {
                Err(Error::Unknown { .. }) => {}
                other => return other,
            }
            let keys = self.keys()?;
            let row = self.new_key(&keys, owner, 1)?;
            let edits = vec![Edit::OwnerKey(rows::OwnerKey { current: true, ..row })];
            match self.desk.make(Change { edits, audit: vec![], chain: keys.links.clone() })? {
                Ok(()) | Err(Unfit::Taken) => {}
                // The root has just been taken out of use.
                Err(Unfit::Stale) => drop(self.load()?),
                Err(unfit) => return Err(self.unfit(unfit, "the owner's key")),
            }
        }
        Err(Error::Stale { what: "the owner's key" })
    }

    /// A key of an owner: of one generation, or the one that seals what is added.
    pub(crate) fn owner_key(&self, owner: &str, generation: Option<i64>) -> Result<(i64, Key), Error> {
        let wanted = |row: &rows::OwnerKey| generation.map_or(row.current, |number| number == row.generation);
        let mut keys = self.keys()?;
        for last in [false, true] {
            let rows = self.reader.owner_keys(owner)?;
            if !rows.iter().any(wanted) {
                return Err(Error::Unknown { what: "key of the owner", name: owner.to_owned() });
            }
            let found =
                rows.iter().filter(|row| wanted(row)).find_map(|row| Some((row, keys.roots.get(row.root)?)));
            if let Some((row, by)) = found {
                let key = cipher::unwrap(by, &self.context_of(row), &row.sealed);
                let key = key.map_err(|_| damaged(&format!("the key of the owner `{owner}`")))?;
                return Ok((row.generation, key));
            }
            if !last {
                keys = self.load()?;
            }
        }
        Err(Error::WrongRoot { from: self.source.place() })
    }

    /// A fresh key of an owner, sealed by the current root.
    pub(crate) fn new_key(&self, keys: &Keys, owner: &str, generation: i64) -> Result<rows::OwnerKey, Error> {
        let by =
            keys.roots.get(keys.current).ok_or_else(|| Error::WrongRoot { from: self.source.place() })?;
        self.sealed_key(owner, generation, (by, keys.current), &Key::random()?)
    }

    /// A key of an owner as it stands in the file.
    pub(crate) fn sealed_key(
        &self,
        owner: &str,
        generation: i64,
        (by, root): (&Key, i64),
        key: &Key,
    ) -> Result<rows::OwnerKey, Error> {
        let mut row =
            rows::OwnerKey { owner: owner.to_owned(), generation, root, current: false, sealed: vec![] };
        row.sealed = cipher::wrap(by, &self.context_of(&row), key)?;
        Ok(row)
    }

    /// What the key of an owner is bound to.
    pub(crate) fn context_of(&self, row: &rows::OwnerKey) -> Context {
        Context::new(Purpose::OwnerKey)
            .text(&self.id)
            .text(&row.owner)
            .number(row.generation)
            .number(row.root)
    }

    /// Makes edits, and records who did what.
    pub(crate) fn change(
        &self,
        edits: Vec<Edit>,
        audit: Vec<rows::Audit>,
        what: &'static str,
    ) -> Result<(), Error> {
        let chain = self.keys()?.links.clone();
        self.desk.make(Change { edits, audit, chain })?.map_err(|unfit| self.unfit(unfit, what))
    }

    pub(crate) fn unfit(&self, unfit: Unfit, what: &'static str) -> Error {
        match unfit {
            Unfit::Taken => Error::Taken { what, name: String::new() },
            Unfit::Stale | Unfit::Spent => Error::Stale { what },
            Unfit::Audit => Error::Audit { why: "its end is not the one that was written last".into() },
        }
    }
}

pub(crate) fn damaged(what: &str) -> Error {
    Error::Damaged { what: what.to_owned() }
}

/// A name that nobody can guess, and that is no secret.
pub(crate) fn new_id() -> Result<String, Error> {
    let mut chance = [0; 16];
    getrandom::fill(&mut chance).map_err(|_| Error::Chance)?;
    Ok(chance.iter().map(|byte| format!("{byte:02x}")).collect())
}
