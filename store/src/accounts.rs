//! People who sign in: their accounts, the seats that they have at owners, what their browsers show, and links that let
//! somebody in once. What is shown is kept by its hash alone.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::change::Unfit;
use crate::change::make::{Wanted, run};
pub use crate::identities::Identity;
use crate::{Error, Reader};

/// Somebody who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// What is typed to sign in, in small letters.
    pub name: String,
    /// What a password is held against.
    pub password: String,
    /// When it was made, in nanoseconds since 1970.
    pub created: i64,
    /// When the password was set last.
    pub changed: i64,
    /// When somebody signed in last.
    pub used: Option<i64>,
}

/// What an account may do with the things of an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The owner.
    pub space: String,
    /// The account.
    pub account: String,
    /// The account's name.
    pub name: String,
    /// What it may do, in a word.
    pub role: String,
    /// Since when, in nanoseconds since 1970.
    pub since: i64,
}

/// What a browser shows, and who that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The SHA-256 of what it shows.
    pub hash: [u8; 32],
    /// The account.
    pub account: String,
    /// The account's name.
    pub name: String,
    /// On whose things it acts; empty where the account has no seat.
    pub space: String,
    /// The role of the account there, in a word; nothing where it has no seat any more.
    pub role: Option<String>,
    /// When it began, in nanoseconds since 1970.
    pub created: i64,
    /// When it was used last, as far as that was written down.
    pub seen: i64,
    /// When it ends, whatever happens.
    pub expires: i64,
}

/// What lets somebody in once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The SHA-256 of what it shows.
    pub hash: [u8; 32],
    /// What it is for, in a word.
    pub kind: String,
    /// Names it, and is no secret.
    pub id: String,
    /// Where it gives a seat; empty where it gives none.
    pub space: String,
    /// The role of that seat, in a word.
    pub role: String,
    /// For which account; empty for one that is made by it.
    pub account: String,
    /// For whom it is meant.
    pub name: String,
    /// Who made it.
    pub maker: String,
    /// When it was made, in nanoseconds since 1970.
    pub created: i64,
    /// When it counts no more.
    pub expires: i64,
}

/// A change of all this.
#[derive(Clone, Debug)]
pub enum People {
    /// An account is added; its name must be free.
    Account(Account),
    /// An account is added that must be the first one.
    First(Account),
    /// An account gets another password.
    Password {
        /// The account.
        account: String,
        /// What passwords are held against from here on.
        password: String,
        /// When, in nanoseconds since 1970.
        time: i64,
    },
    /// Who somebody is at a service belongs to an account; it must be nobody's yet.
    Identity(Identity),
    /// It belongs to the account no more. What an account without a password signs in by last stays.
    RemoveIdentity {
        /// The account.
        account: String,
        /// What the service calls itself.
        issuer: String,
    },
    /// An account signs in by no service any more.
    RemoveIdentities {
        /// The account.
        account: String,
    },
    /// An account is removed, with its seats, sessions and tokens. The last owner of an owner's things stays.
    RemoveAccount {
        /// The account.
        account: String,
    },
    /// An account gets a seat, or another role at one. The last owner stays one.
    Seat {
        /// The owner.
        space: String,
        /// The account.
        account: String,
        /// The role, in a word.
        role: String,
        /// When, in nanoseconds since 1970.
        time: i64,
    },
    /// An account loses a seat. The last owner keeps it.
    RemoveSeat {
        /// The owner.
        space: String,
        /// The account.
        account: String,
    },
    /// A session begins, if the account's password is the one that was shown. Those that are over are forgotten.
    Session {
        /// The session.
        session: Session,
        /// When the password that was shown had been set.
        changed: i64,
    },
    /// A session was used.
    Seen {
        /// Its hash.
        hash: [u8; 32],
        /// When, in nanoseconds since 1970.
        time: i64,
    },
    /// A session acts on the things of another owner, where its account has a seat.
    Move {
        /// Its hash.
        hash: [u8; 32],
        /// The owner.
        space: String,
    },
    /// A session ends.
    EndSession {
        /// Its hash.
        hash: [u8; 32],
    },
    /// All sessions of an account end.
    EndSessions {
        /// The account.
        account: String,
    },
    /// A link is made. One of the same kind for the same account that was made before counts no more, where it makes none.
    Link(Link),
    /// A link is used: it must count still, and counts no more.
    TakeLink {
        /// Its hash.
        hash: [u8; 32],
        /// Now, in nanoseconds since 1970.
        now: i64,
    },
    /// A link of an owner is taken back.
    RemoveLink {
        /// The owner.
        space: String,
        /// Its name.
        id: String,
    },
}

/// How many browsers an account is signed in with at most; one more takes the place of the oldest.
const MOST_SESSIONS: i64 = 50;

/// The role that must not be lost.
const OWNER: &str = "owner";

/// Makes a change within a transaction that the caller ends.
pub(crate) fn change(to: &Connection, change: &People) -> rusqlite::Result<Result<(), Unfit>> {
    match change {
        People::Account(account) => add(to, account),
        People::First(account) => {
            let some: bool = to
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM accounts)")?
                .query_row([], |row| row.get(0))?;
            if some { Ok(Err(Unfit::Stale)) } else { add(to, account) }
        }
        People::Password { account, password, time } => run(
            to,
            "UPDATE accounts SET password = ?2, changed = ?3 WHERE id = ?1",
            params![account, password, time],
            Wanted::Row,
        ),
        People::Identity(identity) => run(
            to,
            "INSERT INTO identities (issuer, subject, account, since) VALUES (?1, ?2, ?3, ?4)",
            params![identity.issuer, identity.subject, identity.account, identity.since],
            Wanted::Row,
        ),
        People::RemoveIdentity { account, issuer } => run(
            to,
            "DELETE FROM identities WHERE account = ?1 AND issuer = ?2 AND (
                 (SELECT password FROM accounts WHERE id = ?1) <> ''
                 OR EXISTS (SELECT 1 FROM identities WHERE account = ?1 AND issuer <> ?2))",
            params![account, issuer],
            Wanted::Some,
        ),
        People::RemoveIdentities { account } => {
            run(to, "DELETE FROM identities WHERE account = ?1", params![account], Wanted::Any)
        }
        People::RemoveAccount { account } => {
            let last: bool = to
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM seats AS s WHERE account = ?1 AND role = ?2 AND NOT EXISTS (
                         SELECT 1 FROM seats WHERE space = s.space AND role = ?2 AND account <> ?1))",
                )?
                .query_row(params![account, OWNER], |row| row.get(0))?;
            match last {
                true => Ok(Err(Unfit::Spent)),
                false => {
                    take_back(to, None, account)?;
                    run(to, "DELETE FROM accounts WHERE id = ?1", params![account], Wanted::Row)
                }
            }
        }
        People::Seat { space, account, role, time } => {
            if role != OWNER && is_last(to, space, account)? {
                return Ok(Err(Unfit::Spent));
            }
            // Who may give less than before has invited nobody to more.
            if role != OWNER {
                take_back(to, Some(space), account)?;
            }
            run(
                to,
                "INSERT INTO seats (space, account, role, since) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (space, account) DO UPDATE SET role = excluded.role",
                params![space, account, role, time],
                Wanted::Row,
            )
        }
        People::RemoveSeat { space, account } => {
            if is_last(to, space, account)? {
                return Ok(Err(Unfit::Spent));
            }
            take_back(to, Some(space), account)?;
            run(
                to,
                "DELETE FROM seats WHERE space = ?1 AND account = ?2",
                params![space, account],
                Wanted::Row,
            )
        }
        People::Session { session, changed } => {
            to.prepare_cached("DELETE FROM sessions WHERE expires < ?1")?.execute([session.created])?;
            to.prepare_cached(
                "DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions WHERE account = ?1
                 ORDER BY created DESC, hash LIMIT -1 OFFSET ?2)",
            )?
            .execute(params![session.account, MOST_SESSIONS - 1])?;
            let begun = run(
                to,
                "INSERT INTO sessions (hash, account, space, created, seen, expires)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6 FROM accounts WHERE id = ?2 AND changed = ?7",
                params![
                    session.hash,
                    session.account,
                    session.space,
                    session.created,
                    session.seen,
                    session.expires,
                    changed
                ],
                Wanted::Row,
            )?;
            if begun.is_err() {
                return Ok(begun);
            }
            run(
                to,
                "UPDATE accounts SET used = ?2 WHERE id = ?1",
                params![session.account, session.created],
                Wanted::Row,
            )
        }
        People::Seen { hash, time } => {
            run(to, "UPDATE sessions SET seen = ?2 WHERE hash = ?1", params![hash, time], Wanted::Any)
        }
        People::Move { hash, space } => run(
            to,
            "UPDATE sessions SET space = ?2 WHERE hash = ?1
             AND EXISTS (SELECT 1 FROM seats WHERE space = ?2 AND account = sessions.account)",
            params![hash, space],
            Wanted::Row,
        ),
        People::EndSession { hash } => {
            run(to, "DELETE FROM sessions WHERE hash = ?1", params![hash], Wanted::Any)
        }
        People::EndSessions { account } => {
            run(to, "DELETE FROM sessions WHERE account = ?1", params![account], Wanted::Any)
        }
        People::Link(link) => add_link(to, link),
        People::TakeLink { hash, now } => {
            run(to, "DELETE FROM links WHERE hash = ?1 AND expires > ?2", params![hash, now], Wanted::Row)
        }
        People::RemoveLink { space, id } => {
            run(to, "DELETE FROM links WHERE space = ?1 AND id = ?2", params![space, id], Wanted::Row)
        }
    }
}

/// Takes the invitations of an account back: to the things of an owner, or all of them.
fn take_back(to: &Connection, space: Option<&str>, account: &str) -> rusqlite::Result<()> {
    to.prepare_cached(
        "DELETE FROM links WHERE kind = 'invitation' AND space = coalesce(?1, space)
         AND maker = (SELECT name FROM accounts WHERE id = ?2)",
    )?
    .execute(params![space, account])
    .map(drop)
}

fn add(to: &Connection, account: &Account) -> rusqlite::Result<Result<(), Unfit>> {
    run(
        to,
        "INSERT INTO accounts (id, name, password, created, changed) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![account.id, account.name, account.password, account.created, account.changed],
        Wanted::Row,
    )
}

fn add_link(to: &Connection, link: &Link) -> rusqlite::Result<Result<(), Unfit>> {
    to.prepare_cached("DELETE FROM links WHERE expires < ?1")?.execute([link.created])?;
    if link.kind != "invitation" {
        to.prepare_cached("DELETE FROM links WHERE kind = ?1 AND account = ?2")?
            .execute(params![link.kind, link.account])?;
    }
    run(
        to,
        "INSERT INTO links (hash, kind, id, space, role, account, name, maker, created, expires)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            link.hash,
            link.kind,
            link.id,
            link.space,
            link.role,
            link.account,
            link.name,
            link.maker,
            link.created,
            link.expires
        ],
        Wanted::Row,
    )
}

/// True of an account that is the only owner of an owner's things.
fn is_last(to: &Connection, space: &str, account: &str) -> rusqlite::Result<bool> {
    to.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM seats WHERE space = ?1 AND account = ?2 AND role = ?3)
         AND NOT EXISTS (SELECT 1 FROM seats WHERE space = ?1 AND account <> ?2 AND role = ?3)",
    )?
    .query_row(params![space, account, OWNER], |row| row.get(0))
}

pub(crate) const ACCOUNT: &str = "SELECT id, name, password, created, changed, used FROM accounts";
const SEAT: &str = "SELECT seats.space, seats.account, accounts.name, seats.role, seats.since FROM seats JOIN accounts ON accounts.id = seats.account";
const SESSION: &str = "SELECT sessions.hash, sessions.account, accounts.name, sessions.space, seats.role,
    sessions.created, sessions.seen, sessions.expires FROM sessions JOIN accounts ON accounts.id = sessions.account
    LEFT JOIN seats ON seats.account = sessions.account AND seats.space = sessions.space";
const LINK: &str = "SELECT hash, kind, id, space, role, account, name, maker, created, expires FROM links";

impl Reader {
    /// How many accounts there are.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn count_accounts(&self) -> Result<i64, Error> {
        self.with(|from| {
            from.prepare_cached("SELECT count(*) FROM accounts")?.query_row([], |row| row.get(0))
        })
    }

    /// The account of a name.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn account_named(&self, name: &str) -> Result<Option<Account>, Error> {
        self.with(|from| {
            from.prepare_cached(&format!("{ACCOUNT} WHERE name = ?1"))?.query_row([name], account).optional()
        })
    }

    /// An account.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn account(&self, id: &str) -> Result<Option<Account>, Error> {
        self.with(|from| {
            from.prepare_cached(&format!("{ACCOUNT} WHERE id = ?1"))?.query_row([id], account).optional()
        })
    }

    /// All accounts, by their names.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn accounts(&self) -> Result<Vec<Account>, Error> {
        self.with(|from| {
            from.prepare_cached(&format!("{ACCOUNT} ORDER BY name"))?.query_map([], account)?.collect()
        })
    }

    /// The seats of an account, by their owners.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn seats_of(&self, account: &str) -> Result<Vec<Seat>, Error> {
        self.with(|from| {
            from.prepare_cached(&format!("{SEAT} WHERE seats.account = ?1 ORDER BY seats.space"))?
                .query_map([account], seat)?
                .collect()
        })
    }

    /// The seats at an owner, by the names of their accounts.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn seats(&self, space: &str) -> Result<Vec<Seat>, Error> {
        self.with(|from| {
            from.prepare_cached(&format!("{SEAT} WHERE seats.space = ?1 ORDER BY accounts.name"))?
                .query_map([space], seat)?
                .collect()
        })
    }

    /// The seat of an account at an owner.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn seat(&self, space: &str, account: &str) -> Result<Option<Seat>, Error> {
        self.with(|from| {
            from.prepare_cached(&format!("{SEAT} WHERE seats.space = ?1 AND seats.account = ?2"))?
                .query_row([space, account], seat)
                .optional()
        })
    }

    /// The session of a hash.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn session(&self, hash: &[u8; 32]) -> Result<Option<Session>, Error> {
        self.with(|from| {
            from.prepare_cached(&format!("{SESSION} WHERE sessions.hash = ?1"))?
                .query_row([hash], session)
                .optional()
        })
    }

    /// The sessions of an account, the latest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn sessions_of(&self, account: &str) -> Result<Vec<Session>, Error> {
        self.with(|from| {
            from.prepare_cached(&format!(
                "{SESSION} WHERE sessions.account = ?1 ORDER BY sessions.created DESC"
            ))?
            .query_map([account], session)?
            .collect()
        })
    }

    /// The link of a hash.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn link(&self, hash: &[u8; 32]) -> Result<Option<Link>, Error> {
        self.with(|from| {
            from.prepare_cached(&format!("{LINK} WHERE hash = ?1"))?.query_row([hash], link).optional()
        })
    }

    /// The links that give a seat at an owner, the latest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn links(&self, space: &str) -> Result<Vec<Link>, Error> {
        self.with(|from| {
            from.prepare_cached(&format!(
                "{LINK} WHERE space = ?1 AND kind = 'invitation' ORDER BY created DESC"
            ))?
            .query_map([space], link)?
            .collect()
        })
    }
}

pub(crate) fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: row.get(0)?,
        name: row.get(1)?,
        password: row.get(2)?,
        created: row.get(3)?,
        changed: row.get(4)?,
        used: row.get(5)?,
    })
}

fn seat(row: &Row<'_>) -> rusqlite::Result<Seat> {
    Ok(Seat {
        space: row.get(0)?,
        account: row.get(1)?,
        name: row.get(2)?,
        role: row.get(3)?,
        since: row.get(4)?,
    })
}

fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        hash: row.get(0)?,
        account: row.get(1)?,
        name: row.get(2)?,
        space: row.get(3)?,
        role: row.get(4)?,
        created: row.get(5)?,
        seen: row.get(6)?,
        expires: row.get(7)?,
    })
}

fn link(row: &Row<'_>) -> rusqlite::Result<Link> {
    Ok(Link {
        hash: row.get(0)?,
        kind: row.get(1)?,
        id: row.get(2)?,
        space: row.get(3)?,
        role: row.get(4)?,
        account: row.get(5)?,
        name: row.get(6)?,
        maker: row.get(7)?,
        created: row.get(8)?,
        expires: row.get(9)?,
    })
}
