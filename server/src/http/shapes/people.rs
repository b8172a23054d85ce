//! What routes about people take and give.

use super::*;

const SPACE: Known = Known {
    name: "Space",
    about: "An owner of things, and what the account may do with them.",
    shape: Fields(&[
        always("space", Text, "`local`, or the id of an organisation."),
        always("name", Text, ""),
        always("role", Maybe(&Word(&Role::WORDS)), ""),
    ]),
};
const SESSION_SHOWN: Known = Known {
    name: "Session",
    about: "Who is signed in, and on whose things the session acts.",
    shape: Fields(&[
        always("account", Text, ""),
        always("name", Text, ""),
        always("space", Text, "On whose things it acts; empty where the account has no seat."),
        always("role", Maybe(&Word(&Role::WORDS)), ""),
        always("csrf", Text, "What a page sends as `x-csrf-token` with everything that changes something."),
        always("expires", Moment, "When it ends in any case; a day without a request ends it before."),
        always("spaces", List(&Of(&SPACE)), "Where the account has a seat."),
    ]),
};
pub const SESSION: Shape = Of(&SESSION_SHOWN);
pub const SIGN_IN: Shape = Fields(&[always("name", Text, ""), always("password", Secret, "")]);
pub const SIGNED_OUT: Shape = Fields(&[always("signed_out", Flag, "")]);
pub const MOVE: Shape = Fields(&[always("space", Text, "`local`, or the id of an organisation.")]);
pub const NEEDED: Shape = Fields(&[always("needed", Flag, "")]);
pub const BY_LINK: Shape = Fields(&[
    always("link", Secret, "What the link shows."),
    always("name", Text, "What is typed to sign in, such as an address of mail."),
    always("password", Secret, "12 letters at least."),
]);
pub const RESET: Shape = Fields(&[always("link", Secret, ""), always("password", Secret, "")]);
pub const PASSWORD: Shape =
    Fields(&[always("password", Secret, "The one before."), always("new", Secret, "12 letters at least.")]);
pub const PASSWORD_SET: Shape = Fields(&[always("password_set", Flag, "")]);
pub const SESSIONS: Shape = Fields(&[always(
    "sessions",
    List(&Fields(&[
        always("began", Moment, ""),
        always("used", Moment, "To the minute."),
        always("expires", Moment, ""),
        always("this", Flag, "Whether it is the one that asks."),
    ])),
    "",
)]);
const MEMBER_SHOWN: Known = Known {
    name: "Member",
    about: "An account with a seat.",
    shape: Fields(&[
        always("account", Text, ""),
        always("name", Text, ""),
        always("role", Text, ""),
        always("since", Moment, ""),
    ]),
};
pub const MEMBER: Shape = Of(&MEMBER_SHOWN);
pub const MEMBERS: Shape = Fields(&[always("members", List(&Of(&MEMBER_SHOWN)), "")]);
pub const ROLE: Shape = Fields(&[always("role", Word(&Role::WORDS), "")]);
pub const INVITE: Shape = Fields(&[
    always("name", Text, "For whom it is meant; whoever has the link can accept it."),
    always("role", Word(&Role::WORDS), "No more than one's own."),
]);
const INVITATION_FIELDS: [Field; 6] = [
    always("id", Text, ""),
    always("name", Text, ""),
    always("role", Text, ""),
    always("by", Text, ""),
    always("created", Moment, ""),
    always("expires", Moment, ""),
];
pub const INVITATIONS: Shape = Fields(&[always("invitations", List(&Fields(&INVITATION_FIELDS)), "")]);
pub const INVITED: Shape = Fields(&{
    let mut all = [always("link", Text, "What the link shows; it is told this once."); 7];
    let mut at = 0;
    while at < INVITATION_FIELDS.len() {
        all[at] = INVITATION_FIELDS[at];
        at += 1;
    }
    all
});
pub const ORGS: Shape = Fields(&[always("orgs", List(&Of(&SPACE)), "")]);
pub const ORG_MAKE: Shape = Fields(&[always("name", Text, "")]);
pub const ORG_MADE: Shape = Of(&SPACE);
pub const ISSUERS: Shape = Fields(&[always(
    "issuers",
    List(&Fields(&[always("issuer", Text, "Its name here, which stands in addresses.")])),
    "",
)]);
pub const COME_IN: Shape =
    Fields(&[perhaps("link", Secret, "What the link of an invitation shows, where one is accepted.")]);
pub const ATTEMPT: Shape = Fields(&[
    always("address", Text, "Where the person goes, in the browser that asked."),
    always("expires", Moment, "When it is too late to come back."),
]);
pub const SIGNED_IN: Shape = Fields(&[always("signed_in", Flag, "")]);
pub const BACK_QUERY: &[Field] = &[
    perhaps("code", Text, "What the service gives for who signed in."),
    perhaps("state", Text, "What was sent along."),
    perhaps("iss", Text, "Who the service says that it is."),
    perhaps("error", Text, "Why it does not."),
];
pub const IDENTITIES: Shape = Fields(&[always(
    "identities",
    List(&Fields(&[
        always(
            "issuer",
            Text,
            "The name of the service here; what it calls itself where it is kept no more.",
        ),
        always("address", Text, "What it calls itself."),
        always("subject", Text, "What it calls the person."),
        always("since", Moment, ""),
    ])),
    "",
)]);
