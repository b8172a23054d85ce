//! A file system that lies as disks do: it keeps in memory what was not synced, and loses of it what chance wants
//! when the power fails. It is mounted with FUSE, so that the real binary runs on it.

pub mod disk;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use fuser::{
    BackgroundSession, BsdFileFlags, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags,
    Generation, INodeNo, LockOwner, MountOption, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData,
    ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyWrite, Request, TimeOrNow, WriteFlags,
};
use tempfile::TempDir;

use crate::chance::Chance;
use disk::{Bytes, Content, Disk, Gone, Names, Tree};

/// A disk that lies, mounted. Trees of files stand below its root, and the power of each fails for itself.
pub struct Mounted {
    disk: Arc<Mutex<Disk>>,
    // Unmounted before the folder goes.
    _session: BackgroundSession,
    folder: TempDir,
}

impl Mounted {
    /// Mounts an empty disk on a folder of its own.
    ///
    /// # Errors
    /// Where nothing can be mounted here.
    pub fn new() -> Result<Mounted> {
        let folder = tempfile::tempdir()?;
        let disk = Arc::new(Mutex::new(Disk::default()));
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("lying".into()), MountOption::RW];
        let session = fuser::spawn_mount(Lying(disk.clone()), folder.path(), &config).context("FUSE")?;
        Ok(Mounted { disk, _session: session, folder })
    }

    /// Makes a tree that has this for certain, and gives its folder.
    pub fn plant(&self, name: &str, content: BTreeMap<OsString, Tree>) -> PathBuf {
        self.disk().plant(name, content);
        self.folder.path().join(name)
    }

    /// Lets the power of a tree fail at its n-th change from here on.
    pub fn cut_at(&self, name: &str, place: u64, chance: Chance) {
        assert!(self.disk().cut_at(name, place, chance), "there is no tree `{name}`");
    }

    /// True where the power has failed.
    pub fn has_failed(&self) -> bool {
        self.disk().has_failed()
    }

    /// Changes that are left until the power fails.
    pub fn left(&self) -> u64 {
        self.disk().left()
    }

    /// Lets the power fail if it has not; gives what survived, and whether it had failed before.
    pub fn collect(&self) -> Option<(BTreeMap<OsString, Tree>, bool)> {
        self.disk().collect()
    }

    /// Forgets a tree.
    pub fn clear(&self, name: &str) {
        self.disk().clear(name);
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Lying(Arc<Mutex<Disk>>);

/// Nothing is remembered of names and attributes, since a tree may vanish.
const FORGET: Duration = Duration::ZERO;

impl From<Gone> for Errno {
    fn from(_: Gone) -> Errno {
        Errno::EIO
    }
}

impl Lying {
    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn attributes(disk: &Disk, number: u64) -> Option<FileAttr> {
    let entry = disk.entry(number)?;
    let (kind, size) = match &entry.content {
        Content::File(bytes) => (FileType::RegularFile, bytes.now.len() as u64),
        Content::Folder(_) => (FileType::Directory, 0),
        Content::Socket => (FileType::Socket, 0),
    };
    let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    Some(FileAttr {
        ino: INodeNo(number),
        size,
        blocks: size.div_ceil(512),
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind,
        perm: entry.mode,
        nlink: 1,
        uid,
        gid,
        rdev: 0,
        blksize: 4096,
        flags: 0,
    })
}

fn names(disk: &Disk, folder: u64) -> Option<&BTreeMap<OsString, u64>> {
    match &disk.entry(folder)?.content {
        Content::Folder(names) => Some(&names.now),
        Content::File(_) | Content::Socket => None,
    }
}

fn child(disk: &Disk, folder: u64, name: &OsStr) -> Result<u64, Errno> {
    let names = names(disk, folder).ok_or(Errno::EIO)?;
    names.get(name).copied().ok_or(Errno::ENOENT)
}

fn make(disk: &mut Disk, folder: u64, name: &OsStr, mode: u32, content: Content) -> Result<FileAttr, Errno> {
    if child(disk, folder, name).is_ok() {
        return Err(Errno::EEXIST);
    }
    let number = disk.make(folder, name, (mode & 0o7777) as u16, content)?;
    attributes(disk, number).ok_or(Errno::EIO)
}

fn entry(reply: ReplyEntry, made: Result<FileAttr, Errno>) {
    match made {
        Ok(about) => reply.entry(&FORGET, &about, Generation(0)),
        Err(errno) => reply.error(errno),
    }
}

fn done(reply: ReplyEmpty, result: Result<(), Errno>) {
    match result {
        Ok(()) => reply.ok(),
        Err(errno) => reply.error(errno),
    }
}

impl Filesystem for Lying {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let disk = self.disk();
        let found = child(&disk, parent.0, name);
        entry(reply, found.and_then(|number| attributes(&disk, number).ok_or(Errno::EIO)));
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match attributes(&self.disk(), ino.0) {
            Some(about) => reply.attr(&FORGET, &about),
            None => reply.error(Errno::EIO),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _fh: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut disk = self.disk();
        if let Some(mode) = mode {
            disk.set_mode(ino.0, (mode & 0o7777) as u16);
        }
        let set = size.map_or(Ok(()), |size| disk.set_length(ino.0, size as usize));
        match attributes(&disk, ino.0).filter(|_| set.is_ok()) {
            Some(about) => reply.attr(&FORGET, &about),
            None => reply.error(Errno::EIO),
        }
    }

    fn mknod(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        _: u32,
        reply: ReplyEntry,
    ) {
        const KIND: u32 = 0o170_000;
        const SOCKET: u32 = 0o140_000;
        let content = if mode & KIND == SOCKET { Content::Socket } else { Content::File(Bytes::default()) };
        let made = make(&mut self.disk(), parent.0, name, mode, content);
        entry(reply, made);
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, mode: u32, _: u32, reply: ReplyEntry) {
        let made = make(&mut self.disk(), parent.0, name, mode, Content::Folder(Names::default()));
        entry(reply, made);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let mut disk = self.disk();
        let found = child(&disk, parent.0, name);
        done(reply, found.and_then(|_| Ok(disk.remove(parent.0, name)?)));
    }

    fn rmdir(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        self.unlink(request, parent, name, reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        _: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let mut disk = self.disk();
        let found = child(&disk, parent.0, name);
        let renamed =
            found.and_then(|number| Ok(disk.rename((parent.0, name), (newparent.0, newname), number)?));
        done(reply, renamed);
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let disk = self.disk();
        match disk.entry(ino.0).map(|entry| &entry.content) {
            Some(Content::File(bytes)) => {
                let begin = bytes.now.len().min(offset as usize);
                let end = bytes.now.len().min(begin + size as usize);
                reply.data(&bytes.now[begin..end]);
            }
            Some(Content::Folder(_) | Content::Socket) | None => reply.error(Errno::EIO),
        }
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.disk().write(ino.0, offset as usize, data) {
            Ok(()) => reply.written(data.len() as u32),
            Err(Gone) => reply.error(Errno::EIO),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let synced = self.disk().sync(ino.0);
        done(reply, synced.map_err(Errno::from));
    }

    fn fsyncdir(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let synced = self.disk().sync(ino.0);
        done(reply, synced.map_err(Errno::from));
    }

    fn readdir(&self, _: &Request, ino: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let disk = self.disk();
        let Some(names) = names(&disk, ino.0) else { return reply.error(Errno::EIO) };
        for (place, (name, number)) in names.iter().enumerate().skip(offset as usize) {
            let Some(about) = attributes(&disk, *number) else { continue };
            if reply.add(INodeNo(*number), place as u64 + 1, about.kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        match make(&mut self.disk(), parent.0, name, mode, Content::File(Bytes::default())) {
            Ok(about) => {
                reply.created(&FORGET, &about, Generation(0), FileHandle(0), FopenFlags::empty());
            }
            Err(errno) => reply.error(errno),
        }
    }
}
