//! Actions of manifests that code carries out, since no request over HTTP does: handing a message to a mail server, reading
//! a mailbox, a feed at whatever address, asking a database. All else about them is data as for every action: parameters, types, safety, limits, sign-in.

mod feed;
pub(crate) mod imap;
pub(crate) mod smtp;
pub(crate) mod sql;

use std::sync::Arc;
use std::time::Duration;

use dsl::catalog::{Failure, Safety};
use dsl::types::Marks;
use dsl::value::Value;
use egress::{Dialect, May};
use secret::Hole;

use crate::builtin::http::body::hole;
use crate::builtin::http::build::invalid;
use crate::call::fill::Names;
use crate::call::{Preview, fill};
use crate::connection::Connection;
use crate::manifest::auth::{Auth, Kind};
use crate::params::{Params, no_secret};

/// A piece of code that carries an action out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Deletes a message of a mailbox.
    ImapDelete,
    /// Lists messages of a mailbox.
    ImapFind,
    /// Lists the folders of a mailbox.
    ImapFolders,
    /// Reads a message of a mailbox.
    ImapGet,
    /// Marks a message of a mailbox.
    ImapMark,
    /// Moves a message of a mailbox.
    ImapMove,
    /// Lists what is new in a mailbox.
    ImapNews,
    /// Signs in at a mailbox.
    ImapTry,
    /// Changes rows of MySQL or MariaDB.
    MysqlExecute,
    /// Reads rows of MySQL or MariaDB.
    MysqlQuery,
    /// Signs in at MySQL or MariaDB.
    MysqlTry,
    /// Changes rows of PostgreSQL.
    PostgresExecute,
    /// Reads rows of PostgreSQL.
    PostgresQuery,
    /// Signs in at PostgreSQL.
    PostgresTry,
    /// Reads a feed.
    ReadFeed,
    /// Hands a message to a mail server.
    SmtpSend,
    /// Signs in at a mail server, and sends nothing.
    SmtpTry,
}

/// What code is called with.
pub(crate) struct Coded<'a> {
    /// The action's id.
    pub id: &'a str,
    /// What makes repeats of the call known as such.
    pub key: &'a str,
    /// The way out, which opens the secrets of the connection for its hosts alone.
    pub egress: egress::Client,
    /// The connection.
    pub connection: &'a Connection,
    /// The way to sign in that the connection has.
    pub auth: &'a Auth,
    /// Where the service stands, where not where the connection says.
    pub base: Option<&'a str>,
    /// Longest time of an exchange.
    pub timeout: Duration,
}

impl Coded<'_> {
    /// What ways to sign in are read with: the secrets as holes, and `connection`.
    fn names(&self) -> Names {
        let hole = |name: &str| Value::Hole(Arc::new(dsl::value::Hole::Name(name.to_owned())));
        let names = Names::new(self.key).with("connection", self.connection.value());
        let secrets = self.connection.secrets.iter();
        secrets.fold(names, |names, (name, kept)| names.with(name.clone(), hole(kept)))
    }

    /// The user and the password of the connection; `whom` is asked by them, in words.
    fn login(&self, whom: &str) -> Result<(String, Hole), Failure> {
        let Kind::Basic { user, password } = &self.auth.kind else {
            return Err(invalid(&format!(
                "{whom} take a user and a password, and the connection has another way"
            )));
        };
        let names = self.names();
        let missing = |what: &str| invalid(&format!("the {what} of the connection was not given"));
        let user = match fill::value(user, &names)?.ok_or_else(|| missing("user"))? {
            Value::Text(user) => user.to_string(),
            _ => return Err(no_secret("user")),
        };
        let password = match fill::value(password, &names)?.ok_or_else(|| missing("password"))? {
            Value::Hole(inner) => hole(&inner),
            value => Hole::Plain(value.to_string()),
        };
        Ok((user, password))
    }
}

impl Code {
    /// All of them, sorted by their names.
    pub const ALL: [Code; 17] = [
        Code::ImapDelete,
        Code::ImapFind,
        Code::ImapFolders,
        Code::ImapGet,
        Code::ImapMark,
        Code::ImapMove,
        Code::ImapNews,
        Code::ImapTry,
        Code::MysqlExecute,
        Code::MysqlQuery,
        Code::MysqlTry,
        Code::PostgresExecute,
        Code::PostgresQuery,
        Code::PostgresTry,
        Code::ReadFeed,
        Code::SmtpSend,
        Code::SmtpTry,
    ];

    /// As manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            Code::ImapDelete => "imap_delete",
            Code::ImapFind => "imap_find",
            Code::ImapFolders => "imap_folders",
            Code::ImapGet => "imap_get",
            Code::ImapMark => "imap_mark",
            Code::ImapMove => "imap_move",
            Code::ImapNews => "imap_news",
            Code::ImapTry => "imap_try",
            Code::MysqlExecute => "mysql_execute",
            Code::MysqlQuery => "mysql_query",
            Code::MysqlTry => "mysql_try",
            Code::PostgresExecute => "postgres_execute",
            Code::PostgresQuery => "postgres_query",
            Code::PostgresTry => "postgres_try",
            Code::ReadFeed => "read_feed",
            Code::SmtpSend => "smtp_send",
            Code::SmtpTry => "smtp_try",
        }
    }

    /// What may be repeated of it, which a manifest cannot promise otherwise.
    pub fn safety(self) -> Safety {
        match self {
            Code::ImapFind
            | Code::ImapFolders
            | Code::ImapGet
            | Code::ImapNews
            | Code::ImapTry
            | Code::MysqlQuery
            | Code::MysqlTry
            | Code::PostgresQuery
            | Code::PostgresTry
            | Code::ReadFeed
            | Code::SmtpTry => Safety::Read,
            Code::ImapDelete | Code::ImapMark => Safety::Idempotent,
            Code::ImapMove | Code::MysqlExecute | Code::PostgresExecute | Code::SmtpSend => Safety::Once,
        }
    }

    /// The parameters that it reads, and whether each must be there.
    pub fn takes(self) -> &'static [(&'static str, bool)] {
        match self {
            Code::ImapDelete | Code::ImapGet => imap::NAMED,
            Code::ImapFind => imap::SOUGHT,
            Code::ImapMark => imap::MARKED,
            Code::ImapMove => imap::MOVED,
            Code::ImapNews => imap::NEW,
            Code::ReadFeed => &[("url", true), ("limit", false)],
            Code::SmtpSend => smtp::TAKES,
            Code::MysqlExecute | Code::MysqlQuery | Code::PostgresExecute | Code::PostgresQuery => sql::TAKES,
            Code::ImapFolders | Code::ImapTry | Code::MysqlTry | Code::PostgresTry | Code::SmtpTry => &[],
        }
    }

    /// How the text of a parameter marks the places of values, where it is the author's alone.
    pub fn marks(self, parameter: &str) -> Option<Marks> {
        let marks = match self {
            Code::MysqlExecute | Code::MysqlQuery => Marks::Questions,
            Code::PostgresExecute | Code::PostgresQuery => Marks::Numbers,
            Code::ImapDelete
            | Code::ImapFind
            | Code::ImapFolders
            | Code::ImapGet
            | Code::ImapMark
            | Code::ImapMove
            | Code::ImapNews
            | Code::ImapTry
            | Code::MysqlTry
            | Code::PostgresTry
            | Code::ReadFeed
            | Code::SmtpSend
            | Code::SmtpTry => return None,
        };
        (parameter == sql::STATEMENT).then_some(marks)
    }

    /// Carries it out.
    pub(crate) async fn call(self, call: &Coded<'_>, params: &Params) -> Result<Value, Failure> {
        let mailbox = |wish| imap::call(wish, call, params, self.safety());
        match self {
            Code::ImapDelete => mailbox(imap::Wish::Delete).await,
            Code::ImapFind => mailbox(imap::Wish::Find).await,
            Code::ImapFolders => mailbox(imap::Wish::Folders).await,
            Code::ImapGet => mailbox(imap::Wish::Get).await,
            Code::ImapMark => mailbox(imap::Wish::Mark).await,
            Code::ImapMove => mailbox(imap::Wish::Move).await,
            Code::ImapNews => mailbox(imap::Wish::News).await,
            Code::ImapTry => mailbox(imap::Wish::Try).await,
            Code::MysqlExecute => sql::ask(call, Dialect::MySql, May::Change, params).await,
            Code::MysqlQuery => sql::ask(call, Dialect::MySql, May::Read, params).await,
            Code::MysqlTry => sql::attempt(call, Dialect::MySql).await,
            Code::PostgresExecute => sql::ask(call, Dialect::Postgres, May::Change, params).await,
            Code::PostgresQuery => sql::ask(call, Dialect::Postgres, May::Read, params).await,
            Code::PostgresTry => sql::attempt(call, Dialect::Postgres).await,
            Code::ReadFeed => feed::read(call, params).await,
            Code::SmtpSend => smtp::send(call, params).await,
            Code::SmtpTry => smtp::attempt(call).await,
        }
    }

    /// What would be sent, its secrets as stars.
    pub(crate) fn preview(self, call: &Coded<'_>, params: &Params) -> Result<Preview, Failure> {
        let mailbox = |wish| imap::preview(wish, call, params);
        match self {
            Code::ImapDelete => mailbox(imap::Wish::Delete),
            Code::ImapFind => mailbox(imap::Wish::Find),
            Code::ImapFolders => mailbox(imap::Wish::Folders),
            Code::ImapGet => mailbox(imap::Wish::Get),
            Code::ImapMark => mailbox(imap::Wish::Mark),
            Code::ImapMove => mailbox(imap::Wish::Move),
            Code::ImapNews => mailbox(imap::Wish::News),
            Code::ImapTry => mailbox(imap::Wish::Try),
            Code::MysqlExecute | Code::MysqlQuery | Code::MysqlTry => {
                sql::preview(call, Dialect::MySql, params)
            }
            Code::PostgresExecute | Code::PostgresQuery | Code::PostgresTry => {
                sql::preview(call, Dialect::Postgres, params)
            }
            Code::ReadFeed => feed::preview(params),
            Code::SmtpSend => smtp::preview(call, Some(params)),
            Code::SmtpTry => smtp::preview(call, None),
        }
    }
}
