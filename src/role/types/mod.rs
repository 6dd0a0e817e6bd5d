//! Roles: their names, their permissions and the permission checks.

mod permission;
mod problem;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text;

pub use permission::{Permission, Permissions};
pub use problem::AdminProblem;

/// The built-in role, which has every permission.
pub const ADMINISTRATOR: &str = "administrator";

/// The actor, as far as permissions depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// An operator who runs commands on Portcullis's host.
    Operator,
    /// A signed-in user, with the current permissions of their roles.
    User(Permissions),
    /// An administrator who impersonates a user: has no more rights than that user, and no administrator's
    /// permissions.
    Impersonator,
}

/// Returns whether an actor has a permission. Pages, server functions and commands all decide by this.
#[must_use]
pub const fn may(actor: &Actor, permission: Permission) -> bool {
    match actor {
        Actor::Operator => true,
        Actor::User(held) => held.has(permission),
        Actor::Impersonator => false,
    }
}

/// Returns whether an actor may act on a user or a role that holds these permissions. The actor must hold all
/// of them.
#[must_use]
pub const fn may_reach(actor: &Actor, target: Permissions) -> bool {
    match actor {
        Actor::Operator => true,
        Actor::User(held) => held.covers(target),
        Actor::Impersonator => false,
    }
}

/// The name of a role: 2 to 40 lowercase letters, digits and hyphens, the first a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleName(String);

impl RoleName {
    pub const MAX_LENGTH: usize = 40;

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RoleName {
    type Err = RoleProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text::trim_pasted(text);
        let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let is_name = (2..=Self::MAX_LENGTH).contains(&text.len())
            && text.starts_with(|it: char| it.is_ascii_lowercase())
            && text.bytes().all(is_plain);
        match text {
            "" => Err(RoleProblem::NameMissing),
            text if is_name => Ok(Self(text.to_owned())),
            _ => Err(RoleProblem::Name),
        }
    }
}

/// The permissions that a role grants: those of Portcullis itself, and free-form ones of the apps behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    pub own: Vec<Permission>,
    /// Each a word with a colon, such as `billing:read`.
    pub apps: Vec<String>,
}

impl Grants {
    /// The most app permissions that one role holds.
    pub const MAX_APPS: usize = 100;

    /// Parses words of both kinds, without duplicates and in their order.
    pub fn parse<'a>(words: impl Iterator<Item = &'a str>) -> Result<Self, RoleProblem> {
        let mut grants = Self::default();
        for word in words {
            if let Some(permission) = Permission::from_word(word) {
                if !grants.own.contains(&permission) {
                    grants.own.push(permission);
                }
            } else if !is_app_permission(word) {
                return Err(RoleProblem::Permission);
            } else if !grants.apps.iter().any(|it| it == word) {
                // Check the limit before comparing the next word with all of them.
                if grants.apps.len() == Self::MAX_APPS {
                    return Err(RoleProblem::TooMany);
                }
                grants.apps.push(word.to_owned());
            }
        }
        Ok(grants)
    }

    #[must_use]
    pub fn permissions(&self) -> Permissions {
        self.own.iter().fold(Permissions::NONE, |held, it| held.with(*it))
    }

    /// Returns the words as the table stores them.
    pub fn words(&self) -> impl Iterator<Item = &str> + Clone {
        let own = self.own.iter().map(|it| it.as_str());
        own.chain(self.apps.iter().map(String::as_str))
    }
}

/// Returns whether a word is an app permission such as `billing:read`: two or more parts of lowercase
/// letters, digits, dots, hyphens and underscores, at most 64 characters.
fn is_app_permission(word: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| {
                b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_')
            })
    };
    word.len() <= 64 && word.contains(':') && word.split(':').all(is_part)
}

/// Parses the description of a role: one line of at most 200 characters.
pub fn parse_about(text: &str) -> Result<String, RoleProblem> {
    text::line(text, 200).map_err(|_| RoleProblem::About)
}

/// The reason a role was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleProblem {
    NameMissing,
    Name,
    NameTaken,
    About,
    Permission,
    TooMany,
    /// It holds a permission that the actor lacks.
    OutranksActor,
    /// Some of its users have an email address that is not verified.
    Unverified,
}

impl RoleProblem {
    /// Returns the name of the field to correct.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::NameMissing | Self::Name | Self::NameTaken => "name",
            Self::About => "about",
            Self::Permission | Self::TooMany | Self::OutranksActor | Self::Unverified => {
                "permissions"
            }
        }
    }
}

impl fmt::Display for RoleProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NameMissing => "Enter a name for the role.",
            Self::Name => {
                "Use 2 to 40 lowercase letters, digits and hyphens, starting with a letter."
            }
            Self::NameTaken => "A role with this name already exists. Choose another name.",
            Self::About => "Use one line of 200 characters or fewer, without invisible characters.",
            Self::Permission => {
                "Enter one app permission per line, in lowercase, such as billing:read."
            }
            Self::TooMany => "Use 100 app permissions or fewer.",
            Self::OutranksActor => "You can grant only permissions that you have yourself.",
            Self::Unverified => {
                "A user with this role has no verified email address. Unassign the role first."
            }
        })
    }
}

impl std::error::Error for RoleProblem {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_permission_round_trips_through_its_word() {
        for permission in Permission::ALL {
            assert_eq!(Permission::from_word(permission.as_str()), Some(permission));
            assert!(!permission.as_str().contains(':'), "{permission:?} is no app's");
        }
    }

    #[test]
    fn a_role_name_is_a_short_lowercase_word() {
        for good in ["ab", "support", "read-only-2"] {
            assert!(good.parse::<RoleName>().is_ok(), "{good}");
        }
        for (bad, why) in [
            ("", RoleProblem::NameMissing),
            ("a", RoleProblem::Name),
            ("Support", RoleProblem::Name),
            ("2nd", RoleProblem::Name),
            ("a b", RoleProblem::Name),
            ("-ab", RoleProblem::Name),
        ] {
            assert_eq!(bad.parse::<RoleName>(), Err(why), "{bad:?}");
        }
        assert!("a".repeat(40).parse::<RoleName>().is_ok());
        assert!("a".repeat(41).parse::<RoleName>().is_err());
    }

    #[test]
    fn app_permissions_contain_a_colon_and_are_limited_in_number() {
        for good in ["billing:read", "a:b:c", "x.y:z_1-2"] {
            assert_eq!(Grants::parse([good].into_iter()).unwrap().apps, [good]);
        }
        for bad in ["billing", "users.fly", "Billing:read", ":read", "billing:", "a b:c", "*", ""] {
            assert_eq!(Grants::parse([bad].into_iter()), Err(RoleProblem::Permission), "{bad:?}");
        }
        let many: Vec<_> = (0..=Grants::MAX_APPS).map(|n| format!("app:{n}")).collect();
        let parse = |words: &[String]| Grants::parse(words.iter().map(String::as_str));
        assert_eq!(parse(&many), Err(RoleProblem::TooMany));
        assert!(parse(&many[1..]).is_ok());
        let more: Vec<_> = (0..10_000).map(|n| format!("app:{n}")).collect();
        let mut words = more.iter().map(String::as_str);
        assert_eq!(Grants::parse(&mut words), Err(RoleProblem::TooMany));
        assert_eq!(words.next(), Some("app:101"), "what is over the limit is not compared");
    }

    fn permission() -> impl Strategy<Value = Permission> {
        prop::sample::select(&Permission::ALL[..])
    }

    fn permissions() -> impl Strategy<Value = Permissions> {
        prop::collection::vec(permission(), 0..12)
            .prop_map(|it| it.into_iter().fold(Permissions::NONE, Permissions::with))
    }

    proptest! {
        #[test]
        fn v5_0_0__8_2_1__users_may_do_only_what_their_roles_permit(
            held in prop::collection::vec(permission(), 0..6),
            asked in permission(),
        ) {
            let words = held.iter().map(|it| it.as_str());
            let actor = Actor::User(Permissions::from_words(words.chain(["billing:read", "users.fly"])));
            prop_assert_eq!(may(&actor, asked), held.contains(&asked));
            prop_assert!(may(&Actor::Operator, asked));
            prop_assert!(may(&Actor::User(Permissions::from_words(["*"].into_iter())), asked));
            prop_assert!(!may(&Actor::Impersonator, asked));
        }

        #[test]
        fn v5_0_0__8_2_2__nobody_reaches_users_with_more_permissions(mine in permissions(), target in permissions()) {
            let is_within = Permission::ALL.into_iter().all(|it| mine.has(it) || !target.has(it));
            prop_assert_eq!(may_reach(&Actor::User(mine), target), is_within);
            prop_assert!(may_reach(&Actor::User(Permissions::ALL), target));
            prop_assert!(!may_reach(&Actor::User(mine), Permissions::ALL));
            prop_assert!(!may_reach(&Actor::Impersonator, target));
        }

        #[test]
        fn grants_round_trip_through_their_words(words in prop::collection::vec("[a-z.:]{1,8}|users\\.read|audit\\.read", 0..6)) {
            if let Ok(once) = Grants::parse(words.iter().map(String::as_str)) {
                prop_assert_eq!(Grants::parse(once.words()).unwrap(), once.clone());
                prop_assert!(once.words().all(|it| words.iter().any(|word| word == it)));
            }
        }

        #[test]
        fn parsing_a_role_never_panics(text in any::<String>()) {
            let _ = parse_about(&text);
            if let Ok(name) = text.parse::<RoleName>() {
                prop_assert_eq!(&name.as_str().parse::<RoleName>().unwrap(), &name);
            }
        }
    }
}
