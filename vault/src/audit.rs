//! Who did what with which secret: a chain of rows, each linked to the one before by a key that is not in the
//! file. It is written in the same transaction as what it tells of, and before anything is opened.

use store::vault::{Audit, Head};
use store::{Change, Edit};

use crate::cipher::{self, Context, Key, Purpose};
use crate::error::Error;
use crate::keys::{Vault, Who};

/// How many rows are read at a time.
const PAGE: usize = 1000;

/// What can be done. A word that was written once keeps its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The vault was made.
    Made,
    /// An owner was added.
    OwnerAdded,
    /// An owner was removed, and all its keys.
    OwnerRemoved,
    /// An owner got another tier.
    TierChanged,
    /// Somebody became a member of an organisation.
    Joined,
    /// Somebody left an organisation.
    Left,
    /// A secret was stored.
    Added,
    /// A secret was given another value.
    Replaced,
    /// A secret was removed.
    Removed,
    /// A secret was taken out of use.
    Revoked,
    /// A key was made the one that is taken first.
    Preferred,
    /// A provider was asked whether a key is right.
    Tested,
    /// A secret was opened.
    Used,
    /// The root key was written to a file.
    RootExported,
    /// The root key was changed.
    RootRotated,
    /// An owner's key was changed.
    OwnerKeyRotated,
    /// The keys of versions were changed, and what they seal with them.
    DataKeysRotated,
    /// The vault was sealed.
    Sealed,
    /// The vault was unsealed.
    Unsealed,
    /// The database was put back to an earlier state.
    Restored,
    /// A token was added.
    TokenAdded,
    /// A token was removed.
    TokenRemoved,
    /// An account at a service was added.
    Connected,
    /// An account at a service was removed.
    Disconnected,
    /// The tokens of an account were replaced by others that the service gave for them.
    Renewed,
    /// The tokens of an account were found dead.
    Expired,
    /// A budget was set.
    BudgetSet,
    /// A budget was removed.
    BudgetRemoved,
    /// A price was set that an owner has agreed on.
    PriceSet,
    /// Prices that an owner had agreed on were removed.
    PriceRemoved,
    /// An account was made.
    AccountAdded,
    /// An account was removed.
    AccountRemoved,
    /// The password of an account was set.
    PasswordSet,
    /// Somebody signed in.
    SignedIn,
    /// Somebody tried to sign in with a password that is wrong.
    SignInRefused,
    /// Somebody was invited.
    Invited,
    /// An invitation was taken back.
    InvitationTakenBack,
    /// An account may do something with the things of an owner.
    SeatGiven,
    /// An account may do nothing more with the things of an owner.
    SeatTaken,
    /// The sessions of an account were ended.
    SessionsEnded,
    /// An account signs in by a service from here on.
    IdentityAdded,
    /// An account signs in by a service no more.
    IdentityRemoved,
}

impl Action {
    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Action::Made => "made",
            Action::OwnerAdded => "owner_added",
            Action::OwnerRemoved => "owner_removed",
            Action::TierChanged => "tier_changed",
            Action::Joined => "joined",
            Action::Left => "left",
            Action::Added => "added",
            Action::Replaced => "replaced",
            Action::Removed => "removed",
            Action::Revoked => "revoked",
            Action::Preferred => "preferred",
            Action::Tested => "tested",
            Action::Used => "used",
            Action::RootExported => "root_exported",
            Action::RootRotated => "root_rotated",
            Action::OwnerKeyRotated => "owner_key_rotated",
            Action::DataKeysRotated => "data_keys_rotated",
            Action::Sealed => "sealed",
            Action::Unsealed => "unsealed",
            Action::Restored => "restored",
            Action::TokenAdded => "token_added",
            Action::TokenRemoved => "token_removed",
            Action::Connected => "connected",
            Action::Disconnected => "disconnected",
            Action::Renewed => "renewed",
            Action::Expired => "expired",
            Action::BudgetSet => "budget_set",
            Action::BudgetRemoved => "budget_removed",
            Action::PriceSet => "price_set",
            Action::PriceRemoved => "price_removed",
            Action::AccountAdded => "account_added",
            Action::AccountRemoved => "account_removed",
            Action::PasswordSet => "password_set",
            Action::SignedIn => "signed_in",
            Action::SignInRefused => "sign_in_refused",
            Action::Invited => "invited",
            Action::InvitationTakenBack => "invitation_taken_back",
            Action::SeatGiven => "seat_given",
            Action::SeatTaken => "seat_taken",
            Action::SessionsEnded => "sessions_ended",
            Action::IdentityAdded => "identity_added",
            Action::IdentityRemoved => "identity_removed",
        }
    }

    /// A row that tells it; its number and its link come when it is written.
    pub(crate) fn row(self, who: Who<'_>, subject: &str, detail: &str) -> Audit {
        Audit {
            seq: 0,
            time: crate::now(),
            owner: who.owner.to_owned(),
            actor: who.actor.to_owned(),
            action: self.name().to_owned(),
            subject: subject.to_owned(),
            detail: detail.to_owned(),
            link: vec![],
        }
    }
}

/// Links rows by a key.
pub(crate) struct Links {
    key: Option<Key>,
    vault: String,
}

impl Links {
    pub fn new(key: Key, vault: &str) -> Links {
        Links { key: Some(key), vault: vault.to_owned() }
    }

    /// For changes that are not recorded. It holds no head and proves none.
    pub fn none() -> Links {
        Links { key: None, vault: String::new() }
    }

    fn signed(&self, context: &Context) -> Vec<u8> {
        self.key.as_ref().map(|key| cipher::sign(key, context).to_vec()).unwrap_or_default()
    }

    fn of_row(&self, before: &[u8], row: &Audit) -> Context {
        Context::new(Purpose::AuditLink)
            .text(&self.vault)
            .field(before)
            .number(row.seq)
            .number(row.time)
            .text(&row.owner)
            .text(&row.actor)
            .text(&row.action)
            .text(&row.subject)
            .text(&row.detail)
    }

    fn of_head(&self, seq: i64, link: &[u8]) -> Context {
        Context::new(Purpose::AuditHead).text(&self.vault).number(seq).field(link)
    }
}

impl store::Chain for Links {
    fn link(&self, before: &[u8], row: &Audit) -> Vec<u8> {
        self.signed(&self.of_row(before, row))
    }

    fn proof(&self, seq: i64, link: &[u8]) -> Vec<u8> {
        self.signed(&self.of_head(seq, link))
    }

    fn holds(&self, head: &Head) -> bool {
        let Some(key) = &self.key else { return false };
        // The first row of all follows nothing.
        let first = head.seq == 0 && head.link.is_empty() && head.proof.is_empty();
        first || cipher::is_signed(key, &self.of_head(head.seq, &head.link), &head.proof)
    }
}

/// A row of the audit as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its number.
    pub seq: i64,
    /// When, in nanoseconds since 1970.
    pub time: i64,
    /// Whose secret.
    pub owner: String,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what: a kind, a name and a version, as in `secret/CRM@2`.
    pub subject: String,
    /// More about it: a host, who paid.
    pub detail: String,
}

/// Something that is recorded beside what the vault keeps.
#[derive(Clone, Copy, Debug)]
pub struct Deed<'a> {
    /// Who did it, and for whom.
    pub who: Who<'a>,
    /// What was done.
    pub action: Action,
    /// To what.
    pub subject: &'a str,
    /// More about it.
    pub detail: &'a str,
}

/// Whether the audit tells of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It does.
    Yes,
    /// It does not: no key is at hand that could link a row.
    Sealed,
}

impl Vault {
    /// Makes edits of what is no secret, and records them in the same transaction where the key for that is at hand.
    /// Without one they are made all the same: what lets somebody in must be removable from a sealed vault.
    ///
    /// # Errors
    /// Where the edits do not fit what stands there, or the store cannot be written.
    pub fn record(&self, deed: Deed<'_>, edits: Vec<Edit>, what: &'static str) -> Result<Recorded, Error> {
        match self.keys() {
            Ok(_) => {
                let told = deed.action.row(deed.who, deed.subject, deed.detail);
                self.change(edits, vec![told], what).map(|()| Recorded::Yes)
            }
            Err(Error::Store(error)) => Err(Error::Store(error)),
            Err(_) => {
                let made = self.desk.make(Change::untold(edits))?;
                made.map(|()| Recorded::Sealed).map_err(|unfit| self.unfit(unfit, what))
            }
        }
    }

    /// Calls `found` for each row of the audit that was written at this moment or later, in order.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn audit(&self, since: i64, found: &mut dyn FnMut(Told)) -> Result<(), Error> {
        self.each_row(&mut |row| {
            let Audit { seq, time, owner, actor, action, subject, detail, .. } = row;
            if time >= since {
                found(Told { seq, time, owner, actor, action, subject, detail });
            }
            Ok(())
        })
    }

    /// So many rows about the things of an owner, of all or of one who did them, behind the row `after`, in order, that
    /// were written at this moment or later.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn audit_of(
        &self,
        of: (&str, Option<&str>),
        after: i64,
        since: i64,
        most: usize,
    ) -> Result<Vec<Told>, Error> {
        let rows = self.reader.audit_of(of, after, since, most)?;
        let told = |row: Audit| {
            let Audit { seq, time, owner, actor, action, subject, detail, .. } = row;
            Told { seq, time, owner, actor, action, subject, detail }
        };
        Ok(rows.into_iter().map(told).collect())
    }

    /// Looks whether the audit is as it was written; gives how many rows it has and the last link, which can
    /// be kept elsewhere as a witness.
    ///
    /// # Errors
    /// Where a row was changed, removed, moved or added by somebody else, or no key is at hand.
    pub fn verify_audit(&self) -> Result<(i64, Vec<u8>), Error> {
        let keys = self.keys()?;
        // Read first: what is written meanwhile comes behind it.
        let head = self.reader.audit_head()?;
        let broken = |why: String| Error::Audit { why };
        let chain: &dyn store::Chain = &*keys.links;
        if !chain.holds(&head) {
            return Err(broken("its end is not the one that was written last".into()));
        }
        let (mut seq, mut link) = (0, vec![]);
        self.each_row(&mut |row| {
            if seq >= head.seq {
                return Ok(());
            }
            if row.seq != seq + 1 {
                return Err(broken(format!("row {} is missing", seq + 1)));
            }
            if !keys
                .links
                .key
                .as_ref()
                .is_some_and(|key| cipher::is_signed(key, &keys.links.of_row(&link, &row), &row.link))
            {
                return Err(broken(format!("row {} does not follow the one before it", row.seq)));
            }
            (seq, link) = (row.seq, row.link);
            Ok(())
        })?;
        if (seq, &link) != (head.seq, &head.link) {
            return Err(broken(format!("its last row should be {} and is {seq}", head.seq)));
        }
        Ok((seq, link))
    }

    pub(crate) fn each_row(&self, found: &mut dyn FnMut(Audit) -> Result<(), Error>) -> Result<(), Error> {
        let mut last = i64::MIN;
        loop {
            let rows = self.reader.audit(last, PAGE)?;
            let Some(end) = rows.last() else { return Ok(()) };
            last = end.seq;
            rows.into_iter().try_for_each(&mut *found)?;
        }
    }
}
