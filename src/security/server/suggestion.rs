//! Chooses the one change that would make an account safer next.

use super::{ADD_APP_PAGE, ADD_PASSKEY_PAGE, text};
use crate::paths::RECOVERY_CODES_PAGE;
use crate::recovery_code::FEW_UNUSED;
use crate::security::Section;

/// The one change that would make an account safer next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suggestion {
    /// The site requires a second factor by this time, in Unix seconds.
    AddRequiredFactor {
        due_at: i64,
    },
    AddFactor,
    /// The user would be locked out without the only passkey, because the site accepts no recovery codes.
    AddSparePasskey,
    CreateRecoveryCodes,
    /// Few or none are left.
    RenewRecoveryCodes,
}

impl Suggestion {
    /// Returns the suggestion in words. It names a passkey rather than an authenticator app if the site has them.
    pub fn section(self, has_passkeys: bool) -> Section {
        let link = match self {
            Self::AddSparePasskey => (ADD_PASSKEY_PAGE, text::ADD_PASSKEY),
            Self::AddRequiredFactor { .. } | Self::AddFactor if has_passkeys => {
                (ADD_PASSKEY_PAGE, text::ADD_PASSKEY)
            }
            Self::AddRequiredFactor { .. } | Self::AddFactor => (ADD_APP_PAGE, text::ADD_APP),
            Self::CreateRecoveryCodes => (RECOVERY_CODES_PAGE, text::CREATE_CODES),
            Self::RenewRecoveryCodes => (RECOVERY_CODES_PAGE, text::RENEW_CODES),
        };
        Section::new(text::SUGGESTION, text::suggestion(self, has_passkeys)).link(link)
    }
}

/// Returns the suggestion where every factor counts.
pub fn among_all(
    has_factor: bool,
    unused_codes: Option<i64>,
    due_at: Option<i64>,
) -> Option<Suggestion> {
    match (has_factor, unused_codes, due_at) {
        (false, _, Some(due_at)) => Some(Suggestion::AddRequiredFactor { due_at }),
        (false, _, None) => Some(Suggestion::AddFactor),
        (true, None, _) => Some(Suggestion::CreateRecoveryCodes),
        (true, Some(left), _) => (left <= FEW_UNUSED).then_some(Suggestion::RenewRecoveryCodes),
    }
}

/// Returns the suggestion where only passkeys count.
pub fn among_passkeys(passkeys: i64, due_at: Option<i64>) -> Option<Suggestion> {
    match (passkeys, due_at) {
        (0, Some(due_at)) => Some(Suggestion::AddRequiredFactor { due_at }),
        (0, None) => Some(Suggestion::AddFactor),
        (1, _) => Some(Suggestion::AddSparePasskey),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_change_is_suggested() {
        for (has_factor, unused_codes, due_at, expected) in [
            (false, None, Some(9), Some(Suggestion::AddRequiredFactor { due_at: 9 })),
            (false, None, None, Some(Suggestion::AddFactor)),
            (true, None, Some(9), Some(Suggestion::CreateRecoveryCodes)),
            (true, Some(0), None, Some(Suggestion::RenewRecoveryCodes)),
            (true, Some(3), None, Some(Suggestion::RenewRecoveryCodes)),
            (true, Some(4), None, None),
        ] {
            assert_eq!(among_all(has_factor, unused_codes, due_at), expected);
        }
        for (passkeys, due_at, expected) in [
            (0, Some(9), Some(Suggestion::AddRequiredFactor { due_at: 9 })),
            (0, None, Some(Suggestion::AddFactor)),
            (1, None, Some(Suggestion::AddSparePasskey)),
            (2, None, None),
        ] {
            assert_eq!(among_passkeys(passkeys, due_at), expected);
        }
    }
}
