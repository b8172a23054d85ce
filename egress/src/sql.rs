//! One statement at a database, with its values beside it, within the policy: the same guarded addresses, a password that is
//! opened last and for one host, limits of rows, bytes and time. What reads happens in a transaction that can do no more than
//! read. There is no pool: a connection lives as long as its statement.

mod mysql;
mod numbers;
mod postgres;

use std::time::Duration;

use jiff::Timestamp;
use secret::{Hole, Secret};

use crate::client::Client;
use crate::error::Error;
use crate::line::roots;
use crate::redact::{Needles, Opened};

/// The most bytes of an answer.
const MOST: usize = 32 * 1024 * 1024;

/// How a database is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL, and what speaks as it does.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
}

/// Who may be spoken to without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crypt {
    /// Nobody.
    Always,
    /// This machine, where the policy allows private addresses.
    NotHere,
}

/// A database, and who signs in there.
#[derive(Clone, Debug)]
pub struct Database {
    /// How it is spoken to.
    pub dialect: Dialect,
    /// The server: a name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether it is spoken to in the open.
    pub crypt: Crypt,
    /// Whom its certificate is from (PEM), where the system does not trust them by itself.
    pub trusted: Option<String>,
    /// The database at that server.
    pub name: String,
    /// The user.
    pub user: String,
    /// The place of the password.
    pub password: Hole,
    /// Longest time of all of it.
    pub timeout: Duration,
}

/// What a statement may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum May {
    /// Read, in a transaction that can do no more, and that is rolled back.
    Read,
    /// Change something.
    Change,
}

/// A statement with its values.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its text.
    pub sql: String,
    /// What stands for its marks.
    pub values: Vec<Datum>,
    /// What it may do.
    pub may: May,
    /// The most rows that are given.
    pub rows: usize,
}

/// A value of a database.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number.
    Float(f64),
    /// A text, and whatever else has a form as text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// JSON, as text.
    Json(String),
    /// A moment.
    Time(Timestamp),
    /// A list.
    List(Vec<Datum>),
}

/// What a statement gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Datum>>,
    /// True if there were more rows than were wanted.
    pub more: bool,
    /// How many rows it changed.
    pub changed: u64,
}

/// How far a statement is, for whoever gives up waiting.
struct UnderWay {
    /// True once the server may have carried it out.
    sent: bool,
}

/// What is needed to speak to a server, once it is known who is spoken to.
struct Door<'a> {
    database: &'a Database,
    statement: &'a Statement,
    password: Secret,
    needles: Needles,
    crypted: bool,
}

impl Client {
    /// Carries out one statement.
    ///
    /// # Errors
    /// Where the policy forbids it, the database says no (`Error::Database`), or the line breaks. Where that has
    /// `before_send`, the statement was surely not carried out; any other `Network` or `Timeout` of one that may change
    /// something leaves it in doubt.
    pub async fn sql(&self, database: &Database, statement: &Statement) -> Result<Answer, Error> {
        let size: usize = statement.values.iter().map(Datum::size).sum::<usize>() + statement.sql.len();
        if size > self.policy.max_request {
            let most = self.policy.max_request;
            return Err(Error::Invalid(format!(
                "the statement for `{}` is longer than {most} bytes",
                database.host
            )));
        }
        let mut under_way = UnderWay { sent: false };
        let limit = database.timeout;
        let work = tokio::time::timeout(limit, self.carried_out(database, statement, &mut under_way)).await;
        match work {
            Ok(outcome) => outcome,
            Err(_) if under_way.sent => Err(Error::Timeout { host: database.host.clone(), limit }),
            Err(_) => {
                let message = format!("`{}` took too long to answer", database.host);
                Err(Error::Network { message, before_send: true })
            }
        }
    }

    async fn carried_out(
        &self,
        database: &Database,
        statement: &Statement,
        under_way: &mut UnderWay,
    ) -> Result<Answer, Error> {
        let host = &database.host;
        database.trusted.as_deref().map(roots).transpose()?;
        let opened = Opened::new(self.open.clone(), self.opens.clone());
        opened.learn(database.password.names(), host).await?;
        let password = opened.fill(&database.password, host)?;
        let needles = opened.needles();
        let crypted = database.crypt == Crypt::Always;
        let door = Door { database, statement, password, needles, crypted };
        let open = |address| match crypted {
            true => Ok(()),
            false => self.check_open("what is said", host, address),
        };
        let answer = match database.dialect {
            Dialect::Postgres => {
                let (stream, address) = self.reach(host, database.port).await?;
                open(address)?;
                postgres::ask(&door, stream, under_way).await?
            }
            Dialect::MySql => {
                // Its client connects by itself: to the very addresses that were looked at.
                let addresses = self.addresses(host).await?;
                addresses.iter().try_for_each(|address| open(*address))?;
                mysql::ask(&door, &addresses, under_way).await?
            }
        };
        Ok(door.seen(answer))
    }
}

impl Door<'_> {
    /// A no of the database, with what it said, as it may be seen.
    fn no(&self, state: &str, said: &str) -> Error {
        let said = self.needles.redact_text(said);
        let said = said.chars().filter(|letter| !letter.is_control()).take(300).collect();
        Error::Database { host: self.database.host.clone(), state: state.into(), said }
    }

    fn broken(&self, why: &dyn std::fmt::Display, under_way: &UnderWay) -> Error {
        let why: String = self.needles.redact_text(&why.to_string()).chars().take(200).collect();
        let message = format!("the connection to `{}` broke: {why}", self.database.host);
        Error::Network { message, before_send: !under_way.sent }
    }

    fn too_large(&self) -> Error {
        Error::TooLarge { host: self.database.host.clone(), what: "rows", limit: MOST }
    }

    /// A column of a type that is not read.
    fn unread(&self, column: &str, ty: &str) -> Error {
        let help = "turn it into a text in the statement";
        Error::Invalid(format!("the column `{column}` is of the type `{ty}`, which is not read; {help}"))
    }

    /// An answer without the secrets that were sent.
    fn seen(&self, mut answer: Answer) -> Answer {
        answer.rows.iter_mut().flatten().for_each(|datum| self.veil(datum));
        answer
    }

    fn veil(&self, datum: &mut Datum) {
        match datum {
            Datum::Text(text) | Datum::Json(text) => *text = self.needles.redact_text(text),
            Datum::Bytes(bytes) => *bytes = self.needles.redact(std::mem::take(bytes).into()).into(),
            Datum::List(items) => items.iter_mut().for_each(|item| self.veil(item)),
            Datum::Null | Datum::Bool(_) | Datum::Int(_) | Datum::Float(_) | Datum::Time(_) => {}
        }
    }
}

impl Datum {
    /// As JSON.
    pub fn to_json(&self) -> String {
        postgres::json(self)
    }

    /// About how many bytes it has.
    pub fn size(&self) -> usize {
        match self {
            Datum::Text(text) | Datum::Json(text) => text.len() + 8,
            Datum::Bytes(bytes) => bytes.len() + 8,
            Datum::List(items) => items.iter().map(Datum::size).sum::<usize>() + 8,
            Datum::Null | Datum::Bool(_) | Datum::Int(_) | Datum::Float(_) | Datum::Time(_) => 8,
        }
    }
}
