//! How much of a description is read, and how much of it becomes a manifest. A description is somebody else's text: no
//! length, depth or circle of it may cost more than it is worth.

/// The longest description that is read, in bytes.
pub const MOST_BYTES: usize = 32 * 1024 * 1024;

/// How many actions are made without being asked for.
pub const MOST_ACTIONS: usize = 100;

/// How many operations are looked at; further ones are left out.
pub(super) const MOST_OPERATIONS: usize = 20_000;

/// How many references are followed from one to the next.
pub(super) const MOST_HOPS: usize = 32;

/// How many levels of objects a type of what is sent has, at most.
pub(super) const DEEPEST_SENT: usize = 5;

/// How many levels of objects a type of what is given has, at most.
pub(super) const DEEPEST_GIVEN: usize = 4;

/// How many parts the type of one operation's side has, before it is made less deep.
pub(super) const MOST_PARTS: usize = 240;

/// How many parts are looked at for one type, whatever comes of them.
pub(super) const MOST_LOOKS: usize = 4_000;

/// How many words an enumeration has; with more of them it is a text.
pub(super) const MOST_WORDS: usize = 60;

/// How many letters a sentence has.
pub(super) const LONGEST_TEXT: usize = 160;

/// The longest name of an action, in letters.
pub(super) const LONGEST_NAME: usize = 60;

/// How many fields of one level a GraphQL query asks for.
pub(super) const MOST_SELECTED: usize = 40;
