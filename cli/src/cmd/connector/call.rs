//! `keyway connector call`: one action, tried by hand.

use clap::Args as ClapArgs;
use server::connector::Preview;

use super::tried::Tried;
use crate::error::{Exit, Trouble};
use crate::output::{self, FAINT, STRONG};

/// Call one action
#[derive(ClapArgs)]
pub struct Args {
    #[command(flatten)]
    tried: Tried,
    /// Print the request, its secrets as stars, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Print a failure as JSON too
    #[arg(long)]
    json: bool,
}

/// Carries the command out.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    let (connectors, with, key) = args.tried.ready(args.dry_run)?;
    let request = args.tried.request(&with, &key);
    if args.dry_run {
        return match connectors.preview(request).await {
            Ok(preview) => Ok(shown(&preview, args.json)),
            Err(failure) => Ok(failed(&failure, args.json)),
        };
    }
    match connectors.call(request).await {
        Ok(value) => {
            output::json(&value.to_json());
            Ok(Exit::Done)
        }
        Err(failure) => Ok(failed(&failure, args.json)),
    }
}

fn shown(preview: &Preview, json: bool) -> Exit {
    if json {
        let headers: serde_json::Map<String, serde_json::Value> =
            preview.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        output::json(&serde_json::json!({
            "method": preview.method,
            "url": preview.url,
            "headers": headers,
            "body": preview.body,
        }));
        return Exit::Done;
    }
    let mut text = format!("{STRONG}{} {}{STRONG:#}\n", preview.method, preview.url);
    for (name, value) in &preview.headers {
        text += &format!("{FAINT}{name}:{FAINT:#} {value}\n");
    }
    if !preview.body.is_empty() {
        text += &format!("\n{}\n", preview.body);
    }
    output::result(&text);
    Exit::Done
}

/// Prints why a call failed.
pub fn failed(failure: &dsl::catalog::Failure, json: bool) -> Exit {
    if json {
        output::json(&serde_json::json!({
            "error": {
                "kind": failure.kind.name(),
                "message": failure.message,
                "status": failure.status,
                "retryable": failure.retryable,
                "retry_after": failure.retry_after.map(|wait| wait.as_secs_f64()),
            }
        }));
        return Exit::No;
    }
    let wait = failure.retry_after.filter(|wait| !wait.is_zero());
    let help = match wait {
        Some(wait) => Some(format!("try again in {}", dsl::duration::format(wait))),
        None if failure.retryable => Some("the same call may succeed later".into()),
        None => None,
    };
    output::error(&failure.to_string(), help.as_deref());
    Exit::No
}
