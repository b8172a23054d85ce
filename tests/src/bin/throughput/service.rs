//! The service in a process of its own, asked over its socket by many at a time. What the steps call is answered by a stand-in
//! that does nothing; all else is what `keyway serve` does.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use dsl::value::Value;
use engine::command::Call;
use engine::run::RunId;
use runtime::executor::{Calling, Executor, Finding};
use rusqlite::{Connection, OpenFlags};
use server::home::Home;
use server::order::Order;
use server::protocol::{self, Reply, Request};
use server::serve::{Reach, Service, Settings, Shares};
use tests::machine;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

use crate::load::Runs;

/// A service that serves.
pub struct Serving {
    child: Child,
    asker: Arc<Asker>,
}

/// Who asks it.
struct Asker {
    data: PathBuf,
    text: String,
}

/// Answers `file.write` as if it had written, and leaves all else to the usual.
struct Still(Arc<dyn Executor>);

impl Executor for Still {
    fn call<'a>(&'a self, run: &'a RunId, call: &'a Call) -> Calling<'a> {
        if *call.action != *"file.write" {
            return self.0.call(run, call);
        }
        let field = |name| call.args.get(name).cloned().unwrap_or(Value::Null);
        let size = field("text").as_text().map_or(0, str::len);
        let written = [("path", field("path")), ("size", Value::Int(i64::try_from(size).unwrap_or(0)))];
        Box::pin(std::future::ready(Ok(Value::object(written)).into()))
    }

    fn find<'a>(&'a self, run: &'a RunId, workflow: &'a str, inputs: &'a Value) -> Finding<'a> {
        self.0.find(run, workflow, inputs)
    }

    fn adopt(&self, parent: &RunId, child: &RunId, note: &Value) {
        self.0.adopt(parent, child, note);
    }

    fn equip(&self, run: &RunId, note: &Value) {
        self.0.equip(run, note);
    }

    fn owner(&self, run: &RunId) -> Arc<str> {
        self.0.owner(run)
    }

    fn release(&self, run: &RunId) {
        self.0.release(run);
    }
}

/// Serves a data directory until standard input ends.
///
/// # Errors
/// Where it cannot be served.
pub fn serve(data: &Path) -> Result<()> {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    tokio.block_on(async {
        let settings = Settings {
            folder: None,
            reach: Reach::Public,
            grace: Duration::from_secs(5),
            shares: Shares::default(),
            http: None,
            metrics: None,
            keep: None,
            otlp: None,
            stand_in: Some(|usual| Arc::new(Still(usual))),
        };
        let mut service = Service::open(&Home::new(data), settings).await?;
        println!("ready");
        let ended = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0]));
        let stopped = async {
            let _ = ended.await;
        };
        service.run(stopped, |_| {}).await;
        service.close().await;
        Ok(())
    })
}

impl Serving {
    /// Starts one on an empty directory.
    ///
    /// # Errors
    /// Where it does not begin to serve.
    pub fn open(folder: &Path) -> Result<Serving> {
        let data = folder.join("data");
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--service").arg(&data).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("its output is piped")?;
        BufReader::new(stdout).read_line(&mut line)?;
        if line.trim() != "ready" {
            bail!("the service does not begin");
        }
        Ok(Serving { child, asker: Arc::new(Asker { data, text: text() }) })
    }

    /// Asks for ten steps in a row, so many runs at a time on a connection each, again and again for a time.
    ///
    /// # Errors
    /// Where a run does not succeed.
    pub fn linear(&self, at_a_time: usize, time: Duration) -> Result<Runs> {
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let start = Instant::now();
        tokio.block_on(async {
            let askers = (0..at_a_time).map(|_| self.asker.clone().again(start, time));
            let mut askers: tokio::task::JoinSet<_> = askers.collect();
            let mut took = vec![];
            while let Some(asker) = askers.join_next().await {
                took.extend(asker??);
            }
            Ok(Runs { whole: start.elapsed(), took })
        })
    }

    /// CPU time and peak memory of its process.
    ///
    /// # Errors
    /// Where it has gone.
    pub fn used(&self) -> Result<(Duration, u64)> {
        Ok((machine::cpu_time_of(self.child.id())?, machine::peak_memory_of(self.child.id())?))
    }

    /// How often its database was written.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn commits(&self) -> Result<u64> {
        let file = Home::new(&self.asker.data).database();
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let count: i64 = connection.query_row("SELECT count FROM pulse", [], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}

impl Asker {
    /// One run after another, for a time.
    async fn again(self: Arc<Asker>, start: Instant, time: Duration) -> Result<Vec<Duration>> {
        let socket = Home::new(&self.data).socket();
        let mut stream = tokio::io::BufReader::new(UnixStream::connect(socket).await?);
        let mut took = vec![];
        while start.elapsed() < time {
            took.push(self.one(&mut stream).await?);
        }
        Ok(took)
    }

    async fn one(&self, stream: &mut tokio::io::BufReader<UnixStream>) -> Result<Duration> {
        let run = server::order::new_run();
        let order = Order {
            run: run.clone(),
            file: self.data.join("linear.yaml"),
            text: self.text.clone(),
            inputs: Value::object([("name", Value::text("report"))]),
            files: self.data.join("files"),
            version: None,
            owner: "local".into(),
            allow_private: false,
        };
        let (begun, mut said) = (Instant::now(), vec![]);
        // Both in one breath: the second is answered behind the first.
        for request in [Request::Run(order), Request::Await { run }] {
            if !protocol::write(&mut said, &request).await {
                bail!("a request cannot be written");
            }
        }
        stream.get_mut().write_all(&said).await?;
        match answered(stream).await? {
            Reply::Started(_) => {}
            other => bail!("the run does not start: {other:?}"),
        }
        match answered(stream).await? {
            Reply::Ended(state) if state == "succeeded" => Ok(begun.elapsed()),
            other => bail!("the run does not succeed: {other:?}"),
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

async fn answered(stream: &mut tokio::io::BufReader<UnixStream>) -> Result<Reply> {
    protocol::read(stream).await?.context("the service says nothing")
}

/// Each step computes its path and its text from the one before.
fn text() -> String {
    let mut text =
        "name: linear\ninputs: { name: string }\nsteps:\n  s1: { use: file.write, with: { path: \"{{ \
                    inputs.name }}-1.txt\", text: \"{{ upper(inputs.name) }}\" } }\n"
            .to_owned();
    for step in 2..=10 {
        let before = step - 1;
        text += &format!(
            "  s{step}: {{ use: file.write, with: {{ path: \"{{{{ inputs.name }}}}-{{{{ steps.s{before}.size + 1 }}}}.txt\", \
             text: \"{{{{ steps.s{before}.path }}}} has {{{{ steps.s{before}.size }}}} letters\" }} }}\n"
        );
    }
    text
}
