//! People who sign in: accounts with passwords, seats at the things of an owner, sessions of browsers, and links that let
//! somebody in once. Of what is shown only hashes are kept, and of passwords what Argon2id makes of them.

pub mod gate;
mod invitations;
mod issuers;
mod proving;
mod seats;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use runtime::driver::Error as DriverError;
use runtime::schedule::books::nanoseconds;
use secret::Secret;
pub use store::accounts::Account;
use store::accounts::{Link, People, Session};
use store::{Edit, Reader};
use vault::password::{self, Kept};
use vault::{Action, Deed, LOCAL, Recorded, Vault, Who};

use crate::error::Error;
use crate::home::Home;
use crate::role::Role;
use crate::token::{LINK, SESSION, Token};
pub use gate::Gate;
pub use invitations::{INVITATION, Invited};
pub use issuers::{KnownIssuer, NewIssuer, add_issuer, issuers, remove_issuer};
pub use proving::{Proven, Provers, Purpose, Started, Way};
pub use seats::Space;

/// After how long without a request a session is over, and after how long in any case.
pub const IDLE: SignedDuration = SignedDuration::from_hours(24);
/// After how long a session is over in any case.
pub const LASTS: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How long the link for the first account counts, and one for another password.
pub const SETUP: SignedDuration = SignedDuration::from_mins(30);

/// How long a read waits for another process.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest name of an account, in bytes.
const LONGEST: usize = 200;

/// The accounts of a data directory.
#[derive(Clone)]
pub struct Accounts {
    /// What tells of it in the audit.
    pub(crate) vault: Arc<Vault>,
    pub(crate) reader: Arc<Reader>,
    pub(crate) gate: Arc<Gate>,
}

/// Why somebody is not let in, or something is not done.
#[derive(Debug, thiserror::Error)]
pub enum No {
    /// The name or the password is wrong; which is not told.
    #[error("the name or the password is wrong")]
    Wrong,
    /// Too many were tried.
    #[error("too many passwords were tried")]
    TooMany {
        /// In how many seconds to try again.
        again: u32,
    },
    /// The link counts no more, or never did.
    #[error("the link counts no more: it was used, its time is over, or it never was")]
    Link,
    /// A service says who somebody is, and nobody has let them in.
    #[error("nobody of this name may come in unasked")]
    Uninvited,
    /// Somebody has the name already, and who signs in by a service is not shown to be them.
    #[error("an account `{0}` is there already")]
    Taken(String),
    /// Who asked for it is not signed in any more.
    #[error("who began this is not signed in any more")]
    SignedOut,
    /// What was given cannot be taken.
    #[error("{0}")]
    Unfit(String),
    /// Nobody may do that with this role.
    #[error("your role does not go as far as `{0}`")]
    Role(&'static str),
    /// We cannot go on, or something is not as it was thought.
    #[error(transparent)]
    Error(#[from] Error),
}

impl From<vault::Error> for No {
    fn from(error: vault::Error) -> No {
        No::Error(error.into())
    }
}

/// A session that has begun, and what the browser is to show.
pub struct Begun {
    /// What it shows.
    pub token: Token,
    /// The session.
    pub session: Session,
}

impl Accounts {
    /// The accounts of a data directory, for a command.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn open(home: &Home, vault: Vault) -> Result<Accounts, Error> {
        Accounts::of(home, Arc::new(vault))
    }

    /// The same, by a vault that others use as well.
    pub(crate) fn of(home: &Home, vault: Arc<Vault>) -> Result<Accounts, Error> {
        let reader = Reader::open(&home.database(), PATIENCE).map_err(DriverError::from)?;
        Ok(Accounts { vault, reader: Arc::new(reader), gate: Arc::default() })
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&Reader) -> Result<T, store::Error>) -> Result<T, Error> {
        Ok(read(&self.reader).map_err(DriverError::from)?)
    }

    pub(crate) fn record(
        &self,
        (who, action): (Who<'_>, Action),
        (subject, detail): (&str, &str),
        edits: Vec<People>,
    ) -> Result<Recorded, vault::Error> {
        let edits = edits.into_iter().map(Edit::People).collect();
        self.vault.record(Deed { who, action, subject, detail }, edits, "account")
    }

    /// True where nobody can sign in yet.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.read(Reader::count_accounts)? == 0)
    }

    /// All accounts, by their names.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn list(&self) -> Result<Vec<Account>, Error> {
        self.read(Reader::accounts)
    }

    /// The account of a name.
    ///
    /// # Errors
    /// Where there is none.
    pub fn named(&self, name: &str) -> Result<Account, Error> {
        let found = self.read(|reader| reader.account_named(&name.to_lowercase()))?;
        found.ok_or_else(|| vault::Error::Unknown { what: "account", name: name.into() }.into())
    }

    /// A link by which the first account is made, which owns what is here. One that was made before counts no more. Nothing
    /// where there is an account.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn setup_link(&self) -> Result<Option<Token>, Error> {
        if !self.is_empty()? {
            return Ok(None);
        }
        let (token, link) = new_link("setup", (LOCAL, Role::Owner.name()), SETUP);
        let who = Who { owner: LOCAL, actor: "keyway" };
        self.record((who, Action::Invited), ("account/first", "owner"), vec![People::Link(link)])?;
        Ok(Some(token))
    }

    /// Makes the first account by its link.
    ///
    /// # Errors
    /// Where the link counts no more, there is an account already, or the name or the password cannot be taken.
    pub fn setup(&self, link: &str, name: &str, password: &Secret) -> Result<Account, No> {
        let link = self.link(link, "setup")?;
        let (account, now) = (self.new_account(name, password)?, Timestamp::now());
        let edits = vec![
            People::TakeLink { hash: link.hash, now: nanoseconds(now) },
            People::First(account.clone()),
            seat(LOCAL, &account.id, Role::Owner, now),
        ];
        let who = Who { owner: LOCAL, actor: &account.name };
        let subject = format!("account/{}", account.name);
        match self.record((who, Action::AccountAdded), (&subject, Role::Owner.name()), edits) {
            Err(vault::Error::Stale { .. }) => Err(No::Link),
            other => other.map(|_| account).map_err(No::from),
        }
    }

    /// Makes an account with a seat, for whoever works at this machine.
    ///
    /// # Errors
    /// Where the name is taken, or the name or the password cannot be taken.
    pub fn add(&self, (who, role): (Who<'_>, Role), name: &str, password: &Secret) -> Result<Account, No> {
        let (account, now) = (self.new_account(name, password)?, Timestamp::now());
        let edits = vec![People::Account(account.clone()), seat(who.owner, &account.id, role, now)];
        let subject = format!("account/{}", account.name);
        match self.record((who, Action::AccountAdded), (&subject, role.name()), edits) {
            Err(vault::Error::Taken { .. }) => {
                Err(vault::Error::Taken { what: "account", name: account.name }.into())
            }
            other => other.map(|_| account).map_err(No::from),
        }
    }

    /// Removes an account, with its seats, sessions and tokens.
    ///
    /// # Errors
    /// Where something would have no owner any more.
    pub fn remove(&self, actor: &str, account: &Account) -> Result<(), Error> {
        let edits = vec![People::RemoveAccount { account: account.id.clone() }];
        let (who, subject) = (Who { owner: LOCAL, actor }, format!("account/{}", account.name));
        match self.record((who, Action::AccountRemoved), (&subject, ""), edits) {
            Err(vault::Error::Stale { .. }) => Err(Error::LastOwner),
            other => other.map(drop).map_err(Error::from),
        }
    }

    /// Lets somebody in who knows a password. Whether a name is wrong or a password is not told, and takes as long.
    ///
    /// # Errors
    /// Where they do not, or too many were tried.
    pub fn sign_in(&self, name: &str, password: &Secret, from: Option<IpAddr>) -> Result<Begun, No> {
        let account = self.proven(name, password, from)?;
        self.begin(&account)
    }

    /// The account whose password somebody knows.
    pub(crate) fn proven(&self, name: &str, password: &Secret, from: Option<IpAddr>) -> Result<Account, No> {
        let name = name.to_lowercase();
        // No account has a longer name, and none is worth the memory.
        let counted = if name.len() > LONGEST { "" } else { name.as_str() };
        let tried = self.gate.look(counted, from).map_err(|again| No::TooMany { again })?;
        let found = self.read(|reader| reader.account_named(&name))?;
        // Who has no password is not told from nobody.
        let right = match &found {
            Some(account) if !account.password.is_empty() => Kept::stored(&account.password).is_of(password),
            Some(_) | None => {
                Kept::is_of_nobody(password);
                false
            }
        };
        match found.filter(|_| right) {
            Some(account) => {
                tried.was_right();
                Ok(account)
            }
            None => {
                drop(tried);
                let from = from.map(|from| format!("from {from}")).unwrap_or_default();
                // What was typed is not told: it may be a password in the wrong place.
                let who = Who { owner: LOCAL, actor: "nobody" };
                self.record((who, Action::SignInRefused), ("session", &from), vec![])?;
                Err(No::Wrong)
            }
        }
    }

    /// Begins a session of an account whose person has shown who they are. It acts on what is on this machine where the
    /// account has a seat there, else on the first of the things where it has one.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn begin(&self, account: &Account) -> Result<Begun, No> {
        let seats = self.read(|reader| reader.seats_of(&account.id))?;
        let first = seats.iter().find(|seat| seat.space == LOCAL).or(seats.first());
        self.begin_at(account, first.map_or("", |seat| &seat.space))
    }

    fn begin_at(&self, account: &Account, space: &str) -> Result<Begun, No> {
        let (token, now) = (Token::random_as(SESSION), Timestamp::now());
        let session = Session {
            hash: token.hash(),
            account: account.id.clone(),
            name: account.name.clone(),
            space: space.to_owned(),
            role: None,
            created: nanoseconds(now),
            seen: nanoseconds(now),
            expires: nanoseconds(now.saturating_add(LASTS).unwrap_or(Timestamp::MAX)),
        };
        let edits = vec![People::Session { session: session.clone(), changed: account.changed }];
        let owner = if space.is_empty() { LOCAL } else { space };
        let who = Who { owner, actor: &account.name };
        match self.record((who, Action::SignedIn), ("session", ""), edits) {
            // The password that was shown is none any more.
            Err(vault::Error::Stale { .. }) => return Err(No::Wrong),
            other => drop(other?),
        }
        let session = self.read(|reader| reader.session(&session.hash))?.unwrap_or(session);
        Ok(Begun { token, session })
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn sign_out(&self, (owner, name): (&str, &str), hash: [u8; 32]) -> Result<(), Error> {
        let who = Who { owner: if owner.is_empty() { LOCAL } else { owner }, actor: name };
        let edits = vec![People::EndSession { hash }];
        Ok(self.record((who, Action::SessionsEnded), ("session", "one"), edits).map(drop)?)
    }

    /// Ends all sessions of an account.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn end_sessions(&self, actor: &str, account: &Account) -> Result<(), Error> {
        let edits = vec![People::EndSessions { account: account.id.clone() }];
        let (who, subject) = (Who { owner: LOCAL, actor }, format!("account/{}", account.name));
        Ok(self.record((who, Action::SessionsEnded), (&subject, "all"), edits).map(drop)?)
    }

    /// Gives an account another password: who asks knows the one before. All its sessions end, and another one begins.
    ///
    /// # Errors
    /// Where the password before is wrong, or the other cannot be taken.
    pub fn change_password(
        &self,
        (name, space): (&str, &str),
        (old, new): (&Secret, &Secret),
        from: Option<IpAddr>,
    ) -> Result<Begun, No> {
        let account = self.proven(name, old, from)?;
        let edits = self.password_edits(&account.id, new)?;
        let (who, subject) = (Who { owner: LOCAL, actor: name }, format!("account/{name}"));
        self.record((who, Action::PasswordSet), (&subject, "by its person"), edits)?;
        self.begin_at(&self.named(name)?, space)
    }

    /// Sets the password of an account, for whoever works at this machine. All its sessions end, and it signs in by no service any
    /// more: whoever had a session that was stolen may have let themselves in by one.
    ///
    /// # Errors
    /// Where it cannot be taken.
    pub fn set_password(&self, actor: &str, account: &Account, new: &Secret) -> Result<(), No> {
        let mut edits = self.password_edits(&account.id, new)?;
        edits.push(People::RemoveIdentities { account: account.id.clone() });
        let (who, subject) = (Who { owner: LOCAL, actor }, format!("account/{}", account.name));
        self.record((who, Action::PasswordSet), (&subject, "at the terminal"), edits)?;
        Ok(())
    }

    /// A link by which somebody sets another password who has forgotten theirs.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn reset_link(&self, actor: &str, account: &Account) -> Result<Token, Error> {
        let (token, link) = new_link("reset", ("", ""), SETUP);
        let link = Link { account: account.id.clone(), name: account.name.clone(), ..link };
        let (who, subject) = (Who { owner: LOCAL, actor }, format!("account/{}", account.name));
        self.record((who, Action::Invited), (&subject, "to another password"), vec![People::Link(link)])?;
        Ok(token)
    }

    /// Sets the password of an account by a link. All its sessions end, and it signs in by no service any more, as there.
    ///
    /// # Errors
    /// Where the link counts no more, or the password cannot be taken.
    pub fn reset(&self, link: &str, new: &Secret) -> Result<(), No> {
        let link = self.link(link, "reset")?;
        let mut edits = self.password_edits(&link.account, new)?;
        edits.push(People::RemoveIdentities { account: link.account.clone() });
        edits.insert(0, People::TakeLink { hash: link.hash, now: nanoseconds(Timestamp::now()) });
        let (who, subject) = (Who { owner: LOCAL, actor: &link.name }, format!("account/{}", link.name));
        match self.record((who, Action::PasswordSet), (&subject, "by a link"), edits) {
            Err(vault::Error::Stale { .. }) => Err(No::Link),
            other => other.map(drop).map_err(No::from),
        }
    }

    /// An account with a password.
    fn new_account(&self, name: &str, password: &Secret) -> Result<Account, No> {
        let account = new_account_of(name)?;
        if password.expose().to_lowercase() == account.name {
            return Err(No::Unfit("the password is the name".into()));
        }
        Ok(Account { password: self.kept(password)?.text().to_owned(), ..account })
    }

    fn password_edits(&self, account: &str, new: &Secret) -> Result<Vec<People>, No> {
        let (account, password) = (account.to_owned(), self.kept(new)?.text().to_owned());
        let time = nanoseconds(Timestamp::now());
        Ok(vec![
            People::Password { account: account.clone(), password, time },
            People::EndSessions { account },
        ])
    }

    /// What is kept of a password that can be taken. Making it costs as much as looking at one.
    fn kept(&self, password: &Secret) -> Result<Kept, No> {
        let text = password.expose();
        if text.chars().count() < password::SHORTEST || text.len() > password::LONGEST {
            let (least, most) = (password::SHORTEST, password::LONGEST);
            return Err(No::Unfit(format!(
                "a password has at least {least} letters, and {most} bytes at most"
            )));
        }
        let _held = self.gate.hold().map_err(|again| No::TooMany { again })?;
        Ok(Kept::of(password)?)
    }

    /// What a link is for, if it is for that and counts still.
    fn link(&self, shown: &str, kind: &str) -> Result<Link, No> {
        let token = Token::read_as(LINK, shown.trim()).ok_or(No::Link)?;
        let found = self.read(|reader| reader.link(&token.hash()))?;
        let now = nanoseconds(Timestamp::now());
        found.filter(|link| link.kind == kind && link.expires > now).ok_or(No::Link)
    }

    /// The sessions of an account that are not over, the latest first, without what they show.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn sessions(&self, account: &str) -> Result<Vec<Session>, Error> {
        let now = Timestamp::now();
        let mut all = self.read(|reader| reader.sessions_of(account))?;
        all.retain(|session| !is_over(session, now));
        Ok(all)
    }
}

/// True of a session that has ended by itself.
pub(crate) fn is_over(session: &Session, now: Timestamp) -> bool {
    let idle = now.saturating_sub(IDLE).unwrap_or(Timestamp::MIN);
    session.expires <= nanoseconds(now) || session.seen <= nanoseconds(idle)
}

fn seat(space: &str, account: &str, role: Role, now: Timestamp) -> People {
    let (space, account) = (space.to_owned(), account.to_owned());
    People::Seat { space, account, role: role.name().into(), time: nanoseconds(now) }
}

fn new_link(kind: &str, (space, role): (&str, &str), lasts: SignedDuration) -> (Token, Link) {
    let (token, now) = (Token::random_as(LINK), Timestamp::now());
    let link = Link {
        hash: token.hash(),
        kind: kind.into(),
        id: new_id(),
        space: space.into(),
        role: role.into(),
        account: String::new(),
        name: String::new(),
        maker: "keyway".into(),
        created: nanoseconds(now),
        expires: nanoseconds(now.saturating_add(lasts).unwrap_or(Timestamp::MAX)),
    };
    (token, link)
}

/// An account without a password: its person signs in by a service.
fn new_account_of(name: &str) -> Result<Account, No> {
    let name = name.trim().to_lowercase();
    let odd = |letter: char| letter.is_whitespace() || letter.is_control();
    if name.is_empty() || name.len() > LONGEST || name.contains(odd) {
        return Err(No::Unfit(format!(
            "a name has 1 to {LONGEST} letters and no blanks, as `ada@example.com` has"
        )));
    }
    let now = nanoseconds(Timestamp::now());
    Ok(Account { id: new_id(), name, password: String::new(), created: now, changed: now, used: None })
}

/// A name that nobody can guess, and that is no secret.
fn new_id() -> String {
    let mut chance = [0; 8];
    getrandom::fill(&mut chance).expect("the system has randomness");
    chance.iter().map(|byte| format!("{byte:02x}")).collect()
}
