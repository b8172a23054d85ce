//! What a disk holds, and what is left of it after a power cut.
//!
//! A change is certain once the file or folder that it changed has been synced. Of what is not certain a cut keeps
//! what chance wants: of a file any of its writes, each in any of its sectors, whatever the order in which they
//! came; of a folder the first few of its changes, since file systems keep those in order.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use crate::chance::Chance;

/// What is written whole or not at all.
pub const SECTOR: usize = 512;

/// The number of the folder that holds all others.
pub const ROOT: u64 = 1;

/// What a number stands for.
#[derive(Debug)]
pub struct Entry {
    /// Its permissions.
    pub mode: u16,
    /// Its content.
    pub content: Content,
    /// Which tree below the root it belongs to.
    pub tree: u64,
}

/// A file, a folder or a socket.
#[derive(Debug)]
pub enum Content {
    /// Bytes.
    File(Bytes),
    /// Names.
    Folder(Names),
    /// A place where a process listens.
    Socket,
}

/// The bytes of a file: what a reader sees, what is certain, and what lies between.
#[derive(Debug, Default)]
pub struct Bytes {
    /// What a reader sees.
    pub now: Vec<u8>,
    certain: Vec<u8>,
    changes: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

/// The names in a folder, likewise.
#[derive(Debug, Default)]
pub struct Names {
    /// What a reader sees.
    pub now: BTreeMap<OsString, u64>,
    certain: BTreeMap<OsString, u64>,
    changes: Vec<Named>,
}

#[derive(Debug)]
enum Named {
    Added(OsString, u64),
    Removed(OsString),
    Renamed(OsString, OsString, u64),
}

/// The disk.
#[derive(Debug)]
pub struct Disk {
    entries: BTreeMap<u64, Entry>,
    next: u64,
    cut: Option<Cut>,
}

/// A power cut that is to come, or has come.
#[derive(Debug)]
struct Cut {
    tree: u64,
    /// How many changes until it comes.
    left: u64,
    chance: Chance,
    survivors: Option<BTreeMap<OsString, Tree>>,
}

/// What survived.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// A file with its permissions.
    File(u16, Vec<u8>),
    /// A folder with its permissions.
    Folder(u16, BTreeMap<OsString, Tree>),
}

/// The power is gone: nothing is read or written in that tree any more.
#[derive(Debug)]
pub struct Gone;

impl Default for Disk {
    fn default() -> Disk {
        let root = Entry { mode: 0o755, content: Content::Folder(Names::default()), tree: ROOT };
        Disk { entries: [(ROOT, root)].into(), next: ROOT + 1, cut: None }
    }
}

impl Disk {
    /// What a number stands for, if the power of its tree is on.
    pub fn entry(&self, number: u64) -> Option<&Entry> {
        self.entries.get(&number).filter(|entry| !self.is_dark(entry.tree))
    }

    /// Makes a tree below the root that has all this for certain.
    pub fn plant(&mut self, name: &str, content: BTreeMap<OsString, Tree>) {
        let number = self.fresh(Tree::Folder(0o755, content), None);
        if let Some(Content::Folder(root)) = self.entries.get_mut(&ROOT).map(|root| &mut root.content) {
            root.now.insert(name.into(), number);
        }
    }

    /// Lets the power of a tree fail at its n-th change from here on. Gives false where there is no such tree.
    pub fn cut_at(&mut self, name: &str, left: u64, chance: Chance) -> bool {
        let Some(tree) = self.tree(name) else { return false };
        self.cut = Some(Cut { tree, left, chance, survivors: None });
        true
    }

    /// Lets the power of that tree fail at once, if it has not, and gives what survived, and whether it had failed.
    pub fn collect(&mut self) -> Option<(BTreeMap<OsString, Tree>, bool)> {
        let failed = self.cut.as_ref()?.survivors.is_some();
        self.fail();
        self.cut.take()?.survivors.map(|survivors| (survivors, failed))
    }

    /// True where the power has failed.
    pub fn has_failed(&self) -> bool {
        self.cut.as_ref().is_some_and(|cut| cut.survivors.is_some())
    }

    /// Changes until the cut that are left.
    pub fn left(&self) -> u64 {
        self.cut.as_ref().map_or(0, |cut| cut.left)
    }

    /// Forgets a tree that nobody uses any more.
    pub fn clear(&mut self, name: &str) {
        let Some(tree) = self.tree(name) else { return };
        self.entries.retain(|_, entry| entry.tree != tree);
        if let Some(Content::Folder(root)) = self.entries.get_mut(&ROOT).map(|root| &mut root.content) {
            root.now.remove(OsStr::new(name));
        }
    }

    /// Makes something new in a folder.
    pub fn make(&mut self, folder: u64, name: &OsStr, mode: u16, content: Content) -> Result<u64, Gone> {
        let tree = self.entry(folder).ok_or(Gone)?.tree;
        let number = self.next;
        self.next += 1;
        self.entries.insert(number, Entry { mode, content, tree });
        self.name(folder, Named::Added(name.into(), number))?;
        Ok(number)
    }

    /// Takes a name out of a folder. What it stood for lives on for those who have it open.
    pub fn remove(&mut self, folder: u64, name: &OsStr) -> Result<(), Gone> {
        self.name(folder, Named::Removed(name.into()))
    }

    /// Gives something another name.
    pub fn rename(&mut self, from: (u64, &OsStr), to: (u64, &OsStr), number: u64) -> Result<(), Gone> {
        if from.0 == to.0 {
            return self.name(from.0, Named::Renamed(from.1.into(), to.1.into(), number));
        }
        self.name(to.0, Named::Added(to.1.into(), number))?;
        self.name(from.0, Named::Removed(from.1.into()))
    }

    /// Sets permissions; they are certain at once, since nothing here rests on them.
    pub fn set_mode(&mut self, number: u64, mode: u16) {
        if let Some(entry) = self.entries.get_mut(&number) {
            entry.mode = mode;
        }
    }

    /// Writes to a file.
    pub fn write(&mut self, number: u64, at: usize, bytes: &[u8]) -> Result<(), Gone> {
        self.change(number, Change::Write { at, bytes: bytes.to_owned() })
    }

    /// Sets the length of a file.
    pub fn set_length(&mut self, number: u64, length: usize) -> Result<(), Gone> {
        self.change(number, Change::Length(length))
    }

    /// Makes certain what has been changed in a file or a folder.
    pub fn sync(&mut self, number: u64) -> Result<(), Gone> {
        // A cut at this very moment comes before it.
        self.count(number)?;
        match self.entries.get_mut(&number).map(|entry| &mut entry.content) {
            Some(Content::File(bytes)) => {
                bytes.certain.clone_from(&bytes.now);
                bytes.changes.clear();
            }
            Some(Content::Folder(names)) => {
                names.certain.clone_from(&names.now);
                names.changes.clear();
            }
            Some(Content::Socket) | None => {}
        }
        Ok(())
    }

    fn change(&mut self, number: u64, change: Change) -> Result<(), Gone> {
        self.entry(number).ok_or(Gone)?;
        if let Some(Content::File(bytes)) = self.entries.get_mut(&number).map(|entry| &mut entry.content) {
            change.apply(&mut bytes.now, &mut |_| true);
            bytes.changes.push(change);
        }
        self.count(number)
    }

    fn name(&mut self, folder: u64, named: Named) -> Result<(), Gone> {
        self.entry(folder).ok_or(Gone)?;
        if let Some(Content::Folder(names)) = self.entries.get_mut(&folder).map(|entry| &mut entry.content) {
            named.apply(&mut names.now);
            names.changes.push(named);
        }
        self.count(folder)
    }

    /// Counts a change; the last one is not acknowledged any more.
    fn count(&mut self, number: u64) -> Result<(), Gone> {
        let tree = self.entry(number).ok_or(Gone)?.tree;
        let Some(cut) = self.cut.as_mut().filter(|cut| cut.tree == tree) else { return Ok(()) };
        cut.left = cut.left.saturating_sub(1);
        if cut.left > 0 {
            return Ok(());
        }
        self.fail();
        Err(Gone)
    }

    fn fail(&mut self) {
        let Some(mut cut) = self.cut.take() else { return };
        if cut.survivors.is_none() {
            let found = self.survivors(cut.tree, &mut cut.chance);
            cut.survivors = Some(match found {
                Some(Tree::Folder(_, inner)) => inner,
                Some(Tree::File(..)) | None => BTreeMap::new(),
            });
        }
        self.cut = Some(cut);
    }

    fn survivors(&self, number: u64, chance: &mut Chance) -> Option<Tree> {
        let entry = self.entries.get(&number)?;
        match &entry.content {
            Content::File(bytes) => Some(Tree::File(entry.mode, bytes.after_cut(chance))),
            Content::Folder(names) => {
                let names = names.after_cut(chance).into_iter();
                let inner = names.filter_map(|(name, number)| Some((name, self.survivors(number, chance)?)));
                Some(Tree::Folder(entry.mode, inner.collect()))
            }
            Content::Socket => None,
        }
    }

    fn fresh(&mut self, tree: Tree, root: Option<u64>) -> u64 {
        let number = self.next;
        self.next += 1;
        let root = root.unwrap_or(number);
        let (mode, content) = match tree {
            Tree::File(mode, bytes) => {
                let content = Bytes { now: bytes.clone(), certain: bytes, changes: vec![] };
                (mode, Content::File(content))
            }
            Tree::Folder(mode, inner) => {
                let inner = inner.into_iter().map(|(name, tree)| (name, self.fresh(tree, Some(root))));
                let now: BTreeMap<OsString, u64> = inner.collect();
                (mode, Content::Folder(Names { certain: now.clone(), now, changes: vec![] }))
            }
        };
        self.entries.insert(number, Entry { mode, content, tree: root });
        number
    }

    fn tree(&self, name: &str) -> Option<u64> {
        match &self.entries.get(&ROOT)?.content {
            Content::Folder(root) => root.now.get(OsStr::new(name)).copied(),
            Content::File(_) | Content::Socket => None,
        }
    }

    fn is_dark(&self, tree: u64) -> bool {
        self.cut.as_ref().is_some_and(|cut| cut.tree == tree && cut.survivors.is_some())
    }
}

impl Bytes {
    fn after_cut(&self, chance: &mut Chance) -> Vec<u8> {
        let mut left = self.certain.clone();
        // All, nothing, or each for itself: the first two are what most disks do.
        let fate = chance.below(4);
        for change in &self.changes {
            match (fate, chance.below(3)) {
                (0, _) | (2.., 0) => {}
                (1, _) | (2.., 1) => change.apply(&mut left, &mut |_| true),
                (2.., _) => change.apply(&mut left, &mut |_| chance.percent(50)),
            }
        }
        left
    }
}

impl Change {
    /// Applies it to the sectors that are kept.
    fn apply(&self, to: &mut Vec<u8>, keeps: &mut dyn FnMut(usize) -> bool) {
        match self {
            Change::Length(length) => to.resize(*length, 0),
            Change::Write { at, bytes } => {
                let mut done = 0;
                while done < bytes.len() {
                    let begin = at + done;
                    let part = (SECTOR - begin % SECTOR).min(bytes.len() - done);
                    if keeps(begin / SECTOR) {
                        to.resize(to.len().max(begin + part), 0);
                        to[begin..begin + part].copy_from_slice(&bytes[done..done + part]);
                    }
                    done += part;
                }
            }
        }
    }
}

impl Names {
    fn after_cut(&self, chance: &mut Chance) -> BTreeMap<OsString, u64> {
        let mut left = self.certain.clone();
        let kept = chance.below(self.changes.len() as u64 + 1) as usize;
        self.changes[..kept].iter().for_each(|named| named.apply(&mut left));
        left
    }
}

impl Named {
    fn apply(&self, to: &mut BTreeMap<OsString, u64>) {
        match self {
            Named::Added(name, number) => {
                to.insert(name.clone(), *number);
            }
            Named::Removed(name) => {
                to.remove(name);
            }
            Named::Renamed(from, name, number) => {
                to.remove(from);
                to.insert(name.clone(), *number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(disk: &mut Disk) -> u64 {
        disk.plant("t", BTreeMap::new());
        let tree = disk.tree("t").expect("it was planted");
        disk.make(tree, OsStr::new("f"), 0o600, Content::File(Bytes::default())).expect("the power is on")
    }

    fn left(disk: &mut Disk, seed: u64) -> Option<Vec<u8>> {
        assert!(disk.cut_at("t", 1_000, Chance::new(seed)));
        let (mut survivors, failed) = disk.collect().expect("a cut was set");
        assert!(!failed);
        match survivors.remove(OsStr::new("f")) {
            Some(Tree::File(_, bytes)) => Some(bytes),
            other => other.map(|_| vec![]),
        }
    }

    #[test]
    fn what_was_synced_survives_and_the_rest_may_not() {
        let mut ends = std::collections::BTreeSet::new();
        for seed in 0..500 {
            let mut disk = Disk::default();
            let file = file(&mut disk);
            disk.write(file, 0, &[1; 1024]).expect("the power is on");
            disk.sync(file).expect("the power is on");
            let tree = disk.tree("t").expect("it was planted");
            disk.sync(tree).expect("the power is on");
            disk.write(file, 0, &[2; 1024]).expect("the power is on");
            let bytes = left(&mut disk, seed).expect("its name was synced");
            assert_eq!(bytes.len(), 1024);
            assert!(bytes.chunks(SECTOR).all(|sector| sector == [1; SECTOR] || sector == [2; SECTOR]));
            ends.insert((bytes[0], bytes[1023]));
        }
        assert_eq!(ends.len(), 4, "old, new, and torn in both ways: {ends:?}");
    }

    #[test]
    fn a_name_that_was_not_synced_may_be_lost() {
        let found = (0..40).filter(|seed| {
            let mut disk = Disk::default();
            let file = file(&mut disk);
            disk.write(file, 0, b"x").expect("the power is on");
            disk.sync(file).expect("the power is on");
            left(&mut disk, *seed).is_some()
        });
        let found = found.count();
        assert!(found > 0 && found < 40, "{found}");
    }

    #[test]
    fn the_change_at_which_the_power_fails_is_not_acknowledged() {
        let mut disk = Disk::default();
        let file = file(&mut disk);
        assert!(disk.cut_at("t", 2, Chance::new(1)));
        assert!(disk.write(file, 0, b"a").is_ok());
        assert!(disk.sync(file).is_err());
        assert!(disk.has_failed() && disk.entry(file).is_none());
    }
}
