//! The permissions of Portcullis itself: a closed list.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A permission in Portcullis itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Permission {
    UsersRead,
    UsersInvite,
    UsersDisable,
    UsersRecover,
    UsersDelete,
    UsersImpersonate,
    RolesAssign,
    RolesManage,
    AuditRead,
    MailRead,
    ProvidersRead,
    LimitsLift,
}

impl Permission {
    pub const ALL: [Self; 12] = [
        Self::UsersRead,
        Self::UsersInvite,
        Self::UsersDisable,
        Self::UsersRecover,
        Self::UsersDelete,
        Self::UsersImpersonate,
        Self::RolesAssign,
        Self::RolesManage,
        Self::AuditRead,
        Self::MailRead,
        Self::ProvidersRead,
        Self::LimitsLift,
    ];

    /// Returns the word stored in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UsersRead => "users.read",
            Self::UsersInvite => "users.invite",
            Self::UsersDisable => "users.disable",
            Self::UsersRecover => "users.recover",
            Self::UsersDelete => "users.delete",
            Self::UsersImpersonate => "users.impersonate",
            Self::RolesAssign => "roles.assign",
            Self::RolesManage => "roles.manage",
            Self::AuditRead => "audit.read",
            Self::MailRead => "mail.read",
            Self::ProvidersRead => "providers.read",
            Self::LimitsLift => "limits.lift",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UsersRead => "View users and all data about them",
            Self::UsersInvite => "Invite users",
            Self::UsersDisable => "Disable and enable users, and end their sessions",
            Self::UsersRecover => "Send password reset links, unlink accounts, remove second factors and unlock sign-ins",
            Self::UsersDelete => "Delete users and cancel pending deletions",
            Self::UsersImpersonate => "Impersonate users",
            Self::RolesAssign => "Assign roles to users and unassign them",
            Self::RolesManage => "Create, change and delete roles",
            Self::AuditRead => "View and export the audit log",
            Self::MailRead => "View the outbox",
            Self::ProvidersRead => "View providers and their status",
            Self::LimitsLift => "View and lift active limits",
        })
    }
}

/// A set of permissions of Portcullis itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permissions(u32);

impl Permissions {
    pub const NONE: Self = Self(0);
    /// Every permission, including those of later versions: the set is read again with every request.
    pub const ALL: Self = Self(u32::MAX);

    #[must_use]
    pub const fn with(self, permission: Permission) -> Self {
        Self(self.0 | 1 << permission as u32)
    }

    #[must_use]
    pub const fn has(self, permission: Permission) -> bool {
        self.0 & 1 << permission as u32 != 0
    }

    /// Returns whether this set includes all of the others.
    #[must_use]
    pub const fn covers(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Returns the union of this set and the others.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Parses words as the tables store them. App permissions and words of other versions add nothing.
    #[must_use]
    pub fn from_words<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        words.fold(Self::NONE, |held, word| match (word, Permission::from_word(word)) {
            ("*", _) => Self::ALL,
            (_, Some(permission)) => held.with(permission),
            (_, None) => held,
        })
    }
}
