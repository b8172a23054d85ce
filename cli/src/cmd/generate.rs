//! `keyway generate`: a workflow out of plain words, or a change of one. It is a draft: nothing starts, and no file is
//! overwritten unless that is said.

use std::borrow::Cow;
use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use dsl::catalog::Catalog;
use server::drafts::{self, Answer, Asked, Kind, Wish, Wisher};
use server::serve::Reach;
use server::vault::LOCAL;

use super::{Data, Whose, on_runtime};
use crate::error::{Exit, Trouble};
use crate::fresh;
use crate::output::{self, BUSY, FAINT, GOOD, STRONG};
use crate::rewrite::rewrite;

/// How many questions are asked at most before somebody is left alone with the wish.
const QUESTIONS: usize = 8;

/// Draft a workflow out of plain words, in English, German, French, Spanish or Italian, or change one
///
/// The draft passes the checker and is played on mocks. Exit 0 with a draft, 1 with a question or a refusal.
#[derive(ClapArgs)]
pub struct Args {
    /// What it is to do, as in "every weekday at 9 summarise my unread mail and post it to #standup"; with `--edit`, what is to change
    wish: String,
    /// Change this file: the smallest change that does it, told line by line and by what it does otherwise
    #[arg(long, value_name = "FILE")]
    edit: Option<PathBuf>,
    /// Answer the question that was asked before; several times for several questions, in their order
    #[arg(long = "answer", value_name = "TEXT")]
    answers: Vec<String>,
    /// The time zone of the times in the wish [default: that of this machine]
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Ask no model
    #[arg(long)]
    offline: bool,
    /// Let the model be at a private address, as one on this machine is
    #[arg(long)]
    allow_private: bool,
    /// Write the draft to this file, which must not be there yet; with `--edit` and without a file, to the one that is changed
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    apply: Option<Option<PathBuf>>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let target = target(args)?;
    let models = Models { offline: args.offline, allow_private: args.allow_private };
    let desk = Desk::open(&args.whose, &args.data, args.zone.as_deref(), models)?;
    let text = args.edit.as_deref().map(super::run::read).transpose()?;
    let catalog = match (&args.edit, &text) {
        (Some(file), Some(text)) => server::beside::catalog(file, text),
        _ => Cow::Borrowed(drafts::catalog()),
    };
    let mut answers = args.answers.clone();
    let mut answer = loop {
        let wish = Wish { text: args.wish.clone(), answers: answers.clone() };
        let asked = match &text {
            Some(text) => Asked::Edit { text: text.clone(), wish },
            None => Asked::New(wish),
        };
        let answer = desk.answer(&asked, &catalog)?;
        match reply(&answer, args, answers.len() - args.answers.len()) {
            Some(reply) => answers.push(reply),
            None => break answer,
        }
    };
    desk.look_closer(&mut answer, &catalog)?;
    let mut written = None;
    if let (Kind::Draft, Some(target), Some(yaml)) = (answer.kind, &target, &answer.yaml) {
        match target {
            Target::Fresh(file) => write(file, yaml)?,
            Target::Same(file) => replace(file, text.as_deref().unwrap_or_default(), yaml)?,
        }
        written = Some(target.file());
    }
    if args.json {
        output::json(&serde_json::to_value(&answer).map_err(|error| Trouble::new(error.to_string()))?);
    } else {
        show(&answer, written, args.edit.is_some());
    }
    Ok(if answer.kind == Kind::Draft { Exit::Done } else { Exit::No })
}

/// Where a draft is written.
enum Target {
    /// Where nothing is yet.
    Fresh(PathBuf),
    /// Where the text is that it is made of.
    Same(PathBuf),
}

impl Target {
    fn file(&self) -> &Path {
        match self {
            Target::Fresh(file) | Target::Same(file) => file,
        }
    }
}

fn target(args: &Args) -> Result<Option<Target>, Trouble> {
    match (&args.apply, &args.edit) {
        (None, _) => Ok(None),
        (Some(Some(file)), _) if fresh::is_taken(file) => Err(there(file)),
        (Some(Some(file)), _) => Ok(Some(Target::Fresh(file.clone()))),
        (Some(None), Some(file)) => Ok(Some(Target::Same(file.clone()))),
        (Some(None), None) => {
            Err(Trouble::no("`--apply` names no file").help("name a file that is not there, behind it"))
        }
    }
}

/// Who asks, where, and with whose models.
pub(super) struct Desk<'a> {
    whose: &'a Whose,
    data: &'a Data,
    wisher: Wisher,
    /// Where the model may be that is asked; nothing where none is.
    models: Option<Reach>,
}

/// Whether a model is asked, and where it may be.
#[derive(Clone, Copy)]
pub(super) struct Models {
    pub(super) offline: bool,
    pub(super) allow_private: bool,
}

impl<'a> Desk<'a> {
    pub(super) fn open(
        whose: &'a Whose,
        data: &'a Data,
        zone: Option<&str>,
        models: Models,
    ) -> Result<Desk<'a>, Trouble> {
        let there = data.home()?.database().exists();
        let connected = if there {
            let (vault, owner) = whose.vault(data)?;
            drafts::connected(&vault, &owner)?
        } else {
            vec![]
        };
        let Some(wisher) = Wisher::new(zone, connected) else {
            let zone = zone.unwrap_or_default();
            return Err(
                Trouble::no(format!("there is no time zone `{zone}`")).help("give it as `Europe/Berlin`")
            );
        };
        let reach = if models.allow_private { Reach::Private } else { Reach::Public };
        Ok(Desk { whose, data, wisher, models: (there && !models.offline).then_some(reach) })
    }

    pub(super) fn answer(&self, asked: &Asked, catalog: &Catalog) -> Result<Answer, Trouble> {
        let Some(reach) = self.models else {
            return Ok(drafts::answer(asked, &self.wisher, catalog));
        };
        let (home, owner) = (self.data.home()?, self.whose.id(self.data)?);
        on_runtime(async {
            Ok(drafts::answer_at(asked, &self.wisher, catalog, (&home, &owner, reach)).await?)
        })
    }

    /// What the owner's connections lack, and what the models would cost with the owner's keys.
    pub(super) fn look_closer(&self, answer: &mut Answer, catalog: &Catalog) -> Result<(), Trouble> {
        let home = self.data.home()?;
        let (vault, owner) = if home.database().exists() {
            let (vault, owner) = self.whose.vault(self.data)?;
            (Some(vault), owner)
        } else {
            (None, LOCAL.to_owned())
        };
        on_runtime(async { Ok(drafts::look_closer(answer, catalog, &home, &owner, vault.as_ref()).await?) })
    }
}

/// What somebody says to a question, where somebody sits there who can be asked; nothing ends it.
fn reply(answer: &Answer, args: &Args, asked: usize) -> Option<String> {
    let question = answer.question.as_deref().filter(|_| answer.kind == Kind::Question)?;
    if args.json || asked >= QUESTIONS || !std::io::stdin().is_terminal() {
        return None;
    }
    output::note(&format!("{BUSY}question{BUSY:#}: {question}"));
    for (at, choice) in answer.choices.iter().enumerate() {
        output::note(&format!("  {STRONG}{}{STRONG:#} {choice}", at + 1));
    }
    let how = if answer.choices.is_empty() { "your answer" } else { "a number, or your answer" };
    output::note(&format!("{FAINT}{how}; an empty line leaves it{FAINT:#}"));
    output::ask();
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).ok()?;
    said(line.trim(), &answer.choices)
}

/// The choice that a number stands for, or the words themselves.
fn said(line: &str, choices: &[String]) -> Option<String> {
    if line.is_empty() {
        return None;
    }
    let chosen = line.parse::<usize>().ok().and_then(|number| choices.get(number.checked_sub(1)?));
    Some(chosen.cloned().unwrap_or_else(|| line.to_owned()))
}

fn there(file: &Path) -> Trouble {
    Trouble::no(format!("`{}` is there already", file.display()))
        .help("name a file that is not there: a draft overwrites nothing")
}

/// Writes a draft to a file that nobody else has made meanwhile.
fn write(file: &Path, text: &str) -> Result<(), Trouble> {
    match fresh::write(file, text) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(there(file)),
        Err(error) => Err(Trouble::new(format!("`{}` cannot be written: {error}", file.display()))),
    }
}

/// Writes a text in the place of the one that it was made of, unless somebody has written there meanwhile.
pub(super) fn replace(file: &Path, was: &str, text: &str) -> Result<(), Trouble> {
    if super::run::read(file)? != was {
        let changed = Trouble::no(format!("`{}` has changed meanwhile; nothing was written", file.display()));
        return Err(changed.help("do it again with the file as it is now"));
    }
    rewrite(file, text)
}

/// A part of what is told, with its head.
pub(super) fn part(title: &str, lines: Vec<String>) {
    if !lines.is_empty() {
        output::note(&format!("\n{STRONG}{title}{STRONG:#}"));
        lines.iter().for_each(|line| output::note(line));
    }
}

fn show(answer: &Answer, written: Option<&Path>, edits: bool) {
    match answer.kind {
        Kind::Question => {
            output::note(&format!(
                "{BUSY}question{BUSY:#}: {}",
                answer.question.as_deref().unwrap_or_default()
            ));
            answer.choices.iter().for_each(|choice| output::note(&format!("  - {choice}")));
            output::note(&format!("{FAINT}answer it with `--answer \"…\"` behind the same wish{FAINT:#}"));
        }
        Kind::Refusal => output::note(&format!(
            "{BUSY}not possible{BUSY:#}: {}",
            answer.reason.as_deref().unwrap_or_default()
        )),
        Kind::Draft => {
            if edits {
                differs(answer);
            } else {
                output::result(answer.yaml.as_deref().unwrap_or_default());
                part("What it does", answer.explanation.lines().map(str::to_owned).collect());
            }
            part("Taken to be meant", answer.assumptions.iter().map(|text| format!("- {text}")).collect());
            let open = answer.missing.iter().map(|json| {
                let typed = json["type"].as_str().map(|typed| format!(": `{typed}`")).unwrap_or_default();
                format!("- {}{typed}", json["message"].as_str().unwrap_or_default())
            });
            part("Before it can run", open.collect());
            match (written, edits) {
                (Some(file), false) => output::note(&format!(
                    "\n{GOOD}✓{GOOD:#} the draft is `{}`; nothing was started",
                    file.display()
                )),
                (Some(file), true) => output::note(&format!(
                    "\n{GOOD}✓{GOOD:#} `{}` is written; nothing was deployed",
                    file.display()
                )),
                (None, false) => output::note(&format!(
                    "\n{FAINT}a draft: nothing was stored or started; `--apply FILE` writes it{FAINT:#}"
                )),
                (None, true) => output::note(&format!(
                    "\n{FAINT}a draft: nothing was written; `--apply` writes it to the file{FAINT:#}"
                )),
            }
        }
    }
}

/// What differs from the text before, line by line and by what it does.
pub(super) fn differs(answer: &Answer) {
    output::result(&super::deploy::coloured(answer.diff.as_deref().unwrap_or_default()));
    let change = answer.changes.clone().and_then(|lines| serde_json::from_value(lines).ok());
    if let Some(lines) = change {
        let told = super::deploy::behaviour(&server::change::Change { lines });
        part("What it does otherwise", told.lines().map(str::to_owned).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_choice_and_words_are_an_answer() {
        let choices = ["at 05:00".to_owned(), "at 17:00".to_owned()];
        assert_eq!(said("2", &choices).as_deref(), Some("at 17:00"));
        assert_eq!(said("3", &choices).as_deref(), Some("3"));
        assert_eq!(said("0", &choices).as_deref(), Some("0"));
        assert_eq!(said("at noon", &choices).as_deref(), Some("at noon"));
        assert_eq!(said("", &choices), None);
    }
}
