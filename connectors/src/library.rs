//! The manifests that are at hand: those in the program, and those of a folder. Each is read when it is first asked
//! for, since a command knows dozens of connectors and needs one or two.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::{fs, io, thread};

use dsl::catalog::{Action, Event, Shelf};

use crate::catalog;
use crate::manifest::Manifest;
use crate::read::{self, Families, Family, Read};

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The ending of a manifest's file.
pub const ENDING: &str = "yaml";

/// How many threads read manifests at a time, at most.
const MOST_READERS: usize = 8;

/// Manifests by the names of their connectors.
#[derive(Debug, Default)]
pub struct Library {
    books: BTreeMap<String, Book>,
}

/// One manifest.
#[derive(Debug)]
struct Book {
    text: Cow<'static, str>,
    /// The file, where it is not part of the program.
    file: Option<PathBuf>,
    read: OnceLock<Known>,
}

/// What is known of a manifest that was read.
#[derive(Debug)]
struct Known {
    read: Read<Arc<Manifest>>,
    actions: BTreeMap<String, Action>,
    events: BTreeMap<String, Event>,
}

/// A manifest of a folder that could not be used.
#[derive(Debug)]
pub struct Broken {
    /// Its file.
    pub file: PathBuf,
    /// Why it could not be read.
    pub source: io::Error,
}

impl Library {
    /// The manifests in the program.
    pub fn embedded() -> Library {
        let book =
            |(id, text): &(&str, &'static str)| ((*id).to_owned(), Book::new(Cow::Borrowed(*text), None));
        Library { books: MANIFESTS.iter().map(book).collect() }
    }

    /// Adds the manifests of a folder; one of a name that is known replaces it. A folder that is not there has none.
    ///
    /// # Errors
    /// Where the folder or one of its files cannot be read.
    pub fn with_folder(mut self, folder: &Path) -> Result<Library, Broken> {
        let broken = |file: &Path| {
            let file = file.to_owned();
            move |source| Broken { file, source }
        };
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(self),
            Err(error) => return Err(broken(folder)(error)),
        };
        for entry in entries {
            let file = entry.map_err(broken(folder))?.path();
            if file.extension().is_none_or(|ending| ending != ENDING) {
                continue;
            }
            let Some(id) = file.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned) else {
                continue;
            };
            let text = fs::read_to_string(&file).map_err(broken(&file))?;
            self.books.insert(id, Book::new(Cow::Owned(text), Some(file)));
        }
        Ok(self)
    }

    /// Adds a manifest by its text; one of a name that is known is replaced.
    pub fn with_text(mut self, id: &str, text: String) -> Library {
        self.books.insert(id.into(), Book::new(Cow::Owned(text), None));
        self
    }

    /// The names of all connectors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.books.keys().map(String::as_str)
    }

    /// Reads all that were not read yet, as many at a time as there are processors, for whoever asks for all of them.
    pub fn read_all(&self) -> &Library {
        let names: Vec<&str> = self.names().filter(|name| !self.is_read(name)).collect();
        let (next, at_a_time) = (AtomicUsize::new(0), thread::available_parallelism().map_or(1, usize::from));
        let read = || {
            while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.known(name);
            }
        };
        thread::scope(|scope| {
            // One of them is read here. Where the system gives no thread, all are.
            for _ in 1..at_a_time.min(MOST_READERS).min(names.len()) {
                let _ = thread::Builder::new().name("manifests".into()).spawn_scoped(scope, read);
            }
            read();
        });
        self
    }

    fn is_read(&self, connector: &str) -> bool {
        self.books.get(connector).is_some_and(|book| book.read.get().is_some())
    }

    /// How many manifests were read so far.
    pub fn read_so_far(&self) -> usize {
        self.books.values().filter(|book| book.read.get().is_some()).count()
    }

    /// The manifest of a connector, if there is one without errors.
    pub fn find(&self, connector: &str) -> Option<&Arc<Manifest>> {
        self.known(connector)?.read.value.as_ref()
    }

    /// What came of reading a manifest.
    pub fn read(&self, connector: &str) -> Option<&Read<Arc<Manifest>>> {
        Some(&self.known(connector)?.read)
    }

    /// The text of a manifest.
    pub fn text(&self, connector: &str) -> Option<&str> {
        Some(&self.books.get(connector)?.text)
    }

    /// The file of a manifest that is not part of the program.
    pub fn file(&self, connector: &str) -> Option<&Path> {
        self.books.get(connector)?.file.as_deref()
    }

    fn known(&self, connector: &str) -> Option<&Known> {
        let book = self.books.get(connector)?;
        Some(book.read.get_or_init(|| {
            let Read { value, diagnostics } =
                read::manifest(&book.text, Some(connector), embedded_families());
            let (actions, events) = match &value {
                Some(manifest) => (catalog::actions(manifest), catalog::events(manifest)),
                None => Default::default(),
            };
            Known { read: Read { value: value.map(Arc::new), diagnostics }, actions, events }
        }))
    }
}

impl Book {
    fn new(text: Cow<'static, str>, file: Option<PathBuf>) -> Book {
        Book { text, file, read: OnceLock::new() }
    }
}

impl Shelf for Library {
    fn connectors(&self) -> Vec<&str> {
        self.names().collect()
    }

    fn actions(&self, connector: &str) -> Option<&BTreeMap<String, Action>> {
        Some(&self.known(connector)?.actions)
    }

    fn events(&self, connector: &str) -> Option<&BTreeMap<String, Event>> {
        Some(&self.known(connector)?.events)
    }

    fn is_connected(&self, connector: &str) -> bool {
        self.find(connector).is_some_and(|manifest| catalog::is_connected(manifest))
    }
}

/// The families in the program, read when the first is asked for.
#[derive(Debug)]
struct Embedded {
    families: BTreeMap<&'static str, OnceLock<Option<Family>>>,
}

impl Families for Embedded {
    fn find(&self, name: &str) -> Option<&Family> {
        let (_, text) = FAMILIES.iter().find(|(id, _)| *id == name)?;
        self.families.get(name)?.get_or_init(|| read::family(text).value).as_ref()
    }

    fn names(&self) -> Vec<&str> {
        self.families.keys().copied().collect()
    }
}

/// The families in the program.
pub fn embedded_families() -> &'static dyn Families {
    static ALL: OnceLock<Embedded> = OnceLock::new();
    ALL.get_or_init(|| Embedded { families: FAMILIES.iter().map(|(id, _)| (*id, OnceLock::new())).collect() })
}

/// The texts of the families in the program, by their names.
pub fn family_texts() -> impl Iterator<Item = (&'static str, &'static str)> {
    FAMILIES.iter().copied()
}
