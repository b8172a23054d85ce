//! One journey on a machine that breaks: a data directory, a service, a run, and what becomes of it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use crate::effects::Service;
use crate::evidence::{RunSeen, look};
use crate::journey;
use crate::keyway::{Answer, Keyway, run_id, wait};
use crate::verdict::{Kill, judge_keyed, judge_rests};

/// What a command gives that leaves a run behind which waits.
pub const WAITS: i32 = 3;

/// A data directory, a service and a run.
pub struct World {
    folder: TempDir,
    /// The commands upon the data directory.
    pub keyway: Keyway,
    /// What the run talks to.
    pub service: Service,
    /// Where the run's files are.
    pub files: PathBuf,
    /// What fell on it so far.
    pub kills: Vec<Kill>,
    /// True if a person was told that the run has begun.
    pub announced: bool,
    /// The run, where it asks a person.
    asks: Option<String>,
    /// The processes that were started to answer.
    answers: Vec<u32>,
}

impl World {
    /// Makes a world whose data directory and files are below a folder of its own. It is in memory where that is
    /// possible: a process that dies takes nothing with it that it has written.
    ///
    /// # Errors
    /// Where the folder or the service cannot be made.
    pub fn new() -> Result<World> {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory)? } else { TempDir::new()? };
        let disk = folder.path().join("disk");
        std::fs::create_dir(&disk)?;
        World::over(folder, &disk)
    }

    /// Makes a world on a disk that is there already.
    ///
    /// # Errors
    /// Where the service cannot be started.
    pub fn on(disk: &Path) -> Result<World> {
        World::over(tempfile::tempdir()?, disk)
    }

    fn over(folder: TempDir, disk: &Path) -> Result<World> {
        let service = Service::start()?;
        let url = service.url("/do");
        std::fs::write(folder.path().join("journey.yaml"), journey::text(&url))?;
        std::fs::write(folder.path().join("courier.yaml"), journey::courier(&url))?;
        let (keyway, files) = (Keyway::at(disk.join("data")), disk.join("files"));
        std::fs::create_dir_all(&files)?;
        let (kills, answers) = (vec![], vec![]);
        Ok(World { folder, keyway, service, files, kills, announced: false, asks: None, answers })
    }

    /// Where nothing breaks: for pages and reports.
    pub fn safe_folder(&self) -> &Path {
        self.folder.path()
    }

    /// The command of the next life: `run` the first time, after that `answer` where the run asks, else `resume`.
    pub fn command(&mut self) -> Command {
        let life = self.service.next_life();
        match &self.asks {
            _ if life == 1 => self.start(&self.folder.path().join("journey.yaml")),
            Some(run) => {
                self.answers.push(life);
                self.keyway.command(&["answer", run, journey::ASKS, "yes", "--allow-private", "--no-wait"])
            }
            None => self.keyway.command(&["resume", "--allow-private", "--no-wait"]),
        }
    }

    /// The command that starts a run of a workflow.
    pub fn start(&self, file: &Path) -> Command {
        self.keyway.command(&[
            "run".as_ref(),
            file.as_os_str(),
            "--json".as_ref(),
            "--allow-private".as_ref(),
            "--no-wait".as_ref(),
            "--files".as_ref(),
            self.files.as_os_str(),
        ])
    }

    /// Lives until the run comes to its end, a process is killed, or one gives up. What the run asks on its way is
    /// answered, by a process of its own. Each is equipped before it is started.
    ///
    /// # Errors
    /// Where a command cannot be started, or what it left cannot be read.
    pub fn go_on(&mut self, mut equip: impl FnMut(&mut Command)) -> Result<Answer> {
        loop {
            let mut command = self.command();
            equip(&mut command);
            let answer = self.live(command)?;
            if answer.code != Some(WAITS) {
                return Ok(answer);
            }
        }
    }

    /// Starts a command with both its outputs piped.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn spawn(&self, mut command: Command) -> Result<Child> {
        Ok(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
    }

    /// Runs a command to its end, however it ends, and notes a kill.
    ///
    /// # Errors
    /// Where it cannot be started, or what it left cannot be read.
    pub fn live(&mut self, command: Command) -> Result<Answer> {
        let answer = self.end(self.spawn(command)?)?;
        if answer.code.is_none() {
            self.note_kill()?;
        }
        Ok(answer)
    }

    /// Waits for a process that ends, or was killed.
    ///
    /// # Errors
    /// Where its connections stay open.
    pub fn end(&mut self, child: Child) -> Result<Answer> {
        let answer = wait(child);
        self.announced |= run_id(&answer.stderr).is_some();
        self.asks = run_id(&answer.stderr).filter(|_| answer.code == Some(WAITS));
        self.service.drain()?;
        Ok(answer)
    }

    /// Remembers what was recorded when a process was killed.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn note_kill(&mut self) -> Result<()> {
        let life = self.service.life();
        let at = std::time::Instant::now();
        let (resuming, opened, rows_before) = (life > 1, true, 0);
        let seen = self.seen()?;
        let asks =
            |seen: &&RunSeen| seen.steps.get(journey::ASKS).is_some_and(|step| step.state == "waiting");
        self.asks = seen.as_ref().filter(asks).map(|seen| seen.run.clone());
        self.kills.push(Kill { at, life, resuming, opened, rows_before, seen });
        Ok(())
    }

    /// What is recorded of the run.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn seen(&self) -> Result<Option<RunSeen>> {
        look(&self.keyway)
    }

    /// Brings the run to its end and judges all that happened; a run of which nobody has heard may be gone. Gives what
    /// was broken, in words.
    ///
    /// # Errors
    /// Where a command cannot be started, or the database cannot be read.
    pub fn finish(&mut self) -> Result<Vec<String>> {
        let mut broken = vec![];
        let recorded = self.kills.iter().any(|kill| kill.seen.is_some());
        let heard = self.announced || recorded || !self.service.requests().is_empty();
        let answer = self.go_on(|_| ())?;
        if answer.code != Some(0) {
            broken.push(format!("it does not go on: {answer:?}"));
        }
        let Some(seen) = self.seen()? else {
            if heard {
                broken.push("the run is gone".into());
            }
            return Ok(broken);
        };
        if seen.status != "succeeded" {
            broken
                .push(format!("the run is {} ({:?} of {:?})", seen.status, seen.error_kind, seen.error_step));
        }
        broken.extend(self.judge(&seen.run)?);
        Ok(broken)
    }

    /// Judges a run that has ended.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn judge(&self, run: &str) -> Result<Vec<String>> {
        let requests = self.service.requests();
        let mut broken = judge_keyed(&requests, &self.kills, &journey::effects());
        broken.extend(judge_rests(&requests, &journey::rests_on));
        let last = requests.iter().filter(|request| request.step == "last").map(|request| request.life).min();
        if last.is_some_and(|life| self.answers.iter().any(|answer| *answer > life)) {
            broken.push("the run asks again although what rests on the answer was sent".into());
        }
        let shown = self.keyway.run(&["show", run, "--json"]);
        if shown.code != Some(0) || shown.json()["output"] != journey::output() {
            broken.push(format!("the output is not what it should be: {shown:?}"));
        }
        for file in journey::FILES {
            let text = std::fs::read_to_string(self.files.join(file));
            if text.as_deref().ok() != Some(journey::NOTES) {
                broken.push(format!("the file `{file}` holds {text:?}"));
            }
        }
        if let Err(error) = integrity(&self.keyway.data.join("keyway.db")) {
            broken.push(format!("{error:#}"));
        }
        Ok(broken)
    }
}

/// What SQLite itself says about a database.
///
/// # Errors
/// Where it finds something wrong.
pub fn integrity(database: &Path) -> Result<()> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let found: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).context("integrity_check")?;
    ensure!(found == "ok", "integrity_check: {found}");
    Ok(())
}
