//! Counts a user's second factors.

use crate::args;
use crate::record;
use crate::server::Error;
use crate::server::config::AcceptedFactors;
use crate::server::db::Tx;
use crate::user::server::UserId;

const COUNT: &str = "
    SELECT (SELECT COUNT(*) FROM authenticator_apps
            WHERE user_id = $1 AND removed_at IS NULL) AS apps,
        COUNT(CASE WHEN NOT is_automatic THEN 1 END) AS passkeys,
        COUNT(CASE WHEN NOT is_automatic AND disabled_at IS NULL THEN 1 END) AS enabled,
        COUNT(CASE WHEN NOT is_automatic AND disabled_at IS NULL AND is_device_bound THEN 1 END)
            AS device_bound,
        COUNT(CASE WHEN is_automatic THEN 1 END) AS automatic,
        COUNT(CASE WHEN is_automatic AND disabled_at IS NULL THEN 1 END) AS automatic_enabled,
        COUNT(CASE WHEN is_automatic AND disabled_at IS NULL AND is_device_bound THEN 1 END)
            AS automatic_device_bound
    FROM passkeys
    WHERE user_id = $1 AND removed_at IS NULL";

record! {
    /// How many second factors a user has, by kind. Recovery codes are not among them: they replace a factor that is
    /// lost. Automatic passkeys count only where the site requires a factor, because the user has not asked for one.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Held {
        apps: i64,
        /// Without automatic ones.
        passkeys: i64,
        enabled: i64,
        device_bound: i64,
        automatic: i64,
        automatic_enabled: i64,
        automatic_device_bound: i64,
    }
}

impl Held {
    /// Reads what a user has.
    pub async fn of(tx: &mut Tx, user_id: &UserId) -> Result<Self, Error> {
        tx.fetch_one(COUNT, args![user_id.as_str()]).await
    }

    /// Returns how many there are. Disabled passkeys are among them: otherwise a thief could turn off the second factor
    /// by using a copy.
    #[must_use]
    pub const fn count(&self) -> i64 {
        self.apps + self.passkeys
    }

    /// Returns how many of them are disabled passkeys.
    #[must_use]
    pub const fn disabled(&self) -> i64 {
        self.passkeys - self.enabled
    }

    /// Returns whether there is one at all, or an automatic passkey.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.count() + self.automatic > 0
    }

    /// Returns how many of them a site accepts.
    #[must_use]
    pub const fn accepted(&self, by: AcceptedFactors) -> i64 {
        match by {
            AcceptedFactors::Any => self.count(),
            AcceptedFactors::Passkeys => self.enabled,
            AcceptedFactors::DeviceBoundPasskeys => self.device_bound,
        }
    }

    /// Returns how many automatic passkeys a site accepts.
    const fn automatic_accepted(&self, by: AcceptedFactors) -> i64 {
        match by {
            AcceptedFactors::Any | AcceptedFactors::Passkeys => self.automatic_enabled,
            AcceptedFactors::DeviceBoundPasskeys => self.automatic_device_bound,
        }
    }

    /// Returns the second factors with which the user can confirm their identity, or `None` if nothing asks for one:
    /// those that the site accepts, or any if the user has none of these.
    #[must_use]
    pub const fn provable(
        &self,
        by: AcceptedFactors,
        is_required: bool,
    ) -> Option<AcceptedFactors> {
        if self.accepted(by) > 0 || is_required && self.automatic_accepted(by) > 0 {
            Some(by)
        } else if self.count() > 0 || is_required && self.automatic > 0 {
            Some(AcceptedFactors::Any)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_factors_are_proven_before_others() {
        use AcceptedFactors::{Any, DeviceBoundPasskeys, Passkeys};
        let none = Held::default();
        let app = Held { apps: 1, ..none };
        let disabled = Held { passkeys: 1, ..none };
        let synced = Held { enabled: 1, ..disabled };
        let device_bound = Held { device_bound: 1, ..synced };
        let automatic = Held { automatic: 1, automatic_enabled: 1, ..none };
        let automatic_disabled = Held { automatic: 1, ..none };
        for (held, by, optional, required) in [
            (none, Any, None, None),
            (none, Passkeys, None, None),
            (app, Any, Some(Any), Some(Any)),
            (app, Passkeys, Some(Any), Some(Any)),
            (disabled, Any, Some(Any), Some(Any)),
            (disabled, Passkeys, Some(Any), Some(Any)),
            (synced, Passkeys, Some(Passkeys), Some(Passkeys)),
            (synced, DeviceBoundPasskeys, Some(Any), Some(Any)),
            (
                device_bound,
                DeviceBoundPasskeys,
                Some(DeviceBoundPasskeys),
                Some(DeviceBoundPasskeys),
            ),
            (automatic, Any, None, Some(Any)),
            (automatic, Passkeys, None, Some(Passkeys)),
            (automatic, DeviceBoundPasskeys, None, Some(Any)),
            (automatic_disabled, Passkeys, None, Some(Any)),
        ] {
            assert_eq!(held.provable(by, false), optional, "{held:?} {by:?}");
            assert_eq!(held.provable(by, true), required, "{held:?} {by:?}, required");
        }
    }
}
