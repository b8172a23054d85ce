//! One action with everything that it is tried with, for the commands that do.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use dsl::diagnostic::nearest;
use dsl::value::Value;
use server::connections::Trying;
use server::connector::{Connectors, Request};
use server::serve::Reach;

use crate::cmd::{Data, Whose};
use crate::error::Trouble;
use crate::hidden;

/// What an action is tried with.
#[derive(ClapArgs)]
pub struct Tried {
    /// The action, as in `slack.post_message`
    #[arg(value_name = "CONNECTOR.ACTION")]
    pub action: String,
    /// Its parameters, as JSON
    #[arg(long, value_name = "JSON", default_value = "{}")]
    with: String,
    /// The connection; your only one where none is given
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Read the secret from standard input instead of taking a connection
    #[arg(long, conflicts_with = "connection")]
    token_stdin: bool,
    /// A field of the connection, where none is stored
    #[arg(long = "field", value_name = "NAME=VALUE")]
    fields: Vec<String>,
    /// The way to sign in, where no connection is stored; the first where none is given
    #[arg(long, value_name = "NAME")]
    auth: Option<String>,
    /// Call here instead of at the service's own address
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Allow private addresses, and any host with `--base-url`
    #[arg(long)]
    allow_private: bool,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    data: Data,
}

impl Tried {
    /// The connector of the action.
    pub fn connector(&self) -> &str {
        self.action.split_once('.').map_or(self.action.as_str(), |(connector, _)| connector)
    }

    /// The actions, the parameters, and a key of this call alone; nothing is sent yet.
    ///
    /// # Errors
    /// Where there is no such action, or something given does not fit.
    pub fn ready(&self, dry: bool) -> Result<(Connectors, Value, String), Trouble> {
        let (id, connector) = (self.action.as_str(), self.connector());
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
        let with = dsl::json::parse(&self.with)
            .map_err(|error| Trouble::no(format!("`--with` is not JSON: {error}")))?;
        let fields = self.fields.iter().map(|pair| crate::cmd::connect::pair(pair));
        let fields = fields.collect::<Result<Vec<_>, Trouble>>()?;
        let way = crate::cmd::connect::way(manifest, self.auth.as_deref())?;
        let secrets = match self.token_stdin {
            true => Some(hidden::lines(way.secrets.len())?),
            false => None,
        };
        let trying = Trying {
            home: self.data.home()?,
            owner: self.whose.id(&self.data)?,
            manifest,
            connection: self.connection.as_deref(),
            way,
            fields: &fields,
            secrets,
            dry,
            base: self.base_url.as_deref(),
            reach: if self.allow_private { Reach::Private } else { Reach::Public },
            files: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
        };
        Ok((trying.connectors()?, with, server::connections::try_key()))
    }

    /// The call itself.
    pub fn request<'a>(&'a self, with: &'a Value, key: &'a str) -> Request<'a> {
        Request {
            connection: self.connection.as_deref(),
            base: self.base_url.as_deref(),
            ..Request::new(&self.action, with, key)
        }
    }
}
