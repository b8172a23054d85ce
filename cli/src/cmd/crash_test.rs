//! `keyway crash-test`: a workflow under its mocks, in which everything goes wrong once.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use dsl::diagnostic::Severity;
use dsl::span::Lines;
use server::rehearse::crash::{self, Crashed, Finding, Verdict};

use super::check::plural;
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, BUSY, FAINT, GOOD, STRONG};

/// Tell which steps of a workflow would act twice, or be in doubt, when something goes wrong
///
/// Each case of its test file is played again and again: the process dies at every row that it writes, each answer is late or
/// lost, each call is refused. Nothing is sent.
#[derive(ClapArgs)]
pub struct Args {
    /// Workflows that have a test file, test files, or folders [default: this folder]
    #[arg(value_name = "FILE|FOLDER")]
    places: Vec<PathBuf>,
    /// Play the cases alone whose name holds this text, or one of several such texts
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,
    /// Let so many things go wrong in a case at most; of more, so many are chosen evenly
    #[arg(long, value_name = "NUMBER", default_value_t = 5_000)]
    most: usize,
    /// Fail for doubts and effects that nobody notices, too
    #[arg(long)]
    strict: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let wanted =
        |name: &str| args.cases.is_empty() || args.cases.iter().any(|part| name.contains(part.as_str()));
    let mut all = vec![];
    for path in super::test::files(&args.places)? {
        let text = super::run::read(&path)?;
        let crashed = crash::crash(&path, &text, &wanted, args.most);
        all.push((path.display().to_string(), text, crashed));
    }
    let broken = |crashed: &Crashed| crashed.diagnostics.iter().any(|it| it.severity == Severity::Error);
    if args.json {
        let files = all.iter().map(|(file, text, crashed)| {
            let mut json = crash::to_json(crashed);
            json["file"] = file.as_str().into();
            json["diagnostics"] = dsl::render::json(file, text, &crashed.diagnostics)["diagnostics"].take();
            json
        });
        output::json(&serde_json::json!({ "files": files.collect::<Vec<_>>() }));
    } else {
        for (file, text, crashed) in &all {
            output::diagnostics(file, text, &crashed.diagnostics);
            if !broken(crashed) {
                output::result(&page(file, crashed));
            }
        }
    }
    let fails = |crashed: &Crashed| {
        broken(crashed) || crashed.acts_twice() || (args.strict && !crashed.findings.is_empty())
    };
    // Where nothing was played, nothing is known.
    let played = all.iter().map(|(_, _, crashed)| crashed.cases).sum::<usize>() > 0;
    Ok(if !played || all.iter().any(|(_, _, crashed)| fails(crashed)) { Exit::No } else { Exit::Done })
}

fn page(file: &str, crashed: &Crashed) -> String {
    let (path, text) = match &crashed.workflow {
        Some((path, text, _)) => (path.display().to_string(), text.as_str()),
        None => (file.to_owned(), ""),
    };
    let mut page = format!(
        "{STRONG}{path}{STRONG:#} {FAINT}{} with {}{FAINT:#}\n",
        plural(crashed.cases, "case"),
        plural(crashed.faults, "fault")
    );
    if crashed.left_out > 0 {
        page +=
            &format!("  {BUSY}{} left out{BUSY:#}; `--most` plays more\n", plural(crashed.left_out, "fault"));
    }
    for (case, why) in &crashed.not_played {
        page += &format!("  {BUSY}not played{BUSY:#} {case}: {why}\n");
    }
    for finding in &crashed.findings {
        page += &found(finding, &path, text);
    }
    for (step, safety) in &crashed.safe {
        let why = match safety {
            dsl::catalog::Safety::Keyed => "it is made again with the same key, which the service honours",
            dsl::catalog::Safety::Idempotent => "it may be made again: twice is as good as once",
            dsl::catalog::Safety::Read | dsl::catalog::Safety::Once => "nothing was found",
        };
        page += &format!("  {GOOD}safe{GOOD:#}        {step} {FAINT}{why}{FAINT:#}\n");
    }
    if crashed.cases == 0 {
        page += &format!("  {BAD}nothing was played{BAD:#}: no case is left\n");
    } else if crashed.findings.is_empty() && crashed.safe.is_empty() {
        page += &format!("  {GOOD}safe{GOOD:#}        no case of it acts\n");
    }
    page
}

fn found(finding: &Finding, path: &str, text: &str) -> String {
    let (style, word) = match finding.verdict {
        Verdict::Twice => (BAD, "acts twice"),
        Verdict::Unnoticed => (BUSY, "unnoticed"),
        Verdict::Doubt => (BUSY, "in doubt"),
    };
    let line = finding.span.map(|span| Lines::new(text).place(span.range().start).line);
    let place = line.map_or(String::new(), |line| format!(" {FAINT}{path}:{line}{FAINT:#}"));
    let mut page = format!(
        "  {style}{word:<11}{style:#} {} {FAINT}calls {}, {}{FAINT:#}{place}\n",
        finding.step,
        finding.action,
        crash::safety(finding.safety)
    );
    for (moment, case) in &finding.moments {
        page += &format!("    {FAINT}when{FAINT:#} {moment} {FAINT}(in: {case}){FAINT:#}\n");
    }
    for advice in &finding.advice {
        page += &format!("    {FAINT}help{FAINT:#} {advice}\n");
    }
    page
}
