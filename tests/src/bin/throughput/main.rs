//! How fast runs are on SQLite on disk, beside what the disk itself gives in the same minute.
//!
//! `cargo run --release -p tests --bin throughput` measures everything and writes `docs/measured/throughput.md`.
//! Each part runs in a process of its own, so that its memory and its CPU time are its own. `--folder DIR`
//! says where the databases stand (`target/throughput`), `--quick` measures a tenth and writes nothing.

mod load;
mod parts;
mod service;
mod table;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use parts::{Effort, Measure, Part};
use tests::machine;

struct Options {
    folder: PathBuf,
    effort: Effort,
    part: Option<Part>,
}

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn measure() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, data] = &words[..]
        && flag == "--service"
    {
        return service::serve(data.as_ref());
    }
    let options = options()?;
    std::fs::create_dir_all(&options.folder)?;
    let disk = machine::disk(&options.folder)?;
    if disk.in_memory() {
        bail!(
            "`{}` is on {}, which is memory; `--folder DIR` names a disk",
            options.folder.display(),
            disk.kind
        );
    }
    if let Some(part) = options.part {
        let measure = parts::run(part, &options.folder, options.effort)?;
        println!("{}", serde_json::to_string(&measure)?);
        return Ok(());
    }
    let mut measures = vec![];
    for part in Part::ALL {
        eprintln!("{} …", part.name());
        measures.push(in_own_process(part, &options, &[])?);
    }
    eprintln!("fsyncs …");
    let syncs = count_syncs(&options)?;
    let report = table::report(&measures, syncs.as_ref(), &disk)?;
    println!("{report}");
    if options.effort == Effort::Full {
        let path = tests::root().join("docs/measured/throughput.md");
        std::fs::create_dir_all(path.parent().context("it stands in a folder")?)?;
        std::fs::write(&path, report)?;
        eprintln!("written to docs/measured/throughput.md");
    }
    Ok(())
}

fn options() -> Result<Options> {
    let folder = tests::root().join("target/throughput");
    let mut options = Options { folder, effort: Effort::Full, part: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--folder" => options.folder = words.next().context("`--folder` needs a directory")?.into(),
            "--quick" => options.effort = Effort::Quick,
            "--bare" => options.effort = Effort::Bare,
            "--part" => {
                let name = words.next().context("`--part` needs a name")?;
                let part = Part::ALL.into_iter().find(|part| part.name() == name);
                options.part = Some(part.with_context(|| format!("there is no part `{name}`"))?);
            }
            other => {
                bail!("`{other}` is not an option; there are `--folder DIR`, `--quick` and `--part NAME`")
            }
        }
    }
    Ok(options)
}

/// Measures a part in a child, behind `wrapper` where there is one.
fn in_own_process(part: Part, options: &Options, wrapper: &[&str]) -> Result<Measure> {
    let own = std::env::current_exe()?;
    let mut words: Vec<&OsStr> = wrapper.iter().map(AsRef::as_ref).collect();
    words.extend([own.as_os_str(), "--part".as_ref(), part.name().as_ref(), "--folder".as_ref()]);
    words.push(options.folder.as_os_str());
    let effort = if wrapper.is_empty() { options.effort } else { Effort::Bare };
    let flag = match effort {
        Effort::Full => None,
        Effort::Quick => Some(OsStr::new("--quick")),
        Effort::Bare => Some(OsStr::new("--bare")),
    };
    words.extend(flag);
    let output = Command::new(words[0]).args(&words[1..]).stderr(std::process::Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("the part `{}` ended with {}", part.name(), output.status);
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A short part under `strace`: its commits as the driver counts them, and its fsyncs as `strace` does.
/// Nothing where there is no `strace`.
fn count_syncs(options: &Options) -> Result<Option<(Measure, u64)>> {
    if Command::new("strace").arg("-V").output().is_err() {
        return Ok(None);
    }
    let log = options.folder.join("strace.txt");
    let text = log.to_str().context("the folder has a name in Unicode")?;
    let wrapper = ["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", text];
    let measure = in_own_process(Part::Linear32, options, &wrapper)?;
    // Lines are `% time, seconds, usecs/call, calls, [errors,] syscall`.
    let counted = std::fs::read_to_string(&log)?;
    let calls = counted.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let wanted = matches!(words.last(), Some(&"fsync" | &"fdatasync"));
        words.get(3).filter(|_| wanted)?.parse::<u64>().ok()
    });
    Ok(Some((measure, calls.sum())))
}
