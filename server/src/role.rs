//! What a person may do with the things of an owner.

use crate::token::Scope;

/// A role at an owner. Each goes further than those behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks.
    Viewer,
    /// Also starts and ends runs, asks models, and changes what is deployed.
    Editor,
    /// Also keeps keys, secrets, connections, budgets and tokens, and the people below.
    Admin,
    /// Everything: also owners.
    Owner,
}

impl Role {
    /// All of them, those that go further first.
    pub const ALL: [Role; 4] = [Role::Owner, Role::Admin, Role::Editor, Role::Viewer];

    /// Their words.
    pub const WORDS: [&str; 4] = ["owner", "admin", "editor", "viewer"];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Admin => "admin",
            Role::Editor => "editor",
            Role::Viewer => "viewer",
        }
    }

    /// The role of a word.
    pub fn of(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }

    /// True if it goes as far as a scope of a token.
    pub fn covers(self, scope: Scope) -> bool {
        match self {
            Role::Owner | Role::Admin => true,
            Role::Editor => match scope {
                Scope::Ai | Scope::Read | Scope::Run | Scope::Edit => true,
                Scope::Admin => false,
            },
            Role::Viewer => scope == Scope::Read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_goes_as_far_as_it_says_and_further_than_the_next() {
        let covered = |role: Role| -> Vec<&str> {
            Scope::ALL.into_iter().filter(|scope| role.covers(*scope)).map(Scope::name).collect()
        };
        assert_eq!(covered(Role::Viewer), ["read"]);
        assert_eq!(covered(Role::Editor), ["ai", "read", "run", "edit"]);
        assert_eq!(covered(Role::Admin), ["ai", "read", "run", "edit", "admin"]);
        assert_eq!(covered(Role::Owner), covered(Role::Admin));
        assert!(Role::ALL.windows(2).all(|pair| pair[0] > pair[1]));
        for (role, word) in Role::ALL.into_iter().zip(Role::WORDS) {
            assert_eq!((role.name(), Role::of(word)), (word, Some(role)));
        }
        assert_eq!(Role::of("king"), None);
    }
}
