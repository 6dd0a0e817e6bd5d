//! The permissions of Portcullis itself: a closed list.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What somebody may do in Portcullis itself.
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

    /// The word in the table.
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
            Self::UsersRead => "See users and all that is known of them",
            Self::UsersInvite => "Invite people",
            Self::UsersDisable => "Disable and enable users, end their sessions",
            Self::UsersRecover => "Send links to choose a new password, remove ways in",
            Self::UsersDelete => "Delete users and bring them back",
            Self::UsersImpersonate => "Use the site as another user",
            Self::RolesAssign => "Give roles to users and take them away",
            Self::RolesManage => "Make, change and remove roles",
            Self::AuditRead => "Read and export the audit log",
            Self::MailRead => "See the outbox of mails",
            Self::ProvidersRead => "See the providers and their state",
            Self::LimitsLift => "See the limits in force and lift them",
        })
    }
}

/// A set of permissions of Portcullis itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permissions(u32);

impl Permissions {
    pub const NONE: Self = Self(0);
    /// Those too that later versions add: it is read anew with every request.
    pub const ALL: Self = Self(u32::MAX);

    #[must_use]
    pub const fn with(self, permission: Permission) -> Self {
        Self(self.0 | 1 << permission as u32)
    }

    #[must_use]
    pub const fn has(self, permission: Permission) -> bool {
        self.0 & 1 << permission as u32 != 0
    }

    /// Whether all of the others are among these.
    #[must_use]
    pub const fn covers(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// These and the others.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Reads words as the tables have them. An app's permission is none of these; a word of another
    /// version gives nothing.
    #[must_use]
    pub fn of_words<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        words.fold(Self::NONE, |held, word| match (word, Permission::from_word(word)) {
            ("*", _) => Self::ALL,
            (_, Some(permission)) => held.with(permission),
            (_, None) => held,
        })
    }
}
