//! The permissions that a role or a user holds.

use std::collections::BTreeSet;

use crate::role::Permissions;

/// Permissions of Portcullis itself and of the apps behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PermissionSet {
    pub own: Permissions,
    /// Each a word with a colon.
    pub apps: BTreeSet<String>,
}

impl PermissionSet {
    /// Every permission, app permissions included.
    pub(super) const ALL: Self = Self { own: Permissions::ALL, apps: BTreeSet::new() };

    /// Parses words as the tables store them.
    pub fn from_words<'a>(words: impl Iterator<Item = &'a str> + Clone) -> Self {
        let apps = words.clone().filter(|it| it.contains(':')).map(str::to_owned).collect();
        Self { own: Permissions::from_words(words), apps }
    }

    /// Returns whether this includes all of the others. `*` includes the permissions of every app.
    #[must_use]
    pub fn covers(&self, others: &Self) -> bool {
        self.own == Permissions::ALL
            || self.own.covers(others.own) && others.apps.is_subset(&self.apps)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.own.is_empty() && self.apps.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words() -> impl Strategy<Value = Vec<&'static str>> {
        prop::collection::vec(
            prop::sample::select(&["users.read", "roles.assign", "billing:read", "a:b"][..]),
            0..4,
        )
    }

    proptest! {
        #[test]
        fn v5_0_0__8_2_2__held_permissions_cover_exactly_their_subsets(
            mine in words(), theirs in words(),
        ) {
            let held = |words: &[&'static str]| PermissionSet::from_words(words.iter().copied());
            let is_within = theirs.iter().all(|it| mine.contains(it));
            prop_assert_eq!(held(&mine).covers(&held(&theirs)), is_within);
            prop_assert!(held(&["*"]).covers(&held(&theirs)));
            prop_assert!(!held(&mine).covers(&held(&["*"])));
            prop_assert_eq!(held(&mine).is_empty(), mine.is_empty());
        }
    }
}
