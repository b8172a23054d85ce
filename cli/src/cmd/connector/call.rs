//! `keyway connector call`: one action, tried by hand.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use dsl::diagnostic::nearest;
use server::connections::Trying;
use server::connector::Preview;
use server::serve::Reach;

use crate::cmd::{Data, Whose};
use crate::error::{Exit, Trouble};
use crate::hidden;
use crate::output::{self, FAINT, STRONG};

/// Call one action
#[derive(ClapArgs)]
pub struct Args {
    /// The action, as in `slack.post_message`
    #[arg(value_name = "CONNECTOR.ACTION")]
    action: String,
    /// Its parameters, as JSON
    #[arg(long, value_name = "JSON", default_value = "{}")]
    with: String,
    /// The connection; your only one where none is given
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Read the secret from standard input instead of taking a connection
    #[arg(long, conflicts_with = "connection")]
    token_stdin: bool,
    /// A field of the connection, for `--token-stdin` and `--dry-run`
    #[arg(long = "field", value_name = "NAME=VALUE")]
    fields: Vec<String>,
    /// The way to sign in, for `--token-stdin` and `--dry-run`; the first where none is given
    #[arg(long, value_name = "NAME")]
    auth: Option<String>,
    /// Call here instead of at the service's own address
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Allow private addresses, and any host with `--base-url`
    #[arg(long)]
    allow_private: bool,
    /// Print the request, its secrets as stars, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Print a failure as JSON too
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    let id = args.action.as_str();
    let connector = id.split_once('.').map_or(id, |(connector, _)| connector);
    let manifest = super::docs::find(connector)?;
    let known = server::catalog();
    if known.get(id).is_none() {
        let names: Vec<&str> = known.actions_of(connector).iter().map(|action| &*action.id).collect();
        let wrong = Trouble::no(format!("there is no action `{id}`"));
        return Err(match nearest(id, names.iter().copied()) {
            Some(near) => wrong.help(format!("did you mean `{near}`?")),
            None => wrong.help(format!("`{connector}` has `{}`", names.join("`, `"))),
        });
    }
    let with = dsl::json::parse(&args.with)
        .map_err(|error| Trouble::no(format!("`--with` is not JSON: {error}")))?;
    let fields = args.fields.iter().map(|pair| crate::cmd::connect::pair(pair));
    let fields = fields.collect::<Result<Vec<_>, Trouble>>()?;
    let way = crate::cmd::connect::way(manifest, args.auth.as_deref())?;
    let secrets = match args.token_stdin {
        true => Some(hidden::lines(way.secrets.len())?),
        false => None,
    };
    let trying = Trying {
        home: args.data.home()?,
        owner: args.whose.id(&args.data)?,
        manifest,
        connection: args.connection.as_deref(),
        way,
        fields: &fields,
        secrets,
        dry: args.dry_run,
        base: args.base_url.as_deref(),
        reach: if args.allow_private { Reach::Private } else { Reach::Public },
        files: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
    };
    let connectors = trying.connectors()?;
    let key = server::connections::try_key();
    let request = server::connector::Request {
        connection: args.connection.as_deref(),
        base: args.base_url.as_deref(),
        ..server::connector::Request::new(id, &with, &key)
    };
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

fn failed(failure: &dsl::catalog::Failure, json: bool) -> Exit {
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
