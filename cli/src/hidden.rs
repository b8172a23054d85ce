//! Reading a secret: at the terminal without showing it, from standard input, from a file. Never an argument,
//! which other users of the machine could see.

use std::io::{IsTerminal, Read};
use std::path::PathBuf;

use clap::Args;
use server::Secret;

use crate::error::Trouble;

/// More than the vault takes, so that it can say what is too long.
const LONGEST: u64 = 128 * 1024;

/// Where a secret is read from
#[derive(Args)]
pub struct From {
    /// Read it from standard input; a line break at its end does not belong to it
    #[arg(long)]
    stdin: bool,
    /// Read it from this file; a line break at its end does not belong to it
    #[arg(long, value_name = "FILE", conflicts_with = "stdin")]
    file: Option<PathBuf>,
}

impl From {
    /// Reads it.
    pub fn read(&self, prompt: &str) -> Result<Secret, Trouble> {
        match &self.file {
            Some(path) => {
                let told = |error: std::io::Error| {
                    Trouble::new(format!("`{}` cannot be read: {error}", path.display()))
                };
                whole(std::fs::File::open(path).map_err(told)?)
            }
            None if self.stdin => whole(std::io::stdin().lock()),
            None if std::io::stdin().is_terminal() => typed(prompt),
            None => Err(Trouble::new("there is no terminal to type it at")
                .help("give it with `--stdin` or `--file FILE`")),
        }
    }
}

fn typed(prompt: &str) -> Result<Secret, Trouble> {
    let text = rpassword::prompt_password(format!("{prompt}: "));
    let text = text.map_err(|error| Trouble::new(format!("nothing was typed: {error}")))?;
    Ok(Secret::new(text))
}

fn whole(from: impl Read) -> Result<Secret, Trouble> {
    // The room is taken at once, since a text that grows leaves copies behind.
    let mut bytes = Vec::with_capacity(usize::try_from(LONGEST).unwrap_or(0));
    from.take(LONGEST)
        .read_to_end(&mut bytes)
        .map_err(|error| Trouble::new(format!("it cannot be read: {error}")))?;
    let end = match &bytes[..] {
        [.., b'\r', b'\n'] => bytes.len() - 2,
        [.., b'\n'] => bytes.len() - 1,
        _ => bytes.len(),
    };
    bytes.truncate(end);
    // What was wrong is not shown: it is a part of a secret.
    String::from_utf8(bytes).map(Secret::new).map_err(|_| {
        Trouble::no("it is not text in UTF-8")
            .help("keep other bytes as base64, and decode them where they are used")
    })
}

/// A secret that is typed, or read from standard input where that is no terminal.
pub fn asked(prompt: &str) -> Result<Secret, Trouble> {
    From { stdin: false, file: None }.read(prompt)
}

/// A secret that is a whole file, or all of standard input where none is named.
pub fn all_of(file: Option<&std::path::Path>) -> Result<Secret, Trouble> {
    From { stdin: file.is_none(), file: file.map(ToOwned::to_owned) }.read("")
}

/// So many secrets from standard input, a line for each.
pub fn lines(count: usize) -> Result<Vec<Secret>, Trouble> {
    let whole = From { stdin: true, file: None }.read("")?;
    let given: Vec<Secret> = whole.expose().lines().map(|line| Secret::new(line.to_owned())).collect();
    if given.len() != count {
        let wanted = match count {
            1 => "one secret is wanted".to_owned(),
            count => format!("{count} secrets are wanted, a line for each"),
        };
        return Err(Trouble::no(format!("{wanted}, and {} lines were given", given.len())));
    }
    Ok(given)
}
