//! `keyway help`: the help of a command, or a topic: a section of the cheat sheet.

use clap::{Args as ClapArgs, Command, CommandFactory};
use dsl::diagnostic::nearest;

use super::Line;
use crate::error::{Exit, Trouble};
use crate::output::{self, BUSY, STRONG};

/// The page whose sections are the topics.
const SHEET: &str = include_str!("../../../docs/cheatsheet.md");

/// Show the help of a command, or a topic such as `expressions`
#[derive(ClapArgs)]
pub struct Args {
    /// A command with those below it, as in `vault rotate`, or a topic; without one, all commands and topics
    #[arg(value_name = "COMMAND|TOPIC")]
    words: Vec<String>,
}

/// A section of the cheat sheet.
struct Topic {
    /// The first word of its head, in small letters.
    name: String,
    /// Its head.
    title: &'static str,
    /// What stands below.
    text: &'static str,
}

fn topics() -> Vec<Topic> {
    let sections = SHEET.split("\n## ").skip(1);
    let topic = |section: &'static str| {
        let (title, text) = section.split_once('\n').unwrap_or((section, ""));
        let name = title.split([' ', ':']).next().unwrap_or(title).to_lowercase();
        Topic { name, title, text: text.trim() }
    };
    sections.map(topic).collect()
}

/// What follows the list of all commands.
pub fn after() -> String {
    let names: Vec<String> = topics().into_iter().map(|topic| topic.name).collect();
    format!(
        "Begin with `keyway help start`. Topics: {}.\n`keyway help TOPIC` shows one, `keyway help COMMAND` a command.",
        names.join(", ")
    )
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let mut line = Line::command();
    line.build();
    if let [name] = args.words.as_slice()
        && let Some(topic) = topics().into_iter().find(|topic| topic.name == name.to_lowercase())
    {
        output::result(&format!("{STRONG}{}{STRONG:#}\n\n{}", topic.title, page(topic.text)));
        return Ok(Exit::Done);
    }
    let mut command = &mut line;
    for (depth, word) in args.words.iter().enumerate() {
        let known: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
        if !known.contains(word) {
            return Err(unknown(word, depth, known));
        }
        command = command.find_subcommand_mut(word).ok_or_else(|| unknown(word, depth, known))?;
    }
    // As its flag shows it, which is short where no flag has more to say.
    let flag = ["keyway"].into_iter().chain(args.words.iter().map(String::as_str)).chain(["--help"]);
    let shown = match Line::command().try_get_matches_from(flag) {
        Err(help) => help.render().ansi().to_string(),
        Ok(_) => Command::render_help(command).ansi().to_string(),
    };
    output::result(shown.trim_end());
    Ok(Exit::Done)
}

fn unknown(word: &str, depth: usize, mut known: Vec<String>) -> Trouble {
    if depth > 0 {
        return Trouble::no(format!("there is no command `{word}` there"))
            .help("leave it out to see which there are");
    }
    known.extend(topics().into_iter().map(|topic| topic.name));
    let trouble = Trouble::no(format!("there is no command and no topic `{word}`"));
    match nearest(word, known.iter().map(String::as_str)) {
        Some(near) => trouble.help(format!("did you mean `{near}`?")),
        None => trouble.help("`keyway help` lists them"),
    }
}

/// Markdown for a terminal: fences go and their lines are indented, links become their words, rows of tables columns.
fn page(text: &str) -> String {
    let mut out = String::new();
    let mut code = false;
    let mut table: Vec<Vec<String>> = vec![];
    for line in text.lines() {
        if !code && line.starts_with('|') {
            table.push(cells(line));
            continue;
        }
        out += &columns(std::mem::take(&mut table));
        match (line.starts_with("```"), code) {
            (true, _) => code = !code,
            (false, true) => out += &format!("    {line}\n"),
            (false, false) => out += &format!("{}\n", words(line)),
        }
    }
    out + &columns(table)
}

/// The cells of a row; a bar with a backslash before it is no border.
fn cells(line: &str) -> Vec<String> {
    let row = line.trim().trim_matches('|').replace("\\|", "\u{1}");
    row.split('|').map(|cell| words(cell.trim()).replace('\u{1}', "|")).collect()
}

/// A line without the marks of links.
fn words(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('[') {
        let link =
            after.split_once("](").and_then(|(shown, target)| Some((shown, target.split_once(')')?.1)));
        out += before;
        match link.filter(|(shown, _)| !shown.contains(['[', '`']) || shown.matches('`').count() == 2) {
            Some((shown, left)) => {
                out += shown;
                rest = left;
            }
            None => {
                out.push('[');
                rest = after;
            }
        }
    }
    out + rest
}

/// The rows of a table, the first column as wide as its widest cell.
fn columns(table: Vec<Vec<String>>) -> String {
    let is_rule =
        |row: &[String]| row.iter().all(|cell| cell.chars().all(|char| matches!(char, '-' | ' ' | ':')));
    // The head says no more than the topic does.
    let rows: Vec<Vec<String>> = table.into_iter().skip(1).filter(|row| !is_rule(row)).collect();
    let first = |row: &Vec<String>| row.first().map_or(0, |cell| cell.chars().count());
    let width = rows.iter().map(first).max().unwrap_or(0);
    let line = |row: &Vec<String>| {
        let (head, rest) = row.split_first().map_or(("", &[][..]), |(head, rest)| (head.as_str(), rest));
        let gap = " ".repeat(width.saturating_sub(head.chars().count()));
        format!("  {BUSY}{head}{BUSY:#}{gap}  {}\n", rest.join("  "))
    };
    rows.iter().map(line).collect()
}
